from .nn import nn

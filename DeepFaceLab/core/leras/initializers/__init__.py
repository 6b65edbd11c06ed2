"""Initializers of weights (spec 10 section 4)."""
from core.leras import nn

tf = nn.tf

from .CA import *  # noqa: E402,F401,F403

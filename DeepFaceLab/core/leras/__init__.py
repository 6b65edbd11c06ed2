"""leras: the TF1-session graph engine. Importing it never imports TensorFlow (spec 10 section
1)."""
from .nn import nn

__all__ = ["nn"]

"""Weighted sum of two inputs (spec 10 section 7.6)."""
from typing import Any, List

from core.leras import nn

from .LayerBase import get_channel_shape

tf = nn.tf


class ScaleAdd(nn.LayerBase):
    """x0 + x1 * weight.

    ch      channels
    dtype   default `nn.floatx`

    Weights: `weight` (ch,) zeros.
    """

    def __init__(self, ch: int, dtype: Any = None, **kwargs: Any) -> None:
        self.ch = ch
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes `weight`."""
        self.weight = nn.tf.get_variable("weight", (self.ch,), dtype=self.dtype,
                                         initializer=nn.tf.initializers.zeros())

    def get_weights(self) -> List[Any]:
        """weight."""
        return [self.weight]

    def forward(self, inputs: Any) -> Any:
        """(x0, x1), images of one shape, to images of that shape."""
        weight = nn.tf.reshape(self.weight, get_channel_shape(self.ch))
        x0, x1 = inputs
        return x0 + x1 * weight


nn.ScaleAdd = ScaleAdd

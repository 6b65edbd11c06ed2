"""Thresholded linear unit (spec 10 section 7.6)."""
from typing import Any, List

from core.leras import nn

from .LayerBase import get_channel_shape

tf = nn.tf


class TLU(nn.LayerBase):
    """maximum(x, tau) with a trained threshold for each channel; used after FRNorm2D.

    in_ch   channels
    dtype   default `nn.floatx`

    Weights: `tau` (in_ch,) zeros.
    """

    def __init__(self, in_ch: int, dtype: Any = None, **kwargs: Any) -> None:
        self.in_ch = in_ch
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes `tau`."""
        self.tau = nn.tf.get_variable("tau", (self.in_ch,), dtype=self.dtype,
                                      initializer=nn.tf.initializers.zeros())

    def get_weights(self) -> List[Any]:
        """tau."""
        return [self.tau]

    def forward(self, x: Any) -> Any:
        """Images to images of the same shape."""
        tau = nn.tf.reshape(self.tau, get_channel_shape(self.in_ch))
        return nn.tf.maximum(x, tau)


nn.TLU = TLU

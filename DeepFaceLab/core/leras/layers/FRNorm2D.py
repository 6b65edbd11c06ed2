"""Filter response normalisation (spec 10 section 7.6)."""
from typing import Any, List

from core.leras import nn

from .LayerBase import get_channel_shape

tf = nn.tf


class FRNorm2D(nn.LayerBase):
    """Normalises each channel by the root of its mean square; used with TLU.

    in_ch   channels
    dtype   default `nn.floatx`

    Weights: `weight` (in_ch,) ones, `bias` (in_ch,) zeros, `eps` (1,) 1e-6, all trained.
    Singh and Krishnan, "Filter Response Normalization Layer", 2019.
    """

    def __init__(self, in_ch: int, dtype: Any = None, **kwargs: Any) -> None:
        self.in_ch = in_ch
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes `weight`, `bias` and `eps`."""
        init = nn.tf.initializers
        self.weight = nn.tf.get_variable("weight", (self.in_ch,), dtype=self.dtype,
                                         initializer=init.ones())
        self.bias = nn.tf.get_variable("bias", (self.in_ch,), dtype=self.dtype,
                                       initializer=init.zeros())
        self.eps = nn.tf.get_variable("eps", (1,), dtype=self.dtype,
                                      initializer=init.constant(1e-6))

    def get_weights(self) -> List[Any]:
        """weight, bias, eps."""
        return [self.weight, self.bias, self.eps]

    def forward(self, x: Any) -> Any:
        """Images to images of the same shape."""
        shape = get_channel_shape(self.in_ch)
        weight = nn.tf.reshape(self.weight, shape)
        bias = nn.tf.reshape(self.bias, shape)
        mean_square = nn.tf.reduce_mean(nn.tf.square(x), axis=nn.conv2d_spatial_axes,
                                        keepdims=True)
        x = x * (1.0 / nn.tf.sqrt(mean_square + nn.tf.abs(self.eps)))
        return x * weight + bias


nn.FRNorm2D = FRNorm2D

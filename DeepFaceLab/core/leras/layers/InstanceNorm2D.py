"""Instance normalisation (spec 10 section 7.6)."""
from typing import Any, List

from core.leras import nn

from .LayerBase import get_channel_shape

tf = nn.tf


class InstanceNorm2D(nn.LayerBase):
    """Normalises each image's channels by their own mean and deviation.

    in_ch   channels
    dtype   default `nn.floatx`

    Weights, each (in_ch,): `weight` Glorot-uniform, `bias` zeros.
    """

    def __init__(self, in_ch: int, dtype: Any = None, **kwargs: Any) -> None:
        self.in_ch = in_ch
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes `weight` and `bias`."""
        init = nn.tf.initializers
        self.weight = nn.tf.get_variable("weight", (self.in_ch,), dtype=self.dtype,
                                         initializer=init.glorot_uniform(dtype=self.dtype))
        self.bias = nn.tf.get_variable("bias", (self.in_ch,), dtype=self.dtype,
                                       initializer=init.zeros())

    def get_weights(self) -> List[Any]:
        """weight, bias."""
        return [self.weight, self.bias]

    def forward(self, x: Any) -> Any:
        """Images to images of the same shape."""
        shape = get_channel_shape(self.in_ch)
        weight = nn.tf.reshape(self.weight, shape)
        bias = nn.tf.reshape(self.bias, shape)
        mean = nn.tf.reduce_mean(x, axis=nn.conv2d_spatial_axes, keepdims=True)
        std = nn.tf.math.reduce_std(x, axis=nn.conv2d_spatial_axes, keepdims=True) + 1e-5
        x = (x - mean) / std
        x = x * weight
        return x + bias


nn.InstanceNorm2D = InstanceNorm2D

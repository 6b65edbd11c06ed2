"""Adaptive instance normalisation (spec 10 section 7.6)."""
from typing import Any, List

from core.leras import nn

from .LayerBase import get_channel_shape

tf = nn.tf


class AdaIN(nn.LayerBase):
    """Instance normalisation whose scale and shift are computed from a feature vector.

    in_ch               channels of the images
    mlp_ch              features of the vector
    kernel_initializer  default He-normal
    dtype               default `nn.floatx`

    Weights: `weight1` (mlp_ch, in_ch), `bias1` (in_ch,) for the scale; `weight2`, `bias2` for the
    shift. Huang and Belongie, "Arbitrary Style Transfer in Real-time", 2017.
    """

    def __init__(self, in_ch: int, mlp_ch: int, kernel_initializer: Any = None, dtype: Any = None,
                 **kwargs: Any) -> None:
        self.in_ch = in_ch
        self.mlp_ch = mlp_ch
        self.kernel_initializer = kernel_initializer
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes both kernels and biases."""
        kernel_initializer = self.kernel_initializer
        if kernel_initializer is None:
            kernel_initializer = nn.tf.initializers.he_normal()
        kernel_shape, bias_shape = (self.mlp_ch, self.in_ch), (self.in_ch,)
        zeros = nn.tf.initializers.zeros()
        self.weight1 = nn.tf.get_variable("weight1", kernel_shape, dtype=self.dtype,
                                          initializer=kernel_initializer)
        self.bias1 = nn.tf.get_variable("bias1", bias_shape, dtype=self.dtype, initializer=zeros)
        self.weight2 = nn.tf.get_variable("weight2", kernel_shape, dtype=self.dtype,
                                          initializer=kernel_initializer)
        self.bias2 = nn.tf.get_variable("bias2", bias_shape, dtype=self.dtype, initializer=zeros)

    def get_weights(self) -> List[Any]:
        """weight1, bias1, weight2, bias2."""
        return [self.weight1, self.bias1, self.weight2, self.bias2]

    def forward(self, inputs: Any) -> Any:
        """(images, vectors (batch, mlp_ch)) to images of the same shape."""
        x, mlp = inputs
        gamma = nn.tf.matmul(mlp, self.weight1)
        gamma = nn.tf.add(gamma, nn.tf.reshape(self.bias1, (1, self.in_ch)))
        beta = nn.tf.matmul(mlp, self.weight2)
        beta = nn.tf.add(beta, nn.tf.reshape(self.bias2, (1, self.in_ch)))

        mean = nn.tf.reduce_mean(x, axis=nn.conv2d_spatial_axes, keepdims=True)
        std = nn.tf.math.reduce_std(x, axis=nn.conv2d_spatial_axes, keepdims=True) + 1e-5
        x = (x - mean) / std
        shape = get_channel_shape(self.in_ch, batch=-1)
        x = x * nn.tf.reshape(gamma, shape)
        return x + nn.tf.reshape(beta, shape)


nn.AdaIN = AdaIN

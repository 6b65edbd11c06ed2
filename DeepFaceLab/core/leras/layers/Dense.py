"""Fully connected layer (spec 10 section 7.4)."""
import math
from typing import Any, List

from core.leras import nn

tf = nn.tf


class Dense(nn.LayerBase):
    """x @ weight + bias.

    in_ch, out_ch       features
    use_bias            adds `bias` (out_ch,)
    use_wscale          weights of variance 1, scaled by 1/sqrt(in_ch) when used
    maxout_ch           above 1: the maximum of that many results for each output feature
    kernel_initializer  default Glorot-uniform; with use_wscale normal(0, 1)
    bias_initializer    default zeros
    dtype               default `nn.floatx`

    Weights: `weight` (in, out) or (in, out*maxout_ch), `bias` (out,).
    """

    def __init__(self, in_ch: int, out_ch: int, use_bias: bool = True, use_wscale: bool = False,
                 maxout_ch: int = 0, kernel_initializer: Any = None, bias_initializer: Any = None,
                 trainable: bool = True, dtype: Any = None, **kwargs: Any) -> None:
        self.in_ch = in_ch
        self.out_ch = out_ch
        self.use_bias = use_bias
        self.use_wscale = use_wscale
        self.maxout_ch = maxout_ch
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.trainable = trainable
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes `weight` and `bias`."""
        out_ch = self.out_ch * self.maxout_ch if self.maxout_ch > 1 else self.out_ch
        kernel_initializer = self.kernel_initializer
        if self.use_wscale:
            self.wscale = nn.tf.constant(1.0 / math.sqrt(self.in_ch), dtype=self.dtype)
            if kernel_initializer is None:
                kernel_initializer = nn.tf.initializers.random_normal(0, 1.0, dtype=self.dtype)
        if kernel_initializer is None:
            kernel_initializer = nn.tf.initializers.glorot_uniform(dtype=self.dtype)
        self.weight = nn.tf.get_variable("weight", (self.in_ch, out_ch), dtype=self.dtype,
                                         initializer=kernel_initializer,
                                         trainable=self.trainable)
        if self.use_bias:
            bias_initializer = self.bias_initializer
            if bias_initializer is None:
                bias_initializer = nn.tf.initializers.zeros(dtype=self.dtype)
            self.bias = nn.tf.get_variable("bias", (self.out_ch,), dtype=self.dtype,
                                           initializer=bias_initializer,
                                           trainable=self.trainable)

    def get_weights(self) -> List[Any]:
        """weight, bias."""
        return [self.weight, self.bias] if self.use_bias else [self.weight]

    def forward(self, x: Any) -> Any:
        """(batch, in) to (batch, out)."""
        weight = self.weight
        if self.use_wscale:
            weight = weight * self.wscale
        x = nn.tf.matmul(x, weight)
        if self.maxout_ch > 1:
            x = nn.tf.reshape(x, (-1, self.out_ch, self.maxout_ch))
            x = nn.tf.reduce_max(x, axis=-1)
        if self.use_bias:
            x = nn.tf.add(x, nn.tf.reshape(self.bias, (1, self.out_ch)))
        return x


nn.Dense = Dense

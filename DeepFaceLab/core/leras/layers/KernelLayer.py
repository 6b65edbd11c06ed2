"""Kernel, bias and equalised learning rate of convolutions and Dense (spec 10 section 7)."""
import math
from typing import Any, List, Tuple

from core.leras import nn

tf = nn.tf


class KernelLayer(nn.LayerBase):
    """A layer of one kernel and, with `use_bias`, one bias.

    use_bias            adds `bias`
    use_wscale          kernel of variance 1, scaled when used (equalised learning rate)
    kernel_initializer  default Glorot-uniform; with use_wscale normal(0, 1)
    bias_initializer    default zeros
    trainable           of both variables
    dtype               default `nn.floatx`
    """

    def __init__(self, use_bias: bool, use_wscale: bool, kernel_initializer: Any,
                 bias_initializer: Any, trainable: bool, dtype: Any, **kwargs: Any) -> None:
        self.use_bias = use_bias
        self.use_wscale = use_wscale
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.trainable = trainable
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def make_kernel_and_bias(self, kernel_shape: Tuple[int, ...], bias_channels: int,
                             fan_in: int, gain: float = 1.0, default_kernel: Any = None) -> None:
        """Makes `weight` (kernel_shape), `bias` (bias_channels,) and the constant `wscale`,
        gain / sqrt(fan_in).

        default_kernel  initializer where none was asked for; None leaves it to the variable
                        scope, which takes Glorot-uniform when it has none of its own
        """
        init = nn.tf.initializers
        kernel_initializer = self.kernel_initializer
        if self.use_wscale:
            self.wscale = nn.tf.constant(gain / math.sqrt(fan_in), dtype=self.dtype)
            if kernel_initializer is None:
                kernel_initializer = init.random_normal(0, 1.0, dtype=self.dtype)
        if kernel_initializer is None:
            kernel_initializer = default_kernel
        self.weight = nn.tf.get_variable("weight", kernel_shape, dtype=self.dtype,
                                         initializer=kernel_initializer, trainable=self.trainable)
        if self.use_bias:
            bias_initializer = self.bias_initializer
            if bias_initializer is None:
                bias_initializer = init.zeros(dtype=self.dtype)
            self.bias = nn.tf.get_variable("bias", (bias_channels,), dtype=self.dtype,
                                           initializer=bias_initializer, trainable=self.trainable)

    def get_weights(self) -> List[Any]:
        """weight, bias."""
        return [self.weight, self.bias] if self.use_bias else [self.weight]

    def get_kernel(self) -> Any:
        """The kernel as it is used: times `wscale` with use_wscale."""
        return self.weight * self.wscale if self.use_wscale else self.weight

    def add_bias(self, x: Any, bias_shape: Tuple[int, ...]) -> Any:
        """x plus the bias, in the shape in which it broadcasts over x; x without use_bias."""
        return nn.tf.add(x, nn.tf.reshape(self.bias, bias_shape)) if self.use_bias else x


nn.KernelLayer = KernelLayer

"""Batch normalisation for inference (spec 10 section 7.6)."""
from typing import Any, List

from core.leras import nn

from .LayerBase import get_channel_shape

tf = nn.tf


class BatchNorm2D(nn.LayerBase):
    """Normalises with stored statistics; they are loaded from files and never updated.

    dim         channels
    eps         added to the variance
    momentum    unused
    dtype       default `nn.floatx`

    Weights, each (dim,): `weight` ones, `bias`, `running_mean`, `running_var` zeros.
    """

    def __init__(self, dim: int, eps: float = 1e-05, momentum: float = 0.1, dtype: Any = None,
                 **kwargs: Any) -> None:
        self.dim = dim
        self.eps = eps
        self.momentum = momentum
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes the four vectors."""
        shape, dtype, init = (self.dim,), self.dtype, nn.tf.initializers
        self.weight = nn.tf.get_variable("weight", shape, dtype=dtype, initializer=init.ones())
        self.bias = nn.tf.get_variable("bias", shape, dtype=dtype, initializer=init.zeros())
        self.running_mean = nn.tf.get_variable("running_mean", shape, dtype=dtype,
                                               initializer=init.zeros(), trainable=False)
        self.running_var = nn.tf.get_variable("running_var", shape, dtype=dtype,
                                              initializer=init.zeros(), trainable=False)

    def get_weights(self) -> List[Any]:
        """weight, bias, running_mean, running_var."""
        return [self.weight, self.bias, self.running_mean, self.running_var]

    def forward(self, x: Any) -> Any:
        """Images to images of the same shape."""
        shape = get_channel_shape(self.dim)
        weight = nn.tf.reshape(self.weight, shape)
        bias = nn.tf.reshape(self.bias, shape)
        running_mean = nn.tf.reshape(self.running_mean, shape)
        running_var = nn.tf.reshape(self.running_var, shape)
        x = (x - running_mean) / nn.tf.sqrt(running_var + self.eps)
        x = x * weight
        return x + bias


nn.BatchNorm2D = BatchNorm2D

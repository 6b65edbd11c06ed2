"""Normalisation of feature vectors (spec 10 section 7.6)."""
from typing import Any

from core.leras import nn

tf = nn.tf


class DenseNorm(nn.LayerBase):
    """x divided by the root of its mean square over the last axis. No weights.

    dense   unused
    eps     added to the mean square
    dtype   default `nn.floatx`

    The constant `epsilon` is made in the constructor.
    """

    def __init__(self, dense: bool = False, eps: float = 1e-06, dtype: Any = None,
                 **kwargs: Any) -> None:
        self.dense = dense
        dtype = nn.floatx if dtype is None else dtype
        self.eps = nn.tf.constant(eps, dtype=dtype, name="epsilon")
        super().__init__(**kwargs)

    def __call__(self, x: Any) -> Any:
        mean_square = nn.tf.reduce_mean(nn.tf.square(x), axis=-1, keepdims=True)
        return x * nn.tf.rsqrt(mean_square + self.eps)


nn.DenseNorm = DenseNorm

"""Element-wise functions and normalisation (spec 10 section 5.2)."""
import math
from typing import Any, Sequence, Union

from core.leras import nn

tf = nn.tf


def gelu(x: Any) -> Any:
    """Gaussian error linear unit, tanh form."""
    cdf = 0.5 * (1.0 + nn.tf.tanh(
        math.sqrt(2 / math.pi) * (x + 0.044715 * nn.tf.pow(x, 3))))
    return x * cdf
nn.gelu = gelu  # noqa: E305


def pixel_norm(x: Any, axes: Union[int, Sequence[int]]) -> Any:
    """x divided by the root of its mean square over `axes`, in x's dtype."""
    return x * nn.tf.rsqrt(nn.tf.reduce_mean(nn.tf.square(x), axis=axes, keepdims=True) + 1e-06)
nn.pixel_norm = pixel_norm  # noqa: E305

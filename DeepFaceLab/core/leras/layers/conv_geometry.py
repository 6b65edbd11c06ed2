"""Padding, strides and weight scale that the convolution layers share (spec 10 section 7.1)."""
import math
from typing import Any, List

from core.leras import nn


def get_same_padding(kernel_size: int, dilations: int = 1) -> int:
    """Zeros on each side for 'SAME'.

    Symmetric, unlike TensorFlow's: an even kernel with stride 1 enlarges the image by one.
    """
    return ((kernel_size - 1) * dilations + 1) // 2


def expand_to_4d(value: int, batch_and_channels: int = 1) -> List[int]:
    """A spatial stride or dilation as a list over the axes of the current data format."""
    if nn.data_format == "NHWC":
        return [batch_and_channels, value, value, batch_and_channels]
    return [batch_and_channels, batch_and_channels, value, value]


def expand_padding(before: int, after: int) -> List[List[int]]:
    """Spatial padding as `tf.pad` takes it, in the current data format."""
    if nn.data_format == "NHWC":
        return [[0, 0], [before, after], [before, after], [0, 0]]
    return [[0, 0], [0, 0], [before, after], [before, after]]


def get_wscale_gain(kernel_size: int) -> float:
    """Gain of the equalised learning rate: 1 for 1x1, else sqrt 2."""
    return 1.0 if kernel_size == 1 else math.sqrt(2)


def check_int(value: Any, what: str) -> int:
    """The value if it is an int; ValueError otherwise."""
    if not isinstance(value, int):
        raise ValueError("%s must be an int, not %r" % (what, value))
    return value

"""`nn.gaussian_blur` and `nn.dssim` with far fewer products, equal up to rounding.

Both convolve with a Gaussian, which is the product of a row and a column: n + n taps a pixel in
place of n * n. The window of dssim moreover has weights below float32's resolution outside of
about six deviations; they are left out, and the region that the whole window would keep stays.
"""
import math
from typing import Any, Callable

import numpy as np

from .replacing import Replacements

NAME = "fast_blur"
SUMMARY = "Gaussian blurs and the windows of dssim as rows and columns: the same within 1e-6"
CONFLICTS = ()

_DROPPED_SHARE = 1e-8   # of the window's weights, all together: below float32's resolution

_replacements = Replacements()


def apply(nn: Any) -> None:
    """Replace `nn.gaussian_blur` and `nn.dssim`."""
    if not _replacements:
        _replacements.replace(nn, "gaussian_blur", lambda old: _make_gaussian_blur(nn))
        _replacements.replace(nn, "dssim", lambda old: _make_dssim(nn))


def remove(nn: Any) -> None:
    """Put both back."""
    _replacements.restore()


def make_blur_taps(radius: float) -> np.ndarray:
    """Taps of the reference's blur, float32 of sum 1: about four deviations, an odd number."""
    size = max(3, int(4 * radius))
    size += 1 - size % 2
    offsets = np.arange(size) - math.floor(0.5 * size)
    taps = np.exp(-offsets ** 2 / (2.0 * radius ** 2))
    return (taps / taps.sum()).astype(np.float32)


def make_window_taps(size: int, deviation: float) -> np.ndarray:
    """Taps of dssim's window of `size` pixels, float32 of sum 1, without those at both ends that
    are too small to count: `size` or fewer by an even number."""
    offsets = np.arange(size) - (size - 1) / 2.0
    taps = np.exp(-0.5 * (offsets / deviation) ** 2)
    taps /= taps.sum()
    dropped = 0
    while 2 * taps[:dropped + 1].sum() < _DROPPED_SHARE:
        dropped += 1
    taps = taps[dropped:size - dropped]
    return (taps / taps.sum()).astype(np.float32)


def convolve_separable(nn: Any, x: Any, taps: np.ndarray) -> Any:
    """x (batch of images, float32) with `taps` along columns, then along rows; without padding."""
    tf = nn.tf
    channels = int(x.shape[nn.conv2d_ch_axis])
    for shape in ((len(taps), 1), (1, len(taps))):
        kernel = np.tile(taps.reshape(shape + (1, 1)), (1, 1, channels, 1))
        x = tf.nn.depthwise_conv2d(x, tf.constant(kernel), strides=[1, 1, 1, 1], padding="VALID",
                                   data_format=nn.data_format)
    return x


def _make_gaussian_blur(nn: Any) -> Callable[..., Any]:
    def gaussian_blur(input: Any, radius: float = 2.0) -> Any:
        taps = make_blur_taps(radius)
        paddings = [[0, 0]] * 4
        for axis in nn.conv2d_spatial_axes:
            paddings[axis] = [len(taps) // 2] * 2
        return convolve_separable(nn, nn.tf.pad(input, paddings), taps)
    return gaussian_blur


def _make_dssim(nn: Any) -> Callable[..., Any]:
    def dssim(img1: Any, img2: Any, max_val: float, filter_size: int = 11,
              filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03) -> Any:
        tf = nn.tf
        if img1.dtype != img2.dtype:
            raise ValueError("dssim: the images' dtypes differ: %s and %s" % (
                img1.dtype, img2.dtype))
        result_dtype = img1.dtype
        img1, img2 = (tf.cast(x, tf.float32) for x in (img1, img2))
        filter_size = max(1, filter_size)
        taps = make_window_taps(filter_size, filter_sigma)
        margin = (filter_size - len(taps)) // 2
        img1, img2 = (_crop(nn, x, margin) for x in (img1, img2))

        # all four means with one pass over the pixels
        products = tf.concat([img1, img2, img1 * img2, tf.square(img1) + tf.square(img2)],
                             nn.conv2d_ch_axis)
        mean1, mean2, mean_of_product, mean_of_squares = tf.split(
            convolve_separable(nn, products, taps), 4, nn.conv2d_ch_axis)

        c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
        num0 = mean1 * mean2 * 2.0
        den0 = tf.square(mean1) + tf.square(mean2)
        luminance = (num0 + c1) / (den0 + c1)
        contrast_structure = (mean_of_product * 2.0 - num0 + c2) / (mean_of_squares - den0 + c2)
        ssim = tf.reduce_mean(luminance * contrast_structure, axis=nn.conv2d_spatial_axes)
        return tf.cast((1.0 - ssim) / 2.0, result_dtype)
    return dssim


def _crop(nn: Any, x: Any, margin: int) -> Any:
    if margin == 0:
        return x
    inner = slice(margin, -margin)
    return x[:, inner, inner, :] if nn.data_format == "NHWC" else x[:, :, inner, inner]

"""Gaussian blur and sampling at given coordinates (spec 10 section 5.3)."""
import math
from typing import Any

import numpy as np

from core.leras import nn

tf = nn.tf


def make_gaussian_kernel(radius: float) -> np.ndarray:
    """(n, n, 1, 1) float32 kernel of sum 1; n = max(3, int(4*radius)) made odd."""
    n = max(3, int(4 * radius))
    if n % 2 == 0:
        n += 1
    mean = n // 2
    taps = np.array([math.exp(-((x - mean) ** 2) / (2.0 * radius ** 2)) for x in range(n)],
                    np.float64)
    kernel = np.outer(taps, taps).astype(np.float32)
    kernel = kernel / np.sum(kernel)
    return kernel[:, :, None, None]


def gaussian_blur(input: Any, radius: float = 2.0) -> Any:
    """Blurs each channel of a float32 image batch; zeros beyond the border."""
    kernel = make_gaussian_kernel(radius)
    pad = kernel.shape[0] // 2
    if nn.data_format == "NHWC":
        paddings = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
    else:
        paddings = [[0, 0], [0, 0], [pad, pad], [pad, pad]]
    channels = input.shape[nn.conv2d_ch_axis].value
    kernel = nn.tf.tile(kernel, (1, 1, channels, 1))
    x = nn.tf.pad(input, paddings)
    return nn.tf.nn.depthwise_conv2d(x, kernel, strides=[1, 1, 1, 1], padding="VALID",
                                     data_format=nn.data_format)
nn.gaussian_blur = gaussian_blur  # noqa: E305


def _get_pixel_value(img: Any, x: Any, y: Any) -> Any:
    """img[b, y, x] for int32 coordinates of shape (batch, h, w)."""
    shape = nn.tf.shape(x)
    batch_size, height, width = shape[0], shape[1], shape[2]
    batch = nn.tf.range(0, batch_size)
    batch = nn.tf.reshape(batch, (batch_size, 1, 1))
    batch = nn.tf.tile(batch, (1, height, width))
    return nn.tf.gather_nd(img, nn.tf.stack([batch, y, x], 3))


def bilinear_sampler(img: Any, x: Any, y: Any) -> Any:
    """Samples img (batch, H, W, C), NHWC only, at float pixel coordinates (batch, h, w).

    The weights use the clipped neighbours, so samples outside the image and samples exactly on
    the last row or column are 0; models are trained with that.
    """
    tf = nn.tf
    height, width = tf.shape(img)[1], tf.shape(img)[2]
    max_y, max_x = height - 1, width - 1

    x0 = tf.cast(tf.floor(x), tf.int32)
    x1 = x0 + 1
    y0 = tf.cast(tf.floor(y), tf.int32)
    y1 = y0 + 1

    x0 = tf.clip_by_value(x0, 0, max_x)
    x1 = tf.clip_by_value(x1, 0, max_x)
    y0 = tf.clip_by_value(y0, 0, max_y)
    y1 = tf.clip_by_value(y1, 0, max_y)

    pixel_a = _get_pixel_value(img, x0, y0)
    pixel_b = _get_pixel_value(img, x0, y1)
    pixel_c = _get_pixel_value(img, x1, y0)
    pixel_d = _get_pixel_value(img, x1, y1)

    x0 = tf.cast(x0, tf.float32)
    x1 = tf.cast(x1, tf.float32)
    y0 = tf.cast(y0, tf.float32)
    y1 = tf.cast(y1, tf.float32)

    weight_a = (x1 - x) * (y1 - y)
    weight_b = (x1 - x) * (y - y0)
    weight_c = (x - x0) * (y1 - y)
    weight_d = (x - x0) * (y - y0)

    weight_a = tf.expand_dims(weight_a, axis=3)
    weight_b = tf.expand_dims(weight_b, axis=3)
    weight_c = tf.expand_dims(weight_c, axis=3)
    weight_d = tf.expand_dims(weight_d, axis=3)
    return tf.add_n([weight_a * pixel_a, weight_b * pixel_b,
                     weight_c * pixel_c, weight_d * pixel_d])
nn.bilinear_sampler = bilinear_sampler  # noqa: E305

"""Image losses and colour conversion (spec 10 section 5.4)."""
from typing import Any

import numpy as np

from core.leras import nn

tf = nn.tf


def dssim(img1: Any, img2: Any, max_val: float, filter_size: int = 11, filter_sigma: float = 1.5,
          k1: float = 0.01, k2: float = 0.03) -> Any:
    """Structural dissimilarity (1 - SSIM)/2 of two image batches: (batch, channels).

    Images must be at least `filter_size` pixels wide and high and of one dtype (ValueError);
    other dtypes than float32 are computed in float32 and cast back.
    """
    tf = nn.tf
    if img1.dtype != img2.dtype:
        raise ValueError("dssim: the images' dtypes differ: %s and %s" % (img1.dtype, img2.dtype))
    result_dtype = img1.dtype
    if result_dtype != tf.float32:
        img1 = tf.cast(img1, tf.float32)
        img2 = tf.cast(img2, tf.float32)

    filter_size = max(1, filter_size)
    taps = np.arange(0, filter_size, dtype=np.float32)
    taps -= (filter_size - 1) / 2.0
    taps *= taps
    taps *= -0.5 / filter_sigma ** 2
    log_kernel = np.reshape(taps, (1, -1)) + np.reshape(taps, (-1, 1))
    kernel = tf.constant(np.reshape(log_kernel, (1, -1)), dtype=tf.float32)
    kernel = tf.nn.softmax(kernel)
    kernel = tf.reshape(kernel, (filter_size, filter_size, 1, 1))
    kernel = tf.tile(kernel, (1, 1, img1.shape[nn.conv2d_ch_axis].value, 1))

    def local_mean(x: Any) -> Any:
        return tf.nn.depthwise_conv2d(x, kernel, strides=[1, 1, 1, 1], padding="VALID",
                                      data_format=nn.data_format)

    c1 = (k1 * max_val) ** 2
    c2 = (k2 * max_val) ** 2
    mean1 = local_mean(img1)
    mean2 = local_mean(img2)
    num0 = mean1 * mean2 * 2.0
    den0 = tf.square(mean1) + tf.square(mean2)
    luminance = (num0 + c1) / (den0 + c1)

    num1 = local_mean(img1 * img2) * 2.0
    den1 = local_mean(tf.square(img1) + tf.square(img2))
    contrast_structure = (num1 - num0 + c2) / (den1 - den0 + c2)

    ssim = tf.reduce_mean(luminance * contrast_structure, axis=nn.conv2d_spatial_axes)
    result = (1.0 - ssim) / 2.0
    return result if result_dtype == tf.float32 else tf.cast(result, result_dtype)
nn.dssim = dssim  # noqa: E305


def style_loss(target: Any, style: Any, gaussian_blur_radius: float = 0.0,
               loss_weight: float = 1.0, step_size: int = 1) -> Any:
    """Squared differences of the channels' means and deviations, weighted: (batch,).

    With a radius both images are blurred first. `step_size` has no meaning and stays for callers.
    """
    tf = nn.tf
    if gaussian_blur_radius > 0.0:
        target = nn.gaussian_blur(target, gaussian_blur_radius)
        style = nn.gaussian_blur(style, gaussian_blur_radius)
    channels = target.shape[nn.conv2d_ch_axis].value
    if channels != style.shape[nn.conv2d_ch_axis].value:
        raise Exception("style_loss: target has %s channels, style has %s" % (
            channels, style.shape[nn.conv2d_ch_axis].value))

    target_mean, target_var = tf.nn.moments(target, axes=nn.conv2d_spatial_axes, keepdims=True)
    style_mean, style_var = tf.nn.moments(style, axes=nn.conv2d_spatial_axes, keepdims=True)
    target_std = tf.sqrt(target_var + 1e-5)
    style_std = tf.sqrt(style_var + 1e-5)
    mean_loss = tf.reduce_sum(tf.square(target_mean - style_mean), axis=[1, 2, 3])
    std_loss = tf.reduce_sum(tf.square(target_std - style_std), axis=[1, 2, 3])
    return (mean_loss + std_loss) * (loss_weight / float(channels))
nn.style_loss = style_loss  # noqa: E305


def total_variation_mse(images: Any) -> Any:
    """Sum of squared neighbour differences along tensor axes 1 and 2: (batch,).

    In NHWC these are rows and columns, in NCHW (every GPU run) channels and rows; the training
    dynamics rest on it.
    """
    tf = nn.tf
    diff1 = images[:, 1:, :, :] - images[:, :-1, :, :]
    diff2 = images[:, :, 1:, :] - images[:, :, :-1, :]
    return (tf.reduce_sum(tf.square(diff1), axis=[1, 2, 3])
            + tf.reduce_sum(tf.square(diff2), axis=[1, 2, 3]))
nn.total_variation_mse = total_variation_mse  # noqa: E305


def rgb_to_lab(srgb: Any) -> Any:
    """sRGB in [0, 1], channels last, any leading shape, to CIE Lab (D65).

    The piecewise parts are multiplied by masks, so the gradient at 0 is NaN.
    """
    tf = nn.tf
    pixels = tf.reshape(srgb, [-1, 3])
    linear_mask = tf.cast(pixels <= 0.04045, dtype=tf.float32)
    exponential_mask = tf.cast(pixels > 0.04045, dtype=tf.float32)
    rgb = (pixels / 12.92 * linear_mask) + (((pixels + 0.055) / 1.055) ** 2.4) * exponential_mask
    rgb_to_xyz = tf.constant([
        # X        Y         Z
        [0.412453, 0.212671, 0.019334],  # R
        [0.357580, 0.715160, 0.119193],  # G
        [0.180423, 0.072169, 0.950227],  # B
    ])
    xyz = tf.matmul(rgb, rgb_to_xyz)

    xyz = tf.multiply(xyz, [1 / 0.950456, 1.0, 1 / 1.088754])   # by the white point
    epsilon = 6 / 29
    linear_mask = tf.cast(xyz <= (epsilon ** 3), dtype=tf.float32)
    exponential_mask = tf.cast(xyz > (epsilon ** 3), dtype=tf.float32)
    f = (xyz / (3 * epsilon ** 2) + 4 / 29) * linear_mask + (xyz ** (1 / 3)) * exponential_mask
    f_to_lab = tf.constant([
        # L       a       b
        [0.0, 500.0, 0.0],       # fx
        [116.0, -500.0, 200.0],  # fy
        [0.0, 0.0, -200.0],      # fz
    ])
    lab = tf.matmul(f, f_to_lab) + tf.constant([-16.0, 0.0, 0.0])
    return tf.reshape(lab, tf.shape(srgb))
nn.rgb_to_lab = rgb_to_lab  # noqa: E305

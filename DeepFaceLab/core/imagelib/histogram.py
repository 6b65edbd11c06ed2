"""Histogram matching (spec 31 section 3.8). The public path is `core.imagelib.color_transfer`."""
from typing import Optional

import numpy as np

from .common import with_channel_axis


def channel_hist_match(source: np.ndarray, template: np.ndarray,
                       hist_match_threshold: float = 255,
                       mask: Optional[np.ndarray] = None) -> np.ndarray:
    """Give one plane the value distribution of another.

    Arguments:
        source: plane to change, any shape and type.
        template: plane with the wanted distribution, any size.
        hist_match_threshold: 0..255; below 255 the brightest source values map to the
            (threshold / 255) quantile of the template.
        mask: part of the signature, not used.

    Returns float64 in the shape of `source`.
    """
    _, inverse, s_counts = np.unique(source.ravel(), return_inverse=True, return_counts=True)
    t_values, t_counts = np.unique(template.ravel(), return_counts=True)

    s_quantiles = np.cumsum(s_counts).astype(np.float64)
    s_quantiles = hist_match_threshold * s_quantiles / s_quantiles[-1]
    t_quantiles = np.cumsum(t_counts).astype(np.float64)
    t_quantiles = 255 * t_quantiles / t_quantiles[-1]
    mapped = np.interp(s_quantiles, t_quantiles, t_values)
    return mapped[inverse.ravel()].reshape(source.shape)


def color_hist_match(src_im: np.ndarray, tar_im: np.ndarray,
                     hist_match_threshold: float = 255) -> np.ndarray:
    """Match channels 0..2 (or the only one) of `src_im` to those of `tar_im`.

    Further channels are copied. Returns the shape and dtype of `src_im`.
    """
    result = src_im.copy()
    for channel in range(min(3, src_im.shape[-1], tar_im.shape[-1])):
        matched = channel_hist_match(src_im[..., channel], tar_im[..., channel],
                                     hist_match_threshold)
        result[..., channel] = matched.astype(src_im.dtype)
    return result


def bw_hist_match(src_im: np.ndarray, tar_im: np.ndarray,
                  hist_match_threshold: float = 255) -> np.ndarray:
    """Match a gray image (h, w) or (h, w, 1) to another; shape (h, w, 1), dtype of `src_im`."""
    return color_hist_match(with_channel_axis(src_im), with_channel_axis(tar_im),
                            hist_match_threshold)

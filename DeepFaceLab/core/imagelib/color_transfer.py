"""Colour transfer by name, and histogram matching (spec 31 section 3).

Images are (h, w, c) BGR float in 0..1 unless said otherwise. The transforms live in
`color_linear` (rct, lct, mkl) and `color_transport` (idt, sot, mix); all their names are here.
"""
from typing import Tuple

import numpy as np

from .color_linear import color_transfer_mkl, linear_color_transfer, reinhard_color_transfer
from .color_transport import color_transfer_idt, color_transfer_mix, color_transfer_sot
from .histogram import bw_hist_match, channel_hist_match, color_hist_match

__all__ = ["color_transfer", "color_transfer_mix", "color_transfer_sot", "color_transfer_mkl",
           "color_transfer_idt", "color_hist_match", "bw_hist_match", "channel_hist_match",
           "reinhard_color_transfer", "linear_color_transfer", "lab_image_stats", "_scale_array"]


def _transfer_sot_clipped(img_src: np.ndarray, img_trg: np.ndarray) -> np.ndarray:
    return np.clip(color_transfer_sot(img_src, img_trg), 0.0, 1.0)


TRANSFERS = {
    "lct": linear_color_transfer,
    "rct": reinhard_color_transfer,
    "mkl": color_transfer_mkl,
    "idt": color_transfer_idt,
    "sot": _transfer_sot_clipped,
}


def color_transfer(ct_mode: str, img_src: np.ndarray, img_trg: np.ndarray) -> np.ndarray:
    """Change the colours of `img_src` towards those of `img_trg`.

    Arguments:
        ct_mode: one of lct, rct, mkl, idt, sot; ValueError for anything else.
        img_src, img_trg: (h, w, c) float32 in 0..1, c = 1 or 3, of equal size.

    Returns (h, w, c) float32. rct is not clipped to 0..1.
    """
    if ct_mode not in TRANSFERS:
        raise ValueError("unknown ct_mode %r, known are: %s"
                         % (ct_mode, ", ".join(sorted(TRANSFERS))))
    return TRANSFERS[ct_mode](img_src, img_trg)


def lab_image_stats(image: np.ndarray) -> Tuple[float, ...]:
    """(mean, std) of each of the 3 channels in turn, population statistics."""
    result: list = []
    for channel in range(3):
        plane = np.ascontiguousarray(image[..., channel])
        result += [plane.mean(), plane.std()]
    return tuple(result)


def _scale_array(arr: np.ndarray, clip: bool = True) -> np.ndarray:
    """Bring values into 0..255 by clipping, or by an affine rescale where they exceed it."""
    if clip:
        return np.clip(arr, 0, 255)
    low, high = arr.min(), arr.max()
    new_low, new_high = max(low, 0), min(high, 255)
    if low >= new_low and high <= new_high:
        return arr
    return (new_high - new_low) * (arr - low) / (high - low) + new_low

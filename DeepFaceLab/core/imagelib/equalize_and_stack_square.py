"""Pictures of different sizes side by side (spec 31 section 8)."""
from typing import List

import cv2
import numpy as np

from .common import restore_channel_axis, with_channel_axis


def equalize_and_stack_square(images: List[np.ndarray], axis: int = 1) -> np.ndarray:
    """Put images side by side, each resized to the smallest side found among them.

    Arguments:
        images: (h, w) or (h, w, c) arrays; the list itself is not changed.
        axis: part of the signature of old; the result is always horizontal.

    Returns (s, s * len(images), c) with c the largest channel count found. Missing channels
    repeat the first one for 1- and 2-channel images, and are filled with ones (opaque alpha) else.
    """
    images = [with_channel_axis(img) for img in images]
    side = min(min(img.shape[:2]) for img in images)
    channels = max(img.shape[2] for img in images)
    return np.concatenate([_fit_square(img, side, channels) for img in images], axis=1)


def _fit_square(img: np.ndarray, side: int, channels: int) -> np.ndarray:
    missing = channels - img.shape[2]
    if missing > 0:
        if img.shape[2] <= 2:
            filler = np.repeat(img[..., 0:1], missing, axis=-1)
        else:
            filler = np.ones(img.shape[:2] + (missing,), dtype=img.dtype)
        img = np.concatenate((img, filler), axis=-1)
    if img.shape[:2] != (side, side):
        img = restore_channel_axis(cv2.resize(img, (side, side)), img)
    return img

"""The frame around the face made worse, to fit it (spec 50 section 5, steps 32 and 33)."""
from typing import Optional

import cv2
import numpy as np

from core import imagelib

from .frame_pixels import FramePixels

MEDIAN_SIZE = 5
PALETTE = 256


def degrade_frame(frame: FramePixels, denoise_power: int,
                  bicubic_power: int) -> Optional[np.ndarray]:
    """The whole frame denoised and rescaled, (H, W, 3) float32, not clipped; None: unchanged.

    All faces of a frame share it; it is not to be changed.
    """
    if denoise_power == 0 and bicubic_power == 0:
        return None

    def make() -> np.ndarray:
        img = denoise(frame, denoise_power)
        return img if bicubic_power == 0 else rescale(img, bicubic_power)
    return frame.get_kept(("degraded", denoise_power, bicubic_power), make)


def denoise(frame: FramePixels, power: int) -> np.ndarray:
    """Medians of the frame, one for every 10 of power; the last nine below 100 are blended in.

    Whole medians only choose among pixels, so they give the same on bytes and take a tenth of
    the time there.
    """
    pixels = frame.bgr_uint8
    while power >= 100:
        pixels = cv2.medianBlur(pixels, MEDIAN_SIZE)
        power -= 10
    img = FramePixels(pixels).get_floats(frame.whole)
    while power > 0:
        share = power / 100.0
        img = img * (1.0 - share) + cv2.medianBlur(img, MEDIAN_SIZE) * share
        power -= 10
    return img


def rescale(img: np.ndarray, power: int) -> np.ndarray:
    """Cubic down by up to a hundredth and up again."""
    height, width = img.shape[:2]
    scale = 1.0 - power / 101.0
    small = (max(1, int(width * scale)), max(1, int(height * scale)))
    img = cv2.resize(img, small, interpolation=cv2.INTER_CUBIC)
    return cv2.resize(img, (width, height), interpolation=cv2.INTER_CUBIC)


def reduce_frame_colors(whole: np.ndarray, power: int) -> np.ndarray:
    """The frame in 256 colours of its own, blended in by `power` percent."""
    reduced = imagelib.reduce_colors(whole, PALETTE)
    if power == 100:
        return reduced
    share = power / 100.0
    return whole * (1.0 - share) + reduced * share

"""Random photometric filters of a training sample (spec 31 section 5).

All take `mask` ((h, w, 1) float 0..1: where to apply; None = everywhere) and `rnd_state` (None =
the global `np.random`). Images are (h, w, c) float32 in 0..1. Draws happen in the documented
order, so one seed gives one result. One channel is a case of its own where a filter mixes colours.
"""
from typing import Callable, Optional

import cv2
import numpy as np

from .blursharpen import LinearMotionBlur, blursharpen
from .common import pick_rnd, restore_channel_axis
from .relight import _d_resize, _generate_lighting_effects, _get_image_gradient, _min_resize
from .relight import apply_random_relight

Rnd = Optional[np.random.RandomState]
Mask = Optional[np.ndarray]

__all__ = ["apply_random_rgb_levels", "apply_random_hsv_shift", "apply_random_sharpen",
           "apply_random_motion_blur", "apply_random_gaussian_blur", "apply_random_resize",
           "apply_random_nearest_resize", "apply_random_bilinear_resize",
           "apply_random_jpeg_compress", "apply_random_overlay_triangle", "apply_random_relight",
           "_min_resize", "_d_resize", "_get_image_gradient", "_generate_lighting_effects"]


def _blend(img: np.ndarray, result: np.ndarray, mask: Mask) -> np.ndarray:
    return result if mask is None else img * (1 - mask) + result * mask


def _draw_chance(rnd, chance: float) -> bool:
    """True in `chance` of 100 cases."""
    return rnd.randint(100) < np.clip(chance, 0, 100)


def apply_random_rgb_levels(img: np.ndarray, mask: Mask = None, rnd_state: Rnd = None):
    """Random black point, white point, gamma and output range per channel."""
    rnd = pick_rnd(rnd_state)

    def draw(scale: Callable[[float], float]) -> np.ndarray:
        # Three values always, so one channel consumes the same stream.
        return np.array([scale(rnd.rand()) for _ in range(3)], dtype=np.float32)

    in_black = draw(lambda u: u * 0.25)
    in_white = draw(lambda u: 1.0 - u * 0.25)
    in_gamma = draw(lambda u: 0.5 + u)
    out_black = draw(lambda u: u * 0.25)
    out_white = draw(lambda u: 1.0 - u * 0.25)

    c = img.shape[-1]
    in_black, in_white, in_gamma, out_black, out_white = (
        values[:c] for values in (in_black, in_white, in_gamma, out_black, out_white))
    result = np.clip((img - in_black) / (in_white - in_black), 0, 1)
    result = (result ** (1 / in_gamma)) * (out_white - out_black) + out_black
    return _blend(img, np.clip(result, 0, 1), mask)


def apply_random_hsv_shift(img: np.ndarray, mask: Mask = None, rnd_state: Rnd = None):
    """Random hue (0..359 degrees), saturation and value (+-0.5); one channel: value only."""
    rnd = pick_rnd(rnd_state)
    hue = rnd.randint(360)
    saturation = rnd.random_sample()
    value = rnd.random_sample()

    if img.shape[-1] == 1:
        return _blend(img, np.clip(img + value - 0.5, 0, 1), mask)
    h, s, v = cv2.split(cv2.cvtColor(img, cv2.COLOR_BGR2HSV))
    h = (h + hue) % 360
    s = np.clip(s + saturation - 0.5, 0, 1)
    v = np.clip(v + value - 0.5, 0, 1)
    result = np.clip(cv2.cvtColor(cv2.merge([h, s, v]), cv2.COLOR_HSV2BGR), 0, 1)
    return _blend(img, result, mask)


def apply_random_sharpen(img: np.ndarray, chance: float, kernel_max_size: int, mask: Mask = None,
                         rnd_state: Rnd = None):
    """In `chance` percent of calls sharpen, box (amount 0..9) or Gaussian (0..49); not clipped."""
    rnd = pick_rnd(rnd_state)
    kernel_size = rnd.randint(kernel_max_size) + 1
    if not _draw_chance(rnd, chance):
        return img
    if rnd.randint(2) == 0:
        result = blursharpen(img, 1, kernel_size, rnd.randint(10))
    else:
        result = blursharpen(img, 2, kernel_size, rnd.randint(50))
    return _blend(img, result, mask)


def apply_random_motion_blur(img: np.ndarray, chance: float, mb_max_size: int, mask: Mask = None,
                             rnd_state: Rnd = None):
    """In `chance` percent of calls blur along a random line of 1..mb_max_size pixels."""
    rnd = pick_rnd(rnd_state)
    size = rnd.randint(mb_max_size) + 1
    angle = rnd.randint(360)
    if not _draw_chance(rnd, chance):
        return img
    return _blend(img, LinearMotionBlur(img, size, angle), mask)


def apply_random_gaussian_blur(img: np.ndarray, chance: float, kernel_max_size: int,
                               mask: Mask = None, rnd_state: Rnd = None):
    """In `chance` percent of calls blur with a kernel of 1, 3, ... 2*kernel_max_size-1 pixels."""
    rnd = pick_rnd(rnd_state)
    if not _draw_chance(rnd, chance):
        return img
    kernel_size = rnd.randint(kernel_max_size) * 2 + 1
    blur = restore_channel_axis(cv2.GaussianBlur(img, (kernel_size, kernel_size), 0), img)
    return _blend(img, blur, mask)


def apply_random_resize(img: np.ndarray, chance: float, max_size_per: float,
                        interpolation: int = cv2.INTER_LINEAR, mask: Mask = None,
                        rnd_state: Rnd = None):
    """In `chance` percent of calls shrink by up to `max_size_per` percent and scale back."""
    rnd = pick_rnd(rnd_state)
    if not _draw_chance(rnd, chance):
        return img
    h, w = img.shape[:2]
    part = rnd.rand()
    small = (w - int(part * int(w * (max_size_per / 100.0))),
             h - int(part * int(h * (max_size_per / 100.0))))
    result = cv2.resize(img, small, interpolation=interpolation)
    result = cv2.resize(result, (w, h), interpolation=interpolation)
    return _blend(img, restore_channel_axis(result, img), mask)


def apply_random_nearest_resize(img: np.ndarray, chance: float, max_size_per: float,
                                mask: Mask = None, rnd_state: Rnd = None):
    """`apply_random_resize` with nearest neighbours."""
    return apply_random_resize(img, chance, max_size_per, cv2.INTER_NEAREST, mask, rnd_state)


def apply_random_bilinear_resize(img: np.ndarray, chance: float, max_size_per: float,
                                 mask: Mask = None, rnd_state: Rnd = None):
    """`apply_random_resize` with bilinear interpolation."""
    return apply_random_resize(img, chance, max_size_per, cv2.INTER_LINEAR, mask, rnd_state)


def apply_random_jpeg_compress(img: np.ndarray, chance: float, mask: Mask = None,
                               rnd_state: Rnd = None):
    """In `chance` percent of calls through JPEG at quality 10..100."""
    rnd = pick_rnd(rnd_state)
    if not _draw_chance(rnd, chance):
        return img
    quality = rnd.randint(10, 101)
    pixels = np.clip(img * 255, 0, 255).astype(np.uint8)
    ok, data = cv2.imencode(".jpg", pixels, [int(cv2.IMWRITE_JPEG_QUALITY), int(quality)])
    if not ok:
        raise RuntimeError("OpenCV could not encode an image of shape %s as JPEG" % (img.shape,))
    result = cv2.imdecode(data, cv2.IMREAD_UNCHANGED).astype(np.float32) / 255.0
    return _blend(img, restore_channel_axis(result, img), mask)


def apply_random_overlay_triangle(img: np.ndarray, max_alpha: float, mask: Mask = None,
                                  rnd_state: Rnd = None):
    """Add or subtract a random filled triangle of a value up to `max_alpha`."""
    rnd = pick_rnd(rnd_state)
    h, w, c = img.shape
    corners = np.array([(rnd.randint(w), rnd.randint(h)) for _ in range(3)], dtype=np.int32)
    alpha = rnd.uniform() * max_alpha
    triangle = cv2.fillPoly(np.zeros_like(img), [corners], (alpha,) * c)
    result = img + triangle if rnd.randint(2) == 0 else img - triangle
    return _blend(img, np.clip(result, 0, 1), mask)


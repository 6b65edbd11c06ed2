"""A random shadow over a face: MVE's sample option `random_shadow` (spec 80 section 1.4)."""
import math
from typing import Any, Dict, Mapping, Sequence, Union

import cv2
import numpy as np

from core.imagelib.common import with_channel_axis

from .channels import GRAY

# Ranges of the factors on the brightness inside and outside the shadow.
_DEFAULTS = dict(enabled=True, shadow_low=0.2, shadow_high=0.6, high_bright_low=1.0,
                 high_bright_high=2.5)


def read_shadow_option(option: Union[None, bool, Sequence[Mapping[str, Any]]]) -> Dict[str, float]:
    """Ranges of the option's value, {} when it is off; ValueError for an unknown key.

    Arguments:
        option: a bool, or the list of one-key dicts that MVE's configuration files hold:
            enabled, shadow_low, shadow_high, high_bright_low, high_bright_high.
    """
    if not option:
        return {}
    ranges = dict(_DEFAULTS)
    if option is not True:
        for pair in option:
            for key, value in pair.items():
                if key not in _DEFAULTS:
                    raise ValueError("unknown key %r of random_shadow, known are: %s"
                                     % (key, ", ".join(sorted(_DEFAULTS))))
                ranges[key] = value
    return ranges if ranges.pop("enabled") else {}


def apply_random_shadow(img: np.ndarray, ranges: Dict[str, float], seed: int) -> np.ndarray:
    """Darken a random band of the picture and brighten the rest, in half of the cases.

    Arguments:
        img: (h, w, c) float32 BGR or gray.
        ranges: of `read_shadow_option`.
        seed: of the sample; input and target get the same shadow. Its last digit decides
            whether there is one.

    Returns float32 of the same shape, brightness clipped to 0..1.
    """
    if seed % 10 >= 5:
        return img
    rnd = np.random.RandomState(seed)
    height, width = img.shape[:2]
    band = _draw_band(height, width, rnd)
    sigma = rnd.uniform(3, 9)
    shadow = cv2.GaussianBlur(band, (0, 0), sigma)
    light = cv2.GaussianBlur(1 - band, (0, 0), sigma)
    bright = rnd.uniform(ranges["high_bright_low"], ranges["high_bright_high"])
    dark = rnd.uniform(ranges["shadow_low"], ranges["shadow_high"])
    return _scale_brightness(img, (light * bright + shadow * dark).astype(np.float32))


def _draw_band(height: int, width: int, rnd: np.random.RandomState) -> np.ndarray:
    """1 inside a quadrilateral across the picture, turned by any angle, else 0; (h, w) float32."""
    left, right = rnd.uniform(0, 0.2) * height, rnd.uniform(0, 0.2) * height
    corners = np.array([(0, left), (width, right), (width, right + rnd.uniform(0.3, 0.6) * height),
                        (0, left + rnd.uniform(0.2, 0.6) * height)])
    angle = math.radians(rnd.randint(360))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = corners.mean(axis=0)
    corners = (corners - centre).dot(turn.T) + centre
    band = np.zeros((height, width), dtype=np.float32)
    cv2.fillPoly(band, [np.rint(corners).astype(np.int32)], (1,))
    return band


def _scale_brightness(img: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Multiply the value of HSV, or a gray picture itself, by `factor` (h, w); clipped to 0..1."""
    img = with_channel_axis(img)
    if img.shape[2] == GRAY:
        return np.clip(img * factor[..., np.newaxis], 0, 1)
    h, s, v = cv2.split(cv2.cvtColor(np.clip(img, 0, 1), cv2.COLOR_BGR2HSV))
    shaded = cv2.merge([h, s, np.clip(v * factor, 0, 1)])
    return cv2.cvtColor(shaded, cv2.COLOR_HSV2BGR)

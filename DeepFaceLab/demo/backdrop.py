"""The backdrop behind a character: a soft gradient with out-of-focus lights."""
import colorsys
from typing import Tuple

import cv2
import numpy as np

from .scene import Background, Light

_COARSE = 4  # the backdrop is blurred anyway: painted at a quarter of the size


def paint_backdrop(background: Background, light: Light, size: Tuple[int, int]) -> np.ndarray:
    """(height, width, 3) float32 BGR 0..1 for a picture of (width, height)."""
    width, height = max(2, size[0] // _COARSE), max(2, size[1] // _COARSE)
    rng = np.random.RandomState(background.seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width, y / height
    top = _from_hue(background.hue, 0.45, background.brightness * 1.15)
    bottom = _from_hue(background.hue + 0.08, 0.55, background.brightness * 0.55)
    mix = (y + 0.18 * np.sin(3 * x + 6.28 * background.phase))[..., None]
    picture = top * (1 - mix) + bottom * mix
    for _ in range(9):
        cx, cy = rng.uniform(0, 1), rng.uniform(0, 0.8)
        drift, radius = rng.uniform(-0.5, 0.5), rng.uniform(0.05, 0.17)
        tint = _from_hue(background.hue + rng.uniform(-0.12, 0.25), 0.5, 1.0)
        cx = (cx + drift * background.phase) % 1.2 - 0.1
        away = np.hypot((x - cx) * width / height, y - cy)
        disc = np.clip((radius - away) / 0.035 + 0.5, 0, 1)[..., None]
        picture = picture + disc * tint * background.brightness * rng.uniform(0.12, 0.4)
    picture = picture * (0.55 + 0.45 * min(light.intensity + light.ambient, 1.6) / 1.4)
    picture = cv2.resize(np.clip(picture, 0, 1).astype(np.float32), tuple(size),
                         interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(picture, (0, 0), size[1] / 120.0)


def _from_hue(hue: float, saturation: float, value: float) -> np.ndarray:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, min(value, 1.0))
    return np.float32([blue, green, red])

"""Random artificial light from the image's own gradients (spec 31 section 5). The public names
are those of `core.imagelib.filters`."""
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

from .common import pick_rnd, restore_channel_axis

PYRAMID_LEVELS = 5
AMBIENT = 0.5
EPS = 1e-10
KERNEL_COLS = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=np.float32)


def _resize_to(img: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """To (width, height): averaging areas when it gets smaller, Lanczos when larger."""
    is_smaller = min(size) < min(img.shape[:2])
    interpolation = cv2.INTER_AREA if is_smaller else cv2.INTER_LANCZOS4
    return restore_channel_axis(cv2.resize(img, size, interpolation=interpolation), img)


def _min_resize(x: np.ndarray, m: int) -> np.ndarray:
    """Resize so that the smaller side is `m` pixels."""
    h, w = x.shape[:2]
    size = (int(float(m) / h * w), m) if h < w else (m, int(float(m) / w * h))
    return _resize_to(x, size)


def _d_resize(x: np.ndarray, d: Sequence[int], fac: float = 1.0) -> np.ndarray:
    """Resize to the height and width `d` (an image's shape) times `fac`."""
    return _resize_to(x, (int(d[1] * fac), int(d[0] * fac)))


def _get_image_gradient(dist: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Sobel responses along x and along y, each shaped like the image."""
    cols = restore_channel_axis(cv2.filter2D(dist, cv2.CV_32F, KERNEL_COLS), dist)
    rows = restore_channel_axis(cv2.filter2D(dist, cv2.CV_32F, KERNEL_COLS.T), dist)
    return cols, rows


def _generate_lighting_effects(content: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Gradients (cols, rows) summed over a pyramid, normalised by their largest length per
    channel."""
    levels = [content]
    for _ in range(PYRAMID_LEVELS):
        levels.append(restore_channel_axis(cv2.pyrDown(levels[-1]), content))

    cols, rows = _get_image_gradient(levels.pop())
    while levels:
        fine_cols, fine_rows = _get_image_gradient(levels.pop())
        cols = _add_coarse(cols, fine_cols)
        rows = _add_coarse(rows, fine_rows)

    longest = np.sqrt(cols * cols + rows * rows).max(axis=(0, 1), keepdims=True)
    return (cols + EPS) / (longest + EPS), (rows + EPS) / (longest + EPS)


def _add_coarse(coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    up = restore_channel_axis(cv2.pyrUp(coarse), coarse)
    return _d_resize(up, fine.shape) * 4.0 + fine


def apply_random_relight(img: np.ndarray, mask: Optional[np.ndarray] = None,
                         rnd_state: Optional[np.random.RandomState] = None) -> np.ndarray:
    """Light (h, w, c) float32 `img` from a random side at random intensity, clipped to 0..1."""
    rnd = pick_rnd(rnd_state)
    if rnd.randint(2) == 0:
        y = 1.0 if rnd.randint(2) == 0 else -1.0
        x = rnd.uniform() * 2 - 1.0
    else:
        y = rnd.uniform() * 2 - 1.0
        x = 1.0 if rnd.randint(2) == 0 else -1.0
    z = 0.3 * rnd.uniform() * 0.7
    intensity = 1.0 + rnd.uniform()

    light = np.array([z, y, x], dtype=np.float32)
    light = light / np.sqrt(np.sum(np.square(light)))

    cols, rows = _generate_lighting_effects(img)
    effect = np.clip(rows * light[1] + cols * light[2], 0, 1)
    effect = np.mean(effect, axis=-1, keepdims=True)
    result = np.clip(img * (AMBIENT + effect * intensity), 0, 1).astype(np.float32)
    return result if mask is None else img * (1 - mask) + result * mask

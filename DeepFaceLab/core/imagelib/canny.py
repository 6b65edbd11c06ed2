"""Canny edges as the sharpness metric counts them (spec 31 section 8, estimate_sharpness 1).

Gaussian of sigma 1 with zero border, divided by its response to ones; Sobel; bilinear non-maximum
suppression; 8-connected hysteresis. Sums run in the order of SciPy's filters, so edges that hang
on a tie come out the same.
"""
import cv2
import numpy as np

SIGMA = 1.0
RADIUS = 4
LOW_THRESHOLD = 0.1
HIGH_THRESHOLD = 0.2


def canny(image: np.ndarray) -> np.ndarray:
    """Edge pixels, bool (h, w), of a (h, w) float64 image; the outermost pixels are never edges.

    The thresholds are absolute: at a scale of 0..255 nearly every local maximum passes.
    """
    response = _smooth(np.ones(image.shape, dtype=np.float64)) + np.finfo(np.float64).eps
    smooth = _smooth(image) / response
    gx = _sobel(smooth, axis=1)
    gy = _sobel(smooth, axis=0)
    magnitude = np.hypot(gy, gx)
    maxima = _find_local_maxima(gy, gx, magnitude)
    weak = maxima & (magnitude >= LOW_THRESHOLD)
    return _link_edges(weak, weak & (magnitude >= HIGH_THRESHOLD))


def _smooth(image: np.ndarray) -> np.ndarray:
    x = np.arange(-RADIUS, RADIUS + 1)
    weights = np.exp(-0.5 / (SIGMA * SIGMA) * x ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (RADIUS, RADIUS)
        padded = np.moveaxis(np.pad(image, pad, mode="constant"), axis, 0)
        count = padded.shape[0] - 2 * RADIUS
        total = padded[RADIUS:RADIUS + count] * weights[RADIUS]
        for k in range(RADIUS):
            mirrored = padded[k:k + count] + padded[2 * RADIUS - k:2 * RADIUS - k + count]
            total = total + mirrored * weights[k]
        image = np.moveaxis(total, 0, axis)
    return image


def _sobel(image: np.ndarray, axis: int) -> np.ndarray:
    """Derivative along `axis`, reflected (edge repeated) border."""
    padded = np.pad(image, 1, mode="symmetric")
    if axis == 0:
        slope = padded[2:] - padded[:-2]
        return slope[:, 1:-1] * 2 + (slope[:, :-2] + slope[:, 2:])
    slope = padded[:, 2:] - padded[:, :-2]
    return slope[1:-1] * 2 + (slope[:-2] + slope[2:])


def _find_local_maxima(gy: np.ndarray, gx: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
    """Pixels not below the two values interpolated one step along and against the gradient."""
    abs_y, abs_x = np.abs(gy), np.abs(gx)
    same_sign = ((gy >= 0) & (gx >= 0)) | ((gy <= 0) & (gx <= 0))
    opposite = ((gy <= 0) & (gx >= 0)) | ((gy >= 0) & (gx <= 0))
    steep, flat = abs_y >= abs_x, abs_y <= abs_x
    h, w = magnitude.shape
    padded = np.pad(magnitude, 1, mode="constant")

    def at(dy: int, dx: int) -> np.ndarray:
        return padded[1 + dy:1 + dy + h, 1 + dx:1 + dx + w]

    maxima = np.zeros(magnitude.shape, dtype=bool)
    # (sector, straight neighbour, diagonal neighbour, weight's numerator and denominator); where
    # two sectors meet the later one decides.
    sectors = ((same_sign & steep, (1, 0), (1, 1), abs_x, abs_y),
               (same_sign & flat, (0, 1), (1, 1), abs_y, abs_x),
               (opposite & flat, (0, 1), (-1, 1), abs_y, abs_x),
               (opposite & steep, (-1, 0), (-1, 1), abs_x, abs_y))
    for sector, (sy, sx), (dy, dx), above, below in sectors:
        weight = above / np.where(below == 0, np.nan, below)
        ahead = at(dy, dx) * weight + at(sy, sx) * (1 - weight)
        behind = at(-dy, -dx) * weight + at(-sy, -sx) * (1 - weight)
        with np.errstate(invalid="ignore"):  # no gradient: nan, which is no maximum
            is_peak = (ahead <= magnitude) & (behind <= magnitude)
        maxima[sector] = is_peak[sector]
    maxima[[0, -1], :] = False
    maxima[:, [0, -1]] = False
    return maxima


def _link_edges(weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """Keep the 8-connected groups of weak pixels that hold a strong one."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    is_kept = np.zeros((count,), dtype=bool)
    is_kept[labels[strong]] = True
    is_kept[0] = False
    return is_kept[labels]

"""Affine cubic sampling of a part of a picture, equal to sampling the whole (spec 50 section 7).

`cv2.warpAffine` of OpenCV 4 rounds the two summands of a sampling position on their own, so a
matrix shifted to a part's corner samples some pixels 1/32 pixel beside where the whole would.
OpenCV 5 does not round at all. Here the positions are those that OpenCV 4 takes in the whole, on
every version: faces are merged alike, to the bit, whatever OpenCV an install has.
"""
from typing import Tuple

import cv2
import numpy as np

_POSITION_BITS = 10  # fraction bits of the summands
_TABLE_BITS = 5      # fraction bits of the kernel's table: 1/32 pixel
_HALF_STEP = 1 << (_POSITION_BITS - _TABLE_BITS - 1)
_REACH = 3           # pixels beside a picture that its cubic kernel still touches, rounded up

Window = Tuple[int, int, int, int]


def warp_window(img: np.ndarray, matrix: np.ndarray, window: Window,
                origin: Tuple[int, int] = (0, 0)) -> np.ndarray:
    """A window of `cv2.warpAffine(img, matrix, size, flags=WARP_INVERSE_MAP | INTER_CUBIC)`.

    Arguments:
        img: (h, w[, c]) of a type that `cv2.remap` takes; zero outside.
        matrix: (2, 3) float64, from pixels of the result to pixels of `img`.
        window: (x0, y0, x1, y1) of the result, ends exclusive, not empty.
        origin: (x, y) of the first pixel of `img` in the picture that `matrix` leads to. It is
            taken off the rounded positions: within the matrix it would turn ties over.

    Returns (y1 - y0, x1 - x0[, c]), one channel without its axis, as OpenCV 4 computes it.
    """
    x = _fixed_positions(matrix[0], window)
    y = _fixed_positions(matrix[1], window)
    mask = (1 << _TABLE_BITS) - 1
    fractions = (((y & mask) << _TABLE_BITS) + (x & mask)).astype(np.uint16)
    whole = np.empty(x.shape + (2,), np.int16)
    limits = np.iinfo(np.int16)
    for axis, positions in enumerate((x, y)):
        positions >>= _TABLE_BITS
        positions -= origin[axis]
        whole[..., axis] = np.clip(positions, limits.min, limits.max, out=positions)
    return cv2.remap(img, whole, fractions, cv2.INTER_CUBIC)


def _fixed_positions(row: np.ndarray, window: Window) -> np.ndarray:
    """One coordinate of the sampling positions in 1/32 pixel, (h, w) integers."""
    x0, y0, x1, y1 = window
    scale = 1 << _POSITION_BITS
    along = np.rint(row[0] * np.arange(x0, x1) * scale)
    down = np.rint((row[1] * np.arange(y0, y1) + row[2]) * scale) + _HALF_STEP
    # Beyond this no picture has pixels; sums stay far from the limit of 32 bits.
    limit = float(1 << 29)
    along, down = (np.clip(v, -limit, limit).astype(np.int32) for v in (along, down))
    positions = down[:, None] + along
    positions >>= _POSITION_BITS - _TABLE_BITS
    return positions


def find_window(matrix: np.ndarray, size: int, shape: Tuple[int, ...]) -> Window:
    """The part of a frame that a crop touches, either way.

    Arguments:
        matrix: (2, 3) from pixels of the frame to pixels of the crop.
        size: side of the crop in pixels.
        shape: at least (H, W) of the frame.

    Returns (x0, y0, x1, y1) within the frame: it holds every frame pixel that cubic sampling of
    the crop reads, and every one into which a pasted crop writes. It may be empty
    (x0 >= x1 or y0 >= y1).
    """
    corners = np.float64([(-_REACH, -_REACH), (size + _REACH, -_REACH),
                          (size + _REACH, size + _REACH), (-_REACH, size + _REACH)])
    inverse = cv2.invertAffineTransform(np.asarray(matrix, np.float64))
    corners = corners.dot(inverse[:, :2].T) + inverse[:, 2]
    limits = np.float64([shape[1], shape[0]])
    low = np.clip(np.floor(corners.min(axis=0)) - _REACH, 0, limits)
    high = np.clip(np.ceil(corners.max(axis=0)) + _REACH, 0, limits)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def crop_from_window(img: np.ndarray, window: Window, matrix: np.ndarray,
                     size: int) -> np.ndarray:
    """`cv2.warpAffine(frame, matrix, (size, size), flags=INTER_CUBIC)` of a frame's window.

    Arguments:
        img: (h, w[, c]), the window of the frame.
        window: (x0, y0, x1, y1) of the frame, as `find_window` gives for this matrix.
        matrix: (2, 3) from pixels of the frame to pixels of the crop.

    Returns (size, size[, c]), one channel without its axis; zeros for an empty window.
    """
    if img.shape[0] == 0 or img.shape[1] == 0:
        return np.zeros((size, size) + img.shape[2:], img.dtype)
    inverse = cv2.invertAffineTransform(np.asarray(matrix, np.float64))
    return warp_window(img, inverse, (0, 0, size, size), window[:2])

"""Crops for the landmark detector, and landmarks from its heat maps (spec 40 sections 5.3, 5.4).

No TensorFlow.
"""
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

WEIGHTS_NAMES = {False: "2DFAN.npy", True: "3DFAN.npy"}     # 3D or not

CROP = 256          # side of what the network sees
FACE_SIZE = 195.0   # width and height of a box that has scale 1, added
SPAN = 200.0        # pixels of the picture in a crop of scale 1
# Where the crop is taken from, for the mean of five.
SAMPLE_OFFSETS = ((0, 0), (-1, -1), (1, -1), (1, 1), (-1, 1))

Rect = Sequence[float]


def describe_rect(rect: Rect) -> Tuple[np.ndarray, float]:
    """(centre, scale) of a box l, t, r, b."""
    left, top, right, bottom = rect
    centre = np.array([(left + right) / 2.0, (top + bottom) / 2.0])
    return centre, (right - left + bottom - top) / FACE_SIZE


def transform(point: Sequence[float], center: Sequence[float], scale: float,
              resolution: float) -> np.ndarray:
    """A point of the crop in pixels of the picture, (2,) float64.

    The matrix is inverted and not written down as it would be by hand: what follows truncates to
    whole pixels, and the last bit decides.
    """
    return np.matmul(_invert(center, scale, resolution), [point[0], point[1], 1.0])[:2]


def _invert(center: Sequence[float], scale: float, resolution: float) -> np.ndarray:
    """(3, 3) matrix from the crop to the picture; LinAlgError for an empty box."""
    height = SPAN * scale
    matrix = np.eye(3)
    matrix[0, 0] = matrix[1, 1] = resolution / height
    matrix[0, 2] = resolution * (-center[0] / height + 0.5)
    matrix[1, 2] = resolution * (-center[1] / height + 0.5)
    return np.linalg.inv(matrix)


def crop(image: np.ndarray, center: Sequence[float], scale: float,
         resolution: float = float(CROP)) -> Optional[np.ndarray]:
    """(r,r,3) uint8 of a picture (h,w,3), black outside of it; None if it lies fully outside."""
    left, top = [int(x) for x in transform([1, 1], center, scale, resolution)]
    right, bottom = [int(x) for x in transform([resolution, resolution], center, scale,
                                               resolution)]
    if right <= left or bottom <= top:
        return None
    h, w = image.shape[:2]
    # Counted from 1, as in the code that the weights were made with.
    source_x, target_x = _overlap(left, right, w)
    source_y, target_y = _overlap(top, bottom, h)
    if source_x.start >= source_x.stop or source_y.start >= source_y.stop:
        return None
    canvas = np.zeros((bottom - top, right - left, image.shape[2]), np.uint8)
    canvas[target_y, target_x] = image[source_y, source_x]
    side = int(resolution)
    return cv2.resize(canvas, (side, side), interpolation=cv2.INTER_LINEAR)


def _overlap(first: int, last: int, size: int) -> Tuple[slice, slice]:
    """Pixels of a picture's side, and of the canvas, that first..last covers."""
    source = slice(max(1, first + 1) - 1, min(last, size))
    target = slice(max(1, 1 - first) - 1, min(last, size) - first)
    return source, target


def get_pts_from_predict(a: np.ndarray, center: Sequence[float], scale: float) -> np.ndarray:
    """Landmarks (68, 2) float64 in pixels of the picture from heat maps (68, h, w).

    Each is its map's first maximum, a quarter of a cell towards the larger neighbour.
    """
    count, h, w = a.shape
    best = a.reshape(count, -1).argmax(axis=1)
    points = np.stack([best % w, best // w], -1).astype(np.float64)
    for i, (x, y) in enumerate(points.astype(int).tolist()):
        if 0 < x < w - 1 and 0 < y < h - 1:
            points[i] += [0.25 * np.sign(a[i, y, x + 1] - a[i, y, x - 1]),
                          0.25 * np.sign(a[i, y + 1, x] - a[i, y - 1, x])]
    points += 0.5
    matrix = _invert(center, scale, float(w))
    return np.array([np.matmul(matrix, [x, y, 1.0])[:2] for x, y in points])


def list_samples(rect: Rect, multi_sample: bool) -> List[Tuple[np.ndarray, float]]:
    """(centre, scale) of the crops whose landmarks are averaged for a box."""
    centre, scale = describe_rect(rect)
    offsets = SAMPLE_OFFSETS if multi_sample else SAMPLE_OFFSETS[:1]
    return [(centre + offset, scale) for offset in offsets]

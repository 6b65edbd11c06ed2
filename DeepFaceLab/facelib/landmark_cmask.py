"""Coloured soft mask of the parts of a face (spec 40 section 3.10)."""
from typing import Tuple

import numpy as np

from .landmark_masks import get_image_hull_mask

# part -> polylines as (indices, closed)
_LINES = {
    "eyes": ((range(42, 48), True), (range(36, 42), True)),
    "brows": ((range(22, 27), False), (range(17, 22), False)),
    "up_nose": (((27, 28, 29, 30, 33), False),),
    "down_nose": ((range(31, 36), False),),
    "mouth": ((range(48, 60), True),),
}


def _distance_to_lines(grid: np.ndarray, landmarks: np.ndarray, part: str) -> np.ndarray:
    """Distance in pixels of every grid point (h, w, 2) to the nearest segment of the part."""
    nearest = np.full(grid.shape[:2], np.inf)
    for indices, closed in _LINES[part]:
        points = landmarks[list(indices)].astype(np.float64)
        ends = np.roll(points, -1, axis=0)
        count = len(points) if closed else len(points) - 1
        for start, end in zip(points[:count], ends[:count]):
            along, offset = end - start, grid - start
            square = max(float(along.dot(along)), 1e-30)  # a segment may have no length
            share = np.clip(offset.dot(along) / square, 0, 1)
            gap = offset - along * share[..., np.newaxis]
            np.minimum(nearest, np.sqrt((gap * gap).sum(axis=-1)), out=nearest)
    return nearest


def _fade(distance: np.ndarray, fall: float) -> np.ndarray:
    return 1 - np.clip(distance / max(fall, 1), 0, 1)


def get_cmask(image_shape: Tuple, lmrks, eyebrows_expand_mod: float = 1.0) -> np.ndarray:
    """Soft mask coloured by part: skin green, eyes blue, mouth and brows red, nose yellow.

    Arguments:
        image_shape: (h, w, c).
        lmrks: (68, 2) landmarks in pixels.
        eyebrows_expand_mod: of the hull that bounds the mask.

    Returns (h, w, 3) float64 in 0..1, BGR.
    """
    height, width, _ = image_shape
    hull = get_image_hull_mask(image_shape, lmrks, eyebrows_expand_mod)
    landmarks = np.asarray(lmrks)
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float64)
    distance = {part: _distance_to_lines(grid, landmarks, part) for part in _LINES}

    eyes = _fade(distance["eyes"] - max(width // 64, 1), width // 32)
    brows = _fade(distance["brows"] - max(width // 256, 1), width // 32)
    mouth = _fade(distance["mouth"] - max(width // 64, 1), width // 32)
    nose = _nose_mask(distance, width)

    eyes, brows, mouth, nose = (x[..., np.newaxis] for x in (eyes, brows, mouth, nose))
    eyes = eyes * (1 - mouth)
    nose = nose * (1 - eyes)
    skin = hull * (1 - eyes) * (1 - brows) * (1 - nose) * (1 - mouth)
    mouth = mouth * (1 - nose)
    brows = brows * (1 - nose) * (1 - eyes)
    parts = ((skin, (0, 1, 0)), (mouth, (0, 0, 1)), (nose, (0, 1, 1)), (brows, (0, 0, 1)),
             (eyes, (1, 0, 0)))
    return sum(alpha * np.array(color, dtype=np.float64) for alpha, color in parts) * hull


def _nose_mask(distance: dict, width: int) -> np.ndarray:
    """Ridge and base of the nose, joined by a smooth minimum."""
    thickness = max(width // 96, 1)
    ridge, base = distance["up_nose"] - thickness, distance["down_nose"] - thickness
    k = thickness * 3
    x = np.clip(0.5 + 0.5 * (base - ridge) / k, 0, 1)
    return _fade((ridge - base) * x + base - k * x * (1 - x), width / 12)

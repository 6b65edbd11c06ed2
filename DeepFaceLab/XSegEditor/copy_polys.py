"""Polygons carried from one face to another by the landmarks of both."""
from typing import Tuple

import numpy as np

from core.imagelib import SegIEPolys

# Share of the face's size in which a landmark's own movement is felt.
REACH = 0.12


def fit_affine(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 2) matrix of least squares: [x, y, 1] @ matrix, from (n, 2) to (n, 2) points."""
    extended = np.concatenate([source, np.ones((len(source), 1))], axis=1)
    return np.linalg.lstsq(extended, target, rcond=None)[0]


def carry_points(pts: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(n, 2) points that lie to `target` as `pts` lie to `source`, both (68, 2) landmarks.

    The affine map of all landmarks turns and stretches the head; what single landmarks do beyond
    that (a mouth that opens) is added with weights that fall off within REACH of the face, so that
    points far from every landmark follow the head alone.
    """
    pts, source, target = (np.asarray(array, np.float64) for array in (pts, source, target))
    matrix = fit_affine(source, target)

    def move_with_head(points: np.ndarray) -> np.ndarray:
        return np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix

    residuals = target - move_with_head(source)
    reach = REACH * np.ptp(source, axis=0).max()
    distances = np.linalg.norm(pts[:, None] - source[None], axis=2)
    weights = np.exp(-np.square(distances / max(reach, 1e-6)) / 2)
    own = weights @ residuals / (weights.sum(axis=1, keepdims=True) + 0.1)
    return (move_with_head(pts) + own).astype(np.float32)


def carry_polys(polys: SegIEPolys, source: np.ndarray, target: np.ndarray) -> SegIEPolys:
    """The polygons of a face for another one."""
    result = SegIEPolys()
    for poly in polys:
        pts = poly.get_pts()
        if len(pts):
            result.add_poly(poly.get_type()).set_points(carry_points(pts, source, target))
    return result


def have_landmarks(*faces) -> bool:
    """Whether all opened faces have a set of landmarks of one size."""
    shapes: Tuple = tuple(None if face.landmarks is None else face.landmarks.shape
                          for face in faces)
    return shapes[0] is not None and len(shapes[0]) == 2 and len(set(shapes)) == 1

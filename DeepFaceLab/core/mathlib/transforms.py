"""Angles, areas and 2x3 affine matrices (spec 31 section 9)."""
import math
from typing import Sequence

import cv2
import numpy as np


def get_power_of_two(x: float) -> int:
    """Smallest i >= 0 with 2**i >= x."""
    i = 0
    while (1 << i) < x:
        i += 1
    return i


def rotationMatrixToEulerAngles(R: np.ndarray) -> np.ndarray:
    """Angles (x, y, z) in radians, float64 (3,), of the rotation matrix `R` = Rz Ry Rx (3, 3)."""
    sy = math.sqrt(R[0, 0] * R[0, 0] + R[1, 0] * R[1, 0])
    y = math.atan2(-R[2, 0], sy)
    if sy < 1e-6:  # gimbal lock: only x - z is defined, z is set to 0
        return np.array([math.atan2(-R[1, 2], R[1, 1]), y, 0.0])
    return np.array([math.atan2(R[2, 1], R[2, 2]), y, math.atan2(R[1, 0], R[0, 0])])


def polygon_area(x: Sequence[float], y: Sequence[float]) -> float:
    """Area (shoelace, never negative) of the polygon with the corner coordinates x and y."""
    x, y = np.asarray(x), np.asarray(y)
    # Products and sums, no np.dot: BLAS kernels differ in the last bit from processor to processor.
    return 0.5 * np.abs(np.sum(x * np.roll(y, 1)) - np.sum(y * np.roll(x, 1)))


def rotate_point(origin: Sequence[float], point: Sequence[float], deg: float) -> np.ndarray:
    """`point` rotated about `origin` by `deg` degrees (from x towards y), float32 (2,)."""
    ox, oy = origin
    px, py = point
    rad = math.radians(deg)
    cos, sin = math.cos(rad), math.sin(rad)
    qx = ox + cos * (px - ox) - sin * (py - oy)
    qy = oy + sin * (px - ox) + cos * (py - oy)
    return np.array([qx, qy], dtype=np.float32)


def transform_points(points, mat: np.ndarray, invert: bool = False) -> np.ndarray:
    """Apply the 2x3 matrix `mat` (or its inverse) to points.

    Arguments:
        points: (N, 2) array or list of pairs in pixels.
        mat: (2, 3) float matrix.
        invert: apply the inverse of `mat`.

    Returns (N, 2), squeezed: a single point comes back as (2,). The element type rules are
    observable and kept: float64 and float32 stay what they are, integers are computed in double
    and rounded to int32 (spec 40 section 3.3).
    """
    if invert:
        mat = cv2.invertAffineTransform(mat)
    points = np.asarray(points)
    if points.dtype.kind in "iub":
        points = points.astype(np.int32)
    points = np.expand_dims(points, axis=1)
    return np.squeeze(cv2.transform(points, mat))


def transform_mat(mat: np.ndarray, res: int, tx: float, ty: float,
                  rotation: float, scale: float) -> np.ndarray:
    """Move, turn and scale the source square that `mat` cuts out.

    Arguments:
        mat: (2, 3) matrix from source pixels to a `res` x `res` crop.
        res: side of the crop in pixels.
        tx, ty: shift as a fraction of the square's sides, in source axes.
        rotation: degrees about the square's centre.
        scale: 1 keeps the square, larger values take in more of the source.

    Returns the new (2, 3) float64 matrix onto the same crop. Points are float32 throughout, which
    `cv2.getAffineTransform` demands.
    """
    corners = np.float32([(0, 0), (res, 0), (0, res), (res / 2, res / 2)])
    lt, rt, lb, ct = transform_points(corners, mat, invert=True)

    hor_len = np.linalg.norm(rt - lt)
    ver_len = np.linalg.norm(lb - lt)
    half_diagonal = np.linalg.norm(rt - ct)
    u = (rt - ct) / half_diagonal
    v = np.array([-u[1], u[0]], dtype=np.float32)
    reach = np.float32(half_diagonal * scale)

    shift = np.array([tx * hor_len, ty * ver_len], dtype=np.float32)
    moved = [corner + shift for corner in (ct - v * reach, ct + u * reach, ct - u * reach)]
    turned = [rotate_point(ct, corner, rotation) for corner in moved]
    target = np.float32([(0, 0), (res, 0), (0, res)])
    return cv2.getAffineTransform(np.float32(turned), target)

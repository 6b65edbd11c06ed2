"""Delaunay triangulation of a few hundred points, without SciPy."""
from typing import List, Set, Tuple

import numpy as np

# Index of the vertex at infinity: a triangle (GHOST, a, b) stands for the half plane outside of
# the hull edge a-b.
GHOST = -1
Triangle = Tuple[int, int, int]


def triangulate(points: np.ndarray) -> np.ndarray:
    """Delaunay triangles of (n, 2) points by incremental insertion (Bowyer 1981, Watson 1981).

    Returns (m, 3) integer indices; points that repeat an earlier one are in no triangle. Exact for
    whole pixels up to 4096. Raises ValueError when all points lie on one line.
    """
    pts = np.asarray(points, dtype=np.float64)
    order = _order_points(pts)
    a, b, c = order[:3]
    if _cross(pts, a, b, c) < 0:
        b, c = c, b
    triangles: Set[Triangle] = {(a, b, c), (GHOST, b, a), (GHOST, c, b), (GHOST, a, c)}
    for index in order[3:]:
        _insert(pts, triangles, index)
    return np.array(sorted(t for t in triangles if GHOST not in t), dtype=np.int64)


def _order_points(pts: np.ndarray) -> List[int]:
    """Distinct points, the first three of them not on one line."""
    _, first = np.unique(pts, axis=0, return_index=True)
    order = sorted(int(i) for i in first)
    for k in range(2, len(order)):
        if _cross(pts, order[0], order[1], order[k]) != 0:
            order.insert(2, order.pop(k))
            return order
    raise ValueError("triangulate: needs three points that are not on one line")


def _cross(pts: np.ndarray, a: int, b: int, c: int) -> float:
    (ax, ay), (bx, by), (cx, cy) = pts[a], pts[b], pts[c]
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


def _is_inside(pts: np.ndarray, triangle: Triangle, d: int) -> bool:
    """Whether point d lies in the circumscribed circle of the counter-clockwise triangle."""
    if triangle[0] == GHOST:
        _, a, b = triangle
        side = _cross(pts, a, b, d)
        if side != 0:
            return side > 0
        # On the hull's line: inside only between the two ends.
        return bool(np.dot(pts[a] - pts[d], pts[b] - pts[d]) < 0)
    rel = pts[list(triangle)] - pts[d]
    (ax, ay), (bx, by), (cx, cy) = rel
    a2, b2, c2 = np.sum(rel * rel, axis=1)
    return (ax * (by * c2 - b2 * cy) - ay * (bx * c2 - b2 * cx) + a2 * (bx * cy - by * cx)) > 0


def _insert(pts: np.ndarray, triangles: Set[Triangle], index: int) -> None:
    """Replace the triangles whose circle holds the point by a fan around it."""
    cavity = [t for t in triangles if _is_inside(pts, t, index)]
    edges = set()
    for a, b, c in cavity:
        edges.update(((a, b), (b, c), (c, a)))
    triangles.difference_update(cavity)
    for a, b in edges:
        if (b, a) not in edges:
            triangles.add(_rotate_ghost((a, b, index)))


def _rotate_ghost(triangle: Triangle) -> Triangle:
    """The same triangle with a vertex at infinity first."""
    if GHOST in triangle:
        k = triangle.index(GHOST)
        return triangle[k:] + triangle[:k]
    return triangle

"""Distances to polygons (spec 31 section 7)."""
from typing import Sequence, Tuple

import numpy as np
import numpy.linalg as npla


def dist_to_edges(pts: np.ndarray, pt: Sequence[float],
                  is_closed: bool = False) -> Tuple[np.ndarray, np.ndarray]:
    """Distance of one point to every edge of a line through `pts`.

    Arguments:
        pts: (n, 2) corners.
        pt: (2,) the point.
        is_closed: also measure the edge from the last corner to the first, as the last one.

    Returns (distances (m,), nearest points on the edges (m, 2)), m = n or n - 1 edges. Edges of
    zero length are points.
    """
    pts = np.asarray(pts)
    pt = np.asarray(pt)
    starts, ends = pts[:-1], pts[1:]
    if is_closed:
        starts, ends = pts, np.roll(pts, -1, axis=0)

    edges = ends - starts
    squared = np.sum(edges * edges, axis=-1)
    along = np.sum((pt - starts) * edges, axis=-1)
    fraction = np.clip(along / np.where(squared == 0, 1, squared), 0, 1)
    nearest = starts + fraction[:, np.newaxis] * edges
    return npla.norm(pt - nearest, axis=-1), nearest

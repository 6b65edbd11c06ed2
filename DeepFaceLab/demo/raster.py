"""A z-buffer rasteriser in NumPy: all triangles at once, row by row, no loop over triangles."""
from typing import NamedTuple, Tuple

import numpy as np


class Fragments(NamedTuple):
    """The visible surface points of a picture, one per covered pixel.

    Attributes:
        pixels: (n,) int64 flat pixel index, ascending.
        triangles: (n,) int64 index of the triangle seen there.
        weights: (n, 3) float32 barycentric weights of its corners.
        depth: (n,) float32.
    """

    pixels: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    depth: np.ndarray


def rasterize(points: np.ndarray, depth: np.ndarray, triangles: np.ndarray,
              shape: Tuple[int, int]) -> Fragments:
    """Which triangle each pixel sees.

    Arguments:
        points: (V, 2) positions in pixels; a pixel's centre has whole coordinates.
        depth: (V,) distance from the viewer in any unit, smaller is nearer.
        triangles: (T, 3) vertices; only triangles that turn clockwise on the screen (x right,
            y down) are seen, the others show their back.
        shape: (height, width) of the picture.
    """
    height, width = shape
    triangles, kept = _drop_hidden(points, depth, triangles, shape)
    corners = points[triangles]
    row_triangle, rows, lefts, rights = _cut_into_rows(corners, shape)

    counts = rights - lefts + 1
    owner_row = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    x = np.arange(int(counts.sum())) - (starts - lefts)[owner_row]

    # Depth is a plane over each triangle; only what is seen gets its weights.
    planes = _barycentric_planes(corners)
    corner_depth = depth[triangles]
    z_start, z_step = _depth_along_rows(planes, corner_depth, row_triangle, rows)
    z = z_start[owner_row] + z_step[owner_row] * x
    winner = _nearest((rows * width)[owner_row] + x, z, height * width)
    pixels = np.flatnonzero(winner >= 0)
    winner = winner[pixels]

    row = owner_row[winner]
    seen = row_triangle[row]
    plane, x, y = planes[seen], x[winner], rows[row]
    second = plane[:, 0] * x + plane[:, 1] * y + plane[:, 2]
    third = plane[:, 3] * x + plane[:, 4] * y + plane[:, 5]
    weights = np.stack([1 - second - third, second, third], axis=1)
    return Fragments(pixels, kept[seen], weights.astype(np.float32),
                     z[winner].astype(np.float32))


def _depth_along_rows(planes: np.ndarray, corner_depth: np.ndarray, row_triangle: np.ndarray,
                      rows: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Depth of each pixel run at x = 0, and its change from one pixel to the next."""
    second = corner_depth[:, 1] - corner_depth[:, 0]
    third = corner_depth[:, 2] - corner_depth[:, 0]
    along_x = planes[:, 0] * second + planes[:, 3] * third
    along_y = planes[:, 1] * second + planes[:, 4] * third
    at_zero = corner_depth[:, 0] + planes[:, 2] * second + planes[:, 5] * third
    return at_zero[row_triangle] + along_y[row_triangle] * rows, along_x[row_triangle]


def _drop_hidden(points, depth, triangles, shape) -> Tuple[np.ndarray, np.ndarray]:
    """Triangles that face the viewer and touch the picture, far ones first, and their indices."""
    corners = points[triangles]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    low, high = corners.min(axis=1), corners.max(axis=1)
    seen = ((area > 1e-9) & (high[:, 0] >= 0) & (high[:, 1] >= 0)
            & (low[:, 0] <= shape[1] - 1) & (low[:, 1] <= shape[0] - 1))
    kept = np.flatnonzero(seen)
    order = np.argsort(-depth[triangles[kept]].sum(axis=1), kind="mergesort")
    kept = kept[order]
    return triangles[kept], kept


def _cut_into_rows(corners: np.ndarray, shape: Tuple[int, int]):
    """Pixel runs of the triangles: (triangle, row, first column, last column), int64 each."""
    height, width = shape
    top = np.clip(np.ceil(corners[:, :, 1].min(axis=1)), 0, height).astype(np.int64)
    bottom = np.clip(np.floor(corners[:, :, 1].max(axis=1)), -1, height - 1).astype(np.int64)
    counts = np.maximum(bottom - top + 1, 0)
    of_triangle = np.repeat(np.arange(len(corners)), counts)
    rows = np.arange(len(of_triangle)) - (np.cumsum(counts) - counts - top)[of_triangle]

    left = np.full(len(rows), -np.inf)
    right = np.full(len(rows), np.inf)
    for k in range(3):
        p, q = corners[of_triangle, k], corners[of_triangle, (k + 1) % 3]
        rise = q[:, 1] - p[:, 1]
        flat = np.abs(rise) < 1e-12
        cut = p[:, 0] + (rows - p[:, 1]) * (q[:, 0] - p[:, 0]) / np.where(flat, 1.0, rise)
        # Clockwise on the screen: an edge that goes up bounds the inside from the left.
        np.maximum(left, np.where((rise < 0) & ~flat, cut, -np.inf), out=left)
        np.minimum(right, np.where((rise > 0) & ~flat, cut, np.inf), out=right)
    lefts = np.clip(np.ceil(left), 0, width).astype(np.int64)
    rights = np.clip(np.floor(right), -1, width - 1).astype(np.int64)
    filled = np.flatnonzero(rights >= lefts)
    return of_triangle[filled], rows[filled], lefts[filled], rights[filled]


def _barycentric_planes(corners: np.ndarray) -> np.ndarray:
    """(T, 6): second weight = p0 x + p1 y + p2, third weight = p3 x + p4 y + p5."""
    ax, ay = corners[:, 0, 0], corners[:, 0, 1]
    bx, by = corners[:, 1, 0] - ax, corners[:, 1, 1] - ay
    cx, cy = corners[:, 2, 0] - ax, corners[:, 2, 1] - ay
    scale = 1.0 / (bx * cy - by * cx)
    return np.stack([cy * scale, -cx * scale, (cx * ay - cy * ax) * scale,
                     -by * scale, bx * scale, (by * ax - bx * ay) * scale], axis=1)


def _nearest(pixel: np.ndarray, z: np.ndarray, size: int) -> np.ndarray:
    """(size,) index of the nearest fragment of each pixel, -1 where there is none.

    Fragments come roughly far to near. Repeated indices of an assignment keep the last value, so
    the first round is nearly right; later rounds settle what is nearer still.
    """
    buffer = np.full(size, np.inf)
    winner = np.full(size, -1, np.int64)
    candidates = np.arange(len(pixel))
    while len(candidates):
        at = pixel[candidates]
        winner[at] = candidates
        buffer[at] = z[winner[at]]
        candidates = candidates[z[candidates] < buffer[at]]
    return winner

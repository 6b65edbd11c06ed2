"""The neutral head: a smooth surface through the 68 landmarks of the 3D model, as a mesh.

Every direction from a centre inside the head meets the surface once, so the surface is a radius
over the sphere. The sphere is laid out flat around the face's front: (u, v) is the angle from the
front in degrees times the direction in the picture (azimuthal equidistant). (u, v) is also where
textures are painted, so paint stays on its place of the skin whatever shape the skin takes.

Axes and unit are those of the landmark model (spec 40 section 3.1): x right, y down, z away from
the viewer, about a millimetre.
"""
from functools import lru_cache
from typing import Dict, List, NamedTuple, Tuple

import cv2
import numpy as np

from facelib import LandmarksProcessor

CENTRE = np.array([0.0, -20.0, 50.0])
RIM = 150.0  # degrees from the front where the mesh ends, behind hair and neck

# Points of the neutral head that the 68 landmarks do not name; x >= 0 stands for both sides.
_MIDDLE = [
    (0, -58, -15.5),
    (0, -75, -16),
    (0, -93, -13),
    (0, -112, -3),
    (0, -130, 16),
    (0, -144, 46),
    (0, -49, -14.5),
    (0, -2, -36),
    (0, 3.5, -30.5),
    (0, 13, -23.8),
    (0, 23.6, -25.2),
    (0, 35.5, -26),
    (0, 46.5, -18.8),
    (0, 59, -19.5),
    (0, 70, -13.5),
    (0, 75, 13),
    (0, 64, 34),
    (0, 56, 60),
]
_SIDES = [
    # nose: bridge, side wall, tip, wing, nostril
    (7, -42, -8.5), (6, -30, -17), (8.5, -20, -19), (11, -28, -8), (13.5, -19, -10.5),
    (6, -9, -34), (9.5, -7, -27), (5, -1.5, -33.5), (14, -8, -17), (15.5, -2.5, -20.5),
    (20.5, -14, -4.5), (20.5, -3, -8.5), (19, 6, -13), (6.5, 1.5, -28.5),
    # around the eye
    (14, -49, -9), (33, -51, -1.5), (48, -49, 5), (33, -47.5, 3), (23, -45, 1.5), (43, -45.5, 5.5),
    (13, -37, -5.5), (33, -30, 1.5), (22, -29, -2.5), (45, -30, 5.5), (52, -38, 10),
    # cheek and cheekbone
    (46, -19, 3.5), (36, -14, -2), (56, -24, 11.5), (63, -36, 22), (63, -10, 22), (30, -7, -5.5),
    (36, 6, -5.5), (46, 8, 2.5), (56, 14, 15), (27, 12, -11), (30, 20, -8.5), (40, 27, 1.5),
    (50, 33, 14), (61, 27, 31),
    # mouth and chin
    (9, 23.6, -24), (9, 35.6, -24.8), (19, 26, -16), (18, 33.3, -17.2), (8, 13, -22.5),
    (34, 28.5, -1), (24, 44, -9.5), (12, 47, -16.5), (35, 52, 3), (14, 61, -15.5), (24, 62, -3),
    # forehead and temple
    (18, -75, -13), (36, -76, -4), (50, -78, 9), (62, -72, 26), (64, -56, 22), (20, -94, -9),
    (40, -97, 3), (56, -98, 22), (24, -116, 3), (46, -118, 22), (66, -92, 46), (69, -50, 36),
    # below the jaw
    (20, 66, 32), (36, 58, 45), (50, 47, 58), (63, 30, 62), (70, 10, 66), (24, 56, 62),
]
# Rear of the skull: centre and half axes of an ellipsoid.
_SKULL_CENTRE = np.array([0.0, -55.0, 78.0])
_SKULL_AXES = np.array([77.0, 92.0, 98.0])


class HeadMesh(NamedTuple):
    """The neutral head.

    Attributes:
        points: (V, 3) float64 positions; the first 68 vertices are the landmarks.
        uv: (V, 2) float64 place of each vertex on the flat layout, degrees.
        triangles: (T, 3) int64, counter-clockwise seen from outside.
        lips: vertices of the inner lip's edge, a closed chain.
        lids: two closed chains, edges of the right and of the left eye.
    """

    points: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    lips: np.ndarray
    lids: Tuple[np.ndarray, np.ndarray]


def symmetric_landmarks() -> np.ndarray:
    """(68, 3) float64 landmarks of the mean head, left and right averaged."""
    points = LandmarksProcessor.landmarks_68_3D.astype(np.float64)
    mirrored = points.copy()
    pairs = np.array(LandmarksProcessor.mirror_idxs)
    mirrored[pairs] = mirrored[pairs[:, ::-1]]
    mirrored[:, 0] *= -1
    result = (points + mirrored) / 2
    result[[8, 27, 28, 29, 30, 33, 51, 57, 62, 66], 0] = 0.0
    return result


def to_flat(points: np.ndarray) -> np.ndarray:
    """(n, 2) place on the flat layout, degrees, of (n, 3) points."""
    rays = np.asarray(points, np.float64) - CENTRE
    across = np.hypot(rays[:, 0], rays[:, 1])
    angle = np.degrees(np.arctan2(across, -rays[:, 2]))
    return rays[:, :2] * (angle / np.maximum(across, 1e-9))[:, None]


def from_flat(uv: np.ndarray) -> np.ndarray:
    """(n, 3) unit directions of (n, 2) places on the flat layout."""
    angle = np.hypot(uv[:, 0], uv[:, 1])
    turn = np.radians(angle)
    across = np.sin(turn) / np.maximum(angle, 1e-9)
    return np.stack([uv[:, 0] * across, uv[:, 1] * across, -np.cos(turn)], axis=1)


def _control_points() -> np.ndarray:
    """(n, 3) points that the neutral surface is fitted to."""
    sides = np.array(_SIDES, np.float64)
    mirrored = sides * (-1, 1, 1)
    return np.concatenate([symmetric_landmarks(), np.array(_MIDDLE, np.float64), sides, mirrored,
                           _skull_points()])


def _skull_points() -> np.ndarray:
    """Points on the skull's ellipsoid wherever no hand-placed point describes the head."""
    points = []
    for angle in (85.0, 100.0, 120.0, 140.0, 155.0):
        for turn in np.arange(0.0, 360.0, 24.0):
            uv = np.array([[np.sin(np.radians(turn)), -np.cos(np.radians(turn))]]) * angle
            ray = from_flat(uv)[0]
            if ray[1] > 0.15:  # below the ear the jaw and the neck take over
                if angle >= 120.0:
                    points.append(CENTRE + ray * 88.0)
                continue
            if angle < 100.0 and ray[1] > -0.75:
                continue
            points.append(CENTRE + ray * _ellipsoid_radius(ray))
    return np.array(points)


def _ellipsoid_radius(ray: np.ndarray) -> float:
    """Distance from CENTRE along a unit ray to the skull's ellipsoid."""
    start = (CENTRE - _SKULL_CENTRE) / _SKULL_AXES
    step = ray / _SKULL_AXES
    a, b, c = step.dot(step), 2 * start.dot(step), start.dot(start) - 1
    return float((-b + np.sqrt(b * b - 4 * a * c)) / (2 * a))


def fit_thin_plate(places: np.ndarray, values: np.ndarray, softness: float):
    """Thin-plate spline over the plane; returns a function of (n, 2) places.

    `softness` is the smoothing added to the kernel's diagonal; 0 interpolates.
    """
    n = len(places)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _thin_plate(places, places) + softness * np.eye(n)
    system[:n, n] = system[n, :n] = 1.0
    system[:n, n + 1:] = places
    system[n + 1:, :n] = places.T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros(3)]))

    def evaluate(at: np.ndarray) -> np.ndarray:
        return _thin_plate(at, places).dot(weights[:n]) + weights[n] + at.dot(weights[n + 1:])

    return evaluate


def _thin_plate(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squared = (a[:, None, 0] - b[None, :, 0]) ** 2 + (a[:, None, 1] - b[None, :, 1]) ** 2
    return 0.5 * squared * np.log(squared + 1e-12)


def sample_loop(places: np.ndarray, pieces: int, sharp: Tuple[int, ...] = ()) -> np.ndarray:
    """Closed Catmull-Rom curve through (n, 2) places, `pieces` points a segment.

    Point k * pieces is place k. At the corners listed in `sharp` the tangent is broken.
    """
    n = len(places)
    result: List[np.ndarray] = []
    for k in range(n):
        p1, p2 = places[k], places[(k + 1) % n]
        p0 = 2 * p1 - p2 if k in sharp else places[k - 1]
        p3 = 2 * p2 - p1 if (k + 1) % n in sharp else places[(k + 2) % n]
        t = (np.arange(pieces) / float(pieces))[:, None]
        result.append(0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t ** 2
                             + (3 * p1 - p0 - 3 * p2 + p3) * t ** 3))
    return np.concatenate(result)


def _spacing(uv: np.ndarray) -> np.ndarray:
    """Wanted distance of neighbouring vertices, degrees, at (n, 2) places."""
    radius = np.hypot(uv[:, 0], uv[:, 1])
    wide = 2.6 + 4.0 * np.clip((radius - 62.0) / 40.0, 0, 1)
    fine = np.full(len(uv), 9.0)
    for (x, y), reach in (((0, 8), 20), ((-25, -14), 15), ((25, -14), 15), ((0, 36), 24)):
        away = np.hypot(uv[:, 0] - x, uv[:, 1] - y)
        fine = np.minimum(fine, 1.5 + np.maximum(0, away - reach) * 0.12)
    return np.minimum(wide, fine)


def _scatter_points(taken: np.ndarray) -> np.ndarray:
    """Hexagonal points over the layout, graded by `_spacing`, away from the places `taken`."""
    found = []
    rng = np.random.RandomState(5)  # breaks ties of the triangulation, the same everywhere
    for step in (1.4, 2.6, 5.0):
        rows = np.arange(-RIM, RIM + step, step * 0.866)
        columns = np.arange(-RIM, RIM + step, step)
        x, y = np.meshgrid(columns, rows)
        x = x + (np.arange(len(rows)) % 2)[:, None] * step / 2
        grid = np.stack([x.ravel(), y.ravel()], axis=1)
        wanted = _spacing(grid)
        level = np.where(wanted < 2.0, 1.4, np.where(wanted < 4.2, 2.6, 5.0))
        keep = (level == step) & (np.hypot(grid[:, 0], grid[:, 1]) < RIM)
        grid = grid[keep] + rng.uniform(-0.08, 0.08, (int(keep.sum()), 2)) * step
        away = np.min(np.hypot(grid[:, None, 0] - taken[None, :, 0],
                               grid[:, None, 1] - taken[None, :, 1]), axis=1)
        found.append(grid[away > step * 0.62])
    rim = np.radians(np.arange(0, 360, 5.0))
    found.append(np.stack([np.cos(rim), np.sin(rim)], axis=1) * RIM)
    return np.concatenate(found)


def _triangulate(uv: np.ndarray) -> np.ndarray:
    """Delaunay triangles of the places, counter-clockwise seen from outside the head."""
    side = RIM + 10
    flat = uv.astype(np.float32)
    index = {(float(x), float(y)): k for k, (x, y) in enumerate(flat)}
    division = cv2.Subdiv2D((int(-side), int(-side), int(2 * side), int(2 * side)))
    for x, y in flat:
        division.insert((float(x), float(y)))
    corners = division.getTriangleList().reshape(-1, 3, 2)
    triangles = []
    for triangle in corners:
        found = [index.get((float(x), float(y)), -1) for x, y in triangle]
        if min(found) >= 0:
            triangles.append(found)
    result = np.array(triangles, np.int64)
    a, b, c = uv[result[:, 0]], uv[result[:, 1]], uv[result[:, 2]]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    result[area < 0] = result[area < 0][:, ::-1]
    # OpenCV versions list the triangles in different orders
    rotated = np.array([np.roll(t, -int(np.argmin(t))) for t in result])
    return rotated[np.lexsort(rotated.T[::-1])]


def _inside(loop: np.ndarray, places: np.ndarray) -> np.ndarray:
    contour = loop.astype(np.float32).reshape(-1, 1, 2)
    return np.array([cv2.pointPolygonTest(contour, (float(x), float(y)), False) > 0
                     for x, y in places], dtype=bool)


@lru_cache(maxsize=1)
def build_neutral_head() -> HeadMesh:
    """The neutral head; built once a process, about a second."""
    landmarks = symmetric_landmarks()
    flat = to_flat(landmarks)
    # The mean mouth is almost shut: laid out ajar, its two edges get vertices of their own.
    flat[61:64, 1] -= 1.3
    flat[65:68, 1] += 1.9
    chains: Dict[str, np.ndarray] = {
        "lips": sample_loop(flat[60:68], 10, sharp=(0, 4)),
        "right": sample_loop(flat[36:42], 6, sharp=(0, 3)),
        "left": sample_loop(flat[42:48], 6, sharp=(0, 3)),
        "mouth": sample_loop(flat[48:60], 5, sharp=(0, 6)),
    }
    firsts = {"lips": (60, 10, 8), "right": (36, 6, 6), "left": (42, 6, 6), "mouth": (48, 5, 12)}

    places = [flat]
    members = {}
    count = 68
    for name, chain in chains.items():
        first, pieces, corners = firsts[name]
        ids = np.zeros(len(chain), np.int64)
        between = np.arange(len(chain)) % pieces != 0
        ids[~between] = first + np.arange(corners)
        ids[between] = count + np.arange(int(between.sum()))
        members[name] = ids
        places.append(chain[between])
        count += int(between.sum())
    fixed = np.concatenate(places)
    scattered = _scatter_points(fixed)
    for name in ("lips", "right", "left"):
        scattered = scattered[~_inside(chains[name], scattered)]
    uv = np.concatenate([fixed, scattered])

    triangles = _triangulate(uv)
    middles = uv[triangles].mean(axis=1)
    for name in ("lips", "right", "left"):
        hole = _inside(chains[name], middles)
        triangles, middles = triangles[~hole], middles[~hole]

    control = _control_points()
    radius = np.linalg.norm(control - CENTRE, axis=1)
    surface = fit_thin_plate(to_flat(control), radius, softness=4.0)
    points = CENTRE + from_flat(uv) * surface(uv)[:, None]
    return HeadMesh(points, uv, triangles, members["lips"], (members["right"], members["left"]))

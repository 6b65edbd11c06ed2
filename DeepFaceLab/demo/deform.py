"""From the neutral head to a character's face with an expression: smooth fields on the mesh.

The 68 landmarks are vertices, so they go wherever the skin goes.
"""
from functools import lru_cache
from typing import NamedTuple, Tuple

import numpy as np

from .character import Character, Move, Stretch
from .head_surface import HeadMesh, build_neutral_head
from .scene import Expression

HINGE = np.array([0.0, 4.0, 62.0])  # axis of the jaw
JAW_TURN = np.radians(16.0)
LID_CLEARANCE = 0.7  # model units between eyeball and lid


class Eyeball(NamedTuple):
    """A sphere behind the lids: (3,) centre, radius, model units."""

    centre: np.ndarray
    radius: float


class MotionFields(NamedTuple):
    """Weights of the moving parts on the vertices of the neutral head.

    Attributes:
        jaw: (V,) 0..1, how far a vertex follows the jaw.
        upper_lip, lower_lip: (V, K) weights that spread the shift of the K lip edge vertices.
        upper_lids, lower_lids: the same for the right and the left eye.
    """

    jaw: np.ndarray
    upper_lip: np.ndarray
    lower_lip: np.ndarray
    upper_lids: Tuple[np.ndarray, np.ndarray]
    lower_lids: Tuple[np.ndarray, np.ndarray]


def smooth_step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, an S curve between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def bell(points: np.ndarray, centre, radii) -> np.ndarray:
    """(V,) Gaussian weight of (V, 3) points around a centre."""
    scaled = (points - np.asarray(centre, np.float64)) / np.asarray(radii, np.float64)
    return np.exp(-np.sum(scaled * scaled, axis=1))


def shape_points(points: np.ndarray, character: Character) -> np.ndarray:
    """The neutral head's (V, 3) points in the character's shape."""
    result = points.copy()
    for operation in character.shape:
        for side in ((1, -1) if operation.centre[0] else (1,)):
            flip = np.array([side, 1, 1], np.float64)
            centre = np.asarray(operation.centre) * flip
            weight = bell(points, centre, operation.radii)[:, None]
            if isinstance(operation, Move):
                result += weight * (np.asarray(operation.vector) * flip)
            elif isinstance(operation, Stretch):
                result += weight * (np.asarray(operation.factors) - 1.0) * (result - centre)
            else:
                raise TypeError("unknown shape operation %r" % (operation,))
    return result


def split_lids(chain: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Upper and lower vertices of an eye's closed chain, both along x from corner to corner."""
    half = len(chain) // 2
    return chain[:half + 1], np.concatenate([chain[half:], chain[:1]])[::-1]


@lru_cache(maxsize=1)
def build_motion_fields() -> MotionFields:
    """Weights of the moving parts; built once a process."""
    mesh = build_neutral_head()
    upper, lower = split_lids(mesh.lips)
    lips = _spread_edge(mesh, upper, -1, 9.0), _spread_edge(mesh, lower, 1, 9.0)
    eyes = [split_lids(chain) for chain in mesh.lids]
    return MotionFields(_jaw_weight(mesh, upper, lower), lips[0], lips[1],
                        tuple(_spread_edge(mesh, pair[0], -1, 13.0) for pair in eyes),
                        tuple(_spread_edge(mesh, pair[1], 1, 9.0) for pair in eyes))


def _jaw_weight(mesh: HeadMesh, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    u, v = mesh.uv[:, 0], mesh.uv[:, 1]
    middle = np.interp(u, mesh.uv[upper, 0], (mesh.uv[upper, 1] + mesh.uv[lower, 1]) / 2)
    corner = mesh.uv[upper[-1], 0]
    outside = np.maximum(np.abs(u) - corner, 0.0)
    band = 0.02 + 0.75 * outside
    weight = smooth_step(-1.0, 1.0, (v - middle) / band)
    weight = weight * smooth_step(92.0, 60.0, mesh.points[:, 2])
    weight[upper] = 0.0
    weight[lower] = 1.0
    weight[[upper[0], upper[-1]]] = 0.4
    return weight


def _spread_edge(mesh: HeadMesh, edge: np.ndarray, side: int, reach: float) -> np.ndarray:
    """(V, K) weights: the shift of edge vertex k fades over `reach` degrees to one side.

    `edge` runs along x; `side` is -1 for skin above the edge, 1 for skin below it.
    """
    u, v = mesh.uv[:, 0], mesh.uv[:, 1]
    edge_u, edge_v = mesh.uv[edge, 0], mesh.uv[edge, 1]
    away = (v - np.interp(u, edge_u, edge_v)) * side
    sideways = np.maximum(np.maximum(edge_u[0] - u, u - edge_u[-1]), 0.0)
    fade = smooth_step(reach, 0.0, np.hypot(np.maximum(away, 0), sideways))
    fade = np.where(away < -0.05, 0.0, fade)

    position = np.interp(u, edge_u, np.arange(len(edge), dtype=np.float64))
    low = np.minimum(position.astype(np.int64), len(edge) - 2)
    share = position - low
    result = np.zeros((len(u), len(edge)))
    rows = np.arange(len(u))
    result[rows, low] = (1 - share) * fade
    result[rows, low + 1] += share * fade
    result[edge] = np.eye(len(edge))
    return result


def place_eyeballs(points: np.ndarray, character: Character) -> Tuple[Eyeball, Eyeball]:
    """Eyeballs (right, left) that touch the open lids of the shaped head."""
    result = []
    for first in (36, 42):
        lids = points[first:first + 6]
        width = np.linalg.norm(lids[0] - lids[3])
        radius = character.eye_size * width
        middle = (lids[0] + lids[3]) / 2
        inner = lids[[1, 2, 4, 5]]
        centre = np.array([middle[0], inner[:, 1].mean(), 0.0])
        away = np.sum((inner[:, :2] - centre[:2]) ** 2, axis=1)
        depths = inner[:, 2] + np.sqrt(np.maximum((radius + LID_CLEARANCE) ** 2 - away, 0.0))
        centre[2] = depths.mean() + 0.5
        result.append(Eyeball(centre, float(radius)))
    return result[0], result[1]


def clear_eyeballs(points: np.ndarray, eyeballs) -> np.ndarray:
    """Points pushed out of the eyeballs, so that lids always lie on them."""
    result = points.copy()
    for ball in eyeballs:
        ray = result - ball.centre
        distance = np.linalg.norm(ray, axis=1)
        limit = ball.radius + LID_CLEARANCE
        inside = (distance < limit) & (ray[:, 2] < 0)
        result[inside] = ball.centre + ray[inside] * (limit / distance[inside])[:, None]
    return result


def turn_jaw(points: np.ndarray, mouth_open: float) -> np.ndarray:
    """Where (n, 3) points of the jaw go when the mouth opens."""
    angle = JAW_TURN * mouth_open
    ray = points - HINGE
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([ray[:, 0], ray[:, 1] * c - ray[:, 2] * s, ray[:, 1] * s + ray[:, 2] * c],
                      axis=1)
    return HINGE + turned + np.array([0.0, 2.0, -3.0]) * mouth_open


def apply_expression(shaped: np.ndarray, expression: Expression, eyeballs) -> np.ndarray:
    """(V, 3) skin points of a shaped head with an expression."""
    mesh, fields = build_neutral_head(), build_motion_fields()
    rest = mesh.points
    points = shaped + _shut_mouth(shaped, mesh, fields)
    points = points + _smile(rest, expression.smile, fields.jaw)
    points = points + _pucker(points, rest, expression.pucker)
    points = points + _move_brows(rest, expression)
    if expression.mouth_open:
        shift = turn_jaw(points, expression.mouth_open) - points
        points = points + shift * fields.jaw[:, None]
        # the corners come in while the jaw goes down
        for side in (-1, 1):
            weight = bell(rest, (28.0 * side, 29, -3), (12, 10, 16))[:, None]
            points = points + weight * np.array([-2.5 * side, 0, 1.5]) * expression.mouth_open
    blinks = (expression.blink_right, expression.blink_left)
    for k in range(2):
        points = points + _shut_eye(points, mesh.lids[k], fields.upper_lids[k],
                                    fields.lower_lids[k], blinks[k], expression.gaze_y)
    return clear_eyeballs(points, eyeballs)


def _shut_mouth(shaped: np.ndarray, mesh: HeadMesh, fields: MotionFields) -> np.ndarray:
    """Shift that brings the lips together; the mean face holds them ajar."""
    upper, lower = split_lids(mesh.lips)
    middle = 0.4 * shaped[upper] + 0.6 * shaped[lower]
    gap = np.array([0.0, 0.12, 0.0])
    return (fields.upper_lip.dot(middle - gap - shaped[upper])
            + fields.lower_lip.dot(middle + gap - shaped[lower]))


def _shut_eye(points: np.ndarray, chain: np.ndarray, upper_field: np.ndarray,
              lower_field: np.ndarray, blink: float, gaze_y: float) -> np.ndarray:
    upper, lower = split_lids(chain)
    # lids follow the gaze down, and a little up
    upper_share = np.clip(blink * 0.9 + (1 - blink) * 0.22 * gaze_y, -0.15, 1.0)
    opening = points[lower] - points[upper]
    return (upper_field.dot(opening * upper_share) - lower_field.dot(opening * (0.12 * blink)))


def _smile(rest: np.ndarray, smile: float, jaw: np.ndarray) -> np.ndarray:
    shift = np.zeros_like(rest)
    if not smile:
        return shift
    lift = 7.0 if smile > 0 else 5.0
    for side in (-1, 1):
        corner = bell(rest, (29.0 * side, 28.5, -3), (13, 10, 20))[:, None]
        shift += corner * np.array([5.5 * side * max(smile, 0.0), -lift * smile, 3.0 * abs(smile)])
        cheek = bell(rest, (42.0 * side, -6, 2), (18, 15, 22))[:, None]
        shift += cheek * np.array([1.0 * side, -3.0, -3.5]) * max(smile, 0.0)
        lid = bell(rest, (34.0 * side, -33, 2), (15, 6, 14))[:, None]
        shift += lid * np.array([0.0, -1.6, 0.0]) * max(smile, 0.0)
    lips = bell(rest, (0, 30, -22), (20, 10, 20))[:, None]
    shift += lips * np.array([0.0, -0.5, 1.6]) * max(smile, 0.0)
    # a smile parts the lips a little
    lower = bell(rest, (0, 36, -22), (20, 9, 20)) * jaw
    shift += lower[:, None] * np.array([0.0, 2.6, 0.0]) * max(smile - 0.35, 0.0)
    return shift


def _pucker(points: np.ndarray, rest: np.ndarray, pucker: float) -> np.ndarray:
    if not pucker:
        return np.zeros_like(rest)
    weight = bell(rest, (0, 30, -18), (30, 14, 26))[:, None] * pucker
    return weight * (points * np.array([-0.30, 0.0, 0.0]) + np.array([0.0, 0.0, -4.5]))


def _move_brows(rest: np.ndarray, expression: Expression) -> np.ndarray:
    shift = np.zeros_like(rest)
    for side in (-1, 1):
        brow = bell(rest, (36.0 * side, -60, 0), (26, 11, 24))[:, None]
        shift += brow * np.array([0.0, -6.5, 0.0]) * expression.brow_raise
        inner = bell(rest, (14.0 * side, -57, -11), (13, 11, 20))[:, None]
        shift += inner * np.array([-3.0 * side, 4.0, -1.5]) * expression.brow_frown
    return shift

"""Everything of a character that is not the skin of the head, as small meshes.

Each builder returns a Part: points in the head's frame with what the shader needs. Parts that
follow the expression are rebuilt from the moved skin by a function of the same name with `place_`.
"""
from typing import NamedTuple, Optional

import numpy as np

from .character import Character
from .deform import Eyeball, smooth_step, split_lids, turn_jaw
from .head_surface import HeadMesh

# what the shader does with a triangle
SKIN, EYE, FLESH, TEETH, HAIR, BODY_SKIN, CLOTH = range(7)


class Part(NamedTuple):
    """A mesh with vertex attributes.

    Attributes:
        points: (V, 3) float64.
        triangles: (T, 3) int64.
        material: one of the constants above.
        colour: (V, 3) float64 BGR 0..1.
        local: (V, 3) float64, meaning by material: EYE the direction from the eyeball's centre,
            TEETH the place on the row, HAIR (strand, height, 0).
        two_sided: whether its back shows too.
        body: (V,) 0..1, 0 moves with the head, 1 stays with the shoulders.
    """

    points: np.ndarray
    triangles: np.ndarray
    material: int
    colour: np.ndarray
    local: np.ndarray
    two_sided: bool = True
    body: Optional[np.ndarray] = None


def grid_triangles(rows: int, columns: int, closed: bool) -> np.ndarray:
    """(T, 3) triangles of a grid of vertices, row by row; `closed` joins last and first column."""
    cells = columns if closed else columns - 1
    r, c = np.meshgrid(np.arange(rows - 1), np.arange(cells), indexing="ij")
    a = (r * columns + c).ravel()
    b = (r * columns + (c + 1) % columns).ravel()
    d, e = a + columns, b + columns
    return np.concatenate([np.stack([a, b, d], axis=1), np.stack([b, e, d], axis=1)])


def _paint(count: int, colour) -> np.ndarray:
    return np.tile(np.asarray(colour, np.float64), (count, 1))


def build_eyeball(ball: Eyeball) -> Part:
    """The visible half of an eyeball."""
    rings, columns = 13, 28
    angle = np.radians(np.linspace(0.0, 88.0, rings))[:, None]
    turn = np.radians(np.arange(columns) * 360.0 / columns)[None, :]
    local = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn),
                      -np.cos(angle) + 0 * turn], axis=2).reshape(-1, 3)
    return Part(ball.centre + local * ball.radius, grid_triangles(rings, columns, True), EYE,
                _paint(len(local), (1, 1, 1)), local)


def place_lid_rim(skin: np.ndarray, chain: np.ndarray, ball: Eyeball) -> np.ndarray:
    """Two rings: the lid's edge, and where it meets the eyeball."""
    edge = skin[chain]
    ray = edge - ball.centre
    length = np.linalg.norm(ray, axis=1)[:, None]
    return np.concatenate([edge, ball.centre + ray * (ball.radius * 0.985 / length)])


def build_lid_rim(skin: np.ndarray, chain: np.ndarray, ball: Eyeball,
                  character: Character) -> Part:
    points = place_lid_rim(skin, chain, ball)
    upper, _ = split_lids(chain)
    lash = np.isin(np.concatenate([chain, chain]), upper)[:, None] * character.lash
    pink = 0.45 * np.asarray(character.skin) + 0.55 * np.array([0.46, 0.48, 0.74])
    colour = (1 - lash) * pink * 0.85 + lash * np.array([0.06, 0.06, 0.08])
    return Part(points, grid_triangles(2, len(chain), True), FLESH, colour,
                np.zeros((len(points), 3)))


# Rings of the mouth's lining: depth, share of the way apart (up or down), narrowing.
_LINING = ((0.0, 0.0, 1.0), (3.2, 0.6, 1.0), (7.5, 3.5, 0.97), (14.0, 7.0, 0.90), (34.0, 4.0, 0.5))


def place_lining(skin: np.ndarray, chain: np.ndarray) -> np.ndarray:
    """Rings from the inner edge of the lips back into the mouth."""
    edge = skin[chain]
    middle = edge.mean(axis=0)
    half = len(chain) // 2
    sign = np.where(np.arange(len(chain)) < half, -1.0, 1.0)
    along = np.abs(edge[:, 0] - middle[0]) / np.abs(edge[:, 0] - middle[0]).max()
    apart = sign * np.sqrt(np.maximum(1 - along ** 2, 0))
    rings = []
    for depth, spread, narrow in _LINING:
        ring = edge.copy()
        ring[:, 0] = middle[0] + (edge[:, 0] - middle[0]) * narrow
        ring[:, 1] += apart * spread
        ring[:, 2] += depth
        rings.append(ring)
    return np.concatenate(rings)


def build_lining(skin: np.ndarray, chain: np.ndarray, character: Character) -> Part:
    points = place_lining(skin, chain)
    lips = np.asarray(character.lips)
    dark = np.array([0.06, 0.04, 0.16])
    rings = [lips * 0.85, lips * 0.6 + dark * 0.2, dark * 1.4, dark, dark * 0.4]
    colour = np.repeat(np.array(rings), len(chain), axis=0)
    return Part(points, grid_triangles(len(_LINING), len(chain), True), FLESH, colour,
                np.zeros((len(points), 3)))


def _teeth_row(top: float, bottom: float, front: float, width: float) -> np.ndarray:
    x = np.linspace(-width, width, 25)
    arch = front + 0.030 * x * x
    rows = []
    for y, back in ((top, 1.5), (top * 0.5 + bottom * 0.5, 0.0), (bottom, 0.6)):
        rows.append(np.stack([x, np.full_like(x, y), arch + back], axis=1))
    return np.concatenate(rows)


def build_teeth(lips: np.ndarray, upper: bool) -> Part:
    """A row of teeth behind the shut lips, whose inner edge is `lips` (K, 3)."""
    line, front = lips[:, 1].mean(), lips[:, 2].min() + 6.5
    if upper:
        points = _teeth_row(line - 8.5, line + 0.8, front, 19.0)
    else:
        points = _teeth_row(line + 1.4, line + 9.0, front + 1.5, 17.0)
    local = np.zeros_like(points)
    local[:, 0] = points[:, 0]
    shade = np.repeat([0.55, 0.92, 0.98] if upper else [0.80, 0.80, 0.45], 25)[:, None]
    return Part(points, grid_triangles(3, 25, False), TEETH, shade * np.array([0.88, 0.95, 0.97]),
                local)


def build_tongue(lips: np.ndarray) -> Part:
    """Half an ellipsoid behind the lower teeth."""
    rings, columns = 7, 20
    angle = np.radians(np.linspace(0, 90, rings))[:, None]
    turn = np.radians(np.arange(columns) * 360.0 / columns)[None, :]
    unit = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn),
                     -np.cos(angle) + 0 * turn], axis=2).reshape(-1, 3)
    centre = np.array([0.0, lips[:, 1].mean() + 9.0, lips[:, 2].min() + 26.0])
    points = centre + unit * np.array([14.5, 6.5, 15.0])
    colour = _paint(len(points), (0.30, 0.28, 0.62)) * (0.55 + 0.45 * -unit[:, 2:3])
    return Part(points, grid_triangles(rings, columns, True), FLESH, colour,
                np.zeros_like(points))


def place_on_jaw(points: np.ndarray, mouth_open: float) -> np.ndarray:
    """Points of the lower teeth or the tongue, moved with the jaw."""
    return turn_jaw(points, mouth_open)


# -- hair

def hair_line_distance(uv: np.ndarray, character: Character) -> np.ndarray:
    """(V,) degrees inside the hair's region, negative outside, for places on the layout."""
    hair = character.hair
    direction = np.degrees(np.arctan2(uv[:, 0], -uv[:, 1])) % 360.0
    angles, lines = np.array(hair.line, np.float64).T
    angles, lines = np.append(angles, angles[0] + 360), np.append(lines, lines[0])
    line = np.interp(direction, angles, lines)
    turn = np.radians(direction)
    line = line + hair.ragged * (0.6 * np.sin(hair.locks * turn)
                                 + 0.4 * np.sin(hair.locks * 1.7 * turn + 1.3))
    return np.hypot(uv[:, 0], uv[:, 1]) - line


def build_hair_cap(mesh: HeadMesh, skin: np.ndarray, normals: np.ndarray,
                   character: Character) -> Part:
    """Shell over the skull. Outside of the hair's region it dips under the skin, so the hair line
    is cut where both surfaces cross."""
    hair = character.hair
    inside = hair_line_distance(mesh.uv, character)
    strand = np.arctan2(mesh.uv[:, 0], mesh.uv[:, 1] + 118.0)
    thickness = hair.thickness * smooth_step(-1.0, 20.0, inside)
    middle = np.exp(-(mesh.points[:, 0] / 15.0) ** 2)
    thickness = thickness + hair.crest * middle * smooth_step(0.0, 16.0, inside)
    wave = np.sin(hair.locks * 2.0 * strand) + 0.6 * np.sin(hair.locks * 3.3 * strand + 2.0)
    thickness = thickness * (1.0 + 0.05 * wave)
    offset = np.where(inside > 0, thickness + np.clip(inside, 0, 1.2) * 0.8,
                      np.clip(inside, -3, 0) * 0.8)
    points = skin + normals * offset[:, None]
    triangles = mesh.triangles[np.min(inside[mesh.triangles], axis=1) > -4.0]
    root = smooth_step(0.0, 30.0, inside)[:, None]
    colour = np.asarray(hair.colour) * (0.75 + 0.25 * root)
    local = np.stack([strand * 9.0, mesh.uv[:, 1] * 0.05, np.zeros_like(strand)], axis=1)
    used, compact = np.unique(triangles, return_inverse=True)
    return Part(points[used], compact.reshape(-1, 3), HAIR, colour[used], local[used], False)


def build_curtain(character: Character) -> Part:
    """Long hair that hangs from the temples round the back of the head."""
    hair = character.hair
    rows, columns = 18, 90
    t = np.linspace(0, 1, rows)[:, None]
    s = np.linspace(0, 1, columns)[None, :]
    front = 50.0 + 7.0 * t - 16.0 * t * t
    angle = np.radians(front + s * (360.0 - 2 * front))
    reach = np.interp(t, [0, 0.2, 0.45, 0.75, 0.92, 1.0], [0.72, 0.93, 1.0, 1.03, 1.0, 0.90])
    locks = 0.022 * np.sin(2 * hair.locks * angle) + 0.014 * np.sin(3.4 * hair.locks * angle + 1.0)
    reach = reach * (1 + locks * smooth_step(0.1, 0.6, t))
    end = hair.curtain + 5.0 * np.sin(hair.locks * 1.5 * angle) - 10 * np.cos(angle) * 0.6
    y = -92.0 + (92.0 + end - 10.0) * t
    points = np.stack([88.0 * np.sin(angle) * reach, y + 0 * angle,
                       74.0 - 84.0 * np.cos(angle) * reach], axis=2).reshape(-1, 3)
    shade = (1.0 - 0.25 * smooth_step(0.6, 1.0, t) + 0 * s).reshape(-1, 1)
    local = np.stack([angle * 9.0, t + 0 * angle, 0 * angle], axis=2).reshape(-1, 3)
    return Part(points, grid_triangles(rows, columns, False), HAIR,
                np.asarray(hair.colour) * shade, local)


# -- ears, neck, shoulders

def build_ear(side: int, character: Character) -> Part:
    """An ear; side 1 is the picture's right, -1 the left."""
    columns = 26
    rings = ((0.02, -1.0), (0.3, -2.0), (0.52, 0.5), (0.66, 3.0), (0.78, 3.5), (0.90, 7.0),
             (1.0, 7.5), (1.04, 4.5), (1.0, 0.0), (0.8, -6.0))
    turn = np.radians(np.arange(columns) * 360.0 / columns)
    points, shade = [], []
    for reach, out in rings:
        back = np.cos(turn) * reach * (14.5 - 3.5 * np.sin(turn))
        down = np.sin(turn) * reach * 27.0 + 2.0
        away = out + 0.42 * (back + 12.0)
        points.append(np.stack([side * (70.0 + away), -16.0 + down, 60.0 + back * 0.9
                                + down * -0.12], axis=1))
        shade.append(np.full(columns, 0.62 + 0.40 * smooth_step(-2.0, 6.0, np.array(out))))
    points = np.concatenate(points)
    colour = np.asarray(character.skin) * np.concatenate(shade)[:, None]
    colour = colour * 0.85 + 0.15 * np.asarray(character.blush)
    return Part(points, grid_triangles(len(rings), columns, True), BODY_SKIN, colour,
                np.zeros_like(points))


def _rings(profile, columns: int) -> np.ndarray:
    """Stacked ellipses: rows of (y, middle z, half width, half depth)."""
    turn = np.radians(np.arange(columns) * 360.0 / columns)
    return np.concatenate([np.stack([wide * np.sin(turn), np.full(columns, float(y)),
                                     z - deep * np.cos(turn)], axis=1)
                           for y, z, wide, deep in profile])


def build_neck(character: Character) -> Part:
    columns = 40
    profile = ((30, 66, 44, 40), (50, 64, 45, 40), (70, 65, 45, 39), (90, 68, 46, 39),
               (110, 71, 48, 40), (130, 74, 54, 43), (148, 77, 70, 48))
    points = _rings(profile, columns)
    front = smooth_step(60.0, 30.0, points[:, 2])
    shade = 1.0 - (0.25 + 0.30 * front) * smooth_step(112.0, 66.0, points[:, 1])
    colour = np.asarray(character.skin) * shade[:, None]
    return Part(points, grid_triangles(len(profile), columns, True), BODY_SKIN, colour,
                np.zeros_like(points), True, smooth_step(50.0, 128.0, points[:, 1]))


def build_shoulders(character: Character) -> Part:
    columns = 48
    profile = ((119, 73, 57, 46), (124, 73, 60, 49), (134, 76, 84, 54), (146, 78, 118, 58),
               (162, 80, 148, 62), (190, 82, 170, 68), (240, 84, 178, 74), (320, 84, 178, 74))
    points = _rings(profile, columns)
    shade = 1.0 - 0.25 * smooth_step(126.0, 119.0, points[:, 1])
    colour = np.asarray(character.cloth) * shade[:, None]
    return Part(points, grid_triangles(len(profile), columns, True), CLOTH, colour,
                np.zeros_like(points), True, np.ones(len(points)))

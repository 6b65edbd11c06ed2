"""The skin's paint: colour, gloss and face region on the head's flat layout.

Places are given as (x, y, z) near the neutral head and painted where that direction meets it.
"""
from typing import NamedTuple

import cv2
import numpy as np

from .character import Character
from .head_surface import build_neutral_head, sample_loop, to_flat
from .parts import hair_line_distance

SIDE = 768  # pixels
REACH = 110.0  # degrees from the middle to the border


class SkinTexture(NamedTuple):
    """Attributes: colour (SIDE, SIDE, 3) float32 BGR 0..1; gloss, face (SIDE, SIDE) float32."""

    colour: np.ndarray
    gloss: np.ndarray
    face: np.ndarray


def to_texture(uv: np.ndarray) -> np.ndarray:
    """Pixel (x, y) on the texture of places on the layout."""
    return (uv + REACH) * (SIDE / (2 * REACH)) - 0.5


def _pixel(place) -> np.ndarray:
    return to_texture(to_flat(np.array([place], np.float64)))[0]


def _degrees(value: float) -> float:
    """Texture pixels of an angle."""
    return value * SIDE / (2 * REACH)


class _Painter:
    """Layers of colour over each other, mirrored to both sides where wanted."""

    def __init__(self, colour):
        self.colour = np.tile(np.float32(colour), (SIDE, SIDE, 1))
        self.gloss = np.ones((SIDE, SIDE), np.float32)
        self.y, self.x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)

    def blend(self, mask: np.ndarray, colour) -> None:
        self.colour += mask[..., None] * (np.float32(colour) - self.colour)

    def darken(self, mask: np.ndarray) -> None:
        """Multiply by 1 - mask, blue and green a little more: shade in skin is warm."""
        for channel, power in enumerate((1.12, 1.06, 0.94)):
            self.colour[..., channel] *= np.maximum(1 - mask * power, 0.0)

    def spot(self, place, wide: float, high: float, mirrored: bool = True) -> np.ndarray:
        """Gaussian spot; radii in degrees."""
        result = np.zeros((SIDE, SIDE), np.float32)
        for side in ((1, -1) if mirrored and place[0] else (1,)):
            px, py = _pixel((place[0] * side, place[1], place[2]))
            result += np.exp(-((self.x - px) / _degrees(wide)) ** 2
                             - ((self.y - py) / _degrees(high)) ** 2)
        return np.minimum(result, 1.0)

    def polygon(self, pixels: np.ndarray, blur: float) -> np.ndarray:
        """Filled polygon of (n, 2) texture pixels, edges softened by `blur` degrees."""
        mask = np.zeros((SIDE, SIDE), np.float32)
        cv2.fillPoly(mask, [np.round(pixels * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
        return self._soften(mask, blur)

    def line(self, pixels: np.ndarray, width: float, blur: float, closed=False) -> np.ndarray:
        mask = np.zeros((SIDE, SIDE), np.float32)
        cv2.polylines(mask, [np.round(pixels * 16).astype(np.int32)], closed, 1.0,
                      max(1, int(round(_degrees(width)))), cv2.LINE_AA, 4)
        return self._soften(mask, blur)

    @staticmethod
    def _soften(mask: np.ndarray, blur: float) -> np.ndarray:
        mask = np.clip(mask, 0, 1)
        return cv2.GaussianBlur(mask, (0, 0), _degrees(blur)) if blur else mask


def paint_skin(character: Character) -> SkinTexture:
    """The character's skin texture; deterministic."""
    mesh = build_neutral_head()
    spots = to_texture(mesh.uv)
    painter = _Painter(character.skin)
    _paint_complexion(painter, character)
    _paint_shade(painter)
    if character.stubble:
        _paint_stubble(painter, character, spots)
    if character.freckles:
        _paint_freckles(painter, character)
    _paint_patterns(painter, character)
    _paint_lips(painter, character, spots)
    _paint_eyes(painter, character, spots)
    _paint_brows(painter, character, spots)
    _paint_scalp(painter, character)
    face = painter.polygon(_face_outline(spots), 0.0)
    return SkinTexture(np.clip(painter.colour, 0, 1), painter.gloss, face)


def _paint_complexion(painter: _Painter, character: Character) -> None:
    painter.blend(painter.spot((46, -2, 3), 19, 15) * 0.55, character.blush)
    painter.blend(painter.spot((0, -5, -36), 9, 9) * 0.35, character.blush)
    painter.blend(painter.spot((0, 62, -19), 13, 7) * 0.20, character.blush)
    light = np.minimum(np.asarray(character.skin) * 1.12 + 0.02, 1.0)
    painter.blend(painter.spot((0, -80, -15), 30, 16) * 0.45, light)
    painter.blend(painter.spot((0, -25, -26), 3.0, 14) * 0.35, light)
    rng = np.random.RandomState(11)
    blotches = cv2.resize(rng.normal(0, 1, (24, 24)).astype(np.float32), (SIDE, SIDE),
                          interpolation=cv2.INTER_CUBIC)
    painter.colour *= 1 + 0.018 * blotches[..., None]
    painter.gloss += 0.6 * painter.spot((0, -12, -34), 5, 12)
    painter.gloss += 0.3 * painter.spot((0, -80, -15), 24, 14)


def _paint_shade(painter: _Painter) -> None:
    """Where little light gets: sockets, nostrils, under nose, lip and jaw."""
    painter.darken(0.20 * painter.spot((17, -44, -3), 8, 8))
    painter.darken(0.14 * painter.spot((33, -47, 2), 17, 5))
    painter.darken(0.10 * painter.spot((28, -29, -1), 12, 4))
    painter.darken(0.78 * painter.spot((7.2, 3.2, -27.5), 3.6, 1.9))
    painter.darken(0.24 * painter.spot((0, 8, -25), 12, 3.0))
    painter.darken(0.26 * painter.spot((20.5, 0, -10), 2.6, 5.5))
    painter.darken(0.24 * painter.spot((0, 46.5, -19), 13, 3.4))
    painter.darken(0.16 * painter.spot((33, 29, -2), 4, 5))
    painter.darken(0.08 * painter.spot((26, 14, -11), 4, 9))
    radius = np.hypot(painter.x - SIDE / 2, painter.y - SIDE / 2) * (2 * REACH / SIDE)
    below = np.clip((painter.y - SIDE / 2) / np.maximum(radius * SIDE / (2 * REACH), 1), 0, 1)
    under = np.clip((radius - 62.0) / 26.0, 0, 1) * np.clip(below * 1.6 - 0.35, 0, 1)
    painter.darken(0.42 * under)
    painter.darken(0.12 * np.clip((radius - 72.0) / 30.0, 0, 1))


def _paint_stubble(painter: _Painter, character: Character, spots: np.ndarray) -> None:
    jaw = np.concatenate([spots[1:16], [_pixel((40, 20, -2)), _pixel((26, 10, -12)),
                                        _pixel((0, 12, -24)), _pixel((-26, 10, -12)),
                                        _pixel((-40, 20, -2))]])
    outer = SIDE / 2 + (jaw[:15] - SIDE / 2) * 1.12
    area = painter.polygon(np.concatenate([outer, jaw[15:]]), 4.0)
    rng = np.random.RandomState(23)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), 0.8)
    area = area * np.clip(0.75 + 0.3 * grain, 0, 1)
    dark = np.asarray(character.brows) * 0.9
    painter.blend(area * character.stubble, dark)
    painter.gloss *= 1 - 0.5 * area


def _paint_freckles(painter: _Painter, character: Character) -> None:
    rng = np.random.RandomState(31)
    mask = np.zeros((SIDE, SIDE), np.float32)
    tint = np.asarray(character.skin) * np.array([0.52, 0.62, 0.78])
    for _ in range(int(260 * character.freckles)):
        side = rng.choice([-1, 1])
        place = (side * abs(rng.normal(26, 17)), rng.normal(-8, 10), -4)
        x, y = _pixel(place)
        size = _degrees(rng.uniform(0.35, 0.95))
        cv2.circle(mask, (int(x * 16), int(y * 16)), int(size * 16),
                   float(rng.uniform(0.35, 0.9)), -1, cv2.LINE_AA, 4)
    painter.blend(cv2.GaussianBlur(mask, (0, 0), 0.7), tint)


def _paint_patterns(painter: _Painter, character: Character) -> None:
    for name, colour in sorted(character.paint.items()):
        if name == "cheek_bars":
            for side in (1, -1):
                for row in range(2):
                    y = -8.0 + row * 12.0
                    corners = [(30, y, -5), (60, y - 7, 14), (60, y - 2.0, 14), (30, y + 5.0, -6)]
                    pixels = np.array([_pixel((x * side, py, z)) for x, py, z in corners])
                    painter.blend(painter.polygon(pixels, 0.8) * 0.85, colour)
        elif name == "nose_stripe":
            corners = [(-17, -23, -12), (17, -23, -12), (15, -17, -14), (-15, -17, -14)]
            pixels = np.array([_pixel(corner) for corner in corners])
            painter.blend(painter.polygon(pixels, 0.8) * 0.85, colour)
        else:
            raise ValueError("unknown face paint %r" % (name,))


def _paint_lips(painter: _Painter, character: Character, spots: np.ndarray) -> None:
    outline = sample_loop(spots[48:60], 8, sharp=(0, 6))
    mask = painter.polygon(outline, 0.55)
    painter.blend(mask * 0.92, character.lips)
    painter.darken(0.30 * painter.line(spots[build_neutral_head().lips], 1.6, 0.9, True) * mask)
    painter.gloss += 1.6 * mask


def _paint_eyes(painter: _Painter, character: Character, spots: np.ndarray) -> None:
    mesh = build_neutral_head()
    for chain in mesh.lids:
        half = len(chain) // 2
        upper = spots[chain[:half + 1]]
        raised = upper - np.array([0.0, _degrees(5.2)]) * np.sin(
            np.linspace(0.15, np.pi - 0.1, len(upper)))[:, None]
        shadow = painter.polygon(np.concatenate([upper, raised[::-1]]), 1.2)
        painter.blend(shadow * 0.75, character.lid)
        painter.darken(0.30 * painter.line(raised, 0.8, 0.5))
        painter.blend(painter.line(upper, 1.4, 0.35) * character.lash, (0.05, 0.05, 0.07))
        lower = spots[np.append(chain[half:], chain[0])]
        painter.blend(painter.line(lower, 0.8, 0.4) * (0.25 + 0.3 * character.lash),
                      np.asarray(character.lid) * 0.6)
        if character.lash > 0.8:  # a drawn wing at the outer corner
            outer, towards = (upper[0], -1) if upper[0][0] < SIDE / 2 and \
                abs(upper[0][0] - SIDE / 2) > abs(upper[-1][0] - SIDE / 2) else (upper[-1], 1)
            tip = outer + np.array([towards * _degrees(6.0), -_degrees(2.6)])
            wing = np.array([outer, tip, outer + (0, -_degrees(2.0))])
            painter.blend(painter.polygon(wing, 0.3) * 0.85, (0.05, 0.05, 0.07))


def _paint_brows(painter: _Painter, character: Character, spots: np.ndarray) -> None:
    rng = np.random.RandomState(41)
    profile = np.interp(np.linspace(0, 1, 33), [0, 0.12, 0.4, 0.75, 1.0],
                        [0.55, 0.95, 1.0, 0.8, 0.18])
    for first, reverse in ((17, True), (22, False)):
        points = spots[first:first + 5]
        points = points[::-1] if reverse else points  # from the nose outwards
        curve = _smooth_curve(points, 33)
        arch = np.sin(np.linspace(0, 1, 33) ** 1.3 * np.pi) * _degrees(character.brow_arch)
        curve = curve - np.stack([np.zeros(33), arch], axis=1)
        half = profile * _degrees(character.brow_thickness) * 0.5
        tangent = np.gradient(curve, axis=0)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        normal /= np.linalg.norm(normal, axis=1)[:, None]
        band = np.concatenate([curve + normal * half[:, None],
                               (curve - normal * half[:, None])[::-1]])
        painter.blend(painter.polygon(band, 0.5) * 0.86, character.brows)
        hairs = np.zeros((SIDE, SIDE), np.float32)
        for _ in range(90):
            k = rng.randint(0, 32)
            start = curve[k] + normal[k] * half[k] * rng.uniform(-1.05, 0.9)
            step = tangent[k] / np.linalg.norm(tangent[k])
            end = start + (step * 0.85 - np.array([0, 0.5])) * _degrees(rng.uniform(1.6, 3.2))
            cv2.line(hairs, tuple(int(v * 16) for v in start), tuple(int(v * 16) for v in end),
                     1.0, 1, cv2.LINE_AA, 4)
        painter.blend(np.clip(hairs, 0, 1) * 0.7, np.asarray(character.brows) * 0.7)
        painter.gloss *= 1 - 0.7 * painter.polygon(band, 0.5)


def _smooth_curve(points: np.ndarray, count: int) -> np.ndarray:
    """Open Catmull-Rom curve of `count` points through five."""
    padded = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    at = np.linspace(0, len(points) - 1, count)
    k = np.minimum(at.astype(int), len(points) - 2)
    t = (at - k)[:, None]
    p0, p1, p2, p3 = (padded[k + j] for j in range(4))
    return 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t ** 2
                  + (3 * p1 - p0 - 3 * p2 + p3) * t ** 3)


def _paint_scalp(painter: _Painter, character: Character) -> None:
    """Hair colour on the skin below the hair, and a soft shadow in front of it."""
    step = 2 * REACH / SIDE
    places = np.stack([(painter.x + 0.5) * step - REACH, (painter.y + 0.5) * step - REACH],
                      axis=2).reshape(-1, 2)
    inside = hair_line_distance(places.astype(np.float64), character)
    inside = inside.reshape(SIDE, SIDE).astype(np.float32)
    painter.darken(0.32 * np.clip((inside + 7.0) / 7.0, 0, 1) ** 1.5)
    painter.blend(np.clip(inside + 0.5, 0, 1), np.asarray(character.hair.colour) * 0.7)


def _face_outline(spots: np.ndarray) -> np.ndarray:
    """Outline of what counts as the face: the jaw's landmarks and an arc over the forehead."""
    arc = [(69, -52, 34), (66, -78, 28), (57, -97, 20), (40, -108, 8), (20, -114, 0)]
    right = [_pixel(place) for place in arc]
    left = [_pixel((-x, y, z)) for x, y, z in reversed(arc)]
    return np.concatenate([spots[0:17], right, [_pixel((0, -115, -2))], left])

"""Faded circles and Bezier splits, the random shapes laid over faces (spec 31 section 7).

Sizes are (w, h); in points, coordinate 0 runs along rows and coordinate 1 along columns.
"""
from typing import List, Optional, Sequence

import numpy as np
import numpy.linalg as npla

from ..common import pick_rnd

SQRT3 = 1.732050808


def vector2_dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Dot product over the last axis of size 2."""
    return a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1]


def vector2_dot2(a: np.ndarray) -> np.ndarray:
    """Squared length over the last axis of size 2."""
    return a[..., 0] * a[..., 0] + a[..., 1] * a[..., 1]


def vector2_cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a0*b1 - a1*b0 over the last axis of size 2."""
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _make_positions(wh: Sequence[int]) -> np.ndarray:
    """(h, w, 2) float32: (row, column) of every pixel."""
    w, h = wh
    pos = np.empty((h, w, 2), dtype=np.float32)
    pos[..., 0] = np.arange(h, dtype=np.float32)[:, np.newaxis]
    pos[..., 1] = np.arange(w, dtype=np.float32)[np.newaxis, :]
    return pos


def circle_faded(wh: Sequence[int], center: Sequence[float],
                 fade_dists: List[float]) -> np.ndarray:
    """A disc that fades out: clip(1 - (d - f0) / f1, 0, 1) at distance d from the centre.

    Arguments:
        wh: (w, h) of the image.
        center: (row, column).
        fade_dists: [f0, f1] pixels; f1 == 0 becomes 1 in the caller's list. The fade is f1 wide
            (not f1 - f0), as the original draws it.

    Returns (h, w, 1) float32.
    """
    if fade_dists[1] == 0:
        fade_dists[1] = 1
    dists = npla.norm(_make_positions(wh) - np.asarray(center, dtype=np.float32), axis=-1)
    faded = np.clip(1 - (dists - fade_dists[0]) / fade_dists[1], 0, 1)
    return faded.astype(np.float32)[..., np.newaxis]


def random_circle_faded(wh: Sequence[int],
                        rnd_state: Optional[np.random.RandomState] = None) -> np.ndarray:
    """`circle_faded` at a random place with random radii, (h, w, 1) float32."""
    rnd = pick_rnd(rnd_state)
    w, h = wh
    longest = max(w, h)
    inner = rnd.randint(longest)
    outer = inner + rnd.randint(longest - inner)
    center = [rnd.randint(h), rnd.randint(w)]
    return circle_faded(wh, center, [inner, outer])


def bezier(wh: Sequence[int], A: Sequence[float], B: Sequence[float],
           C: Sequence[float]) -> np.ndarray:
    """Signed distance of every pixel to the quadratic Bezier curve A, B, C.

    Arguments:
        wh: (w, h) of the image.
        A, B, C: control points (row, column).

    Returns (h, w, 1) float32, pixels; all zero when the three are evenly spaced on a line.
    """
    w, h = wh
    A, B, C = (np.asarray(point, dtype=np.float32) for point in (A, B, C))
    a = B - A
    b = A - B * 2.0 + C
    c = a * 2.0
    d = A - _make_positions(wh)

    b_dot = vector2_dot(b, b)
    if b_dot == 0:
        return np.zeros((h, w, 1), dtype=np.float32)

    # The nearest parameter t solves t^3 + 3 kx t^2 + 3 ky t + kz = 0.
    kk = 1 / b_dot
    kx = kk * vector2_dot(a, b)
    ky = kk * (2 * vector2_dot(a, a) + vector2_dot(d, b)) / 3
    kz = kk * vector2_dot(d, a)
    p = ky - kx * kx
    q = kx * (2 * kx * kx - 3 * ky) + kz
    discriminant = q * q + 4 * p * p * p

    dist2 = np.empty((h, w), dtype=np.float32)
    sign = np.empty((h, w), dtype=np.float32)

    one = discriminant >= 0
    t = _solve_one_root(q[one], discriminant[one], kx)
    dist2[one], sign[one] = _eval_curve(t, d[one], b, c)

    three = ~one
    t1, t2 = _solve_two_roots(p[three], q[three], kx)
    dist2_1, sign_1 = _eval_curve(t1, d[three], b, c)
    dist2_2, sign_2 = _eval_curve(t2, d[three], b, c)
    nearer = dist2_1 < dist2_2
    dist2[three] = np.where(nearer, dist2_1, dist2_2)
    sign[three] = np.where(nearer, sign_1, sign_2)
    return (np.sqrt(dist2) * np.sign(sign))[..., np.newaxis]


def _solve_one_root(q: np.ndarray, discriminant: np.ndarray, kx: np.ndarray) -> np.ndarray:
    root = np.sqrt(discriminant)
    return np.clip(_cbrt((root - q) / 2) + _cbrt((-root - q) / 2) - kx, 0, 1).astype(np.float32)


def _solve_two_roots(p: np.ndarray, q: np.ndarray, kx: np.ndarray):
    """Two of the three real roots; the third is never the nearest."""
    z = np.sqrt(-p)
    v = np.arccos(np.clip(q / (p * z * 2), -1, 1)) / 3
    m = np.cos(v)
    n = np.sin(v) * np.float32(SQRT3)
    return np.clip((m + m) * z - kx, 0, 1), np.clip((-n - m) * z - kx, 0, 1)


def _cbrt(x: np.ndarray) -> np.ndarray:
    return np.cbrt(x.astype(np.float64))


def _eval_curve(t: np.ndarray, d: np.ndarray, b: np.ndarray, c: np.ndarray):
    """(squared distance, signed side) of the pixels `d` (n, 2) at their parameter `t` (n,)."""
    bt = b * t[:, np.newaxis]
    offset = d + (c + bt) * t[:, np.newaxis]
    return vector2_dot2(offset), vector2_cross(c + bt * 2, offset)


def random_bezier_split_faded(wh: Sequence[int]) -> np.ndarray:
    """Split the image by a random curve, faded across it, (h, w, 1) float32 in 0..1.

    Draws from the global `np.random`: three angles in degrees, the middle point's distance, the
    width of the fade.
    """
    w, h = wh
    radius = max(w, h)
    centre = np.array([w / 2, h / 2], dtype=np.float32)
    directions = []
    for _ in range(3):
        angle = np.radians(np.random.randint(360))
        directions.append(np.array([np.sin(angle), np.cos(angle)], dtype=np.float32))
    A = centre + radius * directions[0]
    B = centre + np.random.randint(radius) * directions[1]
    C = centre + radius * directions[2]
    dist = bezier(wh, A, B, C)
    return np.clip(dist / (1 + np.random.randint(radius)) + 0.5, 0, 1).astype(np.float32)


def random_faded(wh: Sequence[int]) -> np.ndarray:
    """A random faded circle or curve split, (h, w, 1) float32, from the global `np.random`."""
    if np.random.randint(2) == 0:
        return random_circle_faded(wh)
    return random_bezier_split_faded(wh)

"""Random geometry of a training sample (spec 31 section 2)."""
import functools
import threading
from typing import Any, Dict, Optional, Sequence, Tuple

import cv2
import numpy as np

from core import randomex

from .common import pick_rnd, with_channel_axis

# Smaller images are warped at this size and scaled back.
MIN_WARP_SIZE = 64

_work = threading.local()   # buffers: the pages of fresh ones cost as much as the resize


def gen_warp_params(w: int, flip: bool = False,
                    rotation_range: Sequence[float] = (-10, 10),
                    scale_range: Sequence[float] = (-0.5, 0.5),
                    tx_range: Sequence[float] = (-0.05, 0.05),
                    ty_range: Sequence[float] = (-0.05, 0.05),
                    rnd_state: Optional[np.random.RandomState] = None,
                    warp_rnd_state: Optional[np.random.RandomState] = None) -> Dict[str, Any]:
    """Draw an affine transform, a flip and an elastic map for square images of side `w`.

    Arguments:
        w: image side in pixels; below 64 the maps are made for 64.
        flip: draw whether to mirror (probability 0.4); False draws nothing.
        rotation_range: degrees.
        scale_range: (s0, s1), the scale is uniform in [1/(1-s0), 1+s1].
        tx_range, ty_range: shift as a fraction of the side.
        rnd_state: source of rotation, scale, tx, ty, flip, in this order.
        warp_rnd_state: source of the elastic map.

    Returns a dict: `mapx`, `mapy` (w, w) float32 for `cv2.remap`; `rmat` (2, 3) float64; `umat`,
    rmat with its shift divided by w; `w`; `rw`, the asked side if it was below 64, else None;
    `flip` bool. (spec 31 section 2.1)
    """
    params = draw_affine(w, flip, rotation_range, scale_range, tx_range, ty_range,
                         pick_rnd(rnd_state))
    params["mapx"], params["mapy"] = draw_elastic_maps(params["w"], pick_rnd(warp_rnd_state))
    umat = params["rmat"].copy()
    umat[:, 2] /= params["w"]
    params["umat"] = umat
    return params


def draw_affine(w: int, flip: bool, rotation_range: Sequence[float],
                scale_range: Sequence[float], tx_range: Sequence[float],
                ty_range: Sequence[float], rnd) -> Dict[str, Any]:
    """`rmat`, `w`, `rw` and `flip` of `gen_warp_params`."""
    rw = w if w < MIN_WARP_SIZE else None
    w = max(w, MIN_WARP_SIZE)

    rotation = rnd.uniform(rotation_range[0], rotation_range[1])
    scale = rnd.uniform(1 / (1 - scale_range[0]), 1 + scale_range[1])
    tx = rnd.uniform(tx_range[0], tx_range[1])
    ty = rnd.uniform(ty_range[0], ty_range[1])
    p_flip = bool(flip and rnd.randint(10) < 4)

    rmat = cv2.getRotationMatrix2D((w // 2, w // 2), rotation, scale)
    rmat[:, 2] += (tx * w, ty * w)
    return dict(rmat=rmat, w=w, rw=rw, flip=p_flip)


def draw_elastic_maps(w: int, rnd) -> Tuple[np.ndarray, np.ndarray]:
    """Absolute source coordinates (mapx, mapy), (w, w) float32, of a smooth random displacement.

    The y grid of the original is a transposed view of its x grid, so both noise fields land in
    both maps and mapy is mapx transposed; with zero noise mapx[y, x] = x + 0.5. Both shape the
    training dynamics and are kept.
    """
    return _spread_each(w, *_draw_grid(w, rnd))


def draw_elastic_field(w: int, rnd) -> Tuple[np.ndarray, np.ndarray]:
    """`draw_elastic_maps`, to the bit, in half of the time where it is cells of a power of 2.

    All weights of the resize are binary fractions then: nothing is rounded, so the transposed
    grid gives the transposed map.
    """
    grid, cell = _draw_grid(w, rnd)
    if cell & (cell - 1) or w % cell:
        return _spread_each(w, grid, cell)
    size, half = w + cell, cell // 2
    work = getattr(_work, "field", None)
    if work is None or work.size < size * size:
        work = _work.field = np.empty((size * size,))
    field = cv2.resize(grid, (size, size), dst=work[:size * size].reshape((size, size)))
    mapx = field[half:-half, half:-half].astype(np.float32)
    return mapx, cv2.transpose(mapx)


def _spread_each(w: int, grid: np.ndarray, cell: int) -> Tuple[np.ndarray, np.ndarray]:
    """The maps of a grid's x and of its transpose."""
    size, half = (w + cell, w + cell), cell // 2
    return tuple(cv2.resize(field, size)[half:-half, half:-half].astype(np.float32)
                 for field in (grid, np.ascontiguousarray(grid.T)))


def _draw_grid(w: int, rnd) -> Tuple[np.ndarray, int]:
    """x of the grid's nodes, (n, n) float64, and the side of its cells in pixels."""
    cell = [w // 2, w // 4, w // 8][rnd.randint(3)]
    count = w // cell + 1
    noise, noise_t = randomex.random_normal(size=(2, count - 2, count - 2),
                                            rnd_state=rnd) * (cell * 0.24)
    grid = _get_grid(w, count).copy()
    inner = grid[1:-1, 1:-1]
    inner[...] = (inner + noise) + noise_t.T
    return grid, cell


@functools.lru_cache(maxsize=16)
def _get_grid(w: int, count: int) -> np.ndarray:
    return np.tile(np.linspace(0, w, count), (count, 1))


def warp_by_params(params: Dict[str, Any], img: np.ndarray, can_warp: bool, can_transform: bool,
                   can_flip: bool, border_replicate: bool,
                   cv2_inter: int = cv2.INTER_CUBIC) -> np.ndarray:
    """Apply the parts of `gen_warp_params` that are asked for.

    Arguments:
        params: result of `gen_warp_params` for this image's side.
        img: (w, w[, c]) float32.
        can_warp: the elastic map (outside is 0).
        can_transform: the affine transform (outside is 0, or the edge with `border_replicate`).
        can_flip: mirror if the parameters say so.
        cv2_inter: interpolation of every resampling; the two are made one after the other.

    Returns (w, w, c), not clipped; a mirrored result is a negative-stride view.
    (spec 31 section 2.2)
    """
    w, rw = params["w"], params["rw"]
    is_rescaled = (can_warp or can_transform) and rw is not None

    if is_rescaled:
        img = cv2.resize(img, (w, w), interpolation=cv2_inter)
    if can_warp:
        img = cv2.remap(img, params["mapx"], params["mapy"], cv2_inter)
    if can_transform:
        border = cv2.BORDER_REPLICATE if border_replicate else cv2.BORDER_CONSTANT
        img = cv2.warpAffine(img, params["rmat"], (w, w), flags=cv2_inter, borderMode=border)
    if is_rescaled:
        img = cv2.resize(img, (rw, rw), interpolation=cv2_inter)

    img = with_channel_axis(img)
    if can_flip and params["flip"]:
        img = img[:, ::-1, ...]
    return img


def gen_pts(W: int, H: int,
            rnd_state: Optional[np.random.RandomState] = None) -> Tuple[np.ndarray, np.ndarray]:
    """Random control points and where they move: two (n, 2) integer arrays of (x, y), n = 4..7.

    (spec 31 section 2.3)
    """
    rnd = pick_rnd(rnd_state)
    sources, targets = [], []  # type: ignore
    taken = []
    for _ in range(rnd.randint(4, 8)):
        while True:
            x, y, r = rnd.randint(W), rnd.randint(H), 0.10 * rnd.rand()
            # Pixels against fractions of the side: in practice only equal points collide.
            if all(np.hypot(x - px, y - py) > 2 * (r + pr) for px, py, pr in taken):
                break
        taken.append((x, y, r))
        angle = 2 * np.pi * rnd.rand()
        sources.append((x, y))
        targets.append((int(x + np.cos(angle) * W * r), int(y + np.sin(angle) * H * r)))
    return np.array(sources), np.array(targets)


def mls_rigid_deformation(vy: np.ndarray, vx: np.ndarray, src_pts: np.ndarray,
                          dst_pts: np.ndarray, alpha: float = 1.0,
                          eps: float = 1e-8) -> np.ndarray:
    """Moving-least-squares rigid deformation (Schaefer, McPhail, Warren 2006) as a backward map.

    Arguments:
        vy, vx: (H, W) coordinates of the grid.
        src_pts, dst_pts: (n, 2) control points (x, y) before and after; truncated to int16.
        alpha: exponent of the inverse squared distance that weights the control points.
        eps: added to the squared distance.

    Returns (2, H, W): source row and column of every grid point; float32 for a float32 grid,
    float64 for an integer one. (spec 31 section 2.3)
    """
    # A backward map: the deformation that takes the targets to the sources, in (y, x) order.
    p = _as_row_col(dst_pts)
    q = _as_row_col(src_pts)
    v = np.stack((vy, vx))

    to_p = p[:, :, None, None] - v[None]                       # (n, 2, H, W)
    weights = 1.0 / (np.sum(np.square(to_p), axis=1).astype(np.float32) + eps) ** alpha
    weights = (weights / np.sum(weights, axis=0, keepdims=True)).astype(np.float32)

    p_star = np.sum(weights[:, None] * p[:, :, None, None], axis=0)   # (2, H, W)
    q_star = np.sum(weights[:, None] * q[:, :, None, None], axis=0)
    p_hat = p[:, :, None, None] - p_star[None]
    q_hat = q[:, :, None, None] - q_star[None]
    arm = v - p_star

    # Each control point turns its q_hat by the angle between p_hat and the arm.
    along = np.sum(p_hat * arm[None], axis=1)                          # (n, H, W)
    across = p_hat[:, 0] * arm[None, 1] - p_hat[:, 1] * arm[None, 0]
    turned = np.stack((np.sum(weights * (q_hat[:, 0] * along - q_hat[:, 1] * across), axis=0),
                       np.sum(weights * (q_hat[:, 0] * across + q_hat[:, 1] * along), axis=0)))

    length = np.sqrt(np.sum(np.square(turned), axis=0))
    arm_length = np.sqrt(np.sum(np.square(arm), axis=0))
    is_void = length == 0
    scale = arm_length / np.where(is_void, 1, length)
    result = turned * scale[None] + q_star
    for field in result:
        _fill_by_interpolation(field, is_void)
    return result.astype(np.float32 if v.dtype == np.float32 else np.float64)


def _as_row_col(points: np.ndarray) -> np.ndarray:
    return np.asarray(points).astype(np.int16)[:, ::-1].astype(np.float32)


def _fill_by_interpolation(field: np.ndarray, is_void: np.ndarray) -> None:
    """Replace the void cells of (H, W) `field` in place, linearly along the flattened grid."""
    if is_void.any() and not is_void.all():
        known = ~is_void
        field[is_void] = np.interp(np.flatnonzero(is_void), np.flatnonzero(known), field[known])

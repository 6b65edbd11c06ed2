"""Colour transfer by optimal transport: idt, sot and the mixture (spec 31 sections 3.5 to 3.7).

Images are (h, w, c) BGR float in 0..1 unless said otherwise. The public path of these names is
`core.imagelib.color_transfer`. Random directions come from the global `np.random`.
"""
import cv2
import numpy as np

from .color_linear import linear_color_transfer
from .common import restore_channel_axis, with_channel_axis
from .histogram import color_hist_match


def _draw_rotation(dim: int) -> np.ndarray:
    """A Haar-uniform rotation (dim, dim) float64 by Householder reflections (Stewart 1980).

    Draws dim, dim-1, ..., 2 normals from `np.random`. It is the algorithm of SciPy up to 1.7, so
    those installs' seeds give the same rotations, and no SciPy is needed.
    """
    rotation = np.eye(dim)
    signs = np.empty((dim,))
    for n in range(dim - 1):
        x = np.random.normal(size=(dim - n,))
        norm2 = np.dot(x, x)
        first = x[0]
        signs[n] = np.sign(first) if first != 0 else 1
        x[0] += signs[n] * np.sqrt(norm2)
        x /= np.sqrt((norm2 - first ** 2 + x[0] ** 2) / 2.0)
        rotation[:, n:] -= np.outer(np.dot(rotation[:, n:], x), x)
    signs[-1] = (-1) ** (dim - 1) * signs[:-1].prod()  # the determinant becomes 1
    return (signs * rotation.T).T


def color_transfer_idt(i0: np.ndarray, i1: np.ndarray, bins: int = 256,
                       n_rot: int = 20) -> np.ndarray:
    """idt: iterative distribution transfer (Pitie, Kokaram, Dahyot 2005).

    Arguments:
        i0: image to change, (h, w, c) float.
        i1: reference image, (h', w', c).
        bins: histogram bins per axis.
        n_rot: random rotations; each moves the colours by 1 / n_rot of the way.

    Returns (h, w, c) clipped to 0..1. Gray images are matched by histogram: there is nothing to
    rotate.
    """
    i0, i1 = with_channel_axis(i0), with_channel_axis(i1)
    h, w, c = i0.shape
    if c == 1:
        return np.clip(color_hist_match(i0, i1), 0, 1)

    relaxation = 1 / n_rot
    d0 = i0.reshape(-1, c).T
    d1 = i1.reshape(-1, c).T
    for _ in range(n_rot):
        rotation = _draw_rotation(c).astype(np.float32)
        d0_rotated = np.dot(rotation, d0)
        d1_rotated = np.dot(rotation, d1)
        moved = np.empty_like(d0)
        for axis in range(c):
            moved[axis] = _match_axis(d0_rotated[axis], d1_rotated[axis], bins)
        d0 = relaxation * np.linalg.solve(rotation, moved - d0_rotated) + d0
    return np.clip(d0.T.reshape(h, w, c), 0, 1)


def _match_axis(values0: np.ndarray, values1: np.ndarray, bins: int) -> np.ndarray:
    """Map values0 (n,) to the distribution of values1 through `bins` bins over their range."""
    low = min(values0.min(), values1.min())
    high = max(values0.max(), values1.max())
    if low < high and high - low < 2 * bins * np.spacing(max(abs(low), abs(high))):
        return values0      # equal but for rounding: there are no such narrow bins
    counts0, edges = np.histogram(values0, bins=bins, range=[low, high])
    counts1, _ = np.histogram(values1, bins=bins, range=[low, high])
    cdf0 = counts0.cumsum().astype(np.float32)
    cdf0 /= cdf0[-1]
    cdf1 = counts1.cumsum().astype(np.float32)
    cdf1 /= cdf1[-1]
    mapped = np.interp(cdf0, cdf1, edges[1:])
    # left=0 sends the lowest bin to 0, whatever its value: kept, training saw it.
    return np.interp(values0, edges[1:], mapped, left=0, right=bins)


def color_transfer_sot(src: np.ndarray, trg: np.ndarray, steps: int = 10, batch_size: int = 5,
                       reg_sigmaXY: float = 16.0, reg_sigmaV: float = 5.0) -> np.ndarray:
    """sot: sliced optimal transport of colours (Rabin et al. 2010), spatially regularised.

    Arguments:
        src: image to change, (h, w, c) float, any range.
        trg: reference image of the same shape.
        steps: how often the colours move.
        batch_size: random directions per step.
        reg_sigmaXY: spatial sigma in pixels of the bilateral filter on the change; 0 = none.
        reg_sigmaV: its colour sigma, in the image's units.

    Returns (h, w, c) in the dtype of `src`, not clipped. ValueError for other types or shapes. One
    channel has one direction: its ranks are matched at once (spec 60 section 5).
    """
    src, trg = with_channel_axis(src), with_channel_axis(trg)
    if src.dtype.kind != "f" or trg.dtype.kind != "f":
        raise ValueError("color_transfer_sot: both images must be float, they are %s and %s"
                         % (src.dtype, trg.dtype))
    if src.ndim != 3 or src.shape != trg.shape:
        raise ValueError("color_transfer_sot: both images must be (h, w, c) of one shape, they "
                         "are %s and %s" % (src.shape, trg.shape))

    if src.shape[-1] == 1 and steps > 0:
        np.random.normal(size=steps * batch_size)   # whoever draws next gets what they always got
        moved = match_ranks(src, trg)
    else:
        moved = _move_along_directions(src, trg, steps, batch_size)

    if reg_sigmaXY != 0.0:
        change = moved - src
        smooth = cv2.bilateralFilter(change, 0, reg_sigmaV, reg_sigmaXY)
        return src + restore_channel_axis(smooth, src)
    return moved


def match_ranks(src: np.ndarray, trg: np.ndarray) -> np.ndarray:
    """The i-th smallest value of `src` becomes the i-th smallest of `trg`; shape and dtype of
    `src`, which both have."""
    moved = np.empty(src.size, src.dtype)
    moved[np.argsort(src, axis=None, kind="stable")] = np.sort(trg, axis=None)
    return moved.reshape(src.shape)


def _move_along_directions(src: np.ndarray, trg: np.ndarray, steps: int,
                           batch_size: int) -> np.ndarray:
    """The transport without its filter, (h, w, c)."""
    h, w, c = src.shape
    planes = _split_planes(src)
    trg_planes = _split_planes(trg)
    for _ in range(steps):
        advect = np.zeros(planes.shape, dtype=src.dtype)
        for _ in range(batch_size):
            direction = np.random.normal(size=c).astype(src.dtype)
            direction /= np.sqrt(np.sum(np.square(direction)))  # not the BLAS norm: last bit
            projected = _project(planes, direction)
            wanted = np.empty_like(projected)
            wanted[np.argsort(projected)] = np.sort(_project(trg_planes, direction))
            delta = wanted - projected
            for channel in range(c):
                advect[channel] += delta * direction[channel]
        planes += advect / batch_size
    return np.ascontiguousarray(planes.T).reshape((h, w, c))


def _split_planes(img: np.ndarray) -> np.ndarray:
    """(h, w, c) -> a contiguous copy (c, h * w)."""
    return img.reshape(-1, img.shape[-1]).T.copy()


def _project(planes: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Dot product of every pixel with `direction`, (n,); summed channel by channel, in order."""
    total = planes[0] * direction[0]
    for plane, factor in zip(planes[1:], direction[1:]):
        total += plane * factor
    return total


def color_transfer_mix(img_src: np.ndarray, img_trg: np.ndarray) -> np.ndarray:
    """mix: lightness by lct, colour by sot, on 8-bit Lab images.

    Arguments:
        img_src: image to change, (h, w, c) in 0..1 (everything is multiplied by 255 and
            saturates, so 0..255 images come out wrong).
        img_trg: reference image of the same shape.

    Returns (h, w, c) float32 in 0..1. Gray images: the lightness part is the whole.
    """
    img_src, img_trg = with_channel_axis(img_src), with_channel_axis(img_trg)
    if img_src.shape[-1] == 1:
        return linear_color_transfer(img_src, img_trg).astype(np.float32)

    lab_src = cv2.cvtColor(_to_bytes(img_src * 255.0), cv2.COLOR_BGR2LAB)
    lab_trg = cv2.cvtColor(_to_bytes(img_trg * 255.0), cv2.COLOR_BGR2LAB)
    light_src = lab_src[..., 0:1].astype(np.float32) / 255.0
    light_trg = lab_trg[..., 0:1].astype(np.float32) / 255.0
    light = _to_bytes(linear_color_transfer(light_src, light_trg) * 255.0)

    # sot sees the colours at one lightness.
    lab_src[..., 0] = 100
    lab_trg[..., 0] = 100
    flat_src = cv2.cvtColor(lab_src, cv2.COLOR_LAB2BGR).astype(np.float32)
    flat_trg = cv2.cvtColor(lab_trg, cv2.COLOR_LAB2BGR).astype(np.float32)
    flat = _to_bytes(color_transfer_sot(flat_src, flat_trg))

    lab = cv2.cvtColor(flat, cv2.COLOR_BGR2LAB)
    lab[..., 0] = light[..., 0]
    return cv2.cvtColor(lab, cv2.COLOR_LAB2BGR).astype(np.float32) / 255.0


def _to_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 255).astype(np.uint8)

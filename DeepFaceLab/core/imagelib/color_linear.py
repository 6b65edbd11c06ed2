"""Colour transfer by means and covariances: rct, lct, mkl (spec 31 sections 3.2 to 3.4).

Images are (h, w, c) BGR float in 0..1; gray images (h, w) get a channel axis. The public path of
these names is `core.imagelib.color_transfer`.
"""
from typing import NamedTuple, Optional

import cv2
import numpy as np

from .common import with_channel_axis

EPS64 = np.finfo(np.float64).eps
LCT_EPS = 1e-5

# What a transfer has to know of a picture beside its pixels: `mean` (c,), and `spread`, which is
# (c,) standard deviations for rct and a (c, c) covariance for lct and mkl.
ColorMoments = NamedTuple("ColorMoments", [("mean", np.ndarray), ("spread", np.ndarray)])


def reinhard_color_transfer(target: np.ndarray, source: np.ndarray,
                            target_mask: Optional[np.ndarray] = None,
                            source_mask: Optional[np.ndarray] = None,
                            mask_cutoff: float = 0.5) -> np.ndarray:
    """rct: give `target` the per-channel mean and deviation that `source` has in Lab.

    Arguments:
        target: image to change, (h, w, 3), or (h, w, 1) where the gray value takes Lab's place.
        source: reference image, (h', w', c).
        target_mask, source_mask: (h, w, 1). Pixels below `mask_cutoff` count as (0, 0, 0) in the
            statistics (they bias them; kept), the mapping applies to every pixel.

    Returns float32 in the shape of `target`; BGR results are not clipped to 0..1. A channel whose
    target statistics have no deviation has no defined mapping and stays as it is.
    """
    target, source = with_channel_axis(target), with_channel_axis(source)
    is_gray = target.shape[-1] == 1
    if not is_gray:
        target = cv2.cvtColor(target, cv2.COLOR_BGR2LAB)
        source = cv2.cvtColor(source, cv2.COLOR_BGR2LAB)
    return move_lab(_split_channels(target),
                    measure_lab(_split_channels(_zero_outside(target, target_mask, mask_cutoff))),
                    measure_lab(_split_channels(_zero_outside(source, source_mask, mask_cutoff))))


def _split_channels(img: np.ndarray) -> np.ndarray:
    """(h, w, c) as a view (c, h, w)."""
    return img.transpose(2, 0, 1)


def measure_lab(planes: np.ndarray) -> ColorMoments:
    """Means and population deviations of float32 planes (c, h, w), each (c,) float32."""
    return ColorMoments(np.array([plane.mean() for plane in planes], planes.dtype),
                        np.array([plane.std() for plane in planes], planes.dtype))


def move_lab(planes: np.ndarray, target: ColorMoments, source: ColorMoments) -> np.ndarray:
    """rct of Lab planes (3, h, w), or of a gray plane (1, h, w), between two pictures' moments.

    Returns (h, w, c) float32: BGR, not clipped; gray clipped to 0..1. The planes stay as they are.
    """
    result = np.empty(planes.shape, dtype=np.float32)
    for channel, plane in enumerate(planes):
        std_t = target.spread[channel]
        if std_t == 0:
            result[channel] = plane
            continue
        # Left to right in the picture's dtype: the order decides about the last bits.
        moved = plane - target.mean[channel]
        moved *= source.spread[channel]
        moved /= std_t
        moved += source.mean[channel]
        result[channel] = moved

    if len(planes) == 1:
        return np.clip(result, 0, 1).transpose(1, 2, 0)
    np.clip(result[0], 0, 100, out=result[0])
    np.clip(result[1:], -127, 127, out=result[1:])
    return cv2.cvtColor(cv2.merge(list(result)), cv2.COLOR_LAB2BGR)


def _zero_outside(img: np.ndarray, mask: Optional[np.ndarray], cutoff: float) -> np.ndarray:
    if mask is None:
        return img
    img = img.copy()
    img[with_channel_axis(mask)[..., 0] < cutoff] = 0
    return img


def linear_color_transfer(target_img: np.ndarray, source_img: np.ndarray, mode: str = "pca",
                          eps: float = LCT_EPS) -> np.ndarray:
    """lct: give `target_img` the mean and the covariance of `source_img`.

    Arguments:
        target_img: image to change, (h, w, c), any channel count.
        source_img: reference image, (h', w', c).
        mode: which of the matching square roots: pca, chol or sym.
        eps: added to the diagonal of both covariances.

    Returns (h, w, c), clamped to 0..1, in the dtype of `source_img`.
    """
    target_img, source_img = with_channel_axis(target_img), with_channel_axis(source_img)
    target, source = measure_lct(target_img, eps), measure_lct(source_img, eps)
    return apply_lct(target_img, match_lct(target.spread, source.spread, mode),
                     target.mean, source.mean).astype(source_img.dtype)


def measure_lct(img: np.ndarray, eps: float = LCT_EPS) -> ColorMoments:
    """Mean (c,) and population covariance (c, c), `eps` added to its diagonal, of (h, w, c)."""
    c = img.shape[-1]
    mean = img.mean(0).mean(0)
    centred = _center(img, mean)
    return ColorMoments(mean, centred.dot(centred.T) / centred.shape[1] + eps * np.eye(c))


def _center(img: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(h, w, c) -> (c, h * w) without its mean."""
    return (img - mean).transpose(2, 0, 1).reshape(img.shape[-1], -1)


def apply_lct(img: np.ndarray, matrix: np.ndarray, mean_t: np.ndarray,
              mean_s: np.ndarray) -> np.ndarray:
    """(h, w, c) float64 clamped to 0..1: `matrix` (c, c) on the centred pixels, then `mean_s`."""
    h, w, c = img.shape
    matched = matrix.dot(_center(img, mean_t))
    return np.clip(matched.reshape((c, h, w)).transpose(1, 2, 0) + mean_s, 0, 1)


def match_lct(cov_t: np.ndarray, cov_s: np.ndarray, mode: str = "pca") -> np.ndarray:
    """The (c, c) float64 matrix that takes centred target pixels to the source's covariance."""
    if mode == "chol":
        return np.linalg.cholesky(cov_s).dot(np.linalg.inv(np.linalg.cholesky(cov_t)))
    if mode == "pca":
        return _sqrt_symmetric(cov_s).dot(np.linalg.inv(_sqrt_symmetric(cov_t)))
    if mode == "sym":
        root_t = _sqrt_symmetric(cov_t)
        inverse_t = np.linalg.inv(root_t)
        return inverse_t.dot(_sqrt_symmetric(root_t.dot(cov_s).dot(root_t))).dot(inverse_t)
    raise ValueError("linear_color_transfer: unknown mode %r, known are chol, pca, sym" % (mode,))


def _sqrt_symmetric(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return vectors.dot(np.sqrt(np.diag(values))).dot(vectors.T)


def color_transfer_mkl(x0: np.ndarray, x1: np.ndarray) -> np.ndarray:
    """mkl: the linear map of least displacement from x0's colour Gaussian to that of x1.

    Arguments:
        x0: image to change, (h, w, c).
        x1: reference image, (h', w', c).

    Returns (h, w, c) clipped to 0..1 in the dtype of `x0`. (Monge-Kantorovitch, Pitie 2007)
    """
    x0, x1 = with_channel_axis(x0), with_channel_axis(x1)
    target, source = measure_mkl(x0), measure_mkl(x1)
    return apply_mkl(x0, match_mkl(target, source), target.mean, source.mean)


def measure_mkl(img: np.ndarray) -> ColorMoments:
    """Mean (c,) and sample covariance (c, c) float64 of (h, w, c)."""
    pixels = img.reshape(-1, img.shape[-1])
    return ColorMoments(np.mean(pixels, axis=0), np.atleast_2d(np.cov(pixels, rowvar=False)))


def match_mkl(target: ColorMoments, source: ColorMoments) -> np.ndarray:
    """The (c, c) float64 matrix that centred rows of target pixels are multiplied by."""
    values, axes0 = np.linalg.eigh(target.spread)
    d0 = np.diag(np.sqrt(np.maximum(values, EPS64)))
    d0_inv = np.diag(1.0 / np.diag(d0))
    values, axes1 = np.linalg.eigh(d0.dot(axes0.T).dot(source.spread).dot(axes0).dot(d0))
    d1 = np.diag(np.sqrt(np.maximum(values, EPS64)))
    return (axes0.dot(d0_inv).dot(axes1).dot(d1).dot(axes1.T).dot(d0_inv).dot(axes0.T))


def apply_mkl(img: np.ndarray, matrix: np.ndarray, mean_t: np.ndarray,
              mean_s: np.ndarray) -> np.ndarray:
    """(h, w, c) clipped to 0..1 in the picture's dtype."""
    pixels = img.reshape(-1, img.shape[-1])
    result = np.dot(pixels - mean_t, matrix) + mean_s
    return np.clip(result.reshape(img.shape).astype(img.dtype), 0, 1)

"""Colour transfer by means and covariances: rct, lct, mkl (spec 31 sections 3.2 to 3.4).

Images are (h, w, c) BGR float in 0..1; gray images (h, w) get a channel axis. The public path of
these names is `core.imagelib.color_transfer`.
"""
from typing import Optional

import cv2
import numpy as np

from .common import with_channel_axis

EPS64 = np.finfo(np.float64).eps


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

    target_stat = _zero_outside(target, target_mask, mask_cutoff)
    source_stat = _zero_outside(source, source_mask, mask_cutoff)
    result = np.empty(target.shape, dtype=np.float32)
    for channel in range(target.shape[-1]):
        plane_t, plane_s = target_stat[..., channel], source_stat[..., channel]
        std_t = plane_t.std()
        if std_t == 0:
            result[..., channel] = target[..., channel]
            continue
        # Left to right in float32: the order decides about the last bits.
        result[..., channel] = ((target[..., channel] - plane_t.mean()) * plane_s.std() / std_t
                                + plane_s.mean())

    if is_gray:
        return np.clip(result, 0, 1)
    np.clip(result[..., 0], 0, 100, out=result[..., 0])
    np.clip(result[..., 1:], -127, 127, out=result[..., 1:])
    return cv2.cvtColor(result, cv2.COLOR_LAB2BGR)


def _zero_outside(img: np.ndarray, mask: Optional[np.ndarray], cutoff: float) -> np.ndarray:
    if mask is None:
        return img
    img = img.copy()
    img[with_channel_axis(mask)[..., 0] < cutoff] = 0
    return img


def linear_color_transfer(target_img: np.ndarray, source_img: np.ndarray, mode: str = "pca",
                          eps: float = 1e-5) -> np.ndarray:
    """lct: give `target_img` the mean and the covariance of `source_img`.

    Arguments:
        target_img: image to change, (h, w, c), any channel count.
        source_img: reference image, (h', w', c).
        mode: which of the matching square roots: pca, chol or sym.
        eps: added to the diagonal of both covariances.

    Returns (h, w, c), clamped to 0..1, in the dtype of `source_img`.
    """
    target_img, source_img = with_channel_axis(target_img), with_channel_axis(source_img)
    h, w, c = target_img.shape
    mu_t = target_img.mean(0).mean(0)
    mu_s = source_img.mean(0).mean(0)
    t = (target_img - mu_t).transpose(2, 0, 1).reshape(c, -1)
    s = (source_img - mu_s).transpose(2, 0, 1).reshape(c, -1)
    cov_t = t.dot(t.T) / t.shape[1] + eps * np.eye(c)
    cov_s = s.dot(s.T) / s.shape[1] + eps * np.eye(c)

    matched = _match_covariance(cov_t, cov_s, mode).dot(t)
    matched = matched.reshape((c, h, w)).transpose(1, 2, 0) + mu_s
    return np.clip(matched, 0, 1).astype(source_img.dtype)


def _match_covariance(cov_t: np.ndarray, cov_s: np.ndarray, mode: str) -> np.ndarray:
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
    shape, c = x0.shape, x0.shape[-1]
    pixels0, pixels1 = x0.reshape(-1, c), x1.reshape(-1, c)
    mean0, mean1 = np.mean(pixels0, axis=0), np.mean(pixels1, axis=0)
    cov0 = np.atleast_2d(np.cov(pixels0, rowvar=False))
    cov1 = np.atleast_2d(np.cov(pixels1, rowvar=False))

    values, axes0 = np.linalg.eigh(cov0)
    d0 = np.diag(np.sqrt(np.maximum(values, EPS64)))
    d0_inv = np.diag(1.0 / np.diag(d0))
    values, axes1 = np.linalg.eigh(d0.dot(axes0.T).dot(cov1).dot(axes0).dot(d0))
    d1 = np.diag(np.sqrt(np.maximum(values, EPS64)))
    transport = (axes0.dot(d0_inv).dot(axes1).dot(d1).dot(axes1.T).dot(d0_inv).dot(axes0.T))

    result = np.dot(pixels0 - mean0, transport) + mean1
    return np.clip(result.reshape(shape).astype(x0.dtype), 0, 1)

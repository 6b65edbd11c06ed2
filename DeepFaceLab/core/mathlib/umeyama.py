"""Least-squares similarity between two point sets (spec 31 section 9, spec 40 section 3.2)."""
import numpy as np


def umeyama(src: np.ndarray, dst: np.ndarray, estimate_scale: bool) -> np.ndarray:
    """Return the homogeneous matrix of the similarity that maps `src` onto `dst` best.

    Arguments:
        src, dst: (M, N) arrays of M corresponding points in N dimensions. The precision of the
            decomposition follows numpy's promotion of the two dtypes.
        estimate_scale: False fixes the scale at 1 (rotation and translation only).

    Returns (N+1, N+1) float64; all NaN when the points span no direction at all.
    """
    num, dim = src.shape
    src_mean = src.mean(axis=0)
    dst_mean = dst.mean(axis=0)
    src_centred = src - src_mean
    dst_centred = dst - dst_mean
    covariance = _sum_products(dst_centred, src_centred) / num

    signs = np.ones((dim,), dtype=np.float64)
    if np.linalg.det(covariance) < 0:
        signs[dim - 1] = -1

    result = np.eye(dim + 1, dtype=np.float64)
    rank = np.linalg.matrix_rank(covariance)
    if rank == 0:
        return result * np.nan

    left, singular, right = np.linalg.svd(covariance)
    rotation_signs = signs
    if rank == dim - 1:
        # One direction is missing: choose the sign that makes a rotation, not a reflection.
        same = np.linalg.det(left) * np.linalg.det(right) > 0
        rotation_signs = np.ones_like(signs) if same else _flip_last(signs)
    rotation = np.dot(left, np.dot(np.diag(rotation_signs), right))

    scale = 1.0
    if estimate_scale:
        # The reciprocal comes first: a division would differ in the last bit. In double also for
        # float32 points, as numpy 1 takes a number divided by a float32 scalar.
        scale = 1.0 / float(src_centred.var(axis=0).sum()) * float(np.dot(singular, signs))

    result[:dim, dim] = dst_mean - scale * np.dot(rotation, src_mean)
    result[:dim, :dim] = rotation * scale
    return result


def _sum_products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a^T b of (M, N) arrays, (N, N), in their own precision.

    Even and odd rows are summed apart, one after the other: the order in which the reference's
    vectors were made. A BLAS kernel would choose its own, and landmarks in float32 would be
    aligned a little differently on every kind of processor.
    """
    products = a[:, :, np.newaxis] * b[:, np.newaxis, :]
    return products[0::2].sum(axis=0) + products[1::2].sum(axis=0)


def _flip_last(signs: np.ndarray) -> np.ndarray:
    flipped = signs.copy()
    flipped[-1] = -1
    return flipped

import numpy as np
import pytest

from core import mathlib
from core.mathlib.umeyama import _sum_products, umeyama
from imagelib_support import load_vectors


def make_points(count=6, dim=2, seed=1):
    return np.random.RandomState(seed).rand(count, dim)


def test_table():
    table = load_vectors()["umeyama"]
    src = make_points()
    dst = src.dot(np.array([[1.2, .5], [-.5, 1.2]])) + [3, 4]
    np.testing.assert_allclose(umeyama(src, dst, True), table["scale"], atol=1e-12)
    np.testing.assert_allclose(umeyama(src, dst, False), table["noscale"], atol=1e-12)
    assert mathlib.umeyama is umeyama


@pytest.mark.parametrize("dim", (2, 3))
def test_recovers_a_similarity(dim):
    src = make_points(20, dim)
    rotation, _ = np.linalg.qr(np.random.RandomState(3).randn(dim, dim))
    if np.linalg.det(rotation) < 0:
        rotation[:, 0] *= -1
    dst = 1.7 * src.dot(rotation.T) + np.arange(dim)
    out = umeyama(src, dst, True)
    assert out.shape == (dim + 1, dim + 1) and out.dtype == np.float64
    np.testing.assert_allclose(out[:dim, :dim], 1.7 * rotation, atol=1e-12)
    np.testing.assert_allclose(out[:dim, dim], np.arange(dim), atol=1e-12)
    np.testing.assert_array_equal(out[dim], np.eye(dim + 1)[dim])


def test_mirrored_points_give_a_rotation():
    src = make_points()
    out = umeyama(src, src * [-1, 1], True)
    assert np.linalg.det(out[:2, :2]) > 0


def test_points_on_a_line_and_in_one_place():
    src = np.array([(0., 0), (1, 0), (3, 0)])
    out = umeyama(src, src[:, ::-1] * 2 + 1, True)
    np.testing.assert_allclose(np.c_[src, np.ones(3)].dot(out.T)[:, :2], src[:, ::-1] * 2 + 1,
                               atol=1e-12)
    assert np.linalg.det(out[:2, :2]) > 0
    assert np.isnan(umeyama(np.ones((4, 2)), np.ones((4, 2)), True)).any()


def test_float32_sums_keep_their_order():
    a, b = (np.random.RandomState(seed).rand(33, 2).astype(np.float32) for seed in (1, 2))
    halves = np.zeros((2, 2, 2), np.float32)
    for i, (row_a, row_b) in enumerate(zip(a, b)):
        halves[i % 2] += np.outer(row_a, row_b)
    np.testing.assert_array_equal(_sum_products(a, b), halves[0] + halves[1])


def test_scale_of_float32_points_is_double():
    """numpy 2 keeps float32 where a number meets a float32 scalar; numpy 1 goes on in double."""
    rnd = np.random.RandomState(3)
    src = (rnd.rand(33, 2) * 400).astype(np.float32)
    dst = rnd.rand(33, 2).astype(np.float32)
    mat = umeyama(src, dst, True)
    rotation = umeyama(src, dst, False)[:2, :2]
    centred = src - src.mean(axis=0)
    products = (dst - dst.mean(axis=0))[:, :, None] * centred[:, None, :]
    covariance = (products[0::2].sum(axis=0) + products[1::2].sum(axis=0)) / 33
    signs = np.array([1.0, np.sign(np.linalg.det(covariance))])
    scale = 1.0 / float(centred.var(axis=0).sum()) * float(
        np.linalg.svd(covariance)[1].astype(np.float64).dot(signs))
    assert (mat[:2, :2] == rotation * scale).all()


def test_points_on_lines_are_never_mirrored():
    """One direction is missing: whether the other is turned over is free, and must not be."""
    for seed in range(20):
        rnd = np.random.RandomState(seed)
        src = rnd.rand(5, 1) * rnd.randn(1, 2)
        dst = src.dot(rnd.randn(2, 2))
        assert np.linalg.det(umeyama(src, dst, True)[:2, :2]) > 0

import cv2
import numpy as np
import pytest

from core.imagelib import canny
from core.imagelib.canny import _link_edges, _smooth, _sobel


def test_smoothing_is_a_truncated_gaussian():
    img = np.zeros((21, 21))
    img[10, 10] = 1
    x = np.arange(-4, 5)
    weights = np.exp(-.5 * x ** 2)
    weights /= weights.sum()
    wanted = np.zeros((21, 21))
    wanted[6:15, 6:15] = np.outer(weights, weights)
    np.testing.assert_allclose(_smooth(img), wanted, atol=1e-16)
    assert _smooth(np.ones((21, 21)))[0, 0] < .6        # zero outside


def test_sobel_equals_opencv():
    img = np.random.RandomState(0).rand(12, 15)
    for axis, order in ((0, (0, 1)), (1, (1, 0))):
        wanted = cv2.Sobel(img, cv2.CV_64F, order[0], order[1], ksize=3,
                           borderType=cv2.BORDER_REFLECT)
        np.testing.assert_allclose(_sobel(img, axis), wanted, atol=1e-12)


def test_a_step_gives_one_line():
    for turn in range(4):
        img = np.zeros((40, 40))
        img[:, 20:] = 100
        edges = np.rot90(canny.canny(np.rot90(img, turn).copy()), -turn)
        assert edges.dtype == bool
        assert edges[1:-1, 19:21].any(axis=1).all()
        assert not edges[:, :18].any() and not edges[:, 22:].any()
        assert not edges[0].any() and not edges[-1].any()


def test_a_disc_gives_a_closed_ring():
    img = np.zeros((64, 64), np.uint8)
    cv2.circle(img, (32, 32), 20, 200, -1)
    edges = canny.canny(img.astype(np.float64))
    ys, xs = np.nonzero(edges)
    assert (np.abs(np.hypot(ys - 32, xs - 32) - 20) < 2).all()
    sectors = np.unique(np.round(np.degrees(np.arctan2(ys - 32, xs - 32)) / 10))
    assert len(sectors) >= 36           # all round


@pytest.mark.parametrize("seed, shape, sums", ((0, (64, 80), (1843, 56895, 72430, 2234944)),
                                               (1, (50, 33), (573, 13794, 9156, 220373))))
def test_edges_equal_scikit_image(seed, shape, sums):
    # number of edge pixels, sums of rows, of columns and of their products, scikit-image 0.17.2
    img = np.random.RandomState(seed).randint(0, 256, shape).astype(np.float64)
    img = (img[:-1] + img[1:]) // 40 * 20           # plateaus: many ties
    ys, xs = np.nonzero(canny.canny(img))
    assert (len(ys), ys.sum(), xs.sum(), (ys * xs).sum()) == sums


def test_weak_edges_need_a_strong_neighbour():
    weak = np.zeros((8, 8), bool)
    weak[1, 1] = weak[2, 2] = weak[3, 3] = True      # linked by corners
    weak[6, 1:4] = True
    strong = np.zeros((8, 8), bool)
    strong[3, 3] = True
    wanted = weak.copy()
    wanted[6] = False
    np.testing.assert_array_equal(_link_edges(weak, strong), wanted)


def test_flat_images_have_no_edges():
    assert not canny.canny(np.full((32, 32), 17.)).any()

import numpy as np
import pytest

from core.imagelib import sd
from core.imagelib.sd import draw
from imagelib_support import load_vectors

VECTORS = load_vectors()


def test_small_vectors():
    table = VECTORS["sd"]
    np.testing.assert_allclose(sd.circle_faded([16, 16], [4, 9], [2, 5])[..., 0],
                               table["circle_faded [16,16] center [4,9] fade [2,5]"], atol=1e-7)
    np.testing.assert_allclose(sd.bezier([16, 16], [1, 2], [5, 14], [13, 3])[..., 0],
                               table["bezier 16 A=[1,2] B=[5,14] C=[13,3]"], atol=2e-5, rtol=2e-6)
    np.random.seed(5)
    np.testing.assert_allclose(sd.random_circle_faded([16, 16])[..., 0],
                               table["random_circle_faded 16 seed 5"], atol=1e-7)
    np.random.seed(5)
    np.testing.assert_allclose(sd.random_bezier_split_faded([16, 16])[..., 0],
                               table["random_bezier_split_faded 16 seed 5"], atol=2e-5)


def test_dist_to_edges():
    table = VECTORS["dist_to_edges"]
    dists, projections = sd.dist_to_edges(np.array(table["pts"]), np.array(table["pt"]), True)
    np.testing.assert_allclose(dists, table["dist"])
    np.testing.assert_allclose(projections, table["proj"])
    dists, projections = sd.dist_to_edges(np.array(table["pts"]), np.array(table["pt"]))
    assert len(dists) == len(projections) == 2
    dists, projections = sd.dist_to_edges(np.float32([(1, 1), (1, 1), (5, 1)]), (1, 3))
    np.testing.assert_allclose(dists, (2, 2))
    np.testing.assert_allclose(projections, [(1, 1), (1, 1)])


def test_bezier_distance_is_that_of_a_sampled_curve():
    a, b, c = (np.array(p, np.float64) for p in ((4, 3), (30, 50), (60, 10)))
    dist = sd.bezier([64, 64], a, b, c)
    assert dist.shape == (64, 64, 1) and dist.dtype == np.float32
    t = np.linspace(0, 1, 4000)[:, None]
    curve = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t ** 2 * c
    pixels = np.stack(np.mgrid[0:64, 0:64], -1).reshape(-1, 2)[::7]
    wanted = [np.sqrt(((curve - pixel) ** 2).sum(1).min()) for pixel in pixels]
    np.testing.assert_allclose(np.abs(dist).reshape(-1)[::7], wanted, atol=.02)
    assert dist.min() < 0 < dist.max()     # two sides


def test_bezier_of_evenly_spaced_points_on_a_line():
    out = sd.bezier([8, 8], [0, 0], [2, 2], [4, 4])
    assert out.shape == (8, 8, 1) and not out.any()


def test_circle_fade():
    fade = [3, 0]
    out = sd.circle_faded([32, 32], [10, 20], fade)
    assert fade == [3, 1]
    assert out.shape == (32, 32, 1) and out.dtype == np.float32
    assert out[10, 20] == 1 and out[10, 23] == 1 and out[10, 24] == 0
    wide = sd.circle_faded([48, 32], [10, 40], [3, 5])   # (w, h): 32 rows, 48 columns
    assert wide.shape == (32, 48, 1) and wide[10, 40] == 1 and wide[30, 10] == 0


@pytest.mark.parametrize("make", (sd.random_circle_faded, sd.random_bezier_split_faded,
                                  sd.random_faded))
def test_random_shapes_stay_in_range_and_vary(make):
    np.random.seed(0)
    shapes = [make([32, 32]) for _ in range(20)]
    for shape in shapes:
        assert shape.shape == (32, 32, 1) and shape.dtype == np.float32
        assert 0 <= shape.min() and shape.max() <= 1
    assert np.std([shape.mean() for shape in shapes]) > .1


def test_vector2():
    a, b = np.array([[1., 2]]), np.array([[3., 5]])
    assert draw.vector2_dot(a, b) == 13 and draw.vector2_dot2(a) == 5
    assert draw.vector2_cross(a, b) == -1

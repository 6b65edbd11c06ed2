import numpy as np
import pytest

from core import imagelib
from core.imagelib import morph
from imagelib_support import make_smooth

GRID = np.array([(x, y) for y in (0, 31, 63) for x in (0, 31, 63)])


@pytest.mark.parametrize("channels", (1, 3))
def test_points_at_their_place_change_nothing(channels):
    img = make_smooth("a", 64, channels)
    out = imagelib.morph_by_points(img, GRID, GRID)
    assert out.shape == img.shape and out.dtype == img.dtype
    np.testing.assert_allclose(out, img, atol=1e-5)


def test_the_middle_moves_with_its_point():
    img = np.zeros((64, 64, 1), np.float32)
    img[28:35, 28:35] = 1
    moved = GRID.copy()
    moved[4] = (41, 25)
    out = imagelib.morph_by_points(img, GRID, moved)
    assert out[25, 41] > .9 and out[31, 31 - 8] < .1
    assert out[0, 0] == 0


def test_shapes_must_match():
    with pytest.raises(ValueError):
        imagelib.morph_by_points(make_smooth("a", 64), GRID, GRID[:5])


def test_triangle_by_triangle():
    img = make_smooth("a", 64)
    corners = np.float32([(0, 0), (20, 0), (0, 20)])
    out = np.zeros_like(img)
    morph.morphTriangle(out, img, corners, corners + 10)
    np.testing.assert_allclose(out[12:15, 12:15], img[2:5, 2:5], atol=1e-5)
    assert not out[35:].any()
    turned = morph.applyAffineTransform(img, [(0, 0), (63, 0), (0, 63)],
                                        [(0, 0), (0, 63), (63, 0)], (64, 64))
    np.testing.assert_allclose(turned, img.transpose(1, 0, 2), atol=1e-5)

import numpy as np

from core import imagelib


def test_rect_outline_from_float_points():
    img = np.zeros((12, 12, 3), np.float32)
    imagelib.draw_rect(img, np.float32([2.7, 3.2, 8.9, 9.1]), (1, .5, .25))
    wanted = np.zeros((12, 12), bool)
    wanted[3:10, 2:9] = True
    wanted[4:9, 3:8] = False
    np.testing.assert_array_equal(img[..., 0] == 1, wanted)
    np.testing.assert_array_equal(img[wanted], np.tile(np.float32([1, .5, .25]), (24, 1)))


def test_polygon_is_closed_and_thick():
    img = np.zeros((20, 20, 1), np.uint8)
    imagelib.draw_polygon(img, [(2, 2), (15, 2), (2, 15)], (255,))
    assert img[2, 2:16].all() and img[2:16, 2].all() and img[8, 9].all()
    thin = np.count_nonzero(img)
    imagelib.draw_polygon(img, [(2, 2), (15, 2), (2, 15)], (255,), thickness=3)
    assert np.count_nonzero(img) > 2 * thin

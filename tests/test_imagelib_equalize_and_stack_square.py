import numpy as np

from core.imagelib import equalize_and_stack_square
from core.imagelib.equalize_and_stack_square import equalize_and_stack_square as by_path


def test_smallest_side_and_most_channels_win():
    images = [np.full((20, 30, 3), .5, np.float32), np.full((16, 16, 1), .25, np.float32)]
    out = equalize_and_stack_square(images)
    assert out.shape == (16, 32, 3) and out.dtype == np.float32
    np.testing.assert_allclose(out[:, :16], .5, atol=1e-6)
    np.testing.assert_allclose(out[:, 16:], .25)
    assert images[0].shape == (20, 30, 3)     # the caller's list stays
    assert by_path is equalize_and_stack_square


def test_gray_images_that_need_resizing():
    images = [np.random.RandomState(0).rand(20, 20), np.ones((10, 12, 1))]
    out = equalize_and_stack_square(images)
    assert out.shape == (10, 20, 1)
    np.testing.assert_allclose(out[:, 10:], 1, atol=1e-6)


def test_alpha_is_opaque_where_it_is_missing():
    rgb, rgba = np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 4), np.float32)
    out = equalize_and_stack_square([rgb, rgba])
    assert out.shape == (4, 8, 4)
    assert (out[:, :4, 3] == 1).all() and (out[:, 4:, 3] == 0).all()
    two = np.zeros((4, 4, 2), np.float32)
    two[..., 0] = .5
    np.testing.assert_array_equal(equalize_and_stack_square([two, rgb])[0, 0], (.5, 0, .5))

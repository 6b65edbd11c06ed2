import cv2
import numpy as np
import pytest

from core import imagelib
from imagelib_support import (assert_close, assert_picture, load_pictures, load_vectors,
                              make_noise, make_smooth)


@pytest.mark.parametrize("size, angle", ((3, 0), (7, 30), (15, 75)))
def test_motion_blur_equals_the_reference(size, angle):
    key = "mb/%d_%d" % (size, angle)
    out = imagelib.LinearMotionBlur(make_smooth("a", 96), size, angle)
    assert_picture(load_pictures()[key], out, "motion", key)


def test_motion_blur_small_vector():
    reference = load_vectors()["LinearMotionBlur"]["A size 5 angle 33 every 4th"]
    assert_close(reference, imagelib.LinearMotionBlur(make_noise(), 5, 33)[::4, ::4], "motion")


@pytest.mark.parametrize("mode", (1, 2))
@pytest.mark.parametrize("amount", (-60, 40))
def test_blursharpen_equals_the_reference(mode, amount):
    key = "bs/%d_%d" % (mode, amount)
    out = imagelib.blursharpen(make_smooth("a", 96), mode, 3 if amount > 0 else 5, amount)
    assert_picture(load_pictures()[key], out, "sharpen", key)


@pytest.mark.parametrize("key, args", (("box k3 amount5", (1, 3, 5)),
                                       ("gauss k3 amount5", (2, 3, 5)),
                                       ("amount -27", (1, 3, -27))))
def test_blursharpen_small_vectors(key, args):
    out = imagelib.blursharpen(make_noise(), *args)[::4, ::4]
    assert_close(load_vectors()["blursharpen"][key], out, "sharpen", key)


def test_even_kernels_grow_and_zero_does_nothing():
    img = make_noise()
    for mode in (1, 2):
        np.testing.assert_array_equal(imagelib.blursharpen(img, mode, 4, 3),
                                      imagelib.blursharpen(img, mode, 5, 3))
    assert imagelib.blursharpen(img, 1, 3, 0) is img
    assert imagelib.blursharpen(img, 0, 3, 50) is img


@pytest.mark.parametrize("channels", (1, 3))
def test_channel_axis_stays(channels):
    img = make_noise()[..., :channels]
    for args in ((1, 3, 5), (2, 3, 5), (1, 3, -25)):
        assert imagelib.blursharpen(img, *args).shape == img.shape
    assert imagelib.LinearMotionBlur(img, 5, 20).shape == img.shape


def test_gray_equals_one_plane_of_colour():
    img = make_noise()
    for args in ((1, 3, 5), (2, 3, 5), (1, 3, -25)):
        np.testing.assert_allclose(imagelib.blursharpen(img[..., :1], *args),
                                   imagelib.blursharpen(img, *args)[..., :1], atol=1e-5)


def test_gaussian_sharpen_adds_the_difference_to_the_blur():
    img = make_smooth("g", 32)
    blur = cv2.GaussianBlur(img, (0, 0), 1.0)
    np.testing.assert_allclose(imagelib.gaussian_sharpen(img, amount=20), 2 * img - blur, atol=1e-6)
    assert imagelib.gaussian_sharpen(img[..., :1], amount=40).shape == (32, 32, 1)


def test_a_line_of_even_length_lies_above_the_middle():
    """Its row is (size - 1) // 2 of the kernel, whose anchor is size // 2."""
    img = np.zeros((20, 20), np.float32)
    img[10, 10] = 1
    out = imagelib.LinearMotionBlur(img, 4, 0)
    np.testing.assert_allclose(out[11, 9:13], .25, atol=1e-6)
    assert abs(float(out.sum()) - float(out[11].sum())) < 1e-6

import numpy as np
import pytest

from core import imagelib
from core.imagelib import common
from imagelib_support import make_noise


def test_floats_become_bytes_and_what_is_no_number_becomes_black():
    img = np.array([[0.0, 0.5, 1.0, -2.0, 3.0, np.nan, np.inf, -np.inf]])
    assert common.to_uint8(img).tolist() == [[0, 127, 255, 0, 255, 0, 255, 0]]


def test_normalize_channels():
    img = make_noise()
    np.testing.assert_array_equal(imagelib.normalize_channels(img, 3), img)
    np.testing.assert_array_equal(imagelib.normalize_channels(img, 1), img[..., :1])
    assert imagelib.normalize_channels(img, 4).shape == (16, 16, 3)
    gray = img[..., 0]
    for source in (gray, gray[..., None]):
        out = imagelib.normalize_channels(source, 3)
        assert out.shape == (16, 16, 3) and (out == gray[..., None]).all()
    assert imagelib.normalize_channels(gray, 1).shape == (16, 16, 1)
    assert imagelib.normalize_channels(gray, 0).shape == (16, 16)
    assert imagelib.normalize_channels(img[..., :2], 3).shape == (16, 16, 2)
    rgba = np.zeros((4, 4, 4), np.uint8)
    assert imagelib.normalize_channels(rgba, 3).shape == (4, 4, 3)
    for bad in (np.zeros(4), np.zeros((1, 4, 4, 3))):
        with pytest.raises(ValueError):
            imagelib.normalize_channels(bad, 3)


def test_random_crop_has_the_asked_size():
    img = np.arange(20 * 30).reshape(20, 30, 1)
    np.random.seed(1)
    corners = set()
    for _ in range(50):
        out = imagelib.random_crop(img, 12, 8)
        assert out.shape == (8, 12, 1)
        corners.add(int(out[0, 0, 0]))
    assert len(corners) > 20
    assert imagelib.random_crop(img, 40, 8).shape == (8, 30, 1)
    np.random.seed(2)
    y, x = np.random.randint(0, 12), np.random.randint(0, 18)
    np.random.seed(2)
    assert imagelib.random_crop(img, 12, 8)[0, 0, 0] == y * 30 + x


def test_cut_odd_image():
    img = np.zeros((7, 9, 3))
    assert imagelib.cut_odd_image(img).shape == (6, 8, 3)
    assert imagelib.cut_odd_image(img[:6, :8]).shape == (6, 8, 3)
    assert imagelib.cut_odd_image(img[:6]).shape == (6, 8, 3)


def test_overlay_alpha_image():
    target = np.full((8, 8, 3), 100.)
    source = np.zeros((2, 3, 4))
    source[..., :3] = 200
    source[0, :, 3] = 255
    source[1, :, 3] = 51
    imagelib.overlay_alpha_image(target, source, (4, 5))
    assert (target[5, 4:7] == 200).all()
    np.testing.assert_allclose(target[6, 4:7], 120)
    target[5:7, 4:7] = 100
    assert (target == 100).all()
    with pytest.raises(ValueError):
        imagelib.overlay_alpha_image(target, source[..., :3])


def test_channel_axis_helpers_and_random_source():
    img = np.zeros((4, 5))
    assert common.with_channel_axis(img).shape == (4, 5, 1)
    assert common.restore_channel_axis(img, np.zeros((4, 5, 1))).shape == (4, 5, 1)
    assert common.restore_channel_axis(img, img).shape == (4, 5)
    assert common.pick_rnd(None) is np.random
    rnd = np.random.RandomState(0)
    assert common.pick_rnd(rnd) is rnd


def test_random_crops_never_reach_the_last_row_and_column():
    """Offsets are randint(0, room), the end not among them, as they always were."""
    img = np.arange(6 * 7).reshape(6, 7)
    np.random.seed(0)
    corners = {int(imagelib.random_crop(img, 5, 4)[0, 0]) for _ in range(100)}
    assert corners == {0, 1, 7, 8}
    assert imagelib.random_crop(img, 9, 5).tolist() == img[:5].tolist()

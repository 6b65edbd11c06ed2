import numpy as np

from core.imagelib import reduce_colors, reduce_colors_bw
from imagelib_support import load_pictures, make_smooth


def test_bytes_equal_the_reference():
    out = reduce_colors((make_smooth("a", 96) * 255).astype(np.uint8), 16)
    reference = load_pictures()["reduce"]
    assert out.dtype == np.float32
    # another OpenCV may move an input byte by one, which may move a colour of the palette
    difference = np.abs(out[1::7, 2::7] - reference)
    assert np.mean(difference > 0) < .02 or difference.mean() < .01


def test_number_of_colours_and_closeness():
    img = make_smooth("a", 64)
    few, many = reduce_colors(img, 8), reduce_colors(img, 256)
    for out, limit in ((few, 8), (many, 256)):
        assert out.shape == img.shape and out.dtype == np.float32
        assert 1 < len(np.unique(out.reshape(-1, 3), axis=0)) <= limit
    assert np.abs(many - img).mean() < np.abs(few - img).mean() < .2


def test_channels_are_not_swapped():
    img = np.zeros((8, 8, 3), np.float32)
    img[:, :4] = (1, .5, 0)
    out = reduce_colors(img, 4)
    np.testing.assert_allclose(out, img, atol=.01)


def test_out_of_range_values_saturate():
    img = np.full((8, 8, 3), 1.2, np.float32)
    img[:, :4] = -.2
    np.testing.assert_allclose(reduce_colors(img, 2), np.clip(img, 0, 1))


def test_gray():
    img = make_smooth("a", 64, 1)
    for source in (img, img[..., 0]):
        out = reduce_colors_bw(source, 16)
        assert out.shape == (64, 64, 1) and out.dtype == np.float32
        assert 8 <= len(np.unique(out)) <= 16
        assert np.abs(out - img).mean() < .02
    np.testing.assert_array_equal(reduce_colors(img, 16), out)

import numpy as np

from core.imagelib import bw_hist_match, color_hist_match
from core.imagelib.histogram import channel_hist_match
from imagelib_support import load_pictures, make_noise, make_smooth


def test_bytes_equal_the_reference():
    a, b = ((make_smooth(n, 96) * 255).astype(np.uint8) for n in "ab")
    out = color_hist_match(a, b, 238)
    # truncated bytes: inputs made by another OpenCV may round to the neighbour
    reference = load_pictures()["ct/hist"]
    assert out.dtype == reference.dtype
    assert np.mean(out[1::7, 2::7] != reference) < .01


def test_equal_images_stay_and_further_channels_are_copied():
    rgba = np.random.RandomState(1).rand(8, 8, 4).astype(np.float32)
    other = np.random.RandomState(2).rand(8, 8, 4).astype(np.float32)
    np.testing.assert_allclose(color_hist_match(rgba, rgba), rgba, atol=1e-7)
    out = color_hist_match(rgba, other)
    np.testing.assert_array_equal(out[..., 3], rgba[..., 3])
    np.testing.assert_allclose(np.sort(out[..., 0].ravel()), np.sort(other[..., 0].ravel()),
                               atol=1e-7)


def test_threshold_cuts_the_bright_end():
    a, b = make_noise(11), make_noise(12)
    out = color_hist_match(a, b, 128)
    for channel in range(3):
        assert out[..., channel].max() <= np.percentile(b[..., channel], 51)


def test_values_below_the_first_quantile_take_the_lowest_value():
    out = channel_hist_match(np.arange(10), np.array([5, 5, 5, 9]))
    assert out[0] == 5 and out[-1] == 9


def test_gray_matching_uses_the_whole_plane():
    a, b = make_noise(11)[..., 0], make_noise(12)[..., 0]
    out = bw_hist_match(a, b)
    assert out.shape == (16, 16, 1) and out.dtype == np.float32
    np.testing.assert_allclose(np.sort(out.ravel()), np.sort(b.ravel()), atol=1e-7)
    np.testing.assert_array_equal(np.argsort(out.ravel()), np.argsort(a.ravel()))

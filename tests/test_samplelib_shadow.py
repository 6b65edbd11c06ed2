"""A random shadow over a face (spec 80 section 1.4)."""
import cv2
import numpy as np
import pytest

from samplelib.shadow import apply_random_shadow, read_shadow_option

RANGES = read_shadow_option(True)


def flat(channels):
    img = np.full((64, 64, channels), 0.4, np.float32)
    if channels == 3:
        img[..., 2] = 0.3
    return img


def test_option():
    assert read_shadow_option(None) == read_shadow_option(False) == {} == read_shadow_option([])
    assert RANGES == dict(shadow_low=0.2, shadow_high=0.6, high_bright_low=1.0,
                          high_bright_high=2.5)
    of_file = [{"enabled": True}, {"shadow_low": 0.1}, {"high_bright_high": 3}]
    assert read_shadow_option(of_file) == dict(RANGES, shadow_low=0.1, high_bright_high=3)
    assert read_shadow_option([{"enabled": False}, {"shadow_low": 0.1}]) == {}
    with pytest.raises(ValueError, match="low_shadow"):
        read_shadow_option([{"low_shadow": 0.1}])


@pytest.mark.parametrize("channels", [1, 3])
def test_half_of_the_seeds_have_one(channels):
    img = flat(channels)
    for seed in range(20):
        result = apply_random_shadow(img, RANGES, seed)
        assert ((result == img).all()) == (seed % 10 >= 5)
    assert (img == flat(channels)).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_darkens_a_band_and_brightens_the_rest(channels):
    img = flat(channels)
    for seed in (0, 1, 12, 23):
        result = apply_random_shadow(img, RANGES, seed)
        assert result.shape == img.shape and result.dtype == np.float32
        assert 0 <= result.min() and result.max() <= 1
        assert (result == apply_random_shadow(img, RANGES, seed)).all()
        factor = result[..., 0] / img[..., 0]
        assert 0.15 < factor.min() < 0.75 and 0.9 < factor.max() < 2.6
        # The edge is soft.
        assert np.abs(np.diff(factor, axis=0)).max() < 0.4
    assert not (apply_random_shadow(img, RANGES, 0) == apply_random_shadow(img, RANGES, 1)).all()


def test_keeps_hue_and_saturation():
    img = flat(3) * 0.4
    before = cv2.cvtColor(img, cv2.COLOR_BGR2HSV)
    after = cv2.cvtColor(apply_random_shadow(img, RANGES, 1), cv2.COLOR_BGR2HSV)
    np.testing.assert_allclose(after[..., :2], before[..., :2], atol=1e-2)

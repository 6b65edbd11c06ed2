"""samplelib/color_match.py: transfers with remembered moments."""
import numpy as np
import pytest

from core.imagelib import color_transfer
from imagelib_support import make_smooth
from samplelib.color_match import ColorMatcher


def make_pictures(channels=3):
    return make_smooth("a", 64, channels), make_smooth("b", 64, channels) * np.float32(.6)


def refuse():
    raise AssertionError("the reference is known")


@pytest.mark.parametrize("channels", (1, 3))
@pytest.mark.parametrize("ct_mode", ("rct", "lct", "mkl"))
@pytest.mark.parametrize("is_fast, tolerance", ((False, 0), (True, 3e-7)))
def test_moments_are_remembered(ct_mode, channels, is_fast, tolerance):
    picture, reference = make_pictures(channels)
    wanted = color_transfer(ct_mode, picture, reference)
    matcher = ColorMatcher(is_fast)
    first = matcher.transfer(ct_mode, picture, 1, 2, lambda: reference)
    assert np.abs(first - wanted).max() <= tolerance
    again = matcher.transfer(ct_mode, picture, 1, 2, refuse)
    np.testing.assert_array_equal(first, again)
    # the same key as a source and as a reference are two things
    other = matcher.transfer(ct_mode, reference, 2, 1, lambda: picture)
    assert np.abs(other - color_transfer(ct_mode, reference, picture)).max() <= tolerance


@pytest.mark.parametrize("ct_mode", ("idt", "sot"))
def test_transport(ct_mode):
    picture, reference = make_pictures()
    results = []
    for transfer in (color_transfer, ColorMatcher(False), ColorMatcher(True)):
        np.random.seed(3)
        results.append(transfer(ct_mode, picture, reference) if transfer is color_transfer
                       else transfer.transfer(ct_mode, picture, 1, 2, lambda: reference))
    np.testing.assert_array_equal(results[0], results[1])
    assert 0 < np.abs(results[0] - results[2]).mean() < .05


def test_changed_files_and_the_oldest():
    picture, reference = make_pictures()
    matcher = ColorMatcher(True, capacity=2)
    matcher.transfer("lct", picture, ("00001.jpg", 5), 2, lambda: reference)
    changed = matcher.transfer("lct", picture * .5, ("00001.jpg", 6), 2, lambda: reference)
    assert np.abs(changed - color_transfer("lct", picture * .5, reference)).max() <= 3e-7
    assert len(matcher._moments) == 2
    # without a key nothing is remembered
    matcher.transfer("lct", picture, None, None, lambda: reference)
    assert len(matcher._moments) == 2

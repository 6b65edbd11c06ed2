import cv2
import numpy as np
import pytest

from core import imagelib
from imagelib_support import make_smooth
from merger.frame_degrade import degrade_frame, denoise, reduce_frame_colors, rescale
from merger.frame_pixels import FramePixels

FRAME = FramePixels((make_smooth("frame", 70)[:50] * 255).astype(np.uint8))
FLOATS = FRAME.get_floats(FRAME.whole)


def denoise_floats(img, power):
    """As the chapter writes it down, all in floats."""
    while power > 0:
        median = cv2.medianBlur(img, 5)
        if power >= 100:
            img = median
        else:
            share = (power % 100) / 100.0
            img = img * (1 - share) + median * share
        power = max(power - 10, 0)
    return img


@pytest.mark.parametrize("power", (1, 10, 95, 100, 101, 137, 500))
def test_denoise_is_that_of_floats(power):
    out = denoise(FRAME, power)
    assert out.dtype == np.float32 and (out == denoise_floats(FLOATS, power)).all()


@pytest.mark.parametrize("power", (1, 40, 100))
def test_rescale(power):
    out = rescale(FLOATS, power)
    assert out.shape == FLOATS.shape and out.dtype == np.float32
    detail, before = (np.abs(np.diff(img, axis=1)).mean() for img in (out, FLOATS))
    assert detail < {1: 1.02, 40: 0.9, 100: 1e-3}[power] * before
    assert rescale(FLOATS[:3, :3], power).shape == (3, 3, 3)


def test_degrade_is_made_once_a_frame():
    assert degrade_frame(FRAME, 0, 0) is None
    first = degrade_frame(FRAME, 30, 20)
    assert degrade_frame(FRAME, 30, 20) is first and degrade_frame(FRAME, 31, 20) is not first
    assert (first == rescale(denoise(FRAME, 30), 20)).all()


def test_reduced_colours():
    full = reduce_frame_colors(FLOATS, 100)
    assert len(np.unique((full * 255).round().astype(int).reshape(-1, 3), axis=0)) <= 256
    np.testing.assert_allclose(reduce_frame_colors(FLOATS, 25), FLOATS * 0.75 + full * 0.25,
                               atol=1e-6)
    assert (full == imagelib.reduce_colors(FLOATS, 256)).all()

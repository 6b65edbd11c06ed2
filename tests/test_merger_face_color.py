import numpy as np
import pytest

from core import imagelib
from imagelib_support import make_smooth
from merger import face_color
from merger.MergerConfig import ctm_dict

TARGET, REFERENCE = make_smooth("target", 40), make_smooth("reference", 40) * np.float32(0.5)
AREA = np.zeros((40, 40, 1), np.float32)
AREA[8:30, 10:35] = 1


@pytest.mark.parametrize("mode", [mode for mode in ctm_dict if mode])
def test_every_mode_moves_the_colours(mode):
    np.random.seed(1)
    area = np.ones_like(AREA)
    out = face_color.transfer_color(mode, TARGET, REFERENCE, area)
    assert out.shape == TARGET.shape and out.dtype == np.float32
    before = np.abs(TARGET.mean((0, 1)) - REFERENCE.mean((0, 1))).max()
    assert np.abs(out.mean((0, 1)) - REFERENCE.mean((0, 1))).max() < 0.5 * before


def test_modes_of_a_mask_see_black_outside():
    for mode, plain in ((face_color.MKL_M, imagelib.color_transfer_mkl),
                        (face_color.IDT_M, imagelib.color_transfer_idt)):
        np.random.seed(2)
        out = face_color.transfer_color(mode, TARGET, REFERENCE, AREA)
        np.random.seed(2)
        assert (out == plain(TARGET * AREA, REFERENCE * AREA)).all()
    np.random.seed(2)
    out = face_color.transfer_color(face_color.SOT_M, TARGET, REFERENCE, AREA)
    assert out.min() >= 0 and out.max() <= 1


def test_no_mode_and_no_such_mode():
    assert face_color.transfer_color(0, TARGET, REFERENCE, AREA) is TARGET
    with pytest.raises(ValueError):
        face_color.transfer_color(9, TARGET, REFERENCE, AREA)


def test_area():
    mask = np.float32([-0.01, 0, 0.004, 0.5, 1.02]).reshape(1, 5, 1)
    area = face_color.get_area(mask)
    assert area.ravel().tolist() == [np.float32(-0.01), 0, 1, 1, 1]
    assert mask[0, 4, 0] == np.float32(1.02)


def test_histogram_match():
    plain = face_color.match_histogram(TARGET, REFERENCE, AREA, False, 255)
    wanted = imagelib.color_hist_match(TARGET, REFERENCE, 255)
    assert plain.dtype == np.float32 and (plain == wanted).all()
    masked = face_color.match_histogram(TARGET, REFERENCE, AREA, True, 255)
    inside = AREA[..., 0] > 0
    assert (masked[~inside] == 1).all()
    for percent in (20, 50, 80):
        np.testing.assert_allclose(np.percentile(masked[inside], percent, axis=0),
                                   np.percentile(REFERENCE[inside], percent, axis=0), atol=0.02)

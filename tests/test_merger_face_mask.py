import numpy as np
import pytest

from merge_support import Vectors
from merger import MergerConfigMasked
from merger import face_mask
from merger.face_geometry import FaceGeometry
from merger.face_prediction import Prediction
from merger.frame_pixels import FramePixels

VECTORS = Vectors()
FRAME = FramePixels(VECTORS.inputs["frame"])
GEOMETRY = FaceGeometry(MergerConfigMasked(), VECTORS.inputs["landmarks"], (64, 64, 3),
                        FRAME.shape)


def flat(value, *channels):
    return np.full((64, 64) + channels, value, np.float32)


PREDICTION = Prediction(flat(0.1, 3), flat(0.2, 3), flat(0.5), flat(0.7), flat(0, 3), flat(0, 3))


def select(mode, xseg_prd=0.9, xseg_dst=0.4):
    seen = []

    def segment(face):
        seen.append(face)
        is_prd = np.ptp(face) < 1e-3
        return np.full((256, 256, 1), xseg_prd if is_prd else xseg_dst, np.float32)
    mask = face_mask.select_mask(GEOMETRY, mode, FRAME, PREDICTION, segment)
    assert mask.shape == (256, 256) and mask.dtype == np.float32
    return mask, len(seen)


@pytest.mark.parametrize("mode, value, calls", (
    (0, 1, 0), (2, .5, 0), (3, .7, 0), (4, .35, 0), (5, 1, 0), (6, .9, 1), (7, .4, 1),
    (8, .36, 2), (9, .126, 2), (10, 1.3, 2)))
def test_modes(mode, value, calls):
    mask, seen = select(mode)
    np.testing.assert_allclose(mask, value, atol=1e-5)
    assert seen == calls


def test_the_hull_is_that_of_the_landmarks():
    mask, _ = select(1)
    assert mask[128, 128] > 0.99 and mask[5, 5] == 0 and 0.1 < (mask > 0.5).mean() < 0.6


def test_the_smallest_values_vanish():
    mask, _ = select(6, xseg_prd=0.9 / 255)
    assert not mask.any()
    assert select(6, xseg_prd=1.1 / 255)[0].min() > 0
    assert (PREDICTION.prd_mask == 0.5).all()    # the network's own mask is left


def shape(mask, resolution=16, **settings):
    return face_mask.shape_mask(mask, MergerConfigMasked(**settings), resolution)


def make_square(size=64, margin=20):
    mask = np.zeros((size, size), np.float32)
    mask[margin:size - margin, margin:size - margin] = 1
    return mask


def test_erosion_and_dilation_are_pixels_of_the_mask():
    square = make_square()
    assert (shape(square) == square).all()
    assert shape(square, erode_mask_modifier=5)[32].sum() == 24 - 4
    assert shape(square, erode_mask_modifier=-5)[32].sum() == 24 + 4
    large = shape(make_square(256, 64), 64, erode_mask_modifier=41)
    assert large[128].sum() == 128 - 40


def test_a_blurred_mask_fades_out_within_the_square():
    full = np.ones((64, 64), np.float32)
    mask = shape(full, blur_mask_modifier=10)
    assert mask[0].max() < 0.02 and mask[32, 32] == 1 and 0 <= mask.min() and mask.max() <= 1
    assert shape(full).min() == 1
    # too wide a blur leaves nothing (KEEP)
    assert not shape(full, blur_mask_modifier=64).any()


def test_odd_and_even_blurs():
    for even in (30, 60):
        a = shape(make_square(), blur_mask_modifier=even)
        b = shape(make_square(), blur_mask_modifier=even + 1)
        np.testing.assert_allclose(a, b, atol=1e-6)     # the next odd number


def test_a_pasted_mask_has_no_smallest_values():
    mask = np.full((256, 256), 0.9 / 255, np.float32)
    mask[100:150, 100:150] = 1
    pasted = face_mask.paste_mask(GEOMETRY, mask)
    assert pasted.ndim == 3 and pasted.shape[2] == 1 and pasted.max() == 1
    assert ((pasted == 0) | (pasted >= face_mask.LEAST)).all() and (pasted == 0).mean() > 0.5


def test_crop_masks_are_not_clipped():
    crop = face_mask.get_crop_mask(GEOMETRY, make_square(256, 81))
    assert crop.shape == (64, 64, 1) and (crop.min() < 0 or crop.max() > 1)

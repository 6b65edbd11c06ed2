import cv2
import numpy as np
import pytest

from core.imagelib import ellipse_morph
from core.imagelib.ellipse_morph import dilate_ellipse, erode_ellipse


def make_mask(seed, height, width):
    """A soft patch on zeros, with a few values below zero as cubic enlarging leaves them."""
    rnd = np.random.RandomState(seed)
    mask = np.zeros((height, width), np.float32)
    y, x = rnd.randint(0, height // 2), rnd.randint(0, width // 2)
    mask[y:y + rnd.randint(8, height), x:x + rnd.randint(8, width)] = 1
    mask *= (rnd.rand(height, width) * 1.05 - 0.02).astype(np.float32)
    return mask


@pytest.mark.parametrize("seed, size", [(i, size) for i, size in enumerate(
    (1, 2, 15, 16, 17, 24, 25, 40, 63, 90, 91, 160))])
def test_equal_to_opencv(seed, size, monkeypatch):
    monkeypatch.setattr(ellipse_morph, "TILE", (31, 45))   # several tiles, the last ones smaller
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    for mask in (make_mask(seed, 110, 137), make_mask(seed + 50, 137, 60)):
        assert (erode_ellipse(mask, size) == cv2.erode(mask, element)).all()
        assert (dilate_ellipse(mask, size) == cv2.dilate(mask, element)).all()


def test_a_full_and_an_empty_picture():
    for size in (20, 120):
        full = np.ones((50, 70), np.float32)
        assert (erode_ellipse(full, size) == 1).all() and (dilate_ellipse(full, size) == 1).all()
        empty = np.zeros((50, 70), np.float32)
        assert not erode_ellipse(empty, size).any() and not dilate_ellipse(empty, size).any()


def test_inputs_are_left():
    mask = make_mask(1, 80, 80)
    kept = mask.copy()
    erode_ellipse(mask, 30)
    assert (mask == kept).all()

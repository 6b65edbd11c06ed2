"""Random changes of colours (spec 30 section 6.2, spec 80 section 1.4, spec 82)."""
import cv2
import numpy as np
import pytest
from data_support import make_picture

from samplelib.color_augment import (COLOR_AUGMENTATIONS, augment_colors, rotate_lab_colors,
                                     shift_hsv)


def picture(channels=3):
    return make_picture(48, seed=2, channels=channels).reshape(48, 48, channels).astype(
        np.float32) / 255


def test_hsv_shift_is_what_the_numbers_say():
    img, amount = picture(), 0.3
    rnd = np.random.RandomState(4)
    hue = rnd.randint(-54, 55)
    saturation, value = (rnd.random_sample() - 0.5) * amount, (rnd.random_sample() - 0.5) * amount
    h, s, v = cv2.split(cv2.cvtColor(img, cv2.COLOR_BGR2HSV))
    expected = cv2.cvtColor(cv2.merge([(h + hue) % 360, np.clip(s + saturation, 0, 1),
                                       np.clip(v + value, 0, 1)]).astype(np.float32),
                            cv2.COLOR_HSV2BGR)
    result = shift_hsv(img, amount, np.random.RandomState(4))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, np.clip(expected, 0, 1), atol=1e-6)
    assert np.abs(result - img).max() > 0.02


def test_hue_moves_at_least_one_degree_either_way():
    shifts = {np.random.RandomState(seed).randint(-1, 2) for seed in range(20)}
    assert shifts == {-1, 0, 1}
    changed = [np.abs(shift_hsv(picture(), 1e-4, np.random.RandomState(seed)) - picture()).max()
               > 1e-3 for seed in range(20)]
    assert any(changed) and not all(changed)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1)])
def test_gray_draws_as_colour_does_and_moves_by_its_value(shape):
    rnd = np.random.RandomState(4)
    img = np.full(shape, 0.5, np.float32)
    result = shift_hsv(img, 0.3, rnd)
    drawn = np.random.RandomState(4)
    drawn.randint(-54, 55)
    drawn.random_sample()
    np.testing.assert_allclose(result, 0.5 + (drawn.random_sample() - 0.5) * 0.3, atol=1e-6)
    assert result.shape == shape and result.dtype == np.float32
    assert drawn.randint(1 << 30) == rnd.randint(1 << 30)


def test_lab_rotation_turns_colours_and_keeps_lightness():
    gray = np.full((4, 4, 3), 0.4, np.float32)
    np.testing.assert_allclose(rotate_lab_colors(gray, 3), gray, atol=2e-3)
    img = picture() * 0.3 + 0.35  # pale: nothing leaves the gamut
    for seed in (3, 4):
        turned = rotate_lab_colors(img, seed)
        assert turned.dtype == np.float32 and 0 <= turned.min() and turned.max() <= 1
        before, after = (cv2.cvtColor(x, cv2.COLOR_BGR2LAB) for x in (img, turned))
        np.testing.assert_allclose(after[..., 0], before[..., 0], atol=0.3)
        radius = [np.hypot(lab[..., 1], lab[..., 2]) for lab in (before, after)]
        np.testing.assert_allclose(radius[0], radius[1], atol=0.6)
        # One angle for all pixels, whatever their colour.
        turn = np.angle((after[..., 1] + 1j * after[..., 2]) /
                        (before[..., 1] + 1j * before[..., 2]))[radius[0] > 4]
        assert np.abs(np.angle(np.exp(1j * (turn - turn[0])))).max() < 0.2
        assert (turned == rotate_lab_colors(img, seed)).all()
    assert np.abs(rotate_lab_colors(img, 3) - rotate_lab_colors(img, 4)).max() > 0.01


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", sorted(COLOR_AUGMENTATIONS))
def test_colour_augmentation_follows_the_seed(mode, channels):
    img = picture(channels)
    results = [augment_colors(mode, img, seed) for seed in range(6)]
    for seed, result in enumerate(results):
        assert result.shape == img.shape and result.dtype == np.float32
        assert 0 <= result.min() and result.max() <= 1
        assert (result == augment_colors(mode, img, seed)).all()
    assert np.abs(results[0] - results[1]).max() > 0.02
    assert (img == picture(channels)).all()


def test_colour_augmentation_stays_near_and_cc_reaches_further():
    img = np.full((32, 32, 3), 0.5, np.float32)
    reach = {mode: max(np.abs(augment_colors(mode, img, seed) - img).mean()
                       for seed in range(30)) for mode in COLOR_AUGMENTATIONS}
    assert 0.05 < reach["fs-aug"] < 0.35 and reach["fs-aug"] < reach["cc-aug"]


def test_local_contrast_in_half_of_the_cases():
    """A low contrast doubles where it is equalised, and never by the shifts alone."""
    img = np.repeat(np.linspace(0.45, 0.55, 64, dtype=np.float32)[None, :, None], 64, axis=0)
    spread = [float(np.ptp(augment_colors("fs-aug", img, seed))) for seed in range(40)]
    assert 10 < sum(s > 0.13 for s in spread) < 30
    always = [float(np.ptp(augment_colors("cc-aug", img, seed))) for seed in range(40)]
    assert np.median(always) > 0.1 and min(spread) < 0.1

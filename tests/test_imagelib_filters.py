import cv2
import numpy as np
import pytest

from core import imagelib
from core.imagelib import filters
from imagelib_support import (SEED, Draws, assert_close, assert_picture, load_pictures,
                              load_vectors, make_noise, make_smooth)

# name, arguments of the pictures, arguments of the one-channel and mask tests, tolerance
FILTERS = (
    ("apply_random_rgb_levels", (), "filter"),
    ("apply_random_hsv_shift", (), "filter"),
    ("apply_random_relight", (), "filter"),
    ("apply_random_sharpen", (100, 9), "sharpen"),
    ("apply_random_motion_blur", (100, 11), "motion"),
    ("apply_random_gaussian_blur", (100, 9), "filter"),
    ("apply_random_nearest_resize", (100, 70), "filter"),
    ("apply_random_bilinear_resize", (100, 70), "filter"),
    ("apply_random_jpeg_compress", (100,), "filter"),
    ("apply_random_overlay_triangle", (.8,), "filter"),
)
SMALL_VECTORS = sorted(key for key in load_vectors()["filters"] if "[" in key)


def apply_filter(name, img, args, seed=SEED, mask=None):
    return getattr(imagelib, name)(img, *args, mask=mask, rnd_state=np.random.RandomState(seed))


@pytest.mark.parametrize("name, args, group", FILTERS)
def test_filters_equal_the_reference(name, args, group):
    out = apply_filter(name, make_smooth("a", 96), args)
    assert_picture(load_pictures()["f/" + name], out, group, name)


@pytest.mark.parametrize("key", SMALL_VECTORS)
def test_small_vectors(key):
    call, seed = key.split(" seed ")
    name, args = call.rstrip("]").split("[")
    args = [float(arg) if "." in arg else int(arg) for arg in args.split(",") if arg]
    np.random.seed(int(seed))
    out = getattr(imagelib, name)(make_noise(), *args)
    group = {"apply_random_sharpen": "sharpen", "apply_random_motion_blur": "motion"}.get(
        name, "filter")
    assert_close(load_vectors()["filters"][key], out[::4, ::4], group, key)


@pytest.mark.parametrize("name, args, group", FILTERS)
@pytest.mark.parametrize("channels", (1, 3))
def test_shape_and_type_stay(name, args, group, channels):
    img = make_smooth("a", 48)[..., :channels]
    for seed in range(4):
        out = apply_filter(name, img, args, seed)
        assert out.shape == img.shape and out.dtype == np.float32


@pytest.mark.parametrize("name, args, group", FILTERS)
def test_mask_limits_the_effect(name, args, group):
    img = make_smooth("a", 48)
    mask = np.zeros((48, 48, 1), np.float32)
    mask[:, 24:] = 1
    full = apply_filter(name, img, args, 7)
    out = apply_filter(name, img, args, 7, mask)
    np.testing.assert_allclose(out[:, :24], img[:, :24], atol=1e-6)
    np.testing.assert_allclose(out[:, 24:], full[:, 24:], atol=1e-5)


@pytest.mark.parametrize("name, args", [(n, a) for n, a, _ in FILTERS if len(a) and a[0] == 100])
def test_chance_zero_returns_the_image(name, args):
    img = make_noise()
    assert apply_filter(name, img, (0,) + tuple(args[1:])) is img


@pytest.mark.parametrize("name, args, draws", (
    ("apply_random_sharpen", (0, 9), lambda r: (r.randint(9), r.randint(100))),
    ("apply_random_motion_blur", (0, 9),
     lambda r: (r.randint(9), r.randint(360), r.randint(100))),
    ("apply_random_gaussian_blur", (0, 9), lambda r: r.randint(100)),
    ("apply_random_gaussian_blur", (100, 9), lambda r: (r.randint(100), r.randint(9))),
    ("apply_random_jpeg_compress", (100,), lambda r: (r.randint(100), r.randint(10, 101))),
    ("apply_random_bilinear_resize", (100, 50), lambda r: (r.randint(100), r.rand())),
    ("apply_random_rgb_levels", (), lambda r: [r.rand() for _ in range(15)]),
    ("apply_random_hsv_shift", (), lambda r: (r.randint(360), r.rand(), r.rand())),
))
@pytest.mark.parametrize("channels", (1, 3))
def test_random_stream_is_consumed_alike(name, args, draws, channels):
    used, expected = np.random.RandomState(3), np.random.RandomState(3)
    getattr(imagelib, name)(make_noise()[..., :channels], *args, rnd_state=used)
    draws(expected)
    assert used.rand() == expected.rand()


def test_gray_hsv_is_a_shift_of_the_value():
    img = np.full((8, 8, 1), .5, np.float32)
    rnd = np.random.RandomState(3)
    rnd.randint(360), rnd.rand()
    wanted = np.clip(.5 + rnd.rand() - .5, 0, 1)
    np.testing.assert_allclose(apply_filter("apply_random_hsv_shift", img, (), 3), wanted,
                               atol=1e-6)


def test_gray_resize_equals_a_plane_of_colour():
    img = make_noise()
    for interpolation in (cv2.INTER_NEAREST, cv2.INTER_LINEAR):
        gray, colour = (filters.apply_random_resize(x, 100, 60, interpolation,
                                                    rnd_state=np.random.RandomState(2))
                        for x in (img[..., :1], img))
        np.testing.assert_allclose(gray, colour[..., :1], atol=1e-6)


def test_triangle_of_one_channel():
    img = np.full((32, 32, 1), .5, np.float32)
    out = apply_filter("apply_random_overlay_triangle", img, (.4,), 1)
    changed = out[out != np.float32(.5)]
    assert changed.size and np.ptp(changed) == 0


UNIFORM = ("uniform", 0, 1)
PERCENT = ("randint", 100)
# name, arguments -> what is drawn, in order (spec 31 section 5)
DRAWS = (
    ("apply_random_rgb_levels", (), [UNIFORM] * 15),
    ("apply_random_hsv_shift", (), [("randint", 360), UNIFORM, UNIFORM]),
    ("apply_random_motion_blur", (100, 11), [("randint", 11), ("randint", 360), PERCENT]),
    ("apply_random_motion_blur", (0, 11), [("randint", 11), ("randint", 360), PERCENT]),
    ("apply_random_gaussian_blur", (100, 9), [PERCENT, ("randint", 9)]),
    ("apply_random_gaussian_blur", (-5, 9), [PERCENT]),
    ("apply_random_sharpen", (0, 9), [("randint", 9), PERCENT]),
    ("apply_random_nearest_resize", (100, 70), [PERCENT, UNIFORM]),
    ("apply_random_bilinear_resize", (100, 70), [PERCENT, UNIFORM]),
    ("apply_random_bilinear_resize", (0, 70), [PERCENT]),
    ("apply_random_jpeg_compress", (100,), [PERCENT, ("randint", 10, 101)]),
    ("apply_random_overlay_triangle", (.8,),
     [("randint", 20), ("randint", 16)] * 3 + [UNIFORM, ("randint", 2)]),
)


@pytest.mark.parametrize("name, args, wanted", DRAWS)
def test_draws_and_their_ranges(name, args, wanted):
    """A range that is one too large changes one result in fifty: pictures do not show it."""
    rnd = Draws(3)
    img = np.random.RandomState(0).rand(16, 20, 3).astype(np.float32)
    getattr(imagelib, name)(img, *args, rnd_state=rnd)
    assert rnd.asked == wanted


def test_draws_of_both_ways_to_sharpen():
    img, seen = make_noise(), set()
    for seed in range(8):
        rnd = Draws(seed)
        imagelib.apply_random_sharpen(img, 100, 9, rnd_state=rnd)
        assert rnd.asked[:3] == [("randint", 9), PERCENT, ("randint", 2)]
        seen.add(tuple(rnd.asked[3:]))
    assert seen == {(("randint", 10),), (("randint", 50),)}

import numpy as np

from core import imagelib
from core.imagelib import filters, relight
from imagelib_support import assert_close, load_vectors, make_smooth


def test_small_vector():
    vectors = load_vectors()["filters"]
    key = "apply_random_relight on RandomState(9).rand(128,128,3) seed 5, every 16th"
    img = np.random.RandomState(9).rand(128, 128, 3).astype(np.float32)
    np.random.seed(5)
    assert_close(vectors[key], imagelib.apply_random_relight(img)[::16, ::16], "filter")


def test_names_are_reachable_through_filters():
    for name in ("_min_resize", "_d_resize", "_get_image_gradient", "_generate_lighting_effects",
                 "apply_random_relight"):
        assert getattr(filters, name) is getattr(relight, name)


def test_gradient_of_a_ramp():
    img = np.tile(np.arange(8, dtype=np.float32), (8, 1))[..., None] * np.float32([1, 2])
    cols, rows = relight._get_image_gradient(img)
    np.testing.assert_array_equal(cols[1:-1, 1:-1, 0], 8)
    np.testing.assert_array_equal(cols[1:-1, 1:-1, 1], 16)
    np.testing.assert_array_equal(rows[1:-1, 1:-1], 0)


def test_gradients_are_normalised_per_channel():
    cols, rows = relight._generate_lighting_effects(make_smooth("a", 64))
    length = np.sqrt(cols ** 2 + rows ** 2)
    np.testing.assert_allclose(length.max((0, 1)), 1, atol=1e-5)


def test_resizes():
    img = np.random.RandomState(0).rand(20, 40, 1).astype(np.float32)
    assert relight._min_resize(img, 10).shape == (10, 20, 1)
    assert relight._min_resize(img.transpose(1, 0, 2), 30).shape == (60, 30, 1)
    assert relight._d_resize(img, (8, 6, 1)).shape == (8, 6, 1)
    assert relight._d_resize(img, (8, 6, 1), 2.0).shape == (16, 12, 1)
    np.testing.assert_allclose(relight._d_resize(img, (10, 20)),
                               img.reshape(10, 2, 20, 2, 1).mean((1, 3)), atol=1e-6)


def test_flat_images_get_ambient_light_only():
    img = np.full((64, 64, 1), .5, np.float32)
    out = imagelib.apply_random_relight(img, rnd_state=np.random.RandomState(0))
    assert out.shape == img.shape and np.ptp(out) < 1e-6

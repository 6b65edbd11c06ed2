import cv2
import numpy as np
import pytest

from core.imagelib import color_transfer_mkl, linear_color_transfer, reinhard_color_transfer
from core.imagelib.color_linear import ColorMoments, move_lab
from imagelib_support import assert_picture, load_pictures, make_noise, make_smooth


def test_masked_rct_equals_the_reference():
    a, b = make_smooth("a", 96), make_smooth("b", 96)
    out = reinhard_color_transfer(a, b, target_mask=(a[..., :1] > .5).astype(np.float32),
                                  source_mask=(b[..., :1] > .4).astype(np.float32))
    assert_picture(load_pictures()["ct/reinhard_mask"], out, "rct", "reinhard_mask")


def test_rct_leaves_its_inputs_and_clips_only_in_lab():
    a, b = make_noise(11), make_noise(12)
    copies = a.copy(), b.copy()
    mask = np.zeros((16, 16, 1), np.float32)
    mask[4:] = 1
    reinhard_color_transfer(a, b, mask, mask)
    np.testing.assert_array_equal(a, copies[0])
    np.testing.assert_array_equal(b, copies[1])


def test_rct_of_a_constant_target_stays_finite():
    out = reinhard_color_transfer(np.full((8, 8, 3), .5, np.float32), make_noise()[:8, :8])
    np.testing.assert_allclose(out, .5, atol=2e-3)


def test_mask_of_rct_counts_pixels_as_zero():
    rnd = np.random.RandomState(0)
    src, trg = rnd.rand(8, 8, 1).astype(np.float32), rnd.rand(8, 8, 1).astype(np.float32)
    mask = np.zeros((8, 8, 1), np.float32)
    mask[:, 4:] = 1
    s, t = src * mask, trg * mask
    wanted = np.clip((trg - t.mean()) * s.std() / t.std() + s.mean(), 0, 1)
    np.testing.assert_allclose(reinhard_color_transfer(trg, src, mask, mask), wanted, atol=1e-6)


@pytest.mark.parametrize("mode", ("pca", "chol", "sym"))
@pytest.mark.parametrize("channels", (1, 2, 3))
def test_lct_reaches_mean_and_covariance(mode, channels):
    rnd = np.random.RandomState(2)
    mixer = rnd.rand(channels, channels)
    target = (.3 + .1 * rnd.rand(50, 50, channels)).astype(np.float32)
    source = (.4 + .05 * rnd.randn(40, 60, channels).dot(mixer)).astype(np.float32)
    out = linear_color_transfer(target, source, mode=mode)
    assert out.dtype == np.float32 and out.shape == target.shape
    got, want = (x.reshape(-1, channels) for x in (out, source))
    np.testing.assert_allclose(got.mean(0), want.mean(0), atol=2e-3)
    np.testing.assert_allclose(np.atleast_2d(np.cov(got.T)), np.atleast_2d(np.cov(want.T)),
                               atol=5e-4)


def test_lct_unknown_mode():
    with pytest.raises(ValueError):
        linear_color_transfer(make_noise(), make_noise(12), mode="svd")


def test_mkl_reaches_the_covariance_and_survives_gray_pictures():
    a = (.3 + .2 * np.random.RandomState(1).rand(40, 40, 3)).astype(np.float32)
    b = (.5 + .1 * np.random.RandomState(2).rand(40, 40, 3)).astype(np.float32)
    out = color_transfer_mkl(a, b)
    np.testing.assert_allclose(np.cov(out.reshape(-1, 3).T), np.cov(b.reshape(-1, 3).T), atol=1e-5)
    gray = np.repeat(a[..., :1], 3, axis=-1)     # rank one
    assert np.isfinite(color_transfer_mkl(gray, b)).all()


def test_rct_clips_in_lab():
    """L to 0..100, a and b to +-127."""
    planes = np.zeros((3, 1, 2), np.float32)
    planes[:, 0] = [[-500, 500]] * 3
    as_it_is = ColorMoments(np.zeros(3, np.float32), np.ones(3, np.float32))
    clipped = np.float32([[[0, -127, -127], [100, 127, 127]]])
    np.testing.assert_array_equal(move_lab(planes, as_it_is, as_it_is),
                                  cv2.cvtColor(clipped, cv2.COLOR_LAB2BGR))

"""models/common/losses.py: every term against NumPy in float64, three channels and one."""
import numpy as np
import pytest
import saehd_support as support

from core.leras import nn
from loss_numpy import blur, dssim, fill_outside, soften
from models.common import losses as terms

SAMPLES, SIDE = 2, 64


@pytest.fixture(params=[3, 1], ids=['color', 'gray'])
def images(request):
    """target, prediction (SAMPLES, SIDE, SIDE, c), mask, predicted mask, eyes-mouth mask."""
    support.start_engine()
    _, target, mask, em = support.make_batch('src1', SAMPLES, SIDE, request.param)
    state = np.random.RandomState(3)

    def disturb(x):
        return np.clip(x + state.normal(0, .1, x.shape), 0, 1).astype(np.float32)
    return target, disturb(target), mask, disturb(mask), em


def run(term, *arrays):
    return nn.tf_sess.run(term(*[nn.tf.constant(x) for x in arrays]))


def to_double(*arrays):
    return [x.astype(np.float64) for x in arrays]


def check(got, wanted):
    assert got.shape == (SAMPLES,)
    np.testing.assert_allclose(got, wanted, rtol=5e-5)


# spec 21 section 5.2
@pytest.mark.parametrize('resolution, wide, narrow', [
    (64, 5, 2), (96, 8, 4), (128, 11, 5), (160, 13, 6), (192, 16, 8), (224, 19, 9), (256, 22, 11),
    (320, 27, 13), (384, 33, 16), (448, 38, 19), (512, 44, 22), (640, 55, 27)])
def test_windows_follow_the_resolution(resolution, wide, narrow):
    assert terms.get_wide_window(resolution) == wide
    assert terms.get_narrow_window(resolution) == narrow


def test_structure(images):
    target, pred = images[:2]
    a, b = to_double(target, pred)
    check(run(lambda x, y: terms.measure_structure(x, y, 7, 3.0), target, pred),
          3 * dssim(a, b, 7).mean(axis=1))
    check(run(lambda x, y: terms.measure_structure_by_resolution(x, y, 128), target, pred),
          10 * dssim(a, b, 11).mean(axis=1))
    check(run(lambda x, y: terms.measure_structure_by_resolution(x, y, 256), target, pred),
          5 * (dssim(a, b, 22) + dssim(a, b, 11)).mean(axis=1))


def test_pixels_mask_eyes_and_mouth(images):
    target, pred, mask, pred_mask, em = images
    a, b, m, n, e = to_double(*images)
    axes = (1, 2, 3)
    check(run(terms.measure_pixels, target, pred), 10 * ((a - b) ** 2).mean(axis=axes))
    check(run(terms.measure_mask, mask, pred_mask), 10 * ((m - n) ** 2).mean(axis=axes))
    check(run(terms.measure_eyes_mouth, target, pred, em),
          300 * np.abs((a - b) * e).mean(axis=axes))


def test_feathered_mask_is_1_inside_and_falls_outside(images):
    mask = images[2]
    got = run(lambda x: terms.feather_mask(x, SIDE // 32), mask)
    np.testing.assert_allclose(got, soften(mask.astype(np.float64), SIDE), atol=1e-6)
    assert got.min() == 0 and got.max() == 1
    assert (got[mask == 1] > 0.9).all() and ((0 < got) & (got < 1) & (mask == 0)).any()


def test_outside_is_blurred_and_a_full_mask_divides_by_no_zero(images):
    target, _, mask, _, _ = images

    def blur_out(x, y):
        return terms.blur_outside(x, y, 1 - y, SIDE)
    got = run(blur_out, target, mask)
    wanted = fill_outside(target.astype(np.float64), mask.astype(np.float64), SIDE)
    np.testing.assert_allclose(got, wanted, atol=5e-6)
    inside = np.broadcast_to(mask == 1, target.shape)
    np.testing.assert_array_equal(got[inside], target[inside])
    full = np.ones_like(mask)
    assert (1 - blur(full.astype(np.float64), 0.5)[:, 20:40, 20:40] < 1e-9).all()
    np.testing.assert_array_equal(run(blur_out, target, full), target)


def test_verdict_is_mean_cross_entropy():
    support.start_engine()
    logits = np.random.RandomState(1).normal(0, 3, (SAMPLES, 4, 4, 1)).astype(np.float32)
    for label in (0, 1):
        labels = np.full_like(logits, label)
        got = nn.tf_sess.run(terms.measure_verdict(nn.tf.constant(labels), nn.tf.constant(logits)))
        chance = 1 / (1 + np.exp(-logits.astype(np.float64)))
        wanted = -np.log(chance if label else 1 - chance).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(got, wanted, rtol=1e-5)

"""core/imagelib/color_fast.py and color_transport_fast.py against the plain transfers."""
import cv2
import numpy as np
import pytest

from color_pairs import compare, render_faces
from core.imagelib import color_transfer, color_transfer_sot
from core.imagelib.color_fast import (MOMENT_MODES, color_transfer_fast, measure_colors,
                                      to_lab_planes, transfer_by_moments)
from core.imagelib.color_linear import move_lab
from core.imagelib.color_transport_fast import (_advect, _get_orders, draw_rotations,
                                                transport_sot)
from imagelib_support import make_smooth


def make_pairs(count, side, channels=3):
    """Fields whose colours differ in mean and spread."""
    pairs = []
    for i in range(count):
        gain = np.float32([.9, .6, .4] if i % 2 else [.3, .5, .8])[:channels]
        pairs.append((make_smooth("a%d" % i, side, channels) * gain,
                      make_smooth("b%d" % i, side, channels) * gain[::-1] + np.float32(.1)))
    return pairs


def make_flat(side, channels=3):
    """A picture of little contrast: its covariance is nearly singular."""
    return np.float32(.5) + np.float32(1e-3) * make_smooth("flat", side, channels)


@pytest.mark.parametrize("channels", (1, 3))
@pytest.mark.parametrize("mode, tolerance", (("rct", 0), ("lct", 3e-7), ("mkl", 3e-7)))
def test_transfer_by_moments(mode, tolerance, channels):
    pairs = make_pairs(4, 64, channels)
    pairs.append((make_flat(64, channels), pairs[0][1]))
    pairs.append((pairs[0][0], make_flat(48, channels)))
    for picture, target in pairs:
        copy = picture.copy()
        wanted = color_transfer(mode, picture, target)
        moments = measure_colors(mode, picture), measure_colors(mode, target)
        fast = transfer_by_moments(mode, picture, *moments)
        assert fast.shape == wanted.shape and fast.dtype == np.float32
        assert np.abs(fast - wanted).max() <= tolerance
        np.testing.assert_array_equal(fast, color_transfer_fast(mode, picture, target))
        np.testing.assert_array_equal(wanted,
                                      transfer_by_moments(mode, picture, *moments, exact=True))
        if mode == "rct":
            np.testing.assert_array_equal(wanted, move_lab(to_lab_planes(picture), *moments))
        np.testing.assert_array_equal(picture, copy)


def test_overshoot_of_a_crop_is_kept_until_the_end():
    picture, target = make_pairs(1, 64)[0]
    picture = picture * 1.4 - .2       # a cubic crop leaves 0..1
    for mode in MOMENT_MODES:
        assert np.abs(color_transfer_fast(mode, picture, target)
                      - color_transfer(mode, picture, target)).max() <= 3e-7


def test_unknown_mode():
    picture, target = make_pairs(1, 32)[0]
    with pytest.raises(ValueError):
        color_transfer_fast("abc", picture, target)


def test_rotations_are_rotations_and_uniform():
    np.random.seed(0)
    rotations = draw_rotations(2000)
    products = np.einsum("nij,nkj->nik", rotations, rotations)
    np.testing.assert_allclose(products, np.tile(np.eye(3), (2000, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-12)
    np.testing.assert_allclose(rotations.mean(0), 0, atol=.05)
    np.testing.assert_allclose(rotations.var(0), 1 / 3., atol=.03)


def test_orders_of_sixteen_bits():
    values = np.random.RandomState(0).randn(2, 4096).astype(np.float32)
    for row, order in zip(values, _get_orders(values)):
        ordered = row[order]
        assert sorted(order) == list(range(4096))
        assert np.diff(ordered).min() > -2 * (values.max() - values.min()) / 65535
    assert _get_orders(np.zeros((1, 4), np.float32)).tolist() == [[0, 1, 2, 3]]


def test_the_mean_moves_as_that_of_all_pixels():
    rnd = np.random.RandomState(0)
    start, target = rnd.rand(3, 500).astype(np.float32), rnd.rand(3, 500).astype(np.float32) + 1
    np.random.seed(1)
    own = _advect(start, target, target.mean(1) - start.mean(1), 10, 5)
    np.random.seed(1)
    other = _advect(start, target, target.mean(1) - start.mean(1) + .25, 10, 5)
    share = own.mean(1) / (target.mean(1) - start.mean(1))
    assert (share > .9).all() and (share < 1.05).all()      # ten steps do not go all the way
    np.testing.assert_allclose(other - own, np.tile((other - own)[:, :1], 500), atol=1e-6)
    assert np.abs((other - own).mean(1) - .25).max() < .03


@pytest.mark.parametrize("mode", ("idt", "sot"))
@pytest.mark.parametrize("side", (64, 128))
def test_distribution_of_a_few_pairs(mode, side):
    """Few pairs: twice the limits of the slow test."""
    alike = compare(lambda a, b: color_transfer(mode, a, b),
                    lambda a, b: color_transfer_fast(mode, a, b), make_pairs(4, side))
    assert alike["mean"] < .004 and alike["std"] < .004, alike
    assert abs(alike["distance"] - 1) < .1 and alike["picture"] < 1.4, alike


@pytest.mark.slow
@pytest.mark.parametrize("mode", ("idt", "sot"))
def test_distribution_of_200_pairs(mode):
    pairs = [(a, b) for a in render_faces("src", 8, 128) for b in render_faces("dst", 8, 128)]
    pairs += make_pairs(136, 64)
    alike = compare(lambda a, b: color_transfer(mode, a, b),
                    lambda a, b: color_transfer_fast(mode, a, b), pairs)
    assert alike["mean"] < .002 and alike["std"] < .002, alike
    assert abs(alike["distance"] - 1) < .05 and alike["picture"] < 1.2, alike


@pytest.mark.parametrize("shape", ((64, 64, 3), (97, 130, 3), (131, 200, 3), (15, 40, 3),
                                   (64, 64, 1), (129, 129, 1), (18, 18, 1)))
@pytest.mark.parametrize("mode", ("idt", "sot"))
def test_shapes(mode, shape):
    rnd = np.random.RandomState(0)
    small = [cv2.resize(rnd.rand(5, 5, shape[2]).astype(np.float32), shape[1::-1]).reshape(shape)
             for _ in range(2)]
    np.random.seed(2)
    copies = [x.copy() for x in small]
    fast = color_transfer_fast(mode, small[0], small[1])
    assert fast.shape == shape and fast.dtype == np.float32
    assert fast.min() >= 0 and fast.max() <= 1
    assert np.abs(fast.mean((0, 1)) - color_transfer(mode, *small).mean((0, 1))).max() < .03
    for img, copy in zip(small, copies):
        np.testing.assert_array_equal(img, copy)


def test_seeds_repeat_and_differ():
    picture, target = make_pairs(1, 64)[0]
    for mode in ("idt", "sot"):
        results = []
        for seed in (1, 1, 2):
            np.random.seed(seed)
            results.append(color_transfer_fast(mode, picture, target))
        np.testing.assert_array_equal(results[0], results[1])
        assert np.abs(results[0] - results[2]).max() > 1e-3


def test_histograms_come_with_one_axis_or_two(monkeypatch):
    """(256,) from OpenCV 5, (256, 1) before."""
    picture, target = make_pairs(1, 64)[0]
    results = []
    count = cv2.calcHist
    for shape in ((256,), (256, 1)):
        monkeypatch.setattr(cv2, "calcHist", lambda *args: count(*args).reshape(shape))
        np.random.seed(1)
        results.append(color_transfer_fast("idt", picture, target))
    np.testing.assert_array_equal(results[0], results[1])


def test_flat_pictures_survive():
    flat, target = np.full((64, 64, 3), .5, np.float32), make_pairs(1, 64)[0][1]
    for mode in ("idt", "sot"):
        for pair in ((flat, target), (target, flat), (flat, flat)):
            assert np.isfinite(color_transfer_fast(mode, *pair)).all()


def test_the_regulariser_keeps_edges_as_the_plain_one_does():
    """Halves of very different colour: a Gaussian would carry the change of either far into the
    other."""
    rnd = np.random.RandomState(0)
    picture = np.zeros((128, 128, 3), np.float32)
    picture[:, 64:] = 1
    picture += .02 * rnd.rand(128, 128, 3).astype(np.float32)
    target = np.ascontiguousarray(picture[:, ::-1]) * 8 - 4     # beyond 0..1: the weight bites
    profiles = []
    for transfer in (color_transfer_sot, transport_sot,
                     lambda a, b: color_transfer_sot(a, b, reg_sigmaXY=0)):
        np.random.seed(0)
        profiles.append((transfer(picture, target) - picture).mean((0, 2)))
    plain, fast, raw = profiles
    gaussian = cv2.GaussianBlur(raw[np.newaxis], (49, 1), 16)[0]
    beside = np.r_[40:60, 68:88]        # the edge itself lies within a cell of 4 px
    height = plain.max() - plain.min()
    assert np.abs(plain - fast)[beside].max() < .05 * height
    assert np.abs(plain - gaussian)[beside].max() > .15 * height

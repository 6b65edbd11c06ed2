import cv2
import numpy as np
import pytest

from core.imagelib import color_transfer_idt, color_transfer_mix, color_transfer_sot
from core.imagelib.color_transport import _draw_rotation, _match_axis
from imagelib_support import make_noise, make_smooth


def test_rotations_are_rotations_and_uniform():
    np.random.seed(0)
    rotations = np.array([_draw_rotation(3) for _ in range(2000)])
    products = np.einsum("nij,nkj->nik", rotations, rotations)
    np.testing.assert_allclose(products, np.tile(np.eye(3), (2000, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-12)
    # Haar measure: every entry has mean 0 and variance 1/3
    np.testing.assert_allclose(rotations.mean(0), 0, atol=.05)
    np.testing.assert_allclose(rotations.var(0), 1 / 3., atol=.03)


def test_rotation_of_a_seed():
    # special_ortho_group.rvs(3) of SciPy 1.5.4 after np.random.seed(3)
    np.random.seed(3)
    wanted = [[-0.9701563252615051, 0.24188990591331028, -0.016910883251402775],
              [0.23676397798866788, 0.9600328539385934, 0.14926398790565693],
              [0.05234045550121142, 0.1408055140105258, -0.9886527620667214]]
    np.testing.assert_allclose(_draw_rotation(3), wanted, atol=1e-12)


def test_idt_of_colors_that_are_the_same_but_for_rounding():
    """A black face on a black frame: no histogram tells them apart, NumPy 2 refuses to try."""
    for value in (0.0, 0.3, 1.0):
        img = np.full((16, 16, 3), value, np.float32)
        img[::2] = np.nextafter(np.float32(value), np.float32(0.5))
        np.testing.assert_allclose(color_transfer_idt(img, img[::-1]), img, atol=1e-3)


def test_idt_moves_the_distribution():
    np.random.seed(1)
    a, b = make_smooth("a", 48), make_smooth("b", 48) * .5 + .4
    out = color_transfer_idt(a, b)
    assert out.dtype == np.float32 and out.shape == a.shape
    # 20 rotations, each a twentieth of the way: 1 - 0.95^20 = 64 % of the distance is covered
    for percent in (10, 25, 50, 75, 90):
        start, got, goal = (np.percentile(x, percent, axis=(0, 1)) for x in (a, out, b))
        np.testing.assert_allclose(got, start + .64 * (goal - start), atol=.04)


def test_sot_moves_the_distribution_and_is_not_clipped():
    np.random.seed(1)
    a, b = make_noise(11), make_noise(12) * 2 - .5
    out = color_transfer_sot(a, b, steps=30, batch_size=10, reg_sigmaXY=0)
    assert out.min() < -.2 and out.max() > 1.2
    np.testing.assert_allclose(out.mean((0, 1)), b.mean((0, 1)), atol=1e-3)


def run_plain_sot(src, trg, steps, batch_size):
    """The transport as the original writes it down."""
    h, w, c = src.shape
    moved = src.copy()
    for _ in range(steps):
        advect = np.zeros((h * w, c), src.dtype)
        for _ in range(batch_size):
            direction = np.random.normal(size=c).astype(src.dtype)
            direction /= np.sqrt(np.sum(np.square(direction)))
            projected = np.sum(moved * direction, axis=-1).reshape(-1)
            target = np.sum(trg * direction, axis=-1).reshape(-1)
            order, target_order = np.argsort(projected), np.argsort(target)
            delta = target[target_order] - projected[order]
            for channel in range(c):
                advect[order, channel] += delta * direction[channel]
        moved += advect.reshape((h, w, c)) / batch_size
    return moved


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_sot_is_bit_equal_to_the_plain_form(dtype):
    rnd = np.random.RandomState(4)
    a, b = (rnd.rand(33, 47, 3).astype(dtype) for _ in range(2))
    a = np.round(a, 2)                                  # ties
    np.random.seed(9)
    wanted = run_plain_sot(a, b, 4, 3)
    np.random.seed(9)
    out = color_transfer_sot(a, b, 4, 3, reg_sigmaXY=0)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_sot_of_one_channel_matches_ranks_as_the_plain_form_does(dtype):
    """But for equal values, which the plain form's sort gives out in another order each time."""
    for seed in range(4):
        rnd = np.random.RandomState(seed)
        a, b = (rnd.permutation(33 * 47).reshape(33, 47, 1).astype(dtype) / 1551 for _ in range(2))
        np.random.seed(seed)
        wanted = run_plain_sot(a, b ** 2, 10, 30)
        np.random.seed(seed)
        out = color_transfer_sot(a, b ** 2, 10, 30, reg_sigmaXY=0)
        assert out.dtype == dtype
        np.testing.assert_allclose(out, wanted, rtol=0, atol=1e-6)


def test_sot_refuses_bytes_and_other_shapes():
    a = make_noise()
    with pytest.raises(ValueError):
        color_transfer_sot((a * 255).astype(np.uint8), a)
    with pytest.raises(ValueError):
        color_transfer_sot(a, a[:8])


def test_sot_leaves_its_inputs():
    a, b = make_noise(11), make_noise(12)
    copies = a.copy(), b.copy()
    color_transfer_sot(a, b, steps=1, batch_size=1)
    np.testing.assert_array_equal(a, copies[0])
    np.testing.assert_array_equal(b, copies[1])


def test_mix_takes_lightness_and_colour():
    np.random.seed(0)
    a = make_smooth("a", 48) * np.float32([.3, .3, .9])
    b = make_smooth("b", 48) * np.float32([.9, .3, .3])
    out = color_transfer_mix(a, b)
    assert out.dtype == np.float32 and 0 <= out.min() and out.max() <= 1
    assert out[..., 0].mean() > out[..., 2].mean() + .2      # blue now, as b
    assert a[..., 0].mean() < a[..., 2].mean() - .2


def test_the_filter_of_the_change(monkeypatch):
    """16 pixels in space, 5 in colour."""
    asked = []
    real = cv2.bilateralFilter

    def note(change, *args):
        asked.append(args)
        return real(change, *args)
    monkeypatch.setattr(cv2, "bilateralFilter", note)
    color_transfer_sot(make_noise(1), make_noise(2), steps=1)
    assert asked == [(0, 5.0, 16.0)]


def test_the_lowest_bin_goes_to_zero():
    """Whatever its value is: training saw it so."""
    values = np.linspace(5, 6, 1024).astype(np.float32)
    moved = _match_axis(values, values, 256)
    assert (moved[:4] == 0).all() and np.abs(moved[8:] - values[8:]).max() < .01

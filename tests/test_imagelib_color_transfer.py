import numpy as np
import pytest

from core import imagelib
from core.imagelib.color_transfer import _scale_array, channel_hist_match, lab_image_stats
from imagelib_support import (SEED, assert_close, assert_picture, load_pictures, load_vectors,
                              make_noise, make_smooth)

GROUPS = {"rct": "rct", "lct": "linear", "mkl": "linear", "idt": "idt", "sot": "sot",
          "mix": "mix"}


@pytest.mark.parametrize("mode", ("rct", "lct", "mkl", "idt", "sot"))
def test_modes_equal_the_reference(mode):
    np.random.seed(SEED)
    out = imagelib.color_transfer(mode, make_smooth("a", 96), make_smooth("b", 96))
    assert out.dtype == np.float32
    assert_picture(load_pictures()["ct/" + mode], out, GROUPS[mode], mode)


def test_mix_equals_the_reference():
    a, b = ((make_smooth(n, 96) * 255).astype(np.uint8) for n in "ab")
    np.random.seed(SEED)
    assert_picture(load_pictures()["ct/mix"], imagelib.color_transfer_mix(a, b), "mix", "mix")


@pytest.mark.parametrize("key, group", (("rct", "rct"), ("lct", "linear"), ("mkl", "linear"),
                                        ("idt", "idt"), ("sot", "sot"), ("mix", "mix"),
                                        ("lct_chol", "linear"), ("lct_sym", "linear"),
                                        ("sot_steps2_noreg", "sot"), ("hist_255", "filter"),
                                        ("hist_200", "filter"), ("rct_masked", "rct")))
def test_small_vectors(key, group):
    mask = np.zeros((16, 16, 1), np.float32)
    mask[4:12, 4:12] = 1
    calls = {
        "rct_masked": lambda a, b: imagelib.reinhard_color_transfer(a, b, mask, mask),
        "mix": imagelib.color_transfer_mix,
        "lct_chol": lambda a, b: imagelib.linear_color_transfer(a, b, mode="chol"),
        "lct_sym": lambda a, b: imagelib.linear_color_transfer(a, b, mode="sym"),
        "sot_steps2_noreg": lambda a, b: imagelib.color_transfer_sot(a, b, steps=2,
                                                                     batch_size=3,
                                                                     reg_sigmaXY=0),
        "hist_255": imagelib.color_hist_match,
        "hist_200": lambda a, b: imagelib.color_hist_match(a, b, 200),
    }
    np.random.seed(3)
    call = calls.get(key, lambda a, b: imagelib.color_transfer(key, a, b))
    out = call(make_noise(11), make_noise(12))
    reference = load_vectors()["color_transfer"]["values"][key]
    assert_close(reference, out[::4, ::4], group, key)


@pytest.mark.parametrize("mode", ("rct", "lct", "mkl", "idt", "sot"))
@pytest.mark.parametrize("shape", ((40, 40, 1), (40, 40)))
def test_one_channel_takes_over_level_and_contrast(mode, shape):
    rnd = np.random.RandomState(1)
    src = (.2 + .1 * rnd.rand(*shape)).astype(np.float32)
    trg = (.5 + .3 * rnd.rand(*shape)).astype(np.float32)
    np.random.seed(0)
    out = imagelib.color_transfer(mode, src, trg)
    assert out.shape == (40, 40, 1) and out.dtype == np.float32
    assert abs(out.mean() - trg.mean()) < .01
    # sot smooths its change in space, so noise keeps the contrast of its source
    expected = src.std() if mode == "sot" else trg.std()
    assert abs(out.std() - expected) < .01


def test_gray_lct_has_its_closed_form():
    src, trg = make_smooth("a", 64, 1), make_smooth("b", 64, 1) * .5
    wanted = (src - src.mean()) * np.sqrt((trg.var() + 1e-5) / (src.var() + 1e-5)) + trg.mean()
    np.testing.assert_allclose(imagelib.linear_color_transfer(src, trg), np.clip(wanted, 0, 1),
                               atol=1e-6)


def test_gray_sot_without_filter_is_rank_matching():
    src, trg = make_noise(1)[..., :1], make_noise(2)[..., :1]
    out = imagelib.color_transfer_sot(src, trg, reg_sigmaXY=0)
    wanted = np.empty(src.size, np.float32)
    wanted[np.argsort(src.ravel())] = np.sort(trg.ravel())
    np.testing.assert_allclose(out.ravel(), wanted, atol=1e-6)


def test_gray_sot_leaves_random_numbers_and_pictures_as_they_were():
    """One sort in place of steps x directions, unseen by whoever draws next."""
    src = np.asfortranarray(make_noise(1)[:, ::2, :1])      # also of another order in memory
    trg, before = make_noise(2)[:, 1::2, :1], src.copy()
    np.random.seed(7)
    out = imagelib.color_transfer_sot(src, trg, steps=3, batch_size=4, reg_sigmaXY=0)
    following = np.random.uniform()
    np.random.seed(7)
    np.random.normal(size=12)
    assert following == np.random.uniform()
    np.testing.assert_array_equal(src, before)
    np.testing.assert_array_equal(np.sort(out, axis=None), np.sort(trg, axis=None))
    np.testing.assert_array_equal(np.argsort(out, axis=None), np.argsort(src, axis=None))
    np.testing.assert_array_equal(imagelib.color_transfer_sot(src, trg, steps=0), src)


def test_gray_mix_and_unknown_mode():
    src, trg = make_smooth("a", 32, 1), make_smooth("b", 32, 1)
    np.testing.assert_array_equal(imagelib.color_transfer_mix(src, trg),
                                  imagelib.linear_color_transfer(src, trg))
    with pytest.raises(ValueError) as error:
        imagelib.color_transfer("nope", src, trg)
    assert "lct" in str(error.value)


def test_lab_image_stats_and_scale_array():
    img = make_noise()
    stats = lab_image_stats(img)
    assert len(stats) == 6
    np.testing.assert_allclose(stats[2:4], (img[..., 1].mean(), img[..., 1].std()), rtol=1e-6)
    np.testing.assert_array_equal(_scale_array(np.array([-5., 0, 300])), [0, 0, 255])
    np.testing.assert_allclose(_scale_array(np.array([-50., 100, 250]), clip=False), [0, 125, 250])
    inside = np.array([3., 250])
    np.testing.assert_array_equal(_scale_array(inside, clip=False), inside)


def test_channel_hist_match_takes_the_template_values():
    source = np.array([[0, 1], [2, 3]])
    out = channel_hist_match(source, np.array([10, 20, 30, 40]))
    np.testing.assert_array_equal(out, [[10, 20], [30, 40]])

"""layers/MsSsim.py and ops/windows.py: the losses of the MVE fork (spec 10 section 18)."""
import cv2
import numpy as np
import pytest

from core.leras import nn
from leras_cases import start_graph

FACTORS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@pytest.fixture(autouse=True)
def graph():
    start_graph()


def make_pair(side, channels=3, batch=2):
    rnd = np.random.RandomState(0)
    blurred = [cv2.GaussianBlur(rnd.rand(side, side, channels).astype(np.float32), (0, 0), 3)
               .reshape(side, side, channels) for _ in range(batch)]
    first = np.stack(blurred)
    return first, np.clip(first + 0.1 * rnd.randn(*first.shape), 0, 1).astype(np.float32)


def measure_ssim(a, b, kernel_size):
    """(luminance x contrast, contrast) of single planes, averaged; Wang et al. 2004."""
    taps = np.exp(-(np.arange(kernel_size) - (kernel_size - 1) / 2) ** 2 / (2 * 1.5 ** 2))
    kernel = np.outer(taps, taps) / np.outer(taps, taps).sum()

    def blur(x):
        half = kernel_size // 2
        full = cv2.filter2D(x, -1, kernel, borderType=cv2.BORDER_REFLECT)
        return full[half:x.shape[0] - kernel_size + 1 + half,
                    half:x.shape[1] - kernel_size + 1 + half]
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    ma, mb = blur(a), blur(b)
    contrast = (2 * (blur(a * b) - ma * mb) + c2) / (
        blur(a * a) - ma * ma + blur(b * b) - mb * mb + c2)
    luminance = (2 * ma * mb + c1) / (ma * ma + mb * mb + c1)
    return (luminance * contrast).mean(), contrast.mean()


def expect_loss(first, second, factors, kernel_size):
    """(batch,) in float64 NumPy, scale by scale."""
    losses = []
    for a, b in zip(first.astype(np.float64), second.astype(np.float64)):
        products = []
        for channel in range(a.shape[2]):
            pa, pb, product = a[..., channel], b[..., channel], 1.0
            for i, factor in enumerate(factors):
                full, contrast = measure_ssim(pa, pb, kernel_size)
                last = i == len(factors) - 1
                product *= max(full if last else contrast, 0) ** factor
                pa, pb = (p.reshape(p.shape[0] // 2, 2, -1, 2).mean((1, 3)) for p in (pa, pb)) \
                    if not last else (pa, pb)
            products.append(product)
        losses.append(1 - np.mean(products))
    return np.array(losses)


@pytest.mark.parametrize("side, kernel_size, count", [(176, 11, 5), (64, 11, 3), (64, 5, 4)])
def test_loss_equals_the_formula(side, kernel_size, count):
    layer = nn.MsSsim(2, 3, side, kernel_size=kernel_size)
    factors = np.array(FACTORS[:count])
    factors = factors / factors.sum() if factors.sum() < 1 else factors
    np.testing.assert_allclose(layer.power_factors, factors)
    first, second = make_pair(side)
    value = nn.tf_sess.run(layer(nn.tf.constant(first), nn.tf.constant(second), max_val=1.0))
    np.testing.assert_allclose(value, expect_loss(first, second, factors, kernel_size), atol=2e-5)


def test_images_that_are_smaller_than_the_window():
    assert nn.MsSsim(1, 3, 11).num_scale == 1
    with pytest.raises(ValueError, match="10 pixels wide, less than the window of 11"):
        nn.MsSsim(1, 3, 10)


def test_same_image_and_half_precision():
    layer = nn.MsSsim(2, 3, 64)
    first, second = make_pair(64)
    same = nn.tf_sess.run(layer(nn.tf.constant(first), nn.tf.constant(first), 1.0))
    assert same.shape == (2,) and np.abs(same).max() < 2e-5
    half = layer(nn.tf.cast(first, nn.tf.float16), nn.tf.cast(second, nn.tf.float16), 1.0)
    assert half.dtype == nn.tf.float32
    assert layer.get_weights() == []


@pytest.mark.parametrize("use_l1", [False, True])
def test_both_data_formats_give_one_loss(use_l1):
    first, second = make_pair(64)
    values = []
    for data_format, axes in (("NHWC", (0, 1, 2, 3)), ("NCHW", (0, 3, 1, 2))):
        nn.set_data_format(data_format)
        layer = nn.MsSsim(2, 3, 64, use_l1=use_l1)
        values.append(nn.tf_sess.run(layer(nn.tf.constant(first.transpose(axes)),
                                           nn.tf.constant(second.transpose(axes)), 1.0)))
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5)


@pytest.mark.parametrize("data_format, axes", [("NHWC", (0, 1, 2, 3)), ("NCHW", (0, 3, 1, 2))])
def test_opposed_images_give_a_finite_gradient(data_format, axes):
    """The first sample of the batch is opposed at some scale, the second as usual."""
    tf = nn.tf
    nn.set_data_format(data_format)
    first, second = make_pair(64)
    second[0] = 1 - first[0]
    true, pred = [tf.constant(x.transpose(axes)) for x in (first, second)]
    layer = nn.MsSsim(2, 3, 64)
    back = tuple(np.argsort(axes))
    plain = tf.image.ssim_multiscale(
        tf.transpose(true, back), tf.transpose(pred, back), 1.0,
        power_factors=layer.power_factors, filter_size=11)
    loss = layer(true, pred, 1.0)
    value, expected, gradient, plain_gradient = nn.tf_sess.run(
        [loss, 1 - plain, nn.tf.gradients(loss, pred)[0], nn.tf.gradients(-plain, pred)[0]])
    np.testing.assert_array_equal(value, expected)
    assert np.isnan(plain_gradient[0]).any()
    assert np.isfinite(gradient).all() and gradient[1].any()
    usual = np.isfinite(plain_gradient)
    np.testing.assert_array_equal(gradient[usual], plain_gradient[usual])


def test_weighted_l1_term():
    first, second = make_pair(64)
    layer = nn.MsSsim(2, 3, 64, use_l1=True)
    plain = nn.MsSsim(2, 3, 64)
    value, ms_ssim = nn.tf_sess.run([part(nn.tf.constant(first), nn.tf.constant(second), 1.0)
                                     for part in (layer, plain)])
    # three scales are left; the last one's Gaussian weights each of as many copies
    window = nn.get_gaussian_weights(2, 3, 64, num_scale=3)[-1]
    difference = np.abs(first - second).transpose(0, 3, 1, 2)
    l1 = np.sum(window[None] * np.tile(difference[None], (3, 1, 1, 1, 1)), axis=(0, 3, 4)).mean(1)
    np.testing.assert_allclose(value, 0.84 * ms_ssim + 0.16 * l1, rtol=1e-5)


def test_class_attributes_are_the_forks():
    assert nn.MsSsim.default_power_factors == FACTORS and nn.MsSsim.default_l1_alpha == 0.84


@pytest.mark.parametrize("resolution", [7, 16])
def test_gaussian_weights(resolution):
    weights = nn.get_gaussian_weights(2, 3, resolution)
    assert weights.shape == (5, 2, 3, resolution, resolution) and weights.dtype == np.float64
    np.testing.assert_allclose(weights.sum(axis=(3, 4)), 1)
    np.testing.assert_array_equal(weights[:, 0, 0], weights[:, 1, 2])
    np.testing.assert_allclose(weights, weights[..., ::-1, :], atol=1e-15)
    half = resolution / 2 - 0.5
    t = np.arange(-half, half + 1)
    window = np.exp(-(t[:, None] ** 2 + t[None] ** 2) / (2 * 4.0 ** 2))
    np.testing.assert_allclose(weights[3, 0, 0], window / window.sum(), rtol=1e-12)
    assert nn.get_gaussian_weights(1, 1, 8, num_scale=2, sigma=(1, 3)).shape == (2, 1, 1, 8, 8)

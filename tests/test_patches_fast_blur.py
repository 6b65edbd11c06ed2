"""patches/dfl_patches/fast_blur.py: the tree's own numbers within 1e-6, gradients too."""
import numpy as np
import pytest

from core.leras import nn
from dfl_patches import fast_blur
from leras_cases import image_input, start_graph
from saehd_support import make_batch

BLURS = [0.5, 1.0, 2.0, 4.0, 8.0]
# (image side, filter size, deviation); 22 and 55 are windows of resolutions 256 and 640
WINDOWS = [(24, 11, 1.5), (24, 5, 1.5), (40, 22, 1.5), (64, 55, 1.5), (16, 4, 2.0), (9, 1, 1.5)]


@pytest.fixture
def patched():
    """patched(function): its value with the patch on."""
    def run(function):
        fast_blur.apply(nn)
        try:
            return function()
        finally:
            fast_blur.remove(nn)
    yield run
    fast_blur.remove(nn)


def compare(build, inputs, patched, limit):
    """Values and gradients of both, in one graph."""
    tensors = []
    for run in (lambda function: function(), patched):
        y = run(build)
        # a constant cotangent that differs everywhere
        weight = np.linspace(-1, 1, int(np.prod(y.shape.as_list()[1:]))).reshape(
            y.shape.as_list()[1:])
        tensors.append([y, nn.tf.gradients(y * weight, inputs[0][0])[0]])
    values = nn.tf_sess.run(tensors, dict(inputs))
    for (expected, got) in zip(*values):
        assert np.abs(expected - got).max() <= limit, np.abs(expected - got).max()
    return tensors[1]


@pytest.mark.parametrize("radius", BLURS)
def test_blur(radius, patched):
    start_graph()
    inputs = [image_input(24, 3)]
    compare(lambda: nn.gaussian_blur(inputs[0][0], radius), inputs, patched, 1e-6)


@pytest.mark.parametrize("side, size, deviation", WINDOWS)
def test_dssim(side, size, deviation, patched):
    start_graph()
    inputs = [image_input(side, 3), image_input(side, 3, k=400)]
    images = [x for x, _ in inputs]
    result, _ = compare(lambda: nn.dssim(*images, max_val=1.0, filter_size=size,
                                         filter_sigma=deviation), inputs, patched, 1e-6)
    assert result.shape.as_list() == [None, 3]


def compute_exactly(a, b, size, deviation=1.5):
    """dssim of (batch, side, side, channels) in float64."""
    t = np.arange(size) - (size - 1) / 2
    taps = np.exp(-0.5 * (t / deviation) ** 2)

    def mean(x):
        for axis in (1, 2):
            x = np.apply_along_axis(lambda line: np.convolve(line, taps / taps.sum(), "valid"),
                                    axis, x)
        return x
    a, b = a.astype(np.float64), b.astype(np.float64)
    num, den = 2 * mean(a) * mean(b), mean(a) ** 2 + mean(b) ** 2
    ssim = ((num + 1e-4) / (den + 1e-4) * (2 * mean(a * b) - num + 9e-4)
            / (mean(a * a + b * b) - den + 9e-4))
    return (1 - ssim.mean((1, 2))) / 2


@pytest.mark.parametrize("side, size", [(64, 5), (64, 11), (96, 22)])
def test_smooth_images(side, size, patched):
    """Where variances vanish float32 is good for 1e-4 only, in the tree's own dssim too: the patch
    is no further from the exact value."""
    start_graph()
    a = make_batch("smooth", 1, side)[1]
    b = np.clip(a * 0.9 + 0.02, 0, 1).astype(np.float32)
    tensors = [run(lambda: nn.dssim(nn.tf.constant(a), nn.tf.constant(b), max_val=1.0,
                                    filter_size=size))
               for run in (lambda function: function(), patched)]
    exact = compute_exactly(a, b, size)
    own, ours = [np.abs(x - exact).max() for x in nn.tf_sess.run(tensors)]
    assert ours <= own + 1e-6, (own, ours)


def test_flat_images_are_alike_and_the_result_keeps_its_type(patched):
    start_graph()
    x = nn.tf.constant(np.full((1, 16, 16, 1), 0.5), nn.tf.float16)
    result = patched(lambda: nn.dssim(x, x, max_val=1.0))
    assert result.dtype == nn.tf.float16 and nn.tf_sess.run(result) == 0
    with pytest.raises(ValueError, match="dtypes differ"):
        patched(lambda: nn.dssim(x, nn.tf.cast(x, nn.tf.float32), max_val=1.0))


def test_style_loss_blurs_through_the_patch(patched):
    start_graph()
    inputs = [image_input(16, 3), image_input(16, 3, k=400)]
    images = [x for x, _ in inputs]
    compare(lambda: nn.style_loss(*images, gaussian_blur_radius=2.0), inputs, patched, 1e-6)


def test_channels_first_builds_the_same_shapes(patched):
    start_graph("NCHW")
    x = image_input(40, 3)[0]
    assert patched(lambda: nn.gaussian_blur(x, 2.0)).shape.as_list() == [None, 3, 40, 40]
    assert patched(lambda: nn.dssim(x, x, 1.0, filter_size=33)).shape.as_list() == [None, 3]
    kernels = [op for op in nn.tf.get_default_graph().get_operations()
               if op.type == "DepthwiseConv2dNative"]
    assert {op.get_attr("data_format") for op in kernels} == {b"NCHW"}
    nn.set_data_format("NHWC")


def test_taps():
    assert len(fast_blur.make_blur_taps(2.0)) == 9 and len(fast_blur.make_blur_taps(0.3)) == 3
    assert len(fast_blur.make_window_taps(55, 1.5)) == 17
    assert len(fast_blur.make_window_taps(22, 1.5)) == 18      # even windows stay even
    assert len(fast_blur.make_window_taps(11, 1.5)) == 11
    for taps in (fast_blur.make_blur_taps(4.0), fast_blur.make_window_taps(55, 1.5)):
        assert taps.dtype == np.float32 and abs(taps.sum() - 1) < 1e-6
        np.testing.assert_array_equal(taps, taps[::-1])

"""Arguments of layers, ops and archis that are refused, and repairs that no reference file shows.

What layers compute and which ops they make: test_leras_vectors.py and test_leras_graph.py.
"""
import numpy as np
import pytest

from core.leras import nn
from core.leras.scopes import device_scope
from leras_cases import start_graph


@pytest.fixture(autouse=True)
def graph():
    start_graph()


@pytest.mark.parametrize("make", [
    lambda: nn.Conv2D(1, 1, 3, strides=1.5), lambda: nn.Conv2D(1, 1, 3, dilations=(1, 1)),
    lambda: nn.Conv2D(1, 1, 3, padding="FULL"), lambda: nn.DepthwiseConv2D(1, 3, padding="FULL"),
    lambda: nn.DepthwiseConv2D(1, 3, strides="2"), lambda: nn.Conv2DTranspose(1, 1, 3, strides=2.0),
    lambda: nn.BlurPool(8), lambda: nn.BlurPool(0), lambda: nn.DeepFakeArchi(64, mod="quick"),
    lambda: nn.AdaBelief(), lambda: nn.RMSprop()])
def test_senseless_arguments(make):
    with pytest.raises(ValueError):
        make()


def test_unknown_keyword_of_a_layer_and_of_an_optimizer():
    with pytest.raises(TypeError):
        nn.Conv2D(1, 1, 3, colour="red")
    nn.RMSprop(name="opt", colour="red")    # kept: plug-ins pass what they like


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_transposed_convolution_of_an_oblong_image(data_format):
    """Height and width are not exchanged."""
    start_graph(data_format)
    layer = nn.Conv2DTranspose(2, 3, 3, name="up")
    with nn.tf.variable_scope("up"):
        layer.build_weights()
    y = layer(nn.tf.placeholder(nn.tf.float32, nn.get4Dshape(5, 7, 2)))
    assert y.shape.as_list()[1:] == list(nn.get4Dshape(10, 14, 3)[1:])
    if data_format == "NHWC":
        layer.init_weights()
        value = nn.tf_sess.run(layer(nn.tf.zeros((1, 7, 5, 2))))
        assert value.shape == (1, 14, 10, 3)


@pytest.mark.parametrize("padding, length", [("SAME", 10), ("VALID", 11), ("FULL", 7)])
def test_length_of_a_transposed_convolution(padding, length):
    assert nn.Conv2DTranspose(1, 1, 3).deconv_length(5, 2, 3, padding) == length


def test_nearest_resize_only_reduces():
    x = nn.tf.constant(np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1))
    with pytest.raises(Exception, match="reduces"):
        nn.resize2d_nearest(x)
    assert all(nn.resize2d_nearest(x, size) is x for size in (-1, 0, 1))
    assert nn.tf_sess.run(nn.resize2d_nearest(x, -2))[0, ..., 0].tolist() == [[0, 2], [8, 10]]


def test_lists_of_one_tower_cost_nothing():
    x = nn.tf.constant([1.0])
    gradients = [(x, "variable")]
    assert nn.average_gv_list([gradients]) is gradients
    assert nn.average_tensor_list([x]) is x and nn.concat([x], 0) is x


def test_dssim_wants_one_type():
    a, b = nn.tf.zeros((1, 16, 16, 1)), nn.tf.zeros((1, 16, 16, 1), nn.tf.float16)
    with pytest.raises(ValueError, match="dtypes differ"):
        nn.dssim(a, b, max_val=1.0)


def test_style_loss_wants_equal_channels():
    with pytest.raises(Exception, match="channels"):
        nn.style_loss(nn.tf.zeros((1, 8, 8, 3)), nn.tf.zeros((1, 8, 8, 1)))


def test_type_of_a_layer_is_that_of_its_constructor():
    nn.set_floatx(nn.tf.float16)
    layer = nn.Dense(2, 3, name="d")
    nn.set_floatx(nn.tf.float32)
    with nn.tf.variable_scope("d"):
        layer.build_weights()
    assert {w.dtype.base_dtype for w in layer.get_weights()} == {nn.tf.float16}


def test_device_scope_without_a_device_keeps_the_enclosing_one():
    with nn.tf.device("/CPU:0"):
        with device_scope(None):
            inner = nn.tf.constant(1)
        with device_scope("/GPU:1"):
            other = nn.tf.constant(1)
    assert inner.device == "/device:CPU:0" and other.device == "/device:GPU:1"


def test_archi_base():
    archi = nn.ArchiBase(1, 2, name="x")
    assert archi.name == "x" and archi.get_weights() is None
    with pytest.raises(Exception, match="flow"):
        archi.flow()


def test_option_letters_are_tested_one_by_one():
    """A list of letters does as well; the family's name must not be among them."""
    for opts in ("ud", ["u", "d"], {"u", "d"}):
        start_graph()
        archi = nn.DeepFakeArchi(64, opts=opts)
        assert archi.Inter(in_ch=8, ae_ch=8, ae_out_ch=8, name="inter").get_out_res() == 4
    start_graph()
    assert nn.DeepFakeArchi(64).Inter(in_ch=8, ae_ch=8, ae_out_ch=8,
                                      name="inter").get_out_res() == 8


def test_one_channel_decoder_of_the_gray_fork():
    archi = nn.DeepFakeArchiBWTEST_NOPRINT(64, opts="ud")
    decoder = archi.Decoder(in_ch=8, d_ch=8, d_mask_ch=4, name="decoder")
    image, mask = decoder(nn.tf.placeholder(nn.tf.float32, (None, 4, 4, 8)))
    assert image.shape.as_list() == mask.shape.as_list() == [None, 64, 64, 1]
    plain = nn.DeepFakeArchi(64, opts="ud").Decoder(in_ch=8, d_ch=8, d_mask_ch=4, name="plain")
    assert plain(nn.tf.placeholder(nn.tf.float32, (None, 4, 4, 8)))[0].shape.as_list()[3] == 3
    # names and order are those of the colour decoder
    assert [w.name.split("/", 1)[1] for w in decoder.get_weights()] == [
        w.name.split("/", 1)[1] for w in plain.get_weights()]


def test_fork_name_keeps_the_constructor():
    with pytest.raises(ValueError):
        nn.DeepFakeArchiBWTEST_NOPRINT(64, mod="x")
    assert issubclass(nn.DeepFakeArchiBWTEST_NOPRINT, nn.DeepFakeArchi)

"""layers/Saveable.py and weights_file.py: names, files, what does not fit (spec 10 section 6)."""
import pickle

import numpy as np
import pytest

from core import persist
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from core.leras.weights_file import (WeightsMismatchError, fit_value, read_weights_file,
                                     weight_key)
from leras_cases import start_graph


@pytest.fixture
def logged(monkeypatch):
    lines = []
    for name in ("log_info", "log_err"):
        monkeypatch.setattr(io, name, lambda message, end="\n": lines.append(message))
    return lines


def make_net(name="net", **kwargs):
    """conv (3, 3, 2, 4) and bias (4,), dense (5, 6) without bias; weights 0, 1, 2, ..."""
    class Net(nn.ModelBase):
        def on_build(self):
            self.conv = nn.Conv2D(2, 4, 3, **kwargs)
            self.dense = nn.Dense(5, 6, use_bias=False)
    net = Net(name=name)
    net.init_weights()
    return net


def number_weights(net):
    values = [np.arange(np.prod(w.shape.as_list()), dtype=np.float32) for w in net.get_weights()]
    net.set_weights(values)
    return [value.reshape(w.shape.as_list()) for value, w in zip(values, net.get_weights())]


KEYS = ["conv/weight:0", "conv/bias:0", "dense/weight:0"]


@pytest.fixture
def net():
    start_graph()
    return make_net()


def test_file_form(net, tmp_path):
    path = tmp_path / "net.npy"
    values = number_weights(net)
    net.save_weights(path)
    data = path.read_bytes()
    assert data[:2] == b"\x80\x04" and b"numpy._core" not in data
    content = pickle.loads(data)
    assert type(content) is dict and list(content) == KEYS
    for value, saved in zip(values, content.values()):
        np.testing.assert_array_equal(saved, value)
        assert saved.dtype == np.float32 and saved.flags.c_contiguous
    assert [p.name for p in tmp_path.iterdir()] == ["net.npy"]


def test_saving_is_one_session_call(net, tmp_path, monkeypatch):
    runs = []

    class Session:
        @staticmethod
        def run(fetches, *args, **kwargs):
            runs.append(fetches)
            return session.run(fetches, *args, **kwargs)
    session = nn.tf_sess
    monkeypatch.setattr(nn, "tf_sess", Session)
    net.save_weights(tmp_path / "net.npy")
    assert [len(fetches) for fetches in runs] == [3]
    net.load_weights(tmp_path / "net.npy")
    assert len(runs) == 2


def test_forced_type(net, tmp_path):
    net.save_weights(tmp_path / "net.npy", force_dtype=np.float16)
    assert {v.dtype.name for v in persist.load(tmp_path / "net.npy").values()} == {"float16"}


def test_counter_is_a_numpy_scalar(tmp_path):
    start_graph()
    opt = nn.RMSprop(name="opt")
    opt.init_weights()
    opt.save_weights(tmp_path / "opt.npy")
    value = persist.load(tmp_path / "opt.npy")["iters:0"]
    assert type(value) is np.int64 and value == 0
    persist.write_bytes(tmp_path / "opt.npy", persist.dumps({"iters:0": np.int64(1234)}))
    assert opt.load_weights(tmp_path / "opt.npy") and opt.get_weights_np() == [1234]


def test_names(net, tmp_path):
    assert weight_key("net/conv/weight:0", "net") == "conv/weight:0"
    for name, scope in (("other/conv/weight:0", "net"), ("net:0", "net"), ("opt_1/iters:0", "opt")):
        with pytest.raises(Exception, match="unique"):
            weight_key(name, scope)
    net.name = None
    for call in (net.save_weights, lambda path: net.load_weights(path)):
        (tmp_path / "x").write_bytes(persist.dumps({}))
        with pytest.raises(Exception, match="without a name"):
            call(tmp_path / "x")


def test_round_trip_into_another_net(net, tmp_path, logged):
    values = number_weights(net)
    net.save_weights(str(tmp_path / "net.npy"))
    start_graph()
    other = make_net()
    assert other.load_weights(str(tmp_path / "net.npy")) is True
    for expected, value in zip(values, other.get_weights_np()):
        np.testing.assert_array_equal(value, expected)
    assert logged == []


def test_missing_file_is_false(net, tmp_path):
    assert net.load_weights(tmp_path / "none.npy") is False


def write(path, **changes):
    """A file of the net; a key with None is left out."""
    content = {"conv/weight:0": np.ones((3, 3, 2, 4), np.float32),
               "conv/bias:0": np.full((4,), 2, np.float32),
               "dense/weight:0": np.full((5, 6), 3, np.float32)}
    content.update({key.replace("__", "/") + ":0": value for key, value in changes.items()})
    persist.write_bytes(path, persist.dumps({k: v for k, v in content.items() if v is not None}))
    return path


def test_loading_builds_the_net(tmp_path):
    start_graph()

    class Net(nn.ModelBase):
        def on_build(self):
            self.dense = nn.Dense(5, 6, use_bias=False)
    net = Net(name="net")
    assert net.load_weights(write(tmp_path / "x")) and (net.get_weights_np()[0] == 3).all()


def test_weight_that_the_file_lacks_gets_its_initial_value(net, tmp_path, logged):
    number_weights(net)
    assert net.load_weights(write(tmp_path / "x", conv__bias=None, dense__weight=None))
    weight, bias, dense = net.get_weights_np()
    assert (weight == 1).all() and (bias == 0).all()
    limit = np.sqrt(6 / (5 + 6))
    assert 0 < np.abs(dense).max() <= limit and len(np.unique(dense)) > 20
    assert "net/conv/bias:0, net/dense/weight:0" in logged[0]


def test_convolution_aware_weight_that_the_file_lacks_is_not_zero(tmp_path, monkeypatch):
    start_graph()
    net = make_net(kernel_initializer=nn.initializers.ca())
    asked = []
    monkeypatch.setattr(nn.initializers.ca, "generate_batch", staticmethod(
        lambda rows: asked.append(rows) or [np.full(shape, 0.5, dtype) for shape, dtype in rows]))
    assert net.load_weights(write(tmp_path / "x", conv__weight=None))
    assert asked == [[([3, 3, 2, 4], np.float32)]] and (net.get_weights_np()[0] == 0.5).all()


def test_other_shape_with_as_many_elements(net, tmp_path, logged):
    value = np.arange(72, dtype=np.float32)
    assert net.load_weights(write(tmp_path / "x", conv__weight=value.reshape(8, 9)))
    np.testing.assert_array_equal(net.get_weights_np()[0], value.reshape(3, 3, 2, 4))
    assert len(logged) == 1 and "conv/weight:0" in logged[0]


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4", np.int32])
def test_other_types_are_cast(net, tmp_path, dtype):
    value = np.arange(72).reshape(3, 3, 2, 4)
    assert net.load_weights(write(tmp_path / "x", conv__weight=value.astype(dtype)))
    loaded = net.get_weights_np()[0]
    assert loaded.dtype == np.float32 and (loaded == value).all()


def test_full_precision_file_into_a_half_precision_net(tmp_path):
    start_graph()
    net = make_net(dtype=nn.tf.float16)
    assert net.load_weights(write(tmp_path / "x", conv__bias=np.float64([1, 2, 3, 1 / 3])))
    bias = net.get_weights_np()[1]
    assert bias.dtype == np.float16 and bias[3] == np.float16(1 / 3)


def test_extra_keys_are_left(net, tmp_path, logged):
    assert net.load_weights(write(tmp_path / "x", conv__extra=np.ones(7), options={"a": 1}))
    assert logged == []


@pytest.mark.parametrize("changes, word", [
    ({"dense__weight": np.ones((5, 7))}, r"net/dense/weight:0 has the shape \(5, 7\)"),
    ({"conv__bias": np.float32(1)}, "net/conv/bias:0"),
    ({"conv__weight": "text"}, "net/conv/weight:0 is a str"),
    ({"conv__weight": [1, 2]}, "net/conv/weight:0 is a list"),
    ({"conv__weight": [[1.0], [2.0, 3.0]]}, "net/conv/weight:0 is a list"),
    ({"conv__weight": None, "conv__bias": None, "dense__weight": None}, "none of the weights")])
def test_file_of_another_net_names_the_weight_and_changes_nothing(net, tmp_path, logged, changes,
                                                                  word):
    values = number_weights(net)
    path = write(tmp_path / "foreign.npy", **changes)
    with pytest.raises(WeightsMismatchError, match=word) as caught:
        net.load_weights(path)
    assert "foreign.npy" in str(caught.value) and caught.value.remedies
    assert logged == []
    # what older versions did, but not in silence
    assert net.load_weights(path, on_mismatch="report") is False
    assert len(logged) == 1 and "foreign.npy" in logged[0]
    for expected, value in zip(values, net.get_weights_np()):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("data", [b"", b"\0" * 100, persist.dumps([1])])
def test_damaged_file_raises(net, tmp_path, data):
    (tmp_path / "x.npy").write_bytes(data)
    for call in (net.load_weights, read_weights_file):
        with pytest.raises(UserError, match="x.npy"):
            call(tmp_path / "x.npy")


def test_fit_value():
    assert fit_value(np.int64(3), [], "w", "f").shape == ()
    assert fit_value(2.5, [1], "w", "f").tolist() == [2.5]
    with pytest.raises(WeightsMismatchError) as caught:
        fit_value(np.ones((2, 3)), [7], "net/w:0", "f.npy")
    assert caught.value.expected == (7,) and caught.value.found == (2, 3)
    assert caught.value.weight == "net/w:0" and caught.value.filename.name == "f.npy"


def test_set_weights(net):
    values = number_weights(net)
    net.set_weights([value.ravel() for value in values])    # each in the shape of its variable
    np.testing.assert_array_equal(net.get_weights_np()[0], values[0])
    with pytest.raises(ValueError, match="2 values for the 3 weights"):
        net.set_weights(values[:2])


def test_nothing_to_read_without_weights():
    start_graph()
    layer = nn.BlurPool(name="blur")
    assert layer.get_weights() == [] and layer.get_weights_np() == []
    layer.set_weights([])
    layer.init_weights()


def test_sink_takes_what_would_be_saved(net, tmp_path, monkeypatch):
    taken = []
    monkeypatch.setattr(nn.Saveable, "save_sink",
                        staticmethod(lambda *arguments: taken.append(arguments)))
    net.save_weights(str(tmp_path / "net.npy"), force_dtype=np.float16)
    assert taken == [(net, tmp_path / "net.npy", np.float16)]
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    values = number_weights(net)
    assert list(net.get_file_content([v + 1 for v in values])) == KEYS
    assert pickle.loads(net.dump_weights())["conv/bias:0"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("value", ["text", None, [[1.0], [2.0, 3.0]], 10 ** 400, {}, b"12"])
def test_value_that_is_no_array_names_the_weight(value):
    with pytest.raises(WeightsMismatchError, match="net.npy.*net/w:0") as caught:
        fit_value(value, (2,), "net/w:0", "net.npy")
    assert caught.value.found is None

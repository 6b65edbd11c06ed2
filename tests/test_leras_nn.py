"""core/leras/nn.py: the engine's life, its state and the question for devices."""
import pickle
import subprocess
import sys

import numpy as np
import pytest

from conftest import TREE
from core.interact import interact as io
from core.leras import nn
from core.leras.device import Device, Devices

GB = 1 << 30
MODULE = sys.modules["core.leras.nn"]


@pytest.fixture(autouse=True)
def engine():
    """Every test begins and ends with an open CPU session and the usual format."""
    nn.initialize(nn.DeviceConfig.CPU())
    yield
    nn.setCurrentDeviceConfig(nn.DeviceConfig.CPU())
    nn._configure_session(nn.DeviceConfig.CPU())
    nn.close_session()
    nn.initialize()


@pytest.fixture
def cards(monkeypatch):
    """Four invented devices; the third and fourth are equal."""
    devices = Devices([Device(0, "GPU", "Old", 4 * GB, 4 * GB), Device(1, "GPU", "Small", GB, GB),
                       Device(2, "GPU", "New", 12 * GB, GB), Device(3, "GPU", "New", 12 * GB, GB)])
    monkeypatch.setattr(Devices, "all_devices", devices)
    return devices


def run(value):
    return nn.tf_sess.run(nn.tf.constant(value) * 2)


def test_state_after_initialize():
    for name in ("tf", "tf_sess", "tf_sess_config", "tf_default_device_name", "data_format",
                 "conv2d_ch_axis", "conv2d_spatial_axes", "floatx", "current_DeviceConfig"):
        assert getattr(nn, name) is not None
    assert nn.tf_default_device_name == "/CPU:0" and nn.current_DeviceConfig.cpu_only
    assert not nn.tf.executing_eagerly()
    assert nn.tf.placeholder(nn.tf.float32, (None, 5)).shape[1].value == 5    # v1 shapes


def test_closed_engine_opens_again():
    nn.close_session()
    assert nn.tf_sess is None
    nn.close_session()
    nn.reset_session()
    assert nn.tf_sess is None
    nn.initialize(data_format="NCHW")
    assert run(21) == 42 and nn.data_format == "NCHW"


def test_later_calls_set_format_and_type_only(cards):
    config, session = nn.tf_sess_config, nn.tf_sess
    nn.initialize(nn.DeviceConfig.GPUIndexes([0]), floatx="float16", data_format="NCHW")
    assert (nn.floatx, nn.data_format) == (nn.tf.float16, "NCHW")
    assert nn.tf_sess is session and nn.tf_sess_config is config
    assert nn.current_DeviceConfig.cpu_only
    nn.initialize()
    assert (nn.floatx, nn.data_format) == (nn.tf.float32, "NHWC")


@pytest.mark.parametrize("arguments", [{"floatx": "float64"}, {"data_format": "CHWN"}])
def test_unknown_type_and_format(arguments):
    with pytest.raises(ValueError, match=list(arguments.values())[0]):
        nn.initialize(**arguments)


def test_reset_session_drops_the_graph_and_takes_the_config_of_the_moment():
    nn.tf.constant(1, name="left_over")
    old = nn.tf_sess
    nn.tf_sess_config = nn.tf.ConfigProto(device_count={"GPU": 0}, allow_soft_placement=True)
    nn.reset_session()
    assert nn.tf_sess is not old and nn.tf_sess._config.allow_soft_placement
    assert "left_over" not in [op.name for op in nn.tf.get_default_graph().get_operations()]
    assert run(3) == 6


def test_failed_initialize_leaves_no_half_made_engine(monkeypatch):
    """The next call must not go on without the parts and the session's config."""
    def fail():
        raise ImportError("broken package")
    tf = nn.tf
    monkeypatch.setattr(nn, "tf", None)
    monkeypatch.setattr(nn, "_import_tensorflow",
                        staticmethod(lambda config: setattr(nn, "tf", tf)))
    monkeypatch.setattr(nn, "_import_parts", staticmethod(fail))
    with pytest.raises(ImportError):
        nn.initialize(nn.DeviceConfig.CPU())
    assert nn.tf is None


def test_session_of_chosen_devices(cards):
    nn._configure_session(nn.DeviceConfig.GPUIndexes([3, 0]))
    options = nn.tf_sess_config.gpu_options
    assert options.visible_device_list == "0,3" and nn.tf_default_device_name == "/GPU:0"
    assert options.allow_growth and options.force_gpu_compatible
    assert not nn.tf_sess_config.allow_soft_placement
    nn._configure_session(nn.DeviceConfig([Device(1, "DML", "x", GB, GB)]))
    assert nn.tf_default_device_name == "/DML:0"
    nn._configure_session(nn.DeviceConfig.CPU())
    assert nn.tf_sess_config.device_count["GPU"] == 0 and nn.tf_sess_config.gpu_options.allow_growth


def test_memory_growth_can_be_switched_off(monkeypatch, cards):
    monkeypatch.setenv("tf_allow_growth", "0")
    nn._configure_session(nn.DeviceConfig.GPUIndexes([0]))
    assert not nn.tf_sess_config.gpu_options.allow_growth


@pytest.mark.parametrize("indexes, suffix", [([2, 3], "_New"), ([0, 2], "_Old_New"), ([], None)])
def test_kernel_cache_of_the_devices_on_windows(monkeypatch, cards, indexes, suffix):
    suffixes = []
    monkeypatch.setattr(MODULE.sys, "platform", "win32")
    monkeypatch.setattr(MODULE, "use_cuda_cache", suffixes.append)
    nn._import_tensorflow(nn.DeviceConfig.GPUIndexes(indexes))
    assert suffixes == ([] if suffix is None else [suffix])


def test_shapes_and_formats():
    assert nn.get4Dshape(5, 7, 3) == (None, 7, 5, 3)
    nn.set_data_format("NCHW")
    assert nn.get4Dshape(5, 7, 3) == (None, 3, 7, 5)
    assert (nn.conv2d_ch_axis, nn.conv2d_spatial_axes) == (1, [2, 3])
    x = np.arange(24).reshape(1, 2, 3, 4)
    assert nn.to_data_format(x, "NCHW", "NHWC").shape == (1, 4, 2, 3)
    assert nn.to_data_format(x, "NHWC", "NCHW").shape == (1, 3, 4, 2)
    assert nn.to_data_format(x, "NHWC", "NHWC") is x
    assert (nn.to_data_format(nn.to_data_format(x, "NCHW", "NHWC"), "NHWC", "NCHW") == x).all()
    with pytest.raises(ValueError):
        nn.to_data_format(x, "NDHWC", "NHWC")


def test_device_configs(cards, capsys):
    def list_indexes(config):
        return [device.index for device in config.devices]
    assert list_indexes(nn.DeviceConfig.BestGPU()) == [2]
    assert list_indexes(nn.DeviceConfig.WorstGPU()) == [1]
    assert list_indexes(nn.DeviceConfig.GPUIndexes([3, 0])) == [0, 3]    # in device order
    assert nn.DeviceConfig.CPU().cpu_only and nn.DeviceConfig.GPUIndexes([]).cpu_only
    assert capsys.readouterr().out == ""
    assert list_indexes(nn.DeviceConfig.GPUIndexes([1, 9])) == [1]
    assert "No GPU with index 9" in capsys.readouterr().out
    copy = pickle.loads(pickle.dumps(nn.DeviceConfig.GPUIndexes([2])))
    assert list_indexes(copy) == [2] and not copy.cpu_only


def test_best_device_is_the_default(cards):
    nn.setCurrentDeviceConfig(None)
    assert [d.index for d in nn.getCurrentDeviceConfig().devices] == [2]


def test_no_device_is_the_cpu(monkeypatch):
    monkeypatch.setattr(Devices, "all_devices", Devices([]))
    assert nn.DeviceConfig.BestGPU().cpu_only and nn.DeviceConfig.WorstGPU().cpu_only
    monkeypatch.setattr(io, "input_str", lambda *args: pytest.fail("asked"))
    assert nn.ask_choose_device_idxs() == []


@pytest.fixture
def answers(monkeypatch):
    """Lines typed at the device question, and (label, default) of each time it is asked."""
    lines, asked = [], []

    def input_str(label, default):
        asked.append((label, default))
        return lines.pop(0) if lines else default
    monkeypatch.setattr(io, "input_str", input_str)
    return lines, asked


@pytest.mark.parametrize("arguments, default", [
    ({}, "2"), ({"suggest_best_multi_gpu": True}, "2,3"), ({"suggest_all_gpu": True}, "0,1,2,3"),
    ({"suggest_all_gpu": True, "choose_only_one": True}, "2"),
    ({"suggest_best_multi_gpu": True, "choose_only_one": True}, "2")])
def test_suggested_devices(cards, answers, arguments, default):
    assert nn.ask_choose_device_idxs(**arguments) == [int(i) for i in default.split(",")]
    assert [row[1] for row in answers[1]] == [default]


def test_device_question(cards, answers, capsys):
    answers[0].extend(["7", "x", "0,9", "", "0, 3"])
    assert nn.ask_choose_device_idxs() == [0, 3]
    assert len(answers[1]) == 5
    lines = capsys.readouterr().out.split("\n")
    assert lines[0] == "" and lines[2] == "" and lines[3] == "[CPU] : CPU"
    assert lines[4:8] == ["  [0] : Old", "  [1] : Small", "  [2] : New", "  [3] : New"]
    assert lines[8] == ""


@pytest.mark.parametrize("text", ["cpu", "CPU", " cpu "])
def test_cpu_is_an_answer_where_it_is_allowed(cards, answers, capsys, text):
    answers[0].extend([text])
    assert nn.ask_choose_device_idxs() == []
    answers[0].extend([text, "1"])
    assert nn.ask_choose_device_idxs(allow_cpu=False) == [1]
    assert capsys.readouterr().out.count("[CPU]") == 1


def test_one_device_only(cards, answers):
    answers[0].extend(["0,1", "9", "3"])
    assert nn.ask_choose_device_idxs(choose_only_one=True) == [3]
    assert [d.index for d in nn.DeviceConfig.ask_choose_device(choose_only_one=True).devices] == [2]


def test_workers_need_no_tensorflow():
    code = ("import sys, pickle; from core.leras import nn; nn.DeviceConfig.CPU(); "
            "nn.set_data_format('NCHW'); assert nn.get4Dshape(1, 2, 3) == (None, 3, 2, 1); "
            "assert not {'tensorflow', 'cv2'} & set(sys.modules)")
    subprocess.check_call([sys.executable, "-c", code], cwd=str(TREE))

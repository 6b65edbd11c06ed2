"""core/leras/device.py: the devices of a machine, exported for worker processes."""
import os
import pickle

import pytest

from core import options
from core.errors import UserError
from core.leras import device as device_module
from core.leras.device import Device, Devices, export_devices, forced_devices

GB = 1 << 30

TABLE = {0: ("GPU", "Old", 4 * GB), 1: ("GPU", "New", 12 * GB), 2: ("GPU", "New", 12 * GB)}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """An environment of its own, without a list of devices."""
    keep = {name: value for name, value in os.environ.items()
            if not name.startswith(("NN_DEVICE", "DFL_")) and "gpu" not in name.lower()}
    saved = dict(os.environ)
    os.environ.clear()
    os.environ.update(keep)
    monkeypatch.setattr(Devices, "all_devices", None)
    monkeypatch.setattr(options, "_sources", options.OptionSources())
    yield
    os.environ.clear()
    os.environ.update(saved)


def make_devices(*memories):
    return Devices([Device(i, "GPU", "card %d" % (m // GB), m, m) for i, m in enumerate(memories)])


def test_device():
    device = Device(1, "GPU", "RTX", 12 * GB, 3 * GB)
    assert (device.total_mem_gb, device.free_mem_gb) == (12.0, 3.0)
    assert str(device) == "[1]:[RTX][3/12]"
    assert str(Device(0, "DML", "x", int(10.976 * GB), GB // 3)) == "[0]:[x][0.333/11]"


def test_list_of_devices():
    devices = make_devices(4 * GB, 12 * GB, 12 * GB, 8 * GB)
    assert len(devices) == 4 and devices[1].index == 1 and isinstance(devices[1:3], Devices)
    assert [d.index for d in devices[1:3]] == [1, 2]
    assert devices.get_best_device().index == 1        # the first of equals
    assert devices.get_worst_device().index == 0
    assert devices.get_device_by_index(3).total_mem == 8 * GB
    assert devices.get_device_by_index(9) is None
    assert [d.index for d in devices.get_devices_from_index_list([3, 7, 1])] == [1, 3]
    assert [d.index for d in devices.get_equal_devices(devices[2])] == [1, 2]
    assert [d.index for d in devices.get_devices_at_least_mem(8)] == [1, 2, 3]


def test_no_device_is_best_without_memory():
    assert Devices([]).get_best_device() is None and Devices([]).get_worst_device() is None
    assert make_devices(0, 0).get_best_device() is None


def test_devices_go_to_worker_processes():
    devices = pickle.loads(pickle.dumps(make_devices(GB, 2 * GB)))
    assert [d.total_mem for d in devices] == [GB, 2 * GB]


def test_exported_list_is_read_back_and_cached():
    export_devices(TABLE)
    assert os.environ["NN_DEVICES_INITIALIZED"] == "1" and os.environ["NN_DEVICES_COUNT"] == "3"
    assert os.environ["NN_DEVICE_1_NAME"] == "New"
    assert os.environ["NN_DEVICE_0_TOTAL_MEM"] == os.environ["NN_DEVICE_0_FREE_MEM"] == str(4 * GB)
    assert os.environ["NN_DEVICE_2_TF_DEV_TYPE"] == "GPU"
    devices = Devices.getDevices()
    assert [(d.index, d.name, d.total_mem) for d in devices] == [
        (0, "Old", 4 * GB), (1, "New", 12 * GB), (2, "New", 12 * GB)]
    assert Devices.getDevices() is devices


def test_gap_in_the_indices_is_closed():
    export_devices({3: ("DML", "b", GB), 1: ("DML", "a", GB)})
    assert [(d.index, d.name) for d in Devices.getDevices()] == [(0, "a"), (1, "b")]


def test_list_is_needed_first():
    with pytest.raises(Exception, match="initialize_main_env"):
        Devices.getDevices()


def test_main_process_lists_once(monkeypatch):
    calls = []
    monkeypatch.setattr(device_module, "discover_devices",
                        lambda body: calls.append(body) or dict(TABLE))
    os.environ["CUDA_VISIBLE_DEVICES"] = "1"
    Devices.initialize_main_env()
    Devices.initialize_main_env()
    assert calls == [Devices._get_tf_devices_proc]
    assert len(Devices.getDevices()) == 3
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert os.environ["CUDA_CACHE_MAXSIZE"] == "2147483647"    # without invisible characters
    assert os.environ["TF_DIRECTML_KERNEL_CACHE_SIZE"] == "2500"
    assert os.environ["TF_MIN_GPU_MULTIPROCESSOR_COUNT"] == "2"
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"


def test_failed_list_is_no_devices(monkeypatch):
    monkeypatch.setattr(device_module, "discover_devices", lambda body: {})
    Devices.initialize_main_env()
    assert len(Devices.getDevices()) == 0


def test_user_may_keep_the_visible_devices(monkeypatch):
    monkeypatch.setattr(device_module, "discover_devices", lambda body: {})
    os.environ.update(CUDA_VISIBLE_DEVICES="1", DFL_KEEP_CUDA_VISIBLE_DEVICES="1")
    Devices.initialize_main_env()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"


def test_visible_devices_can_be_given(monkeypatch):
    monkeypatch.setattr(device_module, "discover_devices", lambda body: {})
    os.environ.update(CUDA_VISIBLE_DEVICES="1", DFL_VISIBLE_DEVICES="0,2")
    Devices.initialize_main_env()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,2"


@pytest.mark.parametrize("name, value, is_forced", [
    ("force_gpu_data", "1", True), ("force_gpu_data", "yes please", True),
    ("DFL_FORCE_DEVICES", "y", True), ("force_gpu_data", "0", False),
    ("force_gpu_data", "", False)])
def test_devices_of_the_environment_skip_the_list(monkeypatch, name, value, is_forced):
    """As the launchers of the gray tree set it."""
    calls = []
    monkeypatch.setattr(device_module, "discover_devices", lambda body: calls.append(body) or {})
    os.environ.update({name: value, "forced_gpu_id": "750 Ti", "max_gpu_memory": "1556925644",
                       "CUDA_PATH": "mine"})
    Devices.initialize_main_env()
    assert bool(calls) is not is_forced
    found = [(d.index, d.tf_dev_type, d.name, d.total_mem) for d in Devices.getDevices()]
    assert found == ([(0, "GPU", "750 Ti", 1556925644)] if is_forced else [])
    assert os.environ["CUDA_PATH"] == "mine"


def test_forced_devices():
    assert forced_devices() == {0: ("GPU", "Unknown CUDA GPU", 1556925644)}
    os.environ.update(forced_gpu_id="A; B ;C", max_gpu_memory="8;16", forced_gpu_type="DML")
    assert forced_devices() == {0: ("DML", "A", 8), 1: ("DML", "B", 16), 2: ("DML", "C", 16)}


@pytest.mark.parametrize("name, value", [
    ("max_gpu_memory", "8 GB"), ("max_gpu_memory", "-1"), ("max_gpu_memory", "8;\u00b2"),
    ("forced_gpu_type", "TPU")])
def test_senseless_forced_devices_of_a_launcher_are_told_and_left_out(name, value, capsys):
    """Spec 60 section 17.1 rule 4; given with --set they are an error."""
    os.environ.update({name: value, "forced_gpu_type" if name[0] == "m" else "x": "dml"})
    for _ in range(2):
        expected = "DML" if name == "max_gpu_memory" else "GPU"
        assert forced_devices() == {0: (expected, "Unknown CUDA GPU", 1556925644)}
    assert capsys.readouterr().out.count("environment: " + name) == 1
    options.configure_sources(options.OptionSources(flags={name: value}))
    with pytest.raises(UserError, match=name):
        forced_devices()

"""core/leras/device_discovery.py: a child that lists the GPUs may crash, hang or take its time."""
import os
import time
from types import SimpleNamespace

import pytest

from core.leras import device_discovery
from core.leras.device_discovery import discover_devices, list_tf_devices, parse_device_name

CUDA = "device: 0, name: %s, pci bus id: 0000:01:00.0, compute capability: 8.6"


# Bodies of the child, which imports this module.

def tell(q):
    q.put({0: ("GPU", "Some GPU", 8 << 30)})


def fail(q):
    raise RuntimeError("no driver")


def crash(q):
    os._exit(7)


def hang(q):
    time.sleep(600)


def test_table_of_the_child(capfd):
    assert discover_devices(tell) == {0: ("GPU", "Some GPU", 8 << 30)}
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("body, code", [(fail, 1), (crash, 7)])
def test_child_that_ends_is_no_devices_and_a_message(body, code, capfd):
    assert discover_devices(body) == {}
    out = capfd.readouterr().out
    assert "exit code %d" % code in out and "force_gpu_data" in out


def test_child_that_hangs_is_ended(monkeypatch, capfd):
    monkeypatch.setenv("DFL_DEVICE_LIST_TIMEOUT", "0.3")
    children = []
    end = device_discovery._end_process

    def end_at_once(child):
        children.append(child)
        child.terminate()
        end(child)
    monkeypatch.setattr(device_discovery, "_end_process", end_at_once)
    assert discover_devices(hang) == {}
    assert "no answer within 0.3 seconds" in capfd.readouterr().out
    assert not children[0].is_alive()


@pytest.mark.parametrize("description, name", [
    (CUDA % "NVIDIA GeForce RTX 3060", "NVIDIA GeForce RTX 3060"),
    (CUDA % "Card: the second", "Card: the second"),
    ('{"name": "AMD Radeon, 8 GB", "vendor_id": 4098}', "AMD Radeon, 8 GB"),
    ('{"vendor_id": 4098}', "GPU:0"), ("", "GPU:0"), ("device: 0", "GPU:0"),
    ("device: 0, name: , x: y", "GPU:0")])
def test_display_name(description, name):
    assert parse_device_name(description, "GPU:0") == name


def test_list_of_tensorflow(monkeypatch):
    """Kinds that do not compute for us are left out; names come from the description."""
    from tensorflow.python.client import device_lib

    def device(kind, name, description):
        return SimpleNamespace(device_type=kind, name=name, physical_device_desc=description,
                               memory_limit=5 << 30)
    monkeypatch.setattr(device_lib, "list_local_devices", lambda: [
        device("CPU", "/device:CPU:0", ""), device("GPU", "/device:GPU:1", CUDA % "RTX"),
        device("XLA_GPU", "/device:XLA_GPU:0", "x"), device("DML", "/device:DML:0", '{"name":"A"}'),
        device("GPU", "/device:GPU:12", "")])
    tables = []
    list_tf_devices(SimpleNamespace(put=tables.append))
    assert tables == [{1: ("GPU", "RTX", 5 << 30), 0: ("DML", "A", 5 << 30),
                       12: ("GPU", "GPU:12", 5 << 30)}]


def test_v1_api():
    new = SimpleNamespace(compat=SimpleNamespace(v1="v1"))
    old = SimpleNamespace(Session="s")
    assert device_discovery.v1_api(new) == "v1" and device_discovery.v1_api(old) is old


def test_cache_folder_of_the_kernels(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CUDA_CACHE_PATH", "before")
    monkeypatch.delenv("APPDATA", raising=False)
    device_discovery.use_cuda_cache("_ALL")
    assert os.environ["CUDA_CACHE_PATH"] == "before"
    monkeypatch.setenv("APPDATA", str(tmp_path))
    for _ in range(2):
        device_discovery.use_cuda_cache("_RTX_3060")
    folder = tmp_path / "NVIDIA" / "ComputeCache_RTX_3060"
    assert folder.is_dir() and os.environ["CUDA_CACHE_PATH"] == str(folder)
    assert capsys.readouterr().out == "Caching GPU kernels...\n"

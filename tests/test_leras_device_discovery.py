"""core/leras/device_discovery.py: a child that lists the GPUs may crash, hang or take its time."""
import os
import signal
import time
from types import SimpleNamespace

import pytest

from core.joblib.worker_process import WorkerProcess
from core.leras import device_discovery
from core.leras.device_discovery import discover_devices, list_tf_devices, parse_device_name

needs_signals = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")

CUDA = "device: 0, name: %s, pci bus id: 0000:01:00.0, compute capability: 8.6"


# Bodies of the child, which imports this module.

def tell(q):
    q.put({0: ("GPU", "Some GPU", 8 << 30)})


def fail(q):
    raise RuntimeError("no driver")


def crash(q):
    q.put("asking the driver")
    os._exit(7)


def crash_in_driver(q):
    q.put("asking the driver")
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60)


def hang(q):
    q.put("importing")
    q.put("asking the driver")
    time.sleep(600)


def stop(q):
    os.kill(os.getpid(), signal.SIGSTOP)


def test_table_of_the_child(capfd):
    assert discover_devices(tell) == {0: ("GPU", "Some GPU", 8 << 30)}
    assert capfd.readouterr().out == ""


def assert_is_bypass(out):
    """How to go on without the list."""
    assert "Continuing without GPU" in out and "nvidia-smi" in out
    assert all(name in out for name in ("DFL_FORCE_DEVICES=1", "force_gpu_data=1",
                                        "DFL_FORCED_GPU_ID", "DFL_MAX_GPU_MEMORY"))


@pytest.mark.parametrize("body, cause", [
    (fail, "RuntimeError: no driver"), (crash, "has died: exit code 7"),
    pytest.param(crash_in_driver, "has died: killed by signal SIGSEGV", marks=needs_signals)])
def test_child_that_ends_is_no_devices_and_a_message(body, cause, capfd):
    assert discover_devices(body) == {}
    out = capfd.readouterr().out
    assert "The process that lists the GPUs (process " in out and cause in out
    assert ("Tried: asking the driver (after " in out) == (body is not fail)
    assert_is_bypass(out)


@pytest.mark.parametrize("body", [hang, pytest.param(stop, marks=needs_signals)])
def test_child_that_hangs_is_ended(monkeypatch, capfd, body):
    monkeypatch.setenv("DFL_DEVICE_LIST_TIMEOUT", "3")
    monkeypatch.setattr(device_discovery, "_NOTICE_AFTER", 1.5)
    children = []

    class Child(WorkerProcess):
        def start(self):
            super().start()
            children.append(self.process)
    monkeypatch.setattr(device_discovery, "WorkerProcess", Child)
    assert discover_devices(body) == {}
    out = capfd.readouterr().out
    assert "gave no answer within 3 seconds" in out and "DFL_DEVICE_LIST_TIMEOUT" in out
    assert "takes its time: 1 s" in out and "It is given up after 3 s." in out
    if body is hang:
        assert "Tried: importing (after " in out and ", asking the driver (after " in out
    assert_is_bypass(out)
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
    assert [type(item) for item in tables] == [str, str, dict]
    assert "importing TensorFlow" in tables[0] and "asking TensorFlow" in tables[1]
    assert tables[2:] == [{1: ("GPU", "RTX", 5 << 30), 0: ("DML", "A", 5 << 30),
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

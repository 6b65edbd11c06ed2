"""Listing TensorFlow's devices in a child process (spec 10 section 3.2).

TensorFlow takes memory of every GPU for as long as the process that lists them lives, and on
some machines the listing crashes or never returns. Hence a child with a time limit.
"""
import json
import math
import os
import queue
import signal
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

from core.compat import spawn_context
from core.process_options import DEVICE_LIST_TIMEOUT, get_setting

_POLL_INTERVAL = 0.1      # seconds


def discover_devices(child_body: Callable[[Any], None]) -> Dict[int, Tuple[str, str, int]]:
    """Runs `child_body(queue)` in a child process and returns the table it puts there.

    A child that dies, or is silent for longer than the option device_list_timeout, is reported and
    gives an empty table, i.e. the run goes on with the CPU.
    """
    timeout = get_setting(DEVICE_LIST_TIMEOUT) or math.inf
    context = spawn_context()
    q = context.Queue()
    child = context.Process(target=child_body, args=(q,), daemon=True)
    child.start()
    try:
        table, problem = _wait_for_table(child, q, timeout)
    finally:
        _end_process(child)
        q.close()
    if problem:
        _report(problem)
    return table


def _wait_for_table(child, q, timeout: float) -> Tuple[Dict[int, Tuple[str, str, int]], str]:
    deadline = time.monotonic() + timeout
    while True:
        exited = not child.is_alive()   # read first: what it put before its end is then there
        try:
            return q.get(timeout=_POLL_INTERVAL), ""
        except queue.Empty:
            pass
        if exited:
            return {}, "ended with exit code %s" % child.exitcode
        if time.monotonic() > deadline:
            return {}, "gave no answer within %g seconds" % timeout


def _end_process(child) -> None:
    """Lets the child leave by itself for a moment, then ends it."""
    child.join(2)
    if child.is_alive():
        child.terminate()
        child.join(2)
    if child.is_alive():   # a driver call that ignores SIGTERM
        os.kill(child.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        child.join(2)


def _report(problem: str) -> None:
    from core.interact import interact as io
    io.log_err("The process that lists the GPUs %s. Continuing without GPU.\n"
               "  - check that the driver works (nvidia-smi) and fits this TensorFlow build\n"
               "  - a slow start: set DFL_DEVICE_LIST_TIMEOUT to more seconds (0 waits for ever)\n"
               "  - to skip the listing set force_gpu_data=1, forced_gpu_id and max_gpu_memory"
               % problem)


def list_tf_devices(q) -> None:
    """Child process: imports TensorFlow and puts `{index: (type, name, memory limit)}`."""
    if sys.platform.startswith("win"):
        use_cuda_cache("_ALL")

    import logging

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    import tensorflow
    tf = v1_api(tensorflow)
    if tf is not tensorflow:
        tf.disable_v2_behavior()

    from tensorflow.python.client import device_lib

    table = {}
    for device in device_lib.list_local_devices():
        if device.device_type not in ("GPU", "DML"):
            continue
        tf_name = device.name[device.name.index(device.device_type):]   # e.g. 'GPU:0'
        index = int(tf_name.rsplit(":", 1)[1])
        name = parse_device_name(device.physical_device_desc, tf_name)
        table[index] = (device.device_type, name, int(device.memory_limit))
    q.put(table)
    time.sleep(0.1)   # let the queue's feeder thread write before the interpreter goes down


def v1_api(tensorflow: Any) -> Any:
    """The graph-and-session API of an imported `tensorflow`: itself for TF 1, else compat.v1."""
    return tensorflow if hasattr(tensorflow, "Session") else tensorflow.compat.v1


def parse_device_name(description: str, default: str) -> str:
    """Display name out of TensorFlow's device description.

    CUDA: `device: 0, name: X, pci bus id: ...`; DirectML: JSON with the field `name`.
    """
    if not description:
        return default
    if description.startswith("{"):
        return json.loads(description).get("name", default)
    for pair in description.split(","):
        key, _, value = pair.partition(":")
        if key.strip() == "name":
            return value.strip() or default
    return default


def use_cuda_cache(suffix: str) -> None:
    """Windows: gives the compiled GPU kernels of this set of devices their own cache folder.

    Sets `CUDA_CACHE_PATH`; says so when the folder is new, because the first start then takes
    minutes. Without `APPDATA` the driver's default stays.
    """
    appdata = os.environ.get("APPDATA")
    if not appdata:
        return
    path = Path(appdata) / "NVIDIA" / ("ComputeCache" + suffix)
    if not path.exists():
        from core.interact import interact as io
        io.log_info("Caching GPU kernels...")
        path.mkdir(parents=True, exist_ok=True)
    os.environ["CUDA_CACHE_PATH"] = str(path)

"""Listing TensorFlow's devices in a child process (spec 10 section 3.2).

TensorFlow takes memory of every GPU for as long as the process that lists them lives, and on
some machines the listing crashes or never returns. Hence a child with a time limit.
"""
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from core.errors import UserError
from core.joblib.worker_process import ERROR, WorkerProcess
from core.process_options import DEVICE_LIST_TIMEOUT, get_setting

_POLL_INTERVAL = 0.5    # s
_NOTICE_AFTER = 5.0     # s of silence before the wait is announced
_LEAVE_TIMEOUT = 2.0    # s for the child to release the devices by itself

# what a discovery delivers: {index: (tf device type, display name, bytes TensorFlow may allocate)}
DeviceTable = Dict[int, Tuple[str, str, int]]

BYPASS = ["to skip the list: DFL_FORCE_DEVICES=1 (or force_gpu_data=1) takes the devices that "
          "DFL_FORCED_GPU_ID and DFL_MAX_GPU_MEMORY (in bytes) tell"]
DRIVER_CHECK = ("check that the driver answers (nvidia-smi has to end by itself) and fits this "
                "TensorFlow build; `main.py doctor` tells the versions")


def discover_devices(child_body: Callable[[Any], None]) -> DeviceTable:
    """Runs `child_body(queue)` in a child process and returns the table it puts there.

    Texts that it puts say what it is about to do. A child that fails, dies, or is silent for
    longer than the option device_list_timeout, is reported and gives an empty table, i.e. the run
    goes on with the CPU.
    """
    child = WorkerProcess("the process that lists the GPUs", _run_body, child_body)
    waiting = _Waiting(child, get_setting(DEVICE_LIST_TIMEOUT))
    try:
        child.start()
        table = waiting.receive_table()
        child.process.join(_LEAVE_TIMEOUT)
        return table
    except UserError as error:
        _report(error)
        return {}
    finally:
        child.kill()


class _Sender:
    """What the body takes for a queue."""

    def __init__(self, conn) -> None:
        self._conn = conn

    def put(self, item: Any) -> None:
        self._conn.send(item)


def _run_body(conn, child_body: Callable[[Any], None]) -> None:
    """Main function of the child."""
    child_body(_Sender(conn))


class _Waiting:
    """The wait for the table: what the child has tried, and for how long."""

    def __init__(self, child: WorkerProcess, timeout: float) -> None:
        """timeout: seconds in all, 0 = for ever."""
        self._child = child
        self._timeout = timeout
        self._started = time.monotonic()
        self._notice_at = _NOTICE_AFTER
        self._stages: List[str] = []

    def receive_table(self) -> DeviceTable:
        """Raises UserError when there will be none."""
        while True:
            elapsed = time.monotonic() - self._started
            if self._timeout and elapsed >= self._timeout:
                raise UserError("%s gave no answer within %g seconds. %s" % (
                    self._child.describe(), self._timeout, self._describe_stages()),
                    [DRIVER_CHECK, "a slow start: set DFL_DEVICE_LIST_TIMEOUT to more seconds "
                                   "(0 waits for ever)"] + BYPASS)
            if elapsed >= self._notice_at:
                self._give_notice(elapsed)
            left = self._timeout - elapsed if self._timeout else _POLL_INTERVAL
            if self._child.conn.poll(min(_POLL_INTERVAL, left)):
                message = self._receive()
                if isinstance(message, dict):
                    return message
                self._stages.append("%s (after %.1f s)" % (
                    message, time.monotonic() - self._started))

    def _receive(self) -> Any:
        try:
            message = self._child.conn.recv()
        except (EOFError, OSError):
            error = self._child.make_death_error()
            raise UserError("%s %s" % (error.what, self._describe_stages()),
                            [DRIVER_CHECK] + BYPASS + error.remedies) from None
        if isinstance(message, tuple) and message[0] == ERROR:
            error = self._child.make_exception_error(message)
            is_known = error.traceback_text is None     # TensorFlow is not there: no driver's fault
            raise UserError("%s\n%s" % (error.what.rstrip(), self._describe_stages()),
                            ([] if is_known else [DRIVER_CHECK] + BYPASS) + error.remedies)
        return message

    def _give_notice(self, elapsed: float) -> None:
        from core.interact import interact as io
        self._notice_at = elapsed + 2 * _NOTICE_AFTER
        end = " It is given up after %g s." % self._timeout if self._timeout else ""
        io.log_info("The list of GPUs takes its time: %d s. %s%s"
                    % (elapsed, self._describe_stages(), end))

    def _describe_stages(self) -> str:
        if not self._stages:
            return "Tried: to start it."
        return "Tried: %s." % ", ".join(self._stages)


def _report(error: UserError) -> None:
    from core.interact import interact as io
    what = error.what[:1].upper() + error.what[1:]
    io.log_err("%s\nContinuing without GPU.\n%s" % (
        what, "\n".join("  - " + remedy for remedy in error.remedies)))


def list_tf_devices(q) -> None:
    """Child process: imports TensorFlow and puts `{index: (type, name, memory limit)}`.

    Before each step that may hang it puts a text.
    """
    if sys.platform.startswith("win"):
        use_cuda_cache("_ALL")

    import logging

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    q.put("importing TensorFlow")
    import tensorflow
    tf = v1_api(tensorflow)
    if tf is not tensorflow:
        tf.disable_v2_behavior()

    from tensorflow.python.client import device_lib

    q.put("asking TensorFlow %s for its devices, which wakes the driver" % tensorflow.__version__)
    table = {}
    for device in device_lib.list_local_devices():
        if device.device_type not in ("GPU", "DML"):
            continue
        tf_name = device.name[device.name.index(device.device_type):]   # e.g. 'GPU:0'
        index = int(tf_name.rsplit(":", 1)[1])
        name = parse_device_name(device.physical_device_desc, tf_name)
        table[index] = (device.device_type, name, int(device.memory_limit))
    q.put(table)


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

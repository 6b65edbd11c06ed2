"""A spawned worker process and the connection to it.

Whatever the platform, a worker starts as a fresh interpreter (spawn): it imports only what its
function needs, has its own random state and inherits the environment. It ends by itself when its
parent does, in whatever way that ended: the parent holds the other end of a pipe, the lifeline.
"""
import contextlib
import faulthandler
import io as streams
import os
import pickle
import signal
import struct
import sys
import threading
import time
import traceback
from multiprocessing.reduction import ForkingPickler
from typing import Callable, Optional

import numpy as np

from core.compat import ensure_resource_tracker, spawn_context
from core.errors import UserError
from core.interact import interact as io

from .worker_error import WorkerError, explain_exit, get_memory_remedies

ERROR = 'error'  # kind of the message that reports an exception of the worker's function

# Ctrl+C, and the end of a terminal, reach every process at once; the parent decides what happens
# then, and a worker ends with its parent.
IGNORED_SIGNALS = [getattr(signal, name) for name in ('SIGINT', 'SIGHUP') if hasattr(signal, name)]

WATCH_INTERVAL = 2.0  # s between looks at the parent's process id
PARENT_ENDED = 3  # exit code of a worker whose parent is gone
NOTICE_INTERVAL = 10.0  # s between two "still waiting" lines
PONG_TIMEOUT = 2.0  # s for the answer to "how much CPU time have you used"
BUSY_SHARE = 0.1  # of one core: a worker that uses less is stalled
BUSY_PATIENCE = 10  # times the limit for a worker that computes


class _Payload:
    """Function and arguments, unpickled in the worker where a failure can be reported."""

    def __init__(self, func: Callable, args: tuple) -> None:
        self._content = (func, args)
        self._data = None

    def __getstate__(self) -> bytes:
        # Runs while the process is being spawned, so locks, pipes and shared memory may pass.
        return bytes(ForkingPickler.dumps(self._content, 4))

    def __setstate__(self, data: bytes) -> None:
        self._data = data

    def load(self) -> tuple:
        """(function, arguments). The bytes come from the parent over a private pipe."""
        return pickle.loads(self._data)  # noqa: S301


@contextlib.contextmanager
def _interrupts_blocked():
    """A process started meanwhile does not see Ctrl+C before it can say that it ignores it.

    A terminal sends it to every process at once, and a worker imports for a second or two.
    """
    if not hasattr(signal, 'pthread_sigmask'):  # Windows
        yield
        return
    ensure_resource_tracker()
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _watch_parent(lifeline, parent_pid: int) -> None:
    """Thread of the worker: end the process with its parent; answer with CPU seconds used."""
    while True:
        try:
            if lifeline.poll(WATCH_INTERVAL):
                lifeline.recv_bytes()
                lifeline.send_bytes(struct.pack('<d', time.process_time()))
        except (EOFError, OSError):
            os._exit(PARENT_ENDED)
        # A fork of the parent may still hold the other end. Windows keeps a dead parent's id.
        if os.name != 'nt' and os.getppid() != parent_pid:
            os._exit(PARENT_ENDED)


def _run_worker(conn, lifeline, parent_pid: int, payload: _Payload) -> None:
    """Main function of every worker process."""
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_watch_parent, args=(lifeline, parent_pid), daemon=True).start()
    _enable_fault_report()
    try:
        func, args = payload.load()
        _limit_threads()
        func(conn, *args)
    except Exception as error:  # noqa: BLE001 everything is the parent's to report
        try:
            conn.send((ERROR,) + make_report(error))
        except OSError:
            pass  # the parent is gone
        sys.exit(1)


def _enable_fault_report() -> None:
    """Native crashes print where they were, if there is a stderr to print to."""
    try:
        faulthandler.enable()
    except (AttributeError, RuntimeError, ValueError, streams.UnsupportedOperation):
        return


def _limit_threads() -> None:
    """One OpenCV thread a worker: the workers are the parallelism (spec 81 item 5)."""
    import cv2
    cv2.setNumThreads(1)
    cv2.ocl.setUseOpenCL(False)
    # The same as a fresh interpreter has, said explicitly: augmentations differ in every worker.
    np.random.seed()


def make_report(error: BaseException) -> tuple:
    """(text, remedies, traceback or None for an expected failure) of the exception at hand."""
    if isinstance(error, UserError):
        return error.what, list(error.remedies), None
    return "%s: %s" % (type(error).__name__, error), get_remedies(error), traceback.format_exc()


def get_remedies(error: BaseException) -> list:
    """What to do about an unexpected exception of a worker."""
    if isinstance(error, MemoryError) or getattr(error, 'winerror', None) == 1455:
        return get_memory_remedies()
    return []


class WorkerProcess:
    """Parent's side of a worker that runs `func(conn, *args)`.

    :ivar conn: duplex connection; messages are tuples whose first item is their kind.
    :ivar process: the multiprocessing process, None until `start`.
    """

    def __init__(self, name: str, func: Callable, *args) -> None:
        self.name = name
        self.conn = None
        self.process = None
        self._payload = _Payload(func, args)
        self._lifeline = None
        self._pings = 0  # questions without an answer yet
        self._cpu_seconds = None

    def start(self) -> None:
        """Spawn the process. The arguments are released."""
        context = spawn_context()
        self.conn, child_conn = context.Pipe()
        self._lifeline, child_lifeline = context.Pipe()
        process = context.Process(
            target=_run_worker, args=(child_conn, child_lifeline, os.getpid(), self._payload),
            name=self.name, daemon=True)
        with _interrupts_blocked():
            process.start()
        # Only then does the end of either side show at the other.
        child_conn.close()
        child_lifeline.close()
        self._payload = None
        self.process = process

    def describe(self) -> str:
        """Name and process id."""
        pid = None if self.process is None else self.process.pid
        return "%s (process %s)" % (self.name, pid)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def has_message(self) -> bool:
        """True if something can be received; a closed pipe counts as such where it is readable."""
        try:
            return self.conn.poll(0)
        except OSError:  # Windows: the worker is gone and has left nothing
            return False

    def wait_message(self, limit: float, purpose: str) -> None:
        """Return when a message can be received.

        :param limit: seconds without one after which an idle worker counts as stalled; one that
            computes gets 10 times as long. 0 = wait for ever.
        :raises WorkerError: the worker died or stalled; it is ended.
        """
        started = time.monotonic()
        mark = None  # (time, CPU seconds of the worker) early in the wait
        notice = started + NOTICE_INTERVAL
        mark_at = started + min(NOTICE_INTERVAL / 2, limit / 2 if limit else NOTICE_INTERVAL)
        deadline = started + limit if limit else float('inf')
        while not self.conn.poll(max(0.0, min(mark_at, notice, deadline) - time.monotonic())):
            now = time.monotonic()
            if not self.is_alive() and not self.has_message():
                raise self.make_death_error()
            if now >= mark_at:
                mark, mark_at = (now, self.ask_cpu_seconds()), float('inf')
            if now >= notice:
                io.log_info("Still waiting for %s from %s: %d s."
                            % (purpose, self.describe(), now - started))
                notice = now + NOTICE_INTERVAL
            if now >= deadline:
                if now - started >= limit * BUSY_PATIENCE or not self._is_busy_since(mark):
                    raise self.make_stall_error(now - started, purpose)
                deadline = now + limit

    def _is_busy_since(self, mark) -> bool:
        """True if the worker used CPU time since `mark`; False also if it does not answer."""
        now = time.monotonic()
        cpu_seconds = self.ask_cpu_seconds()
        if mark is None or mark[1] is None or cpu_seconds is None:
            return False
        return cpu_seconds - mark[1] >= BUSY_SHARE * (now - mark[0])

    def ask_cpu_seconds(self) -> Optional[float]:
        """CPU seconds the worker has used, asked from it; None if it does not answer."""
        try:
            self._lifeline.send_bytes(b'?')
            self._pings += 1
            deadline = time.monotonic() + PONG_TIMEOUT
            # Late answers to earlier questions come first.
            while self._pings > 0 and self._lifeline.poll(max(0, deadline - time.monotonic())):
                self._cpu_seconds = struct.unpack('<d', self._lifeline.recv_bytes())[0]
                self._pings -= 1
        except (EOFError, OSError):
            return None
        return self._cpu_seconds if self._pings == 0 else None

    def make_death_error(self) -> WorkerError:
        """The error for a worker whose connection has ended."""
        self.process.join(PONG_TIMEOUT)
        exitcode = self.process.exitcode
        self.kill()
        cause, remedies = explain_exit(exitcode)
        return WorkerError(self.name, "%s has died: %s." % (self.describe(), cause), remedies,
                           exitcode=exitcode)

    def make_stall_error(self, seconds: float, purpose: str) -> WorkerError:
        """The error for a worker that gives no sign; it is ended."""
        self.kill()
        return WorkerError(
            self.name, "%s has stalled: no %s for %d s. It was ended."
            % (self.describe(), purpose, seconds),
            get_memory_remedies() + [
                "Check that the disk with the faces answers.",
                "On a slow machine set DFL_WORKER_TIMEOUT and DFL_WORKER_START_TIMEOUT to more "
                "seconds (0 waits for ever)."])

    def make_exception_error(self, message: tuple) -> WorkerError:
        """The error for an ERROR message of the worker."""
        _, text, remedies, traceback_text = message
        what = text if traceback_text is None else "%s failed:\n%s" % (
            self.describe(), traceback_text)
        return WorkerError(self.name, what, remedies, traceback_text=traceback_text)

    def kill(self) -> None:
        """End the process now and release the connection."""
        if self.process is not None and self.process.is_alive():
            if os.name == 'nt':
                self.process.terminate()
            else:
                # SIGTERM does not reach a stopped process.
                os.kill(self.process.pid, signal.SIGKILL)
            self.process.join(PONG_TIMEOUT)
        for conn in (self.conn, self._lifeline):
            if conn is not None:
                conn.close()

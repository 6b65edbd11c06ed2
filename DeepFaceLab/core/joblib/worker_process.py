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
import weakref
from multiprocessing import util
from multiprocessing.reduction import ForkingPickler
from typing import Callable, Iterator, Optional, Tuple, Union

import numpy as np

from core.compat import ensure_resource_tracker, spawn_context
from core.osex import share_heap_between_threads

from .worker_error import WorkerError, explain_exit, get_memory_remedies, make_report
from .worker_watch import print_once

ERROR = 'error'  # kind of the message that reports an exception of the worker's function

# Ctrl+C, and the end of a terminal, reach every process at once; the parent decides what happens
# then, and a worker ends with its parent.
IGNORED_SIGNALS = [getattr(signal, name) for name in ('SIGINT', 'SIGHUP') if hasattr(signal, name)]

WATCH_INTERVAL = 2.0  # s between looks at the parent's process id
PARENT_ENDED = 3  # exit code of a worker whose parent is gone
END_TIMEOUT = 2.0  # s for a process that has been told to end

_USE = struct.Struct('<dd')  # answer of a worker: its clock and the CPU seconds it has used


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


class _Lifeline:
    """Worker's end of the pipe that tells it of the end of its parent."""

    def __init__(self, conn, parent_pid: int) -> None:
        self._conn = conn
        self._parent_pid = parent_pid
        self._lock = threading.Lock()

    def send(self, data: bytes) -> None:
        with self._lock:
            self._conn.send_bytes(data)

    def watch(self) -> None:
        """Thread: end the process with its parent; answer with clock and CPU seconds."""
        while True:
            try:
                if self._conn.poll(WATCH_INTERVAL):
                    self._conn.recv_bytes()
                    self.send(b'c' + _USE.pack(time.monotonic(), time.process_time()))
            except (EOFError, OSError):
                os._exit(PARENT_ENDED)
            # A fork of the parent may still hold the other end. Windows keeps a dead parent's id.
            if os.name != 'nt' and os.getppid() != self._parent_pid:
                os._exit(PARENT_ENDED)


_lifeline: Optional[_Lifeline] = None  # of this process, if it is a worker


def tell_parent(text: str) -> None:
    """Have the parent print `text`, once whichever of its workers tell it.

    In a process that is no worker it is printed here.
    """
    if _lifeline is None:
        print_once(text)
    else:
        _lifeline.send(b't' + text.encode('utf-8', 'surrogatepass'))


def _run_worker(conn, lifeline, parent_pid: int, payload: _Payload) -> None:
    """Main function of every worker process."""
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    share_heap_between_threads()    # before there are any: the workers are the parallelism
    global _lifeline
    _lifeline = _Lifeline(lifeline, parent_pid)
    threading.Thread(target=_lifeline.watch, daemon=True).start()
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


_started = weakref.WeakSet()  # workers of this process


def _end_workers() -> None:
    """At the end of this process: multiprocessing itself would wait for a stopped worker."""
    for worker in list(_started):
        worker.end_process()


util.Finalize(None, _end_workers, exitpriority=100)


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
        _started.add(self)

    def describe(self) -> str:
        """Name and process id."""
        pid = None if self.process is None else self.process.pid
        return "%s (process %s)" % (self.name, pid)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def was_killed(self) -> bool:
        """True if the process was ended by a signal."""
        exitcode = None if self.process is None else self.process.exitcode
        return exitcode is not None and exitcode < 0

    def has_message(self) -> bool:
        """True if something can be received; a closed pipe counts as such where it is readable."""
        try:
            return self.conn.poll(0)
        except OSError:  # Windows: the worker is gone and has left nothing
            return False

    def ask_cpu_use(self) -> bool:
        """Ask the worker for its CPU time; False if it cannot be asked any more."""
        try:
            self._lifeline.send_bytes(b'?')
        except OSError:
            return False
        return True

    def read_lifeline(self) -> Iterator[Union[str, Tuple[float, float]]]:
        """What has come on the lifeline: texts of `tell_parent`, and as answers to `ask_cpu_use`
        (clock of the worker, CPU seconds it has used)."""
        try:
            while self._lifeline.poll(0):
                data = self._lifeline.recv_bytes()
                if data[:1] == b't':
                    yield data[1:].decode('utf-8', 'surrogatepass')
                else:
                    yield _USE.unpack(data[1:])
        except (EOFError, OSError):
            return  # the worker has ended

    def make_death_error(self) -> WorkerError:
        """The error for a worker whose connection has ended."""
        self.process.join(END_TIMEOUT)
        exitcode = self.process.exitcode
        self.kill()
        cause, remedies = explain_exit(exitcode)
        return WorkerError(self.name, "%s has died: %s." % (self.describe(), cause), remedies,
                           exitcode=exitcode, is_replaceable=True)

    def make_stall_error(self, seconds: float, purpose: str) -> WorkerError:
        """The error for a worker that gives no sign; it is ended."""
        self.kill()
        return WorkerError(
            self.name, "%s has stalled: no %s for %d s. It was ended."
            % (self.describe(), purpose, seconds),
            get_memory_remedies() + [
                "Check that the disk with the faces answers.",
                "On a slow machine set DFL_WORKER_TIMEOUT and DFL_WORKER_START_TIMEOUT to more "
                "seconds (0 waits for ever)."], is_replaceable=True)

    def make_exception_error(self, message: tuple) -> WorkerError:
        """The error for an ERROR message of the worker."""
        _, text, remedies, traceback_text, is_memory_short = message
        what = text if traceback_text is None else "%s failed:\n%s" % (
            self.describe(), traceback_text)
        return WorkerError(self.name, what, remedies, traceback_text=traceback_text,
                           is_replaceable=is_memory_short)

    def end_process(self) -> None:
        """End the process now; the connection stays."""
        if self.process is not None and self.process.is_alive():
            if os.name == 'nt':
                self.process.terminate()
            else:
                # SIGTERM does not reach a stopped process.
                try:
                    os.kill(self.process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # has ended since, and another thread has looked
            self.process.join(END_TIMEOUT)

    def kill(self) -> None:
        """End the process now and release the connection."""
        self.end_process()
        for conn in (self.conn, self._lifeline):
            if conn is not None:
                conn.close()

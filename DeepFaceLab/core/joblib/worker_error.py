"""Why a worker process ended, in words (spec 81 items 1 and 6)."""
import os
import signal
import traceback
from typing import List, Optional, Sequence, Tuple

from core.errors import UserError
from core.osex import get_memory_info
from core.package_errors import explain_import_error

# NTSTATUS values that end a Windows process, as its exit code
WINDOWS_CODES = {0xC0000005: "access violation", 0xC0000017: "out of memory",
                 0xC00000FD: "stack overflow", 0xC000012D: "paging file too small",
                 0xC000013A: "Ctrl+C", 0xC0000409: "abort of native code"}

OPENCV_NO_MEMORY = -4  # code of cv2.error

LOG_HINT = "The lines printed above this one may name the cause."


class WorkerError(UserError):
    """A worker process failed, died or stalled.

    :ivar worker_name: which one.
    :ivar exitcode: of the process (negative: signal), None while it lived.
    :ivar traceback_text: of the exception inside the worker, None if there was none.
    :ivar is_replaceable: another worker may do better: it died, stalled or had too little memory.
    """

    def __init__(self, worker_name: str, what: str, remedies: Sequence[str] = (),
                 exitcode: Optional[int] = None, traceback_text: Optional[str] = None,
                 is_replaceable: bool = False) -> None:
        super(WorkerError, self).__init__(what, remedies)
        self.worker_name = worker_name
        self.exitcode = exitcode
        self.traceback_text = traceback_text
        self.is_replaceable = is_replaceable


def describe_memory() -> str:
    """One sentence on the memory that is left; '' where the system cannot be asked."""
    info = get_memory_info()
    if info is None:
        return ''
    kind = "RAM and page file" if os.name == 'nt' else "RAM"
    return "%.1f of %.1f GB %s are available now." % (info[1] / 2 ** 30, info[0] / 2 ** 30, kind)


def get_memory_remedies() -> List[str]:
    """What helps when memory ran out."""
    remedies = ["Free memory: %s Close other programs." % describe_memory(),
                "Use fewer workers, a smaller batch size or a smaller resolution."]
    if os.name == 'nt':
        remedies.append("Enlarge the paging file (System, Advanced, Performance).")
    else:
        remedies.append("Add swap, or raise the memory limit of the container.")
    return remedies


def describe_process_state(pid: int) -> str:
    """Why a process stands still, as the end of a sentence; '' where the system does not tell."""
    try:
        with open('/proc/%d/stat' % pid) as file:
            state = file.read().rsplit(')', 1)[1].split()[0]
    except (OSError, IndexError):
        return ''
    return {'T': ": it was stopped by a signal (kill -CONT %d lets it go on)" % pid,
            't': ": a debugger holds it", 'D': ": it waits for a disk or a driver",
            'S': ": it sleeps, or waits for the disk or another process"}.get(state, '')


def explain_exit(exitcode: Optional[int]) -> Tuple[str, List[str]]:
    """(cause, remedies) of a process that ended without a word.

    :param exitcode: of multiprocessing.Process: negative numbers are signals.
    """
    if exitcode is None:
        return "the connection to it is lost", [LOG_HINT]
    if exitcode < 0:
        return _explain_signal(-exitcode)
    code = exitcode & 0xFFFFFFFF
    if code in WINDOWS_CODES:
        return "exit code 0x%08X, %s" % (code, WINDOWS_CODES[code]), (
            get_memory_remedies() + [LOG_HINT])
    return "exit code %d" % exitcode, [LOG_HINT]


def _explain_signal(number: int) -> Tuple[str, List[str]]:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    cause = "killed by signal %s" % name
    if name == 'SIGKILL':
        return (cause + ", which is usually the system's out-of-memory killer"), (
            get_memory_remedies())
    if name == 'SIGBUS':
        return cause + ", shared memory or disk is full", get_memory_remedies()
    return cause, [LOG_HINT]


def make_report(error: BaseException) -> tuple:
    """(text, remedies, traceback or None for an expected failure, whether memory ran out) of the
    exception at hand."""
    error = explain_import_error(error) or error
    if isinstance(error, UserError):
        return error.what, list(error.remedies), None, False
    return ("%s: %s" % (type(error).__name__, error), get_remedies(error),
            traceback.format_exc(), is_memory_error(error))


def is_memory_error(error: Optional[BaseException]) -> bool:
    """Whether memory ran out, here or in what caused the error."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, 'winerror', None) == 1455:
            return True
        if type(error).__module__ == 'cv2' and getattr(error, 'code', None) == OPENCV_NO_MEMORY:
            return True
        error = error.__cause__
    return False


def get_remedies(error: BaseException) -> list:
    """What to do about an unexpected exception of a worker."""
    return get_memory_remedies() if is_memory_error(error) else []

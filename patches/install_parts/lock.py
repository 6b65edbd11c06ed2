"""One installer at a time (spec 70 section 11.6 step 1)."""
import contextlib
import ctypes
import json
import os
import sys
import time
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from . import names
from .guard import Guard, is_link
from .names import InstallError

QUERY_LIMITED_INFORMATION = 0x1000
STILL_ACTIVE = 259
WRITING_SECONDS = 0.5
TRIES = 5


def get_start_time(process: int) -> Optional[str]:
    """What tells two processes with the same number apart; None where the system hides it."""
    if sys.platform == "win32":
        return get_windows_start(process)
    try:
        with open("/proc/{}/stat".format(process), "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()[19].decode("ascii")
    except (OSError, IndexError):
        return None


@contextlib.contextmanager
def open_windows_process(process: int) -> Iterator[Tuple[Any, Optional[ctypes.c_void_p]]]:
    """(kernel32, handle); the handle is None where there is no such process."""
    kernel = ctypes.windll.kernel32
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(QUERY_LIMITED_INFORMATION, False, process)
    if not handle:
        yield kernel, None
        return
    try:
        yield kernel, ctypes.c_void_p(handle)
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))


def get_windows_start(process: int) -> Optional[str]:
    """When a process began, in units of 100 ns; None where that cannot be told."""
    times = [ctypes.c_uint64() for _ in range(4)]       # creation, exit, kernel, user
    with open_windows_process(process) as (kernel, handle):
        if handle is None or not kernel.GetProcessTimes(handle, *map(ctypes.byref, times)):
            return None
    return str(times[0].value)


def is_running(process: int) -> bool:
    if sys.platform == "win32":
        code = ctypes.c_uint32()
        with open_windows_process(process) as (kernel, handle):
            if handle is None:
                return False
            kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        return code.value == STILL_ACTIVE
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Lock:
    """Context manager; InstallError with code 7 while another installer works.

    tell: gets the notice that a lock was taken over.
    """

    def __init__(self, guard: Guard, tell: Callable[[str], None] = print) -> None:
        self.guard = guard
        self.tell = tell
        self.path = guard.resolve(names.LOCK)

    def read_owner(self) -> Tuple[bytes, Dict[str, Any]]:
        """Content of the lock, and what it says."""
        content = b""
        for _ in range(2):
            with open(self.path, "rb") as file:
                content = file.read()
            try:
                return content, json.loads(content.decode("ascii"))
            except ValueError:      # its writer is between creating and writing it
                time.sleep(WRITING_SECONDS)
        return content, {"process": 0}      # and was killed there

    def __enter__(self) -> "Lock":
        if is_link(os.path.dirname(self.path)):
            raise InstallError(names.UNSUPPORTED, "{} is a link.".format(
                os.path.dirname(self.path)))
        mine = json.dumps({"process": os.getpid(), "start": get_start_time(os.getpid())})
        for _ in range(TRIES):
            try:
                os.makedirs(os.path.dirname(self.path), exist_ok=True)
                try:
                    descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
                except FileExistsError:
                    self.take_over()
                    continue
            except FileNotFoundError:   # another one was quicker, or is done and tidied up
                time.sleep(WRITING_SECONDS / 10)
                continue
            with os.fdopen(descriptor, "wb") as file:
                file.write(mine.encode("ascii"))
            return self
        raise InstallError(names.LOCKED, "Another installer works on this install.")

    def take_over(self) -> None:
        """Removes the lock of a process that is gone."""
        content, owner = self.read_owner()
        process = owner["process"]
        if process and is_running(process) and owner["start"] == get_start_time(process):
            raise InstallError(names.LOCKED, "Another installer (process {}) works on this "
                               "install.".format(process), ["wait until it has ended"])
        # Two may find it at once: who renames it first looks whether it still is that lock.
        aside = "{}.{}.new".format(self.path, os.getpid())
        os.rename(self.path, aside)
        with open(aside, "rb") as file:
            is_same = file.read() == content
        if not is_same:
            os.rename(aside, self.path)
            return
        os.remove(aside)
        self.tell("An installer that worked here is gone: its lock is taken over.")

    def __exit__(self, *error: Any) -> None:
        os.remove(self.path)
        state = os.path.dirname(self.path)
        try:
            if not os.listdir(state):
                os.rmdir(state)
        except OSError:
            pass        # the next one is there already, and has put its lock into it

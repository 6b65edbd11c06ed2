"""Processes that run out of the install: replacing their modules would break them (11.3)."""
import ctypes
import os
import sys
from typing import List

from .lock import QUERY_LIMITED_INFORMATION

MOST = 8192             # processes that are listed
LONGEST = 32768         # characters of a path


def list_windows() -> List[str]:
    """'number path' of every process that this user may look at."""
    numbers = (ctypes.c_uint32 * MOST)()
    size = ctypes.c_uint32()
    kernel = ctypes.windll.kernel32
    kernel.OpenProcess.restype = ctypes.c_void_p
    ctypes.windll.psapi.EnumProcesses(ctypes.byref(numbers), ctypes.sizeof(numbers),
                                      ctypes.byref(size))
    found = []
    for number in numbers[:size.value // 4]:
        handle = kernel.OpenProcess(QUERY_LIMITED_INFORMATION, False, number)
        if not handle:
            continue
        length = ctypes.c_uint32(LONGEST)
        path = ctypes.create_unicode_buffer(LONGEST)
        if kernel.QueryFullProcessImageNameW(ctypes.c_void_p(handle), 0, path,
                                             ctypes.byref(length)):
            found.append("{} {}".format(number, path.value))
        kernel.CloseHandle(ctypes.c_void_p(handle))
    return found


def list_posix() -> List[str]:
    """'number command line' of every process, where the system has /proc."""
    found = []
    for number in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if number.isdigit():
            try:
                with open("/proc/{}/cmdline".format(number), "rb") as file:
                    words = file.read().decode("utf-8", "surrogateescape").split("\0")
            except OSError:     # it has ended meanwhile
                continue
            found.append("{} {}".format(number, words[0] if words else ""))
    return found


def find_running(interpreter: str) -> List[int]:
    """Numbers of the processes of this interpreter, without this one and the one above it."""
    listed = list_windows() if sys.platform == "win32" else list_posix()
    wanted = os.path.normcase(os.path.realpath(interpreter))
    own = {os.getpid(), os.getppid()}
    found = []
    for line in listed:
        number, _, path = line.partition(" ")
        if path and os.path.normcase(os.path.realpath(path)) == wanted and int(number) not in own:
            found.append(int(number))
    return found

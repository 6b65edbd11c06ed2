"""What differs between operating systems: priority, screen, memory (spec 41 section 4.2)."""
import ctypes
import os
import sys
from typing import Optional, Tuple

from core.process_options import LOWEST_PRIORITY, get_setting

IDLE_PRIORITY_CLASS = 0x40
DEFAULT_SCREEN_SIZE = (1366, 768)  # width, height in pixels where the system cannot be asked
M_ARENA_MAX = -8    # parameter of glibc's mallopt


def set_process_lowest_prio() -> None:
    """Let every other program go first, unless switched off. Failing is reported, not fatal."""
    if not get_setting(LOWEST_PRIORITY):
        return
    try:
        if sys.platform == 'win32':
            kernel = ctypes.windll.kernel32
            kernel.GetCurrentProcess.restype = ctypes.c_void_p
            kernel.SetPriorityClass.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
            if not kernel.SetPriorityClass(kernel.GetCurrentProcess(), IDLE_PRIORITY_CLASS):
                raise ctypes.WinError()
        else:
            os.nice(10 if sys.platform == 'darwin' else 20)
    except OSError as error:
        print("Unable to lower the process priority: %s" % error)


def share_heap_between_threads() -> None:
    """glibc: threads that start from here on allocate from the heaps that are there.

    Each would have one of its own, which keeps what the thread needed at most: in a process whose
    threads work one at a time, the same memory once for every thread. Elsewhere: nothing.
    """
    if sys.platform.startswith('linux'):
        mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)   # musl has none
        if mallopt is not None:
            mallopt(M_ARENA_MAX, 1)


def set_process_dpi_aware() -> None:
    """Windows: real pixels instead of scaled ones."""
    if sys.platform == 'win32':
        ctypes.windll.user32.SetProcessDPIAware(True)


def get_screen_size() -> Tuple[int, int]:
    """(width, height) of the main screen in pixels; 1366 x 768 where it cannot be asked."""
    if sys.platform == 'win32':
        user32 = ctypes.windll.user32
        return user32.GetSystemMetrics(0), user32.GetSystemMetrics(1)
    return DEFAULT_SCREEN_SIZE


def count_processors() -> int:
    """Processors that this process may keep busy: of a container only its share."""
    count = os.cpu_count() or 1
    if hasattr(os, 'sched_getaffinity'):
        count = len(os.sched_getaffinity(0))
    quota = _read_quota()
    return count if quota is None else max(1, min(count, int(quota + 0.5)))


def _read_quota() -> Optional[float]:
    """Processors' worth of time that a container may use; None without a limit."""
    try:
        with open('/sys/fs/cgroup/cpu.max') as file:
            quota, period = (int(number) for number in file.read().split())
    except (OSError, ValueError):   # another system, or 'max'
        quota = _read_number('/sys/fs/cgroup/cpu/cpu.cfs_quota_us') or -1
        period = _read_number('/sys/fs/cgroup/cpu/cpu.cfs_period_us') or 0
    return quota / period if quota > 0 and period > 0 else None


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""
    _fields_ = [('length', ctypes.c_uint32), ('load', ctypes.c_uint32)] + [
        (name, ctypes.c_uint64) for name in (
            'total_phys', 'avail_phys', 'total_page_file', 'avail_page_file',
            'total_virtual', 'avail_virtual', 'avail_extended')]


def get_memory_info() -> Optional[Tuple[int, int]]:
    """(total, available) bytes this process may use, or None where the system cannot be asked.

    On Windows "available" is what can still be committed (RAM and page file): that is the
    quantity whose end is WinError 1455.
    """
    if sys.platform == 'win32':
        status = _MemoryStatus()
        status.length = ctypes.sizeof(status)
        if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return None
        return int(status.total_page_file), int(status.avail_page_file)
    return _read_linux_memory() if sys.platform.startswith('linux') else None


def _read_linux_memory() -> Optional[Tuple[int, int]]:
    """(total, available) of the machine, or of the container where that is less."""
    fields = {}
    try:
        with open('/proc/meminfo') as file:
            for line in file:
                name, _, rest = line.partition(':')
                fields[name] = int(rest.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    if 'MemTotal' not in fields or 'MemAvailable' not in fields:
        return None
    total, available = fields['MemTotal'], fields['MemAvailable']
    for limit_path, usage_path in (
            ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory.current'),
            ('/sys/fs/cgroup/memory/memory.limit_in_bytes',
             '/sys/fs/cgroup/memory/memory.usage_in_bytes')):
        limit, usage = _read_number(limit_path), _read_number(usage_path)
        if limit is not None and usage is not None and limit < total:
            return limit, min(available, max(0, limit - usage))
    return total, available


def _read_number(path: str) -> Optional[int]:
    """The integer in a one-line system file; None if it is absent or says 'max'."""
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None

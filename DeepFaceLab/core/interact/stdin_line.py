"""Waiting for a line of stdin with a time limit, without a helper process.

A terminal is asked whether a line is ready. Any other stdin (pipe, file, replaced object) is read
by a thread, since read-ahead of Python's own buffers hides what is available; a line that comes
after the time limit is kept for the next question.
"""
import sys
import threading
import time
from typing import Optional

from .progress import print_text

POLL_INTERVAL = 0.02  # s, Windows console only


class _LineThread(threading.Thread):
    """Reads one line; `line` is None until then, '' at the end of stdin."""

    def __init__(self) -> None:
        super(_LineThread, self).__init__(name='stdin line', daemon=True)
        self.line: Optional[str] = None
        self.start()

    def run(self) -> None:
        try:
            self.line = sys.stdin.readline()
        except (OSError, ValueError):
            self.line = ''  # closed or unreadable: the same as its end


_late: Optional[_LineThread] = None


def get_late_line(prompt: str) -> Optional[str]:
    """The line a timed-out `wait_line` is still waiting for, without its end; None if none is.

    Blocks like `input(prompt)` until the line is there.
    """
    global _late
    if _late is None:
        return None
    print_text(prompt, end='')
    _late.join()
    line, _late = _late.line, None
    return line.rstrip('\r\n')


def wait_line(prompt: str, max_time_sec: float) -> bool:
    """Print the prompt; True if a line came within the time, False at the end of stdin."""
    global _late
    print_text(prompt, end='')
    if is_terminal():
        came = _wait_terminal(max_time_sec)
        print_text('')
        return came
    if sys.stdin is None or sys.stdin.closed:
        print_text('')
        return False
    thread = _late or _LineThread()
    thread.join(max_time_sec)
    _late = thread if thread.is_alive() else None
    print_text('')
    return bool(thread.line)


def discard_pending() -> None:
    """Drop what was typed ahead on a terminal."""
    if not is_terminal():
        return
    if sys.platform == 'win32':
        import msvcrt
        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        import termios
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def is_terminal() -> bool:
    """True if stdin is a console."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # closed
        return False


def _wait_terminal(max_time_sec: float) -> bool:
    if sys.platform == 'win32':
        return _wait_windows_console(max_time_sec)
    import select
    ready, _, _ = select.select([sys.stdin.fileno()], [], [], max_time_sec)
    return bool(ready) and sys.stdin.readline() != ''


def _wait_windows_console(max_time_sec: float) -> bool:
    import msvcrt
    deadline = time.monotonic() + max_time_sec
    while time.monotonic() < deadline:
        while msvcrt.kbhit():
            if msvcrt.getwch() in '\r\n':
                return True
        time.sleep(POLL_INTERVAL)
    return False

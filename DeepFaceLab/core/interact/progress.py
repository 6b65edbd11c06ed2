"""Log lines and the progress bar (spec 41 sections 2.1 and 2.2)."""
import contextlib
import errno
import os
import sys
import threading
from typing import Callable, Iterable, Iterator, List, Optional

REFRESH_INTERVAL = 0.1  # s; a bar of very small items must not spend its time on drawing

# What a write is answered with when its reader is gone for good: a closed terminal, the other end
# of a pipe.
READER_IS_GONE = (errno.EIO, errno.EPIPE)

_bar_lock = threading.RLock()


def print_text(text: str, end: str = '\n') -> None:
    """print() that survives a console whose encoding lacks a character of a file name, a terminal
    that is closed, and a log on a full disk: a line is no reason to lose what was trained since
    the last save."""
    try:
        try:
            print(text, end=end, flush=True)
        except UnicodeEncodeError:
            encoding = sys.stdout.encoding or 'ascii'
            print(text.encode(encoding, 'backslashreplace').decode(encoding), end=end, flush=True)
    except OSError as error:
        if error.errno in READER_IS_GONE:
            send_output_nowhere()


def send_output_nowhere() -> None:
    """Let stdout, and stderr where that goes to the same place, write to the null device: every
    other print() and the end of the interpreter would fail as well."""
    with contextlib.suppress(OSError, ValueError, AttributeError):      # a replaced stdout
        number = sys.stdout.fileno()
        with contextlib.suppress(OSError, ValueError, AttributeError), \
                open(os.devnull, 'wb') as null:
            if os.path.sameopenfile(number, sys.stderr.fileno()):
                os.dup2(null.fileno(), sys.stderr.fileno())
        with open(os.devnull, 'wb') as null:
            os.dup2(null.fileno(), number)


class ProgressMixin:
    """`log_info`, `log_err` and `progress_bar*` of the `io` object."""

    def init_progress(self) -> None:
        self.pg_bar = None  # the tqdm bar that is active, one at a time
        self.error_listeners: List[Callable[[str], None]] = []  # told of every log_err

    def log_info(self, msg, end: str = '\n') -> None:
        """Print a line; an active progress bar is left on its own line first."""
        if self.pg_bar is not None:
            print_text('\n')
        print_text(str(msg), end=end)

    def log_err(self, msg, end: str = '\n') -> None:
        """`log_info` with the error prefix. Goes to stdout, in order with the other lines."""
        if self.pg_bar is not None:
            print_text('\n')
        print_text('%s%s' % (self.error_log_line_prefix, msg), end=end)
        for listener in list(self.error_listeners):
            listener(str(msg))

    def progress_bar(self, desc: Optional[str], total: Optional[int], leave: bool = True,
                     initial: int = 0) -> None:
        """Open the bar; `progress_bar_inc` moves it, `progress_bar_close` ends it."""
        if self.pg_bar is not None:
            print_text("A progress bar is open already.")
            return
        self.pg_bar = _make_bar(total=total, desc=desc, leave=leave, initial=initial)

    def progress_bar_inc(self, c: int) -> None:
        """Move the bar by `c`, which may be negative; drawn at most ten times a second.

        Without a bar nothing happens: workers report their progress whether it is shown or not.
        """
        if self.pg_bar is not None:
            self.pg_bar.update(c)

    def progress_bar_close(self) -> None:
        """Draw the bar a last time and forget it."""
        if self.pg_bar is None:
            print_text("There is no progress bar to close.")
            return
        self.pg_bar.close()
        self.pg_bar = None

    def progress_bar_generator(self, data: Iterable, desc: Optional[str] = None,
                               leave: bool = True, initial: int = 0) -> Iterator:
        """Yield the items of `data` with a bar; an outer bar is active again afterwards."""
        outer = self.pg_bar
        bar = self.pg_bar = _make_bar(iterable=data, desc=desc, leave=leave, initial=initial)
        try:
            for item in bar:
                yield item
        finally:  # also when the consumer stops early
            bar.close()
            self.pg_bar = outer


def _make_bar(**kwargs):
    import tqdm  # not needed by worker processes, which import this module too
    # Bars are drawn by one process: tqdm's own lock is a named semaphore, which stays in the
    # system when the process is killed.
    tqdm.tqdm.set_lock(_bar_lock)
    return tqdm.tqdm(ascii=True, mininterval=REFRESH_INTERVAL, miniters=1, **kwargs)

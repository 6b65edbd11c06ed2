"""The status file: how a training goes, for other programs; one JSON object a line.

A line is one write to a file opened for appending, and lies within one page of the file: the system
shows readers a longer write page by page. So a reader never sees half of an object; a line may
begin with spaces, which fill the page before it. A file that would grow beyond its limit is renamed
to `<path>.1` and begun anew. Whatever goes wrong is told once and never stops the training.
"""
import json
import math
import os
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from core.interact import interact as io

PAGE = 4096                 # bytes
MAX_TEXT = 400              # characters of a message
OLD_SUFFIX = '.1'
BYTES_PER_MB = 1024 ** 2


def to_json(value: Any) -> Any:
    """`value` for strict JSON: NaN and infinity become null, texts are cut."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, (bool, int, type(None))):
        return value
    return str(value)[:MAX_TEXT]


def encode_line(entry: Dict[str, Any]) -> bytes:
    return (json.dumps(entry, allow_nan=False, ensure_ascii=False) + '\n').encode('utf-8')


class StatusFile:
    """Arguments: path, None or empty writes nothing; interval_sec between two iteration lines;
    limit_mb: size that the file does not exceed."""

    def __init__(self, path: Any, interval_sec: float, limit_mb: float) -> None:
        self.path = Path(str(path)) if path else None
        self.interval_sec = interval_sec
        self.limit = int(limit_mb * BYTES_PER_MB)
        self._lock = threading.Lock()
        self._is_failed = False
        self._last_time: Optional[float] = None     # monotonic, of the last iteration line
        self._last_iteration = 0

    @property
    def is_on(self) -> bool:
        return self.path is not None and not self._is_failed

    def write(self, event: str, **fields: Any) -> None:
        """Append `{"time", "event", ...fields}`."""
        if not self.is_on:
            return
        entry: Dict[str, Any] = {
            'time': time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime()) + 'Z', 'event': event}
        entry.update(to_json(fields))
        line = encode_line(entry)
        if len(line) > PAGE:
            line = encode_line(dict(time=entry['time'], event=event, is_cut=True))
        with self._lock:
            try:
                self._append(line)
            except OSError as error:
                self._is_failed = True
                problem = error
            else:
                return
        # outside of the lock: the log tells its listeners, of which this may be one
        io.log_err('The status file %s is not written any more, training goes on: %s'
                   % (self.path, problem))

    def write_warning(self, text: str) -> None:
        """A listener of the log's error lines."""
        self.write('warning', message=text)

    def begin_iterations(self, iteration: int) -> None:
        """Rates are counted from here."""
        self._last_time, self._last_iteration = time.monotonic(), iteration

    def write_iteration(self, iteration: int, seconds: float, names: Sequence[str],
                        losses: Sequence[float], batch_size: int, **fields: Any) -> None:
        """An `iteration` line, unless the last one is younger than the interval.

        iteration: how many are done. seconds: duration of the last training step. samples_per_sec
        is over the whole time since the last line, feeding and saving included.
        """
        if not self.is_on:
            return
        now = time.monotonic()
        passed = now - self._last_time
        if passed < self.interval_sec:
            return
        count = iteration - self._last_iteration
        self.begin_iterations(iteration)
        self.write(
            'iteration', iteration=iteration, losses=dict(zip(names, losses)),
            non_finite=list_non_finite(names, losses), seconds_per_iteration=round(seconds, 4),
            samples_per_sec=round(count * batch_size / passed, 3) if passed > 0 else None, **fields)

    def _append(self, line: bytes) -> None:
        """One whole line at the end of the file, or OSError and nothing of it."""
        # opening a pipe that nobody reads would wait for ever
        if self.path.exists() and not self.path.is_file():
            raise OSError('it is not a file')
        handle = self._open()
        try:
            status = os.fstat(handle)
            if status.st_size > 0 and status.st_size + PAGE > self.limit:
                os.close(handle)
                handle = -1
                os.replace(str(self.path), str(self.path) + OLD_SUFFIX)
                handle = self._open()
                status = os.fstat(handle)
            start = self._end_last_line(status.st_size)
            left = PAGE - (status.st_size + len(start)) % PAGE
            line = start + (b' ' * left if len(line) > left else b'') + line
            if os.write(handle, line) != len(line):
                os.ftruncate(handle, status.st_size)
                raise OSError('the disk is full')
        finally:
            if handle >= 0:
                os.close(handle)

    def _open(self) -> int:
        return os.open(str(self.path), os.O_WRONLY | os.O_APPEND | os.O_CREAT
                       | getattr(os, 'O_BINARY', 0) | getattr(os, 'O_CLOEXEC', 0), 0o644)

    def _end_last_line(self, size: int) -> bytes:
        """A line end where a program that was killed left half a line."""
        if size == 0:
            return b''
        with open(str(self.path), 'rb') as file:
            file.seek(-1, os.SEEK_END)
            return b'' if file.read(1) == b'\n' else b'\n'


def list_non_finite(names: Sequence[str], losses: Sequence[float]) -> List[str]:
    return [name for name, loss in zip(names, losses) if not math.isfinite(loss)]

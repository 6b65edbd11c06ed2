"""Silencing of native code that prints (spec 41 section 4.3)."""
import io
import os
import sys
from typing import List, Tuple


class suppress_stdout_stderr:
    """Context manager: file descriptors 1 and 2 go to the null device inside the block.

    Also works where stdout has no descriptor (notebooks, test runners, windowed programs): then
    only the Python level streams are silenced.
    """

    def __enter__(self) -> 'suppress_stdout_stderr':
        self._streams = (sys.stdout, sys.stderr)
        self._saved: List[Tuple[int, int]] = []  # (descriptor, duplicate of it)
        for stream in self._streams:
            self._flush(stream)
        self._null = open(os.devnull, 'w')
        for fd in self._own_descriptors():
            self._saved.append((fd, os.dup(fd)))
            os.dup2(self._null.fileno(), fd)
        sys.stdout = sys.stderr = self._null
        return self

    def __exit__(self, *_) -> None:
        self._null.flush()
        sys.stdout, sys.stderr = self._streams
        for fd, copy in self._saved:
            os.dup2(copy, fd)
            os.close(copy)
        self._null.close()

    @staticmethod
    def _own_descriptors() -> List[int]:
        """Of 1 and 2, those that are open (a windowed program may have closed them)."""
        result = []
        for fd in (1, 2):
            try:
                os.fstat(fd)
            except OSError:
                continue
            result.append(fd)
        return result

    @staticmethod
    def _flush(stream) -> None:
        # Text already buffered belongs before the block.
        if stream is None:
            return
        try:
            stream.flush()
        except (ValueError, io.UnsupportedOperation):
            return  # closed stream: nothing to keep

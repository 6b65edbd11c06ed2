"""Standard output: silencing of native code that prints (spec 41 section 4.3), letters that the
output's encoding lacks."""
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


def spare_letters() -> None:
    """From now on what the encoding of standard output lacks is written as `\\xe9`: the name of a
    folder must not end a verb that has done its work.

    For the main program. On Windows an output that goes to a file has the system's code page.
    """
    stream, errors = sys.stdout, 'backslashreplace'
    if stream is None or stream is not sys.__stdout__ or stream.errors != 'strict':
        return
    if hasattr(stream, 'reconfigure'):
        stream.reconfigure(errors=errors)
        return
    encoding, is_line_buffered = stream.encoding, stream.line_buffering     # Python 3.6
    buffer = stream.detach()
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(
        buffer, encoding, errors, line_buffering=is_line_buffered,
        write_through=isinstance(buffer, io.RawIOBase))

"""A binary file seen through a moving window: small pieces are looked at, large ones stepped over.
"""
from typing import BinaryIO, Optional

_CHUNK = 1 << 16


class FileWindow:
    """A moving view of a file; `buffer[index]` is the next byte."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._base = file.tell()
        self._end = file.seek(0, 2)
        self.buffer, self.index = b"", 0

    def fill(self, count: int) -> None:
        """Have the next `count` bytes in the buffer, or all that are left."""
        if len(self.buffer) - self.index < count:
            self._base += self.index
            self._file.seek(self._base)
            self.buffer, self.index = self._file.read(max(_CHUNK, count)), 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes; ValueError when the file has fewer."""
        end = self.index + count
        if end > len(self.buffer):
            self.require(count)
            self.fill(count)
            end = self.index + count
        taken = self.buffer[self.index:end]
        self.index = end
        return taken

    def skip(self, count: int) -> None:
        """Step over the next `count` bytes without reading them."""
        if 0 <= count <= len(self.buffer) - self.index:
            self.index += count
            return
        self.require(count)
        self._base += self.index + count
        self.buffer, self.index = b"", 0

    def require(self, count: int) -> None:
        """ValueError unless the file goes on for `count` bytes."""
        if not 0 <= count <= self._end - self._base - self.index:
            raise ValueError("it declares {} bytes where it ends.".format(count))

    def take_line(self, limit: Optional[int] = None) -> bytes:
        """The start of the text up to the next line end (all of it when it has a `limit`)."""
        found, text = self.buffer.find(b"\n", self.index), None
        if found < 0:
            self.fill(_CHUNK)
            found = self.buffer.find(b"\n", self.index)
        while found < 0:
            text = text or self.buffer[self.index:]
            self.index = len(self.buffer)
            self.fill(_CHUNK)
            if not self.buffer:
                raise ValueError("it ends inside a text.")
            found = self.buffer.find(b"\n")
        text = text or self.buffer[self.index:found]
        self.index = found + 1
        if limit is not None and len(text) > limit:
            raise ValueError("it holds a number or name of {} bytes.".format(len(text)))
        return text

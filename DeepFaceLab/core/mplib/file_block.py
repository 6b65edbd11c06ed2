"""A file that several processes map: memory that outlives them.

One process owns it, by a lock that the system takes back however the process ends; the others get
it while they are being spawned. It holds what can be made again, so nothing is synced: after a
power cut its contents have to be checked by whoever put them there.
"""
import mmap
import os
from multiprocessing import context
from typing import Optional, Tuple

IS_WINDOWS = os.name == 'nt'
if IS_WINDOWS:
    import msvcrt
else:
    import fcntl

_LOCKED_BYTE = 1 << 40      # far beyond the contents


class FileBlock:
    """`buf` is a writable memoryview of the whole file."""

    def __init__(self, path: str, is_owner: bool = True) -> None:
        """
        Arguments:
            path: the file; its owner makes it when it is not there.
            is_owner: take the lock; BlockingIOError when somebody has it.

        Raises OSError.
        """
        self.path = path
        flags = os.O_RDWR | getattr(os, 'O_BINARY', 0) | getattr(os, 'O_CLOEXEC', 0)
        flags |= os.O_CREAT if is_owner else 0
        self._fd = os.open(path, flags, 0o600)
        self._is_locked = False
        self._mapping: Optional[mmap.mmap] = None
        self.buf = memoryview(b'')
        try:
            if is_owner:
                _lock(self._fd)
                self._is_locked = True
            self._map()
        except OSError:
            self.close()
            raise

    @property
    def size(self) -> int:
        return len(self.buf)

    def _map(self) -> None:
        if os.fstat(self._fd).st_size > 0:     # an empty file cannot be mapped
            self._mapping = mmap.mmap(self._fd, 0)
            self.buf = memoryview(self._mapping)

    def resize(self, size: int) -> None:
        """Cut the file or make it longer: by zeros that take no space yet, where the file system
        can do that. No array of the old `buf` may be used any more."""
        self.buf = memoryview(b'')
        self._mapping = None
        os.ftruncate(self._fd, size)
        self._map()

    def write(self, offset: int, data) -> None:
        """OSError when the disk is full, which writing to `buf` would answer with SIGBUS."""
        data = memoryview(data)
        if IS_WINDOWS:      # no holes there: the space is reserved
            self.buf[offset:offset + len(data)] = data
            return
        done = 0
        while done < len(data):
            done += os.pwrite(self._fd, data[done:], offset + done)

    def close(self) -> None:
        """Give the lock back; arrays made on `buf` stay valid."""
        fd, self._fd = self._fd, None
        if fd is not None:
            if self._is_locked:
                _unlock(fd)     # closing would not do: the mapping has a descriptor of its own
            os.close(fd)

    def __del__(self) -> None:
        if getattr(self, '_fd', None) is not None:
            self.close()

    def _identify(self) -> Tuple[int, int, int]:
        stat = os.fstat(self._fd)
        return stat.st_dev, stat.st_ino, stat.st_size

    def __reduce__(self):
        context.assert_spawning(self)
        return _open_again, (self.path, self._identify())


def _open_again(path: str, identity: Tuple[int, int, int]) -> Optional[FileBlock]:
    """The owner's file in a worker; None when it has been deleted or replaced since."""
    try:
        block = FileBlock(path, is_owner=False)
    except OSError:
        return None
    return block if block._identify() == identity else None


def _unlock(fd: int) -> None:
    if IS_WINDOWS:
        os.lseek(fd, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
        return
    fcntl.flock(fd, fcntl.LOCK_UN)


def _lock(fd: int) -> None:
    """For this open file; BlockingIOError when it is locked."""
    if IS_WINDOWS:
        try:
            os.lseek(fd, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(error.errno, "another process uses it") from error
        return
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

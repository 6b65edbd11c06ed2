"""A block of memory that several processes map, without a name that could be left behind.

POSIX: an unlinked file (no name from the start where the file system allows it) whose descriptor
travels to the other process. Windows: a tagged mapping of the paging file. In both cases the
system frees the memory when the last process that maps it ends, however it ends: SIGKILL leaves
nothing. Python 3.6 has neither multiprocessing.shared_memory nor memfd_create.
"""
import mmap
import os
import shutil
import tempfile
import uuid
from multiprocessing import context, reduction
from typing import BinaryIO, Callable, List, Optional

from core.errors import UserError

IS_WINDOWS = os.name == 'nt'
SHM_FOLDER = '/dev/shm'
_memfd_create = getattr(os, 'memfd_create', None)   # Linux, Python 3.8 and newer

# Bytes in front of the data. On Windows they hold the tag, by which a process that opens a mapping
# tells it from a fresh one; 64 keeps arrays aligned to cache lines.
HEADER_SIZE = 64


class SharedBlock:
    """`size` bytes; `buf` is a writable memoryview of them.

    Pickled only while a worker process is being spawned; `send` and `receive` carry it over an
    open connection to a process that runs already. Arrays made on `buf` keep the memory alive.
    """

    def __init__(self, mapping: mmap.mmap, size: int, fd: Optional[int], tag: str) -> None:
        self.size = size
        self._is_sparse = False
        self.buf = memoryview(mapping)[HEADER_SIZE:HEADER_SIZE + size]
        self._fd = fd
        self._tag = tag

    def __del__(self) -> None:
        self.close_handle()

    def close_handle(self) -> None:
        """Give up the ability to hand the block on; the memory stays mapped."""
        fd, self._fd = getattr(self, '_fd', None), None
        if fd is not None:
            os.close(fd)

    @classmethod
    def create(cls, size: int) -> 'SharedBlock':
        """A zeroed block. The memory is reserved now: a full system is a UserError here, not a
        bus error at the first write."""
        def reserve(file: BinaryIO) -> None:
            _reserve(file, HEADER_SIZE + size)
        return cls._create_tagged(size) if IS_WINDOWS else cls._create_file(reserve, size)

    @classmethod
    def create_sparse(cls, size: int) -> 'SharedBlock':
        """`size` zero bytes of which none takes memory yet: `reserve` a part, then write to it.

        Every process that the block is passed to can reserve. (Windows commits the whole.)
        """
        if IS_WINDOWS:
            return cls._create_tagged(size)
        fd = None
        try:
            fd = _open_memory_file()
            os.ftruncate(fd, HEADER_SIZE + size)
            block = _map_fd(fd)
        except (OSError, ValueError, OverflowError) as error:
            if fd is not None:
                os.close(fd)
            raise _make_memory_error(error, size) from error
        block._is_sparse = True
        return block

    def reserve(self, offset: int, size: int) -> None:
        """Take memory for a part of a sparse block; OSError when there is none."""
        if self._is_sparse and hasattr(os, 'posix_fallocate'):
            os.posix_fallocate(self._fd, HEADER_SIZE + offset, size)

    def write(self, offset: int, data: memoryview) -> None:
        """Reserve and write in one: the pages of a sparse block are neither cleared nor mapped
        before. `data` are contiguous bytes; OSError when there is no memory."""
        if not self._is_sparse:
            self.buf[offset:offset + len(data)] = data
            return
        done = 0
        while done < len(data):
            done += os.pwrite(self._fd, data[done:], HEADER_SIZE + offset + done)

    @classmethod
    def build(cls, write: Callable[[BinaryIO], None]) -> 'SharedBlock':
        """A block with what `write(file)` writes, without a second copy of it in memory.

        `write` is called again on a fresh file when the first place is full. It may seek; position
        0 of the block is the file's position at the call.
        """
        def fill(file: BinaryIO) -> None:
            file.write(bytes(HEADER_SIZE))
            write(file)
            file.flush()
        if not IS_WINDOWS:
            return cls._create_file(fill)
        with tempfile.TemporaryFile() as file:
            write(file)
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            block = cls._create_tagged(size)
            position = 0
            while position < size:
                position += file.readinto(block.buf[position:])
        return block

    @classmethod
    def _create_file(cls, fill: Callable[[BinaryIO], None],
                     size: Optional[int] = None) -> 'SharedBlock':
        """size: bytes, for messages; None when they are not known beforehand."""
        errors: List[str] = []
        for folder in _get_folders():
            fd = None
            try:
                fd = _open_unnamed(folder)
                with open(fd, 'r+b', closefd=False) as file:
                    fill(file)
                return _map_fd(fd)
            except OSError as error:
                if fd is not None:
                    os.close(fd)
                errors.append("%s: %s" % (folder, error))
        raise _make_memory_error('; '.join(errors), size)

    @classmethod
    def _create_tagged(cls, size: int) -> 'SharedBlock':
        tag = uuid.uuid4().hex
        try:
            mapping = mmap.mmap(-1, HEADER_SIZE + max(size, 1), tagname='dfl_' + tag)
        except OSError as error:
            raise _make_memory_error(error, size) from error
        mapping[:len(tag)] = tag.encode()
        return cls(mapping, size, None, tag)

    def __reduce__(self):
        context.assert_spawning(self)
        if IS_WINDOWS:
            return _open_tagged, (self._tag, self.size)
        return _open_duplicate, (reduction.DupFd(self._fd), self._is_sparse)

    def send(self, conn) -> None:
        """Hand the block to the process at the other end of a duplex connection."""
        if IS_WINDOWS:
            conn.send((self._tag, self.size))
        else:
            reduction.send_handle(conn, self._fd, None)

    @classmethod
    def receive(cls, conn) -> 'SharedBlock':
        """The block that the other end has sent."""
        if IS_WINDOWS:
            return _open_tagged(*conn.recv())
        block = _map_fd(reduction.recv_handle(conn))
        block.close_handle()
        return block


def _make_memory_error(cause: object, size: Optional[int]) -> UserError:
    """size: bytes that were asked for, or None."""
    amount = "" if size is None else "%.1f MB of " % (size / 2 ** 20)
    return UserError("No %smemory can be shared with the worker processes (%s)."
                     % (amount, cause), _get_space_remedies())


def _get_folders() -> List[str]:
    """Where unnamed files may go, memory first."""
    folders = [SHM_FOLDER] if os.path.isdir(SHM_FOLDER) else []
    return folders + [tempfile.gettempdir()]


def _open_unnamed(folder: str) -> int:
    """Descriptor of a new file without a name in `folder`."""
    if hasattr(os, 'O_TMPFILE'):
        try:
            return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_EXCL, 0o600)
        except OSError:
            pass  # not offered by this file system: a named file, unlinked at once
    fd, path = tempfile.mkstemp(prefix='dfl_', dir=folder)
    os.unlink(path)
    return fd


def find_sparse_limit() -> Optional[int]:
    """Bytes that sparse blocks should not exceed; None where only memory limits them."""
    if IS_WINDOWS or _memfd_create is not None:
        return None
    return shutil.disk_usage(_get_folders()[0]).free // 4   # the workers' slots lie there too


def _open_memory_file() -> int:
    """Descriptor of a file in memory that has no name, where the system has such files."""
    if _memfd_create is not None:   # not limited by the size of /dev/shm
        try:
            return _memfd_create('dfl_feed')
        except OSError:
            pass    # forbidden in some containers
    return _open_unnamed(_get_folders()[0])


def _reserve(file: BinaryIO, size: int) -> None:
    """Make the file `size` bytes long with its space allocated; OSError when there is none."""
    if hasattr(os, 'posix_fallocate'):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    zeros = bytes(1 << 20)
    for start in range(0, size, len(zeros)):
        file.write(zeros[:size - start])
    file.flush()


def _map_fd(fd: int) -> SharedBlock:
    total = os.fstat(fd).st_size
    return SharedBlock(mmap.mmap(fd, total), total - HEADER_SIZE, fd, '')


def _open_duplicate(dup, is_sparse: bool) -> SharedBlock:
    block = _map_fd(dup.detach())
    block._is_sparse = is_sparse
    if not is_sparse:   # it takes the descriptor to reserve
        block.close_handle()
    return block


def _open_tagged(tag: str, size: int) -> SharedBlock:
    mapping = mmap.mmap(-1, HEADER_SIZE + max(size, 1), tagname='dfl_' + tag)
    if mapping[:len(tag)] != tag.encode():
        # The owner has ended and Windows has made a new, empty mapping of that name.
        raise EOFError("The owner of a shared memory block has ended.")
    return SharedBlock(mapping, size, None, tag)


def _get_space_remedies() -> List[str]:
    remedies = ["Use fewer workers, a smaller batch or a smaller resolution."]
    if IS_WINDOWS:
        remedies.append("Enlarge the paging file (System, Advanced, Performance).")
    else:
        for folder in _get_folders():
            remedies.append("Free space in %s (%d MB free); in a container start it with a "
                            "larger --shm-size." % (folder, shutil.disk_usage(folder).free >> 20))
    return remedies

"""One file, written so that a crash leaves the old content or the new one, never a piece.

Part of `core.persist`. Temporary file -> flush -> fsync -> atomic replace -> folder sync.
"""
import contextlib
import errno
import os
import shutil
import time
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Callable, Optional, Tuple, Union

from core.errors import UnwritableFileError, UserError

PathLike = Union[str, Path]
Content = Union[bytes, Callable[[BinaryIO], None]]

TEMP_SUFFIX = ".tmp"    # interface: other tools look for `<name>.tmp`

REPLACE_TRIES = 10      # an antivirus scan or a viewer holds a file for a moment
REPLACE_PAUSE = 0.2     # s

_COPY_CHUNK = 1 << 22

# Some network and FUSE file systems cannot sync a folder; they keep the order without it or not at
# all.
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM)


class _CheckedFile:
    """A binary file that counts and sums (CRC-32) what passes through."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0
        self.crc32 = 0

    def write(self, data: Any) -> int:
        self.size += memoryview(data).nbytes
        self.crc32 = zlib.crc32(data, self.crc32)
        return self._file.write(data)


def temp_path(path: Path) -> Path:
    """Where the new content of `path` is written first."""
    return path.with_name(path.name + TEMP_SUFFIX)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable; Windows has no such call and needs none. UserError."""
    if os.name == "nt":
        return
    try:
        handle = os.open(str(folder), os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise UserError("The folder {} cannot be written: {}.".format(
                folder, error.strerror or error), ["Check the disk."]) from error


def replace_file(temp: Path, path: Path) -> None:
    """Give a finished temporary (or a folder, where none of the name is) its name.

    UserError when another program holds the old file.
    """
    for remaining in reversed(range(REPLACE_TRIES)):
        try:
            os.replace(str(temp), str(path))
            return
        except PermissionError as error:
            if remaining:
                time.sleep(REPLACE_PAUSE)
                continue
            raise UserError(
                "{} cannot be replaced: another program holds it ({}).".format(
                    path, error.strerror),
                ["Close the program that has it open (a viewer, an antivirus scan) and save again.",
                 "The old file is untouched; the new content is in {}.".format(temp)]) from error
        except FileNotFoundError:
            raise
        except OSError as error:
            raise UserError("{} cannot be replaced: {}.".format(path, error.strerror or error), [
                "The old file is untouched; the new content is in {}.".format(temp)]) from error


def write_temp(path: Path, content: Content) -> Tuple[int, int]:
    """Write and sync `<path>.tmp`; returns (size in bytes, CRC-32). Removes it on failure."""
    temp = temp_path(path)
    try:
        with open(str(temp), "wb") as file:
            checked = _CheckedFile(file)
            if callable(content):
                content(checked)
            else:
                checked.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(str(temp))
        if isinstance(error, OSError):
            raise UnwritableFileError(
                "{} cannot be written: {}.".format(path, error.strerror or error),
                ["Free some disk space, or check that the folder may be written to.",
                 "The old file is untouched."]) from error
        raise
    return checked.size, checked.crc32


def copy_from(source: Path) -> Callable[[BinaryIO], None]:
    """Content for `write_temp` and its callers: the present bytes of another file."""
    def write(file: BinaryIO) -> None:
        with open(str(source), "rb") as original:
            shutil.copyfileobj(original, file, _COPY_CHUNK)
    return write


def remove_file(path: Path) -> None:
    """Remove a file; nothing happens when it is not there. UserError."""
    try:
        os.unlink(str(path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError("{} cannot be removed: {}.".format(path, error.strerror or error),
                        ["Close the program that has it open."]) from error


def make_folder(folder: Path) -> None:
    """Make a folder, with its parents, unless it is there. UserError."""
    try:
        os.makedirs(str(folder), exist_ok=True)
    except OSError as error:
        raise UserError("The folder {} cannot be made: {}.".format(
            folder, error.strerror or error), [
                "Check the path, and that its disk may be written to."]) from error


def remove_tree(folder: Path, parked: Optional[Path] = None) -> None:
    """Remove a folder with all it holds, if it is there. UserError.

    parked: another name that it gets first, so that nobody takes what is half removed for whole.
    """
    try:
        if parked is not None and folder.is_dir():
            remove_tree(parked)
            replace_file(folder, parked)
            sync_folder(parked.parent)
            folder = parked
        if folder.is_dir():
            shutil.rmtree(str(folder))
    except OSError as error:
        raise UserError("The folder {} cannot be removed: {}.".format(
            folder, error.strerror or error), ["Close the program that holds it."]) from error


def write_stream(path: PathLike, write: Callable[[BinaryIO], None]) -> None:
    """Durable atomic write: `write(file)` fills the new content. UserError if it cannot."""
    path = Path(path)
    write_temp(path, write)
    replace_file(temp_path(path), path)
    sync_folder(path.parent)


def write_bytes(path: PathLike, data: bytes) -> None:
    """Durable atomic write of `data` to `path`."""
    write_stream(path, lambda file: file.write(data))


def write_text(path: PathLike, text: str) -> None:
    """Durable atomic write of `text` as UTF-8, line ends as given."""
    write_bytes(path, text.encode("utf-8"))

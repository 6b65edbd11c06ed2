"""faceset.index: the face data of a folder in one file, so that the next start reads only that.

Every entry holds the name, size and time of change of its file; what differs, or is new, is read
from the file again. The index is a copy: deleting it costs a slower start and nothing else. Like a
face image it may come from a stranger, so it is read through the allow-list, checked by a sum
against damage and column by column against contradictions.
"""
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from core import persist
from core.errors import UserError
from core.interact import interact as io
from core.process_options import FACESET_INDEX, get_setting

from .face_table import DamagedTableError, FaceTable

INDEX_FILENAME = "faceset.index"
# Smaller sets are read quicker than a file in the user's folder is worth.
MIN_FACES = 256

_MAGIC = b"DFLFACES"
_VERSION = 1
_SUM = struct.Struct("<I")  # CRC-32 of what stands between magic and sum
_BLOCK = 1 << 20
# A file that changed so shortly before it was read may change again without a new time of change:
# some file systems count in steps of two seconds.
_UNSURE_NS = 2 * 10 ** 9

# size in bytes, time of change in ns
FileState = Tuple[int, int]


class FaceIndex(NamedTuple):
    """What faceset.index holds: row i of `table` is of the file names[i] in the state states[i]."""
    names: List[str]
    states: List[FileState]
    table: FaceTable

    def find_unchanged(self, states: Dict[str, FileState]) -> Dict[str, int]:
        """name -> row, for the files of `states` that are as they were."""
        return {name: row for row, (name, state) in enumerate(zip(self.names, self.states))
                if states.get(name) == state}


def is_wanted(image_count: int) -> bool:
    """Whether a folder of that many images is to have an index."""
    return image_count >= MIN_FACES and get_setting(FACESET_INDEX)


def get_file_states(paths: Sequence[str]) -> Dict[str, FileState]:
    """name -> state of the files that are there. To be taken before they are read."""
    states = {}
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError:
            continue  # reading it will say why
        states[os.path.basename(path)] = (stat.st_size, stat.st_mtime_ns)
    return states


def load_index(folder: Path) -> Optional[FaceIndex]:
    """The folder's index; None without one, and with a line in the log when it is of no use."""
    path = Path(folder) / INDEX_FILENAME
    try:
        with open(str(path), "rb") as file:
            _check_sum(file)
            return _make_index(persist.load_file(file, str(path)))
    except FileNotFoundError:
        return None
    except (UserError, DamagedTableError, OSError) as e:
        reason = e.what if isinstance(e, UserError) else e
        io.log_info("%s cannot be used (%s). It is made anew." % (path, reason))
        return None


def save_index(folder: Path, names: Sequence[str], states: Dict[str, FileState],
               table: FaceTable, read_at: float) -> None:
    """Write the folder's index; row i of `table` belongs to names[i], read after `read_at`.

    A folder that cannot be written to is told and has none. `read_at`: seconds since the epoch.
    """
    newest = int(read_at * 10 ** 9) - _UNSURE_NS
    # -1 is the size of no file: such an entry is read again at the next start.
    known = [states.get(name, (-1, 0)) for name in names]
    kept = [state if state[1] <= newest else (-1, 0) for state in known]
    content = dict(table.columns, version=_VERSION, names=list(names),
                   sizes=np.array([size for size, _ in kept], np.int64),
                   times=np.array([changed for _, changed in kept], np.int64))

    def write(file: BinaryIO) -> None:
        file.write(_MAGIC)
        summed = _SummedWriter(file)
        persist.dump(content, summed)
        file.write(_SUM.pack(summed.crc32))
    try:
        persist.write_stream(Path(folder) / INDEX_FILENAME, write)
    except UserError as e:
        io.log_info("No index is kept, so the next start reads every face again: %s" % e.what)


class _SummedWriter:
    """Passes bytes on and sums them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.crc32 = 0

    def write(self, data) -> int:
        self.crc32 = zlib.crc32(data, self.crc32)
        return self._file.write(data)


def _check_sum(file: BinaryIO) -> None:
    """DamagedTableError unless the sum is right; `file` stands behind the magic then."""
    size = file.seek(0, os.SEEK_END) - len(_MAGIC) - _SUM.size
    file.seek(0)
    if size < 0 or file.read(len(_MAGIC)) != _MAGIC:
        raise DamagedTableError("it is no index")
    crc32 = 0
    while size > 0:
        data = file.read(min(size, _BLOCK))
        crc32 = zlib.crc32(data, crc32)
        size -= len(data)
    if _SUM.unpack(file.read(_SUM.size)) != (crc32,):
        raise DamagedTableError("its sum is wrong")
    file.seek(len(_MAGIC))


def _make_index(content) -> FaceIndex:
    """Raises DamagedTableError."""
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise DamagedTableError("it is of another version")
    names, sizes, times = (content.get(key) for key in ("names", "sizes", "times"))
    if (not isinstance(names, list) or not all(isinstance(name, str) for name in names)
            or not all(isinstance(column, np.ndarray) and column.shape == (len(names),)
                       for column in (sizes, times))):
        raise DamagedTableError("its list of files")
    table = FaceTable(content)
    if len(table) != len(names):
        raise DamagedTableError("the number of files")
    return FaceIndex(names, list(zip(sizes.tolist(), times.tolist())), table)

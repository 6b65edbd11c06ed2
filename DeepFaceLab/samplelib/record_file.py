"""Crops and masks in a file that the next start uses again (option `feed_cache`; spec 30 8.3).

The file belongs to one faceset. Its header says of which outputs and of which OpenCV its records
are; every record says of which face, in which state of the face's file, and has a sum, which each
process checks once before it uses the record. What does not fit is made anew.
"""
import hashlib
import os
import struct
import zlib
from typing import Any, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from core.errors import UserError
from core.interact import interact as io
from core.joblib.worker_process import tell_parent
from core.mplib.file_block import FileBlock
from core.process_options import GRAY_CHANNEL, get_setting

from .record_cache import Record, RecordCache
from .Sample import Sample

SUFFIX = ".crops"

_HEADER = struct.Struct("<8sI32sQI")    # magic, version, signature, bytes of a record, CRC-32
_MAGIC = b"DFLCROPS"
_FORMAT = 1
_START = 4096       # bytes: the first record's place
_ALIGNMENT = 64
_VERSION, _STATE, _KEY, _SUM, _NUMBERS = range(5)   # int64 in front of a record's arrays
_MAX_VERSION = 1 << 62      # no file was written so often: it is damaged


class UnusableFileError(Exception):
    """Why a file is made anew."""


class RecordFile(RecordCache):
    """A `RecordCache` whose records lie in a file."""

    def __init__(self, path: str, signature: bytes, keys: Sequence[int],
                 shapes: Sequence[Tuple[int, ...]], numbers: int, budget: int) -> None:
        """
        Arguments:
            path: the file.
            signature: 32 bytes; a file with another one holds other arrays.
            keys: of each sample, see `make_key`.
            The rest as of `RecordCache`; the file is cut to the budget.

        Raises OSError; BlockingIOError when another training uses the file.
        """
        super().__init__(0, shapes, numbers, 0)
        self._columns = _NUMBERS + numbers
        self._row_size = -(-8 * self._columns // _ALIGNMENT) * _ALIGNMENT
        self.record_size += self._row_size
        self.capacity = min(len(keys), budget // self.record_size)
        self._keys = np.array(keys[:self.capacity], np.int64)
        self._path = path
        self._file = FileBlock(path)
        header = _HEADER.pack(_MAGIC, _FORMAT, signature, self.record_size, 0)
        header = header[:-4] + struct.pack("<I", zlib.crc32(header))
        try:
            _check_header(self._file, header)
        except UnusableFileError as error:
            io.log_info("%s cannot be used (%s). It is made anew." % (path, error))
            self._file.resize(0)
        self._file.resize(_START + self.capacity * self.record_size)
        self._file.write(0, header)
        self._places = self._assign_places()
        self._checked = bytearray(self.capacity)

    def __getstate__(self) -> dict:
        return dict(super().__getstate__(), _checked=bytearray(self.capacity))

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if self._file is None:
            self.capacity = 0
            tell_parent("%s was deleted: workers that start from now on keep no crops."
                        % self._path)

    def count_found(self) -> int:
        """Records that the file already holds for these samples."""
        return sum(int(self._get_row(i)[_VERSION]) != 0 for i in range(self.capacity))

    def _assign_places(self) -> np.ndarray:
        """Place of each sample: that of its record, else one that no other sample has."""
        known: Dict[int, int] = {}
        for place in range(self.capacity):
            row = self._get_row_at(place)
            # odd: its writer was killed
            if 0 < row[_VERSION] < _MAX_VERSION and not row[_VERSION] & 1:
                known[int(row[_KEY])] = place
        places = np.full((self.capacity,), -1, np.int32)
        for i, key in enumerate(self._keys.tolist()):
            places[i] = known.pop(key, -1)
        free = np.ones((self.capacity,), bool)
        free[places[places >= 0]] = False
        places[places < 0] = np.flatnonzero(free)
        for place in np.flatnonzero(free).tolist():
            if self._get_row_at(place)[_VERSION]:
                self._write_row(place, [0] * self._columns)
        return places

    def _get_start(self, place: int) -> int:
        return _START + place * self.record_size

    def _get_row_at(self, place: int) -> np.ndarray:
        return np.ndarray((self._columns,), np.int64, self._file.buf, self._get_start(place))

    def _get_row(self, index: int) -> np.ndarray:
        return self._get_row_at(int(self._places[index]))

    def _write_row(self, place: int, values: Sequence[int]) -> None:
        self._file.write(self._get_start(place),
                         np.array(values, np.int64).view(np.uint8))

    def find(self, index: int, state: int) -> Optional[Record]:
        if index >= self.capacity:
            return None
        values = self._get_row(index).tolist()
        if (values[_VERSION] == 0 or values[_VERSION] & 1 or values[_STATE] != state
                or values[_KEY] != self._keys[index]):
            return None
        record = Record(values[_VERSION], values[_NUMBERS:], self._get_arrays(index))
        if not self._checked[index]:
            if (self._sum(index, values[_NUMBERS:]) != values[_SUM]
                    and self.is_current(index, record)):
                tell_parent("Record %d of %s is damaged: that face is prepared anew."
                            % (self._places[index], self._path))
                return None
            self._checked[index] = 1
        return record

    def _sum(self, index: int, numbers: Sequence[int]) -> int:
        start = self._get_start(int(self._places[index]))
        data = self._file.buf[start + self._row_size:start + self.record_size]
        return zlib.crc32(np.array(numbers, np.int64).tobytes(), zlib.crc32(data))

    def store(self, index: int, state: int, numbers: Sequence[int],
              arrays: Sequence[np.ndarray]) -> None:
        if index >= self.capacity or self._is_full:
            return
        place = int(self._places[index])
        version = int(self._get_row(index)[_VERSION])
        if version & 1:
            return  # another worker is at it
        first = self._get_start(place) + self._row_size
        head = [state, int(self._keys[index])]
        try:
            self._write_row(place, [version + 1] + head + [0] + list(numbers))
            for offset, array in zip(self._offsets, arrays):
                if len(array):
                    data = np.ascontiguousarray(array, np.float32).reshape(-1).view(np.uint8)
                    self._file.write(first + offset, data)
            self._write_row(place, [version + 2] + head + [self._sum(index, numbers)]
                            + list(numbers))
        except OSError as error:
            self._is_full = True
            tell_parent("The feed keeps no further faces in %s: %s." % (self._path, error))

    def _get_arrays(self, index: int) -> List[np.ndarray]:
        return self._make_views(self._file.buf,
                                self._get_start(int(self._places[index])) + self._row_size)


def _check_header(file: FileBlock, expected: bytes) -> None:
    """Raises UnusableFileError; an empty file is a new one."""
    if file.size == 0:
        return
    header = bytes(file.buf[:len(expected)])
    if header == expected:
        return
    if header[:len(_MAGIC)] != _MAGIC:
        raise UnusableFileError("it holds no crops")
    if (len(header) < _HEADER.size
            or struct.unpack("<I", header[-4:])[0] != zlib.crc32(header[:-4] + bytes(4))):
        raise UnusableFileError("its header is damaged")
    raise UnusableFileError("it holds other crops: of other options or another OpenCV")


def make_signature(layout: Any) -> bytes:
    """32 bytes that stand for what a record of this `FaceLayout` holds."""
    facts = (cv2.__version__, get_setting(GRAY_CHANNEL), layout.is_planar, layout.shapes,
             [tuple(map(str, key)) for places in (layout.images, layout.masks) for key in places])
    return hashlib.blake2b(repr(facts).encode(), digest_size=32).digest()


def make_key(sample: Sample) -> int:
    """63 bits that stand for a face: its name and all of its data that a record follows from."""
    digest = hashlib.blake2b(digest_size=8)
    mask = sample.xseg_mask_compressed
    for part in (sample.describe_file(), int(sample.face_type), sample.eyebrows_expand_mod,
                 None if sample.landmarks is None else np.asarray(sample.landmarks).tobytes(),
                 None if mask is None else np.asarray(mask).tobytes()):
        digest.update(repr(part).encode() + b"\0")
    return int.from_bytes(digest.digest(), "little") >> 1


def open_record_file(folder: str, samples: Sequence[Sample], layout: Any,
                     budget: int) -> Optional[RecordFile]:
    """The file of these samples' faceset in `folder`; None, told with its reason, when there can
    be none."""
    faceset = os.path.dirname(os.path.abspath(samples[0].get_path()))
    name = "%s-%s" % (os.path.basename(faceset),
                      hashlib.blake2b(faceset.encode(), digest_size=6).hexdigest())
    path = os.path.join(folder, name + SUFFIX)
    try:
        os.makedirs(folder, exist_ok=True)
        cache = RecordFile(path, make_signature(layout), [make_key(sample) for sample in samples],
                           layout.shapes, layout.count_numbers(), budget)
    except BlockingIOError:
        io.log_info("%s is in use, by another training or by the other side of this one: these "
                    "crops are kept in memory only." % path)
        return None
    except (OSError, ValueError) as error:
        raise UserError("The feed cannot keep crops in %s: %s" % (path, error),
                        ["Choose another folder with feed_cache, or none."]) from error
    io.log_info("%s: %d of %d faces are prepared already." % (path, cache.count_found(),
                                                               len(samples)))
    return cache

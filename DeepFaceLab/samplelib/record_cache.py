"""Arrays of many samples in one block of memory that all workers share (spec 30 section 8.3).

Sample i has place i, as far as the budget reaches: an epoch draws every sample once, so it does
not matter which ones are kept, and nothing is ever evicted. The memory has no name and ends with
the last process that maps it.
"""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from core.joblib.worker_process import tell_parent
from core.mplib.shared_block import SharedBlock

_ALIGNMENT = 64  # bytes, a cache line
_VERSION, _STATE, _NUMBERS = 0, 1, 2  # columns of the table; the rest are the record's numbers


class Record(NamedTuple):
    """What is kept of a sample; `arrays` are read-only views of the shared memory."""
    version: int
    numbers: List[int]
    arrays: List[np.ndarray]


class RecordCache:

    def __init__(self, count: int, shapes: Sequence[Tuple[int, ...]], numbers: int,
                 budget: int) -> None:
        """
        Arguments:
            count: samples.
            shapes: of the float32 arrays of a record.
            numbers: integers of a record.
            budget: bytes; records that do not fit are not kept.
        """
        self._shapes = [tuple(shape) for shape in shapes]
        self._offsets = [0]
        for shape in self._shapes:
            size = 4 * int(np.prod(shape, dtype=np.int64))
            self._offsets.append(self._offsets[-1] + -(-size // _ALIGNMENT) * _ALIGNMENT)
        self.record_size = self._offsets[-1]
        self.capacity = min(count, budget // max(1, self.record_size))
        self._columns = _NUMBERS + numbers
        self._is_full = False
        self._block = self._rows = None
        if self.capacity > 0:
            self._block = SharedBlock.create_sparse(self.capacity * self.record_size)
            self._rows = SharedBlock.create(8 * self.capacity * self._columns)
        self._table: Optional[np.ndarray] = None

    def __getstate__(self) -> dict:
        return dict(self.__dict__, _table=None)

    def _get_row(self, index: int) -> np.ndarray:
        if self._table is None:
            self._table = np.ndarray((self.capacity, self._columns), np.int64, self._rows.buf)
        return self._table[index]

    def find(self, index: int, state: int) -> Optional[Record]:
        """The record of sample `index` whose file is in `state`; None if it is not kept."""
        if index >= self.capacity:
            return None
        values = self._get_row(index).tolist()
        if values[_VERSION] == 0 or values[_VERSION] & 1 or values[_STATE] != state:
            return None
        return Record(values[_VERSION], values[_NUMBERS:], self._get_arrays(index))

    def is_current(self, index: int, record: Record) -> bool:
        """Whether nobody has written to the record since it was found."""
        return int(self._get_row(index)[_VERSION]) == record.version

    def store(self, index: int, state: int, numbers: Sequence[int],
              arrays: Sequence[np.ndarray]) -> None:
        """Keep a record; an array without elements leaves its place, which nobody may read."""
        if index >= self.capacity or self._is_full:
            return
        row = self._get_row(index)
        version = int(row[_VERSION])
        if version & 1:
            return  # another worker is at it
        # Odd while it is being written: readers leave it alone then.
        row[_VERSION] = version + 1
        row[_STATE] = state
        row[_NUMBERS:] = numbers
        start = index * self.record_size
        try:
            for offset, array in zip(self._offsets, arrays):
                if len(array):
                    data = np.ascontiguousarray(array, np.float32).reshape(-1).view(np.uint8)
                    self._block.write(start + offset, memoryview(data))
        except OSError as error:
            self._is_full = True
            row[_VERSION] = 0
            tell_parent("The feed keeps no further faces in memory: %s." % error)
            return
        row[_VERSION] = version + 2

    def _get_arrays(self, index: int) -> List[np.ndarray]:
        return self._make_views(self._block.buf, index * self.record_size)

    def _make_views(self, memory: memoryview, start: int) -> List[np.ndarray]:
        """The arrays of the record that begins at byte `start`."""
        arrays = []
        for shape, offset in zip(self._shapes, self._offsets):
            array = np.ndarray(shape, np.float32, memory, start + offset)
            array.flags.writeable = False
            arrays.append(array)
        return arrays

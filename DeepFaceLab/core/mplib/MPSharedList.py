"""A read-only list in shared memory (spec 31 section 12.1)."""
import pickle
import struct
from multiprocessing import context
from typing import Any, BinaryIO, Callable, Iterator, Optional, Tuple

from .shared_block import SharedBlock

PICKLE_PROTOCOL = 4
OFFSET_SIZE = 8  # bytes of a little-endian unsigned offset


class MPSharedList:
    """List of picklable objects that all worker processes read from one copy.

    Every access unpickles a fresh object. Lists are concatenated without copying, so the fields
    `obj_counts`, `table_offsets`, `data_offsets` and `sh_bs` are lists of equal length: number of
    objects, byte position of the offset table (n+1 offsets relative to the data), byte position of
    the data, shared block (None for an empty part).

    :ivar loaded_at: seconds since the epoch at which the objects were begun to be read from their
        files; None where nobody has said so.
    """

    loaded_at: Optional[float] = None

    def __init__(self, obj_list: Optional[list]) -> None:
        """:param obj_list: a list; None leaves the fields None, for internal use.

        :raises ValueError: something else.
        """
        if obj_list is None:
            self.obj_counts = self.table_offsets = self.data_offsets = self.sh_bs = None
            return
        if not isinstance(obj_list, list):
            raise ValueError("MPSharedList needs a list, not %s." % type(obj_list).__name__)
        self._set_part(*self.bake_data(obj_list))

    @classmethod
    def from_items(cls, make_items: Callable[[], Iterator[Any]], count: int) -> 'MPSharedList':
        """The list of the `count` objects that `make_items()` yields, one in memory at a time.

        `make_items` is called again when the first place for the block turns out to be too small.
        """
        result = cls(None)
        result._set_part(*cls._bake_items(make_items, count))
        return result

    def _set_part(self, count: int, table_offset: int, data_offset: int,
                  block: Optional[SharedBlock]) -> None:
        self.obj_counts = [count]
        self.table_offsets = [table_offset]
        self.data_offsets = [data_offset]
        self.sh_bs = [block]

    @staticmethod
    def bake_data(obj_list: list) -> Tuple[int, int, int, Optional[SharedBlock]]:
        """(count, table offset, data offset, block): offset table, then the pickles.

        Objects are pickled one at a time straight into the block, so the peak is one object.
        """
        return MPSharedList._bake_items(lambda: iter(obj_list), len(obj_list))

    @staticmethod
    def _bake_items(make_items: Callable[[], Iterator[Any]],
                    count: int) -> Tuple[int, int, int, Optional[SharedBlock]]:
        if count == 0:
            return 0, 0, 0, None
        data_offset = OFFSET_SIZE * (count + 1)

        def write(file: BinaryIO) -> None:
            base = file.tell()
            file.write(bytes(data_offset))
            offsets = [0]
            for obj in make_items():
                offsets.append(offsets[-1] + file.write(pickle.dumps(obj, PICKLE_PROTOCOL)))
            file.seek(base)
            file.write(struct.pack('<%dQ' % (count + 1), *offsets))
        return count, 0, data_offset, SharedBlock.build(write)

    def __getstate__(self) -> dict:
        context.assert_spawning(self)
        return self.__dict__.copy()

    def __len__(self) -> int:
        return sum(self.obj_counts)

    def __add__(self, other) -> 'MPSharedList':
        if isinstance(other, int):
            return self  # sum() starts with 0
        if not isinstance(other, MPSharedList):
            raise ValueError("An MPSharedList can be joined with another one only, not with %s."
                             % type(other).__name__)
        joined = MPSharedList(None)
        joined.obj_counts = self.obj_counts + other.obj_counts
        joined.table_offsets = self.table_offsets + other.table_offsets
        joined.data_offsets = self.data_offsets + other.data_offsets
        joined.sh_bs = self.sh_bs + other.sh_bs
        if self.loaded_at is not None and other.loaded_at is not None:
            joined.loaded_at = min(self.loaded_at, other.loaded_at)
        return joined

    __radd__ = __add__  # only reached with an int or a foreign type on the left

    def __getitem__(self, key: int):
        """The object at `key`, negative from the end.

        :raises ValueError: out of range (not IndexError: interface of older trees).
        """
        index = key if key >= 0 else len(self) + key
        if index >= 0:
            for part, count in enumerate(self.obj_counts):
                if index < count:
                    return self._load(part, index)
                index -= count
        raise ValueError("Index %d is outside a list of %d." % (key, len(self)))

    def __iter__(self):
        for part, count in enumerate(self.obj_counts):
            for index in range(count):
                yield self._load(part, index)

    def _load(self, part: int, index: int):
        buf = self.sh_bs[part].buf
        table = self.table_offsets[part] + index * OFFSET_SIZE
        start, end = struct.unpack_from('<2Q', buf, table)
        data = self.data_offsets[part]
        # Private memory of this process family, written by bake_data: no foreign pickle.
        return pickle.loads(buf[data + start:data + end])  # noqa: S301

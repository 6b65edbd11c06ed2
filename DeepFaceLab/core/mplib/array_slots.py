"""Objects with arrays over a connection: the arrays through shared memory, the rest by message.

The sender owns a block of equal slots. One message a slot carries the object with its arrays
replaced by numbers, and place, shape and type of each array: a few hundred bytes whatever the
batch is. A batch that is larger than the slots announces a new block first. A sender may also make
its arrays in a slot, and a receiver may use them where they are.
"""
import weakref
from typing import Callable, List, Optional, Sequence, Tuple

import numpy as np

from .shared_block import SharedBlock

ALIGNMENT = 64  # bytes, a cache line
PAGE = 4096

BLOCK = 'block'  # message kinds
ITEM = 'item'

# (offset in the slot in bytes, shape, dtype)
ArraySpec = Tuple[int, Tuple[int, ...], np.dtype]


class ArrayRef(int):
    """Place of an array in a skeleton: its number in the slot."""


def split_arrays(obj, arrays: List[np.ndarray]):
    """`obj` with every ndarray in lists, tuples and dicts appended to `arrays` and replaced.

    Arrays of Python objects have no bytes to share and stay where they are.
    """
    if isinstance(obj, np.ndarray):
        if obj.dtype.hasobject:
            return obj
        arrays.append(obj)
        return ArrayRef(len(arrays) - 1)
    if type(obj) in (list, tuple):
        return type(obj)(split_arrays(item, arrays) for item in obj)
    if type(obj) is dict:
        return {key: split_arrays(item, arrays) for key, item in obj.items()}
    return obj


def join_arrays(skeleton, arrays: Sequence[np.ndarray]):
    """The inverse of `split_arrays`."""
    if type(skeleton) is ArrayRef:
        return arrays[skeleton]
    if type(skeleton) in (list, tuple):
        return type(skeleton)(join_arrays(item, arrays) for item in skeleton)
    if type(skeleton) is dict:
        return {key: join_arrays(item, arrays) for key, item in skeleton.items()}
    return skeleton


def _round_up(size: int, unit: int) -> int:
    return (size + unit - 1) // unit * unit


class SlotWriter:
    """Sending side. The caller knows which slots the other side has given back."""

    def __init__(self, conn, slots_count: int) -> None:
        self.conn = conn
        self.slots_count = slots_count
        self._slot_size = 0
        self._block = None
        self._allocated: List[np.ndarray] = []

    def allocate(self, kinds: Sequence[Tuple[Tuple[int, ...], np.dtype]],
                 slot: int) -> List[np.ndarray]:
        """Arrays of these (shape, dtype) in slot number `slot`; their content is arbitrary.

        The next `send` to this slot copies nothing if the object's arrays are just these.
        """
        specs = self._place(kinds)
        start = slot * self._slot_size
        self._allocated = [np.ndarray(shape, dtype, self._block.buf, start + offset)
                           for offset, shape, dtype in specs]
        return list(self._allocated)

    def send(self, obj, slot: int) -> None:
        """Copy the arrays of `obj` into slot number `slot` and announce it."""
        arrays: List[np.ndarray] = []
        skeleton = split_arrays(obj, arrays)
        allocated, self._allocated = self._allocated, []
        is_there = len(arrays) == len(allocated) and all(
            array is other for array, other in zip(arrays, allocated))
        if allocated and not is_there:
            arrays = [array.copy() for array in arrays]     # they may lie where others go
        specs = self._place([(array.shape, array.dtype) for array in arrays])
        start = slot * self._slot_size
        for array, (offset, shape, dtype) in zip(arrays, specs):
            if not is_there:
                # One pass also for transposed views.
                np.ndarray(shape, dtype, self._block.buf, start + offset)[...] = array
        self.conn.send((ITEM, slot, skeleton, specs))

    def _place(self, kinds: Sequence[Tuple[Tuple[int, ...], np.dtype]]) -> List[ArraySpec]:
        """Where arrays go in a slot; announces a block of larger slots if they need it."""
        specs: List[ArraySpec] = []
        size = 0
        for shape, dtype in kinds:
            dtype = np.dtype(dtype)
            specs.append((size, tuple(shape), dtype))
            size += _round_up(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize, ALIGNMENT)
        if size > self._slot_size:
            self._announce_block(size)
        return specs

    def _announce_block(self, slot_size: int) -> None:
        # Items in the old block stay valid: the reader maps it until it has read this message,
        # which stands behind theirs.
        self._slot_size = _round_up(slot_size, PAGE)
        self._block = SharedBlock.create(self._slot_size * self.slots_count)
        self.conn.send((BLOCK, self._slot_size))
        self._block.send(self.conn)
        self._block.close_handle()


def _lend(arrays: List[np.ndarray], slot: int, on_release: Callable[[int], None]) -> None:
    if not arrays:
        on_release(slot)
        return
    # a list's pop is atomic: the last one that is gone finds it empty
    left = [None] * (len(arrays) - 1)

    def release() -> None:
        try:
            left.pop()
        except IndexError:
            on_release(slot)
    for array in arrays:
        weakref.finalize(array, release).atexit = False


class SlotReader:
    """Receiving side."""

    def __init__(self, conn) -> None:
        self.conn = conn
        self._slot_size = 0
        self._block = None

    def receive(self, on_release: Optional[Callable[[int], None]] = None) -> tuple:
        """The next message that is no block announcement.

        :param on_release: lend the arrays of an item: they lie in the slot, and this is called
            with its number when the last of them, and of the views made of them, is gone (in
            whatever thread that is). None copies them.
        :returns: (ITEM, slot, object); with copied arrays the slot may be given back at once.
            Other messages as they were sent.
        :raises EOFError, OSError: the other side has ended.
        """
        while True:
            message = self.conn.recv()
            if message[0] == BLOCK:
                self._slot_size = message[1]
                self._block = SharedBlock.receive(self.conn)
            elif message[0] == ITEM:
                _, slot, skeleton, specs = message
                start = slot * self._slot_size
                arrays = [np.ndarray(shape, dtype, self._block.buf, start + offset)
                          for offset, shape, dtype in specs]
                if on_release is None:
                    arrays = [array.copy() for array in arrays]
                else:
                    _lend(arrays, slot, on_release)
                return ITEM, slot, join_arrays(skeleton, arrays)
            else:
                return message

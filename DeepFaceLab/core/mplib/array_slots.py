"""Objects with arrays over a connection: the arrays through shared memory, the rest by message.

The sender owns a block of equal slots. One message a slot carries the object with its arrays
replaced by numbers, and place, shape and type of each array: a few hundred bytes whatever the
batch is. A batch that is larger than the slots announces a new block first.
"""
from typing import List, Sequence, Tuple

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

    def send(self, obj, slot: int) -> None:
        """Copy the arrays of `obj` into slot number `slot` and announce it."""
        arrays: List[np.ndarray] = []
        skeleton = split_arrays(obj, arrays)
        specs: List[ArraySpec] = []
        size = 0
        for array in arrays:
            specs.append((size, array.shape, array.dtype))
            size += _round_up(array.nbytes, ALIGNMENT)
        if size > self._slot_size:
            self._announce_block(size)
        start = slot * self._slot_size
        for array, (offset, shape, dtype) in zip(arrays, specs):
            # One pass also for transposed views.
            np.ndarray(shape, dtype, self._block.buf, start + offset)[...] = array
        self.conn.send((ITEM, slot, skeleton, specs))

    def _announce_block(self, slot_size: int) -> None:
        # Items in the old block stay valid: the reader maps it until it has read this message,
        # which stands behind theirs.
        self._slot_size = _round_up(slot_size, PAGE)
        self._block = SharedBlock.create(self._slot_size * self.slots_count)
        self.conn.send((BLOCK, self._slot_size))
        self._block.send(self.conn)
        self._block.close_handle()


class SlotReader:
    """Receiving side."""

    def __init__(self, conn) -> None:
        self.conn = conn
        self._slot_size = 0
        self._block = None

    def receive(self) -> tuple:
        """The next message that is no block announcement.

        :returns: (ITEM, slot, object) with arrays of the caller's own: they are copied out of
            the slot, which may be given back at once. Other messages as they were sent.
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
                arrays = [np.ndarray(shape, dtype, self._block.buf, start + offset).copy()
                          for offset, shape, dtype in specs]
                return ITEM, slot, join_arrays(skeleton, arrays)
            else:
                return message

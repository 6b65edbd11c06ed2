"""The writer of pickles that NumPy 1.x can read, and what names a pickle.

Part of `core.persist` (spec 10 section 6.1).
"""
import io
import itertools
import pickle
import pickletools
import types
from typing import Any, Dict, Iterable

import numpy as np

from core.compat import old_pickle_module

PROTOCOL = 4    # the newest that Python 3.6 reads

_MANY = 1000    # entries from which a list of numbers is worth the fast way
_CONTAINERS = frozenset((list, tuple, dict, np.ndarray))
_NUMBERS = frozenset((float, int, bool, type(None)))


class _Numpy1Pickler(pickle._Pickler):    # the pure-Python one: save_global can be overridden
    """Writes NumPy's private functions under the module name of NumPy 1.x, and the classes of
    pathlib under that of every Python."""

    dispatch = dict(pickle._Pickler.dispatch)

    def memoize(self, obj: Any) -> None:
        # an array's bytes are a copy made for the pickle: remembering them would keep a second
        # copy of the whole model in memory until the end
        if isinstance(obj, bytes) and len(obj) > 65536:
            index = len(self.memo)
            self.write(self.put(index))
            self.memo[("unshared", index)] = index, None
            return
        super().memoize(obj)

    def save_global(self, obj: Any, name: str = None) -> None:
        module = getattr(obj, "__module__", None)
        if isinstance(module, str) and old_pickle_module(module) != module:
            old_module = old_pickle_module(module)
            old_name = name or obj.__qualname__
            if self.proto >= 4:
                self.save(old_module)
                self.save(old_name)
                self.write(pickle.STACK_GLOBAL)
            else:
                self.write(pickle.GLOBAL + "{}\n{}\n".format(old_module, old_name).encode("ascii"))
            self.memoize(obj)
            return
        super().save_global(obj, name)

    def save_list(self, obj: Any) -> None:
        if self.proto >= 3 and len(obj) >= _MANY and _is_numbers(obj):
            self.write(_pickle_numbers(obj))
        else:
            super().save_list(obj)

    dispatch[types.FunctionType] = save_global
    dispatch[types.BuiltinFunctionType] = save_global
    dispatch[list] = save_list


class _ItemsPickler(_Numpy1Pickler):
    """Writes a list whose items come one at a time, and forgets each when it is written.

    What makes up an item belongs to it alone and is dropped from the memo, which would otherwise
    keep all of them in memory. Texts, types and enum members stay: later items refer to them, and
    the bytes are those of the whole list pickled at once.
    """

    _BATCH = 1000    # items an APPENDS takes, as in every pickler

    def __init__(self, file: Any, protocol: int) -> None:
        super().__init__(file, protocol)
        self._memo_count = 0
        self._passing = []    # ids of the memo's entries that belong to the items at hand

    def memoize(self, obj: Any) -> None:
        self.write(self.put(self._memo_count))
        # Python shares bytes of length 1 among all who make them.
        if type(obj) in _CONTAINERS or type(obj) is bytes and len(obj) > 1:
            self._passing.append(id(obj))
        self.memo[id(obj)] = self._memo_count, obj
        self._memo_count += 1

    def dump_items(self, items: Iterable) -> None:
        self.write(pickle.PROTO + bytes([self.proto]))
        self.framer.start_framing()
        self.write(pickle.EMPTY_LIST)
        self.memoize(items)
        self._passing = []    # the list itself
        items = iter(items)
        batch = list(itertools.islice(items, self._BATCH))
        while batch:
            if len(batch) > 1:
                self.write(pickle.MARK)
            for item in batch:
                self.save(item)
            self.write(pickle.APPENDS if len(batch) > 1 else pickle.APPEND)
            for key in self._passing:
                del self.memo[key]
            self._passing = []
            batch = list(itertools.islice(items, self._BATCH))
        self.write(pickle.STOP)
        self.framer.end_framing()


def _is_numbers(values: list) -> bool:
    """A list of numbers or of lists of numbers, such as a loss history."""
    kinds = set(map(type, values))
    if kinds == {list}:
        kinds = set(map(type, itertools.chain.from_iterable(values)))
    return kinds <= _NUMBERS


def _pickle_numbers(values: list) -> bytes:
    """The opcodes of such a list, by the C pickler: twenty times as fast (a million iterations)."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, 3)    # no frames, so that it fits into any stream
    pickler.fast = True                    # no memo, whose numbers belong to the outer pickle
    pickler.dump(values)
    return buffer.getvalue()[2:-1]         # without protocol and STOP


def dump(obj: Any, file: Any, protocol: int = PROTOCOL) -> None:
    """Write `obj` to the binary file object as a pickle that NumPy 1.x can read.

    Large arrays go out one at a time, so memory stays near the size of the largest.
    Face images are written with protocol 3 (spec 30 section 2.6), everything else with 4.
    """
    _Numpy1Pickler(file, protocol).dump(obj)


def dump_list(items: Iterable, file: Any) -> None:
    """`dump(list(items))` with a thousand items in memory at a time.

    Lists, dicts, tuples and arrays must not be shared between items: they would be written for
    each of them.
    """
    _ItemsPickler(file, PROTOCOL).dump_items(items)


def dumps(obj: Any, protocol: int = PROTOCOL) -> bytes:
    """`dump` into bytes."""
    buffer = io.BytesIO()
    dump(obj, buffer, protocol)
    return buffer.getvalue()


def list_globals(data: bytes) -> list:
    """All `module name` pairs a pickle names, without loading it (for tests and `doctor`)."""
    found = []
    last = [None, None]    # the two values pushed last: STACK_GLOBAL takes module and name there
    memo: Dict[int, Any] = {}
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            found.append(tuple(argument.split(" ", 1)))
        elif opcode.name == "STACK_GLOBAL":
            found.append(tuple(last))
            last = [None, None]
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = last[-1]
        elif opcode.name in ("BINPUT", "LONG_BINPUT", "PUT"):
            memo[int(argument)] = last[-1]
        elif opcode.name in ("BINGET", "LONG_BINGET", "GET"):
            last = [last[-1], memo[int(argument)]]
        elif opcode.stack_after:
            last = [last[-1], argument if isinstance(argument, str) else None]
    return found

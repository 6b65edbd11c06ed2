"""What an unpickler returned, made fit for use: real objects, and no more than the file holds.

Part of `core.persist`. A list that holds one list twice, which holds another twice, and so on, is
a few bytes in a pickle and a billion values for whoever walks through it. So the values are
counted as a walk finds them, and may not be many more than the file spells out.
"""
import itertools
from typing import Any, Callable, Dict, List, Tuple

from core.errors import CorruptFileError

PLAIN_TYPES = frozenset((int, float, str, bytes, bytearray, bool, type(None), complex))

MAX_DEPTH = 100             # of lists, dicts and tuples in each other
FREE_VALUES = 200000        # a walk may find so many in any file
SHARED_VALUES = 50          # and so many for each one that the file spells out

_UNFINISHED = object()


class _Resolver:
    """Visits every container once; counts what a walk that does not remember would find."""

    def __init__(self, replace: Callable[[Any, Callable[[Any], Any]], Any]) -> None:
        self._replace = replace
        self._done: Dict[int, Tuple[Any, Any, int]] = {}    # id -> (container, result, values)
        self._depth = 0
        self.spelt = 0      # values that stand in the file
        self.count = 0      # values that a walk has found so far

    def visit(self, value: Any) -> Any:
        kind = type(value)
        if kind in PLAIN_TYPES:
            self.count += 1
            return value
        if kind is not list and kind is not dict and kind is not tuple:
            self.count += 1
            return self._replace(value, self.visit)
        done = self._done.get(id(value))
        if done is None:
            return self._enter(value, kind)
        if done[1] is _UNFINISHED:
            raise CorruptFileError("One of its tuples holds itself.")
        self.count += done[2]
        return done[1]

    def _enter(self, value: Any, kind: type) -> Any:
        """Visit a container for the first time."""
        before = self.count
        self.count += 1
        self.spelt += len(value)
        self._done[id(value)] = value, _UNFINISHED if kind is tuple else value, 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CorruptFileError("Its values lie more than {} deep in each other.".format(
                MAX_DEPTH))
        result = value
        if kind is tuple:
            result = _keep_or_make(value, tuple([self.visit(item) for item in value]))
        elif kind is dict:
            for key, item in list(value.items()):
                value[key] = self.visit(item)
        elif not self._take_numbers(value):
            for index, item in enumerate(value):
                value[index] = self.visit(item)
        self._depth -= 1
        self._done[id(value)] = value, result, self.count - before
        if self.count > FREE_VALUES + SHARED_VALUES * self.spelt:
            raise CorruptFileError("Its values refer to each other more often than in any such "
                                   "file.")
        return result

    def _take_numbers(self, values: List[Any]) -> bool:
        """A list of numbers and texts, or of lists of them, in one go: a loss history has a
        million entries."""
        types = set(map(type, values))
        if types <= PLAIN_TYPES:
            self.count += len(values)
            return True
        if types != {list}:
            return False
        different = {id(inner): inner for inner in values}.values()
        if not set(map(type, itertools.chain.from_iterable(different))) <= PLAIN_TYPES:
            return False
        self.count += len(values) + sum(map(len, values))
        self.spelt += sum(map(len, different))
        return True


def _keep_or_make(old: Tuple, new: Tuple) -> Tuple:
    return old if all(a is b for a, b in zip(old, new)) else new


def resolve_values(root: Any, replace: Callable[[Any, Callable[[Any], Any]], Any]) -> Any:
    """`root` with `replace(value, visit)` in place of every value that is neither plain nor a
    list, dict or tuple; lists and dicts are changed in place. One object in two places stays one.

    CorruptFileError for values deeper than `MAX_DEPTH` or that unfold to far more than the file
    spells out.
    """
    return _Resolver(replace).visit(root)

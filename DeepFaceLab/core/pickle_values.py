"""Opcodes of a pickle that push a finished value, for `core.pickle_scan`: single ones, and lists of
numbers as a whole.
"""
import re
import struct
from typing import Any, Dict, Tuple

MEMO_HEADROOM = 1 << 21     # a memo index may lie this far beyond the number of entries

_NUMBER = rb"(?:G.{8}|K.|M..|J.{4}|[N\x88\x89])"
_CONTENT = rb"(?:\(" + _NUMBER + rb"*e|" + _NUMBER + rb"a)?"


def _compile_lists(head: bytes) -> Tuple[Any, Any]:
    """Patterns of many lists of numbers and of one, each a finished value that is no key."""
    value = head + _CONTENT
    return re.compile(b"(?:" + value + b")+", re.DOTALL), re.compile(value, re.DOTALL)


FLOATS = re.compile(rb"(?:G.{8})+", re.DOTALL)
INDEXED_LISTS = _compile_lists(rb"\](?:q.|r..[\x00-\x1f]\x00)?")    # index below MEMO_HEADROOM
MEMOIZED_LISTS = _compile_lists(rb"\]\x94")
UNKNOWN_LISTS = _compile_lists(rb"\](?!\x94)")    # not in the memo

# Texts, bytes and small numbers, whose hashes nobody can make collide at will.
_KEYS = frozenset(b"N\x88\x89KMJTUX\x8c\x8dBC\x8e")


def _list_pushes() -> Dict[int, Tuple[int, Any, bool]]:
    """Opcodes that push a value: size of the argument, or of the length before it and what reads
    that length; whether the value can be a key."""
    fixed = {b"N\x88\x89})\x8f": 0, b"K": 1, b"M": 2, b"J": 4}
    counted = {b"U\x8cC": "<B", b"T": "<i", b"XB": "<I", b"\x8d\x8e\x96": "<Q"}
    pushes = {code: (size, None, code in _KEYS) for codes, size in fixed.items() for code in codes}
    for codes, form in counted.items():
        length = struct.Struct(form)
        pushes.update({code: (length.size, length.unpack_from, code in _KEYS) for code in codes})
    return pushes


PUSHES = _list_pushes()

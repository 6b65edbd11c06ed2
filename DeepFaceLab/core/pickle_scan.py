"""A look over a pickle before it is read: nothing in it may cost more than its bytes.

Part of `core.persist`. Python's unpickler does what a file asks in C, where nothing can step in:
a memo index of 4e9 takes 64 GB, a declared length is reserved before it is read, and a key of a
dict is hashed, which a nested tuple makes endless or lets run over the C stack. `scan_pickle` goes
over the opcodes with the unpickler's stack, on which it keeps one fact a value: whether it can be
a key. The bytes of arrays and texts are stepped over, not read, and lists of numbers (landmarks,
loss histories) are taken in one go.
"""
import copyreg
import struct
from typing import Any, BinaryIO, Callable, Dict, List

from core.errors import UnsafePickleError
from core.file_window import FileWindow
from core.pickle_values import (FLOATS, INDEXED_LISTS, MEMO_HEADROOM, MEMOIZED_LISTS, PUSHES,
                                UNKNOWN_LISTS)

LONGEST_NUMBER = 512        # bytes of one number; longer ones take quadratic time
LONGEST_NAME = 1024         # bytes of the module or name of a global
_LONG_TEXT = 12             # characters from which a number can be made to collide with others
_LONGEST_HEAD = 16          # bytes of an opcode with its argument or length

_FLOAT, _LIST, _BINPUT, _BINGET = b"G]qh"
_RUNS = (_FLOAT, _LIST)


class _Scan:
    """The unpickler's stack and memo; of a value is kept whether it can be a key."""

    def __init__(self, file: BinaryIO) -> None:
        self.window = FileWindow(file)
        self.stack: List[bool] = []
        self.marks: List[int] = []
        self.memo: Dict[int, bool] = {}
        self.puts = 0            # entries of the memo; without `memoizes` at least as many
        self.memoizes = False    # protocol 4 numbers the entries itself
        self.is_done = False

    def run(self) -> None:
        """The loop is written out for what faces and weights consist of: texts, each put into the
        memo, and values taken from there."""
        window, stack = self.window, self.stack
        while not self.is_done:
            buffer, index = window.buffer, window.index
            if len(buffer) - index < _LONGEST_HEAD:
                window.fill(_LONGEST_HEAD)
                buffer, index = window.buffer, window.index
                if len(buffer) == index:
                    raise ValueError("it has no end.")
            code = buffer[index]
            push = PUSHES.get(code)
            index += 1
            if push is not None:
                size, unpack, is_key = push
                if unpack is not None:
                    head, index = index, index + size
                    if index > len(buffer):
                        raise ValueError("it ends inside a length.")
                    size = unpack(buffer, head)[0]
                if 0 <= size <= len(buffer) - index:
                    window.index = index + size
                else:
                    window.index = index
                    window.skip(size)
                stack.append(is_key)
            elif code == _BINPUT and not self.memoizes and index < len(buffer) \
                    and len(stack) > (self.marks[-1] if self.marks else 0):
                self.memo[buffer[index]] = stack[-1]
                self.puts += 1
                window.index = index + 1
            elif code == _BINGET and index < len(buffer):
                stack.append(self.memo.get(buffer[index], False))
                window.index = index + 1
            elif code in _RUNS:
                self.take_run(code)
            elif code in _OTHERS:
                window.index = index
                _OTHERS[code](self)
            else:
                raise ValueError("it holds the unknown opcode {:#x}.".format(code))

    def take_run(self, code: int) -> None:
        """Floats, or lists of numbers as far as the buffer holds them."""
        buffer, start = self.window.buffer, self.window.index
        if code == _FLOAT:
            found = FLOATS.match(buffer, start)
            if found is None:
                raise ValueError("it ends inside a number.")
            count = (found.end() - start) // 9
        else:
            many, one = INDEXED_LISTS
            if self.memoizes:
                is_known = buffer[start + 1:start + 2] == b"\x94"
                many, one = MEMOIZED_LISTS if is_known else UNKNOWN_LISTS
            found = many.match(buffer, start)
            count = len(one.findall(buffer, start, found.end()))
            if many is not UNKNOWN_LISTS[0]:
                self.puts += count
        self.stack.extend([False] * count)
        self.window.index = found.end()

    def take_number(self, form: str) -> int:
        return struct.unpack(form, self.window.take(struct.calcsize(form)))[0]

    def take_decimal(self) -> int:
        return int(self.window.take_line(20))

    def pop(self, count: int) -> List[bool]:
        if len(self.stack) - count < (self.marks[-1] if self.marks else 0):
            raise ValueError("its stack is empty.")
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def pop_to_mark(self) -> List[bool]:
        if not self.marks:
            raise ValueError("it has no mark on its stack.")
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def pop_or_unmark(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.pop(1)

    def set_items(self, keys: List[bool]) -> None:
        if not all(keys):
            raise UnsafePickleError("A pickle has a key that is neither a text nor a small number.")

    def put(self, index: int) -> None:
        if self.memoizes or not 0 <= index <= self.puts + MEMO_HEADROOM:
            raise ValueError("it gives its object {} the number {}.".format(self.puts, index))
        self.memo[index] = self.peek()
        self.puts += 1

    def memoize(self) -> None:
        if not self.memoizes:
            raise ValueError("it numbers its objects as protocol 4 does.")
        self.memo[self.puts] = self.peek()
        self.puts += 1

    def set_protocol(self) -> None:
        memoizes = self.take_number("<B") >= 4
        if memoizes != self.memoizes and (self.puts or self.stack):
            raise ValueError("it changes its protocol.")
        self.memoizes = memoizes

    def check_frame(self) -> None:
        self.window.require(self.take_number("<Q"))

    def peek(self) -> bool:
        value, = self.pop(1)
        self.stack.append(value)
        return value

    def get(self, index: int) -> None:
        self.stack.append(self.memo.get(index, False))

    def replace(self, count: int) -> None:
        """A value made of the last `count`."""
        self.pop(count)
        self.stack.append(False)

    def collect(self) -> None:
        """A value made of all down to the mark."""
        self.pop_to_mark()
        self.stack.append(False)

    def take_names(self) -> None:
        for _ in range(2):
            self.window.take_line(LONGEST_NAME)

    def take_long(self, form: str) -> None:
        length = self.take_number(form)
        if length > LONGEST_NUMBER:
            raise ValueError("it holds a number of {} bytes.".format(length))
        self.window.skip(length)
        self.stack.append(False)

    def take_text(self) -> None:
        self.window.take_line()
        self.stack.append(True)

    def take_number_text(self, is_float: bool = False) -> None:
        text = self.window.take_line(LONGEST_NUMBER)
        self.stack.append(len(text) < _LONG_TEXT and not is_float)

    def refuse_extension(self, form: str) -> None:
        code = self.take_number(form)
        name = copyreg._inverted_registry.get(code)    # type: ignore
        if name is not None:
            raise UnsafePickleError("A pickle asks for {}.{} by its extension code {}.".format(
                name[0], name[1], code))
        raise ValueError("it asks for the unregistered extension code {}.".format(code))

    def refuse_buffer(self) -> None:
        raise UnsafePickleError("A pickle refers to a buffer outside itself.")

    def set_all(self, step: int) -> None:
        self.set_items(self.pop_to_mark()[::step])

    def do_globals(self) -> None:
        self.take_names()
        self.stack.append(False)

    def do_inst(self) -> None:
        self.take_names()
        self.collect()

    def do_dict(self) -> None:
        self.set_all(2)
        self.stack.append(False)

    def do_frozenset(self) -> None:
        self.set_all(1)
        self.stack.append(False)

    def stop(self) -> None:
        self.is_done = True


_OTHERS: Dict[int, Callable[[_Scan], Any]] = {
    ord("I"): _Scan.take_number_text,
    ord("L"): _Scan.take_number_text,
    ord("F"): lambda scan: scan.take_number_text(is_float=True),
    ord("S"): _Scan.take_text,
    ord("V"): _Scan.take_text,
    ord("P"): _Scan.take_text,
    ord("Q"): lambda scan: scan.replace(1),
    0x8a: lambda scan: scan.take_long("<B"),
    0x8b: lambda scan: scan.take_long("<i"),
    ord("c"): _Scan.do_globals,
    0x93: lambda scan: scan.replace(2),
    ord("i"): _Scan.do_inst,
    ord("o"): _Scan.collect,
    0x81: lambda scan: scan.replace(2),
    0x92: lambda scan: scan.replace(3),
    ord("R"): lambda scan: scan.replace(2),
    ord("b"): lambda scan: scan.pop(1),
    0x82: lambda scan: scan.refuse_extension("<B"),
    0x83: lambda scan: scan.refuse_extension("<H"),
    0x84: lambda scan: scan.refuse_extension("<i"),
    ord("("): lambda scan: scan.marks.append(len(scan.stack)),
    ord("0"): _Scan.pop_or_unmark,
    ord("1"): _Scan.pop_to_mark,
    ord("2"): lambda scan: scan.stack.append(scan.peek()),
    ord("t"): _Scan.collect,
    0x85: lambda scan: scan.replace(1),
    0x86: lambda scan: scan.replace(2),
    0x87: lambda scan: scan.replace(3),
    ord("l"): _Scan.collect,
    ord("d"): _Scan.do_dict,
    ord("a"): lambda scan: scan.pop(1),
    ord("e"): _Scan.pop_to_mark,
    ord("s"): lambda scan: scan.set_items(scan.pop(2)[:1]),
    ord("u"): lambda scan: scan.set_all(2),
    0x90: lambda scan: scan.set_all(1),
    0x91: _Scan.do_frozenset,
    ord("p"): lambda scan: scan.put(scan.take_decimal()),
    ord("q"): lambda scan: scan.put(scan.take_number("<B")),
    ord("r"): lambda scan: scan.put(scan.take_number("<I")),
    0x94: _Scan.memoize,
    ord("g"): lambda scan: scan.get(scan.take_decimal()),
    ord("h"): lambda scan: scan.get(scan.take_number("<B")),
    ord("j"): lambda scan: scan.get(scan.take_number("<I")),
    0x80: _Scan.set_protocol,
    0x95: _Scan.check_frame,
    0x97: _Scan.refuse_buffer,
    0x98: _Scan.refuse_buffer,
    ord("."): _Scan.stop,
}


def scan_pickle(file: BinaryIO) -> None:
    """Check the pickle at the position of the seekable `file`, which stays there.

    ValueError for lengths that the file does not have, memo indexes and numbers out of all
    proportion; UnsafePickleError for extension codes, outside buffers and keys other than texts,
    bytes and small numbers.
    """
    position = file.tell()
    try:
        _Scan(file).run()
    finally:
        file.seek(position)

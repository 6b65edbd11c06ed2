"""core/pickle_values.py: opcodes that push a finished value."""
import pickle
import pickletools

import pytest

from core.pickle_values import FLOATS, INDEXED_LISTS, MEMOIZED_LISTS, PUSHES, UNKNOWN_LISTS


def test_floats():
    run = b"G" + b"\n" * 8 + b"G" + bytes(8)
    assert FLOATS.match(run + b"G1234567").end() == 18
    assert FLOATS.match(b"G1234567") is None


@pytest.mark.parametrize("protocol, patterns", [(2, INDEXED_LISTS), (3, INDEXED_LISTS),
                                                (4, MEMOIZED_LISTS)])
def test_lists_of_numbers_in_one_go(protocol, patterns):
    many, one = patterns
    lists = [[1.5, 2], [], [None], [True, 300, -1], [0.0] * 50]
    data = pickle.dumps(["x"] + lists, protocol)
    start = [place for opcode, _, place in pickletools.genops(data)
             if opcode.name == "EMPTY_LIST"][1]
    found = many.match(data, start)
    assert data[found.end():] == b"e." and len(one.findall(data, start, found.end())) == 5


def test_lists_that_are_not_in_the_memo():
    many, one = UNKNOWN_LISTS
    assert len(one.findall(b"](K\x01K\x02e]]K\x01a")) == 3
    assert many.match(b"]\x94") is None


def test_sizes_are_those_of_the_format():
    """Fixed sizes are the argument's, the others the length's before it."""
    known = {ord(opcode.code): opcode for opcode in pickletools.opcodes}
    for code in set(PUSHES) & set(known):    # Python 3.6 lacks those of protocol 5
        size, unpack, _ = PUSHES[code]
        argument = known[code].arg
        if unpack is None:
            assert size == (argument.n if argument is not None else 0)
        else:
            assert -size == {pickletools.TAKEN_FROM_ARGUMENT1: -1, -3: -4, -4: -4, -5: -8}[
                argument.n]

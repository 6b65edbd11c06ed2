"""core/pickle_scan.py: what a pickle costs is known before it is read."""
import io
import pickle
import random
import struct

import numpy as np
import pytest
from data_support import CountingFile
from mutation_support import mutate

from core import pickle_format
from core.errors import CorruptFileError, UnsafePickleError
from core.pickle_parts import PartMaker
from core.pickle_scan import LONGEST_NUMBER, scan_pickle
from core.pickle_values import MEMO_HEADROOM


def scan(data):
    file = io.BytesIO(data)
    scan_pickle(file)
    assert file.tell() == 0


@pytest.mark.parametrize("opcodes", [
    b"r" + struct.pack("<I", 0xffffffff), b"r" + struct.pack("<I", MEMO_HEADROOM + 3),
    b"p999999999999\n", b"p-1\n"])
@pytest.mark.parametrize("value", [b"]", b"}", b"K\x01", b"X\x01\0\0\0a"])
def test_memo_index_out_of_proportion(opcodes, value):
    with pytest.raises(ValueError):
        scan(b"\x80\x02" + value + opcodes + b".")
    with pytest.raises(CorruptFileError, match="x.dat"):
        pickle_format.loads(b"\x80\x02" + value + opcodes + b".", "x.dat")


def test_memo_index_within_proportion():
    for index in (0, 255, 65536, MEMO_HEADROOM - 1, MEMO_HEADROOM):
        scan(b"\x80\x02]r" + struct.pack("<I", index) + b".")
        scan(b"\x80\x02Nr" + struct.pack("<I", index) + b".")
    scan(b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", i) for i in range(5000)) + b".")


@pytest.mark.parametrize("opcodes", [
    b"X\xff\xff\xff\xff", b"B\xff\xff\xff\x7f", b"T\xff\xff\xff\xff", b"\x8d" + b"\xff" * 8,
    b"\x8e" + struct.pack("<Q", 1 << 40), b"\x96" + struct.pack("<Q", 100), b"C\x20",
    b"\x95" + struct.pack("<Q", 1 << 50) + b"N", b"\x8b\xff\xff\xff\xff", b"G\0\0"])
def test_length_that_the_file_does_not_have(opcodes):
    with pytest.raises(ValueError):
        scan(b"\x80\x04" + opcodes + b"abc.")


@pytest.mark.parametrize("opcodes", [
    b"\x8b" + struct.pack("<i", LONGEST_NUMBER + 1) + bytes(LONGEST_NUMBER + 1),
    b"I" + b"9" * 10000 + b"\n", b"L" + b"9" * 10000 + b"L\n", b"F" + b"9" * 10000 + b"\n",
    b"cos\n" + b"x" * 10000 + b"\n"])
def test_number_or_name_of_absurd_length(opcodes):
    with pytest.raises(ValueError, match="bytes"):
        scan(b"\x80\x02" + opcodes + b".")


@pytest.mark.parametrize("opcodes", [
    b"K\x01\x94", b"\x80\x04K\x01q\x00", b"\x80\x02K\x01q\x00\x80\x04", b"\x80\x04](K\x01\x80\x02",
    b"\x80\x04]q\x00", b"\x80\x02]\x94"])
def test_memo_is_numbered_in_one_way(opcodes):
    with pytest.raises(ValueError):
        scan(opcodes + b".")


@pytest.mark.parametrize("opcodes", [b"0", b"a", b"K\x01\x86", b"(K\x01\x86", b"t", b"]K\x01(a",
                                     b"b", b"\x81", b"R", b"q\x00", b"1", b"s", b"u", b"2",
                                     b"\xff", b""])
def test_stack_without_what_an_opcode_needs(opcodes):
    with pytest.raises(ValueError):
        scan(b"\x80\x02" + opcodes)


@pytest.mark.parametrize("key", [b"X\x01\0\0\0a", b"K\x01", b"M\x01\0", b"J\0\0\0\0", b"N",
                                 b"\x88", b"C\x01a", b"I3\n", b"Va\n", b"X\x01\0\0\0aq\x07"])
def test_keys_that_files_have(key):
    for use in (b"}" + key + b"Ns.", b"}(" + key + b"Nu.", b"(" + key + b"Nd.",
                key + b"r\x09\0\0\x000}j\x09\0\0\0Ns."):
        scan(b"\x80\x02" + use)
        assert len(pickle_format.loads(b"\x80\x02" + use)) == 1


@pytest.mark.parametrize("key", [b")", b"K\x01\x85", b"]", b"}", b"G" + bytes(8), b"](K\x01e",
                                 b"\x8a\x01\x05", b"I99999999999999999999\n", b"F1\n",
                                 b"cnumpy\ndtype\n"])
def test_keys_that_files_do_not_have(key):
    for use in (b"}" + key + b"Ns.", b"}(K\x01N" + key + b"Nu.", b"(" + key + b"Nd.",
                b"\x8f(" + key + b"\x90.", b"(" + key + b"\x91.",
                key + b"r\x09\0\0\x000}j\x09\0\0\0Ns.", b"}" + key + b"2N0Ns."):
        with pytest.raises(UnsafePickleError, match="key"):
            scan(b"\x80\x02" + use)


def make_values():
    chance = random.Random(3)
    return {"history": [[chance.random(), chance.random()] for _ in range(3000)],
            "numbers": list(range(-5, 70000, 7)),
            "mixed": [1, 2.5, None, True, "x", [1], [], ["a"]],
            "one": [[5]], "deep": [[[1.0, 2], [3]], [[4.5]]], "array": np.arange(9),
            "same": [[1, 2]] * 3, "text": "\n" * 70000, "bytes": bytes(range(256)) * 400,
            3: (1, (2.5, ["x"])), "object": np.float32(1.5), None: {}, "large": 1 << 90}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_passes(protocol):
    data = pickle.dumps(make_values(), protocol)
    scan(data)
    scan(data + b"tail")
    result = pickle_format.loads(data)
    assert result["same"][0] is result["same"][2]
    assert list(result) == list(make_values()) and result["history"] == make_values()["history"]


def test_arrays_are_stepped_over():
    file = CountingFile(pickle.dumps({"a": np.zeros(1 << 22, np.uint8), "b": np.ones(3)}, 4))
    scan_pickle(file)
    assert file.taken < 1 << 18


class CheckedUnpickler(pickle._Unpickler):
    """Python's own unpickler with the stand-ins of ours; looks at every key before it is hashed."""

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, data):
        super().__init__(io.BytesIO(data), encoding="latin1")
        self.parts = PartMaker()

    def find_class(self, module, name):
        return self.parts.make(module, name, pickle_format.find_allowed_global(module, name))

    def look_at(self, keys):
        for key in keys:
            assert type(key) in (str, bytes, int, bool, type(None)), key
            assert not isinstance(key, int) or abs(key) < 1 << 40

    def load_setitem(self):
        self.look_at(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self):
        self.look_at(self.stack[::2])
        super().load_setitems()

    def load_dict(self):
        self.look_at(self.stack[::2])
        super().load_dict()

    def load_additems(self):
        self.look_at(self.stack)
        super().load_additems()

    def load_frozenset(self):
        self.look_at(self.stack)
        super().load_frozenset()

    for name in ("setitem", "setitems", "dict", "additems", "frozenset"):
        dispatch[getattr(pickle, {"frozenset": "FROZENSET"}.get(name, name.upper()))[0]] = \
            locals()["load_" + name]


def test_the_scan_knows_every_key_that_the_unpickler_will_hash():
    passed = 0
    base = [pickle.dumps({"a": [[1.5, 2], {3: "x"}], "t": ((1,), [4], None), "n": np.arange(3)}, p)
            for p in range(pickle.HIGHEST_PROTOCOL + 1)]
    for seed in range(1200):
        data = mutate(base[seed % len(base)], "pickle", random.Random(seed))
        try:
            scan(data)
        except (ValueError, UnsafePickleError):
            continue
        passed += 1
        try:
            CheckedUnpickler(data).load()
        except AssertionError:
            raise
        except Exception:  # noqa: BLE001 a damaged pickle can raise anything
            continue
    assert passed > 100

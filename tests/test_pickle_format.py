"""core/pickle_format.py and core/pickle_parts.py: what a pickle may build, and nothing else."""
import copyreg
import io
import os
import pathlib
import pickle
from enum import IntEnum

import numpy as np
import pytest

from core import pickle_format
from core.pickle_format import CorruptFileError, UnsafePickleError, loads

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

SAMPLES = {
    "array": np.arange(12, dtype=np.float32).reshape(3, 4),
    "large": np.arange(40000, dtype=np.float64),
    "half": np.ones((2, 2), np.float16),
    "bool": np.array([True, False]),
    "bytes": np.arange(256, dtype=np.uint8),
    "big endian": np.arange(5, dtype=">i4"),
    "fortran": np.asfortranarray(np.arange(6.).reshape(2, 3)),
    "transposed": np.arange(24.).reshape(2, 3, 4).transpose(2, 0, 1),
    "no elements": np.zeros((0, 3), np.int64),
    "no axes": np.array(7, np.int16),
    "scalar": np.int64(7),
    "float": np.float64(0.5),
    "flag": np.bool_(True),
    "list": [1, 2.5, "x", "текст", None, True, b"bytes", b"", 1 << 80, ("a", (2, [3]))],
}


class CallOf:
    """A pickle that asks for a call when an ordinary unpickler loads it."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reads_every_protocol(protocol):
    """As the ordinary unpickler does."""
    data = pickle.dumps(SAMPLES, protocol)
    expected, result = pickle.loads(data), loads(data)
    assert list(result) == list(SAMPLES) and result["list"] == SAMPLES["list"]
    for key, value in expected.items():
        assert type(result[key]) is type(value)
        if isinstance(value, (np.ndarray, np.generic)):
            np.testing.assert_array_equal(result[key], SAMPLES[key])
            assert result[key].dtype == value.dtype
        if isinstance(value, np.ndarray):
            result[key][...] = 0    # belongs to the caller


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_object_in_two_places_stays_one(protocol):
    array, inner = np.ones(3), [1]
    result = loads(pickle.dumps([array, {"a": array, "t": (array, inner)}, inner], protocol))
    assert result[0] is result[1]["a"] is result[1]["t"][0] and result[2] is result[1]["t"][1]


def test_list_inside_itself():
    endless = [np.ones(2)]
    endless.append(endless)
    result = loads(pickle.dumps(endless, 4))
    assert result[1] is result and result[0].sum() == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_call_of_a_foreign_function_is_refused_by_name(tmp_path, protocol):
    mark = tmp_path / "executed"
    evil = CallOf(os.system, ("touch '{}'".format(mark),))
    with pytest.raises(UnsafePickleError) as caught:
        loads(pickle.dumps({"a": [evil]}, protocol), "evil.dat")
    assert "system" in str(caught.value) and "evil.dat" in str(caught.value)
    assert not mark.exists()


@pytest.mark.parametrize("module, name", [
    ("builtins", "eval"), ("builtins", "__import__"), ("builtins", "open"), ("builtins", "list"),
    ("builtins", "range"), ("builtins", "bytearray"), ("__builtin__", "set"), ("os", "system"),
    ("numpy", "load"), ("numpy", "memmap"), ("numpy.core.multiarray", "fromfile"),
    ("numpy", "core.multiarray.scalar"), ("core.persist", "write_bytes"), ("copyreg", "__newobj__"),
    ("collections", "OrderedDict"), ("functools", "partial"), ("numpy.testing", "measure")])
@pytest.mark.parametrize("form", ["global", "stack global", "inst", "obj", "new object"])
def test_every_way_of_naming_something_is_checked(module, name, form):
    data = {
        "global": "c{0}\n{1}\n.",
        "inst": "(i{0}\n{1}\n.",
        "obj": "(c{0}\n{1}\no.",
        "new object": "\x80\x02c{0}\n{1}\n)\x81.",
    }
    if form == "stack global":
        pickled = b"\x80\x04" + b"".join(b"\x8c" + bytes([len(text)]) + text.encode()
                                         for text in (module, name)) + b"\x93."
    else:
        pickled = data[form].format(module, name).encode("latin1")
    with pytest.raises(UnsafePickleError, match="{}.{}".format(module, name)):
        loads(pickled)


def test_extension_codes_and_outside_objects_are_refused():
    with pytest.raises(CorruptFileError, match="extension"):
        loads(b"\x80\x02\x82\x10.")
    copyreg.add_extension("os", "system", 0x70)
    try:
        with pytest.raises(UnsafePickleError, match="os.system"):
            loads(b"\x80\x02\x82\x70.")
    finally:
        copyreg.remove_extension("os", "system", 0x70)
    for data in (b"Pname\n.", b"\x80\x02Vname\nQ."):
        with pytest.raises(UnsafePickleError, match="outside itself"):
            loads(data)


OBJECT = np.dtype("O")
FLAGS = (3, "<", None, None, None, -1, -1, 1)    # "these bytes are Python objects"


@pytest.mark.parametrize("evil", [
    np.array([None, {}], object), np.array([CallOf(len, ((),))], object),
    np.array(["text"]), np.array([b"bytes"]), np.zeros(2, [("a", "f4"), ("b", "O")]),
    np.zeros(2, "M8[s]"), np.zeros(2, np.complex64), np.zeros(1, "V8"), np.str_("text"),
    CallOf(np.dtype, ("f8", False, True), FLAGS), CallOf(np.dtype, ("f4,O",)),
    CallOf(np.dtype, ("f8", False, True), (3, "<", None, ("a",), {"a": (OBJECT, 0)}, 8, 1, 0)),
    CallOf(np.dtype, ("f8", False, True), (3, "!", None, None, None, -1, -1, 0)),
    CallOf(np.dtype, ("f8", False, True), (4, "<", None, None, None, -1, -1, 0, {"a": 1})),
], ids=repr)
@pytest.mark.parametrize("protocol", [2, 4])
def test_arrays_hold_plain_numbers_only(evil, protocol):
    """Among the refused are NumPy's own ways to say that bytes are Python objects."""
    with pytest.raises(UnsafePickleError):
        loads(pickle.dumps([evil], protocol), "x")


def make_array(shape, data, dtype="f4"):
    """The parts in which NumPy pickles an array, with any shape and data."""
    empty = np.empty((0,), dtype)
    function, arguments, state = empty.__reduce__()
    return CallOf(function, arguments, (state[0], shape, state[2], state[3], data))


@pytest.mark.parametrize("array, name", [
    (np.array([None], object), "object"), (np.array(["text"]), "<U4"),
    (CallOf(np.dtype, ([1, 2],)), "1, 2")])
def test_refused_type_is_named(array, name):
    with pytest.raises(UnsafePickleError, match=name):
        loads(pickle.dumps(array, 4))


@pytest.mark.parametrize("shape, data", [
    ((1 << 40,), b"1234"), ((2,), b"1234"), ((0, 1 << 62), b"1"), ((-1,), b""), ((1,), b""),
    ("ab", b""), ((True,), b"1234"), ((1 << 32, 1 << 32), b"")])
def test_array_is_never_larger_than_its_bytes(shape, data):
    with pytest.raises(CorruptFileError):
        loads(pickle.dumps(make_array(shape, data), 4))


def test_array_without_its_state_and_with_two_states():
    function, arguments, state = np.ones(2, np.float32).__reduce__()
    assert loads(pickle.dumps([CallOf(function, arguments)], 4))[0].shape == (0,)
    with pytest.raises(UnsafePickleError, match="shape"):
        loads(pickle.dumps([CallOf(function, (np.ndarray, (1 << 40,), b"b"))], 4))
    once = pickle.dumps(np.ones(2, np.float32), 2)
    # ... BUILD STOP -> ... BUILD state BUILD STOP, the state taken from the memo
    with pytest.raises(UnsafePickleError, match="did not make"):
        loads(once[:-1] + b"\x80\x02(K\x01t" + b"b.")


@pytest.mark.parametrize("evil", [
    CallOf(np.ndarray, ((1 << 40,),)), CallOf(np.ndarray, ((3,), "O")),
    CallOf(bytes, (1 << 40,)), CallOf(np.ndarray, ((0,),))], ids=repr)
def test_nothing_is_made_without_bytes(evil):
    with pytest.raises((UnsafePickleError, CorruptFileError)):
        loads(pickle.dumps(evil, 2))


def test_array_of_a_foreign_class():
    function = np.ones(2).__reduce__()[0]
    evil = CallOf(function, (np.dtype, (0,), b"b"))
    with pytest.raises(UnsafePickleError, match="foreign"):
        loads(pickle.dumps(evil, 2))


@pytest.mark.parametrize("codec", ["rot13", "zlib_codec", "utf-8"])
def test_text_codecs_are_refused(codec):
    data = "c_codecs\nencode\n(Vabc\nV{}\ntR.".format(codec).encode()
    with pytest.raises(UnsafePickleError, match="codec"):
        loads(data)


@pytest.mark.parametrize("name", ["numpy\nndarray", "numpy\ndtype", "_codecs\nencode"])
def test_what_a_file_names_cannot_be_changed_by_it(name):
    """BUILD on a class or function would set attributes of the running program."""
    for state in ("N}Vx\nI1\nsN\x86", "}V__defaults__\nN\x85s"):
        data = "\x80\x02c{}\n{}b.".format(name, state).encode("latin1")
        with pytest.raises((UnsafePickleError, CorruptFileError)):
            loads(data)
    with pytest.raises(UnsafePickleError, match="as data"):
        loads("\x80\x02]c{}\na.".format(name).encode("latin1"))
    assert pickle_format.loads(pickle.dumps(np.ones(3), 2)).sum() == 3


class Colour(IntEnum):
    RED = 1
    BLUE = 2


class Box:
    """A class of the project: its objects are their attributes."""

    def __init__(self, content):
        self.content = content


class Guarded(Box):
    def __setstate__(self, state):
        self.content = ("set", state["content"])


def find_global(module, name):
    """The list of a kind of file that has classes of its own."""
    if module == __name__ and name in ("Colour", "Box", "Guarded"):
        return globals()[name]
    if module.startswith("pathlib"):
        return pathlib.PurePosixPath
    if (module, name) in (("builtins", "getattr"), ("__builtin__", "getattr")):
        return lambda owner, attribute: {"RED": Colour.RED}[attribute] if owner is Colour else None
    return pickle_format.find_allowed_global(module, name)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_files_with_classes_of_their_own(protocol):
    box = Box([Colour.BLUE, np.arange(3)])
    box.me = box
    data = pickle.dumps({"box": box, "guarded": Guarded(5), "again": box.content}, protocol)
    with pytest.raises(UnsafePickleError):
        loads(data)
    result = loads(data, find_global=find_global)
    assert type(result["box"]) is Box and result["box"].me is result["box"]
    assert result["box"].content is result["again"] and result["again"][0] is Colour.BLUE
    assert result["again"][1].tolist() == [0, 1, 2]
    assert result["guarded"].content == ("set", 5)


def test_functions_of_such_a_list_get_the_real_classes():
    prefix = "\x80\x02cbuiltins\ngetattr\nc{}\nColour\nV{}\n\x86R".format(__name__, "RED")
    assert loads((prefix + ".").encode("latin1"), find_global=find_global) is Colour.RED
    path = loads(pickle.dumps(pathlib.PurePosixPath("/a/b.png"), 3), find_global=find_global)
    assert path == pathlib.PurePosixPath("/a/b.png")


@pytest.mark.parametrize("state", ["}V_value_\nI9\ns", "}V__class__\nI9\ns"])
def test_enum_members_cannot_be_changed(state):
    """They are the program's own, one for all."""
    for member in ("cbuiltins\ngetattr\nc{0}\nColour\nVRED\n\x86R", "c{0}\nColour\nI1\n\x85R",
                   "c{0}\nColour\nI1\n\x85\x81"):
        data = ("\x80\x02" + member.format(__name__) + state + "b.").encode("latin1")
        with pytest.raises(UnsafePickleError, match="did not make"):
            loads(data, find_global=find_global)
    assert Colour.RED.value == 1


def test_classes_cannot_be_changed():
    slots = "\x80\x02c" + __name__ + "\nBox\nN}V__init__\nI9\ns\x86b."
    with pytest.raises(CorruptFileError):
        loads(slots.encode("latin1"), find_global=find_global)
    assert callable(Box.__init__)


def test_getattr_reads_members_of_the_registered_enums_only():
    import samplelib  # noqa: F401  registers it: some Pythons write enum members so
    member = "cbuiltins\ngetattr\n(csamplelib.Sample\nSampleType\nV{}\ntR."
    assert loads(member.format("FACE").encode()) == samplelib.SampleType.FACE
    for name in ("__class__", "mro", "__subclasses__"):
        with pytest.raises(UnsafePickleError, match=name):
            loads(member.format(name).encode())
    with pytest.raises(UnsafePickleError):
        loads(b"cbuiltins\ngetattr\n(cnumpy\nndarray\nV__new__\ntR.")


@pytest.mark.parametrize("cut", [0, 1, 30, 300, 3000])
def test_damaged_pickle_names_the_file(cut):
    data = pickle.dumps([SAMPLES, np.zeros(1000)], 4)
    assert len(data) > cut
    with pytest.raises(CorruptFileError, match="some.npy"):
        loads(data[:cut], "some.npy")


def test_nesting_without_end_is_damage():
    deep = b"\x80\x02" + b"(" * 5000 + b"cnumpy\ndtype\nVf4\n\x85R" + b"l" * 5000 + b"."
    with pytest.raises(CorruptFileError, match="deep in each other"):
        loads(deep)


def test_file_is_read_from_its_position():
    file = io.BytesIO(b"head" + pickle.dumps(np.arange(3), 4) + b"tail")
    file.seek(4)
    assert pickle_format.load_file(file, "x").tolist() == [0, 1, 2]

"""Crafted pickles of every protocol: nothing is called, and what is refused is named."""
import array
import collections
import copyreg
import functools
import os
import pathlib
import pickle
import struct

import numpy as np
import pytest

import samplelib  # noqa: F401  registers the classes of paks
from core.errors import CorruptFileError, UnsafePickleError
from core.pickle_format import loads

PROTOCOLS = range(6)

FOREIGN = [
    ("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "check_output"),
    ("builtins", "eval"), ("builtins", "exec"), ("builtins", "compile"), ("builtins", "open"),
    ("builtins", "__import__"), ("builtins", "setattr"), ("builtins", "object"),
    ("__builtin__", "apply"), ("__builtin__", "getattr"), ("importlib", "import_module"),
    ("functools", "partial"), ("functools", "reduce"), ("operator", "attrgetter"),
    ("operator", "methodcaller"), ("pickle", "loads"), ("_pickle", "Unpickler"),
    ("copyreg", "_reconstructor"), ("copyreg", "add_extension"), ("copy_reg", "_reconstructor"),
    ("types", "FunctionType"), ("types", "CodeType"), ("marshal", "loads"), ("code", "interact"),
    ("runpy", "run_path"), ("ctypes", "CDLL"), ("webbrowser", "open"), ("shutil", "rmtree"),
    ("pathlib", "Path"), ("pathlib", "PosixPath"), ("pathlib", "WindowsPath"),
    ("_codecs", "decode"), ("codecs", "encode"), ("codecs", "open"),
    ("numpy", "load"), ("numpy", "memmap"), ("numpy", "fromfile"), ("numpy", "f2py"),
    ("numpy", "ndarray.tofile"), ("numpy", "dtype.__class__"), ("numpy.f2py", "compile"),
    ("numpy", "f2py.os.system"), ("numpy.f2py.crackfortran", "myeval"),
    ("numpy.testing", "rundocs"),
    ("numpy.core.multiarray", "fromfile"), ("numpy._core.multiarray", "set_string_function"),
    ("numpy.core.multiarray", "_reconstruct.__call__"), ("numpy.core.records", "fromfile"),
    ("numpy.ctypeslib", "load_library"), ("numpy.distutils.exec_command", "exec_command"),
    ("facelib.FaceType", "persist"), ("facelib.FaceType", "FaceType.mro"),
    ("facelib.FaceType", "persist.write_bytes"), ("samplelib.Sample", "Sample"),
    ("core.persist", "load"), ("core.pickle_format", "register_class"), ("torch._utils", "x"),
    ("tensorflow", "io.gfile.remove"), ("a" * 300, "b" * 300),
]


def push_text(text, protocol):
    data = text.encode()
    if protocol == 0:
        return b"V" + data + b"\n"
    if protocol >= 4 and len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def start(protocol):
    return b"\x80" + bytes([protocol]) if protocol >= 2 else b""


def push_global(module, name, protocol):
    if protocol >= 4:
        return push_text(module, protocol) + push_text(name, protocol) + b"\x93"
    return "c{}\n{}\n".format(module, name).encode()


def make_forms(module, name, protocol):
    """{how: opcodes that name something and use it}"""
    named, text = push_global(module, name, protocol), push_text("touch x", protocol)
    forms = {"alone": named, "reduce": named + b"(" + text + b"tR",
             "obj": b"(" + named + text + b"o", "build": named + b"(d" + b"b",
             "inst": b"(" + text + "i{}\n{}\n".format(module, name).encode(),
             "in a list": b"(l" + named + b"a"}
    if protocol >= 2:
        forms["new object"] = named + text + b"\x85\x81"
    if protocol >= 4:
        forms["new object with names"] = named + text + b"\x85}\x92"
    return {how: start(protocol) + opcodes + b"." for how, opcodes in forms.items()}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("module, name", FOREIGN, ids=".".join)
def test_foreign_global_is_refused_by_name(module, name, protocol):
    if protocol > pickle.HIGHEST_PROTOCOL:
        pytest.skip("this Python has no protocol 5")
    for how, data in make_forms(module, name, protocol).items():
        with pytest.raises(UnsafePickleError) as caught:
            loads(data, "crafted.dat")
        assert module + "." + name in caught.value.what, how
        assert caught.value.what.startswith("crafted.dat")


class Call:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


class Subclass(np.ndarray):
    pass


RECONSTRUCT = np.ones(1).__reduce__()[0]
TYPE_OF_OBJECTS = np.dtype([("a", "f4"), ("b", [("c", "O")])])
FORGED = (3, "|", None, None, None, -1, -1, 63)


def make_evil_values(folder):
    """[(value, pattern of what the error must name)]"""
    return [
        (np.memmap(str(folder / "mapped"), np.uint8, "w+", shape=(4,)), "numpy.*memmap"),
        (np.ones(2).view(Subclass), "test_hostile_pickles.Subclass"),
        (np.rec.array([(1, 2.)]), "numpy.*rec"),
        (np.ma.array([1, 2]), "numpy.ma.*mareconstruct"),
        (np.array([Call(os.system, ("x",))], object), "array of object"),
        (np.array(None), "array of object"),
        (np.zeros(2, TYPE_OF_OBJECTS), "array of .*V"),
        (Call(np.dtype, ("V8", False, True), FORGED), "array of .*V"),
        (Call(np.dtype, ("f4,(2)O",)), "array of 'f4,"),
        (Call(np.dtype, ("f8", False, True), FORGED), "forged array type.*63"),
        (Call(np.dtype, ("f8", True, True), (4, "<", None, None, None, -1, -1, 0, {"a": 1})),
         "forged array type"),
        (Call(np.dtype, ("f8", True, True), (3, "<", (np.dtype("f8"), (1 << 40,)), None, None, 8,
                                             1 << 40, 0)), "forged array type"),
        (Call(RECONSTRUCT, (dict, (0,), b"b")), "dict"),
        (Call(RECONSTRUCT, (np.dtype, (0,), b"b")), "foreign class"),
        (functools.partial(os.system, "x"), "functools.partial"),
        (collections.OrderedDict(a=1), "collections.OrderedDict"),
        (array.array("b", b"x"), "array"), (slice(1), "slice"), (range(3), "range"),
        (pathlib.PurePosixPath("../../etc/\0passwd"), "pathlib.*PurePosixPath"),
        (Call(getattr, ("text", "join")), "builtin.*getattr"),
        (Call(eval, ("1",)), "builtin.*eval"), (Ellipsis, "Ellipsis"),
        (np.zeros(1, np.complex64), "complex64"), (np.array(["x"]), "<U1"),
        (np.array([b"x"]), "S1"), (np.datetime64("2020"), "datetime64|M8"),
        ({1, (2, 3)}, "set|key"), ({(1, 2): 3}, "key"), (1j, "complex"),
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_values_of_other_kinds_are_refused_by_name(tmp_path, protocol):
    if protocol > pickle.HIGHEST_PROTOCOL:
        pytest.skip("this Python has no protocol 5")
    for value, pattern in make_evil_values(tmp_path):
        with pytest.raises(UnsafePickleError, match=pattern) as caught:
            loads(pickle.dumps({"a": [value]}, protocol), "x.npy")
        assert "x.npy" in caught.value.what


@pytest.mark.parametrize("opcodes, name", [
    (b"\x82\x70.", "os.system"), (b"\x83\x70\x00.", "os.system"),
    (b"\x84\x70\x00\x00\x00.", "os.system"), (b"\x82\x70(Vx\ntR.", "os.system")])
def test_extension_codes(opcodes, name):
    copyreg.add_extension("os", "system", 0x70)
    try:
        pickle.loads(b"\x80\x02\x82\x70.")    # the ordinary unpickler remembers the function
        with pytest.raises(UnsafePickleError, match=name):
            loads(b"\x80\x02" + opcodes)
    finally:
        copyreg.remove_extension("os", "system", 0x70)


@pytest.mark.parametrize("opcodes", [b"Pname\n.", b"K\x01Q.", b"\x97.", b"C\x01a\x98.",
                                     b"\x96\x01\0\0\0\0\0\0\0a\x98."])
def test_what_lies_outside_is_refused(opcodes):
    with pytest.raises(UnsafePickleError, match="outside itself"):
        loads(b"\x80\x04" + opcodes, "x")


def test_a_pickle_inside_stays_bytes(tmp_path):
    inner = pickle.dumps(Call(os.mkdir, (str(tmp_path / "made"),)))
    assert loads(pickle.dumps({"a": inner, "b": [inner.decode("latin1")]}, 2))["a"] == inner
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("arguments", [
    b"(facelib.FaceType", b"csamplelib.Sample\nSampleType\n", b"c_codecs\nencode\n",
    b"cnumpy\nndarray\n", b"cnumpy.core.multiarray\n_reconstruct\n"])
@pytest.mark.parametrize("attribute", [b"V__init__\n", b"V__globals__\n", b"K\x01", b")",
                                       b")" + b"\x85" * 100000, b"c_codecs\nencode\n"])
def test_getattr_gives_members_of_two_enums_only(arguments, attribute):
    data = b"\x80\x02cbuiltins\ngetattr\n(" + arguments + attribute + b"tR."
    with pytest.raises((UnsafePickleError, CorruptFileError)):
        loads(data)


@pytest.mark.parametrize("key", [b")", b")" + b"\x85" * 300000, b"]", b"G\x3f\xf0" + bytes(6),
                                 b"\x8a\x08" + bytes(7) + b"\x01", b")" + b"2\x86" * 200])
@pytest.mark.parametrize("use", [b"K\x00s", b"0(d0(%sK\x00d", b"0}(K\x01K\x01%sK\x00u",
                                 b"0\x8f(%s\x90", b"0(%s\x91"])
def test_keys_that_are_costly_to_hash_are_refused(key, use):
    """Tuples deep in each other run over the C stack, numbers can be made to collide."""
    use = use % key if b"%s" in use else key + use
    with pytest.raises(UnsafePickleError, match="key"):
        loads(b"\x80\x04}" + use + b".")


def test_class_as_argument_of_a_function_and_as_data():
    for data in (b"cnumpy\nndarray\n.", b"]cfacelib.FaceType\nFaceType\na.",
                 b"cnumpy.core.multiarray\nscalar\n."):
        with pytest.raises(UnsafePickleError, match="as data"):
            loads(b"\x80\x02" + data)

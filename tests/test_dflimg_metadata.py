"""The dict of a face image as bytes: what is written, read and refused (spec 30 2.5, 2.6)."""
import pickle
import pickletools

import numpy as np
import pytest
from data_support import assert_same

from core import persist
from core.imagelib import SegIEPolys, SegIEPolyType
from DFLIMG import metadata
from facelib import FaceType
from samplelib import SampleType


def make_polys():
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.EXCLUDE).add_pt(3, 4)
    return polys.dump()


def every_field():
    return {"face_type": "whole_face", "landmarks": [[1.5, 2.0]] * 68,
            "source_filename": "\u4e2d\u00e9.png", "source_rect": np.array([1, 2, 3, 4]),
            "source_landmarks": np.arange(136).reshape(68, 2).astype(np.float32),
            "image_to_face_mat": np.eye(3)[:2], "eyebrows_expand_mod": np.float64(1.25),
            "seg_ie_polys": make_polys(), "xseg_mask": np.arange(9, dtype=np.uint8)[:, None],
            "of_an_older_release": (True, None, {"a": b"\0\xff"})}


def test_every_field_comes_back():
    assert_same(metadata.decode(metadata.encode(every_field()), "f"), every_field())


def test_writes_protocol_3_with_names_that_numpy_1_has():
    payload = metadata.encode(every_field())
    assert payload[:2] == b"\x80\x03" and metadata.is_pickle(payload)
    names = {arg for opcode, arg, _ in pickletools.genops(payload) if opcode.name == "GLOBAL"}
    assert names == {"numpy.core.multiarray _reconstruct", "numpy.core.multiarray scalar",
                     "numpy ndarray", "numpy dtype"}
    assert max(opcode.proto for opcode, _, _ in pickletools.genops(payload)) <= 3


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("package", [b"numpy._core", b"numpy.core"])
def test_reads_every_writer(protocol, package):
    """Whatever the protocol, and both spellings of NumPy's private package."""
    payload = pickle.dumps(every_field(), protocol=protocol)
    if protocol < 4:  # in later ones the names have their lengths in front
        payload = payload.replace(b"numpy._core", b"numpy.core").replace(b"numpy.core", package)
        assert package in payload
    fields = metadata.decode(payload, "f")
    assert_same(fields, every_field())


def test_what_is_a_pickle():
    assert not any(metadata.is_pickle(x) for x in (b"", b"\x80", b"JVCI\0", b"\x80\x09", b"(dp0"))


class Crafted:
    """Pickled as the call of a global."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("value, refused", [
    (lambda: Crafted(eval, "1"), "eval"),
    (lambda: Crafted(getattr, SampleType, "mro"), "mro"),
    (lambda: Crafted(getattr, np.ndarray, "tofile"), "tofile"),
    (lambda: Crafted(np.load, "x"), "load"),
    (lambda: Crafted(range, 10 ** 9), "range"),
    (lambda: Crafted(bytearray, 10 ** 9), "bytearray"),
    (lambda: pickle.loads, "loads"),
    (lambda: np.array([None], object), "object"),
    (lambda: np.array(["text"]), "<U4"),
    (lambda: Crafted(np.dtype, "O"), "object"),
    (lambda: Crafted(np.zeros(0).__reduce__()[0], np.ndarray, (10 ** 9,), b"b"), "shape"),
])
def test_refuses_by_name(value, refused):
    payload = pickle.dumps({"landmarks": value()}, protocol=3)
    with pytest.raises(persist.UnsafePickleError) as error:
        metadata.decode(payload, "00001_0.jpg")
    assert refused in str(error.value) and "00001_0.jpg" in str(error.value)


def test_ndarray_cannot_be_called():
    payload = pickle.dumps({"landmarks": Crafted(np.ndarray, (10 ** 9,), np.dtype("f8"))}, 3)
    with pytest.raises(persist.CorruptFileError, match="a.jpg"):
        metadata.decode(payload, "a.jpg")


def test_an_array_brings_its_bytes():
    """A shape that the bytes do not fill is damage."""
    state = np.zeros(4).__reduce__()
    payload = pickle.dumps({"m": Crafted(state[0], *state[1])}, 3)
    assert metadata.decode(payload, "f")["m"].shape == (0,)

    class Lying:
        def __reduce__(self):
            return state[:2] + ((state[2][0], (10 ** 9,)) + state[2][2:],)
    with pytest.raises(persist.CorruptFileError):
        metadata.decode(pickle.dumps({"m": Lying()}, 3), "f")


def test_enum_members_of_paks():
    for member in (FaceType.HEAD, SampleType.FACE):
        for value in (member, Crafted(getattr, type(member), member.name)):
            payload = pickle.dumps([value], protocol=4)
            found, = persist.loads(payload, "f")
            assert found is member


@pytest.mark.parametrize("payload", [b"\x80\x03", b"\x80\x03}q\x00", pickle.dumps([1], 3),
                                     pickle.dumps({"a": "x" * 50}, 3)[:-20]])
def test_damage_is_named(payload):
    with pytest.raises(persist.CorruptFileError) as error:
        metadata.decode(payload, "a.jpg")
    assert "a.jpg" in str(error.value) and "autobackup" not in str(error.value)

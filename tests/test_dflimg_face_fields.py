"""DFLIMG/face_fields.py: every value of a face's metadata is checked when it is asked for."""
import numpy as np
import pytest
from data_support import write_face

from core.errors import CorruptFileError
from DFLIMG import DFLJPG, face_fields


BAD = {
    "landmarks": [[[1, 2], [3]], "text", [["1", "2"]] * 68, [[np.nan, 1]] * 68, None, {"a": 1},
                  [[10 ** 400, 1]], b"bytes"],
    "source_landmarks": [[[1], [2, 3]], "x", [[np.inf, 0]]],
    "image_to_face_mat": ["x", [["a"]], {}, [[None]]],
    "source_rect": ["ab", [1, None], {}, [np.nan] * 4],
    "face_type": [None, 3, b"head", ["head"]],
    "eyebrows_expand_mod": ["1", [1.0], np.nan, 10 ** 400, np.ones(3)],
    "source_filename": [3, b"a", "", "..", "a/..", "a\0b", "\ud800", "x" * 300, ["a"]],
    "seg_ie_polys": [3, "x", {"a": 1}, [1], {"polys": [1]}, {"polys": [{"type": 7, "pts": None}]},
                     [(1, [[np.nan, 1]])], {"polys": [{"type": 1, "pts": [[1e9, 1]]}]}],
    "xseg_mask": ["x", b"png", [1, 2], np.zeros((2, 2), np.uint8), np.zeros(3, np.float32),
                  np.zeros((), np.uint8)],
}
GETTERS = {"xseg_mask": "get_xseg_mask_compressed"}


@pytest.mark.parametrize("key", sorted(BAD))
def test_value_of_another_kind_names_the_file_and_the_key(tmp_path, key):
    path = write_face(tmp_path / "face.jpg", size=32)
    for value in BAD[key]:
        face = DFLJPG.load(str(path))
        face.get_dict()[key] = value
        with pytest.raises(CorruptFileError, match="face.jpg.*" + key):
            getattr(face, GETTERS.get(key, "get_" + key))()


@pytest.mark.parametrize("stored, name", [
    ("00001.png", "00001.png"), ("/videos/00001.png", "00001.png"), ("C:\\x\\1.png", "1.png"),
    ("../../1.png", "1.png"), ("frame 12:30?.png", "frame 12:30?.png"), (None, None)])
def test_source_filename_has_no_folder(stored, name):
    assert face_fields.read_file_name(stored, "source_filename", "face.jpg") == name


def test_a_mask_of_another_kind_is_named_when_it_has_to_be_made_smaller(tmp_path):
    face = DFLJPG.load(str(write_face(tmp_path / "face.jpg", size=32)))
    face.get_dict()["xseg_mask"] = b"x" * 70000
    with pytest.raises(CorruptFileError, match="face.jpg.*xseg_mask"):
        face.save()


def test_numbers_are_a_copy_and_keep_their_kind():
    values = np.arange(4, dtype=np.int32)
    result = face_fields.read_numbers(values, "source_rect", "face.jpg")
    assert result is not values and result.dtype == np.int32 and (result == values).all()
    assert face_fields.read_number(np.float64(1.25), "eyebrows_expand_mod", "face.jpg") == 1.25


@pytest.mark.parametrize("shape", [(9,), (9, 1)])
def test_mask_of_either_opencv(shape):
    mask = np.zeros(shape, np.uint8)
    assert face_fields.read_encoded_mask(mask, "xseg_mask", "face.jpg") is mask

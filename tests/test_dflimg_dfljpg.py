"""Face JPEGs: reading, writing, refusing (spec 30 section 2)."""
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from data_support import FILES, load_fixture, load_json, make_landmarks, write_face

from core.errors import UserError
from core.imagelib import SegIEPolys, SegIEPolyType
from DFLIMG import DFLIMG, DFLJPG
from DFLIMG.jpeg_segments import (CorruptJpegError, insert_app15, join_segments,
                                  parse_segments)


@pytest.fixture
def face_path(tmp_path):
    path = tmp_path / "00001_0.jpg"
    path.write_bytes(load_fixture("dfl_jpg_b64"))
    return path


def test_fields_of_a_new_object():
    face = DFLJPG("a.jpg")
    assert vars(face) == dict(filename="a.jpg", data=b"", length=0, chunks=[], tail=b"",
                              dfl_dict=None, shape=None, img=None)


@pytest.mark.parametrize("name", ["dfl_jpg", "dfl_jpg_2"])
def test_every_field_of_the_fixtures(tmp_path, name):
    path = tmp_path / "f.jpg"
    path.write_bytes(load_fixture(name + "_b64"))
    expected = load_json("dfl_fixtures.json")[name + "_expected"]
    face = DFLIMG.load(path)
    assert face.has_data()
    assert list(face.get_dict()) == expected["keys_in_order"]
    assert list(face.get_shape()) == expected["shape"] and face.get_height() == 128
    assert face.get_face_type() == expected["face_type"]
    assert face.get_source_filename() == expected["source_filename"]
    assert face.get_landmarks().tolist() == expected["landmarks"]
    assert face.get_landmarks().dtype == np.float64
    assert np.asarray(face.get_source_rect()).tolist() == expected["source_rect"]
    assert face.get_source_landmarks().tolist() == expected["source_landmarks"]
    assert face.get_image_to_face_mat().tolist() == expected["image_to_face_mat"]


def test_polygons_and_mask_of_the_fixture(face_path):
    expected = load_json("dfl_fixtures.json")["dfl_jpg_expected"]
    face = DFLIMG.load(face_path)
    assert face.has_seg_ie_polys() and face.has_xseg_mask()
    polys = face.get_seg_ie_polys().dump()["polys"]
    assert [p["type"] for p in polys] == [p["type"] for p in expected["seg_ie_polys"]]
    assert polys[0]["pts"].tolist() == expected["seg_ie_polys"][0]["pts"]
    mask = np.zeros((128, 128, 1), np.float32)
    face.get_seg_ie_polys().overlay_mask(mask)
    assert mask.sum() == expected["overlay_mask_sum"]
    xseg = face.get_xseg_mask()
    assert xseg.dtype == np.float32
    assert list(xseg.shape) == expected["xseg_mask"]["decoded_shape"]
    assert xseg.sum() == expected["xseg_mask"]["sum"]
    assert len(face.get_xseg_mask_compressed()) == expected["xseg_mask"]["encoded_bytes"]


def test_plain_jpeg_has_no_data(tmp_path):
    path = tmp_path / "plain.jpg"
    path.write_bytes(load_fixture("plain_jpg_64x48_b64"))
    face = DFLIMG.load(path)
    assert not face.has_data() and face.get_shape() == (64, 48, 3)
    assert face.get_face_type() == "full_face" and face.get_eyebrows_expand_mod() == 1.0
    assert face.get_xseg_mask() is None and not face.get_seg_ie_polys().has_polys()
    assert face.get_image_to_face_mat() is None and face.get_source_landmarks().shape == ()
    with pytest.raises(KeyError):
        face.get_landmarks()


def test_shape_and_pixels_without_a_frame_header(tmp_path):
    face = DFLJPG(str(write_face(tmp_path / "a.jpg", size=40)))
    assert face.get_img().shape == (40, 40, 3) and face.get_img() is face.get_img()
    assert face.get_shape() == (40, 40, 3) and face.get_height() == 40
    assert DFLJPG("absent.jpg").get_height() == 0


@pytest.mark.parametrize("name", ["dfl_jpg", "dfl_jpg_2"])
def test_the_header_says_the_same_as_the_file(tmp_path, name):
    path = tmp_path / "f.jpg"
    path.write_bytes(load_fixture(name + "_b64"))
    whole, header = DFLJPG.load(str(path)), DFLJPG.load_header(str(path))
    assert header.shape == whole.shape and len(header.data) < len(whole.data)
    assert pickle.dumps(header.get_dict()) == pickle.dumps(whole.get_dict())
    path.write_bytes(b"text")
    with pytest.raises(CorruptJpegError):
        DFLJPG.load_header(str(path))
    with pytest.raises(FileNotFoundError):
        DFLJPG.load_header(str(tmp_path / "missing.jpg"))


def test_the_dict_is_handed_out_itself(face_path):
    face = DFLIMG.load(face_path)
    face.get_dict()["face_type"] = "head"
    assert face.get_face_type() == "head"
    other = {"face_type": "half_face"}
    face.set_dict(other)
    assert face.get_dict() is other
    face.set_dict()
    assert face.get_dict() is None and not face.has_data()


def test_legacy_polygons(face_path):
    face = DFLIMG.load(face_path)
    face.get_dict()["seg_ie_polys"] = [(1, [[1, 2], [30, 2], [30, 40]]), (0, [[5, 6]])]
    face.save()
    polys = DFLIMG.load(face_path).get_seg_ie_polys()
    assert [poly.get_pts_count() for poly in polys] == [3, 1]


def test_unchanged_fields_survive_a_save(face_path):
    before = DFLIMG.load(face_path)
    before.get_dict()["of_an_older_release"] = {"a": [1, 2.5, "x"]}
    before.save()
    after = DFLIMG.load(face_path)
    assert list(after.get_dict()) == list(before.get_dict())
    assert after.get_dict()["of_an_older_release"] == {"a": [1, 2.5, "x"]}
    assert (after.get_xseg_mask() == before.get_xseg_mask()).all()
    assert (after.get_img() == before.get_img()).all()


def test_written_metadata_is_readable_by_numpy_1_and_python_36(tmp_path):
    path = write_face(tmp_path / "a.jpg", source_rect=np.array([1, 2, 3, 4]),
                      image_to_face_mat=np.eye(3)[:2], eyebrows_expand_mod=np.float64(1.5))
    payload, = [s["data"] for s in parse_segments(path.read_bytes())[0] if s["name"] == "APP15"]
    assert payload[:2] == b"\x80\x03"
    assert b"numpy._core" not in payload and b"numpy.core.multiarray" in payload
    again = DFLIMG.load(path)
    assert again.get_source_rect().tolist() == [1, 2, 3, 4]
    assert again.get_eyebrows_expand_mod() == 1.5


def test_setters(tmp_path):
    path = write_face(tmp_path / "a.jpg")
    face = DFLIMG.load(path)
    polys = SegIEPolys()
    poly = polys.add_poly(SegIEPolyType.INCLUDE)
    for x, y in ((10, 10), (100, 12), (90, 100)):
        poly.add_pt(x, y)
    face.set_seg_ie_polys(polys)
    face.set_image_to_face_mat(np.float64([[1, 0, 2], [0, 1, 3]]))
    face.set_source_landmarks(make_landmarks(300).tolist())
    mask = np.zeros((64, 64, 1), np.float32)
    mask[10:40, 20:50] = 1
    face.set_xseg_mask(mask)
    face.save()
    again = DFLIMG.load(path)
    assert again.get_seg_ie_polys().get_pts_count() == 3
    assert again.get_image_to_face_mat().shape == (2, 3)
    assert again.get_source_landmarks().shape == (68, 2)
    assert (again.get_xseg_mask() == mask).all()
    again.set_xseg_mask(None)
    again.set_seg_ie_polys(SegIEPolys())
    again.save()
    last = DFLIMG.load(path)
    assert not last.has_xseg_mask() and not last.has_seg_ie_polys()
    assert "xseg_mask" not in last.get_dict()
    with pytest.raises(ValueError):
        last.set_seg_ie_polys([])


def test_only_one_metadata_segment_is_written(face_path):
    segments, tail = parse_segments(face_path.read_bytes())
    insert_app15(segments, pickle.dumps({"face_type": "head"}, protocol=3))
    face_path.write_bytes(join_segments(segments, tail))
    face = DFLIMG.load(face_path)
    assert face.get_face_type() == "head"  # the last one wins
    face.save()
    names = [s["name"] for s in parse_segments(face_path.read_bytes())[0]]
    assert names.count("APP15") == 1


# -- odd files (the table of section 2.4)

ODD_FILES = {
    # name: (change of the file's bytes, loads, has data, knows its shape)
    "as it is": (lambda d: d, True, True, True),
    "empty": (lambda d: b"", True, False, False),
    "cut inside the scan": (lambda d: d[:-300], True, True, True),
    "end marker missing": (lambda d: d[:-2], True, True, True),
    "half of the end marker": (lambda d: d[:-1], True, True, True),
    "cut inside the metadata": (lambda d: d[:app15_start(d) + 700], False, None, None),
    "cut before the metadata's bytes": (lambda d: d[:app15_start(d) + 4], False, None, None),
    "cut in the metadata's first byte": (lambda d: d[:app15_start(d) + 5], False, None, None),
    "cut in another segment": (lambda d: d[:d.index(b"\xff\xdb") + 20], True, True, False),
    "cut in an APP0": (lambda d: d[:12], True, False, False),
    "zeros behind it": (lambda d: d + bytes(100), True, True, True),
    "a second JPEG behind it": (lambda d: d + d, True, True, True),
    "FF bytes behind it": (lambda d: d + b"\xff" * 7, True, True, True),
    "restart interval": (lambda d: put(d, b"\xff\xdd\0\x04\0\x08"), True, True, True),
    "fill bytes": (lambda d: put(d, b"\xff\xff\xff"), True, True, True),
    "segment without payload": (lambda d: put(d, b"\xff\xfe\0\x02"), True, True, True),
    "another frame header": (lambda d: d.replace(b"\xff\xc0\0", b"\xff\xc1\0"), True, True, True),
    "APP0 that is no JFIF": (lambda d: d.replace(b"JFIF\0", b"JFXX\0"), True, True, True),
    "short APP0": (lambda d: put(d, b"\xff\xe0\0\x04ab"), True, True, True),
    "EXIF before APP0": (lambda d: put(d, b"\xff\xe1\0\x0aExif\0\0ab"), True, True, True),
    "no APP0": (lambda d: d[:2] + d[d.index(b"\xff\xef"):], True, True, True),
    "no pickle in APP15": (lambda d: replace_app15(d, b"JVCI\0 something else"), True, False, True),
    "empty APP15": (lambda d: replace_app15(d, b""), True, False, True),
    "an empty APP15 behind it": (lambda d: put_app15(d, b""), True, True, True),
    "an empty dict": (lambda d: replace_app15(d, pickle.dumps({}, protocol=3)), True, False, True),
    "no dict": (lambda d: replace_app15(d, pickle.dumps([1], protocol=3)), False, None, None),
    "no JPEG": (lambda d: b"GIF89a" + d, False, None, None),
}


def app15_start(data):
    return data.index(b"\xff\xef")


def put(data, segment):
    """The file with these bytes behind its start marker."""
    return data[:2] + segment + data[2:]


def put_app15(data, payload):
    segments, tail = parse_segments(data)
    insert_app15(segments, payload)
    return join_segments(segments, tail)


def replace_app15(data, payload):
    segments, tail = parse_segments(data)
    segments = [segment for segment in segments if segment["name"] != "APP15"]
    return put_app15(join_segments(segments, tail), payload)


@pytest.mark.parametrize("name", sorted(ODD_FILES))
def test_odd_file(face_path, capsys, name):
    change, loads, has_data, has_shape = ODD_FILES[name]
    data = change(face_path.read_bytes())
    face_path.write_bytes(data)
    face = DFLIMG.load(face_path)
    assert (face is not None) == loads
    if face is None:
        assert str(face_path) in capsys.readouterr().out
        return
    assert face.has_data() == has_data
    assert face.shape == ((128, 128, 3) if has_shape else None)
    if has_data:
        assert face.get_landmarks().shape == (68, 2)
        # Saved again, it still holds its metadata, its pixels and what surrounds them.
        face.save()
        again = DFLIMG.load(face_path)
        assert list(again.get_dict()) == list(face.get_dict()) and again.shape == face.shape
        assert again.tail == face.tail
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is not None:
            assert (again.get_img() == pixels).all()


def test_gray_file_counts_three_channels(tmp_path):
    face = DFLIMG.load(write_face(tmp_path / "g.jpg", size=40, channels=1))
    assert face.get_shape() == (40, 40, 3) and face.get_img().shape == (40, 40)


def test_segments_that_are_not_ours_stay(face_path, capsys):
    face_path.write_bytes(replace_app15(face_path.read_bytes(), b"JVCI\0something else"))
    face = DFLIMG.load(face_path)
    assert str(face_path) in capsys.readouterr().out
    face.set_face_type("head")
    face.save()
    payloads = [s["data"] for s in parse_segments(face_path.read_bytes())[0]
                if s["name"] == "APP15"]
    assert payloads[0] == b"JVCI\0something else" and len(payloads) == 2
    assert DFLIMG.load(face_path).get_face_type() == "head"


def test_a_missing_file_raises_only_in_load_raw(tmp_path):
    assert DFLJPG.load(str(tmp_path / "gone.jpg")) is None
    with pytest.raises(FileNotFoundError):
        DFLJPG.load_raw(str(tmp_path / "gone.jpg"))


# -- what does not fit

def test_metadata_over_the_limit_shrinks_the_mask(face_path):
    face = DFLIMG.load(face_path)
    rnd = np.random.RandomState(0)
    face.set_xseg_mask((rnd.rand(220, 220, 1) > 0.5).astype(np.float32))
    face.get_dict()["padding"] = "x" * 45000
    face.save()
    again = DFLIMG.load(face_path)
    assert again.get_landmarks().shape == (68, 2)
    assert again.get_xseg_mask().ndim == 3


def test_a_file_that_cannot_be_written_stays_as_it_is(face_path):
    before = face_path.read_bytes()
    face = DFLIMG.load(face_path)
    face.get_dict()["padding"] = "x" * 70000
    with pytest.raises(UserError) as error:
        face.save()
    assert str(face_path) in str(error.value)
    assert face_path.read_bytes() == before
    assert [p.name for p in face_path.parent.iterdir()] == [face_path.name]


@pytest.mark.parametrize("value", [np.str_("00001.png"), Path("00001.png"), {(1, 2): 3}, {"a"},
                                   np.array([None]), bytearray(b"a")], ids=repr)
def test_what_no_reader_takes_is_not_written(face_path, value):
    """A face with it would be left out as unsafe ever after."""
    before = face_path.read_bytes()
    face = DFLIMG.load(face_path)
    face.set_source_filename(value)
    with pytest.raises(UserError, match="(?s)cannot save .*00001_0.jpg.*only texts, numbers"):
        face.save()
    assert [(p.name, p.read_bytes()) for p in face_path.parent.iterdir()] == [
        (face_path.name, before)]


# -- files of existing installs

def test_files_of_an_install_load_with_every_field():
    truth = load_json("files/truth.json")
    for path in sorted(FILES.glob("*.jpg")):
        expected, face = truth[path.name], DFLIMG.load(path)
        assert sorted(face.get_dict()) == expected["keys"]
        assert face.get_face_type() == expected["face_type"]
        assert face.get_eyebrows_expand_mod() == expected["eyebrows_expand_mod"]
        assert face.get_source_filename() == expected["source_filename"]
        assert list(face.get_source_rect()) == expected["source_rect"]
        assert face.get_image_to_face_mat().shape == tuple(expected["image_to_face_mat"][2])
        assert list(face.get_shape()) == expected["shape"]
        polys = face.get_seg_ie_polys().get_polys()
        assert len(polys) == len(expected["seg_ie_polys"])
        if expected["xseg_mask"] is not None:
            assert list(face.get_xseg_mask().shape) == expected["xseg_mask"][2]


def test_rewriting_a_file_of_an_install_changes_no_pixel_and_no_field():
    for path in sorted(FILES.glob("*.jpg")):
        face = DFLIMG.load(path)
        written = face.dump()
        assert written == path.read_bytes()
        face.get_dict()["of_a_newer_release"] = 1
        written = face.dump()
        face.get_dict().pop("of_a_newer_release")
        again = DFLJPG.load(str(path), loader_func=lambda _, data=written: data)
        assert list(again.get_dict()) == list(face.get_dict()) + ["of_a_newer_release"]
        assert again.get_landmarks().tolist() == face.get_landmarks().tolist()
        assert (again.get_img() == cv2.imread(str(path), cv2.IMREAD_UNCHANGED)).all()

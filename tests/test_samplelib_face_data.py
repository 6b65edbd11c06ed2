"""Face data out of the header of a face JPEG (spec 30 section 4.2)."""
import cv2
import numpy as np
import pytest
from data_support import (FACES, FILES, crafted_pickle, make_picture, write_face,
                          write_fixture_faces)

from core.imagelib import SegIEPolys, SegIEPolyType
from DFLIMG import DFLIMG, DFLJPG
from samplelib.face_data import read_face_data


def assert_as_loaded(path):
    """The same as from the whole file."""
    data, reason = read_face_data(str(path))
    face = DFLIMG.load(path)
    assert reason is None
    assert data[:2] == (face.get_face_type(), face.get_shape())
    assert data[2].dtype == face.get_landmarks().dtype
    assert (data[2] == face.get_landmarks()).all()
    assert data[3].identical(face.get_seg_ie_polys())
    mask = face.get_xseg_mask_compressed()
    assert (data[4] is None) == (mask is None) and (mask is None or (data[4] == mask).all())
    assert data[5:] == (face.get_eyebrows_expand_mod(), face.get_source_filename())


def test_files_of_an_install(tmp_path):
    for path in sorted(FILES.glob("*.jpg")) + sorted(FACES.glob("*.jpg")):
        assert_as_loaded(path)
    for path in write_fixture_faces(tmp_path):
        assert_as_loaded(path)


def test_masks_polygons_and_gray(tmp_path):
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.EXCLUDE).set_points(np.float32([[1, 2], [3, 4], [5, 6]]))
    face = DFLJPG.load(str(write_face(tmp_path / "a.jpg", channels=1)))
    face.set_seg_ie_polys(polys)
    face.set_xseg_mask(np.random.RandomState(0).rand(200, 200, 1))
    face.save()
    assert len(face.dump()) > 30000  # longer than one block of a buffered file
    assert_as_loaded(tmp_path / "a.jpg")


def test_pixels_are_not_read(tmp_path):
    """What stands behind the header may be cut off or damaged: decoding would fail or differ."""
    path = write_face(tmp_path / "a.jpg")
    whole = read_face_data(str(path))[0]
    data = path.read_bytes()
    scan = data.index(b"\xff\xda")
    path.write_bytes(data[:scan + 20])
    again = read_face_data(str(path))[0]
    assert again[1] == whole[1] == (128, 128, 3) and (again[2] == whole[2]).all()


def test_face_data_behind_the_pixels_are_found(tmp_path):
    path = write_face(tmp_path / "a.jpg")
    expected = read_face_data(str(path))[0]
    face = DFLJPG.load(str(path))
    segments = face.chunks
    moved = [s for s in segments if s["m_h"] == 0xEF]
    rest = [s for s in segments if s["m_h"] != 0xEF]
    from DFLIMG.jpeg_segments import join_segments
    # behind the end of the scan, in front of the end of the image
    path.write_bytes(join_segments(rest[:-1] + moved + rest[-1:]))
    found, reason = read_face_data(str(path))
    if DFLJPG.load(str(path)).has_data():
        assert reason is None and (found[2] == expected[2]).all()


@pytest.mark.parametrize("make, reason", [
    (lambda path: path.write_bytes(b""), "holds no face data"),
    (lambda path: path.write_bytes(b"text"), "no marker at byte 0"),
    (lambda path: cv2.imwrite(str(path), make_picture(40)), "holds no face data"),
    (lambda path: write_face(path, face_type="no_face"), "no_face"),
    (lambda path: write_face(path, landmarks=[[1, 2]] * 5), "landmarks of the shape (5, 2)"),
    (lambda path: write_face(path, landmarks=None), "has no landmarks"),
    (lambda path: write_face(path, seg_ie_polys={"polys": 3}), "seg_ie_polys cannot be used"),
    (lambda path: path.mkdir(), "cannot be read"),
    (lambda path: None, "cannot be read")])
def test_reasons_name_the_file(tmp_path, make, reason):
    path = tmp_path / "a.jpg"
    make(path)
    data, text = read_face_data(str(path))
    assert data is None and str(path) in text and reason in text


def test_other_containers_and_suffixes(tmp_path):
    assert "faces are JPEG files" in read_face_data(str(tmp_path / "a.png"))[1]
    write_face(tmp_path / "a.jpg").rename(tmp_path / "A.JPEG")
    assert read_face_data(str(tmp_path / "A.JPEG"))[1] is None


def test_a_crafted_file_is_refused_and_runs_nothing(tmp_path):
    marker = tmp_path / "marker"
    path = write_face(tmp_path / "a.jpg")
    payload = crafted_pickle(marker)
    data = path.read_bytes()
    segment = b"\xff\xef" + (len(payload) + 2).to_bytes(2, "big") + payload
    path.write_bytes(data[:2] + segment + data[2:].replace(b"\xff\xef", b"\xff\xed", 1))
    found, reason = read_face_data(str(path))
    assert found is None and str(path) in reason and "open" in reason
    assert not marker.exists()

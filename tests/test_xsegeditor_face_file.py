import errno
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import core.durable_write
from core.errors import UserError
from core.imagelib import SegIEPolys, SegIEPolyType
from DFLIMG import DFLJPG
from DFLIMG.jpeg_segments import APP15, parse_segments
from xseg_support import write_labelled_faces
from XSegEditor.face_file import (FaceConflictError, open_face, read_facts, save_polys, trash_face)

GOLDEN = Path(__file__).parent / "golden" / "data"


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return write_labelled_faces(tmp_path_factory.mktemp("faces"), "src", 0, 2)


@pytest.fixture
def path(faces, tmp_path):
    return Path(shutil.copy(str(faces / "00000_0.jpg"), str(tmp_path)))


def make_polys(*kinds, offset=0.0):
    polys = SegIEPolys()
    for number, kind in enumerate(kinds):
        pts = np.float32([[10, 10], [100.25, 12], [90, 110.5]]) + 40 * number + offset
        polys.add_poly(kind).set_points(pts)
    polys.sort()
    return polys


TWO = (SegIEPolyType.EXCLUDE, SegIEPolyType.INCLUDE)


def read_image_bytes(path):
    """The file without its face data."""
    segments, tail = parse_segments(path.read_bytes())
    return [(chunk["m_h"], chunk["data"], chunk["ex_data"]) for chunk in segments
            if chunk["m_h"] != APP15], tail


def test_saving_changes_nothing_but_the_polygons(path):
    face = DFLJPG.load(str(path))
    face.set_xseg_mask(np.random.RandomState(0).rand(64, 64, 1))
    face.get_dict()["of_another_program"] = [1, "two"]
    face.save()
    before, image = dict(DFLJPG.load(str(path)).get_dict()), read_image_bytes(path)
    opened = open_face(path)
    save_polys(opened, make_polys(*TWO))
    assert read_image_bytes(path) == image
    after = dict(DFLJPG.load(str(path)).get_dict())
    assert list(after) == list(before)
    polys = SegIEPolys.load(after.pop("seg_ie_polys"))
    assert [poly.get_type() for poly in polys] == [SegIEPolyType.INCLUDE, SegIEPolyType.EXCLUDE]
    assert polys.dump()["polys"][1]["pts"].tolist() == [[10, 10], [100.25, 12], [90, 110.5]]
    del before["seg_ie_polys"]
    for key in before:
        np.testing.assert_array_equal(after[key], before[key])


def test_unchanged_polygons_are_not_written(path):
    opened, before = open_face(path), path.stat().st_mtime_ns
    assert save_polys(opened, opened.polys) is None
    assert path.stat().st_mtime_ns == before


def test_another_type_is_a_change(path):
    """`identical` does not see it."""
    opened = open_face(path)
    polys = SegIEPolys.load(opened.polys.dump())
    polys.get_poly(0).type = SegIEPolyType.EXCLUDE
    assert polys.identical(opened.polys)
    save_polys(opened, polys)
    assert open_face(path).polys.get_poly(0).get_type() == SegIEPolyType.EXCLUDE


def test_no_polygons_remove_the_key(path):
    save_polys(open_face(path), SegIEPolys())
    assert "seg_ie_polys" not in DFLJPG.load(str(path)).get_dict()
    assert read_facts(path) == dict(polys=0, xseg_mask=False)


def test_face_changed_by_another_program_is_named(path):
    opened = open_face(path)
    save_polys(open_face(path), make_polys(SegIEPolyType.INCLUDE))
    with pytest.raises(FaceConflictError, match="00000_0.jpg was changed by another program"):
        save_polys(opened, make_polys(*TWO))
    assert read_facts(path)["polys"] == 1
    save_polys(opened, make_polys(*TWO), is_forced=True)
    assert read_facts(path)["polys"] == 2


def test_mask_of_another_program_is_kept(path):
    opened = open_face(path)
    face = DFLJPG.load(str(path))
    face.set_xseg_mask(np.ones((16, 16, 1)))
    face.save()
    save_polys(opened, make_polys(*TWO))
    assert read_facts(path) == dict(polys=2, xseg_mask=True)


def test_face_of_another_size_is_named(path):
    opened = open_face(path)
    face = DFLJPG.load(str(path))
    small = path.with_name("small.jpg")
    cv2.imwrite(str(small), cv2.resize(face.get_img(), (64, 64)))
    other = DFLJPG.load(str(small))
    other.set_dict(face.get_dict())
    other.filename = str(path)
    other.save()
    with pytest.raises(FaceConflictError, match="another size"):
        save_polys(opened, make_polys(*TWO))


def test_face_that_shows_another_picture_is_named(path, faces):
    """`sort` gives faces other names: polygons must not get onto the face of another."""
    opened, other = open_face(path), DFLJPG.load(str(faces / "00001_0.jpg"))
    other.get_dict()["seg_ie_polys"] = opened.polys.dump()
    other.filename = str(path)
    other.save()
    with pytest.raises(FaceConflictError, match="shows another picture"):
        save_polys(opened, make_polys(*TWO))
    assert read_facts(path)["polys"] == 1
    save_polys(opened, make_polys(*TWO), is_forced=True)
    assert read_facts(path)["polys"] == 2


@pytest.mark.parametrize("content", [None, b"", b"\0" * 5000])
def test_face_that_is_gone_or_destroyed(path, content):
    opened = open_face(path)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(FaceConflictError, match="00000_0.jpg are not stored") as caught:
        save_polys(opened, make_polys(*TWO))
    assert "F5" in caught.value.remedies[-1]    # the way on to the other faces
    assert content is None or path.read_bytes() == content


def test_read_only_disk_is_named_and_the_face_untouched(path, monkeypatch):
    def refuse(*args):
        raise OSError(errno.EROFS, "Read-only file system", args[0])
    opened, before = open_face(path), path.read_bytes()
    monkeypatch.setattr(core.durable_write, "open", refuse, raising=False)
    with pytest.raises(UserError, match="cannot be written: Read-only file system") as caught:
        save_polys(opened, make_polys(*TWO))
    assert path.name in caught.value.what and "F5" in caught.value.remedies[-1]
    monkeypatch.undo()
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_too_many_points_are_refused_and_the_face_untouched(path):
    polys, before = SegIEPolys(), path.read_bytes()
    polys.add_poly(SegIEPolyType.INCLUDE).set_points(
        np.random.RandomState(0).rand(9000, 2).astype(np.float32) * 256)
    with pytest.raises(UserError, match="a JPEG holds"):
        save_polys(open_face(path), polys)
    assert path.read_bytes() == before


def test_pictures_that_are_no_faces(path):
    plain = path.with_name("plain.jpg")
    cv2.imwrite(str(plain), np.zeros((32, 32, 3), np.uint8))
    assert read_facts(plain) is None
    with pytest.raises(UserError, match="without face data"):
        open_face(plain)
    with pytest.raises(UserError, match="is gone\\."):
        open_face(path.with_name("missing.jpg"))


def test_trash_takes_a_free_name(path):
    folder = path.parent / "faces_trash"
    assert trash_face(path, folder).name == "00000_0.jpg"
    path.write_bytes(b"another")
    assert trash_face(path, folder).name == "00000_0_1.jpg"
    assert len(list(folder.iterdir())) == 2 and not path.exists()


@pytest.mark.parametrize("name", ["faces/00001_0.jpg", "files/00001_0.jpg", "files/00002_0.jpg"])
def test_polygons_that_the_reference_saved(name, tmp_path):
    """They load, are drawn as they are, and an unchanged face is not written again."""
    from XSegEditor.canvas_model import CanvasModel
    from XSegEditor.scene import build_scene
    path = Path(shutil.copy(str(GOLDEN / name), str(tmp_path)))
    opened = open_face(path)
    stored = DFLJPG.load(str(path)).get_dict()["seg_ie_polys"]["polys"]
    model = CanvasModel()
    model.view.size = (800, 600)
    model.open_image(opened.image.shape[1::-1], opened.polys)
    outlines = build_scene(model).outlines
    assert len(outlines) == len(stored) > 0
    for outline, poly in zip(outlines, sorted(stored, key=lambda poly: -poly["type"])):
        assert outline.is_dotted == (poly["type"] == 0)
        np.testing.assert_allclose(model.view.to_image(outline.pts), poly["pts"], atol=1e-3)
    assert save_polys(opened, model.close_image()) is None

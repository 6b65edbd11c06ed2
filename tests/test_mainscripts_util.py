"""mainscripts/Util.py and faceset_metadata.py: small operations on a faceset."""
import cv2
import faceset_support
import numpy as np
import pytest
from faceset_tools_support import (answer, copy_faces, count_contents, list_names, read_tree,
                                   write_other_pictures, write_useless_files)

from core import persist
from core.errors import UserError
from core.imagelib import SegIEPolys, SegIEPolyType
from DFLIMG import DFLIMG
from mainscripts import Util

RESTORE = Util.restore_faceset_metadata_folder
SAVE = Util.save_faceset_metadata_folder


@pytest.fixture
def faces(tmp_path, facesets, monkeypatch):
    answer(monkeypatch)
    return copy_faces(facesets.src, tmp_path / "faces", 4)


def edit(path, size=None):
    """As an editor saves a picture: without its data, perhaps of another size."""
    picture = cv2.imread(str(path))
    picture = picture if size is None else cv2.resize(picture, (size, size))
    path.write_bytes(cv2.imencode(path.suffix, 255 - picture)[1].tobytes())


# -- metadata

def test_metadata_come_back_into_edited_pictures(faces):
    before = {path.name: DFLIMG.load(path) for path in faces.iterdir()}
    SAVE(faces)
    content = persist.load(faces / "meta.dat")
    assert set(content) == set(before) and content["00001_0.jpg"][0] == (64, 64, 3)
    for number, size in enumerate((None, 200, 32)):
        edit(faces / ("%05d_0.jpg" % number), size)
    RESTORE(faces)
    assert list_names(faces) == sorted(before)
    for name, old in before.items():
        face = DFLIMG.load(faces / name)
        assert list(face.get_dict()) == list(old.get_dict())
        assert (face.get_landmarks() == old.get_landmarks()).all()
        assert face.get_shape() == old.get_shape()
        is_edited = name != "00003_0.jpg"
        difference = face.get_img().astype(int) - old.get_img()
        assert (np.abs(difference).mean() > 20) == is_edited


def test_metadata_of_pictures_that_are_gone_and_new_ones(faces, capsys):
    SAVE(faces)
    (faces / "00000_0.jpg").unlink()
    names = write_other_pictures(faces)
    before = {name: (faces / name).read_bytes() for name in names}
    RESTORE(faces)
    assert "1 faces of meta.dat are not in the folder" in capsys.readouterr().out
    assert {name: (faces / name).read_bytes() for name in names} == before


def test_a_picture_that_cannot_be_restored_keeps_meta_dat(faces):
    SAVE(faces)
    (faces / "00001_0.jpg").write_bytes(b"damaged")
    edit(faces / "00002_0.jpg")
    with pytest.raises(UserError, match="1 pictures have not"):
        RESTORE(faces)
    assert (faces / "meta.dat").exists()
    assert DFLIMG.load(faces / "00002_0.jpg").has_data()


def test_a_picture_saved_as_png_under_its_name(faces):
    SAVE(faces)
    path = faces / "00001_0.jpg"
    path.write_bytes(cv2.imencode(".png", cv2.imread(str(path)))[1].tobytes())
    RESTORE(faces)
    assert DFLIMG.load(path).has_data()


def test_a_face_that_an_editor_has_saved_as_png_keeps_meta_dat(faces, capsys):
    SAVE(faces)
    path = sorted(faces.glob("*.jpg"))[0]
    picture = cv2.imread(str(path))
    path.unlink()
    cv2.imwrite(str(path.with_suffix(".png")), picture)
    with pytest.raises(UserError, match="1 pictures have not got their data"):
        RESTORE(faces)
    assert path.with_suffix(".png").name + " is no JPEG" in capsys.readouterr().out
    cv2.imwrite(str(path), picture)
    path.with_suffix(".png").unlink()
    RESTORE(faces)
    assert DFLIMG.load(path).has_data() and not (faces / "meta.dat").exists()


def test_meta_dat_of_other_faces_is_kept(faces):
    """Saving after the pictures were edited would lose what was saved before."""
    SAVE(faces)
    SAVE(faces)
    assert not (faces / "meta_0.dat").exists()
    saved = (faces / "meta.dat").read_bytes()
    edit(faces / "00001_0.jpg")
    SAVE(faces)
    assert (faces / "meta_0.dat").read_bytes() == saved
    assert len(persist.load(faces / "meta.dat")) == 3


@pytest.mark.parametrize("content, message", [
    (None, "no .*meta.dat"), (b"", "meta.dat"), (b"\x80\x04.", "meta.dat"),
    (persist.dumps({"a.jpg": ((64, 64, 3), None)}), "no metadata"),
    (persist.dumps({"a.jpg": ((1 << 30, 1 << 30, 3), {})}), "no metadata"),
    (persist.dumps([1]), "no metadata"),
    (b"cos\nsystem\n(S'touch x'\ntR.", "meta.dat"),
    (persist.dumps({"other.jpg": ((64, 64, 3), {})}), "No picture")])
def test_no_usable_meta_dat(content, message, faces):
    if content is not None:
        (faces / "meta.dat").write_bytes(content)
    before = read_tree(faces)
    with pytest.raises(UserError, match=message):
        RESTORE(faces)
    assert read_tree(faces) == before


# -- names

def test_original_names_come_back(faces):
    """Names of the frames; numbers in the present order; what has no frame keeps its name."""
    faceset_support.write_face(faces / "00002_7.jpg", faceset_support.render_frame("dst", 0))
    useless = write_useless_files(faces, faces / "00000_0.jpg") + write_other_pictures(faces)
    by_frame = {}
    for path in sorted(faces.glob("0*.jpg"), reverse=True):
        by_frame.setdefault(path.stem[:5], []).append(path.read_bytes())
    for number, path in enumerate(sorted(faces.glob("0*.jpg"), reverse=True)):
        path.rename(faces / ("%05d.jpg" % number))
    before = count_contents(faces)
    Util.recover_original_aligned_filename(faces)
    assert list_names(faces) == sorted(useless + ["%05d_0.jpg" % n for n in range(4)]
                                       + ["00002_1.jpg"])
    assert count_contents(faces) == before
    for frame, contents in by_frame.items():
        for number, content in enumerate(contents):
            assert (faces / ("%s_%d.jpg" % (frame, number))).read_bytes() == content


def test_a_name_that_another_file_keeps_is_passed_over(faces):
    path = faces / "00001_0.jpg"
    path.rename(faces / "x.jpg")
    edit_name = faces / "00001_0.jpg"
    edit_name.write_bytes(cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    Util.recover_original_aligned_filename(faces)
    assert "00001_1.jpg" in list_names(faces) and not DFLIMG.load(edit_name).has_data()


# -- pictures beside

def test_pictures_with_landmarks(faces):
    useless = write_useless_files(faces, faces / "00000_0.jpg")
    before = read_tree(faces)
    for _ in range(2):      # not of those of the first run
        Util.add_landmarks_debug_images(faces)
    after = read_tree(faces)
    assert {name: after[name] for name in before} == before
    assert sorted(set(after) - set(before)) == ["%05d_0_debug.jpg" % n for n in range(4)]
    picture = cv2.imread(str(faces / "00000_0_debug.jpg"))
    assert picture.shape == (64, 64, 3) and useless
    green = picture[..., 1].astype(int) - picture[..., 2]
    assert (green > 60).sum() > 30


def test_landmarks_of_frames(tmp_path):
    path = faceset_support.write_face(tmp_path / "a.jpg", faceset_support.render_frame("src", 0))
    face = DFLIMG.load(path)
    face.set_face_type("mark_only")
    face.set_source_rect([5, 5, 50, 50])
    face.save()
    Util.add_landmarks_debug_images(tmp_path)
    picture = cv2.imread(str(tmp_path / "a_debug.jpg")).astype(int)
    assert (picture[5, 10:45, 0] - picture[5, 10:45, 2]).mean() > 50    # the blue rectangle


def test_pictures_that_cannot_be_written(faces):
    (faces / "00000_0_debug.jpg.tmp").mkdir()       # as on a full disk
    with pytest.raises(UserError, match="1 of .* results could not be written: .*00000_0_debug"):
        Util.add_landmarks_debug_images(faces)


def test_masks(faces):
    """The applied mask before the polygons; a face with neither is named."""
    face = DFLIMG.load(faces / "00000_0.jpg")
    face.set_xseg_mask(np.pad(np.ones((128, 256), np.float32), ((128, 0), (0, 0)),
                              mode="constant"))
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.INCLUDE).set_points(np.float32([[0, 0], [31, 0], [31, 63],
                                                                 [0, 63]]))
    face.set_seg_ie_polys(polys)
    face.save()
    face = DFLIMG.load(faces / "00001_0.jpg")
    face.set_seg_ie_polys(polys)
    face.save()
    Util.export_faceset_mask(faces)
    assert sorted(set(list_names(faces)) - {"%05d_0.jpg" % n for n in range(4)}) == [
        "00000_0_mask.jpg", "00001_0_mask.jpg"]
    mask = cv2.imread(str(faces / "00000_0_mask.jpg"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (256, 256) and mask[:120].max() < 20 and mask[136:].min() > 235
    mask = cv2.imread(str(faces / "00001_0_mask.jpg"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (64, 64) and mask[:, :24].min() > 235 and mask[:, 40:].max() < 20


@pytest.mark.parametrize("operation", [
    Util.add_landmarks_debug_images, Util.export_faceset_mask, Util.show_faceset_info, SAVE,
    Util.recover_original_aligned_filename])
def test_refusals(operation, tmp_path):
    with pytest.raises(UserError, match="no folder"):
        operation(tmp_path / "none")
    with pytest.raises(UserError, match="no pictures"):
        operation(tmp_path)
    write_other_pictures(tmp_path)
    before = read_tree(tmp_path)
    with pytest.raises(UserError):
        operation(tmp_path)
    assert read_tree(tmp_path) == before
    (tmp_path / "faceset.pak").write_bytes(b"")
    with pytest.raises(UserError, match="packed"):
        operation(tmp_path)


def test_info(faces, capsys):
    write_other_pictures(faces)
    Util.show_faceset_info(faces)
    out = capsys.readouterr().out
    for line in ("4 faces, 6 other pictures.", "Face type whole_face: 4", "Size 64 x 64: 4",
                 "0 with polygons", "0 with an applied XSeg mask", "4 frames"):
        assert line in out

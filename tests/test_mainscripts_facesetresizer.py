"""mainscripts/FacesetResizer.py: pixels and data of resized faces, and what is left of failures."""
import errno
import os

import cv2
import faceset_support
import numpy as np
import pytest
from faceset_tools_support import (answer, copy_faces, list_names, read_tree, write_gray_face,
                                   write_other_pictures, write_useless_files)

from core import persist
from core.errors import UserError
from core.imagelib import SegIEPolys, SegIEPolyType
from core.mathlib import transform_points
from DFLIMG import DFLIMG
from facelib import FaceType, LandmarksProcessor
from mainscripts import FacesetResizer

POLYGON = np.float32([[10, 10], [50, 12], [30, 60]])


@pytest.fixture
def faces(tmp_path, facesets):
    folder = copy_faces(facesets.src, tmp_path / "faces.v1", 3)
    face = DFLIMG.load(folder / "00001_0.jpg")
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.INCLUDE).set_points(POLYGON)
    face.set_seg_ie_polys(polys)
    mask = np.zeros((256, 256, 1), np.float32)
    mask[64:192, 64:192] = 1
    face.set_xseg_mask(mask)
    face.save()
    return folder


def resize(folder, monkeypatch, **given):
    answer(monkeypatch, **given)
    FacesetResizer.process_folder(folder)
    return {path.name: DFLIMG.load(path) for path in sorted(folder.iterdir())}


def load(folder):
    return {path.name: DFLIMG.load(path) for path in sorted(folder.iterdir())}


def test_another_size(faces, monkeypatch):
    before = load(faces)
    after = resize(faces, monkeypatch, resize_size=128)
    assert list(after) == list(before) and not (faces.parent / "faces.v1_resized").exists()
    for name, face in after.items():
        old = before[name]
        assert face.get_shape() == (128, 128, 3) and face.get_face_type() == "whole_face"
        np.testing.assert_allclose(face.get_landmarks(), old.get_landmarks() * 2)
        expected = cv2.resize(old.get_img(), (128, 128), interpolation=cv2.INTER_LANCZOS4)
        assert np.abs(face.get_img().astype(int) - expected).mean() < 1
        np.testing.assert_allclose(
            transform_points(face.get_source_landmarks(), face.get_image_to_face_mat()),
            face.get_landmarks(), atol=0.5)
        assert face.get_source_filename() == old.get_source_filename()
    face = after["00001_0.jpg"]
    np.testing.assert_allclose(face.get_seg_ie_polys().get_poly(0).get_pts(), POLYGON * 2)
    assert (face.get_xseg_mask_compressed()
            == before["00001_0.jpg"].get_xseg_mask_compressed()).all()


@pytest.mark.parametrize("name, face_type", [("h", FaceType.HALF), ("f", FaceType.FULL),
                                             ("head", FaceType.HEAD)])
def test_another_face_type(faces, monkeypatch, name, face_type):
    before = load(faces)
    after = resize(faces, monkeypatch, resize_size=128, resize_face_type=name)
    for key, face in after.items():
        old = before[key]
        matrix = LandmarksProcessor.get_transform_mat(old.get_landmarks(), 128, face_type)
        assert face.get_shape() == (128, 128, 3)
        assert face.get_face_type() == FaceType.toString(face_type)
        np.testing.assert_allclose(face.get_landmarks(),
                                   transform_points(old.get_landmarks(), matrix), atol=1e-3)
        expected = cv2.warpAffine(old.get_img(), matrix, (128, 128), flags=cv2.INTER_LANCZOS4)
        assert np.abs(face.get_img().astype(int) - expected).mean() < 1
        np.testing.assert_allclose(
            transform_points(face.get_source_landmarks(), face.get_image_to_face_mat()),
            face.get_landmarks(), atol=0.5)
    face, old = after["00001_0.jpg"], before["00001_0.jpg"]
    matrix = LandmarksProcessor.get_transform_mat(old.get_landmarks(), 128, face_type)
    np.testing.assert_allclose(face.get_seg_ie_polys().get_poly(0).get_pts(),
                               transform_points(POLYGON, matrix), atol=1e-3)
    # the square of the mask, 16..48 of the 64 pixels of the old crop, in the new one
    mask = face.get_xseg_mask()
    assert mask.shape == (256, 256, 1) and set(np.unique(mask)) == {0, 1}
    drawn = np.zeros((128, 128), np.float32)
    corners = transform_points(np.float32([[16, 16], [48, 16], [48, 48], [16, 48]]), matrix)
    cv2.fillConvexPoly(drawn, np.round(corners).astype(np.int32), 1)
    assert np.abs(cv2.resize(mask, (128, 128)) - drawn).mean() < 0.04


def test_faces_that_a_fork_has_cropped(faces, monkeypatch):
    path = faces / "00000_0.jpg"
    face = DFLIMG.load(path)
    face.set_face_type("mve_custom")
    face.save()
    answer(monkeypatch, resize_size="128")
    FacesetResizer.process_folder(faces)
    old, new = face.get_dict(), DFLIMG.load(path)
    assert new.get_face_type() == "mve_custom" and new.get_shape() == (128, 128, 3)
    np.testing.assert_allclose(new.get_landmarks(), 2 * np.array(old["landmarks"]))
    np.testing.assert_allclose(new.get_image_to_face_mat(), 2 * np.array(old["image_to_face_mat"]))


def test_results_can_stay_beside(faces, monkeypatch):
    before = read_tree(faces)
    output = faces.parent / "faces.v1_resized"
    output.mkdir()
    (output / "old.jpg").write_bytes(b"of an earlier run")
    (output / "torn.jpg.tmp").write_bytes(b"of a killed run")
    (output / "notes.txt").write_bytes(b"kept")
    resize(faces, monkeypatch, resize_size=128, resize_merge="n")
    assert read_tree(faces) == before
    assert list_names(output) == sorted(list(before) + ["notes.txt"])
    resize(faces, monkeypatch, resize_size=128)
    assert list_names(output) == ["notes.txt"]


@pytest.mark.parametrize("only", [False, True])
def test_gray(faces, monkeypatch, only):
    """spec 60: with only_convert_to_grayscale the size is not asked and the data stay."""
    before = load(faces)
    if only:
        monkeypatch.setenv("only_convert_to_grayscale", "1")
    else:
        monkeypatch.setenv("resize_color_to_grayscale", "1")
    after = resize(faces, monkeypatch, **({} if only else dict(resize_size=128)))
    for name, face in after.items():
        picture, old = face.get_img(), before[name]
        scale = 1 if only else 2
        assert picture.shape == (64 * scale, 64 * scale)
        np.testing.assert_allclose(face.get_landmarks(), old.get_landmarks() * scale)
        gray = cv2.cvtColor(old.get_img(), cv2.COLOR_BGR2GRAY)
        gray = cv2.resize(gray, picture.shape, interpolation=cv2.INTER_LANCZOS4)
        assert np.abs(picture.astype(int) - gray).mean() < 1.5
    content = read_tree(faces)
    resize(faces, monkeypatch, **({} if only else dict(resize_size=128)))
    assert read_tree(faces) == content      # gray already: as it is


def test_gray_files_stay_gray(tmp_path, monkeypatch):
    write_gray_face(tmp_path / "a.jpg")
    face = resize(tmp_path, monkeypatch, resize_size=128, resize_face_type="f")["a.jpg"]
    assert face.get_img().shape == (128, 128)


def test_a_second_run_changes_nothing(faces, monkeypatch):
    """So a run that was interrupted while it merged is simply started again."""
    for given in (dict(resize_size=128), dict(resize_size=128, resize_face_type="f")):
        resize(faces, monkeypatch, **given)
        content = read_tree(faces)
        resize(faces, monkeypatch, **given)
        assert read_tree(faces) == content


def test_files_of_no_use_are_named_and_stay(faces, monkeypatch, capsys):
    names = write_useless_files(faces, faces / "00000_0.jpg") + write_other_pictures(faces)
    path = faceset_support.write_face(faces / "flat.jpg", faceset_support.render_frame("src", 1))
    flat = DFLIMG.load(path)
    data = flat.get_dict()
    path.write_bytes(cv2.imencode(".jpg", flat.get_img()[:40])[1].tobytes())
    flat = DFLIMG.load(path)
    flat.set_dict(data)
    flat.save()
    names.append("flat.jpg")
    before = {name: (faces / name).read_bytes() for name in names}
    after = resize(faces, monkeypatch, resize_size=128)
    assert {name: (faces / name).read_bytes() for name in names} == before
    assert after["00000_0.jpg"].get_shape() == (128, 128, 3)
    out = capsys.readouterr().out
    assert all(name in out for name in names) and "flat.jpg is not square: 64 x 40" in out


def test_results_are_kept_when_they_cannot_be_merged(faces, monkeypatch):
    """Whatever is not merged is still in the folder of the results."""
    before = read_tree(faces)
    real, left = persist.replace_file, [1]

    def replace(temp, path):
        if path.parent == faces:
            if left[0] == 0:
                raise UserError("{} cannot be replaced".format(path))
            left[0] -= 1
        real(temp, path)
    monkeypatch.setattr(persist, "replace_file", replace)
    with pytest.raises(UserError, match="cannot be replaced"):
        resize(faces, monkeypatch, resize_size=128)
    after, output = read_tree(faces), read_tree(faces.parent / "faces.v1_resized")
    assert [name for name in before if after[name] != before[name]] == ["00000_0.jpg"]
    assert sorted(output) == ["00001_0.jpg", "00002_0.jpg"]


def test_a_faceset_that_is_a_link_to_another_drive(faces, monkeypatch):
    """Its results are beside the link, and cannot be renamed onto the originals."""
    before, replace = load(faces), os.replace

    def refuse_other_folders(source, target):
        if os.path.dirname(str(source)) != os.path.dirname(str(target)):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        replace(source, target)
    monkeypatch.setattr(os, "replace", refuse_other_folders)
    after = resize(faces, monkeypatch, resize_size=128)
    assert list(after) == list(before)
    assert {face.get_shape() for face in after.values()} == {(128, 128, 3)}
    assert not (faces.parent / "faces.v1_resized").exists()


def test_nothing_is_merged_when_a_result_cannot_be_written(faces, monkeypatch):
    before = read_tree(faces)
    real = persist.write_bytes

    def write(path, data):
        if path.name == "00001_0.jpg":
            path = path.parent / "gone" / path.name     # as on a full disk
        real(path, data)
    monkeypatch.setattr(persist, "write_bytes", write)
    with pytest.raises(UserError, match="1 of 3 results could not be written: .*00001_0.jpg"):
        resize(faces, monkeypatch, resize_size=128)
    assert read_tree(faces) == before
    monkeypatch.setattr(persist, "write_bytes", real)
    resize(faces, monkeypatch, resize_size=128)
    assert not (faces.parent / "faces.v1_resized").exists()


def test_refusals(tmp_path, monkeypatch):
    answer(monkeypatch)
    with pytest.raises(UserError, match="no folder"):
        FacesetResizer.process_folder(tmp_path / "none")
    folder = tmp_path / "faces"
    folder.mkdir()
    write_other_pictures(folder)
    with pytest.raises(UserError, match="None of the files"):
        FacesetResizer.process_folder(folder)
    assert not (tmp_path / "faces_resized").exists()
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "faceset.pak").write_bytes(b"")
    with pytest.raises(UserError, match="packed"):
        FacesetResizer.process_folder(tmp_path / "packed")
    (tmp_path / "faces_resized").write_bytes(b"a file")
    with pytest.raises(UserError, match="faces_resized"):
        FacesetResizer.process_folder(folder)


@pytest.mark.parametrize("given", [dict(resize_face_type="mouth"), dict(resize_size="big")])
def test_answers_that_do_not_fit(faces, monkeypatch, given):
    with pytest.raises(UserError, match="does not fit"):
        resize(faces, monkeypatch, **given)

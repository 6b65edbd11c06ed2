"""mainscripts/Sorter.py: the outcome of every method, and that no file is ever lost."""
import os
import shutil

import cv2
import faceset_support
import numpy as np
import pytest
import sort_loops
from faceset_tools_support import (answer, copy_faces, count_contents, list_names,
                                   write_gray_face, write_other_pictures, write_useless_files)

from core import imagelib
from core.errors import UserError
from DFLIMG import DFLIMG
from facelib import LandmarksProcessor
from mainscripts import Sorter

METHODS = list(Sorter.sort_func_methods)


@pytest.fixture
def faces(tmp_path, facesets):
    return copy_faces(facesets.src, tmp_path / "faces")


@pytest.fixture(autouse=True)
def unattended(monkeypatch):
    answer(monkeypatch)


def sort(folder, method):
    """Names of before in their new order."""
    before = {path.read_bytes(): path.name for path in folder.iterdir()}
    Sorter.main(folder, method)
    return [before[path.read_bytes()] for path in sorted(folder.iterdir())]


def read(path):
    face = DFLIMG.load(path)
    picture = cv2.imread(str(path))
    mask = LandmarksProcessor.get_image_hull_mask(picture.shape, face.get_landmarks())
    return face, picture, (picture * mask).astype(np.uint8)


def estimate_pose(face):
    return LandmarksProcessor.estimate_pitch_yaw_roll(face.get_landmarks(), size=face.shape[1])


def rect_area(face):
    left, top, right, bottom = face.get_source_rect()
    return abs((right - left) * (bottom - top))


VALUES = {      # method: (value of (face, picture, picture inside the hull), descending)
    "blur": (lambda f, p, m: imagelib.estimate_sharpness(m), True),
    "motion-blur": (lambda f, p, m: cv2.Laplacian(m, cv2.CV_64F, ksize=11).var(), True),
    "face-yaw": (lambda f, p, m: estimate_pose(f)[1], True),
    "face-pitch": (lambda f, p, m: estimate_pose(f)[0], True),
    "face-source-rect-size": (lambda f, p, m: rect_area(f), True),
    "brightness": (lambda f, p, m: cv2.cvtColor(p, cv2.COLOR_BGR2HSV)[..., 2].mean(), True),
    "hue": (lambda f, p, m: cv2.cvtColor(p, cv2.COLOR_BGR2HSV)[..., 0].mean(), True),
    "black": (lambda f, p, m: p[p == 0].size, False),
    "origname": (lambda f, p, m: f.get_source_filename(), False),
}


@pytest.mark.parametrize("method", sorted(VALUES))
def test_order_by_a_value(method, faces):
    get_value, is_descending = VALUES[method]
    values = {path.name: get_value(*read(path)) for path in sorted(faces.iterdir())}
    expected = sorted(values, key=lambda name: values[name], reverse=is_descending)
    assert sort(faces, method) == expected
    assert list_names(faces) == ["%05d.jpg" % number for number in range(len(values))]
    assert not Sorter.find_trash_folder(faces).exists()


def test_rectangles_may_be_lists_and_inverted(faces):
    for number, rect in enumerate(([9, 9, 0, 0], np.array([0, 0, 20, 20]), [30, 0, 0, 30])):
        face = DFLIMG.load(faces / ("%05d_0.jpg" % number))
        face.set_source_rect(rect)
        face.save()
    order = sort(faces, "face-source-rect-size")
    assert order[-3:] == ["00002_0.jpg", "00001_0.jpg", "00000_0.jpg"]


@pytest.mark.parametrize("method", ["hist", "hist-dissim", "absdiff", "absdiff-far"])
def test_similarity_equals_plain_loops(method, faces, monkeypatch):
    paths = sorted(faces.iterdir())
    pictures = [cv2.imread(str(path)) for path in paths]
    if method == "hist":
        order = sort_loops.sort_hist([sort_loops.count_histograms(p) for p in pictures])
    elif method == "hist-dissim":
        grays = [cv2.cvtColor(read(path)[2], cv2.COLOR_BGR2GRAY)[..., None] for path in paths]
        order = sort_loops.sort_hist_dissim([sort_loops.count_histograms(p) for p in grays])
    else:
        order = sort_loops.sort_absdiff([p.astype(np.float32) for p in pictures],
                                        is_similar=method == "absdiff")
        answer(monkeypatch, absdiff_similar="n" if method == "absdiff-far" else "y")
    assert sort(faces, method.replace("-far", "")) == [paths[index].name for index in order]


def test_frames_with_one_face(faces):
    for name in ("00002_1.jpg", "00005_2.jpg", "7_1.jpg"):
        faceset_support.write_face(faces / name, faceset_support.render_frame("dst", 1))
    for name in ("a_b.jpg", "00001_0_mirror.jpg"):  # no frame and number: they stay
        faceset_support.write_face(faces / name, faceset_support.render_frame("dst", 2))
    before = count_contents(faces)
    kept = sort_names(faces, ["00000_0", "00001_0", "00001_0_mirror", "00003_0", "00004_0",
                              "00006_0", "a_b"])
    Sorter.main(faces, "oneface")
    trash = Sorter.find_trash_folder(faces)
    assert list_names(trash) == ["00002_0.jpg", "00002_1.jpg", "00005_0.jpg", "00005_2.jpg",
                                 "00007_0.jpg", "7_1.jpg"]
    assert [path.read_bytes() for path in sorted(faces.iterdir())] == kept
    assert count_contents(faces, trash) == before


def sort_names(folder, stems):
    return [(folder / (stem + ".jpg")).read_bytes() for stem in stems]


def test_nothing_happens_without_a_frame_with_several_faces(faces):
    names = list_names(faces)
    Sorter.main(faces, "oneface")
    assert list_names(faces) == names


@pytest.mark.parametrize("method", METHODS + sorted(Sorter.ALIASES))
def test_no_file_is_lost_whatever_the_folder_holds(method, tmp_path, facesets):
    """Gray faces, other pictures, useless files, a name with a space and not in ASCII, a folder
    with a dot, and a trash folder that holds files already."""
    folder = copy_faces(facesets.src, tmp_path / "my f\u00e4ces.v2", 4)
    write_gray_face(folder / "gray \u7070.jpg")
    useless = write_useless_files(folder, folder / "00000_0.jpg")
    others = write_other_pictures(folder)
    trash = tmp_path / "my f\u00e4ces.v2_trash"
    trash.mkdir()
    (trash / "empty.jpg").write_bytes(b"from an earlier run")
    before = count_contents(folder, trash)
    Sorter.main(folder, method)
    assert count_contents(folder, trash) == before
    assert (trash / "empty.jpg").read_bytes() == b"from an earlier run"
    if method == "oneface":
        return      # looks at names only
    # what cannot be decoded is trash for all; other pictures where faces are needed
    assert len(list_names(trash)) >= 1 + len(useless)
    is_any_picture = method in ("hist", "hist-dissim", "absdiff", "brightness", "hue", "black")
    if is_any_picture:
        assert len(list_names(folder)) == 5 + len(others)


def test_a_sharpness_of_nothing_is_no_trash(faces, monkeypatch):
    path = faces / "00003_0.jpg"
    face = DFLIMG.load(path)
    data, black = face.get_dict(), np.zeros((64, 64, 3), np.uint8)
    path.write_bytes(cv2.imencode(".jpg", black)[1].tobytes())
    face = DFLIMG.load(path)
    face.set_dict(data)
    face.save()
    assert sort(faces, "blur")[-1] == "00003_0.jpg"
    assert not Sorter.find_trash_folder(faces).exists()


@pytest.mark.parametrize("method", ["blur", "face-yaw", "origname", "final"])
def test_a_folder_without_faces_is_left_as_it_is(method, tmp_path):
    write_other_pictures(tmp_path)
    before = list_names(tmp_path)
    with pytest.raises(UserError, match="None of the 6 files"):
        Sorter.main(tmp_path, method)
    assert list_names(tmp_path) == before


def test_gray_faces_are_sorted_by_all_but_their_hue(tmp_path):
    """Spec 60 section 7.3. One face with colours is enough: the others come after it."""
    faceset_support.write_faceset(tmp_path / "gray", "src", gray=True)
    folder = tmp_path / "gray"
    before = count_contents(folder)
    with pytest.raises(UserError, match="gray: there is no hue"):
        Sorter.main(folder, "hue")
    assert count_contents(folder) == before and list_names(folder)[0] != "00000.jpg"
    faceset_support.write_face(folder / "90000_0.jpg", faceset_support.render_frame("dst", 1))
    assert sort(folder, "hue")[0] == "90000_0.jpg"


def test_refusals(tmp_path, facesets):
    with pytest.raises(UserError, match="no folder"):
        Sorter.main(tmp_path / "none", "hist")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="no folder"):
        Sorter.main(tmp_path / "file", "hist")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no pictures"):
        Sorter.main(tmp_path / "empty", "hist")
    folder = copy_faces(facesets.src, tmp_path / "packed", 2)
    (folder / "faceset.pak").write_bytes(b"")
    with pytest.raises(UserError, match="packed"):
        Sorter.main(folder, "hist")
    with pytest.raises(UserError, match="beauty"):
        Sorter.choose_method("beauty")


def test_a_trash_folder_that_cannot_be_made(faces):
    write_other_pictures(faces)
    before = list_names(faces)
    Sorter.find_trash_folder(faces).write_bytes(b"a file")
    with pytest.raises(UserError, match="_trash"):
        Sorter.main(faces, "face-yaw")
    assert list_names(faces) == before


def test_a_folder_that_cannot_be_written(faces, monkeypatch):
    before = list_names(faces)

    def refuse(source, target):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(UserError, match="00000_0.jpg cannot be renamed.*Permission denied"):
        Sorter.main(faces, "origname")
    assert list_names(faces) == before


def test_the_menu(faces, monkeypatch):
    for given, method in (("5", "hist"), ("origname", "origname"), ("14", "final-fast")):
        answer(monkeypatch, sort_method=given)
        assert Sorter.choose_method(None) == method
    answer(monkeypatch)
    assert Sorter.choose_method(None) == "hist"      # the default
    assert [Sorter.choose_method(name) for name in ("final-by-blur", "final-by-size")] == [
        "final", "final-fast"]


def test_pictures_of_other_sizes_are_compared_as_well(faces):
    path = faces / "00002_0.jpg"
    small = cv2.resize(cv2.imread(str(path)), (48, 48), interpolation=cv2.INTER_AREA)
    shutil.copy(str(path), str(faces / "00002_0 copy.jpg"))
    path.write_bytes(cv2.imencode(".jpg", small)[1].tobytes())
    order = sort(faces, "absdiff")
    assert abs(order.index("00002_0.jpg") - order.index("00002_0 copy.jpg")) == 1


def test_lists_of_other_scripts(faces):
    """Tuples that begin with the path, as scripts of the community pass them."""
    paths = sorted(str(path) for path in faces.iterdir())
    data = [open(path, "rb").read() for path in paths[:4]]
    Sorter.final_process(faces, [[path, 0.5] for path in paths[:4][::-1]],
                         [(path,) for path in paths[4:]])
    assert [path.read_bytes() for path in sorted(faces.iterdir())] == data[::-1]
    assert len(list_names(Sorter.find_trash_folder(faces))) == len(paths) - 4

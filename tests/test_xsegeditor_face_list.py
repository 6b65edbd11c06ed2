import shutil
import time

import cv2
import numpy as np
import pytest

from DFLIMG import DFLJPG
from xseg_support import write_labelled_faces
from XSegEditor.copy_polys import carry_points
from XSegEditor.face_list import FaceList, FaceScan, Filter
from XSegEditor.mask_polys import trace_mask


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight faces, 0, 3 and 4 with polygons, and files that are no faces."""
    folder = write_labelled_faces(tmp_path_factory.mktemp("set") / "faces", "src", 0, 1)
    first = folder / "00000_0.jpg"
    bare = DFLJPG.load(str(first))
    bare.set_seg_ie_polys(None)
    for number in range(1, 8):
        path = folder / ("%05d_0.jpg" % number)
        if number in (3, 4):
            shutil.copy(str(first), str(path))
        else:
            bare.filename = str(path)
            bare.save()
    cv2.imwrite(str(folder / "00002_plain.jpg"), np.zeros((8, 8, 3), np.uint8))
    (folder / "00002_torn.jpg").write_bytes(b"\xff\xd8nonsense")
    cv2.imwrite(str(folder / "x.png"), np.zeros((8, 8, 3), np.uint8))
    return folder


def scan(faces):
    all_paths = list(faces.paths)
    work = FaceScan(all_paths)
    deadline = time.time() + 60
    while not work.is_finished and time.time() < deadline:
        work.take(faces)
        time.sleep(0.01)
    assert work.is_finished and work.left_out == sum(
        path.name == "00002_plain.jpg" for path in all_paths)
    work.stop()
    return faces


@pytest.fixture
def faces(folder):
    return scan(FaceList(folder))


def test_scan_counts_and_drops(faces, folder, capsys):
    assert [path.name for path in faces.paths] == ["%05d_0.jpg" % n for n in range(8)]
    assert faces.count_labelled() == 3
    assert faces.trash_folder == folder.parent / "faces_trash"


def test_damaged_file_is_named(folder, capsys):
    scan(FaceList(folder))
    assert "00002_torn.jpg" in "".join(capsys.readouterr())


def test_scan_does_not_overrule_what_was_saved_meanwhile(folder):
    faces = FaceList(folder)
    faces.set_facts(faces.paths[0], 0, False)
    assert scan(faces).count_labelled() == 2


# index, step, only labelled -> next, previous
@pytest.mark.parametrize("index, step, only, following, before", [
    (0, 1, False, 1, 0), (2, 1, False, 3, 1), (2, 5, False, 7, 0), (3, 5, False, 8, 0),
    (7, 1, False, 8, 6), (8, 1, False, 8, 7), (8, 5, False, 8, 3), (0, 1, True, 3, 0),
    (3, 1, True, 4, 0), (4, 1, True, 8, 3), (2, 1, True, 3, 0), (7, 1, True, 8, 4)])
def test_steps(faces, index, step, only, following, before):
    faces.index = index
    assert faces.find_next(step, only) == following
    assert faces.find_previous(step, only) == before


def test_previous_labelled_ends_at_the_first_face(faces):
    faces.set_facts(faces.paths[0], 0, False)
    faces.index = 3
    assert faces.find_previous(1, True) == 0


def test_filters(faces):
    faces.filter = Filter.WITH_POLYS
    faces.index = 3
    assert (faces.find_next(1), faces.find_previous(1)) == (4, 0)
    assert [[path.name[4] for path in side] for side in faces.list_neighbours(4)] == [["0"], ["4"]]
    faces.filter = Filter.WITHOUT_POLYS
    assert (faces.find_next(1), faces.find_previous(2)) == (5, 1)
    faces.index = 1
    assert faces.find_previous(1) == 1      # none before: it stays


def test_dropped_file_moves_the_position(faces):
    faces.index = 3
    faces.drop(faces.paths[1])
    assert faces.current.name == "00003_0.jpg"
    faces.drop(faces.current)
    assert faces.current.name == "00004_0.jpg"


def test_unscanned_file_is_read_when_it_is_asked_for(folder):
    faces = FaceList(folder)
    assert faces.find_next(1, only_labelled=True) == faces.paths.index(folder / "00003_0.jpg")


# -- polygons from elsewhere

def make_landmarks():
    return np.random.RandomState(3).uniform(50, 200, (68, 2))


def test_polygons_follow_the_head():
    source, pts = make_landmarks(), np.random.RandomState(4).uniform(0, 256, (20, 2))
    angle = 0.3
    turn = 1.3 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = carry_points(pts, source, source @ turn + [5, -9])
    np.testing.assert_allclose(moved, pts @ turn + [5, -9], atol=1e-3)
    assert moved.dtype == np.float32


def test_polygons_follow_a_mouth_that_opens_only_nearby():
    source = make_landmarks()
    source[:10] = [125, 210] + np.random.RandomState(5).uniform(-3, 3, (10, 2))
    target = source.copy()
    target[:10, 1] += 20
    near, far = carry_points([[125, 210], [125, -200]], source, target)
    head_only = carry_points([[125, -200]], source, target)[0]
    assert near[1] > 222 and abs(far[1] - head_only[1]) < 1e-6


def test_mask_becomes_polygons():
    mask = np.zeros((256, 256), np.float32)
    cv2.circle(mask, (128, 128), 90, 1.0, -1)
    cv2.circle(mask, (128, 150), 20, 0.0, -1)
    mask[3:5, 3:5] = 1      # noise
    polys = trace_mask(mask)
    assert [int(poly.get_type()) for poly in polys] == [1, 0]
    drawn = np.zeros((256, 256, 1), np.float32)
    polys.overlay_mask(drawn)
    mask[3:5, 3:5] = 0
    overlap = (drawn[..., 0] * mask).sum() / np.maximum(drawn[..., 0], mask).sum()
    assert overlap > 0.98
    assert not trace_mask(np.zeros((64, 64), np.float32)).has_polys()

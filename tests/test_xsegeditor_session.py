"""The editor at work without windows: saving, leaving, trash (spec 51 sections 13 to 15)."""
import errno
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

import core.durable_write
import xseg_editor_support as support
from core.errors import UserError
from core.imagelib import SegIEPolys, SegIEPolyType
from DFLIMG import DFLJPG
from tree_setup import REPOSITORY, TREE
from xseg_support import write_labelled_faces
from XSegEditor.canvas_state import OpMode
from XSegEditor.face_list import Filter
from XSegEditor.session import EditorSession

TRIANGLE = [(300, 300), (500, 300), (400, 500)]     # pixels of the canvas


@pytest.fixture(scope="module")
def bare_faces(tmp_path_factory):
    folder = write_labelled_faces(tmp_path_factory.mktemp("bare") / "aligned", "src", 0, 4)
    for path in folder.glob("*.jpg"):
        face = DFLJPG.load(str(path))
        face.set_seg_ie_polys(None)
        face.save()
    return folder


@pytest.fixture
def folder(bare_faces, tmp_path):
    shutil.copytree(str(bare_faces), str(tmp_path / "aligned"))
    return tmp_path / "aligned"


def open_session(folder):
    session = EditorSession(folder)
    session.model.resize(*support.SIZE)
    session.open_first()
    return session


def count_polys(folder):
    return [len(DFLJPG.load(str(path)).get_seg_ie_polys().get_polys())
            for path in sorted(folder.glob("*.jpg"))]


CHILD = """
import os, signal, sys
sys.path[:0] = [%r, %r]
import xseg_editor_support as support
import test_xsegeditor_session as own
from pathlib import Path
session = own.open_session(Path(sys.argv[1]))
support.draw(session.model, own.TRIANGLE)
session.go_next()
support.draw(session.model, own.TRIANGLE)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_killed_editor_loses_the_shown_face_only(folder):
    code = CHILD % (str(TREE), str(REPOSITORY / "tests"))
    result = subprocess.run([sys.executable, "-c", code, str(folder)], timeout=120)
    assert result.returncode == -signal.SIGKILL
    assert count_polys(folder) == [1, 0, 0, 0]


def test_full_disk_keeps_the_face_open_and_the_drawing(folder, monkeypatch):
    def refuse(*args):
        raise OSError(errno.ENOSPC, "No space left on device")
    session = open_session(folder)
    support.draw(session.model, TRIANGLE)
    with monkeypatch.context() as patch:
        patch.setattr(core.durable_write, "open", refuse, raising=False)
        for leave in (session.go_next, session.go_previous, session.trash, session.leave,
                      lambda: session.set_filter(Filter.WITH_POLYS)):
            with pytest.raises(UserError, match="No space left"):
                leave()
    assert session.is_changed() and session.faces.index == 0
    assert len(session.model.polys.get_polys()) == 1
    session.go_next()
    assert count_polys(folder) == [1, 0, 0, 0]


def test_changes_are_known(folder):
    session = open_session(folder)
    assert not session.is_changed()
    support.click(session.model, *TRIANGLE[0])
    assert session.is_changed()
    session.model.undo()
    assert not session.is_changed()
    support.draw(session.model, TRIANGLE)
    session.save()
    assert not session.is_changed() and session.model.is_open
    session.model.undo()
    session.leave()
    assert count_polys(folder) == [0, 0, 0, 0]


def store_polys(path, polys):
    """Another program."""
    face = DFLJPG.load(str(path))
    face.set_seg_ie_polys(polys)
    face.save()


def make_polys(*counts):
    polys = SegIEPolys()
    for count in counts:
        polys.add_poly(SegIEPolyType.INCLUDE).set_points(
            np.float32([(10 * i, 50 * (i % 2)) for i in range(count)]))
    return polys


def test_what_another_program_stored_is_replaced_only_after_a_message(folder):
    """Saving by habit must not cost it."""
    session = open_session(folder)
    support.draw(session.model, TRIANGLE)
    store_polys(folder / "00000_0.jpg", make_polys(3, 4))
    with pytest.raises(UserError, match="other polygons now"):
        session.save(is_forced=True)
    assert count_polys(folder)[0] == 2
    session.save(is_forced=True)
    assert count_polys(folder)[0] == 1
    store_polys(folder / "00000_0.jpg", make_polys(3, 4))
    support.draw(session.model, [(20, 20), (200, 30), (30, 200)])
    with pytest.raises(UserError, match="other polygons now"):
        session.save(is_forced=True)    # a change of its own
    session.model.undo()
    session.save(is_forced=True)        # also what was there when the face was opened
    assert count_polys(folder)[0] == 1


def test_looking_at_a_face_never_writes_it(folder):
    """Not even where another program has stored polygons that this one would not."""
    store_polys(folder / "00000_0.jpg", make_polys(2, 3, 1))
    before = (folder / "00000_0.jpg").read_bytes()
    session = open_session(folder)
    support.click(session.model, 700, 700)      # a point alone is dropped
    session.go_next()
    assert (folder / "00000_0.jpg").read_bytes() == before
    session.go_previous()
    support.draw(session.model, TRIANGLE)
    session.go_next()
    assert [poly.get_pts_count() for poly in DFLJPG.load(
        str(folder / "00000_0.jpg")).get_seg_ie_polys()] == [3, 3]


@pytest.mark.parametrize("is_backward", [False, True])
def test_filter_holds_where_a_damaged_file_is_passed(is_backward, folder):
    (folder / "00002_0.jpg").write_bytes(b"\xff\xd8 torn")
    for number in (1, 3):
        store_polys(folder / ("%05d_0.jpg" % number), make_polys(3))
    for number in (4, 5):
        shutil.copy(str(folder / "00000_0.jpg"), str(folder / ("%05d_0.jpg" % number)))
    session = open_session(folder)
    session.set_filter(Filter.WITHOUT_POLYS)
    if is_backward:
        session.faces.index = 4
        session.go_previous()
        assert session.opened.path.name == "00000_0.jpg"
    else:
        session.go_next()
        assert session.opened.path.name == "00004_0.jpg"
    assert session.failed == 1


def test_trash_under_a_filter(folder):
    session = open_session(folder)
    for _ in range(2):
        support.draw(session.model, TRIANGLE)
        session.go_next(2)
    assert session.opened is None
    session.set_filter(Filter.WITH_POLYS)
    session.go_previous()
    assert session.opened.path.name == "00002_0.jpg"
    session.trash()
    assert session.opened.path.name == "00000_0.jpg"    # none behind it has polygons
    session.set_filter(Filter.ALL)
    assert [path.name[4] for path in session.faces.paths] == ["0", "1", "3"]


def test_folder_without_faces(tmp_path):
    session = open_session(tmp_path)
    for act in (session.go_next, session.go_previous, session.trash, session.save, session.reload,
                session.copy_to_next, session.suggest_from_mask):
        act()
    assert session.opened is None


def test_copy_needs_polygons_and_landmarks(folder):
    session = open_session(folder)
    with pytest.raises(UserError, match="no polygons to copy"):
        session.copy_to_next()
    face = DFLJPG.load(str(folder / "00001_0.jpg"))
    del face.get_dict()["landmarks"]
    face.save()
    support.draw(session.model, TRIANGLE)
    with pytest.raises(UserError, match="no landmarks"):
        session.copy_to_next()
    assert session.opened.path.name == "00001_0.jpg" and session.model.op_mode == OpMode.NONE


def test_copied_polygons_lie_on_the_same_part_of_the_face(folder):
    """A box around an eye of the first face holds that eye's landmarks on the next ones."""
    session = open_session(folder)
    eye = session.opened.landmarks[36:42]
    low, high = eye.min(0) - 4, eye.max(0) + 4
    corners = [low, (high[0], low[1]), high, (low[0], high[1])]
    support.draw(session.model, [tuple(session.model.view.to_client(pt)) for pt in corners])
    assert session.copy_to_next(3) == 3
    pts = session.model.polys.get_poly(0).get_pts()
    eye = session.opened.landmarks[36:42]
    assert session.opened.path.name == "00003_0.jpg"
    assert (eye > pts.min(0)).all() and (eye < pts.max(0)).all()
    np.testing.assert_allclose(pts.mean(0), (eye.min(0) + eye.max(0)) / 2, atol=4)

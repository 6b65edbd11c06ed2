"""XSegEditor/mask_suggestion.py: what becomes of a mask that comes later, without windows."""
from pathlib import Path

import numpy as np
import pytest

import xseg_editor_support as support
from core.errors import UserError
from DFLIMG import DFLJPG
from xseg_support import write_labelled_faces
from XSegEditor.mask_network import Answer
from XSegEditor.mask_suggestion import MaskSuggester
from XSegEditor.session import EditorSession

TRIANGLE = [(300, 300), (500, 300), (400, 500)]     # pixels of the canvas


class Network:
    """Answers what the test puts into `answers`."""

    def __init__(self):
        self.asked, self.answers = [], []

    def ask(self, path):
        self.asked.append(path)

    def poll(self):
        return self.answers.pop(0) if self.answers else None

    def answer(self, path, mask=None, error=None):
        self.answers.append(Answer(path, mask, error))


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = write_labelled_faces(tmp_path_factory.mktemp("faces") / "aligned", "src", 0, 2)
    for path in folder.glob("*.jpg"):
        face = DFLJPG.load(str(path))
        face.set_seg_ie_polys(None)
        face.save()
    return Path(str(folder))


@pytest.fixture
def suggester(faces):
    session = EditorSession(faces)
    session.model.resize(*support.SIZE)
    session.open_first()
    return MaskSuggester(session, Network())


def make_mask():
    """A ring with an island in it: the hole lies above the island (spec 51 section 3)."""
    mask = np.zeros((256, 256), np.float32)
    mask[40:200, 40:200] = 1
    mask[80:160, 80:160] = 0
    return mask


def list_kinds(suggester):
    return [int(poly.get_type()) for poly in suggester._session.model.polys]


def test_outlines_are_added_as_one_change(suggester, faces):
    suggester.ask()
    assert suggester.network.asked == [faces / "00000_0.jpg"] and suggester.take() is None
    suggester.network.answer(faces / "00000_0.jpg", make_mask())
    assert suggester.take()[:3] == ("added", faces / "00000_0.jpg", 2)
    assert list_kinds(suggester) == [1, 0] and suggester.take() is None
    mask = np.zeros((256, 256, 1), np.float32)
    suggester._session.model.polys.overlay_mask(mask)
    assert (mask[..., 0] == make_mask()).mean() > 0.99
    suggester._session.model.undo()
    assert list_kinds(suggester) == []


def test_answer_for_another_face_is_left_aside(suggester, faces):
    """An older request of a face that was asked for in place of."""
    suggester.ask()
    suggester.network.answer(faces / "00001_0.jpg", make_mask())
    suggester.network.answer(faces / "00000_0.jpg", make_mask())
    assert suggester.take() is None
    assert suggester.take().kind == "added"


def test_face_that_was_left_stays_as_it_is(suggester, faces):
    suggester.ask()
    suggester._session.go_next()
    suggester.network.answer(faces / "00000_0.jpg", make_mask())
    assert suggester.take()[:3] == ("gone", faces / "00000_0.jpg", 0)
    assert list_kinds(suggester) == []
    suggester.network.answer(faces / "00000_0.jpg", make_mask())
    assert suggester.take() is None     # nobody has asked again


def test_changed_polygons_stay_as_they_are(suggester, faces):
    suggester.ask()
    support.draw(suggester._session.model, TRIANGLE)
    suggester.network.answer(faces / "00000_0.jpg", make_mask())
    assert suggester.take().kind == "changed" and list_kinds(suggester) == [1]
    suggester._session.model.undo()


def test_drawing_under_way_is_finished_when_the_mask_is_asked_for(suggester, faces):
    for pt in TRIANGLE:
        support.click(suggester._session.model, *pt)
    suggester.ask()
    suggester.network.answer(faces / "00000_0.jpg", make_mask())
    assert suggester.take().kind == "added" and list_kinds(suggester) == [1, 1, 0]
    assert suggester._session.model.op_mode.name == "NONE"


@pytest.mark.parametrize("mask", [np.zeros((256, 256), np.float32),
                                  np.eye(256, dtype=np.float32)[::-1] * (np.arange(256) < 3)])
def test_mask_without_an_outline(suggester, faces, mask):
    suggester.ask()
    suggester.network.answer(faces / "00000_0.jpg", mask.astype(np.float32))
    assert suggester.take().kind == "empty" and list_kinds(suggester) == []


def test_failure_and_no_face(suggester, faces, tmp_path):
    suggester.ask()
    error = UserError("It failed.", ["help it"])
    suggester.network.answer(faces / "00000_0.jpg", None, error)
    outcome = suggester.take()
    assert outcome.kind == "failed" and outcome.error is error
    nothing = MaskSuggester(EditorSession(tmp_path), Network())
    nothing.ask()
    assert nothing.network.asked == [] and nothing.take() is None

"""demo/merge.py: videos, figures and the sheet of merged frames; the whole of it in
test_demo_train.py."""
import shutil

import cv2
import pytest

from core.errors import UserError
from core.options import Option
from demo import merge, workspace
from merger import merge_questions


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workspace whose merged frames are the ground truth."""
    folder = tmp_path_factory.mktemp("demo") / "w"
    sizes = workspace.FRAME_SIZE, workspace.UNSEEN_COUNT
    workspace.FRAME_SIZE, workspace.UNSEEN_COUNT = (160, 120), 1
    try:
        workspace.render_workspace(folder, 1, 2)
    finally:
        workspace.FRAME_SIZE, workspace.UNSEEN_COUNT = sizes
    results = merge.locate_results(folder)
    shutil.copytree(str(folder / "truth"), str(results.frames))
    shutil.copytree(str(folder / "truth"), str(results.masks))
    return folder


def test_figures(folder):
    results = merge.locate_results(folder)
    merged, untouched = merge.measure_video(folder, results, range(2))
    assert merged == pytest.approx(1) and 0 < untouched < 0.95


def test_videos(folder):
    results = merge.locate_results(folder)
    merge.make_videos(folder, results)
    for path in (results.video, results.mask_video):
        video = cv2.VideoCapture(str(path))
        assert video.get(cv2.CAP_PROP_FPS) == 25 and video.get(cv2.CAP_PROP_FRAME_COUNT) == 2
    assert (results.video.name, results.mask_video.name) == ("result.mp4", "result_mask.mp4")


def test_sheet(folder):
    picture = merge.draw_sheet(folder, merge.locate_results(folder), [0, 1])
    width, height = merge.TILE
    assert picture.shape[0] > height and picture.shape[1] > 6 * width


@pytest.mark.parametrize("figures, code", [((0.6, 0.5), 0), ((0.5, 0.6), 1)])
def test_a_missed_goal_is_said(figures, code, folder, monkeypatch, capsys):
    """An exit code alone would leave the user without a reason."""
    monkeypatch.setattr(merge, "merge_frames", lambda *args: None)
    monkeypatch.setattr(merge, "make_videos", lambda *args: None)
    monkeypatch.setattr(merge, "measure_video", lambda *args: figures)
    assert merge.run_merge(folder) == code
    assert ("MISSED" in capsys.readouterr().out) == bool(code)


def test_answers_are_answers_to_questions():
    known = {question.key: question for question in merge_questions.QUESTIONS}
    assert set(merge.MERGE_OPTIONS) <= set(known)
    for key, value in merge.MERGE_OPTIONS.items():
        assert isinstance(known[key], Option)
        known[key].finish(known[key].parse(value))


@pytest.mark.parametrize("is_begun", [False, True])
def test_a_folder_without_a_whole_workspace_is_refused(is_begun, tmp_path):
    if is_begun:
        workspace.claim_folder(tmp_path, {"src": 2, "dst": 2, "unseen": 1})
    with pytest.raises(UserError, match="demo-workspace"):
        merge.run_merge(tmp_path)

"""demo/workspace.py and mainscripts/DemoWorkspace.py: a rendered workspace, small."""
import json

import cv2
import pytest

from core import ffmpeg
from core.errors import UserError
from demo import workspace
from mainscripts import DemoWorkspace


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(workspace, "UNSEEN_COUNT", 2)
    monkeypatch.setattr(workspace, "FRAME_SIZE", (160, 120))


def list_files(folder):
    return sorted(str(path.relative_to(folder)).replace("\\", "/")
                  for path in folder.rglob("*") if path.is_file())


def count_video_frames(path):
    video = cv2.VideoCapture(str(path))
    count = 0
    while video.read()[0]:
        count += 1
    return count, video.get(cv2.CAP_PROP_FPS)


def test_a_workspace_has_videos_frames_faces_and_truth(tmp_path):
    folder = tmp_path / "w s"
    DemoWorkspace.main(folder, src_count=3, dst_count=2)
    assert list_files(folder) == sorted(
        ["demo_workspace.json", "data_src.mp4", "data_dst.mp4"]
        + ["data_src/%05d.png" % i for i in (1, 2, 3)]
        + ["data_src/aligned/%05d_0.jpg" % i for i in (1, 2, 3)]
        + [name % i for i in (1, 2) for name in (
            "data_dst/%05d.png", "data_dst/aligned/%05d_0.jpg", "truth/%05d.png",
            "unseen/%05d.png", "unseen/aligned/%05d_0.jpg", "unseen/truth/%05d.png")])
    assert (folder / "model").is_dir()
    assert count_video_frames(folder / "data_src.mp4") == (3, 25.0)
    frame = cv2.imread(str(folder / "data_dst" / "00001.png"))
    truth = cv2.imread(str(folder / "truth" / "00001.png"))
    assert frame.shape == truth.shape == (120, 160, 3) and (frame != truth).any()


def test_an_interrupted_workspace_is_finished_and_a_complete_one_kept(tmp_path, monkeypatch):
    folder, rendered = tmp_path / "w", []
    render, encode = workspace.render_frame, workspace.ffmpeg.encode_frames

    def stop(*args):
        raise KeyboardInterrupt()
    monkeypatch.setattr(workspace.ffmpeg, "encode_frames", stop)
    with pytest.raises(KeyboardInterrupt):
        workspace.render_workspace(folder, 2, 1)
    lost = folder / "data_src" / "00002.png"
    lost.unlink()
    monkeypatch.setattr(workspace.ffmpeg, "encode_frames", encode)
    monkeypatch.setattr(workspace, "render_frame",
                        lambda *job: (rendered.append(job[1:]), render(*job)))
    workspace.render_workspace(folder, 2, 1)
    assert rendered == [("src", 1)] and lost.exists()
    workspace.render_workspace(folder, 2, 1)
    assert rendered == [("src", 1)]
    with pytest.raises(UserError, match="other numbers"):
        workspace.render_workspace(folder, 2, 2)


def test_a_foreign_folder_is_refused_untouched(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        workspace.render_workspace(tmp_path, 1, 1)
    assert list_files(tmp_path) == ["mine.txt"]


def test_a_place_where_no_folder_can_be_made(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be made"):
        workspace.render_workspace(tmp_path / "file" / "w", 1, 1)


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"format": 99})])
def test_a_damaged_marker_is_an_error(tmp_path, content):
    (tmp_path / workspace.MARKER).write_text(content)
    with pytest.raises(UserError):
        workspace.render_workspace(tmp_path, 1, 1)


def test_no_faces_is_an_error(tmp_path):
    with pytest.raises(UserError, match="at least one"):
        workspace.render_workspace(tmp_path / "w", 0, 1)


def test_frames_are_rendered_by_processes_when_there_are_many(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace.FrameRenderer, "FEWEST_JOBS", 1)
    for name in ("data_src/aligned", "data_dst/aligned", "truth"):
        (tmp_path / name).mkdir(parents=True)
    workspace.render_jobs(tmp_path, [("src", 0), ("dst", 5)])
    assert workspace.is_rendered(tmp_path, "src", 0) and workspace.is_rendered(tmp_path, "dst", 5)


def test_a_failing_ffmpeg_says_why_and_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match="ffmpeg failed"):
        ffmpeg.encode_frames(tmp_path / "nothing", "%05d.png", tmp_path / "a.mp4", 25)
    assert list_files(tmp_path) == []


def test_without_any_ffmpeg_the_remedy_is_told(monkeypatch):
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(UserError, match="imageio-ffmpeg"):
        ffmpeg.find_ffmpeg()

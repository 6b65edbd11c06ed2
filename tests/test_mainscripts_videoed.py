"""mainscripts/VideoEd.py: videos and frames through a real ffmpeg, prompts, refusals."""
import json
import re
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

import main as main_module
from core import options, persist, provenance
from core.errors import UserError
from core.ffmpeg import find_ffmpeg, run_ffmpeg
from core.interact import interact as io
from core.video_probe import probe_video
from mainscripts import VideoEd, frame_sequence

PROMPTS = json.loads((Path(__file__).parent / "golden" / "videoed" / "calls.json").read_text())[
    "prompts"]
SIZE = (48, 64)


@pytest.fixture(autouse=True)
def restored_sources():
    before = options.current_sources()
    yield
    options.configure_sources(before)


@pytest.fixture
def source(tmp_path):
    """data_src.mp4: 20 frames at 29.97, two tracks of sound."""
    path = tmp_path / "data_src.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc=s=64x48:r=30000/1001", "-f", "lavfi", "-i",
                "sine=f=300", "-f", "lavfi", "-i", "sine=f=600", "-map", "0:v", "-map", "1:a",
                "-map", "2:a", "-t", "0.66", "-c:v", "libx264", "-pix_fmt", "yuv420p", str(path)])
    return path


def make_picture(number, size=SIZE):
    """A smooth picture of its own, which an encoder keeps."""
    y, x = np.mgrid[:size[0], :size[1]].astype(np.float32)
    return np.stack([2 * x + 20 * number, 3 * y, 40 + x + y], axis=-1).clip(0, 255).astype(np.uint8)


def write_frames(folder, count=5, suffix=".png", size=SIZE):
    folder.mkdir(exist_ok=True)
    for i in range(count):
        assert cv2.imwrite(str(folder / ("f%02d%s" % (i, suffix))), make_picture(i, size))
    return folder


def read_video(path):
    video, frames = cv2.VideoCapture(str(path)), []
    while True:
        found, frame = video.read()
        if not found:
            return frames
        frames.append(frame)


def read_comment(path):
    listing = subprocess.run([find_ffmpeg(), "-i", str(path)], stderr=subprocess.PIPE).stderr
    match = re.search(r"(?im)^\s*comment\s*:(.*)$", listing.decode("utf-8", "replace"))
    return match.group(1) if match else ""


def list_names(folder):
    return sorted(path.name for path in folder.iterdir())


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def asked(monkeypatch):
    """Questions in their order, each answered with its default."""
    asked = []

    def record(kind):
        def answer(text, default, *args, **kwargs):
            asked.append(("input_" + kind, default))
            return default
        return answer
    for kind in ("bool", "int", "str"):
        monkeypatch.setattr(io, "input_" + kind, record(kind))
    return asked


def expected_prompts(case):
    return [(p["io"], p["default"]) for p in PROMPTS if p["case"] == case]


def test_extract_asks_and_writes_all_frames(source, tmp_path, asked):
    VideoEd.extract_video(str(source), str(tmp_path / "out"))
    assert asked == expected_prompts("extract prompts")
    names = list_names(tmp_path / "out")
    assert names == ["%05d.png" % i for i in range(1, len(names) + 1)] and len(names) in (20, 21)
    ours = [cv2.imread(str(tmp_path / "out" / name)) for name in names]
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(ours, read_video(source))) <= 6


def test_extract_replaces_pictures_of_its_kind_only(source, tmp_path):
    out = write_frames(tmp_path / "out", 2, ".jpg")
    (out / "keep.png").write_bytes(b"png")
    (out / "aligned").mkdir()
    (out / "folder.jpg").mkdir()
    VideoEd.extract_video(tmp_path / "data_src.*", out, "jpg", 5)
    names = [path.name for path in sorted(out.glob("0*.jpg"))]
    assert names[0] == "00001.jpg" and len(names) in (3, 4, 5)
    assert set(list_names(out)) - set(names) == {"keep.png", "aligned", "folder.jpg"}


def test_failed_extraction_leaves_the_frames_of_before(tmp_path):
    out = write_frames(tmp_path / "out", 2)
    before = snapshot(out)
    (tmp_path / "v.mp4").write_bytes(b"no video")
    with pytest.raises(UserError):
        VideoEd.extract_video(tmp_path / "v.mp4", out, "png", 0)
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=1", str(tmp_path / "v.wav")])
    with pytest.raises(UserError):
        VideoEd.extract_video(tmp_path / "v.wav", out, "png", 0)
    assert snapshot(out) == before and list_names(out) == ["f00.png", "f01.png"]


@pytest.mark.parametrize("ext, fps", [("bmp", 0), ("png", "many")])
def test_extract_refuses_what_it_cannot_do(source, tmp_path, ext, fps):
    with pytest.raises(UserError, match="does not fit"):
        VideoEd.extract_video(source, tmp_path / "out", ext, fps)


def test_cut(source, tmp_path, asked):
    with pytest.raises(UserError, match="is empty"):
        VideoEd.cut_video(source)
    assert asked == expected_prompts("cut prompts")
    VideoEd.cut_video(str(tmp_path / "data_src.*"), "00:00:00.200", "0.5", 1, 8)
    info = probe_video(tmp_path / "data_src_cut.mp4")
    assert len(read_video(tmp_path / "data_src_cut.mp4")) in (9, 10)
    assert info.audio_index == 1 and info.frame_rate == "30000/1001"
    assert list_names(tmp_path) == ["data_src.mp4", "data_src_cut.mp4"]


def test_blanks_around_a_time_are_none_of_it(source, tmp_path):
    """As `set FROM=0.2 ` in a batch file has them."""
    VideoEd.cut_video(source, "0.2 ", " 00:00:00.5", 0, 8)
    assert len(read_video(tmp_path / "data_src_cut.mp4")) in (9, 10)


@pytest.mark.parametrize("text, seconds", [("00:01:12.500", 72.5), ("1:02", 62), ("12.25", 12.25),
                                           ("02:00:00", 7200)])
def test_times(text, seconds):
    assert VideoEd.parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4", "-5", "00:01:12,5"])
def test_what_is_no_time(text):
    with pytest.raises(UserError, match="is no time"):
        VideoEd.parse_time(text)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_denoise_keeps_names_and_marks(suffix, tmp_path, asked):
    folder = write_frames(tmp_path / "f", 4, suffix)
    rng = np.random.RandomState(0)
    for path in folder.iterdir():
        noisy = make_picture(0) + rng.normal(0, 5, SIZE + (3,))
        cv2.imwrite(str(path), noisy.clip(0, 255).astype(np.uint8))
    first = folder / ("f00" + suffix)
    first.write_bytes(provenance.mark_picture(suffix, first.read_bytes()))
    noisy = {path: cv2.imread(str(path)) for path in folder.iterdir()}
    VideoEd.denoise_image_sequence(folder)
    assert asked == expected_prompts("denoise jpg prompts")
    assert set(folder.iterdir()) == set(noisy)
    for path, old in noisy.items():
        new, clean = cv2.imread(str(path)), make_picture(0).astype(float)
        assert np.abs(new - clean).mean() < 0.9 * np.abs(old - clean).mean()
    assert [provenance.is_marked(path.read_bytes()) for path in sorted(noisy)] == [
        True, False, False, False]


def test_denoise_changes_all_or_nothing(tmp_path):
    folder = write_frames(tmp_path / "f", 4)
    data = (folder / "f02.png").read_bytes()
    (folder / "f02.png").write_bytes(data[:60] + bytes(len(data) - 60))
    before = snapshot(folder)
    with pytest.raises(UserError):
        VideoEd.denoise_image_sequence(folder, factor=3)
    assert snapshot(folder) == before


@pytest.mark.parametrize("error", [UserError, KeyboardInterrupt])
@pytest.mark.parametrize("has_links", [True, False])
def test_denoised_frames_that_cannot_take_their_place(error, has_links, tmp_path, monkeypatch):
    """One is held by a viewer, or the user stops it: a second run must not denoise twice."""
    folder = write_frames(tmp_path / "f", 4)
    before = snapshot(folder)
    real, left = persist.replace_file, [2]

    def replace(temp, path):
        if path.parent == folder:
            left[0] -= 1
            if left[0] == -1:
                raise error("f02.png is held")
        real(temp, path)

    def refuse(source, target):
        raise OSError("no links here")
    monkeypatch.setattr(persist, "replace_file", replace)
    if not has_links:
        monkeypatch.setattr(frame_sequence.os, "link", refuse)
    with pytest.raises(error):
        VideoEd.denoise_image_sequence(folder, factor=9)
    assert left[0] < -1 and snapshot(folder) == before


@pytest.mark.parametrize("spoil, message", [
    (lambda folder: cv2.imwrite(str(folder / "x.png"), make_picture(0, (32, 32))), "pixels"),
    (lambda folder: cv2.imwrite(str(folder / "x.jpg"), make_picture(0)), "several kinds"),
    (lambda folder: (folder / "x.png").write_bytes(b"nothing"), "cannot be read"),
    (lambda folder: [path.unlink() for path in folder.iterdir()], "no pictures")],
    ids=["size", "kind", "damaged", "empty"])
def test_sequences_of_one_kind_and_size(spoil, message, tmp_path):
    folder, output = write_frames(tmp_path / "f", 3), tmp_path / "r.mp4"
    spoil(folder)
    output.write_bytes(b"the old one")
    before = snapshot(tmp_path)
    with pytest.raises(UserError, match=message):
        VideoEd.video_from_sequence(folder, output, fps=25, bitrate=1, ext="png", lossless=False)
    with pytest.raises(UserError, match=message):
        VideoEd.denoise_image_sequence(folder, factor=3)
    assert snapshot(tmp_path) == before


def test_video_asks_and_makes_its_folder(tmp_path, asked):
    VideoEd.video_from_sequence(str(write_frames(tmp_path / "f")), str(tmp_path / "new" / "r.mp4"))
    assert asked == expected_prompts("vfs prompts")
    info = probe_video(tmp_path / "new" / "r.mp4")
    assert info.frame_rate == "25/1" and info.audio_index is None
    frames = read_video(tmp_path / "new" / "r.mp4")
    assert len(frames) == 5 and list_names(tmp_path / "new") == ["r.mp4"]
    for i, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - make_picture(i)).mean() < 4


@pytest.mark.parametrize("name, flags", [
    ("result.mp4", ["--include-audio"]), ("result_mask.mp4", ["--lossless"]),
    ("result.avi", ["--include-audio"]), ("result.mov", ["--include-audio", "--lossless"]),
    ("result.mp4", ["--include-audio", "--lossless"]), ("result.webm", ["--include-audio"])])
def test_calls_of_the_launchers(name, flags, source, tmp_path, capsys):
    """With `--set bitrate`, where the launcher asks."""
    write_frames(tmp_path / "merged", 9)
    assert main_module.main(
        ["videoed", "video-from-sequence", "--input-dir", str(tmp_path / "merged"),
         "--output-file", str(tmp_path / name), "--reference-file", str(tmp_path / "data_src.*"),
         "--set", "bitrate=4"] + flags) == 0
    info = probe_video(tmp_path / name)
    assert info.frame_rate == "30000/1001"
    assert info.audio_index == (1 if "--include-audio" in flags else None)
    assert len(read_video(tmp_path / name)) == 9
    assert provenance.DIGITAL_SOURCE_TYPE in read_comment(tmp_path / name)


@pytest.mark.parametrize("environ, words", [({"DFL_LOSSLESS": "y"}, []),
                                            ({}, ["--set", "lossless=y"])])
def test_lossless_is_taken_from_every_source(environ, words, tmp_path, asked, monkeypatch):
    """Without any of them it is lossy, and not asked: the flag is not there."""
    write_frames(tmp_path / "f", 3)
    line = ["videoed", "video-from-sequence", "--input-dir", str(tmp_path / "f"), "--output-file",
            str(tmp_path / "r.mp4"), "--fps", "25"]
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main_module.main(line + words) == 0
    assert asked == []      # the bitrate means nothing


def test_lossy_without_the_flag(tmp_path, asked):
    write_frames(tmp_path / "f", 3)
    assert main_module.main(["videoed", "video-from-sequence", "--input-dir", str(tmp_path / "f"),
                             "--output-file", str(tmp_path / "r.mp4"), "--fps", "25"]) == 0
    assert asked == [("input_int", 16)]


def test_no_provenance(tmp_path):
    write_frames(tmp_path / "f", 3)
    line = ["videoed", "video-from-sequence", "--input-dir", str(tmp_path / "f"), "--output-file",
            str(tmp_path / "r.mp4"), "--fps", "25", "--bitrate", "4"]
    assert main_module.main(line) == 0
    marked = (tmp_path / "r.mp4").read_bytes()
    assert marked.count(provenance.DIGITAL_SOURCE_TYPE.encode()) == 2
    assert main_module.main(line + ["--no-provenance"]) == 0
    assert provenance.DIGITAL_SOURCE_TYPE.encode() not in (tmp_path / "r.mp4").read_bytes()


def test_silence_is_told(tmp_path, capsys):
    write_frames(tmp_path / "f", 2)
    VideoEd.video_from_sequence(tmp_path / "f", tmp_path / "r.mp4", None, "png", 25, 4, True, False)
    assert "no sound" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_odd_sizes_lose_a_line_and_nothing_else(suffix, tmp_path, capsys):
    write_frames(tmp_path / "f", 3, suffix, (49, 63))
    VideoEd.video_from_sequence(tmp_path / "f", tmp_path / "r.mp4", ext=suffix[1:], fps=25,
                                lossless=True)
    frames = read_video(tmp_path / "r.mp4")
    assert [frame.shape for frame in frames] == [(48, 62, 3)] * 3
    assert "63 x 49" in capsys.readouterr().out


@pytest.mark.parametrize("reference", ["data_dst.*", "gone.mp4"])
def test_missing_reference(reference, tmp_path):
    with pytest.raises(UserError, match="no file"):
        VideoEd.video_from_sequence(write_frames(tmp_path / "f"), tmp_path / "r.mp4",
                                    tmp_path / reference, "png", 25, 4, False, False)


def test_command_line_ends_with_an_error_code(tmp_path, capsys):
    assert main_module.main(["videoed", "extract-video", "--input-file", str(tmp_path / "v.*"),
                             "--output-dir", str(tmp_path / "o"), "--fps", "0"]) == 1
    assert "There is no file" in capsys.readouterr().err

"""core/video_probe.py: what ffprobe and ffmpeg say about files of a real encoder."""
import json
import os
import stat
import sys

import pytest

from core import video_probe
from core.errors import UserError
from core.ffmpeg import find_ffmpeg, run_ffmpeg
from core.video_probe import VideoInfo, find_exact_rate, probe_video


@pytest.fixture
def without_ffprobe(monkeypatch):
    monkeypatch.setattr(video_probe.shutil, "which", lambda name: None)


def make_video(path, rate="25", seconds=2, audio_first=False, has_audio=True):
    pictures = ["-f", "lavfi", "-i", "testsrc=s=64x48:r={}:d={}".format(rate, seconds)]
    sound = ["-f", "lavfi", "-i", "sine=d={}".format(seconds)]
    if not has_audio:
        inputs, maps = pictures, ["-map", "0:v"]
    elif audio_first:
        inputs, maps = sound + pictures, ["-map", "0:a", "-map", "1:v"]
    else:
        inputs, maps = pictures + sound, ["-map", "0:v", "-map", "1:a", "-map", "1:a"]
    run_ffmpeg(inputs + maps + ["-c:v", "libx264", "-pix_fmt", "yuv420p", str(path)])
    return path


@pytest.mark.parametrize("rate", ["25", "30000/1001", "24000/1001", "60", "12", "25/2"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_rate_by_ffmpegs_description(rate, suffix, tmp_path, without_ffprobe):
    info = probe_video(make_video(tmp_path / ("v" + suffix), rate))
    assert info.frame_rate == (rate if "/" in rate else rate + "/1")
    assert info.audio_index == 1 and info.seconds == pytest.approx(2, abs=0.2)
    assert info.estimate_frames(5) == pytest.approx(10, abs=1)


def test_order_of_streams(tmp_path, without_ffprobe):
    assert probe_video(make_video(tmp_path / "a b.mp4", audio_first=True)).audio_index == 0
    silent = probe_video(make_video(tmp_path / "s.mp4", has_audio=False))
    assert silent.audio_index is None and silent.frame_rate == "25/1"


def test_sound_file_has_no_frame_rate(tmp_path, without_ffprobe):
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=1", str(tmp_path / "x.wav")])
    info = probe_video(tmp_path / "x.wav")
    assert info.frame_rate is None and info.audio_index == 0
    assert info.estimate_frames() is None


@pytest.mark.skipif(os.name == "nt", reason="a script that stands in for a program")
@pytest.mark.parametrize("streams, expected", [
    ([{"index": 0, "codec_type": "video", "r_frame_rate": "30000/1001"},
      {"index": 1, "codec_type": "audio"}, {"index": 2, "codec_type": "audio"}],
     VideoInfo("30000/1001", 1, 2.5)),
    ([{"index": 0, "codec_type": "audio"}], VideoInfo(None, 0, 2.5)),
    ([{"index": 0, "codec_type": "video", "r_frame_rate": "0/0"}], VideoInfo(None, None, 2.5))])
def test_ffprobe_is_asked_where_it_is(streams, expected, tmp_path, monkeypatch):
    """A stand-in prints what ffprobe prints, and keeps how it was called."""
    program, calls = tmp_path / "bin" / "ffprobe", tmp_path / "calls.json"
    program.parent.mkdir()
    program.write_text("#!{}\nimport json, sys\njson.dump(sys.argv[1:], open({!r}, 'w'))\n"
                       "print({!r})\n".format(sys.executable, str(calls), json.dumps(
                           {"format": {"duration": "2.500000"}, "streams": streams})))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    video = tmp_path / "v.mp4"
    video.write_bytes(b"any")
    assert probe_video(video) == expected
    assert json.loads(calls.read_text()) == ["-show_format", "-show_streams", "-of", "json",
                                             str(video)]


@pytest.mark.parametrize("content", [b"", b"no video\n" * 100])
def test_what_is_no_video(content, tmp_path):
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as a video"):
        probe_video(tmp_path / "v.mp4")


def test_missing_video(tmp_path):
    with pytest.raises(UserError, match="no video"):
        probe_video(tmp_path / "v.mp4")


@pytest.mark.parametrize("shown, exact", [
    ("29.97", "30000/1001"), ("23.98", "24000/1001"), ("59.94", "60000/1001"),
    ("119.88", "120000/1001"), ("25", "25/1"), ("12.50", "25/2"), ("30", "30/1")])
def test_exact_rates(shown, exact):
    assert find_exact_rate(shown) == exact
    assert find_ffmpeg()

"""core/ffmpeg.py: a real ffmpeg is run, fed, and its failures are told."""
import errno
import os
import subprocess

import cv2
import numpy as np
import pytest

from core import durable_write, ffmpeg
from core.errors import UserError


def make_pictures(count, size=(32, 48)):
    return [cv2.imencode(".png", np.full(size + (3,), 20 * i, np.uint8))[1].tobytes()
            for i in range(count)]


def pipe_to(path):
    return ["-f", "image2pipe", "-r", "25", "-i", "pipe:", "-c:v", "mpeg4", str(path)]


def count_frames(path):
    video, count = cv2.VideoCapture(str(path)), 0
    while video.read()[0]:
        count += 1
    return count


def test_frames_are_counted(tmp_path):
    seen = []
    ffmpeg.run_ffmpeg(["-f", "lavfi", "-i", "color=s=32x32:r=25:d=2", str(tmp_path / "v.avi")],
                      seen.append)
    assert seen[-1] == 50 and seen == sorted(seen)


def test_feeding(tmp_path):
    ffmpeg.feed_ffmpeg(pipe_to(tmp_path / "v.avi"), iter(make_pictures(7)))
    assert count_frames(tmp_path / "v.avi") == 7


def test_failure_names_the_cause(tmp_path):
    with pytest.raises(UserError, match="(?s)ffmpeg failed.*No such file.*Command: .*nowhere"):
        ffmpeg.run_ffmpeg(["-i", str(tmp_path / "nowhere"), str(tmp_path / "v.avi")])


def test_ffmpeg_that_ends_while_it_is_fed(tmp_path):
    parts = iter(make_pictures(1) + [bytes(1 << 16)] * 200)
    with pytest.raises(UserError, match="(?s)ffmpeg failed.*nofolder"):
        ffmpeg.feed_ffmpeg(pipe_to(tmp_path / "nofolder" / "v.avi"), parts)


@pytest.mark.parametrize("is_windows", [False, True])
def test_ffmpeg_that_reads_nothing(is_windows, tmp_path, monkeypatch):
    """Windows says EINVAL for a pipe without a reader."""
    broken = []

    class Pipe:
        def __init__(self, pipe):
            self.pipe = pipe

        def call(self, function, *arguments):
            try:
                function(*arguments)
            except OSError:
                broken.append(function)
                if is_windows:
                    raise OSError(errno.EINVAL, "Invalid argument") from None
                raise

        def write(self, data):
            self.call(self.pipe.write, data)

        def close(self):
            self.call(self.pipe.close)

    class Popen(subprocess.Popen):
        def __init__(self, *arguments, **keywords):
            super().__init__(*arguments, **keywords)
            self.stdin = Pipe(self.stdin)

    monkeypatch.setattr(ffmpeg.subprocess, "Popen", Popen)
    parts = iter([bytes(1 << 16)] * 200)
    with pytest.raises(UserError, match="(?s)ffmpeg failed.*nosuchoption"):
        ffmpeg.feed_ffmpeg(["-nosuchoption", "1"] + pipe_to(tmp_path / "v.avi"), parts)
    assert broken and next(parts, None) is not None     # no more is read than is of use


def test_another_error_of_the_pipe_is_not_hidden():
    def fail(data):
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        ffmpeg._hand_over(fail, b"x")


def test_failing_source_of_pictures_ends_ffmpeg(tmp_path):
    def parts():
        yield make_pictures(1)[0]
        raise UserError("the second is damaged")

    with pytest.raises(UserError, match="the second is damaged"):
        ffmpeg.feed_ffmpeg(pipe_to(tmp_path / "v.avi"), parts())


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError])
def test_old_file_stays_unless_the_new_one_is_whole(error, tmp_path):
    video = tmp_path / "v.mp4"
    video.write_bytes(b"old")
    with pytest.raises(error), ffmpeg.write_whole(video) as unfinished:
        unfinished.write_bytes(b"half")
        raise error("stop")
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"] and video.read_bytes() == b"old"
    with ffmpeg.write_whole(video) as unfinished:
        assert unfinished.suffix == ".mp4"
        unfinished.write_bytes(b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"] and video.read_bytes() == b"new"


def test_finished_video_is_not_thrown_away_when_the_old_one_is_held(tmp_path, monkeypatch):
    def hold(source, target):
        raise PermissionError(13, "held by a player")

    video = tmp_path / "v.mp4"
    video.write_bytes(b"old")
    monkeypatch.setattr(durable_write, "REPLACE_PAUSE", 0)
    monkeypatch.setattr(durable_write.os, "replace", hold)
    with pytest.raises(UserError, match="another program holds it") as error:
        with ffmpeg.write_whole(video) as unfinished:
            unfinished.write_bytes(b"new")
    assert video.read_bytes() == b"old" and unfinished.read_bytes() == b"new"
    assert str(unfinished) in error.value.remedies[1]


@pytest.mark.skipif(os.name == "nt", reason="a script stands for the program")
@pytest.mark.parametrize("message, remedy", [
    ("x.png: No space left on device", "disk space"),
    ("Error opening output x.mp4: Read-only file system", "may be written to"),
    ("Unable to choose an output format for 'x.xyz'", ".mp4, .mov"), ("Invalid data", "Command: ")])
def test_messages_that_tell_a_remedy(message, remedy, tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho \"%s\" >&2\nexit 1\n" % message)
    program.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "find_ffmpeg", lambda: str(program))
    with pytest.raises(UserError, match=message) as error:
        ffmpeg.run_ffmpeg([])
    assert remedy in error.value.remedies[0] and "Command: " in error.value.remedies[-1]


def test_failed_removal_does_not_hide_what_failed_first(tmp_path, monkeypatch):
    """A read-only disk refuses both; only the first tells the cause."""
    def refuse(path):
        raise UserError("{} cannot be removed.".format(path))
    monkeypatch.setattr(ffmpeg.persist, "remove_file", refuse)
    with pytest.raises(UserError, match="ffmpeg failed"):
        with ffmpeg.write_whole(tmp_path / "a.mp4"):
            raise UserError("ffmpeg failed")


def test_folder_with_percent_signs(tmp_path):
    folder = tmp_path / "100%d done"
    folder.mkdir()
    for i, data in enumerate(make_pictures(3), 1):
        (folder / ("%05d.png" % i)).write_bytes(data)
    ffmpeg.encode_frames(folder, "%05d.png", folder / "v.mp4", 25)
    assert count_frames(folder / "v.mp4") == 3

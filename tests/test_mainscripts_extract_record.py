"""mainscripts/extract_record.py: what is done, after an interruption and after the end."""
import os

import pytest

from core.errors import UserError
from core.interact import interact as io
from mainscripts.extract_record import (RECORD_NAME, ExtractRecord, count_files, is_whole,
                                        remove_faces_of)
from mainscripts.extract_stages import FrameData

SETTINGS = {"face_type": "whole_face"}
WHOLE = b"\xff\xd8 a face \xff\xd9"


def make_frame(folder, number, faces=1):
    path = folder / ("%05d.png" % number)
    path.write_bytes(b"frame")
    frame = FrameData(path)
    frame.faces_detected = faces
    for k in range(faces):
        (folder / "out" / ("%05d_%d.jpg" % (number, k))).write_bytes(WHOLE)
    return frame


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path


def write_record(folder, frames, is_complete=None):
    """is_complete: None is an interrupted run."""
    record = ExtractRecord(folder / "out")
    assert record.settings is None and not record.is_interrupted()
    record.start(SETTINGS, False)
    for frame in frames:
        record.add(frame)
    if is_complete is not None:
        record.finish(is_complete)
    return ExtractRecord(folder / "out")


def test_frames_are_done_while_their_files_are_whole(folder):
    frames = [make_frame(folder, i, faces) for i, faces in enumerate((1, 2, 0))]
    failed = make_frame(folder, 3)
    failed.error = "not read"
    record = write_record(folder, frames + [failed])
    assert record.is_interrupted() and record.settings == SETTINGS
    paths = [frame.filepath for frame in frames]
    assert [record.is_done(path, folder / "out", None) for path in paths] == [True] * 3
    assert not record.is_done(failed.filepath, folder / "out", None)
    assert record.is_without_face(paths[2]) and not record.is_without_face(paths[0])
    assert record.count_faces([path.name for path in paths] + ["other.png"]) == 3
    (folder / "out" / "00001_1.jpg").write_bytes(WHOLE[:-1])
    assert not record.is_done(paths[1], folder / "out", None)
    os.utime(str(paths[0]), (1, 1))     # copied
    assert record.is_done(paths[0], folder / "out", None)
    paths[0].write_bytes(b"another frame")
    assert not record.is_done(paths[0], folder / "out", None)
    assert not record.is_done(paths[2], folder / "out", folder)     # its debug picture is missing


@pytest.mark.parametrize("is_complete", [True, False])
def test_deleted_faces_stay_deleted_after_the_end(is_complete, folder):
    """Also where some frames have failed; a run that goes on and is interrupted changes nothing
    for them, but is one."""
    first, second, third = [make_frame(folder, number) for number in (1, 2, 3)]
    record = write_record(folder, [first, second], is_complete)
    assert record.is_complete is is_complete and record.is_interrupted() is not is_complete
    for path in (folder / "out").glob("*_0.jpg"):
        path.unlink()
    assert record.is_done(first.filepath, folder / "out", folder)
    record.start(SETTINGS, True)
    record.add(second)      # once more
    record.add(third)
    record = ExtractRecord(folder / "out")
    assert record.is_interrupted()
    assert [record.is_done(frame.filepath, folder / "out", None)
            for frame in (first, second, third)] == [True, False, False]


@pytest.mark.parametrize("tail", [b'{"frame": "00002.p', b"\x00" * 50, b'{"frame": 5}\n[1]\nnull'])
def test_torn_lines_do_not_count(tail, folder):
    frames = [make_frame(folder, i) for i in (1, 2)]
    write_record(folder, frames[:1])
    path = folder / "out" / RECORD_NAME
    path.write_bytes(path.read_bytes() + tail)
    record = ExtractRecord(folder / "out")
    assert list(record.frames) == ["00001.png"]
    record.start(SETTINGS, True)
    record.add(frames[1])
    record.finish(True)
    again = ExtractRecord(folder / "out")
    assert sorted(again.frames) == ["00001.png", "00002.png"] and again.is_complete


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": 99, "settings": {}}', b"\xff\xfe",
                                     b'{"version": 1, "settings": 5}', b"[" * 100000])
def test_records_that_cannot_be_used_count_as_none(content, folder):
    (folder / "out" / RECORD_NAME).write_bytes(content)
    assert ExtractRecord(folder / "out").settings is None


def test_folder_that_cannot_be_written(folder, monkeypatch):
    monkeypatch.setattr(io, "log_err", lambda text: None)
    (folder / "out" / RECORD_NAME).mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        ExtractRecord(folder / "out").start(SETTINGS, False)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_told(folder):
    record = ExtractRecord(folder / "out")
    record.start(SETTINGS, False)
    with open("/dev/full", "w") as full:
        record._file = full
        with pytest.raises(UserError, match="extract_record.jsonl cannot be written: No space"):
            record.add(make_frame(folder, 1, 1))
        with pytest.raises(OSError):    # what it still holds back
            full.close()


def test_remains_of_a_frame_are_removed(folder):
    frame = make_frame(folder, 1, 3)
    make_frame(folder, 2, 1)
    for name in ("00001_0.jpg.tmp", "00001_x.jpg", "00001_0.png"):
        (folder / "out" / name).write_bytes(b"")
    assert count_files(folder / "out") == {"00001": 4, "00002": 1}
    remove_faces_of([frame.filepath], folder / "out")
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "00001_0.png", "00001_x.jpg", "00002_0.jpg"]
    assert is_whole(folder / "out" / "00002_0.jpg") and not is_whole(folder / "none.jpg")

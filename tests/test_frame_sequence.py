"""mainscripts/frame_sequence.py: the pictures that make a video."""
import os

import cv2
import numpy as np
import pytest

from core import provenance
from core.errors import UserError
from mainscripts import frame_sequence


def write(path, size=(6, 8)):
    assert cv2.imwrite(str(path), np.full(size + (3,), 90, np.uint8))
    return path


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_size(suffix, tmp_path):
    path = write(tmp_path / ("x" + suffix))
    assert frame_sequence.read_size(path) == frame_sequence.read_size(path, path.read_bytes()) \
        == (6, 8)


@pytest.mark.parametrize("content", [b"", b"none"])
def test_what_is_no_picture(content, tmp_path):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(UserError, match="x.png cannot be read"):
        frame_sequence.read_size(tmp_path / "x.png")


def test_list_by_name_and_of_one_kind(tmp_path):
    for name in ("b.png", "a.PNG", "c.jpg"):
        write(tmp_path / name)
    with pytest.raises(UserError, match="several kinds: .jpg, .png"):
        frame_sequence.list_frames(tmp_path)
    for ext in ("png", ".PNG"):
        assert [p.name for p in frame_sequence.list_frames(tmp_path, ext)] == ["a.PNG", "b.png"]
    with pytest.raises(UserError, match="no pictures"):
        frame_sequence.list_frames(tmp_path / "gone")


def test_both_spellings_of_a_suffix_are_one_kind(tmp_path):
    paths = [write(tmp_path / name) for name in ("1.jpg", "2.JPEG", "3.Jpg")]
    assert frame_sequence.list_frames(tmp_path) == paths


def test_a_picture_that_is_gone_is_named(tmp_path):
    with pytest.raises(UserError, match="gone.png cannot be read: No such file"):
        frame_sequence.read_size(tmp_path / "gone.png")


def test_folders_are_no_pictures(tmp_path):
    path = write(tmp_path / "b.png")
    (tmp_path / "a.png").mkdir()
    assert frame_sequence.list_frames(tmp_path) == [path]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_without_its_end_is_named(suffix, tmp_path):
    path = write(tmp_path / ("cut" + suffix), (64, 64))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match="cut%s is cut off" % suffix):
        frame_sequence.read_size(path)
    with pytest.raises(UserError, match="is cut off"):
        list(frame_sequence.read_frames([path], (64, 64)))


def test_reading_stops_at_another_size(tmp_path):
    paths = [write(tmp_path / name) for name in ("1.png", "2.png")]
    paths.append(write(tmp_path / "3.png", (8, 8)))
    read = frame_sequence.read_frames(paths, (6, 8))
    assert [next(read), next(read)] == [path.read_bytes() for path in paths[:2]]
    with pytest.raises(UserError, match="3.png is 8 x 8 pixels, the pictures before it 8 x 6"):
        next(read)


def test_tif_is_fed_as_png_of_the_same_pixels(tmp_path):
    path = write(tmp_path / "1.tif")
    data, = frame_sequence.read_frames([path], (6, 8))
    assert data[:4] == b"\x89PNG"
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), -1), cv2.imread(str(path)))


@pytest.mark.parametrize("size, is_odd", [((6, 8), False), ((7, 8), True), ((6, 9), True)])
def test_odd_side(size, is_odd, capsys):
    assert frame_sequence.has_odd_side(size) is is_odd
    assert ("%d x %d" % (size[1], size[0]) in capsys.readouterr().out) is is_odd


@pytest.mark.parametrize("is_marked", [False, True])
def test_mark_is_kept(is_marked, tmp_path):
    old, new = write(tmp_path / "old.png"), write(tmp_path / "new.png")
    if is_marked:
        old.write_bytes(provenance.mark_png(old.read_bytes()))
    frame_sequence.keep_mark(old, new)
    assert provenance.is_marked(new.read_bytes()) is is_marked


def test_folder_of_faces_is_refused(facesets, tmp_path):
    faces = frame_sequence.list_frames(facesets.src)
    with pytest.raises(UserError, match="landmarks of 00000_0.jpg would be lost"):
        frame_sequence.refuse_faces(faces)
    frame_sequence.refuse_faces([write(tmp_path / "frame.jpg")])
    frame_sequence.refuse_faces([write(tmp_path / "frame.png")])
    with pytest.raises(UserError, match=faces[1].name):
        frame_sequence.refuse_faces([tmp_path / "frame.jpg", faces[1]])
    (tmp_path / "text.jpg").write_bytes(b"no picture")
    frame_sequence.refuse_faces([tmp_path / "text.jpg"])


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_frame_that_is_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "work").mkdir()
    data = write(tmp_path / "real" / "1.png").read_bytes()
    os.symlink(os.path.join("real", "1.png"), str(tmp_path / "1.png"))
    frame_sequence.link_or_copy(tmp_path / "1.png", tmp_path / "work" / "000001.png")
    assert (tmp_path / "work" / "000001.png").read_bytes() == data


def test_link_or_copy_where_links_are_refused(tmp_path, monkeypatch):
    def refuse(source, target):
        raise OSError("no links here")

    path = write(tmp_path / "1.png")
    frame_sequence.link_or_copy(path, tmp_path / "2.png")
    monkeypatch.setattr(frame_sequence.os, "link", refuse)
    frame_sequence.link_or_copy(path, tmp_path / "3.png")
    assert path.read_bytes() == (tmp_path / "2.png").read_bytes() \
        == (tmp_path / "3.png").read_bytes()

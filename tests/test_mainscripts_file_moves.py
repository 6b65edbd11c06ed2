"""mainscripts/file_moves.py: no file takes the place of another, wherever a run is cut off."""
import errno
import os

import pytest
from faceset_tools_support import count_contents, list_names

from core.errors import UserError
from mainscripts import file_moves


class Cut(BaseException):
    """The end of the process."""


@pytest.fixture
def folder(tmp_path):
    """Names that are the new names of one another."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for name in ("00000.jpg", "00001.jpg", "00002.png", "00000_00001.jpg", "a.jpg"):
        (folder / name).write_text(name)
    return folder


def number(folder):
    return [(path, "%05d%s" % (index, path.suffix))
            for index, path in enumerate(sorted(folder.iterdir(), reverse=True))]


def test_names_of_one_another(folder):
    file_moves.rename_files(number(folder))
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "00000.jpg": "a.jpg", "00001.png": "00002.png", "00002.jpg": "00001.jpg",
        "00003.jpg": "00000_00001.jpg", "00004.jpg": "00000.jpg"}


def test_cut_off_at_every_step_and_started_again(tmp_path, monkeypatch):
    rename = os.rename
    for step in range(12):
        folder = tmp_path / str(step)
        folder.mkdir()
        for name in ("00000.jpg", "00001.jpg", "00002.png", "00000_00001.jpg", "a.jpg"):
            (folder / name).write_text(name)
        before = count_contents(folder)
        for again in range(3):      # it is cut off twice
            left = [step + again if again < 2 else 1000]

            def rename_or_stop(source, target):
                left[0] -= 1
                if left[0] < 0:
                    raise Cut()
                assert not os.path.exists(target)
                rename(source, target)
            monkeypatch.setattr(os, "rename", rename_or_stop)
            try:
                file_moves.rename_files(number(folder))
            except Cut:
                assert again < 2
            assert count_contents(folder) == before
        assert list_names(folder)[-1][:5] == "00004"


def test_names_that_are_taken(folder):
    before = list_names(folder)
    with pytest.raises(UserError, match="00001.jpg is in the way"):
        file_moves.rename_files([(folder / "a.jpg", "00001.jpg")])
    with pytest.raises(UserError, match="Two files"):
        file_moves.rename_files([(folder / "a.jpg", "x.jpg"), (folder / "00001.jpg", "x.jpg")])
    assert list_names(folder) == before


def test_names_that_stay(folder):
    file_moves.rename_files([(folder / "a.jpg", "a.jpg"), (folder / "00000.jpg", "b.jpg")])
    assert "a.jpg" in list_names(folder) and "b.jpg" in list_names(folder)


def test_names_of_the_greatest_length(tmp_path):
    path = tmp_path / ("\u7070" * 80 + ".jpg")
    path.write_text("x")
    file_moves.rename_files([(path, "00000.jpg")])
    assert list_names(tmp_path) == ["00000.jpg"]


def test_moving_and_copying_replace_nothing(folder, tmp_path):
    target = tmp_path / "trash"
    assert file_moves.move_into([], target) == 0 and not target.exists()
    target.mkdir()
    (target / "a.jpg").write_text("old")
    assert file_moves.move_into([folder / "a.jpg", folder / "00000.jpg"], target) == 2
    assert {path.name: path.read_text() for path in target.iterdir()} == {
        "a.jpg": "old", "a_1.jpg": "a.jpg", "00000.jpg": "00000.jpg"}
    copy = file_moves.copy_into(folder / "00001.jpg", target)
    assert file_moves.copy_into(folder / "00001.jpg", target) == copy    # not twice
    (folder / "00001.jpg").write_text("new")
    assert file_moves.copy_into(folder / "00001.jpg", target).name == "00001_1.jpg"


def test_moving_to_another_drive(folder, tmp_path, monkeypatch):
    """A faceset's folder may be a link: its trash beside the link is then elsewhere."""
    def refuse(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")
    monkeypatch.setattr(os, "rename", refuse)
    os.utime(str(folder / "a.jpg"), (1000000000, 1000000000))
    before = count_contents(folder)
    assert file_moves.move_into([folder / "a.jpg", folder / "00000.jpg"], tmp_path / "trash") == 2
    assert list_names(tmp_path / "trash") == ["00000.jpg", "a.jpg"]
    assert not (folder / "a.jpg").exists() and count_contents(folder, tmp_path / "trash") == before
    assert (tmp_path / "trash" / "a.jpg").stat().st_mtime == 1000000000


def test_a_copy_to_another_drive_that_fails_leaves_the_original(folder, tmp_path, monkeypatch):
    def refuse(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    def is_full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(os, "rename", refuse)
    monkeypatch.setattr(os, "fsync", is_full)
    with pytest.raises(UserError, match="No space left"):
        file_moves.move_into([folder / "a.jpg"], tmp_path / "trash")
    assert (folder / "a.jpg").read_text() == "a.jpg" and list_names(tmp_path / "trash") == []


def test_a_file_that_cannot_be_renamed_is_named(folder, monkeypatch):
    def refuse(source, target):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(UserError, match="a.jpg cannot be renamed to .*Permission denied"):
        file_moves.rename_files([(folder / "a.jpg", "b.jpg")])

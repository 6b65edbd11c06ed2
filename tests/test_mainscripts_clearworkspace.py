"""mainscripts/ClearWorkspace.py: moves, asks, never at the end of input."""
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import main
from conftest import TREE
from core.errors import UserError
from mainscripts import ClearWorkspace


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "work & space"
    for name in ("data_src/aligned/00001.jpg", "data_dst/00001.png", "model/me_SAEHD_data.dat",
                 "data_dst.mp4", "result.mp4", "mine/keep.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (tmp_path / "outside.txt").write_text("outside")
    return folder


def list_all(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")
                  if path.is_file())


@pytest.mark.parametrize("typed", ["", "y\n", "no\n", "\n"])
def test_nothing_happens_without_the_word(workspace, monkeypatch, typed):
    before = list_all(workspace)
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert ClearWorkspace.main(workspace) == 1
    assert list_all(workspace) == before


def test_the_folders_are_moved_and_made_anew(workspace, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("Yes\n"))
    assert ClearWorkspace.main(workspace) == 0
    shelf, = workspace.glob("cleared_*")
    assert list_all(shelf) == ["data_dst/00001.png", "data_src/aligned/00001.jpg",
                               "model/me_SAEHD_data.dat"]
    for name in ("data_src/aligned", "data_dst/aligned", "model"):
        assert (workspace / name).is_dir() and not list((workspace / name).iterdir())
    assert (workspace / "data_dst.mp4").is_file() and (workspace / "mine" / "keep.txt").is_file()
    assert (workspace.parent / "outside.txt").read_text() == "outside"
    assert ClearWorkspace.main(workspace, True) == 0    # in the same second: another folder
    assert len(list(workspace.glob("cleared_*"))) == 2


@pytest.mark.parametrize("tree", ["DeepFaceLab", "DeepFaceLab_SAEHDBW"])
def test_a_folder_whose_name_the_output_cannot_write(tree, tmp_path):
    """As where an output goes to a file on Windows; spec 81: never a traceback."""
    folder = tmp_path / "w\u00f6rk \u5de5"
    (folder / "data_src").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, str(TREE.parent / tree / "main.py"), "clear-workspace", "--workspace",
         str(folder), "--yes"], env=dict(os.environ, PYTHONIOENCODING="ascii"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = done.stdout.decode("ascii")
    assert done.returncode == 0 and output.rstrip().endswith("Done."), output
    assert "w\\xf6rk \\u5de5" in output
    assert (folder / "model").is_dir() and (folder / "data_dst" / "aligned").is_dir()


def test_a_folder_that_is_open_elsewhere_leaves_everything(workspace, monkeypatch, capsys):
    """Windows refuses to move it; data_src was moved before it and comes back."""
    before, rename = list_all(workspace), Path.rename

    def refuse(path, target):
        if path.name == "data_dst" and path.parent == workspace:
            raise PermissionError(13, "in use", str(path))
        return rename(path, target)
    monkeypatch.setattr(Path, "rename", refuse)
    assert main.main(["clear-workspace", "--workspace", str(workspace), "--yes"]) == 1
    text = capsys.readouterr().err
    assert "data_dst cannot be moved: in use" in text and "Nothing was changed" in text
    assert list_all(workspace) == before and not list(workspace.glob("cleared_*"))


def test_command_with_yes_on_a_new_workspace(tmp_path):
    assert main.main(["clear-workspace", "--workspace", str(tmp_path / "new"), "--yes"]) == 0
    assert (tmp_path / "new" / "data_dst" / "aligned").is_dir()


def test_a_place_where_no_folder_can_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    line = ["clear-workspace", "--workspace", str(tmp_path / "file" / "new"), "--yes"]
    assert main.main(line) == 1
    assert "cannot be made" in capsys.readouterr().err


def test_places_that_are_no_workspace(tmp_path):
    (tmp_path / "letter.txt").write_text("x")
    for folder in (tmp_path, Path.home(), Path("/")):
        with pytest.raises(UserError):
            ClearWorkspace.main(folder, True)

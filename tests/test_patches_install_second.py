"""patches/install.py when it is not the first run: other options than the time before, what a run
that was stopped left, and disks that fail at the end."""
import errno
import json
import os
from types import SimpleNamespace

import pytest

from bat_support import BAT, generate
from install_parts import adopt, apply, guard, lock, names
from install_parts.journal import Journal
from install_support import (EDITED, PRISTINE, make_caller, make_install, make_package, picture)

STATE = names.STATE + "/"


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "package")


@pytest.fixture
def root(tmp_path):
    return make_install(tmp_path / "install")


@pytest.fixture
def call(monkeypatch):
    return make_caller(monkeypatch)


@pytest.mark.parametrize("change", ["deleted", "edited"])
def test_released_script_comes_back_when_scripts_are_no_longer_wanted(package, root, call, change):
    """The user deletes or edits our script, then installs without scripts: the released one is
    still known, and with our script gone it is back at once."""
    before = picture(root)
    assert call(package, root, "--yes") == 0
    if change == "deleted":
        (root / PRISTINE).unlink()
    else:
        (root / PRISTINE).write_bytes(b"rem changed\r\n")
    assert call(package, root, "--yes", "--no-scripts") == 0
    assert (root / PRISTINE).read_bytes() == (
        b"rem as released\r\n" if change == "deleted" else b"rem changed\r\n")
    assert call(package, root, "--uninstall", "--factory", "--yes") == 0
    after = picture(root)
    assert {name: after[name] for name in before} == before


def test_purging_tells_what_it_deletes(package, root, call, capsys):
    assert call(package, root, "--yes") == 0
    (root / PRISTINE).write_bytes(b"rem changed\r\n")
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    text = capsys.readouterr().out
    assert PRISTINE + " was changed and stays; the one before is deleted with the backups" in text


def test_backups_of_an_uninstalled_program_are_purged_only_when_agreed(package, root, call,
                                                                       monkeypatch, capsys):
    before = picture(root)
    assert call(package, root, "--yes") == 0
    assert call(package, root, "--uninstall", "--yes") == 0
    kept = picture(root)
    assert kept != before
    assert call(package, root, "--uninstall", "--purge", "--dry-run") == names.WOULD_CHANGE
    monkeypatch.setattr("sys.stdin", open(os.devnull))
    assert call(package, root, "--uninstall", "--purge") == names.USAGE
    assert picture(root) == kept
    capsys.readouterr()
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    assert "backup-" in capsys.readouterr().out
    assert picture(root) == before and not (root / names.STATE).exists()
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0      # nothing to do


@pytest.mark.parametrize("installed, given", [("replace", "side"), ("side", "replace")])
def test_uninstalling_needs_no_mode(package, root, call, installed, given):
    """Which one it was stands in the manifest; another one on the command line is no reason."""
    before = picture(root)
    assert call(package, root, "--yes", "--mode", installed) == 0
    assert call(package, root, "--yes", "--mode", given) == names.CONFLICT
    assert call(package, root, "--verify", "--mode", given) == 0
    assert call(package, root, "--uninstall", "--purge", "--yes", "--mode", given) == 0
    assert picture(root) == before


@pytest.mark.parametrize("mode", ["replace", "side"])
def test_plugins_come_along_later_too(tmp_path, package, root, call, mode):
    before = picture(root)
    mine = root / "_internal/DeepFaceLab/models/Model_MINE/Model.py"
    ours = root / "_internal" / dict(replace="DeepFaceLab", side=names.PRODUCT)[mode]
    assert call(package, root, "--yes", "--mode", mode) == 0
    assert not (ours / "models/Model_MINE").exists()
    assert call(package, root, "--yes", "--with-plugins") == 0
    assert (ours / "models/Model_MINE/Model.py").read_text() == "MINE = 1\n"
    assert call(package, root, "--dry-run", "--with-plugins") == 0      # nothing to do
    assert call(make_package(tmp_path / "new", "1.1.0"), root, "--yes") == 0
    assert (ours / "models/Model_MINE/Model.py").read_text() == "MINE = 1\n"
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    assert mine.read_text() == "MINE = 1\n" and picture(root) == before


def test_models_that_come_as_byte_code_are_the_users(tmp_path, package, root, call):
    """Beside byte code of Python's own, which lies in __pycache__."""
    model = root / "_internal/DeepFaceLab/models/Model_SOLD"
    for name in ("__init__.pyc", "Model.pyc", "__pycache__/x.cpython-36.pyc"):
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_bytes(name.encode("ascii"))
    assert call(package, root, "--yes", "--with-plugins") == 0
    assert sorted(path.name for path in model.iterdir()) == ["Model.pyc", "__init__.pyc"]
    (root / "_internal/DeepFaceLab/models/Model_LATER").mkdir()
    (root / "_internal/DeepFaceLab/models/Model_LATER/Model.pyc").write_bytes(b"later")
    assert call(make_package(tmp_path / "new", "1.1.0"), root, "--yes") == 0
    assert (model / "Model.pyc").read_bytes() == b"Model.pyc"
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    kept, = root.glob(STATE + "kept-*")
    assert (kept / "_internal/DeepFaceLab/models/Model_LATER/Model.pyc").read_bytes() == b"later"


def test_weights_that_cannot_be_whole_are_named(package, root, call, capsys):
    """A clone without its large files has texts of 130 bytes in their place."""
    folder = root / "_internal/DeepFaceLab/facelib"
    with open(str(folder / "S3FD.npy"), "wb") as file:
        file.truncate(2 * adopt.WEIGHTS["facelib/S3FD.npy"] + 100)
    assert call(package, root, "--yes", "--dry-run") == names.WOULD_CHANGE
    text = capsys.readouterr().out
    assert "facelib/2DFAN.npy of the original tree is not whole (16 bytes)" in text
    assert "S3FD.npy of the original" not in text


def test_block_comes_before_the_line_that_leaves(package, root, call):
    setenv = root / names.SETENV
    content = b"@echo off\r\nset X=1\r\nGOTO :EOF\r\n"
    setenv.write_bytes(content)
    assert call(package, root, "--yes") == 0
    assert setenv.read_bytes().endswith(b"rem <<< DeepFaceLab_TF1X\r\nGOTO :EOF\r\n")
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    assert setenv.read_bytes() == content


@pytest.mark.parametrize("text, is_ours", [(names.CPU_SWITCH_TEXT + b"\r\n", True),
                                           (b"my notes", False)])
def test_switch_for_the_cpu_goes_with_the_scripts(package, root, call, text, is_ours):
    before = picture(root)
    assert call(package, root, "--yes") == 0
    (root / names.CPU_SWITCH).write_bytes(text)
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    assert (root / names.CPU_SWITCH).is_file() is not is_ours
    after = picture(root)
    assert {name: after[name] for name in before} == before
    assert (len(after) == len(before)) is is_ours


def test_text_of_the_switch_is_what_the_scripts_write():
    text = names.CPU_SWITCH_TEXT.decode("ascii")
    assert text in generate.batch_text.CPU_SWITCH
    assert text in (BAT / "linux" / "env.sh").read_text(encoding="ascii")


def test_root_typed_with_a_backslash_before_its_quote(package, root, call):
    """`install.bat "C:\\My DFL\\"`: a quote is left at its end."""
    assert call(package, str(root) + '"', "--dry-run") == names.WOULD_CHANGE
    assert call(package, str(root) + os.sep + '"', "--dry-run") == names.WOULD_CHANGE


def test_contradictions_of_the_build_are_told(package, root, call, capsys):
    setenv = root / names.SETENV
    setenv.write_bytes(setenv.read_bytes() + b"SET TF_MIN_REQ_CAP=30\r\n")
    assert call(package, root, "--dry-run") == names.WOULD_CHANGE
    assert "Note: setenv.bat is that of the RTX2080Ti build" in capsys.readouterr().out


def test_what_is_in_use_is_named_with_what_to_do(package, root, call, monkeypatch, capsys):
    before, rename = picture(root), os.rename

    def refuse(source, target):
        if str(source).endswith("DeepFaceLab") and "staging" not in str(source):
            raise PermissionError(errno.EACCES, "in use", str(source))
        rename(source, target)
    monkeypatch.setattr(os, "rename", refuse)
    assert call(package, root, "--yes") == names.ROLLED_BACK
    assert "close every program" in capsys.readouterr().err and picture(root) == before


def test_a_package_without_setenv_has_none_to_put_in_place(package, root, call, capsys):
    before = picture(root)
    assert call(package, root, "--yes", "--own-setenv") == names.USAGE
    assert "setenv.bat is missing" in capsys.readouterr().err and picture(root) == before


class WindowsFunction:
    def __init__(self, function):
        self.function = function

    def __call__(self, *arguments):
        return self.function(*arguments)


def make_kernel(opened):
    """Stands for kernel32: process 7 began at 5, no other one runs."""
    def open_process(access, inherited, number):
        opened.append(number)
        return 1234 if number == 7 else opened.remove(number)

    def get_times(handle, creation, *others):
        creation._obj.value = 5
        return handle.value == 1234

    def get_code(handle, code):
        code._obj.value = lock.STILL_ACTIVE
    return SimpleNamespace(
        OpenProcess=WindowsFunction(open_process), GetProcessTimes=get_times,
        GetExitCodeProcess=get_code, CloseHandle=lambda handle: opened.remove(7))


def test_start_times_tell_processes_of_one_number_apart_on_windows(monkeypatch):
    opened = []
    monkeypatch.setattr(lock.sys, "platform", "win32")
    monkeypatch.setattr(lock.ctypes, "windll", SimpleNamespace(kernel32=make_kernel(opened)),
                        raising=False)
    assert lock.is_running(7) and lock.get_start_time(7) == "5"
    assert not lock.is_running(8) and lock.get_start_time(8) is None
    assert opened == []         # all handles are closed


# -- what fails ---------------------------------------------------------------------------------

def test_temporary_files_that_cannot_be_deleted(package, root, call, monkeypatch, capsys):
    """The install stands then, and says so; --repair deletes them."""
    def refuse(path):
        raise PermissionError(errno.EACCES, "in use", path)
    with monkeypatch.context() as patch:
        patch.setattr(guard, "remove_plain", refuse)
        assert call(package, root, "--yes") == names.INCOMPLETE
    text = capsys.readouterr().err
    assert "The install is done" in text and "--repair" in text
    with monkeypatch.context() as patch:
        patch.setattr(guard, "remove_plain", refuse)
        assert call(package, root, "--repair", "--yes") == names.INCOMPLETE
    assert "The repair stopped" in capsys.readouterr().err
    assert call(package, root, "--repair", "--yes") == 0
    assert call(package, root, "--verify") == 0
    assert not list(root.glob(STATE + "trash-*")) and not list(root.glob(STATE + "staging-*"))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("odd"), KeyboardInterrupt()],
                         ids=["memory", "odd", "Ctrl+C"])
def test_whatever_stops_it_is_undone(package, root, call, monkeypatch, error):
    before = picture(root)

    def stop(*arguments):
        raise error
    monkeypatch.setattr(apply, "check_staged", stop)
    assert call(package, root, "--yes") == names.ROLLED_BACK
    assert picture(root) == before and not (root / names.STATE).exists()


def test_interrupting_the_way_back_leaves_it_to_repair(package, root, call, monkeypatch):
    before = picture(root)

    def stop(*arguments):
        raise KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr(apply, "check_staged", stop)
        patch.setattr(Journal, "undo", stop)
        assert call(package, root, "--yes") == names.INCOMPLETE
    assert call(package, root, "--repair", "--yes") == 0
    assert picture(root) == before


def test_full_disk_on_the_way(package, root, call, monkeypatch, capsys):
    """Every byte after the tenth line of the journal is refused, also on the way back."""
    from install_parts import journal
    before, write, written = picture(root), journal.write_line, []

    def fill(path, record):
        written.append(record)
        if len(written) > 10:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        write(path, record)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "write_line", fill)
        assert call(package, root, "--yes") == names.INCOMPLETE
    assert "make room" in capsys.readouterr().err
    assert call(package, root, "--verify") == names.INCOMPLETE
    assert call(package, root, "--repair", "--yes") == 0
    assert picture(root) == before


@pytest.mark.parametrize("content", [b"", b"\x00" * 40 + b"\n", b"[1]\n", b"{}\n"])
def test_journal_that_cannot_be_read_is_named(package, root, call, capsys, content):
    (root / names.STATE).mkdir()
    (root / names.JOURNAL).write_bytes(content)
    for option in ("--verify", "--repair", "--yes"):
        assert call(package, root, option) == names.INCOMPLETE
        assert "journal.jsonl cannot be read" in capsys.readouterr().err
    assert (root / names.JOURNAL).read_bytes() == content


def test_json_is_all_that_is_printed(package, root, call, monkeypatch, capsys):
    """Questions and notices go elsewhere."""
    path = root / names.LOCK
    path.parent.mkdir()
    path.write_text(json.dumps({"process": 0, "start": None}))
    monkeypatch.setattr("sys.stdin", open(os.devnull))
    assert call(package, root, "--json") == names.USAGE
    result = capsys.readouterr()
    assert json.loads(result.out)["code"] == names.USAGE and "Go on?" in result.err
    assert (root / EDITED).read_bytes() == b"rem edited by the user\r\n"

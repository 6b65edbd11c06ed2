"""install.bat, verify.bat and uninstall.bat from end to end under wine's batch interpreter, with a
bridge to the Python of Linux in place of python.exe, on an install in a folder with a blank, an
ampersand and Cyrillic letters (spec 70 sections 11 and 12.1 C)."""
import json
import os
import shutil
import subprocess
import sys

import pytest

import bat_support
from bat_support import BAT, ODD_FOLDER, to_windows
from install_parts import names
from install_parts.lock import get_start_time
from install_support import (EDITED, OLD_TIME, PRISTINE, make_install, make_package, picture,
                             write_tree)

MISSING = bat_support.find_missing() or (
    None if shutil.which("winegcc") and shutil.which("gcc")
    else "NOT RUN: winegcc is missing (apt-get install wine64-tools gcc)")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
INSTALLERS = ("install.bat", "uninstall.bat", "verify.bat")


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    work = tmp_path_factory.mktemp("wine")
    wine = bat_support.Wine(work)
    subprocess.run(["winegcc", "-m64", "-o", str(work / "bridge.exe"),
                    str(BAT.parent / "tests" / "recorder" / "bridge.c"), "-lshell32"], check=True)
    # Not a program of Linux: the installer notes that it cannot start this interpreter itself.
    (work / "bridge.exe.so").chmod(0o644)
    yield wine
    wine.stop()


@pytest.fixture
def root(wine, tmp_path):
    """An install whose interpreter is the bridge, with the package unpacked into it."""
    root = make_install(tmp_path / ODD_FOLDER, has_fork=True)
    python = root / "_internal" / "python-3.6.8" / "python.exe"
    shutil.copyfile(str(wine.recorder.parent / "bridge.exe.so"), str(python))
    python.chmod(0o644)
    os.utime(str(python), (OLD_TIME, OLD_TIME))
    package = make_package(root / "package (1)")
    for name in INSTALLERS:
        shutil.copy(str(BAT / name), str(package / "bat" / name))
    return root


def run(wine, script, *arguments):
    """(exit code, text)"""
    code, text, _ = wine.run(script, *arguments, BRIDGE_PYTHON=sys.executable)
    return code, text


def check_uninstall_code(code, wanted=0):
    """`exit /b` without a number keeps the code on Windows; the interpreter of wine 8 returns 0."""
    assert code in (0, wanted)


def test_install_verify_and_uninstall(wine, root):
    before = picture(root)
    package = root / "package (1)" / "bat"
    code, text = run(wine, package / "install.bat", "--dry-run")
    assert code == names.WOULD_CHANGE and "RTX3000" in text
    code, text = run(wine, package / "install.bat")
    assert code == names.USAGE and "Nothing was changed" in text     # the end of input is no
    assert picture(root) == before
    code, text = run(wine, package / "install.bat", "--yes")
    assert code == 0 and "Installed." in text, text
    assert (root / "_internal/DeepFaceLab/main.py").read_text() == "print('ours 1.0.0')\n"
    assert (root / "_internal/DeepFaceLab_SAEHDBW/main.py").read_text() == "print('gray')\n"
    assert (root / PRISTINE).read_bytes() == b"rem ours 1.0.0\r\n"
    assert (root / EDITED).read_bytes() == b"rem edited by the user\r\n"
    assert {"verify.bat", "uninstall.bat"} <= {path.name for path in root.glob("*.bat")}
    assert run(wine, package / "install.bat", "--yes")[0] == 0       # again: nothing to do
    code, text = run(wine, root / "verify.bat")
    assert code == 0 and "whole" in text, text
    code, text = run(wine, root / "uninstall.bat", "--yes", "--purge")
    check_uninstall_code(code)
    assert "Uninstalled." in text, text
    assert picture(root) == before


def test_codes_of_what_goes_wrong(wine, root, tmp_path):
    package = root / "package (1)" / "bat"
    assert run(wine, package / "install.bat", "--mode", "sideways")[0] == names.USAGE
    code, text = run(wine, package / "install.bat", "--yes")
    assert code == 0, text
    changed = root / "_internal/DeepFaceLab/core/new.py"
    content = changed.read_bytes()
    changed.write_bytes(b"CHANGED = 1\n")
    for script in (root / "verify.bat", package / "verify.bat"):
        code, text = run(wine, script)
        assert code == names.CONFLICT and "core/new.py" in text
    changed.write_bytes(content)
    assert run(wine, package / "install.bat", "--yes", "--mode", "side")[0] == names.CONFLICT
    lock = root / names.LOCK
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        lock.write_text(json.dumps({"process": process.pid,
                                    "start": get_start_time(process.pid)}))
        assert run(wine, package / "install.bat", "--yes")[0] == names.LOCKED
    finally:
        process.communicate(b"\n")
    lock.unlink()
    journal = root / names.JOURNAL
    journal.write_text(json.dumps({
        "action": "install", "mode": "replace", "id": "1", "moves": [], "scripts": [],
        "after_commit": [], "after_undo": []}) + "\n")
    code, text = run(wine, root / "verify.bat")
    assert code == names.INCOMPLETE and "an interrupted install" in text
    code, text = run(wine, package / "install.bat", "--repair", "--yes")
    assert code == 0, text
    assert run(wine, root / "verify.bat")[0] == 0


def test_a_dropped_folder_that_is_no_install(wine, root, tmp_path):
    package = root / "package (1)" / "bat"
    (tmp_path / "letters").mkdir()
    code, text = run(wine, package / "install.bat", to_windows(tmp_path / "letters"))
    assert code == 2 and "python" in text       # the script's own answer: no interpreter there
    write_tree(tmp_path / "letters", {"_internal/python-3.6.8/x": ""})
    shutil.copy(str(root / "_internal/python-3.6.8/python.exe"),
                str(tmp_path / "letters/_internal/python-3.6.8/python.exe"))
    code, text = run(wine, package / "install.bat", to_windows(tmp_path / "letters"))
    assert code == names.NOT_AN_INSTALL and "python" not in text    # the program's


def test_factory_through_the_script(wine, root):
    package = root / "package (1)" / "bat"
    before = picture(root)
    assert run(wine, package / "install.bat", "--yes")[0] == 0
    (root / PRISTINE).write_bytes(b"rem changed\r\n")
    code, text = run(wine, root / "uninstall.bat", "--factory", "--yes")
    check_uninstall_code(code)
    after = picture(root)
    assert {name: after[name] for name in before} == before, text
    assert "kept-" in "".join(set(after) - set(before))

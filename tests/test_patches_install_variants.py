"""patches/install.py on installs of the forks, on more than one install, and in two processes at
once (spec 70 sections 11.2, 11.3 and 11.9)."""
import json
import shutil
import subprocess
import sys

import pytest

import install
from install_parts import find_root, manifest, names
from install_support import (BUILDS, RELEASED_SETENV, command, make_caller, make_install,
                             make_package, picture, run, write_tree)

FORKS = {
    "SAEHDBW": {"_internal/DeepFaceLab_SAEHDBW/models/Model_SAEHDBW/Model.py": "FORK = 1\n"},
    "ME/SN": {"_internal/setenv_old.bat": RELEASED_SETENV.replace("DeepFaceLab", "DeepFaceLab_old"),
              "_internal/DeepFaceLab_old/main.py": "print('older')\n",
              "5.4)--- train SAEHD.bat": "rem theirs\r\n"},
    "MVE": {"_internal/DeepFaceLab/flaskr/app.py": "APP = 1\n",
            "_internal/DeepFaceLab/utils/logo.py": "LOGO = 1\n"},
}


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "package")


@pytest.fixture
def call(monkeypatch):
    return make_caller(monkeypatch)


def make_fork(folder, fork, build):
    """A stub install of a fork: its files, and the interpreter where it has it."""
    root = make_install(folder, build)
    write_tree(root, FORKS[fork])
    if fork == "ME/SN":
        shutil.move(str(root / "_internal/python-3.6.8"), str(root / "_internal/python_common"))
        path = root / "_internal/setenv.bat"
        path.write_bytes(path.read_bytes().replace(b"python-3.6.8", b"python_common"))
    return root


@pytest.mark.parametrize("mode", ["replace", "side"])
@pytest.mark.parametrize("fork", sorted(FORKS))
@pytest.mark.parametrize("build", sorted(BUILDS))
def test_install_of_a_fork_comes_back(tmp_path, package, call, capsys, build, fork, mode):
    root = make_fork(tmp_path / "install", fork, build)
    before = picture(root)
    assert call(package, root, "--dry-run", "--json", "--mode", mode) == names.WOULD_CHANGE
    assert fork in json.loads(capsys.readouterr().out)["detected"]["forks"]
    assert call(package, root, "--yes", "--mode", mode) == 0
    assert call(package, root, "--verify") == 0
    after = picture(root)
    for name in before:
        if not name.startswith(tuple(source for _, source in names.TREES[mode])) and (
                not name.endswith(".bat")):
            assert after[name] == before[name]
    assert call(package, root, "--uninstall", "--yes", "--purge") == 0
    assert picture(root) == before


def test_more_than_one_install_around_it_must_be_named(tmp_path, call, capsys, monkeypatch):
    outer = make_install(tmp_path / "outer")
    inner = make_install(outer / "inner")
    package = make_package(inner / "package")
    with pytest.raises(names.InstallError, match="more than one") as error:
        find_root.find_root("", str(package))
    assert error.value.code == names.NOT_AN_INSTALL and "--root" in str(error.value)
    before = picture(outer)
    monkeypatch.setattr(install, "HERE", str(package / "patches"))
    assert install.main(["--yes"]) == names.NOT_AN_INSTALL
    assert picture(outer) == before
    assert call(package, inner, "--yes") == 0
    assert (outer / "_internal/DeepFaceLab/main.py").read_text() == "print('the original')\n"


@pytest.mark.parametrize("change", [{"product": "Other"}, {"schema": 2}], ids=str)
def test_manifest_of_another_program_is_refused(tmp_path, package, call, change):
    root = make_install(tmp_path / "install")
    assert call(package, root, "--yes") == 0
    path, side = root / names.MANIFEST, root / names.MANIFEST_HASH
    content = manifest.encode(dict(json.loads(path.read_text()), **change))
    path.write_bytes(content)
    side.write_bytes(manifest.encode_hash(content))
    before = picture(root)
    for arguments in (["--yes"], ["--uninstall", "--yes"], ["--verify"]):
        assert call(package, root, *arguments) == names.CONFLICT
    assert picture(root) == before


def test_synchronised_and_odd_places_are_warned_of(tmp_path, package, call, capsys):
    root = make_install(tmp_path / "OneDrive" / "a^b")
    assert call(package, root, "--dry-run") == names.WOULD_CHANGE
    text = capsys.readouterr().out
    assert "onedrive" in text and "--own-setenv" in text


@pytest.mark.parametrize("is_stale", [False, True], ids=["", "stale lock"])
@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_two_processes_at_once(tmp_path, package, action, is_stale):
    """One does all of it; the others find the lock, or come after it and have nothing to do."""
    root = make_install(tmp_path / "install", has_fork=True)
    before = picture(root)
    arguments = ["--yes"]
    if action == "uninstall":
        assert run(package, root, "--yes")[0] == 0
        arguments = ["--yes", "--uninstall", "--purge"]
    if is_stale:
        (root / names.STATE).mkdir(exist_ok=True)
        (root / names.LOCK).write_text(json.dumps({"process": 1 << 22, "start": "1"}))
    children = [subprocess.Popen(command(package, root, *arguments), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                for _ in range(3)]
    texts = [child.communicate()[0].decode("utf-8", "replace") for child in children]
    codes = [child.returncode for child in children]
    assert set(codes) <= {0, names.LOCKED} and 0 in codes, (codes, texts)
    done = "Installed." if action == "install" else "Uninstalled."
    assert sum(done in text for text in texts) == 1, texts
    assert run(package, root, "--verify")[0] == 0
    if action == "install":
        assert run(package, root, "--uninstall", "--yes", "--purge")[0] == 0
    assert picture(root) == before


def test_what_the_installer_runs_on_is_the_standard_library():
    """It starts in the bundled interpreter, isolated: nothing of the program is imported."""
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import install; "
            "print(*sorted(sys.modules))")
    folder = str(find_root.__file__).rsplit("install_parts", 1)[0]
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code, folder], check=True,
                          stdout=subprocess.PIPE)
    modules = done.stdout.decode().split()
    assert "install_parts.plan" in modules
    assert not {"core", "numpy", "cv2", "dfl_patches"} & set(modules)

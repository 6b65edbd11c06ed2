"""patches/install.py on stub installs: the list of spec 70 section 11.9, one test an item."""
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import install_support
from install_parts import apply, detect, find_root, manifest, names, processes
from install_parts.guard import Guard
from install_parts.journal import Journal
from install_parts.lock import Lock
from install_parts.names import InstallError
from install_parts.package import Package
from install_parts.plan import InstallPlanner
from install_parts.remove import UninstallPlanner
from install_support import (BUILDS, EDITED, FORK_MAIN, PRISTINE, RELEASED_SETENV, make_caller,
                             make_install, make_package, picture, run)

ORIGINAL_MAIN = "print('the original')\n"
STATE = names.STATE + "/"
posix_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT RUN: needs fork and links")


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "package")


@pytest.fixture
def root(tmp_path):
    return make_install(tmp_path / "install")


@pytest.fixture
def call(monkeypatch):
    return make_caller(monkeypatch)


def make_plan(package, root, mode="replace", **options):
    found = Package(str(package))
    guard = Guard(str(root), mode, found.scripts)
    planner = InstallPlanner(guard, found, mode, manifest.read(str(root)), **options)
    return guard, planner.build(detect.detect(str(root), found))


def use(root):
    """What running leaves: byte code, and whatever the user trains."""
    done = subprocess.run([sys.executable, "-c", "import core.new, main"], stdout=subprocess.PIPE,
                          cwd=str(root / "_internal" / "DeepFaceLab"), check=True,
                          env={key: value for key, value in os.environ.items()
                               if key not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")})
    assert b"ours" in done.stdout
    assert list((root / "_internal" / "DeepFaceLab").rglob("*.pyc"))


# -- install, use, uninstall --------------------------------------------------------------------

@pytest.mark.parametrize("has_fork", [False, True], ids=["", "fork"])
@pytest.mark.parametrize("build", sorted(BUILDS))
def test_install_use_uninstall_leaves_equal_bytes_and_times(tmp_path, package, call, build,
                                                            has_fork):
    root = make_install(tmp_path / "My & Жук", build, has_fork=has_fork)
    before = picture(root)
    assert call(package, root, "--yes") == 0
    between = picture(root)
    assert all(between[name] == before[name] for name in before
               if name.startswith(("workspace", "_internal/python", "_internal/CUDA", "my own",
                                   "_internal/pretrain", "_internal/_e", EDITED)))
    assert (root / "_internal/DeepFaceLab/main.py").read_text() == "print('ours 1.0.0')\n"
    assert (root / "_internal/DeepFaceLab/facelib/S3FD.npy").read_bytes() == b"weights of S3FD"
    assert (root / PRISTINE).read_bytes() == b"rem ours 1.0.0\r\n"
    assert (root / EDITED).read_bytes() == b"rem edited by the user\r\n"
    assert call(package, root, "--verify") == 0
    use(root)
    assert call(package, root, "--verify") == 0     # byte code is nobody's file
    assert call(package, root, "--uninstall", "--yes", "--purge") == 0
    assert picture(root) == before


def test_uninstall_without_purge_leaves_the_backup_folder_besides(package, root, call):
    before = picture(root)
    assert call(package, root, "--yes") == 0
    assert call(package, root, "--uninstall", "--yes") == 0
    after = picture(root)
    more = set(after) - set(before)
    assert {name: after[name] for name in before} == before
    assert more and all(name.startswith(STATE + "backup-") for name in more)
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    assert picture(root) == before


def test_side_mode_leaves_the_original_in_place(package, root, call):
    before = picture(root)
    assert call(package, root, "--mode", "side", "--yes") == 0
    assert (root / "_internal/DeepFaceLab/main.py").read_text() == ORIGINAL_MAIN
    assert (root / "_internal/DeepFaceLab_TF1X/main.py").is_file()
    assert (root / "_internal/DeepFaceLab_TF1X/facelib/2DFAN.npy").is_file()
    assert b"DeepFaceLab_TF1X" in (root / "_internal/setenv.bat").read_bytes()
    assert call(package, root, "--mode", "replace", "--yes") == names.CONFLICT
    assert call(package, root, "--uninstall", "--yes", "--purge") == 0
    assert picture(root) == before


def test_fork_comes_back(tmp_path, package, call):
    root = make_install(tmp_path / "install", has_fork=True)
    fork = root / "_internal/DeepFaceLab_SAEHDBW/main.py"
    assert call(package, root, "--yes") == 0
    assert fork.read_text() == "print('gray')\n"
    assert call(package, root, "--uninstall", "--yes") == 0
    assert fork.read_text() == FORK_MAIN


def test_installed_copy_uninstalls_itself(package, root):
    before = picture(root)
    assert run(package, root, "--yes")[0] == 0
    installed = root / "_internal"
    code, text = run(installed, root, "--yes")
    assert code == names.USAGE and "package" in text
    assert run(installed, root, "--verify")[0] == 0
    code, text = run(installed, root, "--uninstall", "--purge", "--yes")
    assert code == 0, text
    assert picture(root) == before


@pytest.mark.slow
def test_the_real_package_beside_the_original(root):
    """All of this repository: installed, started, verified, uninstalled by its installed copy."""
    before = picture(root)
    real = install_support.REPOSITORY
    code, text = run(real, root, "--mode", "side", "--yes")
    assert code == 0, text
    tree = root / "_internal" / names.PRODUCT
    done = subprocess.run([str(root / "_internal/python-3.6.8/python.exe"), str(tree / "main.py"),
                           "--help"], stdout=subprocess.PIPE, check=True)
    assert b"train" in done.stdout
    scripts = {path.name for path in (real / "bat").glob("*.bat")} - {"install.bat"}
    assert scripts <= {path.name for path in root.glob("*.bat")}
    assert run(root / "_internal", root, "--verify")[0] == 0
    code, text = run(root / "_internal", root, "--uninstall", "--purge", "--yes")
    assert code == 0, text
    assert picture(root) == before


@pytest.mark.slow
def test_the_real_package_in_place_of_the_original(root):
    """Refused with the names of the verbs that are not built; installed once all are."""
    before = picture(root)
    real = install_support.REPOSITORY
    missing = Package(str(real)).list_not_built()
    code, text = run(real, root, "--yes")
    if missing:
        assert code == names.UNSUPPORTED and all(verb in text for verb in missing)
    else:
        assert code == 0, text
        assert run(real, root, "--uninstall", "--purge", "--yes")[0] == 0
    assert picture(root) == before


# -- asking, dry run, JSON ----------------------------------------------------------------------

def test_dry_run_writes_nothing_and_says_so(package, root, call, capsys):
    before = picture(root)
    assert call(package, root, "--dry-run", "--json") == names.WOULD_CHANGE
    report = json.loads(capsys.readouterr().out)
    assert report["detected"]["build"] == "RTX3000" and report["code"] == names.WOULD_CHANGE
    assert {"op", "path", "reason", "size", "before", "after"} == set(report["operations"][0])
    assert picture(root) == before and not (root / names.STATE).exists()


def test_end_of_input_agrees_to_nothing(package, root):
    before = picture(root)
    code, text = run(package, root)
    assert code == names.USAGE and "Nothing was changed" in text
    assert picture(root) == before and not (root / names.STATE).exists()


def test_names_outside_the_code_page_are_written_as_escapes(tmp_path, package):
    root = make_install(tmp_path / "日本")
    code, text = run(package, root, "--dry-run", env=dict(
        os.environ, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0"))
    assert code == names.WOULD_CHANGE and "build" in text


def test_wrong_arguments_end_with_1(package, root, call):
    with pytest.raises(SystemExit) as error:
        call(package, root, "--mode", "sideways")
    assert error.value.code == names.USAGE


# -- again, upgrade, verify ---------------------------------------------------------------------

def test_second_run_changes_nothing(package, root, call):
    assert call(package, root, "--yes") == 0
    before = picture(root)
    assert call(package, root, "--yes") == 0
    assert picture(root) == before
    assert call(package, root, "--dry-run") == 0


def test_upgrade_keeps_what_the_user_added_and_drops_what_is_gone(tmp_path, root, call):
    before = picture(root)
    old = make_package(tmp_path / "old", "1.0.0", {"DeepFaceLab/core/gone.py": "GONE = 1\n",
                                                   "bat/gone.bat": "rem gone\r\n"})
    new = make_package(tmp_path / "new", "2.0.0", {"DeepFaceLab/core/more.py": "MORE = 1\n"})
    assert call(old, root, "--yes") == 0
    tree = root / "_internal/DeepFaceLab"
    install_support.write_tree(tree, {"models/Model_MY/Model.py": "MY = 1\n",
                                      "facelib/FaceEnhancer.npy": b"put there later",
                                      "models/Model_SAEHD/Model.py": "SAEHD = 'changed'\n"})
    assert call(new, root, "--yes") == 0
    assert (tree / "main.py").read_text() == "print('ours 2.0.0')\n"
    assert (tree / "core/more.py").is_file() and not (tree / "core/gone.py").exists()
    assert not (root / "gone.bat").exists()
    assert (tree / "models/Model_MY/Model.py").is_file()
    assert (tree / "facelib/FaceEnhancer.npy").is_file()
    assert (tree / "facelib/S3FD.npy").is_file()
    assert (tree / "models/Model_SAEHD/Model.py").read_text() == "SAEHD = 'changed'\n"
    assert call(new, root, "--verify") == names.CONFLICT        # it names the changed file
    assert call(new, root, "--yes", "--overwrite-modified") == 0
    assert (tree / "models/Model_SAEHD/Model.py").read_text() == "SAEHD = 2\n"
    assert call(new, root, "--verify") == 0
    assert call(new, root, "--uninstall", "--yes", "--purge") == 0
    after = picture(root)
    assert {name: after[name] for name in before} == before
    kept = sorted(name for name in after if name not in before)
    assert all(name.startswith(STATE + "kept-") for name in kept)
    assert [content for name, (content, _) in sorted(after.items()) if name.endswith(
        "Model_SAEHD/Model.py") and name in kept] == [b"SAEHD = 'changed'\n"]
    assert sum(name.endswith(("Model_MY/Model.py", "FaceEnhancer.npy")) for name in kept) == 2


def test_verify_names_modified_missing_and_extra_and_writes_nothing(package, root, call, capsys):
    assert call(package, root, "--verify") == 0 and "not installed" in capsys.readouterr().out
    assert call(package, root, "--yes") == 0
    tree = root / "_internal/DeepFaceLab"
    (tree / "core/new.py").write_text("changed")
    (tree / "main.py").unlink()
    (tree / "more.py").write_text("more")
    before = picture(root)
    capsys.readouterr()
    assert call(package, root, "--verify", "--json") == names.CONFLICT
    report = json.loads(capsys.readouterr().out)
    assert [report[key] for key in ("modified", "missing", "extra")] == [
        ["_internal/DeepFaceLab/core/new.py"], ["_internal/DeepFaceLab/main.py"],
        ["_internal/DeepFaceLab/more.py"]]
    assert picture(root) == before
    assert call(package, root, "--yes") == 0        # brings back what is missing
    assert (tree / "main.py").is_file() and (tree / "core/new.py").read_text() == "changed"


def test_files_of_the_user_are_kept_by_uninstall(package, root, call):
    assert call(package, root, "--yes") == 0
    (root / "_internal/DeepFaceLab/models/Model_MY").mkdir()
    (root / "_internal/DeepFaceLab/models/Model_MY/Model.py").write_text("MY = 1\n")
    (root / PRISTINE).write_text("rem changed after the install\r\n")
    assert call(package, root, "--uninstall", "--yes", "--purge") == 0
    kept, = root.glob(STATE + "kept-*")
    assert (kept / "_internal/DeepFaceLab/models/Model_MY/Model.py").read_text() == "MY = 1\n"
    assert "changed after" in (root / PRISTINE).read_text()


def test_plugins_of_the_original_come_along_when_asked(package, root, call):
    assert call(package, root, "--yes", "--with-plugins") == 0
    assert (root / "_internal/DeepFaceLab/models/Model_MINE/Model.py").read_text() == "MINE = 1\n"


def test_no_scripts_and_overwritten_scripts(package, root, call):
    before = picture(root)
    assert call(package, root, "--yes", "--no-scripts") == 0
    assert {name for name in picture(root) if "/" not in name} == {
        name for name in before if "/" not in name}
    assert call(package, root, "--yes", "--overwrite-modified") == 0
    assert (root / EDITED).read_bytes() == b"rem ours\r\n"
    assert call(package, root, "--uninstall", "--yes", "--purge") == 0
    assert picture(root) == before


# -- refusals -----------------------------------------------------------------------------------

def refused(call, package, root, code, *arguments):
    before = picture(root)
    assert call(package, root, "--yes", *arguments) == code
    assert picture(root) == before


def test_refuses_what_is_not_an_install(package, tmp_path, call):
    (tmp_path / "letters").mkdir()
    assert call(package, tmp_path / "letters") == names.NOT_AN_INSTALL


def test_refuses_replace_while_a_verb_is_not_built(tmp_path, root, call, capsys):
    package = make_package(tmp_path / "p", verbs="start('sort', 'mainscripts.Sorter')\n"
                           "OPS = [('pack_faceset', 'samplelib.Nothing', 'pack')]\n")
    refused(call, package, root, names.UNSUPPORTED)
    text = capsys.readouterr().err
    assert "sort" in text and "util --pack-faceset" in text and "--mode side" in text
    assert call(package, root, "--yes", "--mode", "side") == 0


def test_own_verbs_are_found_by_the_check_for_what_is_not_built():
    from install_parts.package import list_verb_modules
    import ast
    path = install_support.REPOSITORY / "DeepFaceLab" / "mainscripts" / "verbs.py"
    found = dict(list_verb_modules(ast.parse(path.read_bytes())))
    for verb in ("extract", "sort", "train", "merge", "xseg editor", "facesettool resize",
                 "util --pack-faceset", "videoed cut-video"):
        assert verb in found
    real = Package(str(install_support.REPOSITORY))
    assert "train" not in real.list_not_built() and len(real.scripts) > 60


@pytest.mark.parametrize("name", ["a%b", 'a"b', "a\nb"])
def test_refuses_a_path_that_no_script_can_have(tmp_path, package, call, name):
    root = make_install(tmp_path / name)
    refused(call, package, root, names.UNSUPPORTED)


@pytest.mark.parametrize("name", ["a b", "a&b", "a(x86)", "a!b", "a^b", "a;b", "a,b", "a=b", "a'b",
                                  "Жук", "日本"])
def test_installs_into_a_folder_with(tmp_path, package, call, name):
    root = make_install(tmp_path / name)
    before = picture(root)
    assert call(package, root, "--yes") == 0 and call(package, root, "--verify") == 0
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    assert picture(root) == before
    assert bool(find_root.list_warnings(str(root))) == any(c in name for c in "&^!")


@posix_only
@pytest.mark.parametrize("linked", ["_internal", "_internal/DeepFaceLab", "_internal/patches",
                                    "_internal/setenv.bat"])
def test_refuses_links_in_its_way(tmp_path, package, root, call, linked):
    path = root / linked
    if path.exists():
        path.rename(tmp_path / "elsewhere")
    else:
        (tmp_path / "elsewhere").mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    refused(call, package, root, names.UNSUPPORTED)


@posix_only
def test_workspace_may_be_a_link_or_missing(tmp_path, package, root, call):
    (root / "workspace").rename(tmp_path / "my workspace")
    for make in (lambda: (root / "workspace").symlink_to(tmp_path / "my workspace"),
                 lambda: (root / "workspace").unlink()):
        make()
        outside = picture(tmp_path / "my workspace")
        assert call(package, root, "--yes") == 0
        assert call(package, root, "--uninstall", "--purge", "--yes") == 0
        assert picture(tmp_path / "my workspace") == outside


@posix_only
def test_link_inside_our_tree_is_removed_not_followed(tmp_path, package, root, call):
    assert call(package, root, "--yes") == 0
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "model.npy").write_text("weights")
    (root / "_internal/DeepFaceLab/linked").symlink_to(tmp_path / "precious")
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    assert (tmp_path / "precious" / "model.npy").read_text() == "weights"


def test_refuses_without_room_or_with_long_paths(root):
    with pytest.raises(InstallError, match="MB are needed"):
        find_root.check_room(str(root), 1 << 60, 10, False)
    with pytest.raises(InstallError, match="240"):
        find_root.check_room(str(root), 1, 235, True)
    for path in ("\\\\server\\share\\dfl", "/"):
        with pytest.raises(InstallError):
            find_root.check_path(path)


def test_refuses_where_nothing_can_be_written(package, root, call, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: False)
        refused(call, package, root, names.UNSUPPORTED)
    if hasattr(os, "statvfs"):
        class ReadOnly:
            f_flag = find_root.NO_WRITE
        monkeypatch.setattr(os, "statvfs", lambda path: ReadOnly)
        refused(call, package, root, names.UNSUPPORTED)


def test_going_back_to_an_older_version_is_said(tmp_path, root, call, capsys):
    assert call(make_package(tmp_path / "new", "1.10.0"), root, "--yes") == 0
    capsys.readouterr()
    assert call(make_package(tmp_path / "old", "1.9.0"), root, "--yes") == 0
    assert "goes back from version 1.10.0 to 1.9.0" in capsys.readouterr().out


def test_read_only_package_gives_files_that_can_be_replaced(tmp_path, package, root, call):
    (package / "DeepFaceLab/core/new.py").chmod(0o444)
    assert call(package, root, "--yes") == 0
    assert os.stat(str(root / "_internal/DeepFaceLab/core/new.py")).st_mode & 0o200
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0


def test_refuses_while_programs_of_the_install_run(package, root, call, monkeypatch):
    monkeypatch.setattr(processes, "list_posix", lambda: [
        "{} {}".format(1 << 22, root / "_internal/python-3.6.8/python.exe")])
    monkeypatch.setattr(processes, "list_windows", processes.list_posix)
    refused(call, package, root, names.CONFLICT)


def test_running_process_is_found():
    child = subprocess.Popen([sys.executable, "-c", "print('up', flush=True); input()"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        if os.path.isdir("/proc"):
            assert child.pid in processes.find_running(sys.executable)
    finally:
        child.communicate(b"\n")
    assert child.pid not in processes.find_running(sys.executable)


def test_refuses_a_changed_manifest_and_a_foreign_tree(package, root, call):
    assert call(package, root, "--yes") == 0
    path = root / names.MANIFEST
    content = path.read_bytes()
    path.write_bytes(content.replace(b"_internal/patches", b"workspace/patches"))
    refused(call, package, root, names.CONFLICT, "--uninstall")
    path.write_bytes(content)
    shutil.rmtree(str(root / "_internal/DeepFaceLab"))
    install_support.write_tree(root, {"_internal/DeepFaceLab/main.py": "somebody else's\n"})
    refused(call, package, root, names.CONFLICT, "--uninstall")


# -- setenv.bat ---------------------------------------------------------------------------------

@pytest.mark.parametrize("setenv", [
    RELEASED_SETENV, RELEASED_SETENV.replace("\n", "\r\n"),
    RELEASED_SETENV.replace("\n", "\r\n").rstrip(), RELEASED_SETENV.rstrip(),
    RELEASED_SETENV.encode("utf-8") + "rem Жук\n".encode("cp1251"),
    RELEASED_SETENV.replace("\n", "\r\n") + "exit /b 0\r\n", b""],
    ids=["lf", "crlf", "crlf no end", "lf no end", "not ascii", "exit", "empty"])
@pytest.mark.parametrize("mode", ["replace", "side"])
def test_edited_setenv_comes_back(tmp_path, package, call, setenv, mode):
    root = make_install(tmp_path / "install", setenv=setenv)
    path = root / "_internal/setenv.bat"
    before = picture(root)
    assert call(package, root, "--yes", "--mode", mode) == 0
    content = path.read_bytes()
    assert b"DFL_ROOT_SAEHDBW" in content
    is_unix = b"\n" in before["_internal/setenv.bat"][0] and (
        b"\r\n" not in before["_internal/setenv.bat"][0])
    assert (b"\r\n" not in content) == is_unix
    path.write_bytes(b"rem added by the user\r\n" + content)
    assert call(package, root, "--yes") == 0
    assert call(package, root, "--uninstall", "--yes", "--purge") == 0
    assert path.read_bytes() == b"rem added by the user\r\n" + before["_internal/setenv.bat"][0]


@pytest.mark.parametrize("mode", ["replace", "side"])
def test_own_setenv_replaces_and_the_one_before_comes_back(package, root, call, mode):
    before = picture(root)
    path = root / "_internal/setenv.bat"
    ours = (install_support.REPOSITORY / "setenv.bat").read_bytes()
    (package / "setenv.bat").write_bytes(ours)
    assert call(package, root, "--yes", "--mode", mode) == 0
    path.write_bytes(b"rem added\r\n" + path.read_bytes())
    assert call(package, root, "--yes", "--own-setenv") == 0
    assert path.read_bytes() == ours
    kept, = root.glob(STATE + "kept-*/setenv.bat")
    assert kept.read_bytes().startswith(b"rem added")
    assert call(package, root, "--yes") == 0 and call(package, root, "--verify") == 0
    assert path.read_bytes() == ours            # it knows our folders: no lines are added
    assert call(package, root, "--uninstall", "--purge", "--yes") == 0
    after = picture(root)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {kept.relative_to(root).as_posix()}


def test_damaged_block_is_refused(package, root, call):
    assert call(package, root, "--yes") == 0
    path = root / "_internal/setenv.bat"
    path.write_bytes(path.read_bytes().replace(b"rem <<<", b"rem"))
    refused(call, package, root, names.CONFLICT, "--uninstall")


# -- what goes wrong on the way -----------------------------------------------------------------

@pytest.mark.parametrize("broken", [PRISTINE, "_internal/DeepFaceLab", names.SETENV,
                                    names.MANIFEST])
def test_locked_file_undoes_everything(package, root, call, monkeypatch, broken):
    before = picture(root)
    rename = os.rename

    def refuse(source, target):
        if str(target) == os.path.join(str(root), *broken.split("/")) and "staging-" in source:
            raise PermissionError(13, "locked", str(source))
        rename(source, target)
    monkeypatch.setattr(os, "rename", refuse)
    assert call(package, root, "--yes") == names.ROLLED_BACK
    assert picture(root) == before and not (root / names.STATE).exists()


def test_read_only_file_is_replaced_and_comes_back(package, root, call):
    before = picture(root)
    (root / PRISTINE).chmod(0o444)
    assert call(package, root, "--yes") == 0
    (root / "_internal/DeepFaceLab/core/new.py").chmod(0o444)
    assert call(package, root, "--uninstall", "--yes", "--purge") == 0
    assert picture(root) == before


def test_module_that_does_not_compile_undoes_everything(tmp_path, root, call):
    before = picture(root)
    package = make_package(tmp_path / "p", more={"DeepFaceLab/core/bad.py": "def (:\n"})
    assert call(package, root, "--yes") == names.ROLLED_BACK
    package = make_package(tmp_path / "q", more={"DeepFaceLab/main.py": "raise SystemExit(9)\n"})
    assert call(package, root, "--yes") == names.ROLLED_BACK
    assert picture(root) == before and not (root / names.STATE).exists()


def test_failed_undo_says_6_and_repair_finishes_it(package, root, call, monkeypatch):
    before = picture(root)
    move = Guard.move
    broken = [names.SETENV, "undo"]

    def fail(self, source, target):
        if target == broken[0] or (broken[0] is None):
            broken[0] = None        # from here on nothing works
            raise OSError("the disk is gone")
        move(self, source, target)
    with monkeypatch.context() as patch:
        patch.setattr(Guard, "move", fail)
        assert call(package, root, "--yes") == names.INCOMPLETE
    assert call(package, root, "--verify") == names.INCOMPLETE
    assert call(package, root, "--repair", "--yes") == 0
    assert picture(root) == before


def test_two_installs_at_once(package, root, call):
    before = picture(root)
    guard = Guard(str(root), "replace")
    with Lock(guard):
        assert call(package, root, "--yes") == names.LOCKED
    assert picture(root) == before
    assert not (root / names.STATE).exists()


def test_lock_of_a_process_that_is_gone_is_taken_over(package, root, call, capsys):
    for content in (b"", json.dumps({"process": 1 << 22, "start": "1"}).encode(),
                    json.dumps({"process": os.getpid(), "start": "another"}).encode()):
        (root / names.STATE).mkdir(exist_ok=True)
        (root / names.LOCK).write_bytes(content)
        assert call(package, root, "--yes") == 0
        assert "taken over" in capsys.readouterr().out
    assert not (root / names.LOCK).exists()


def list_steps(package, root, action):
    """Names of the observed steps of a whole run."""
    seen = []
    guard, plan = prepare(package, root, action)
    apply.apply_plan(guard, plan, seen.append)
    return seen


def prepare(package, root, action):
    if action == "install":
        return make_plan(package, root)
    found = manifest.read(str(root))
    guard = Guard(str(root), found["mode"], {e["path"] for e in manifest.list_scripts(found)})
    return guard, UninstallPlanner(guard, found, True).build()


@posix_only
@pytest.mark.slow
@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_killed_at_every_step_is_named_and_repaired(tmp_path, package, call, capsys, action):
    template = make_install(tmp_path / "template", has_fork=True)
    if action == "uninstall":
        assert call(package, template, "--yes") == 0
    start = picture(template)
    probe = tmp_path / "probe"
    shutil.copytree(str(template), str(probe))
    steps = list_steps(package, probe, action)
    end = {name for name in picture(probe)}
    assert len(steps) > 20
    for number, step in enumerate(steps):
        root = tmp_path / "killed"
        shutil.copytree(str(template), str(root))
        child = os.fork()
        if child == 0:
            count = [0]

            def die(name, count=count, number=number):
                if count[0] == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                count[0] += 1
            apply.apply_plan(*prepare(package, root, action), observe=die)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), step
        assert call(package, root, "--verify") == names.INCOMPLETE
        text = capsys.readouterr().out
        assert ("a finished " if step == "commit" else "an interrupted ") + action in text
        assert call(package, root, "--repair", "--yes") == 0
        assert call(package, root, "--verify") == 0
        after = picture(root)
        if action == "install" and step != "commit":
            assert after == start
        elif action == "install":
            assert len(after) == len(end)
        elif step == "begin":       # nothing was staged: the uninstall is undone or completed
            assert after == start or set(after) == end
        else:
            assert set(after) == end
        shutil.rmtree(str(root))


@posix_only
@pytest.mark.slow
def test_killed_at_random_moments(tmp_path):
    sys.path.insert(0, str(Path(__file__).parent / "bench"))
    import kill_install
    assert kill_install.run_kills(tmp_path, 6, seed=7) == 6


def test_torn_last_line_of_the_journal(package, root):
    before = picture(root)
    guard, plan = make_plan(package, root)
    journal = Journal(guard)

    class StoppedError(BaseException):
        pass

    def stop(name):
        if name == "moved 2":
            with open(journal.path, "ab") as file:
                file.write(b'{"di')
            raise StoppedError()
    with pytest.raises(StoppedError):
        apply.apply_plan(guard, plan, stop)
    assert "3 of" in apply.find_pending(guard)
    apply.repair(guard)
    assert picture(root) == before


# -- detection, discovery -----------------------------------------------------------------------

@pytest.mark.parametrize("build, version, generation", [
    ("RTX2080Ti", "1.13.1", "1"), ("RTX3000", "2.6.0", "2"), ("DirectX12", "1.15.5", "1.15")])
def test_builds_are_told_apart(tmp_path, package, build, version, generation):
    root = make_install(tmp_path / "install", build)
    found = detect.detect(str(root), Package(str(package)))
    assert found["build"] == build and found["tensorflow"]["version"] == version
    assert found["tensorflow"]["generation"] == generation
    assert found["python"]["named"] == "3.6.8" and found["python"]["runs"].endswith(" 64")
    assert found["scripts"] == {PRISTINE: "pristine", EDITED: "unknown", "my own.bat": "unknown"}


def test_forks_are_told_apart(tmp_path, package):
    root = make_install(tmp_path / "install", has_fork=True)
    install_support.write_tree(root, {"_internal/setenv_old.bat": "",
                                      "_internal/DeepFaceLab/utils/logo.py": ""})
    assert detect.detect(str(root), Package(str(package)))["forks"] == ["SAEHDBW", "ME/SN", "MVE"]


def test_root_is_found_around_the_package(tmp_path, root):
    package = make_package(root / "downloads" / "package")
    assert find_root.find_root("", str(package)) == str(root)
    with pytest.raises(InstallError) as error:
        find_root.find_root("", str(tmp_path / "nowhere" / "deep" / "down" / "here"))
    assert error.value.code == names.NOT_AN_INSTALL


def test_interpreter_folder_of_other_forks(tmp_path, package, call):
    root = make_install(tmp_path / "install")
    (root / "_internal/python-3.6.8").rename(root / "_internal/python_common")
    assert call(package, root, "--yes") == 0
    assert Path(find_root.find_interpreters(str(root))[-1]).parent.name == "python_common"

"""patches/install_parts/factory.py: back to factory (spec 70 section 11.8)."""
import json
import os

import pytest

from install_parts import names
from install_support import (EDITED, PRISTINE, make_caller, make_install, make_package, picture,
                             run)

RELEASED = b"rem as released\r\n"
MINE = b"rem changed after the install\r\n"


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "package")


@pytest.fixture
def root(tmp_path):
    return make_install(tmp_path / "install")


@pytest.fixture
def call(monkeypatch):
    return make_caller(monkeypatch, "--yes")


def list_kept(root):
    return {path.name: path.read_bytes() for path in root.glob(names.STATE + "/kept-*/scripts/*")}


def check_state(root, before, *aside):
    """All files of before, with their times; beside them only our backups, and what was kept."""
    after = picture(root)
    assert {name: after[name] for name in before if name not in aside} == {
        name: before[name] for name in before if name not in aside}
    assert all(name.startswith(names.STATE) for name in set(after) - set(before))


def test_uninstalling_to_factory_takes_changed_scripts_away(package, root, call):
    before = picture(root)
    assert call(package, root) == 0
    (root / PRISTINE).write_bytes(MINE)
    assert call(package, root, "--factory") == 0
    check_state(root, before)
    assert (root / PRISTINE).read_bytes() == RELEASED
    assert list_kept(root) == {PRISTINE: MINE}
    assert call(package, root, "--verify") == 0


@pytest.mark.parametrize("change", ["edited", "missing"])
def test_factory_after_an_uninstall_that_left_a_script(package, root, call, change):
    before = picture(root)
    assert call(package, root) == 0
    (root / PRISTINE).write_bytes(MINE)
    assert call(package, root, "--uninstall") == 0
    assert (root / PRISTINE).read_bytes() == MINE
    if change == "missing":
        (root / PRISTINE).unlink()
    assert call(package, root, "--factory", "--dry-run") == names.WOULD_CHANGE
    assert call(package, root, "--uninstall", "--factory") == 0
    check_state(root, before)
    assert list_kept(root) == ({PRISTINE: MINE} if change == "edited" else {})
    assert call(package, root, "--factory") == 0 and call(package, root, "--factory",
                                                          "--dry-run") == 0    # nothing is left


def test_scripts_of_the_user_are_no_released_ones(package, root, call):
    """--overwrite-modified keeps a script that the user had edited before: not of the factory."""
    assert call(package, root, "--overwrite-modified") == 0
    (root / EDITED).write_bytes(MINE)
    assert call(package, root, "--factory") == 0
    assert (root / EDITED).read_bytes() == MINE and not list_kept(root)
    assert (root / PRISTINE).read_bytes() == RELEASED


def test_the_installed_copy_knows_what_was_released(package, root):
    """It has no table of scripts: the manifest tells."""
    before = picture(root)
    assert run(package, root, "--yes", "--mode", "side")[0] == 0
    (root / PRISTINE).write_bytes(MINE)
    code, text = run(root / "_internal", root, "--factory", "--yes")
    assert code == 0, text
    check_state(root, before)


def test_damaged_backups_and_manifests_are_left_alone(package, root, call):
    assert call(package, root) == 0
    (root / PRISTINE).write_bytes(MINE)
    assert call(package, root, "--uninstall") == 0
    backup, = root.glob(names.STATE + "/backup-*/scripts/" + PRISTINE)
    content = backup.read_bytes()
    backup.write_bytes(b"something else")
    assert call(package, root, "--factory") == 0 and (root / PRISTINE).read_bytes() == MINE
    backup.write_bytes(content)
    path, = root.glob(names.STATE + "/backup-*/manifest.json")
    found = json.loads(path.read_text())
    found["backups"][0]["original_path"] = "my own.bat"
    path.write_text(json.dumps(found))
    assert call(package, root, "--factory") == 0
    assert (root / "my own.bat").read_bytes() == b"rem mine\r\n"
    assert (root / PRISTINE).read_bytes() == MINE


def test_locked_script_undoes_it(package, root, call, monkeypatch):
    assert call(package, root) == 0
    (root / PRISTINE).write_bytes(MINE)
    assert call(package, root, "--uninstall") == 0
    before = picture(root)
    rename = os.rename

    def refuse(source, target):
        if str(target) == str(root / PRISTINE) and "backup-" in source:
            raise PermissionError(13, "locked", str(source))
        rename(source, target)
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse)
        assert call(package, root, "--factory") == names.ROLLED_BACK
    assert picture(root) == before
    assert call(package, root, "--factory") == 0 and (root / PRISTINE).read_bytes() == RELEASED


def test_factory_goes_with_uninstalling_only(package, root, call):
    for other in ("--verify", "--repair"):
        with pytest.raises(SystemExit) as error:
            call(package, root, "--factory", other)
        assert error.value.code == names.USAGE

"""patches/install_parts/guard.py and setenv_block.py: paths that must be refused, lines that must
come off again as they went on."""
import os

import pytest

from install_parts import names, setenv_block
from install_parts.guard import Guard, GuardError
from install_parts.names import InstallError
from install_support import write_tree

ALLOWED = ["_internal/DeepFaceLab/core/nn.py", "_internal/DeepFaceLab",
           "_internal/DeepFaceLab/facelib/S3FD.npy", "_internal/patches/install.py",
           "_internal/DeepFaceLab.orig-20260101-000000-00001", "_internal/setenv.bat",
           "_internal/.DeepFaceLab_TF1X/manifest.json", "_internal/.DeepFaceLab_TF1X/b/x.dat",
           "6) train SAEHD.bat", "_internal/DeepFaceLab/models/Model_MY~1/Model.py"]
REFUSED = ["workspace/model/a.npy", "workspace", "_internal", "_internal/python-3.6.8/python.exe",
           "_internal/pretrain_faces/faceset.pak", "_internal/_e/t/x", "_internal/CUDA/a.dll",
           "_internal/model_generic_xseg/XSeg_256.npy", "my own.bat", "", "/etc/passwd", "..",
           "_internal/../workspace/a", "_internal/./setenv.bat", "_internal//setenv.bat",
           "_INTERNAL/DeepFaceLab/x.py", "_internal/deepfacelab/x.py", "_internal/SETENV.BAT",
           "_inter~1/DeepFaceLab/x.py", "_internal/DEEPFA~1/x.py", "_internal /DeepFaceLab/x",
           "_internal/DeepFaceLab./x.py", "_internal/DeepFaceLab/x.py ", "_internal/setenv.bat.",
           "_internal/DeepFaceLab/x.py:stream", "_internal/setenv.bat::$DATA",
           "_internal\\DeepFaceLab\\x.py", "C:/x", "_internal/DeepFaceLab/a\\..\\..\\b",
           "_internal/DeepFaceLab.orig-x/a.py", "_internal/DeepFaceLab.orig-", "x.bat",
           "_internal/other.orig-20260101", "_internal/setenv.bat/x", "_internal/DeepFaceLab/\x01"]


@pytest.fixture
def guard(tmp_path):
    write_tree(tmp_path, {"_internal/DeepFaceLab/main.py": "", "workspace/model/a.npy": "model"})
    return Guard(str(tmp_path), "replace", ["6) train SAEHD.bat"])


@pytest.mark.parametrize("path", ALLOWED)
def test_guard_lets_through(guard, path):
    assert guard.resolve(path) == os.path.join(guard.root, *path.split("/"))


@pytest.mark.parametrize("path", REFUSED)
def test_guard_refuses(guard, path):
    with pytest.raises(GuardError):
        guard.resolve(path)


def test_guard_knows_the_mode(tmp_path):
    side = Guard(str(tmp_path), "side")
    side.resolve("_internal/DeepFaceLab_TF1X/main.py")
    with pytest.raises(GuardError):
        side.resolve("_internal/DeepFaceLab/main.py")


@pytest.mark.skipif(os.name == "nt", reason="NOT RUN: links need rights there")
def test_guard_refuses_links_on_the_way(guard, tmp_path):
    (tmp_path / "_internal" / "patches").symlink_to(tmp_path / "workspace")
    with pytest.raises(GuardError):
        guard.resolve("_internal/patches/model/a.npy")
    with pytest.raises(GuardError):
        guard.move("_internal/patches", "_internal/patches.orig-1")


def test_guard_moves_only_to_free_places_and_deletes_only_its_own(guard, tmp_path):
    write_tree(tmp_path, {"_internal/patches/x.py": ""})
    with pytest.raises(InstallError):
        guard.move("_internal/DeepFaceLab", "_internal/patches")
    with pytest.raises(GuardError):
        guard.remove("_internal/DeepFaceLab")
    guard.move("_internal/DeepFaceLab", names.STATE + "/trash-1/DeepFaceLab")
    guard.remove(names.STATE + "/trash-1")
    assert not (tmp_path / names.STATE / "trash-1").exists()
    guard.remove(names.STATE + "/trash-1")      # half deleted before: nothing to do


@pytest.mark.parametrize("mode", ["replace", "side"])
@pytest.mark.parametrize("content", [b"", b"a", b"a\r\n", b"a\n", b"a\nb", b"a\r\nb\r\nexit /b 0",
                                     b"a\r\n@exit /b\r\n\r\n", b"\xc6\xf3\xea\n"])
def test_block_comes_off_as_it_went_on(content, mode):
    with_block = setenv_block.insert_block(content, mode)
    assert setenv_block.remove_block(with_block) == content
    assert setenv_block.insert_block(with_block, mode) == with_block
    assert content.replace(b"\r\n", b"\n").split(b"\n")[0] in with_block
    end = with_block.rfind(setenv_block.END)
    assert b"exit" not in with_block[:end]      # it would never be reached


def test_names_and_values_are_read_from_setenv():
    text = b'SET A=1\r\n@set "b=two words"\r\nset A=3\r\nrem set C=1'
    found = setenv_block.read_assignments(text)
    assert found == {"A": "3", "B": "two words"}

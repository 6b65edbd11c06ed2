"""core/tree_files.py: a tree that was copied over an older one in a file manager (deliverable of
the drop-in: no stale module is imported, old weights are used, doctor lists what is left)."""
import json
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bat_support import generate
from core import tree_files
from install_support import write_tree
from mainscripts import Doctor
from tree_setup import TREE

# What an older tree has: modules and packages of names that ours has or has not, compiled ones too.
OLD = {
    "core/options/__init__.py": "raise ImportError('stale')\n",     # ours is core/options.py
    "core/errors/__init__.py": "raise ImportError('stale')\n",
    "core/old_module.py": "OLD = 1\n",
    "mainscripts/dev_misc_old.py": "OLD = 1\n",
    "mainscripts/Extractor.py": "STALE = 1\n", "mainscripts/Sorter.py": "STALE = 1\n",
    "XSegEditor/XSegEditor.py": "STALE = 1\n",
    "models/Model_MINE/Model.py": "MINE = 1\n", "models/Model_MINE/__init__.py": "",
    "models/ModelBase/__init__.py": "raise ImportError('stale')\n",
    "samplelib/Sample/__init__.py": "raise ImportError('stale')\n",
    "facelib/S3FD.npy": b"old weights", "facelib/2DFAN.npy": b"old weights",
    "core/__pycache__/old_module.cpython-36.pyc": b"\x00",
    "core/errors.pyc": b"\x00", "core/errors.cpython-311-x86_64-linux-gnu.so": b"\x00",
}
LOOK = """
import json, sys
import main                                     # as a worker does
from core import errors, options
import core.old_module                          # what a plug-in may want
from mainscripts import verbs
import importlib.util
find = lambda name: importlib.util.find_spec(name).origin
print(json.dumps({
    "errors": errors.__file__, "options": options.__file__, "old": core.old_module.OLD,
    "base": find("models.ModelBase"), "sample": find("samplelib.Sample"),
    "plugin": verbs.has_module("models.Model_MINE"),
    "merger": verbs.has_module("mainscripts.Merger"),
    "stale": [verbs.has_module(name) for name in sys.argv[1:]],
    "weights": str(__import__("facelib.pretrained").pretrained.FOLDER)}))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """An older tree in _internal with ours copied over it, byte code of the old one included."""
    tree = tmp_path_factory.mktemp("install") / "_internal" / "DeepFaceLab"
    write_tree(tree, OLD)
    write_tree(tree, {"main.py": "OLD = 'main'\n", "core/pathex.py": "OLD = 'pathex'\n"})
    for name in ("main.py", "core/pathex.py"):
        py_compile.compile(str(tree / name))
    for path in tree_files.read_list() | {tree_files.LIST}:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(str(TREE / path), str(tree / path))
    return tree


def look(tree, *names):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", LOOK] + list(names), cwd=str(tree),
                          env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.decode("utf-8"))


def test_imports_never_pick_up_a_stale_module(copied):
    ours = [name for name in ("mainscripts.Extractor", "mainscripts.Sorter",
                              "XSegEditor.XSegEditor")
            if name.replace(".", "/") + ".py" not in tree_files.read_list()]
    found = look(copied, "mainscripts.dev_misc_old", *ours)
    for key, name in (("errors", "core/errors.py"), ("options", "core/options.py"),
                      ("base", "models/ModelBase.py"), ("sample", "samplelib/Sample.py")):
        assert Path(found[key]) == copied / name
    assert not any(found["stale"]) and found["merger"]
    assert found["plugin"] and found["old"] == 1        # community models and what they brought


def test_tree_before_this_one_stays_first(copied, tmp_path):
    """As the grayscale tree stands before its base: its models win, the rest comes from here."""
    write_tree(tmp_path, {"models/Model_SAEHD/__init__.py": "GRAY = 1\n",
                          "extra.py": "import core.errors\n"})
    code = ("import sys, main, models; sys.path.insert(0, {0!r}); "
            "models.__path__.insert(0, {0!r} + '/models'); import models.Model_SAEHD as module, "
            "extra; print(module.GRAY, extra.core.errors.__file__)").format(str(tmp_path))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", code], cwd=str(copied), env=environment,
                          stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().split(None, 1) == [
        "1", "{}\n".format(copied / "core" / "errors.py")]


def test_tree_that_is_reached_by_another_name(copied, tmp_path):
    """A junction, or a drive letter of a folder, where `realpath` leaves it as it is."""
    (tmp_path / "drive").symlink_to(copied)
    code = ("import os, pathlib, sys; sys.path[0] = {!r}; import core.tree_files as tree_files; "
            "os.path.realpath = lambda path, **keywords: os.path.abspath(path); "
            "tree_files.prefer_own_modules(pathlib.Path({!r})); "
            "from core import options; print(options.__file__)").format(
                str(tmp_path / "drive"), str(copied))
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True,
                          env={key: value for key, value in os.environ.items()
                               if key != "PYTHONPATH"})
    assert done.stdout.decode().strip() == str(copied / "core" / "options.py")


def test_old_weights_are_used(copied):
    assert Path(look(copied)["weights"]) == copied / "facelib"
    assert (copied / "facelib" / "S3FD.npy").read_bytes() == b"old weights"


def test_stale_byte_code_is_not_run(copied):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "main.py", "--help"], cwd=str(copied), check=True,
                          env=environment, stdout=subprocess.PIPE)
    assert b"train" in done.stdout
    code = "import main; import core.pathex as module; print(hasattr(module, 'OLD'))"
    done = subprocess.run([sys.executable, "-c", code],
                          cwd=str(copied), env=environment, stdout=subprocess.PIPE, check=True)
    assert done.stdout.strip() == b"False"


def test_doctor_lists_the_leftovers(copied):
    found = tree_files.list_leftovers(copied)
    assert found["models"] == ["models/Model_MINE"]
    assert "core/old_module.py" in found["files"] and "core/options/__init__.py" in found["files"]
    assert "core/errors.cpython-311-x86_64-linux-gnu.so" in found["files"]
    assert not any(path.endswith(".npy") for path in found["files"])
    assert "core/__pycache__/old_module.cpython-36.pyc" in found["byte_code"]
    assert not any("pathex" in path for path in found["byte_code"])     # of a module of ours
    problem, = Doctor.find_leftover_problems({"leftovers": found})
    assert "core/" in problem.what and not problem.fatal and problem.remedies


def test_a_clean_tree_has_no_leftovers(tmp_path):
    for path in tree_files.read_list():
        (tmp_path / "t" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(TREE / path), str(tmp_path / "t" / path))
    assert tree_files.list_leftovers(tmp_path / "t") == {"files": [], "byte_code": [],
                                                         "models": []}
    assert Doctor.find_leftover_problems({}) == []


def test_list_is_that_of_the_tree():
    """After a new or renamed file: python3 bat/generate.py."""
    assert sorted(tree_files.read_list()) == generate.list_tree_files(TREE)


def test_checkout_serves_modules_that_are_not_listed_yet(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / tree_files.LIST).write_text("main.py\n")
    assert tree_files.is_own_module("mainscripts.New", tmp_path / "tree")
    (tmp_path / ".git").rmdir()
    assert not tree_files.is_own_module("mainscripts.New", tmp_path / "tree")

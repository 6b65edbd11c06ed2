"""Which files belong to this tree, and what else lies in it.

Copying this tree over an older one in a file manager leaves the older one's modules, byte code and
weights in place. Imports take the modules of tree_files.txt first (bat/generate.py writes it), so
nothing old is imported in place of ours: neither a package that once had a module's name, nor a
compiled module. What is not in the list stays importable, for community models and what they
brought along; verbs of the program are never served by it.
"""
import importlib.abc
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, List, Optional

TREE = Path(__file__).resolve().parent.parent
LIST = "tree_files.txt"
MODELS = "models/Model_"            # plug-ins live there
USER_SUFFIXES = (".npy", ".dat")    # weights are put beside the modules that read them


def read_list(tree: Path = TREE) -> FrozenSet[str]:
    """Relative paths with `/`; empty where there is no list (then everything counts as ours)."""
    try:
        return frozenset((tree / LIST).read_text(encoding="ascii").split("\n")) - {""}
    except FileNotFoundError:
        return frozenset()


def is_checkout(tree: Path = TREE) -> bool:
    """Under version control nothing is left over, and a new module may not be listed yet."""
    return (tree.parent / ".git").exists()


class OwnModulesFinder(importlib.abc.MetaPathFinder):
    """Finds the modules of the list at their own files, where Python would look into this tree
    first. A tree that stands before this one in sys.path or in a package's __path__ stays first:
    the grayscale tree puts its models there.
    """

    def __init__(self, tree: Path, files: FrozenSet[str]) -> None:
        self.tree = str(tree)
        self.files = files

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        relative = fullname.replace(".", "/")
        package = relative + "/__init__.py"
        if package not in self.files and relative + ".py" not in self.files:
            return None
        if not self.is_first(relative, sys.path if path is None else path):
            return None
        if package in self.files:
            folder = os.path.join(self.tree, *relative.split("/"))
            return importlib.util.spec_from_file_location(
                fullname, os.path.join(folder, "__init__.py"),
                submodule_search_locations=[folder])
        return importlib.util.spec_from_file_location(
            fullname, os.path.join(self.tree, *relative.split("/")) + ".py")

    def is_first(self, relative: str, path: Iterable[str]) -> bool:
        """Whether no folder before this tree's has the module."""
        own = os.path.join(self.tree, *relative.split("/")[:-1])
        name = relative.split("/")[-1]
        for folder in path:
            place = os.path.abspath(folder)
            if os.path.normcase(place) == os.path.normcase(own) or is_same_folder(place, own):
                return True
            if os.path.exists(os.path.join(place, name, "__init__.py")) or os.path.exists(
                    os.path.join(place, name + ".py")):
                return False
        return False


def is_same_folder(first: str, second: str) -> bool:
    """Also through links, junctions and drive letters that stand for a folder: Python before 3.8
    does not resolve those on Windows, while `Path.resolve`, which `TREE` comes from, does."""
    try:
        return os.path.samefile(first, second)
    except OSError:
        return False


def prefer_own_modules(tree: Path = TREE) -> None:
    """Put the finder first, once a process. Workers come here too: they import main.py."""
    if not any(isinstance(finder, OwnModulesFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, OwnModulesFinder(tree, read_list(tree)))


def is_own_module(name: str, tree: Path = TREE) -> bool:
    """Whether a module (dotted name) is one of ours or of a community model, not a leftover."""
    files = read_list(tree)
    relative = name.replace(".", "/")
    return (not files or is_checkout(tree) or relative.startswith(MODELS)
            or relative + ".py" in files or relative + "/__init__.py" in files)


def list_leftovers(tree: Path = TREE) -> Dict[str, List[str]]:
    """{'files', 'byte_code', 'models'}: sorted relative paths of what is not part of this tree.

    'models' are the folders of community models, which stay in use. Weights count as the user's.
    """
    files = read_list(tree)
    found: Dict[str, List[str]] = {"files": [], "byte_code": [], "models": []}
    if not files or is_checkout(tree):
        return found
    for folder, _, names in os.walk(str(tree)):
        for name in names:
            path = Path(folder, name).relative_to(tree).as_posix()
            if path in files or name.endswith(USER_SUFFIXES):
                continue
            plugin = find_plugin(path, files)
            if plugin:
                found["models"].append(plugin)
            elif name.endswith((".pyc", ".pyo")):
                if not has_source(path, files):
                    found["byte_code"].append(path)
            else:
                found["files"].append(path)
    return {kind: sorted(set(paths)) for kind, paths in found.items()}


def find_plugin(path: str, files: FrozenSet[str]) -> Optional[str]:
    """`models/Model_X` for a file of a community model, None for any other."""
    if not path.startswith(MODELS) or path.count("/") < 2:
        return None
    folder = "/".join(path.split("/")[:2])
    return None if any(own.startswith(folder + "/") for own in files) else folder


def has_source(path: str, files: FrozenSet[str]) -> bool:
    """Whether byte code (`a/__pycache__/b.cpython-36.pyc`) is that of a module of ours."""
    parts = path.split("/")
    if len(parts) < 2 or parts[-2] != "__pycache__":
        return False
    return "/".join(parts[:-2] + [parts[-1].split(".")[0] + ".py"]) in files

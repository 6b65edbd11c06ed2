"""What is to be installed: the folder that holds patches/install.py (a checkout, or its copy)."""
import ast
import json
import os
from typing import Any, Dict, List

from . import names
from .hashing import hash_file, is_byte_code, list_files
from .names import InstallError

NOT_COPIED = (".npy", ".pyc", ".pyo")   # weights and byte code that lie in a checkout
NOT_INSTALLED = ("install.bat",)        # starts from the package, not from the install
STARTERS = ("start", "find_script")     # of mainscripts/verbs.py: (verb, module, ...)


class Package:
    """`files`: {path in the package: SHA-256}; `scripts`: names of the .bat files for the root."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        marker = os.path.join(folder, "DeepFaceLab", "dfl_tree.json")
        if not os.path.isfile(marker):
            raise InstallError(names.USAGE, "{} is no package of this program: it has no "
                               "DeepFaceLab/dfl_tree.json.".format(folder),
                               ["start install.bat of the unpacked package"])
        with open(marker, "rb") as file:
            self.version: str = json.loads(file.read().decode("utf-8"))["version"]
        self.trees = [name for name, _ in names.TREES["replace"]
                      if os.path.isdir(os.path.join(folder, name))]
        self.scripts = self.list_scripts()
        paths = ["{}/{}".format(tree, path) for tree in self.trees
                 for path in list_files(os.path.join(folder, tree))]
        paths = [path for path in paths if not is_byte_code(path) and not path.endswith(NOT_COPIED)]
        paths += ["bat/" + name for name in self.scripts]
        self.files = {path: hash_file(self.locate(path)) for path in paths}

    def locate(self, path: str) -> str:
        return os.path.join(self.folder, *path.split("/"))

    def list_scripts(self) -> List[str]:
        folder = self.locate("bat")
        found = os.listdir(folder) if os.path.isdir(folder) else []
        return sorted(name for name in found
                      if name.endswith(".bat") and name not in NOT_INSTALLED)

    def get_size(self) -> int:
        return sum(os.path.getsize(self.locate(path)) for path in self.files)

    def read_released_hashes(self) -> Dict[str, str]:
        return read_released_hashes(self.folder)

    def list_not_built(self) -> List[str]:
        """Verbs that this package would answer with "not built": their modules are not there."""
        tree = self.locate("DeepFaceLab")
        path = os.path.join(tree, "mainscripts", "verbs.py")
        if not os.path.isfile(path):
            return []
        with open(path, "rb") as file:
            program = ast.parse(file.read())
        missing = []
        for verb, module in list_verb_modules(program):
            parts = module.split(".")
            if not (os.path.isfile(os.path.join(tree, *parts) + ".py")
                    or os.path.isfile(os.path.join(tree, *(parts + ["__init__.py"])))):
                missing.append(verb)
        if os.path.isfile(os.path.join(tree, "facelib", "unbuilt.py")):
            missing.append("extract (face detection)")
        return sorted(set(missing))


def read_released_hashes(folder: str) -> Dict[str, str]:
    """{script: SHA-256 of the file as DeepFaceLab released it}, from the table of a package; an
    installed copy has none."""
    path = os.path.join(folder, "bat", "scripts.json")
    if not os.path.isfile(path):
        return {}
    with open(path, "rb") as file:
        entries = json.loads(file.read().decode("utf-8"))["scripts"]
    return {entry["bat"]: entry["released_sha256"] for entry in entries
            if "released_sha256" in entry}


def get_text(node: Any) -> Any:
    """The string of a constant node of any Python version, else None."""
    value = getattr(node, "value", getattr(node, "s", None))
    return value if isinstance(value, str) else None


def list_verb_modules(program: ast.AST) -> List[List[str]]:
    """[[verb, module], ...] of the calls `start(verb, module)` and of the table of `util`."""
    found = []
    for node in ast.walk(program):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in STARTERS:
            texts = [get_text(argument) for argument in node.args[:2]]
        elif isinstance(node, ast.Tuple) and len(node.elts) == 3:
            texts = [get_text(element) for element in node.elts[:2]]
            if all(texts):
                texts[0] = "util --" + texts[0].replace("_", "-")
        else:
            continue
        if len(texts) == 2 and all(texts) and "." in texts[1]:
            found.append(texts)
    return found

"""The grayscale tree beside this one: its models count as this tree's (spec 60 section 17.1: both
roots of the launchers lead to the same program).

It is `../DeepFaceLab_SAEHDBW`, or the tree that its main.py names by `add_tree`. Only the packages
of `MODELS` are taken from it: a fork that it was copied over may have left others there.
"""
import importlib.abc
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any, List, Optional

from core.tree_files import TREE

NAME = "DeepFaceLab_SAEHDBW"
MARKER = "dfl_tree.json"
MODELS = ("AMPBW", "Quick96BW", "SAEHDBW")
PREFIX = "models.Model_"


def is_ours(folder: Path) -> bool:
    """Whether a folder is a grayscale tree of ours: by its marker, which the fork lacks."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(marker, dict) and marker.get("tree") == NAME


class GrayModelsFinder(importlib.abc.MetaPathFinder):
    """Finds the packages `models.Model_<one of MODELS>` in the grayscale tree."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree

    def get_folder(self, name: str) -> Optional[Path]:
        """Folder of a model, None when the tree does not have it."""
        folder = self.tree / "models" / ("Model_" + name)
        return folder if name in MODELS and (folder / "__init__.py").is_file() else None

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if not fullname.startswith(PREFIX):
            return None
        folder = self.get_folder(fullname[len(PREFIX):])
        if folder is None:
            return None
        return importlib.util.spec_from_file_location(
            fullname, str(folder / "__init__.py"), submodule_search_locations=[str(folder)])


def find_finder() -> Optional[GrayModelsFinder]:
    found = [finder for finder in sys.meta_path if isinstance(finder, GrayModelsFinder)]
    return found[0] if found else None


def add_tree(folder: Any) -> None:
    """Take the gray models from this tree, in place of one added before."""
    known = find_finder()
    if known is not None:
        sys.meta_path.remove(known)
    sys.meta_path.insert(0, GrayModelsFinder(Path(os.path.abspath(str(folder)))))


def add_neighbour(tree: Path = TREE) -> None:
    """Take the gray models from the tree beside this one, unless a tree was added or none is
    there."""
    folder = tree.parent / NAME
    if find_finder() is None and is_ours(folder):
        add_tree(folder)


def list_models() -> List[str]:
    """Names of the gray models that can be imported."""
    finder = find_finder()
    return [] if finder is None else [name for name in MODELS if finder.get_folder(name)]

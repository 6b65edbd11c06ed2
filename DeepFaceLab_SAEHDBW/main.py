"""The grayscale tree's command line: the base tree's program with this tree's models beside its
own (spec 60; architecture, "In an install").

Only what differs is here: everything else is imported from the base tree, in worker processes
too, which import this file as it is. Standard library only, Python 3.6 and newer.
"""
import json
import os
import sys

TREE = os.path.dirname(os.path.abspath(__file__))
MARKER = "dfl_tree.json"
BASE_TREE = "DeepFaceLab_TF1X"      # what the marker of a base tree says
NEIGHBOURS = ("DeepFaceLab_TF1X", "DeepFaceLab")


def read_marker(folder):
    """(tree, version) of a folder's marker. ValueError with a sentence when it has none."""
    path = os.path.join(folder, MARKER)
    try:
        with open(path, encoding="utf-8") as file:
            marker = json.load(file)
        return str(marker["tree"]), tuple(int(part) for part in marker["version"].split("."))
    except OSError:
        raise ValueError("has no {}: it is an original or another fork".format(MARKER)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("has a {} that cannot be read".format(MARKER)) from None


def check_base(folder):
    """ValueError with a sentence unless `folder` is a base tree of this version or a newer one of
    the same first number."""
    if not os.path.isdir(folder):
        raise ValueError("is no folder")
    tree, version = read_marker(folder)
    if tree != BASE_TREE:
        raise ValueError("is a tree of another kind: {}".format(tree))
    needed = read_marker(TREE)[1]
    if version < needed or version[0] != needed[0]:
        raise ValueError("is version {}, needed is {}".format(
            *[".".join(str(number) for number in numbers) for numbers in (version, needed)]))


def find_base(environ):
    """Absolute path of the base tree: DFL_BASE when it is set, else the first neighbour that fits.

    SystemExit, with every folder looked at and what is wrong with it, when there is none.
    """
    given = environ.get("DFL_BASE", "")
    parent = os.path.dirname(TREE)
    folders = [given] if given else [os.path.join(parent, name) for name in NEIGHBOURS]
    problems = []
    for folder in folders:
        try:
            check_base(folder)
        except ValueError as error:
            problems.append("  {} {}".format(folder, error))
        else:
            return os.path.abspath(folder)
    sys.exit("\n".join(
        ["The grayscale tree {} needs the tree DeepFaceLab of its version.".format(TREE)]
        + problems + ["- copy the folder DeepFaceLab of this version beside it",
                      "- or set DFL_BASE to where it is"]))


def prepare_imports(base):
    """Modules come from the base tree, not from this folder, where an older fork may have left
    its own; this tree's models join those of the base."""
    sys.path[:] = [folder for folder in sys.path
                   if os.path.realpath(folder or os.curdir) != os.path.realpath(TREE)]
    if base not in sys.path:
        sys.path.insert(0, base)
    import main as base_main
    from core import gray_tree

    gray_tree.add_tree(TREE)
    return base_main


base_main = prepare_imports(find_base(os.environ))

if __name__ == "__main__":
    sys.exit(base_main.run_program())

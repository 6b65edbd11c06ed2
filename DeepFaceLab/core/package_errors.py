"""A Python package that is missing or cannot be loaded, as a sentence with remedies in place of a
traceback. Standard library only: it has to answer where nothing else is there.
"""
import re
import sys
from pathlib import Path
from typing import List, Optional

from core.errors import UserError

TREE = Path(__file__).resolve().parent.parent

# Import name -> what pip calls it, where the two differ.
PACKAGE_NAMES = {"cv2": "opencv-python", "yaml": "PyYAML", "PIL": "Pillow",
                 "skimage": "scikit-image", "sklearn": "scikit-learn", "google": "protobuf"}

_INSTALLED = {"site-packages", "dist-packages"}      # folders of packages
_LAST_WORDS = re.compile(r"^\s*\w*Error: .")     # of a traceback that a package puts into its text


def explain_import_error(error: BaseException) -> Optional[UserError]:
    """What is wrong with an installed package, or that it is not; None for any other error, a
    module of this tree that is missing among them."""
    if not isinstance(error, ImportError):
        return None
    root = _find_package(error)
    if root is None or (TREE / root).exists() or (TREE / (root + ".py")).exists():
        return None
    package = PACKAGE_NAMES.get(root, root)
    message = _shorten(str(error))
    if isinstance(error, ModuleNotFoundError) and error.name == root:
        what = "The Python package {} is not installed for {}.".format(package, sys.executable)
    else:
        what = "The Python package {} cannot be loaded: {}".format(package, message)
    return UserError(what, list_remedies(package, message) + [
        "`main.py doctor` tells what else is missing"])


def list_remedies(package: str, message: str) -> List[str]:
    """What to do about a package that cannot be imported. package: its name for pip."""
    remedies = []
    if "libGL" in message:
        remedies.append("Linux without a desktop: pip install opencv-python-headless instead, or "
                        "apt install libgl1")
    if (TREE.parent / "dfl.py").exists():
        remedies.append("`python3 dfl.py env` installs everything into an environment of its own "
                        "and prints its Python: start this program with that")
    else:
        remedies.append("start this program by the scripts of the install, which take its Python")
    return remedies + ["or: {} -m pip install {}".format(sys.executable, package)]


def _find_package(error: ImportError) -> Optional[str]:
    """First part of the module's name; where the error does not tell it, of the first installed
    module that the traceback leads to from this tree."""
    if error.name:
        return error.name.split(".")[0]
    found, is_ours = None, False
    step = error.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        if TREE in path.resolve().parents:
            found, is_ours = None, True
        elif is_ours and found is None and not _INSTALLED.isdisjoint(path.parts):
            found = step.tb_frame.f_globals.get("__name__", "").split(".")[0] or None
        step = step.tb_next
    return found


def _shorten(text: str) -> str:
    """One line of a message: TensorFlow and NumPy put whole pages into theirs."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if _LAST_WORDS.match(line)),
                lines[0] if lines else "")

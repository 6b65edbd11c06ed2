"""Which folder is the install, and whether it can be worked on at all (spec 70 section 11.2)."""
import ctypes
import glob
import os
import shutil
import sys
from typing import List

from . import names
from .guard import is_link
from .names import InstallError

LEVELS = 3                      # parents of the package that are looked at
SPACE_FOR_WORK = 200 << 20      # bytes beside three times the package
LONGEST_PATH = 240              # characters, Windows without long paths
SYNCHRONISED = ("onedrive", "dropbox", "program files", "google drive")
NO_WRITE = 1                    # ST_RDONLY of os.statvfs


def find_interpreters(root: str) -> List[str]:
    """_internal/python*/python.exe, that of the released name last (the best one)."""
    pattern = os.path.join(glob.escape(root), names.INTERNAL, "python*", "python.exe")
    return sorted(glob.glob(pattern), key=lambda path: "python-3.6.8" in path)


def is_install(root: str) -> bool:
    """Also while an install was cut short and its tree stands between two names."""
    internal = os.path.join(root, names.INTERNAL)
    tree = os.path.join(internal, "DeepFaceLab", "main.py")
    state = os.path.join(root, *names.STATE.split("/"))
    setenv = os.path.join(internal, "setenv.bat")
    return bool((os.path.isfile(tree) and os.path.isfile(setenv) or os.path.isdir(state))
                and find_interpreters(root))


def list_candidates(package: str) -> List[str]:
    found, folder = [], package
    for _ in range(LEVELS):
        folder = os.path.dirname(folder)
        found.append(folder)
    return list(dict.fromkeys(found + [os.getcwd()]))


def find_root(given: str, package: str) -> str:
    """Absolute path of the install. InstallError with code 2."""
    if given:
        root = os.path.abspath(given.rstrip('"'))   # of a quoted path with a backslash at its end
        if not is_install(root):
            raise InstallError(names.NOT_AN_INSTALL, "{} is no DeepFaceLab install.".format(root), [
                "it needs _internal/setenv.bat, _internal/DeepFaceLab/main.py and "
                "_internal/python*/python.exe"])
        return root
    found = [folder for folder in list_candidates(package) if is_install(folder)]
    if not found:
        raise InstallError(names.NOT_AN_INSTALL, "No DeepFaceLab install was found around "
                           "{}.".format(package), ["name its folder with --root"])
    if len(found) > 1:
        raise InstallError(names.NOT_AN_INSTALL, "There is more than one install: {}.".format(
            ", ".join(found)), ["choose one with --root"])
    return found[0]


def check_path(root: str) -> None:
    """InstallError with code 3 for a root whose name or place makes scripts or safety fail."""
    for character in '%"\n\r':
        if character in root:
            raise InstallError(names.UNSUPPORTED, "The path {!r} has a {!r}, which no batch file "
                               "can be written for.".format(root, character),
                               ["rename the folder"])
    if root.startswith(("\\\\", "//")):
        raise InstallError(names.UNSUPPORTED, "{} is a network path.".format(root),
                           ["give it a drive letter"])
    if os.path.dirname(root) == root:
        raise InstallError(names.UNSUPPORTED, "{} is a whole drive.".format(root),
                           ["move the install into a folder"])
    targets = sorted({target for trees in names.TREES.values() for _, target in trees})
    for path in ["", names.INTERNAL] + targets + [names.STATE, names.SETENV]:
        absolute = os.path.join(root, *path.split("/")) if path else root
        if is_link(absolute):
            raise InstallError(names.UNSUPPORTED, "{} is a link or a junction.".format(absolute), [
                "put the folder itself in its place" if path else
                "name the folder that it leads to with --root"])


def check_room(root: str, package_size: int, longest: int, has_limit: bool) -> None:
    """longest: characters of the longest path below _internal; has_limit: of 240 characters."""
    internal = os.path.join(root, names.INTERNAL)
    if hasattr(os, "statvfs") and os.statvfs(internal).f_flag & NO_WRITE:
        raise InstallError(names.UNSUPPORTED, "{} can only be read.".format(internal))
    if not os.access(internal, os.W_OK):
        raise InstallError(names.UNSUPPORTED, "There is no permission to write in {}.".format(
            internal), ["move the install to a folder of yours"])
    needed = 3 * package_size + SPACE_FOR_WORK
    free = shutil.disk_usage(internal).free
    if free < needed:
        raise InstallError(names.UNSUPPORTED, "{:.0f} MB are free, {:.0f} MB are needed.".format(
            free / 2 ** 20, needed / 2 ** 20))
    if has_limit and len(internal) + 1 + longest > LONGEST_PATH:
        raise InstallError(names.UNSUPPORTED, "Paths in {} would have more than {} characters."
                           .format(internal, LONGEST_PATH), ["move the install up, near the drive"])


def list_warnings(root: str) -> List[str]:
    warnings = []
    odd = [character for character in "&^!" if character in root]
    if odd:
        warnings.append("The path has {}: the released setenv.bat and scripts do not work there, "
                        "ours do: --own-setenv.".format(" ".join(odd)))
    warnings += ["The install lies in a folder of {}, which changes files by itself.".format(place)
                 for place in SYNCHRONISED if place in root.lower()]
    if sys.platform == "win32" and ctypes.windll.shell32.IsUserAnAdmin():
        warnings.append("This runs with administrator rights, which it does not need.")
    return warnings

"""Renaming and moving many files so that none ever takes the place of another.

A rename is one step of the file system: whatever ends the process between two of them, every file
is there, whole, under its old or its new name, or under the name between them.
"""
import errno
import os
import shutil
from pathlib import Path
from typing import Callable, List, Sequence, Tuple

from core import persist
from core.errors import UserError
from core.interact import interact as io

_LONGEST_NAME = 250     # bytes


def find_free_name(folder: Path, name: str) -> Path:
    """`folder / name`, or with `_1`, `_2`, ... behind the stem where that is taken."""
    path, number = folder / name, 0
    while os.path.lexists(str(path)):
        number += 1
        path = folder / "{}_{}{}".format(Path(name).stem, number, Path(name).suffix)
    return path


def move_into(paths: Sequence[Path], folder: Path) -> int:
    """Move files into a folder, which is made; what is in there stays.

    Returns how many. UserError at the first that cannot be moved; it and all later ones stay.
    """
    if not paths:
        return 0
    persist.make_folder(folder)
    for path in io.progress_bar_generator(paths, "Moving", leave=False):
        move_whole(path, find_free_name(folder, path.name), _rename)
    return len(paths)


def move_whole(path: Path, target: Path, rename: Callable[[Path, Path], None]) -> None:
    """Move by `rename`; to another drive (a faceset's folder may be a link) by a copy, which is
    whole before the original goes. UserError."""
    try:
        rename(path, target)
    except UserError as error:
        if getattr(error.__cause__, "errno", None) != errno.EXDEV:
            raise
        persist.write_stream(target, persist.copy_from(path))
        shutil.copystat(str(path), str(target))
        persist.remove_file(path)


def copy_into(path: Path, folder: Path) -> Path:
    """Copy a file into a folder under a free name; a copy that is there already is not made again.

    Returns where it is; it is whole there. UserError.
    """
    data = path.read_bytes()
    target = folder / path.name
    if target.is_file() and target.read_bytes() == data:
        return target
    target = find_free_name(folder, path.name)
    persist.write_bytes(target, data)
    shutil.copystat(str(path), str(target))
    return target


def rename_files(renames: Sequence[Tuple[Path, str]]) -> None:
    """Give files of one folder new names in the folder, which may be names of one another.

    First each gets a name of its own between the two, `%.5d_<name>`, then the new one. UserError
    before anything is renamed when a new name is taken by a file that is not renamed itself, and
    at the first rename that fails.
    """
    check_targets(renames)
    renames = [(path, name) for path, name in renames if path.name != name]
    between: List[Tuple[Path, Path]] = []
    for number, (path, name) in enumerate(io.progress_bar_generator(renames, "Renaming",
                                                                    leave=False)):
        temp = find_free_name(path.parent, _make_temp_name(number, path.name))
        _rename(path, temp)
        between.append((temp, path.with_name(name)))
    for temp, target in io.progress_bar_generator(between, "Renaming"):
        if os.path.lexists(str(target)):
            raise UserError("{} has appeared while files were renamed.".format(target),
                            ["the file that was to get this name is {}".format(temp)])
        _rename(temp, target)


def check_targets(renames: Sequence[Tuple[Path, str]]) -> None:
    """UserError for a new name that is given twice or belongs to a file that keeps it."""
    sources = {os.path.normcase(str(path)) for path, _ in renames}
    targets = set()
    for path, name in renames:
        target = path.with_name(name)
        key = os.path.normcase(str(target))
        if key in targets:
            raise UserError("Two files would get the name {}.".format(target))
        targets.add(key)
        if key not in sources and os.path.lexists(str(target)):
            raise UserError("{} is in the way: {} is to get this name.".format(target, path),
                            ["move it elsewhere"])


def _make_temp_name(number: int, name: str) -> str:
    """`%.5d_<name>`; a name that has been through many of these is cut at its front."""
    temp = "%.5d_%s" % (number, name)
    while len(temp.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        name = name[10:]
        temp = "%.5d_%s" % (number, name)
    return temp


def _rename(path: Path, target: Path) -> None:
    try:
        os.rename(str(path), str(target))
    except OSError as error:
        raise UserError("{} cannot be renamed to {}: {}.".format(
            path, target, error.strerror or error), [
                "close the program that has it open, or check that the folder can be written to",
                "then start again: no file is lost"]) from error

"""The verb `clear-workspace`: an empty workspace without losing the old one (spec 70 7.2 item 7).

Released scripts delete here, also at the end of standard input. This moves, asks for a word, and
takes the end of input for no.
"""
import datetime
import sys
from pathlib import Path
from typing import List

from core.durable_write import make_folder
from core.errors import UserError

FOLDERS = ("data_src", "data_dst", "model")
MADE = ("data_src/aligned", "data_dst/aligned", "model")
WORD = "yes"


def check_workspace(workspace: Path) -> Path:
    """The resolved folder. UserError for one that cannot be a workspace."""
    found = workspace.resolve()
    if found == found.parent or found == Path.home().resolve():
        raise UserError("{} is no workspace.".format(found), ["set WORKSPACE to the folder that "
                                                             "holds data_src and data_dst"])
    if found.is_dir() and any(found.iterdir()) and not list_present(found):
        raise UserError("{} holds none of {}: it does not look like a workspace.".format(
            found, ", ".join(FOLDERS)), ["set WORKSPACE to the folder that holds them"])
    return found


def list_present(workspace: Path) -> List[Path]:
    return [workspace / name for name in FOLDERS if (workspace / name).is_dir()]


def ask(present: List[Path]) -> bool:
    """Whether the user typed the word; the end of input is no."""
    print("These folders are moved away:")
    for path in present:
        print("  {}".format(path))
    print("Type {} to move them, anything else to leave them: ".format(WORD), end="", flush=True)
    return sys.stdin.readline().strip().lower() == WORD


def name_shelf(workspace: Path) -> Path:
    """A folder that is not there: cleared_2026-11-29_13-50-02."""
    name = datetime.datetime.now().strftime("cleared_%Y-%m-%d_%H-%M-%S")
    shelf, number = workspace / name, 2
    while shelf.exists():
        shelf, number = workspace / "{}_{}".format(name, number), number + 1
    return shelf


def move_away(workspace: Path, present: List[Path]) -> Path:
    """All of the folders into a new one, or none: what is open in another program cannot be moved
    on Windows. UserError."""
    shelf = name_shelf(workspace)
    moved: List[Path] = []
    try:
        shelf.mkdir()
        for path in present:
            path.rename(shelf / path.name)
            moved.append(path)
    except OSError as error:
        for path in moved:
            (shelf / path.name).rename(path)
        if shelf.is_dir():
            shelf.rmdir()
        raise UserError("{} cannot be moved: {}. Nothing was changed.".format(
            error.filename or workspace, error.strerror or error), [
            "close what uses it: training, merging, a player, a window of the file manager"]
        ) from error
    return shelf


def main(workspace: Path, is_sure: bool = False) -> int:
    """Move what is there, make the empty folders; 1 when the user did not agree. UserError."""
    workspace = check_workspace(workspace)
    present = list_present(workspace)
    if present:
        if not is_sure and not ask(present):
            print("\nNothing was changed.")
            return 1
        shelf = move_away(workspace, present)
        print("Moved to {}. Delete that folder when you need its space.".format(shelf))
    for name in MADE:
        make_folder(workspace / name)
    return 0

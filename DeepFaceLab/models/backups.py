"""Copies of a model's saved files in `<model>_autobackups` (spec 20 section 11).

Layout of the reference: folders `01` (newest) to `24`. A backup is written completely under another
name and put in place by renaming folders, so at no moment are there fewer good backups than before.
Models that carry MVE's option `maximum_n_backups` get MVE's layout, folders named by date.
"""
import shutil
import time
from pathlib import Path
from typing import Callable, List, Sequence

from core.errors import UserError
from core.interact import interact as io

GENERATIONS = 24
UNFINISHED = '_new'     # a backup that is being written, or whose writing was interrupted
RETIRED = '_old'        # the oldest backup while a newer one takes its place
NEEDED_ROOM_FACTOR = 1.05

WritePreviews = Callable[[Path], None]


def check_room(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise UserError if the disk of `folder` has less than `needed_bytes` (and 5 %) free."""
    free = shutil.disk_usage(str(folder)).free
    if free < needed_bytes * NEEDED_ROOM_FACTOR:
        raise UserError(
            '%s needs %.1f GB, the disk of %s has %.1f GB free.' %
            (what, needed_bytes / 1024**3, folder, free / 1024**3), [
                'free some space, for example by deleting old backups',
                'move the model to another disk'
            ])


def write_new_backup(root: Path, files: Sequence[Path], write_previews: WritePreviews) -> Path:
    """Copy the files (with their names) and the previews into an unfinished backup; return its
    folder."""
    root.mkdir(parents=True, exist_ok=True)
    present = [path for path in files if path.is_file()]
    if not present:
        raise UserError('There is nothing to back up: the model has not been saved yet.',
                        ['save it first'])
    for path in files:
        if path not in present:
            io.log_info('Not in the backup, because it has not been saved yet: %s' % path.name)
    check_room(root, sum(path.stat().st_size for path in present), 'A backup')
    new = root / UNFINISHED
    remove_folder(new)      # of an interrupted backup
    new.mkdir()
    for path in io.progress_bar_generator(present, 'Making backup', leave=False):
        shutil.copyfile(str(path), str(new / path.name))
    write_previews(new)
    return new


def remove_folder(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(str(folder))


def rotate_backups(root: Path, new: Path, generations: int = GENERATIONS) -> Path:
    """Make `new` the folder `01`, moving 01 to 02 and so on; return the folder.

    Only folders up to the first free number move, so a gap costs no old backup. With all numbers in
    use the oldest is deleted, at the end.
    """
    numbered = [root / ('%02d' % i) for i in range(1, generations + 1)]
    free = next((i for i, folder in enumerate(numbered) if not folder.exists()), None)
    if free is None:
        free = generations - 1
        remove_folder(root / RETIRED)
        numbered[free].rename(root / RETIRED)
    for i in range(free, 0, -1):
        numbered[i - 1].rename(numbered[i])
    new.rename(numbered[0])
    remove_folder(root
                  / RETIRED)  # also one of an interrupted rotation: the gap it left is filled now
    return numbered[0]


def list_dated_backups(root: Path) -> List[Path]:
    """MVE's backups, oldest first: folders named YYYYmmddTHHMMSS, perhaps with `_<session>`."""
    def is_dated(name: str) -> bool:
        date = name.split('_')[0]
        return len(date) == 15 and date[8] == 'T' and (date[:8] + date[9:]).isdigit()
    return sorted(path for path in root.iterdir() if path.is_dir() and is_dated(path.name))


def add_dated_backup(root: Path, new: Path, maximum: int, session_name: str = '') -> Path:
    """Name `new` by the date and, after that, delete the oldest ones beyond `maximum` (0 keeps
    all)."""
    name = time.strftime('%Y%m%dT%H%M%S')
    if session_name:
        name += '_' + ''.join(char if char.isalnum() or char in ' -' else '-'
                              for char in session_name)
    folder = root / name
    new.rename(folder)
    if maximum > 0:
        for old in list_dated_backups(root)[:-maximum]:
            shutil.rmtree(str(old))
    return folder

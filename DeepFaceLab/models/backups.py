"""Copies of a model's saved files in `<model>_autobackups` (spec 20 section 11).

Layout of the reference: folders `01` (newest) to `24`. A backup is written completely under another
name, as a generation with a record of its own, synced, and put in place by renaming folders, so at
no moment are there fewer good backups than before, under their numbers.
Models that carry MVE's option `maximum_n_backups` get MVE's layout, folders named by date.
"""
import itertools
import shutil
import time
from pathlib import Path
from typing import Any, BinaryIO, Callable, List, Mapping, Sequence

from core import persist
from core.errors import UserError
from core.interact import interact as io

GENERATIONS = 24
UNFINISHED = '_new'     # a backup that is being written, or whose writing was interrupted
PARKED = '_old'         # one that is being removed
NEEDED_ROOM_FACTOR = 1.05

PutInPlace = Callable[[Path], Path]


def check_room(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise UserError if the disk of `folder` has less than `needed_bytes` (and 5 %) free."""
    free = shutil.disk_usage(str(folder)).free
    if free < needed_bytes * NEEDED_ROOM_FACTOR:
        raise UserError(
            '%s needs %.1f GB, the disk of %s has %.1f GB free.' %
            (what, needed_bytes / 1024**3, folder, free / 1024**3), [
                'free some space, for example by deleting old backups',
                'keep fewer earlier saves: --set keep_previous=0',
                'move the model to another disk'
            ])


def write_new_backup(root: Path, name: str, files: Sequence[Path], previews: Mapping[str, bytes],
                     info: Mapping[str, Any]) -> Path:
    """Copy the files of model `name` (under their names) and the previews (file name -> content)
    into an unfinished backup with a record of them; return its folder. `info`: see
    `persist.commit_generation`. UserError."""
    persist.make_folder(root)
    present = [path for path in files if path.is_file()]
    if not present:
        raise UserError('There is nothing to back up: the model has not been saved yet.',
                        ['save it first'])
    for path in files:
        if path not in present:
            io.log_info('Not in the backup, because it has not been saved yet: %s' % path.name)
    check_room(root, sum(path.stat().st_size for path in present), 'A backup')
    new = root / UNFINISHED
    persist.remove_tree(new)      # of an interrupted backup
    persist.make_folder(new)
    contents = {path.name: copy_with_progress(path) for path in present}
    contents.update(previews)
    io.progress_bar('Making backup', len(present), leave=False)
    try:
        persist.commit_generation(new, name, contents, info=info)
    finally:
        io.progress_bar_close()
    return new


def copy_with_progress(path: Path) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        persist.copy_from(path)(file)
        io.progress_bar_inc(1)
    return write


def finish_interrupted(root: Path, name: str, put_in_place: PutInPlace) -> None:
    """Put a backup in place that a crash left complete, but without its number or date. UserError
    """
    new = root / UNFINISHED
    if new.is_dir() and persist.read_manifest_or_empty(new, name).get('state') == 'committed':
        io.log_info('The backup that was interrupted is now in %s.' % put_in_place(new))


def rotate_backups(root: Path, new: Path, generations: int = GENERATIONS) -> Path:
    """Make `new` the folder `01`, moving 01 to 02 and so on; return the folder. UserError.

    Only folders up to the first free number move, so a gap costs no old backup. With all numbers in
    use the oldest gets one more, and is deleted at the end.
    """
    numbered = [root / ('%02d' % i) for i in range(1, generations + 2)]
    free = next(i for i, folder in enumerate(numbered) if not folder.exists()
                or i == generations)
    if free == generations:
        persist.remove_tree(numbered[free], parked=root / PARKED)    # of an interrupted rotation
    chain = numbered[free::-1] + [new]
    for target, source in zip(chain, chain[1:]):
        persist.replace_file(source, target)
        persist.sync_folder(root)       # in this order, whatever the disk does
    persist.remove_tree(numbered[generations], parked=root / PARKED)
    persist.remove_tree(root / PARKED)
    return numbered[0]


def list_dated_backups(root: Path) -> List[Path]:
    """MVE's backups, oldest first: folders named YYYYmmddTHHMMSS, perhaps with `_<session>`."""
    def is_dated(name: str) -> bool:
        date = name.split('_')[0]
        return len(date) == 15 and date[8] == 'T' and (date[:8] + date[9:]).isdigit()
    return sorted(path for path in root.iterdir() if path.is_dir() and is_dated(path.name))


def add_dated_backup(root: Path, new: Path, maximum: int, session_name: str = '') -> Path:
    """Name `new` by the date and, after that, delete the oldest of the others beyond `maximum` (0
    keeps all). UserError."""
    name = time.strftime('%Y%m%dT%H%M%S')
    if session_name:
        name += '_' + ''.join(char if char.isalnum() or char in ' -' else '-'
                              for char in session_name)
    # two within a second
    folder = next(path for path in itertools.chain(
        [root / name], (root / ('%s_%d' % (name, i)) for i in itertools.count(2)))
        if not path.exists())
    persist.replace_file(new, folder)
    persist.sync_folder(root)
    if maximum > 0:
        # not the new one, which may be the oldest by name: clocks are set back
        others = [path for path in list_dated_backups(root) if path != folder]
        for old in others[:max(0, len(others) + 1 - maximum)]:
            persist.remove_tree(old, parked=root / PARKED)
    return folder

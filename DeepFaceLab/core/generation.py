"""The files of one save of a model as a single event, kept in a small journal.

Part of `core.persist`. The journal (the record of core/generation_record.py) only adds to the files
that older installs read; without it they are a model all the same.
"""
import contextlib
import time
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional

from core.durable_write import (Content, PathLike, remove_file, replace_file, sync_folder,
                                temp_path, write_temp)
from core.errors import CorruptFileError
from core.generation_record import (manifest_path, matches, read_manifest, read_manifest_or_empty,
                                    write_manifest)
from core.pickle_format import load_file
from core.previous_generations import (keep_generation, previous_root, prune_previous, put_aside)

STRAY_AGE = 900.0       # s after which no living save is still writing its temporaries


def commit_generation(folder: PathLike, name: str, files: Mapping[str, Content],
                      keep_previous: int = 0, info: Optional[Mapping[str, Any]] = None,
                      absent: Iterable[str] = ()) -> List[str]:
    """Write all `files` (file name in `folder` -> bytes, or a function that writes them to a
    file object) as one generation of model `name`, in the mapping's order.

    1. every file goes to `<file>.tmp` and is synced; a failure here removes the temporaries and
       leaves the old generation whole; 2. the old generation is kept (core/previous_generations.py)
       unless `keep_previous`, the number of earlier ones to have, is 0; 3. the record names the new
       files as pending: from here the save counts; 4. they replace the old ones, and the files
       `absent` go; 5. the record says committed; 6. generations that are too many go.
    A crash between 3 and 5 is finished by `recover_generation`, a failure by that or by the next
    save. Raises UserError (full disk, no permission, a file held by another program). Returns one
    sentence for each old generation that could not be removed.

    info: what the record is to tell beside the files; plain values.
    """
    folder = Path(folder)
    # Its temporaries are the only copy of some files, and this save would overwrite them. Where
    # they are damaged, the new generation is the remedy.
    with contextlib.suppress(CorruptFileError):
        _finish_pending(folder, name, read_manifest_or_empty(folder, name))
    last = read_manifest_or_empty(folder, name)
    manifest: Dict[str, Any] = {"generation": last.get("generation", 0) + 1, "state": "pending",
                                "info": dict(info or {}), "absent": list(absent),
                                "files": _write_temporaries(folder, files)}
    try:
        if keep_previous > 0:
            kept = keep_generation(folder, name, last, list(files) + manifest["absent"])
            if kept is not None and kept.needs_moves:
                manifest["aside"] = kept.number
        write_manifest(folder, name, manifest)
    except BaseException:
        if read_manifest_or_empty(folder, name) != manifest:    # else the save counts already
            _remove_temporaries(folder, manifest["files"])
        raise
    _finish_pending(folder, name, manifest, is_fresh=True)
    return prune_previous(folder, name, keep_previous)


def _write_temporaries(folder: Path, files: Mapping[str, Content]) -> Dict[str, Dict[str, int]]:
    """{file name: size and CRC-32} of the synced temporaries; none are left after a failure."""
    written: Dict[str, Dict[str, int]] = {}
    try:
        for file_name, content in files.items():
            size, crc32 = write_temp(folder / file_name, content)
            written[file_name] = {"size": size, "crc32": crc32}
        sync_folder(folder)
    except BaseException:
        _remove_temporaries(folder, written)
        raise
    return written


def _remove_temporaries(folder: Path, files: Mapping[str, Any]) -> None:
    for file_name in files:
        with contextlib.suppress(OSError):    # the failure that led here is what the user sees
            temp_path(folder / file_name).unlink()


def _finish_pending(folder: Path, name: str, manifest: Mapping[str, Any],
                    is_fresh: bool = False) -> List[str]:
    """Give every file of a pending generation its name, then record that it is committed.

    `is_fresh`: this process has just written the temporaries, they need no check.
    Returns the names of the files that were not in place. CorruptFileError when one is neither in
    place nor in its temporary.
    """
    if manifest.get("state") != "pending":
        return []
    kept = previous_root(folder, name) / str(manifest.get("aside"))
    if "aside" not in manifest or not kept.is_dir():    # nobody keeps them
        kept = None
    moved = []
    for file_name, record in manifest["files"].items():
        path = folder / file_name
        temp = temp_path(path)
        if is_fresh or matches(temp, record):
            with contextlib.suppress(FileNotFoundError):    # another process may have been faster
                if kept is not None:
                    put_aside(path, kept)
                replace_file(temp, path)
                moved.append(file_name)
                continue
        if not matches(path, record):
            raise CorruptFileError(
                "{} does not belong to the last save, which was interrupted.".format(path),
                ["Restore an earlier save: `main.py doctor --model` lists them.",
                 "To use the files as they are, delete {}.".format(manifest_path(folder, name))])
    for file_name in manifest.get("absent", ()):
        if kept is not None:
            put_aside(folder / file_name, kept)
        remove_file(folder / file_name)
    if kept is not None:
        sync_folder(kept)       # first: what left `folder` for sure must be there for sure
    sync_folder(folder)
    write_manifest(folder, name, {key: value for key, value in dict(
        manifest, state="committed").items() if key not in ("absent", "aside")})
    return moved


def recover_generation(folder: PathLike, name: str) -> List[str]:
    """Finish a save of model `name` that a crash interrupted after its files were complete, and
    tidy up after one that it interrupted before.

    Returns one sentence per thing done, for the log ([] when there was nothing to do). Raises
    CorruptFileError when a pending file is neither in place nor in its temporary.
    """
    folder = Path(folder)
    manifest = read_manifest(folder, name)
    notices = ["{}: finished the save that was interrupted.".format(file_name)
               for file_name in _finish_pending(folder, name, manifest)]
    for file_name in manifest.get("files", {}):
        temp = temp_path(folder / file_name)
        if temp.exists():
            notices += _tidy_temporary(temp, folder / file_name)
    return notices


def _tidy_temporary(temp: Path, path: Path) -> List[str]:
    """What to do with a temporary of a save that never counted."""
    if not path.exists():
        # Older installs deleted a file before they renamed the new one.
        try:
            with open(str(temp), "rb") as file:
                load_file(file, str(temp))
        except CorruptFileError as error:
            return ["{} is missing, and what a save left of it cannot be used: {}".format(
                path.name, error.what)]
        replace_file(temp, path)
        return ["{}: took what the interrupted save of an older version left.".format(path.name)]
    if time.time() - temp.stat().st_mtime < STRAY_AGE:
        return []    # perhaps another process is saving at this moment
    try:
        temp.unlink()
    except OSError as error:
        return ["{} of an interrupted save cannot be removed: {}.".format(temp, error.strerror)]
    return ["{}: removed what an interrupted save left.".format(temp.name)]

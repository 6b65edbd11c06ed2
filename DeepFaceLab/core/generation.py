"""The files of one save of a model as a single event, kept in a small journal.

Part of `core.persist`. The journal (the manifest, `<model>_generation.json`) only adds to the files
that older installs read; without it they are a model all the same.
"""
import contextlib
import json
import time
import zlib
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping

from core.durable_write import (Content, PathLike, replace_file, sync_folder, temp_path,
                                write_temp, write_text)
from core.errors import CorruptFileError
from core.file_names import is_plain_file_name
from core.json_input import parse_json
from core.pickle_format import load_file

MANIFEST_SUFFIX = "_generation.json"
STRAY_AGE = 900.0       # s after which no living save is still writing its temporaries
_CHUNK = 1 << 22


def manifest_path(folder: PathLike, name: str) -> Path:
    """Where `commit_generation` keeps the record of model `name`."""
    return Path(folder) / (name + MANIFEST_SUFFIX)


def read_manifest(folder: PathLike, name: str) -> Dict[str, Any]:
    """The record of the newest generation, {} when there is none.

    {"state": "pending" | "committed", "generation": int, "files": {name: {"size", "crc32"}}}
    """
    path = manifest_path(folder, name)
    if not path.exists():
        return {}
    try:
        manifest = parse_json(path.read_text(encoding="utf-8"))
        if not _is_manifest(manifest):
            raise ValueError("unexpected content")
        return manifest
    except ValueError as error:
        raise CorruptFileError(
            "{} is damaged ({}).".format(path, error),
            ["Delete it: the model's own files do not need it."]) from error


def _is_manifest(manifest: Any) -> bool:
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        return False
    return (manifest.get("state") in ("pending", "committed")
            and isinstance(manifest.get("generation"), int)
            # models travel from user to user
            and all(is_plain_file_name(name) and isinstance(record, dict)
                    and all(isinstance(record.get(key), int) for key in ("size", "crc32"))
                    for name, record in manifest["files"].items()))


def _write_manifest(folder: Path, name: str, manifest: Mapping[str, Any]) -> None:
    write_text(manifest_path(folder, name), json.dumps(manifest, indent=1))


def read_manifest_or_empty(folder: PathLike, name: str) -> Dict[str, Any]:
    """`read_manifest`, but a damaged record counts as none: saving must stay possible."""
    try:
        return read_manifest(folder, name)
    except CorruptFileError:
        return {}


def commit_generation(folder: PathLike, name: str, files: Mapping[str, Content]) -> None:
    """Write all `files` (file name in `folder` -> bytes, or a function that writes them to a
    file object) as one generation of model `name`, in the mapping's order.

    1. every file goes to `<file>.tmp` and is synced; a failure here removes the temporaries and
       leaves the old generation whole; 2. the manifest names them as pending: from here the save
       counts; 3. they replace the old files; 4. the manifest says committed.
    A crash between 2 and 4 is finished by `recover_generation`, a failure by that or by the next
    save. Raises UserError (full disk, no permission, a file held by another program).
    """
    folder = Path(folder)
    last = read_manifest_or_empty(folder, name)
    # Its temporaries are the only copy of some files, and this save would overwrite them. Where
    # they are damaged, the new generation is the remedy.
    with contextlib.suppress(CorruptFileError):
        _finish_pending(folder, name, last)
    manifest = {"generation": last.get("generation", 0) + 1, "state": "pending",
                "files": _write_temporaries(folder, files)}
    try:
        _write_manifest(folder, name, manifest)
    except BaseException:
        if read_manifest_or_empty(folder, name) != manifest:    # else the save counts already
            _remove_temporaries(folder, manifest["files"])
        raise
    _finish_pending(folder, name, manifest, is_fresh=True)


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
    moved = []
    for file_name, record in manifest["files"].items():
        path = folder / file_name
        temp = temp_path(path)
        if is_fresh or _matches(temp, record):
            with contextlib.suppress(FileNotFoundError):    # another process may have been faster
                replace_file(temp, path)
                moved.append(file_name)
                continue
        if not _matches(path, record):
            raise CorruptFileError(
                "{} does not belong to the last save, which was interrupted.".format(path),
                ["Restore the model from its _autobackups folder.",
                 "To use the files as they are, delete {}.".format(manifest_path(folder, name))])
    sync_folder(folder)
    _write_manifest(folder, name, dict(manifest, state="committed"))
    return moved


def _iterate_chunks(path: Path) -> Iterator[bytes]:
    with open(str(path), "rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            if not chunk:
                return
            yield chunk


def _matches(path: Path, record: Mapping[str, int]) -> bool:
    """True if the file exists with the size and CRC-32 of its record."""
    if not path.exists() or path.stat().st_size != record["size"]:
        return False
    crc32 = 0
    for chunk in _iterate_chunks(path):
        crc32 = zlib.crc32(chunk, crc32)
    return crc32 == record["crc32"]


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


def verify_generation(folder: PathLike, name: str) -> List[str]:
    """Names of the files that differ from the manifest: changed by another program or damaged."""
    files = read_manifest(folder, name).get("files", {})
    return [file for file, record in files.items() if not _matches(Path(folder) / file, record)]

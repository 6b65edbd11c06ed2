"""Earlier generations of a model, kept beside it: `<model>_previous/<number>/`, newest number last.

Part of `core.persist`. Keeping one costs nothing but the disk space: before a save gives its files
their names, the old ones get a second name (a hard link) in the folder of the generation. Disks
without hard links (FAT, exFAT, some network drives) have them renamed into it, one by one, as they
are replaced. A generation is put together under another name and carries its record before it gets
its number, and an older one goes only when the save is done: at every moment there are as many
complete generations as before.
"""
import contextlib
import errno
import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set

from core.durable_write import (copy_from, make_folder, remove_tree, replace_file, sync_folder,
                                write_stream)
from core.errors import UserError
from core.generation_record import (FileRecord, manifest_path, measure_file,
                                    read_manifest_or_empty, write_manifest)

PREVIOUS_SUFFIX = "_previous"
UNFINISHED = "_new"

# Anything else that a hard link is answered with means that this disk has none.
_FATAL = (errno.EIO, errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC))

Kept = NamedTuple("Kept", [
    ("number", int),            # its folder is called so
    ("needs_moves", bool),      # no hard links here: files are to be moved when they are replaced
])


def previous_root(folder: Path, name: str) -> Path:
    return Path(folder) / (name + PREVIOUS_SUFFIX)


def list_previous(folder: Path, name: str) -> List[Path]:
    """Folders of the kept generations of a model, the newest first."""
    root = previous_root(folder, name)
    if not root.is_dir():
        return []
    return sorted((path for path in root.iterdir() if path.name.isdigit() and path.is_dir()),
                  key=lambda path: -int(path.name))


def keep_generation(folder: Path, name: str, manifest: Mapping[str, Any],
                    new_names: Iterable[str]) -> Optional[Kept]:
    """Give the present files of a model, those of its record `manifest` and those that are about to
    be replaced, to a folder of their own. None when there are none yet. UserError.
    """
    files = _measure_present(folder, name, manifest, new_names)
    if not files:
        return None
    kept = list_previous(folder, name)
    if kept and read_manifest_or_empty(kept[0], name).get("files") == files:
        # of a save that was broken off afterwards: the files have not changed since
        return Kept(int(kept[0].name), any(not (kept[0] / file).exists() for file in files))
    number = int(kept[0].name) + 1 if kept else 1
    root = previous_root(folder, name)
    has_links = _fill(root / UNFINISHED, folder, files, set(new_names))
    write_manifest(root / UNFINISHED, name, {
        "generation": manifest.get("generation", 0), "state": "committed", "files": files,
        "info": manifest.get("info", {})})
    replace_file(root / UNFINISHED, root / str(number))
    sync_folder(root)
    sync_folder(folder)
    return Kept(number, not has_links)


def _fill(target: Path, folder: Path, files: Iterable[str], replaced: Set[str]) -> bool:
    """Give the files second names in a new folder `target`; False where there are no hard links,
    so that those in `replaced` are still to be moved."""
    make_folder(target.parent)
    remove_tree(target)
    make_folder(target)
    if all(_link(folder / file, target / file) for file in files):
        return True
    for file in files:
        if file not in replaced and not (target / file).exists():
            write_stream(target / file, copy_from(folder / file))
    return False


def _measure_present(folder: Path, name: str, manifest: Mapping[str, Any],
                     new_names: Iterable[str]) -> Dict[str, FileRecord]:
    """Records of the files as they are now. Those of the manifest hold for what nobody has written
    since; another program's (an older install trained on) are read."""
    known = manifest.get("files", {})
    path = manifest_path(folder, name)
    recorded_at = path.stat().st_mtime if path.exists() else 0.0
    result = {}
    for file in list(known) + [file for file in new_names if file not in known]:
        present = folder / file
        if not present.is_file():
            continue
        stat = present.stat()
        # ctime: a copy that somebody put back may bring its old mtime along
        if file in known and stat.st_size == known[file]["size"] \
                and max(stat.st_mtime, stat.st_ctime) <= recorded_at:
            result[file] = known[file]
        else:
            result[file] = measure_file(present)
    return result


def _link(path: Path, second: Path) -> bool:
    """Whether `second` is a hard link to the file now; False on a disk without. UserError."""
    try:
        os.link(str(path), str(second))
        return True
    except OSError as error:
        if error.errno in _FATAL:
            raise UserError("The last save cannot be kept in {}: {}.".format(
                second.parent, error.strerror or error), ["Check the disk."]) from error
        return False


def put_aside(path: Path, kept: Path) -> None:
    """Move a file that is about to be replaced into the generation that it belongs to."""
    aside = kept / path.name
    if not aside.exists():
        with contextlib.suppress(FileNotFoundError):    # another process may have been faster
            replace_file(path, aside)


def prune_previous(folder: Path, name: str, keep: int) -> List[str]:
    """Remove all kept generations but the `keep` newest; one sentence for each that cannot be."""
    notices = []
    for path in list_previous(folder, name)[keep:]:
        try:
            remove_tree(path, parked=path.with_name(UNFINISHED))
        except UserError as error:
            notices.append("The old save in {} stays: {}".format(path, error.what))
    return notices

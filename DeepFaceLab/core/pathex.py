"""Listing, finding and moving files (spec 41 section 4.1).

A folder that does not exist lists as empty everywhere in this module: callers ask for optional
folders (aligned, debug, trash) all the time and report a missing required one themselves.
"""
import os
import shutil
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Sequence, Union

from core import persist

image_extensions = [".jpg", ".jpeg", ".png", ".tif", ".tiff"]

PathLike = Union[str, Path]


def write_bytes_safe(p: PathLike, bytes_data: bytes) -> None:
    """Replace the file `p` by `bytes_data`, atomically and durably; UserError when it cannot."""
    persist.write_bytes(p, bytes_data)


def scantree(path: PathLike) -> Iterator[os.DirEntry]:
    """All entries below `path`, depth first. Links to folders are yielded, not followed."""
    with os.scandir(str(path)) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                for inner in scantree(entry.path):
                    yield inner
            else:
                yield entry


def _scan(dir_path: PathLike) -> List[os.DirEntry]:
    """Entries of one folder in the file system's order."""
    if not Path(dir_path).is_dir():
        return []
    with os.scandir(str(dir_path)) as entries:
        return list(entries)


def get_image_paths(dir_path: PathLike, image_extensions: Sequence[str] = image_extensions,
                    subdirs: bool = False, return_Path_class: bool = False) -> list:
    """Image files of a folder, sorted by full path.

    The suffix decides (case-insensitive), the file's content and kind do not.
    :param image_extensions: lower-case suffixes with their dot.
    :param subdirs: descend into sub-folders.
    :param return_Path_class: Path objects instead of strings.
    """
    suffixes = tuple(image_extensions)
    if subdirs and Path(dir_path).is_dir():
        entries = scantree(dir_path)
    else:
        entries = _scan(dir_path)
    result = sorted(entry.path for entry in entries if entry.name.lower().endswith(suffixes))
    return [Path(path) for path in result] if return_Path_class else result


def get_image_unique_filestem_paths(
        dir_path: PathLike, verbose_print_func: Optional[Callable[[str],
                                                                  None]] = None) -> List[str]:
    """`get_image_paths` with one file a stem: the first stays, later ones are reported."""
    kept = {}
    for path in get_image_paths(dir_path):
        stem = Path(path).stem
        if stem not in kept:
            kept[stem] = path
        elif verbose_print_func is not None:
            verbose_print_func("%s is left out: %s has the same name and comes first."
                               % (Path(path).name, Path(kept[stem]).name))
    return list(kept.values())


def get_paths(dir_path: PathLike) -> List[Path]:
    """Files and folders directly in `dir_path`, sorted."""
    return sorted(Path(entry.path) for entry in _scan(dir_path))


def get_file_paths(dir_path: PathLike) -> List[Path]:
    """Files directly in `dir_path`, sorted."""
    return sorted(Path(entry.path) for entry in _scan(dir_path) if entry.is_file())


def get_all_dir_names(dir_path: PathLike) -> List[str]:
    """Names of the folders directly in `dir_path`, sorted."""
    return sorted(entry.name for entry in _scan(dir_path) if entry.is_dir())


def get_all_dir_names_startswith(dir_path: PathLike, startswith: str) -> List[str]:
    """What follows the prefix in every entry name that starts with it (any case), sorted.

    Files count as well: callers look for families of names, not for folders only.
    """
    prefix = startswith.lower()
    return sorted(entry.name[len(prefix):] for entry in _scan(dir_path)
                  if entry.name.lower().startswith(prefix))


def get_first_file_by_stem(dir_path: PathLike, stem: str,
                           exts: Optional[Sequence[str]] = None) -> Optional[Path]:
    """First file by name whose stem equals `stem` in any case, or None.

    :param exts: accepted lower-case suffixes with their dot; None accepts every suffix.
    """
    wanted = stem.lower()
    for path in get_file_paths(dir_path):
        if path.stem.lower() == wanted and (exts is None or path.suffix.lower() in exts):
            return path
    return None


def move_all_files(src_dir_path: PathLike, dst_dir_path: PathLike) -> None:
    """Move the files directly in one folder to another; equal names are replaced."""
    for path in get_file_paths(src_dir_path):
        shutil.move(str(path), str(Path(dst_dir_path) / path.name))


def delete_all_files(dir_path: PathLike) -> None:
    """Delete the files directly in a folder; sub-folders stay."""
    for path in get_file_paths(dir_path):
        path.unlink()

"""Pictures of a folder that are the frames of one video."""
import os
import shutil
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from core import pathex, provenance
from core.errors import UserError
from core.frame_image import is_cut_off
from core.interact import interact as io
from core.picture_header import read_picture_size
from DFLIMG import DFLJPG
from DFLIMG.jpeg_segments import CorruptJpegError

_PICTURE_REMEDY = "make it again, or move it elsewhere"
_OTHER_SPELLINGS = {".jpeg": ".jpg", ".tiff": ".tif"}


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _make_read_error(path, error) from error


def _make_read_error(path: Path, error: OSError) -> UserError:
    return UserError("{} cannot be read: {}.".format(path, error.strerror or error),
                     [_PICTURE_REMEDY])


def list_frames(folder: Path, ext: Optional[str] = None) -> List[Path]:
    """The pictures of a folder by name, at least one, all of one kind. UserError."""
    suffixes = pathex.image_extensions if ext is None else ["." + ext.lower().lstrip(".")]
    paths = [path for path in pathex.get_image_paths(folder, suffixes, return_Path_class=True)
             if path.is_file()]
    if not paths:
        raise UserError("There are no pictures in {}.".format(folder), ["check the folder"])
    kinds = sorted({_OTHER_SPELLINGS.get(path.suffix.lower(), path.suffix.lower())
                    for path in paths})
    if len(kinds) > 1:
        raise UserError("{} holds pictures of several kinds: {}.".format(
            folder, ", ".join(kinds)), ["keep one kind, and move the others elsewhere"])
    return paths


def refuse_faces(paths: List[Path]) -> None:
    """UserError for aligned faces, whose data a rewritten picture would lose."""
    for path in paths:
        if path.suffix.lower() in (".jpg", ".jpeg") and _has_face_data(path):
            raise UserError("{} holds aligned faces: the landmarks of {} would be lost.".format(
                path.parent, path.name), ["give the folder of the frames"])


def _has_face_data(path: Path) -> bool:
    try:
        return DFLJPG.load_header(str(path)).has_data()
    except CorruptJpegError:    # it is named when its size is read
        return False
    except OSError as error:
        raise _make_read_error(path, error) from error


def read_size(path: Path, data: Optional[bytes] = None) -> Tuple[int, int]:
    """(height, width) of a picture, whose bytes may be known. UserError for what is none, or has
    lost its end: ffmpeg would make the rest up, or not say which one it is."""
    data = _read_file(path) if data is None else data
    if is_cut_off(data):
        raise UserError("{} is cut off: its end is missing.".format(path), [_PICTURE_REMEDY])
    size = read_picture_size(data)
    if size is None:    # a tif, or damaged
        from core.cv2ex import cv2_imread
        picture = cv2_imread(path, loader_func=lambda _: data, verbose=False)
        if picture is None:
            raise UserError("{} cannot be read as a picture.".format(path), [_PICTURE_REMEDY])
        size = picture.shape[:2]
    return size


def check_size(path: Path, size: Tuple[int, int], expected: Tuple[int, int]) -> None:
    """UserError unless the sizes are equal: ffmpeg would scale every picture to the first's."""
    if size != expected:
        raise UserError("{} is {} x {} pixels, the pictures before it {} x {}.".format(
            path, size[1], size[0], expected[1], expected[0]),
            ["a sequence has pictures of one size: move it elsewhere, or make it again"])


def has_odd_side(size: Tuple[int, int]) -> bool:
    """Whether a row or column has to be left out, which the log then tells."""
    is_odd = any(side % 2 for side in size)
    if is_odd:
        io.log_info("{1} x {0} pixels: the last row or column of an odd size is left out, video "
                    "has even sizes.".format(*size))
    return is_odd


def read_frames(paths: List[Path], size: Tuple[int, int]) -> Iterator[bytes]:
    """The files' bytes, with a progress bar; a tif, which nothing divides in a pipe, as png."""
    for path in io.progress_bar_generator(paths, "Encoding"):
        data = _read_file(path)
        check_size(path, read_size(path, data), size)
        if path.suffix.lower() in (".tif", ".tiff"):
            from core.cv2ex import cv2_encode, cv2_imread
            data = cv2_encode(".png", cv2_imread(path))
        yield data


def keep_mark(old: Path, new: Path) -> None:
    """ffmpeg drops metadata: what was marked as synthetic is so still."""
    if provenance.is_marked(old.read_bytes()):
        new.write_bytes(provenance.mark_picture(new.suffix, new.read_bytes()))


def link_or_copy(source: Path, target: Path) -> None:
    """A second name of the file, also of the one that a symbolic link points to."""
    try:
        os.link(os.path.realpath(str(source)), str(target))
    except OSError:     # FAT and network drives have no links
        shutil.copyfile(str(source), str(target))

"""Face data of a folder kept in meta.dat, and put back after the pictures were edited elsewhere
(spec 41 section 8)."""
from pathlib import Path
from typing import Any, Dict, List, Tuple

import cv2

from core import pathex, persist
from core.cv2ex import cv2_encode
from core.errors import UserError
from core.interact import interact as io
from DFLIMG import DFLJPG
from mainscripts.faceset_files import (FACE_SUFFIXES, JPEG_QUALITY_FLAG, check_folder,
                                       list_pictures, open_face_header, read_picture)
from mainscripts.file_workers import FileFailure, map_files

METADATA_FILENAME = "meta.dat"
_MAX_SIDE = 1 << 14     # pixels of a face

# file name -> (shape, face data)
Metadata = Dict[str, Tuple[Tuple[int, ...], Dict[str, Any]]]


def save_faceset_metadata_folder(input_path: Path) -> None:
    """Write `<folder>/meta.dat`: the size and data of every face of the folder.

    A meta.dat that is there already and knows other faces is not replaced: UserError.
    """
    input_path = Path(input_path)
    paths = list_pictures(input_path, "util --save-faceset-metadata")
    results = map_files("Reading", _read_entry, paths, files_per_process=4096)
    metadata: Metadata = {path.name: entry for path, entry in zip(paths, results)
                          if not isinstance(entry, FileFailure)}
    if not metadata:
        raise UserError("{} holds no aligned faces.".format(input_path), ["check the folder"])
    target = input_path / METADATA_FILENAME
    _keep_other(target, metadata)
    persist.write_stream(target, lambda file: persist.dump(metadata, file))
    io.log_info("The data of {} faces are in {}".format(len(metadata), target))
    io.log_info("Edit the pictures now, keep their names, and restore the metadata afterwards.")


def _read_entry(path: Path, _: Any) -> Tuple[Tuple[int, ...], Dict[str, Any]]:
    face = open_face_header(path, has_landmarks=False)
    return face.get_shape(), face.get_dict()


def _keep_other(target: Path, metadata: Metadata) -> None:
    """Edited pictures may have lost their data: a file that still has them is set aside."""
    if not target.exists():
        return
    number = 0
    while True:
        aside = target.with_name("meta_{}.dat".format(number))
        if not aside.exists():
            break
        number += 1
    try:
        lost = set(read_metadata(target)) - set(metadata)
    except UserError:
        lost = {target.name}
    if lost:
        persist.replace_file(target, aside)
        io.log_info("{} held the data of {} faces that are not here now; it is kept as {}".format(
            target, len(lost), aside.name))


def read_metadata(path: Path) -> Metadata:
    """Content of a meta.dat, checked. UserError."""
    try:
        content = persist.load(path)
    except FileNotFoundError as error:
        raise UserError("There is no {}.".format(path),
                        ["save the metadata first: util --save-faceset-metadata"]) from error
    except OSError as error:
        raise UserError("{} cannot be read: {}.".format(path, error.strerror or error)) from error
    if not isinstance(content, dict) or not all(map(_is_entry, content.items())):
        raise persist.CorruptFileError("{} is no metadata of a faceset.".format(path))
    return content


def _is_entry(item: Tuple[Any, Any]) -> bool:
    name, entry = item
    return (isinstance(name, str) and isinstance(entry, (tuple, list)) and len(entry) == 2
            and isinstance(entry[0], (tuple, list)) and len(entry[0]) >= 2
            and all(isinstance(side, int) and 0 < side <= _MAX_SIDE for side in entry[0][:2])
            and isinstance(entry[1], dict))


def restore_faceset_metadata_folder(input_path: Path) -> None:
    """Give every jpg of the folder the data that meta.dat holds for its name.

    A picture of another size is scaled to the size of before. meta.dat is removed when all went
    well, and stays otherwise; also where an editor has made another kind of picture of a face.
    """
    input_path = Path(input_path)
    check_folder(input_path, "util --restore-faceset-metadata")
    source = input_path / METADATA_FILENAME
    metadata = read_metadata(source)
    paths = [path for path in pathex.get_image_paths(input_path, list(FACE_SUFFIXES),
                                                     return_Path_class=True)
             if path.name in metadata]
    if not paths:
        raise UserError("No picture in {} has a name that {} knows.".format(
            input_path, METADATA_FILENAME), ["keep the names of the files when editing them"])
    failed: List[str] = []
    for path in io.progress_bar_generator(paths, "Restoring"):
        try:
            _restore(path, *metadata[path.name])
        except UserError as error:
            io.log_err(error.what)
            failed.append(path.name)
    io.log_info("The data of {} faces are restored.".format(len(paths) - len(failed)))
    _report_missing(metadata, {path.name for path in paths})
    failed += _find_converted(input_path, metadata)
    if failed:
        raise UserError("{} pictures have not got their data.".format(len(failed)), [
            "{} is kept: make these pictures again and restore once more".format(source)])
    persist.remove_file(source)


def _report_missing(metadata: Metadata, present: set) -> None:
    missing = sorted(set(metadata) - present)
    if missing:
        io.log_info("{} faces of {} are not in the folder any more, the first: {}".format(
            len(missing), METADATA_FILENAME, missing[0]))


def _find_converted(folder: Path, metadata: Metadata) -> List[str]:
    """Pictures that are faces of `metadata`, but no JPEG any more; they are named in the log."""
    stems = {Path(name).stem for name in metadata if not (folder / name).exists()}
    converted = [path.name for path in pathex.get_image_paths(folder, return_Path_class=True)
                 if path.suffix.lower() not in FACE_SUFFIXES and path.stem in stems]
    for name in converted:
        io.log_err("{} is no JPEG: save it as one under the name of before.".format(folder / name))
    return converted


def _restore(path: Path, shape: Tuple[int, ...], data: Dict[str, Any]) -> None:
    picture = read_picture(path)
    size = tuple(shape[:2])
    encoded = None
    if picture.shape[:2] != size:
        picture = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_LANCZOS4)
        encoded = cv2_encode(".jpg", picture, [JPEG_QUALITY_FLAG, 100])
    # a PNG under the name of a JPEG, as some editors save it, is no JPEG yet
    elif path.read_bytes()[:2] != b"\xff\xd8":
        encoded = cv2_encode(".jpg", picture, [JPEG_QUALITY_FLAG, 100])
    face = DFLJPG.load(str(path), **({} if encoded is None else
                                     {"loader_func": lambda _: encoded}))
    if face is None:
        raise UserError("{} cannot be read as a face.".format(path))
    face.set_dict(dict(data))
    face.save()

"""The verb `util`: small operations on a faceset (spec 41 section 8).

Every function takes the folder, goes on behind a file that is of no use, which it names, and
raises UserError where there was nothing to do at all.
"""
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from core import persist
from core.cv2ex import cv2_encode
from core.errors import UserError
from core.interact import interact as io
from DFLIMG import DFLJPG
from facelib import FaceType, LandmarksProcessor
from mainscripts.faceset_files import (JPEG_QUALITY_FLAG, list_pictures, open_face_header,
                                       read_face_pixels, read_landmarks)
from mainscripts.faceset_metadata import (restore_faceset_metadata_folder,
                                          save_faceset_metadata_folder)
from mainscripts.file_moves import rename_files
from mainscripts.file_workers import FileFailure, check_written, map_files

__all__ = ["add_landmarks_debug_images", "export_faceset_mask", "recover_original_aligned_filename",
           "restore_faceset_metadata_folder", "save_faceset_metadata_folder",
           "show_faceset_info"]

DEBUG_QUALITY, MASK_QUALITY = 50, 100
DEBUG_END, MASK_END = "_debug", "_mask"
_DECODED, _HEADER = 256, 2048       # files worth a process


def recover_original_aligned_filename(input_path: Path) -> None:
    """Rename faces to `<frame>_<number>`, the numbers in the present order of the frame's faces."""
    paths = list_pictures(Path(input_path), "util --recover-original-aligned-filename")
    names = map_files("Reading", _read_frame_stem, paths, files_per_process=_HEADER)
    staying = {path.name.lower() for path, name in zip(paths, names)
               if isinstance(name, FileFailure)}
    counts: Dict[str, int] = Counter()
    renames: List[Tuple[Path, str]] = []
    for path, stem in zip(paths, names):
        if isinstance(stem, FileFailure):
            continue
        while True:
            name = "{}_{}{}".format(stem, counts[stem], path.suffix)
            counts[stem] += 1
            if name.lower() not in staying:
                break
        renames.append((path, name))
    if not renames:
        raise UserError("No face in {} tells the frame it comes from.".format(input_path))
    rename_files(renames)
    io.log_info("{} files renamed.".format(len(renames)))


def _read_frame_stem(path: Path, _: Any) -> str:
    name = open_face_header(path, has_landmarks=False).get_source_filename()
    if name is None:
        raise UserError("{} does not tell the frame it comes from; it keeps its name.".format(path))
    return Path(name).stem


def add_landmarks_debug_images(input_path: Path) -> None:
    """Write `<name>_debug.jpg` with the landmarks beside every face."""
    _write_beside(input_path, "util --add-landmarks-debug-images", "Drawing landmarks",
                  _write_debug, "{} pictures with landmarks written.")


def _write_debug(path: Path, _: Any) -> None:
    face, picture = read_face_pixels(path)
    landmarks = read_landmarks(face)
    rect = face.get_source_rect()
    is_frame = face.get_face_type() == FaceType.toString(FaceType.MARK_ONLY)
    if is_frame and rect is not None and np.size(rect) == 4:
        LandmarksProcessor.draw_rect_landmarks(picture, np.array(rect).reshape(4), landmarks,
                                               FaceType.FULL, transparent_mask=True)
    else:
        LandmarksProcessor.draw_landmarks(picture, landmarks, transparent_mask=True)
    target = path.with_name(path.stem + DEBUG_END + ".jpg")
    persist.write_bytes(target, cv2_encode(".jpg", picture, [JPEG_QUALITY_FLAG, DEBUG_QUALITY]))


def export_faceset_mask(input_dir: Path) -> None:
    """Write `<name>_mask.jpg`, 0 and 255, beside every face with a mask: the applied XSeg mask, or
    where there is none the drawn polygons."""
    _write_beside(input_dir, "util --export-faceset-mask", "Writing masks", _write_mask,
                  "{} masks written.")


def _write_mask(path: Path, _: Any) -> None:
    face = open_face_header(path, has_landmarks=False)
    if face.has_xseg_mask():
        mask = (face.get_xseg_mask() >= 0.5).astype(np.uint8)
    elif face.has_seg_ie_polys():
        mask = np.zeros(face.get_shape()[:2] + (1,), np.float32)
        face.get_seg_ie_polys().overlay_mask(mask)
        mask = (mask >= 0.5).astype(np.uint8)
    else:
        raise UserError("{} has neither an XSeg mask nor polygons.".format(path))
    target = path.with_name(path.stem + MASK_END + path.suffix)
    persist.write_bytes(target, cv2_encode(".jpg", mask * 255, [JPEG_QUALITY_FLAG, MASK_QUALITY]))


def _write_beside(folder: Path, verb: str, text: str, write: Callable[[Path, Any], None],
                  done: str) -> None:
    """Call `write` for every picture that these tools have not written themselves."""
    paths = [path for path in list_pictures(Path(folder), verb)
             if not path.stem.endswith((DEBUG_END, MASK_END))]
    results = map_files(text, write, paths, files_per_process=_DECODED)
    check_written(results)
    count = sum(1 for result in results if not isinstance(result, FileFailure))
    if count == 0:
        raise UserError("Nothing was written for the {} pictures in {}.".format(
            len(paths), folder), ["choose the folder of the aligned faces"])
    io.log_info(done.format(count))


def show_faceset_info(input_path: Path) -> None:
    """Print how many faces there are of each type and size, and how many have masks."""
    paths = list_pictures(Path(input_path), "util --faceset-info")
    results = map_files("Reading", _read_info, paths, files_per_process=_HEADER)
    infos = [result for result in results if not isinstance(result, FileFailure)]
    if not infos:
        raise UserError("{} holds no aligned faces.".format(input_path))
    io.log_info("{} faces, {} other pictures.".format(len(infos), len(results) - len(infos)))
    for number, title in enumerate(("Face type", "Size")):
        for value, count in sorted(Counter(info[number] for info in infos).items()):
            io.log_info("{} {}: {}".format(title, value, count))
    for number, title in ((2, "with polygons"), (3, "with an applied XSeg mask"),
                          (4, "with the name of their frame")):
        io.log_info("{} {}".format(sum(1 for info in infos if info[number]), title))
    io.log_info("{} frames".format(len({info[4] for info in infos if info[4]})))


def _read_info(path: Path, _: Any) -> Tuple[str, str, bool, bool, Any]:
    face: DFLJPG = open_face_header(path, has_landmarks=False)
    height, width = face.get_shape()[:2]
    return (face.get_face_type(), "{} x {}".format(width, height), face.has_seg_ie_polys(),
            face.has_xseg_mask(), face.get_source_filename())

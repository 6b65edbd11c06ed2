"""The verb `facesettool resize`: another size, another face type, one channel (spec 41 section 9,
spec 60 on gray)."""
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from core import persist
from core.cv2ex import to_gray
from core.errors import UserError
from core.imagelib import SegIEPolys
from core.interact import interact as io
from core.mathlib import transform_points
from core.options import Option, ask
from core.process_options import GRAY_CHANNEL, Switch, get_setting
from DFLIMG import DFLJPG
from facelib import FaceType, LandmarksProcessor
from facelib.FaceType import from_option_dict
from mainscripts.faceset_files import (encode_face, list_pictures, open_face, read_landmarks,
                                       read_picture)
from mainscripts.file_workers import map_files
from mainscripts.processed_folder import make_output_folder, merge_back

OUTPUT_END = "_resized"
MASK_SIZE = 256
SAME = "same"
_DECODED = 32       # files worth a process
_SECONDS = 600      # for one file

SIZE = Option("resize_size", "int", 512, "New image size", limits=(128, 2048))
FACE_TYPE = Option(
    "resize_face_type", "str", SAME, "Change face type", choices=tuple(from_option_dict) + (SAME,),
    help="half, mid-full, full, whole face, head. A type that shows more than the files hold has "
         "black borders.")
MERGE = Option("resize_merge", "bool", True, "Merge the results back into the faceset?",
               help="Yes: they replace the originals. No: they stay in a folder _resized beside.")
GRAY = Switch("resize_gray", False, "Make one-channel files",
              help="Gray JPEGs with the same face data, for SAEHDBW.",
              env=("resize_color_to_grayscale",))
ONLY_GRAY = Switch("only_gray", False, "Make one-channel files of the same size and type",
                   help="Size and face type are not asked; implies resize_gray.",
                   env=("only_convert_to_grayscale",))
OPTIONS = (SIZE, FACE_TYPE, MERGE, GRAY, ONLY_GRAY)


class Task(NamedTuple):
    """What to do with every face."""

    output_folder: Path
    size: Optional[int]                 # None: each keeps its own
    face_type: Optional[FaceType]       # None: each keeps its own
    is_gray: bool
    gray_channel: Optional[int]


def process_folder(dirpath: Path) -> None:
    """Resize the faces of a folder; asks for the size, the face type, and whether to merge back.

    Files that cannot be resized are named and stay as they are. UserError when none could be.
    """
    dirpath = Path(dirpath)
    paths = list_pictures(dirpath, "facesettool resize")
    is_only_gray = get_setting(ONLY_GRAY)
    size = None if is_only_gray else ask(SIZE, io)
    name = SAME if is_only_gray else ask(FACE_TYPE, io)
    task = Task(make_output_folder(dirpath, OUTPUT_END), size, from_option_dict.get(name),
                is_only_gray or get_setting(GRAY), get_setting(GRAY_CHANNEL))
    results = map_files("Resizing", resize_file, paths, task, files_per_process=_DECODED,
                        seconds_per_file=_SECONDS)
    merge_back(results, dirpath, task.output_folder, MERGE)


def resize_file(path: Path, task: Task) -> Path:
    """Write the resized face into the output folder; its path. UserError.

    A face that has the wanted type already is only scaled, and one that is as wanted is copied: a
    second run, after an interrupted one, loses nothing.
    """
    face = open_face(path)
    height, width = face.get_shape()[:2]
    if height != width:
        raise UserError("{} is not square: {} x {} pixels.".format(path, width, height))
    size = task.size or width
    face_type = FaceType.fromString(face.get_face_type())
    picture, is_changed = read_pixels(path, task)
    data = dict(face.get_dict())
    output = task.output_folder / path.name
    if task.face_type not in (None, face_type):
        matrix = LandmarksProcessor.get_transform_mat(read_landmarks(face), size, task.face_type)
        picture = cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LANCZOS4)
        data.update(transform_data(face, matrix, size, task.face_type))
    elif size != width:
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_LANCZOS4)
        data.update(scale_data(face, size, width))
    elif not is_changed:
        persist.write_bytes(output, face.data)
        return output
    persist.write_bytes(output, encode_face(path, picture, data))
    return output


def read_pixels(path: Path, task: Task) -> Tuple[np.ndarray, bool]:
    """((h, w, 3), or (h, w) of a gray file and where gray is wanted, uint8; whether they differ
    from those of the file)"""
    picture = read_picture(path, keeps_gray=True)
    if picture.ndim == 2:
        return picture, False
    if task.is_gray:
        return to_gray(picture, task.gray_channel)[..., 0], True
    return picture, False


def scale_data(face: DFLJPG, size: int, old_size: int) -> Dict[str, Any]:
    """What changes in the face data when a face of the same type gets another size."""
    scale = size / old_size
    changes: Dict[str, Any] = {"landmarks": read_landmarks(face) * scale}
    if face.has_seg_ie_polys():
        polys = face.get_seg_ie_polys()
        polys.mult_points(scale)
        changes["seg_ie_polys"] = polys.dump()
    face_type, matrix = FaceType.fromString(face.get_face_type()), face.get_image_to_face_mat()
    if face_type in LandmarksProcessor.FaceType_to_padding_remove_align:
        changes.update(_find_matrix(face, size, face_type))
    elif matrix is not None:    # of a fork: only this matrix tells how the face was cropped
        changes["image_to_face_mat"] = matrix * scale
    return changes


def transform_data(face: DFLJPG, matrix: np.ndarray, size: int,
                   face_type: FaceType) -> Dict[str, Any]:
    """What changes in the face data when a face is cropped anew by the (2, 3) `matrix`."""
    changes: Dict[str, Any] = {
        "landmarks": np.array(transform_points(read_landmarks(face), matrix)),
        "face_type": FaceType.toString(face_type)}
    if face.has_seg_ie_polys():
        changes["seg_ie_polys"] = _transform_polys(face.get_seg_ie_polys(), matrix).dump()
    if face.has_xseg_mask():
        changes["xseg_mask"] = _transform_mask(face, face_type)
    changes.update(_find_matrix(face, size, face_type))
    return changes


def _transform_polys(polys: SegIEPolys, matrix: np.ndarray) -> SegIEPolys:
    for poly in polys.get_polys():
        if poly.get_pts_count():
            poly.set_points(np.float32(transform_points(poly.get_pts(), matrix)))
    return polys


def _transform_mask(face: DFLJPG, face_type: FaceType) -> np.ndarray:
    """The applied mask in the new crop, encoded; masks of any size become 256 x 256."""
    mask = cv2.resize(face.get_xseg_mask(), (MASK_SIZE, MASK_SIZE))
    landmarks = read_landmarks(face) * (MASK_SIZE / face.get_shape()[1])
    matrix = LandmarksProcessor.get_transform_mat(landmarks, MASK_SIZE, face_type)
    mask = cv2.warpAffine(mask, matrix, (MASK_SIZE, MASK_SIZE), flags=cv2.INTER_LANCZOS4)
    changed = DFLJPG(face.filename)
    changed.set_dict({})
    changed.set_xseg_mask((mask >= 0.5).astype(np.float32))
    return changed.get_xseg_mask_compressed()


def _find_matrix(face: DFLJPG, size: int, face_type: FaceType) -> Dict[str, Any]:
    """The matrix from the frame to the new crop, for a face that had one."""
    if face.get_image_to_face_mat() is None:
        return {}
    source: Tuple = face.get_source_landmarks()
    if np.shape(source) != (68, 2):
        return {"image_to_face_mat": None}      # it would be that of the old crop
    return {"image_to_face_mat": LandmarksProcessor.get_transform_mat(source, size, face_type)}

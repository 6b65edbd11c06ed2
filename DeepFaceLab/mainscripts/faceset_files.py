"""Faces and pictures of a folder, as the faceset tools read them: checked, and named when they are
of no use.

Errors are UserError with one sentence that names the file: a tool logs it and goes on.
"""
from pathlib import Path
from typing import List, Optional, Tuple

import cv2
import numpy as np

from core import pathex, persist
from core.cv2ex import cv2_encode, cv2_imread, to_bgr
from core.errors import UserError
from core.frame_image import is_cut_off
from DFLIMG import DFLJPG
from samplelib.PackedFaceset import packed_faceset_filename

FACE_SUFFIXES = (".jpg", ".jpeg")
JPEG_QUALITY_FLAG = int(cv2.IMWRITE_JPEG_QUALITY)

_PICTURE_REMEDY = "make it again, or move it elsewhere"


def check_folder(folder: Path, verb: str) -> None:
    """UserError unless `folder` is a folder without a packed faceset."""
    if not folder.is_dir():
        raise UserError("There is no folder {}.".format(folder),
                        ["give the folder of the aligned faces with --input-dir"])
    if (folder / packed_faceset_filename).exists():
        raise UserError("{} holds a packed faceset, and `{}` needs the files.".format(
            folder, verb), ["unpack it first: main.py util --unpack-faceset --input-dir ..."])


def list_pictures(folder: Path, verb: str) -> List[Path]:
    """The pictures of a folder by name, at least one; otherwise as `check_folder`."""
    check_folder(folder, verb)
    paths = [path for path in pathex.get_image_paths(folder, return_Path_class=True)
             if path.is_file()]
    if not paths:
        raise UserError("There are no pictures in {}.".format(folder), ["check the folder"])
    return paths


def read_picture(path: Path, keeps_gray: bool = False) -> np.ndarray:
    """Pixels (h, w, 3) uint8 BGR of a picture of any depth and number of channels; with
    `keeps_gray` those of a gray one (h, w)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError("{} cannot be read: {}.".format(path, error.strerror or error),
                        [_PICTURE_REMEDY]) from error
    if is_cut_off(data):    # old OpenCV versions make the rest up
        raise UserError("{} is cut off: its end is missing.".format(path), [_PICTURE_REMEDY])
    picture = cv2_imread(path, loader_func=lambda _: data, verbose=False)
    if picture is None:
        raise UserError("{} cannot be decoded as a picture.".format(path), [_PICTURE_REMEDY])
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.dtype != np.uint8:
        raise UserError("{} has pixels of the type {}.".format(path, picture.dtype),
                        ["save it with 8 bits a channel"])
    if keeps_gray and picture.ndim == 2:
        return picture
    return np.ascontiguousarray(to_bgr(picture))


def open_face_header(path: Path, has_landmarks: bool = True) -> DFLJPG:
    """The face data of a file, without its pixels; not to be saved."""
    if path.suffix.lower() not in FACE_SUFFIXES:
        raise UserError("{} is no aligned face: those are JPEG files.".format(path))
    try:
        face = DFLJPG.load_header(str(path))
    except UserError:
        raise
    except OSError as error:
        raise UserError("{} cannot be read: {}.".format(path, error.strerror or error)) from error
    except Exception as error:  # the parser has a type of its own; damage has many forms
        raise UserError("{} is damaged: {}.".format(path, error)) from error
    if not face.has_data():
        raise UserError("{} is no aligned face: it holds no face data.".format(path))
    if face.shape is None:
        raise UserError("{} is damaged: it does not tell its size.".format(path))
    if has_landmarks:
        read_landmarks(face)
    return face


def open_face(path: Path, has_landmarks: bool = True) -> DFLJPG:
    """The whole file of a face, checked as `open_face_header` does; it can be saved."""
    open_face_header(path, has_landmarks)
    face = DFLJPG.load(str(path))
    if face is None:
        raise UserError("{} cannot be read any more.".format(path))
    return face


def read_landmarks(face: DFLJPG) -> np.ndarray:
    """(68, 2) landmarks in pixels of the face. UserError."""
    if face.get_dict().get("landmarks") is None:
        raise UserError("{} has no landmarks: extract that face again.".format(face.filename))
    landmarks = face.get_landmarks()
    if landmarks.shape != (68, 2):
        raise UserError("{} has landmarks of the shape {}: extract that face again.".format(
            face.filename, landmarks.shape))
    return landmarks


def read_face_pixels(path: Path) -> Tuple[DFLJPG, np.ndarray]:
    """(face header, (h, w, 3) uint8 BGR) of an aligned face with landmarks. UserError."""
    return open_face_header(path), read_picture(path)


def encode_face(path: Path, picture: np.ndarray, data: Optional[dict],
                quality: int = 100) -> bytes:
    """The JPEG file of a face: (h, w[, c]) uint8 pixels and its metadata.

    `path` is only named in errors; a copy of `data` is stored.
    """
    encoded = cv2_encode(".jpg", picture, [JPEG_QUALITY_FLAG, quality])
    face = DFLJPG.load(str(path), loader_func=lambda _: encoded)
    face.set_dict(dict(data or {}))
    return face.dump()


def write_face(path: Path, picture: np.ndarray, data: Optional[dict], quality: int = 100) -> None:
    """`encode_face` into a file, which is whole or as it was before."""
    persist.write_bytes(path, encode_face(path, picture, data, quality))

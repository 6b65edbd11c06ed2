"""One face of the folder: opened for the editor, and its polygons stored (spec 51 section 14)."""
import hashlib
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import cv2
import numpy as np

from core import persist
from core.cv2ex import cv2_resize, to_bgr
from core.errors import UserError
from core.imagelib import SegIEPolys
from DFLIMG import DFLJPG
from DFLIMG.jpeg_segments import CorruptJpegError

from .canvas_history import State, freeze_polys

SUFFIX = ".jpg"     # other tools know faces by these letters
NO_PIXELS = tuple(range(0xE0, 0xF0)) + (0xFE,)     # markers APP0 to APP15, and of comments
DROP_REMEDY = "F5 reads the file again and drops the polygons on the screen"
FORCE_REMEDY = "Ctrl+S stores the polygons on the screen all the same"

OpenFace = NamedTuple("OpenFace", [
    ("path", Path),
    ("image", np.ndarray),                  # (h, w, 3) uint8 BGR
    ("polys", SegIEPolys),
    ("xseg_mask", Optional[np.ndarray]),    # (h, w) float32 0..1, of the image's size
    ("landmarks", Optional[np.ndarray]),    # (68, 2) pixels of the image
    ("stored", State),                      # the polygons in the file when it was opened
    ("fingerprint", bytes)])                # of its pixels as they are encoded


class FaceConflictError(UserError):
    """The file is no longer what was opened."""


def read_head(path: Path) -> DFLJPG:
    """Face data and shape without the pixels; UserError when they cannot be had."""
    try:
        return DFLJPG.load_header(str(path))
    except FileNotFoundError as error:
        raise UserError("{} is gone.".format(path), [
            "Another program moved or deleted it, or the disk is not there any more."]) from error
    except OSError as error:
        raise UserError("{} cannot be read: {}.".format(path, error.strerror or error),
                        ["Check the disk and the rights of the file."]) from error
    except CorruptJpegError as error:
        raise UserError("{}: {}.".format(path, error),
                        ["Extract that face again, or delete the file."]) from error


def read_face(path: Path) -> DFLJPG:
    """The whole file with its face data; UserError when that cannot be had."""
    head = read_head(path)
    if not head.has_data():
        raise UserError("{} is a picture without face data.".format(path),
                        ["The editor draws on faces that `extract` made."])
    try:
        face = DFLJPG.load_raw(str(path))
    except (FileNotFoundError, CorruptJpegError) as error:
        raise UserError("{} was changed while it was read.".format(path),
                        ["Let the other program finish, then try again."]) from error
    face.shape = head.shape
    face.set_dict(head.get_dict())
    return face


def open_face(path: Path) -> OpenFace:
    """A face with its pixels; UserError when it is none or damaged."""
    face = read_face(path)
    image = face.get_img()
    if image is None:
        raise UserError("The pixels of {} cannot be decoded.".format(path),
                        ["Extract that face again, or delete the file."])
    polys = face.get_seg_ie_polys()
    landmarks = face.get_landmarks() if "landmarks" in face.get_dict() else None
    return OpenFace(path, np.ascontiguousarray(to_bgr(to_eight_bits(image))), polys,
                    fit_mask(face.get_xseg_mask(), image.shape), landmarks, freeze_polys(polys),
                    take_fingerprint(face))


def take_fingerprint(face: DFLJPG) -> bytes:
    """Tells whether two files show the same picture, whatever else they hold."""
    digest = hashlib.sha256()
    for chunk in face.chunks:
        if chunk["m_h"] not in NO_PIXELS:
            digest.update(chunk["data"] or b"")
            digest.update(chunk["ex_data"] or b"")
    return digest.digest()


def to_eight_bits(image: np.ndarray) -> np.ndarray:
    return image if image.dtype == np.uint8 else (image / 257).astype(np.uint8)


def fit_mask(mask: Optional[np.ndarray], shape) -> Optional[np.ndarray]:
    """(h, w, c) or (h, w) mask to the size of an image, one channel, cut to 0..1."""
    if mask is None:
        return None
    size = (shape[1], shape[0])
    if mask.shape[:2] != tuple(shape[:2]):
        mask = cv2_resize(mask, size, interpolation=cv2.INTER_CUBIC)
    mask = mask[..., 0] if mask.ndim == 3 else mask
    return np.clip(mask, 0, 1).astype(np.float32)


def read_facts(path: Path) -> Optional[Dict[str, Any]]:
    """{'polys': count, 'xseg_mask': bool} from the head of a file; None when it is no face.

    UserError for one that is damaged or gone.
    """
    face = read_head(path)
    if not face.has_data():
        return None
    return dict(polys=len(face.get_seg_ie_polys().get_polys()), xseg_mask=face.has_xseg_mask())


def save_polys(opened: OpenFace, polys: SegIEPolys, is_forced: bool = False) -> Optional[State]:
    """Store the polygons in the file, all else of it unchanged. Durable.

    Returns what the file holds now, or None when these polygons are what was opened (not written).
    is_forced: also over polygons that another program has stored since then, and into another
    picture. FaceConflictError when such a program was there, UserError when the file cannot be
    written.
    """
    wanted = freeze_polys(polys)
    if wanted == opened.stored and not is_forced:
        return None
    try:
        face = read_face(opened.path)
        found = freeze_polys(face.get_seg_ie_polys())
        shape = face.get_shape()
    except UserError as error:
        raise FaceConflictError("The polygons of {} are not stored: {}".format(
            opened.path.name, error.what), error.remedies + [DROP_REMEDY]) from error
    check_picture(opened, face, shape, is_forced)
    if found == wanted:
        return wanted
    if not is_forced and found != opened.stored:
        raise make_conflict(opened, "it holds other polygons now", [FORCE_REMEDY, DROP_REMEDY])
    face.set_seg_ie_polys(polys)
    try:
        face.save()
    except UserError as error:
        raise UserError(error.what, error.remedies + [DROP_REMEDY]) from error
    return wanted


def check_picture(opened: OpenFace, face: DFLJPG, shape: Any, is_forced: bool) -> None:
    """FaceConflictError when the file does not show any more what was drawn on: `sort` gives faces
    other names, `extract` puts new ones in the place of old ones."""
    if shape is None or tuple(shape[:2]) != opened.image.shape[:2]:
        raise make_conflict(opened, "its picture has another size now", [DROP_REMEDY])
    if not is_forced and take_fingerprint(face) != opened.fingerprint:
        raise make_conflict(opened, "it shows another picture now", [DROP_REMEDY, FORCE_REMEDY])


def make_conflict(opened: OpenFace, what: str, remedies: List[str]) -> FaceConflictError:
    return FaceConflictError("{} was changed by another program since it was opened: {}.".format(
        opened.path, what), remedies)


def trash_face(path: Path, folder: Path) -> Path:
    """Move a file into the folder, which is made, under a name that is free there: the new path."""
    persist.make_folder(folder)
    target, number = folder / path.name, 0
    while target.exists():
        number += 1
        target = folder / "{}_{}{}".format(path.stem, number, path.suffix)
    try:
        path.rename(target)
    except OSError as error:
        raise UserError("{} cannot be moved to {}: {}.".format(
            path, folder, error.strerror or error),
            ["Check that both folders may be written to."]) from error
    return target

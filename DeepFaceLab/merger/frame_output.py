"""Merged frames and their masks as PNG or JPEG files: whole or not there (spec 50 sections 7 and
9.3)."""
import os
from pathlib import Path
from typing import Optional, Tuple

import cv2
import numpy as np

from core.cv2ex import cv2_encode, cv2_imread, to_bgr, to_gray
from core.errors import UserError
from core.process_options import get_setting
from core.provenance import mark_picture

from .merge_options import JPG_QUALITY

TEMP_SUFFIX = '.tmp'
# what a whole file of a kind begins and ends with
ENDS = {'.png': (b'\x89PNG\r\n\x1a\n', b'IEND\xaeB`\x82'), '.jpg': (b'\xff\xd8', b'\xff\xd9')}


class WriteError(UserError):
    """A file cannot be written: no other frame could be either."""


def finish_picture(suffix: str, data: bytes, is_marked: bool) -> bytes:
    """The bytes that reach the disk: every encoded picture of a merge passes here.

    is_marked: whether the picture is marked as synthetic.
    """
    return mark_picture(suffix, data) if is_marked else data


def write_picture(path: Path, picture: np.ndarray, is_marked: bool = True) -> None:
    """Replace `path` (.png or .jpg) by the picture (h,w,1) or (h,w,3) uint8; a killed process
    leaves the old file, the new one or none. WriteError."""
    settings = ([[cv2.IMWRITE_JPEG_QUALITY, get_setting(JPG_QUALITY)]] if path.suffix == '.jpg'
                else [])
    data = finish_picture(path.suffix, cv2_encode(path.suffix, picture, *settings), is_marked)
    temp = path.with_name(path.name + TEMP_SUFFIX)
    try:
        # No fsync: frames are many and can be made again; one that a power cut has emptied is
        # recognised (`is_complete`).
        with open(str(temp), 'wb') as file:
            file.write(data)
        os.replace(str(temp), str(path))
    except OSError as error:
        raise WriteError('%s cannot be written: %s.' % (path, error.strerror or error),
                         ['Free some disk space, or check that the folder may be written to.',
                          'Start again: frames that are whole are kept.']) from error


def is_complete(path: Path) -> bool:
    """Whether `path` is a PNG or JPEG from its first byte to its last, as far as its ends tell."""
    begin, end = ENDS[path.suffix]
    try:
        with open(str(path), 'rb') as file:
            is_begun = file.read(len(begin)) == begin
            file.seek(-len(end), os.SEEK_END)
            return is_begun and file.read() == end
    except OSError:     # not there, or shorter than that end
        return False


def read_outputs(image_path: Path, mask_path: Path) -> Optional[np.ndarray]:
    """Both files of a merged frame as (h,w,4) uint8: colour and mask; None if one is missing or
    they do not fit."""
    image = cv2_imread(image_path, verbose=False)
    mask = cv2_imread(mask_path, verbose=False)
    if image is None or mask is None or image.shape[:2] != mask.shape[:2] or not (
            image.dtype == mask.dtype == np.uint8):
        return None
    return np.concatenate([to_bgr(image), to_gray(mask)], axis=2)


def make_empty_outputs(side: int) -> Tuple[np.ndarray, np.ndarray]:
    """Picture and mask of raw-predict for a frame without a face: black, `side` pixels."""
    return np.zeros((side, side, 3), np.uint8), np.zeros((side, side, 1), np.uint8)

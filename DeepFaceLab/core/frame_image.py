"""Frames of a video as files: whatever a user's tools wrote, as 8-bit colour."""
from pathlib import Path

import numpy as np

from core.cv2ex import cv2_imread, to_bgr, to_gray
from core.errors import UserError

JPEG_BEGIN, JPEG_END = b"\xff\xd8", b"\xff\xd9"
PNG_BEGIN, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"


def read_frame(path, is_gray: bool = False, must_be_whole: bool = False) -> np.ndarray:
    """A frame's file as (H, W, 3) uint8 BGR.

    Gray is repeated, alpha dropped, 16 bits are brought to 8. `is_gray`: colour becomes gray, for
    models of one channel. UserError for a file that cannot be read or is of another depth, and
    with `must_be_whole` for a JPEG or PNG that has lost its end, of which decoders make the rest
    up.
    """
    img = cv2_imread(path, loader_func=_load_whole if must_be_whole else None, verbose=False)
    if img is None:
        raise UserError("The frame %s cannot be read as a picture." % (path,),
                        ["Extract it again from the video.",
                         "Remove it together with its aligned face."])
    if img.dtype == np.uint16:
        img = ((img.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if img.dtype != np.uint8:
        raise UserError("The frame %s has pixels of type %s." % (path, img.dtype),
                        ["Save it with 8 or 16 bits a channel."])
    return np.ascontiguousarray(to_bgr(to_gray(img) if is_gray else img))


def is_cut_off(data: bytes) -> bool:
    """Whether the bytes are a JPEG or PNG without its end."""
    if data.startswith(JPEG_BEGIN):
        # Something may follow the end; a small preview in front has an end of its own.
        return data.rfind(JPEG_END) < len(data) // 2
    return data.startswith(PNG_BEGIN) and PNG_END not in data


def _load_whole(path) -> bytes:
    """The file's bytes, none of them when its end is missing."""
    data = Path(str(path)).read_bytes()
    return b"" if is_cut_off(data) else data

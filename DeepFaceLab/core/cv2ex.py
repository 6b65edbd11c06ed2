"""Image files through OpenCV with Unicode paths (spec 31 section 10, spec 60 section 3).

OpenCV's own file functions take narrow strings on Windows, so bytes are read and written by
Python and only coded by OpenCV. The star-export list is interface: scripts take `cv2`, `np`,
`Path`, `io`, `imagelib` and `traceback` from here.
"""
import os
import traceback
from pathlib import Path
from typing import Callable, Optional

import cv2
import numpy as np

from core import imagelib
from core.interact import interact as io
from core.picture_header import is_size_plausible
from core.process_options import GRAY_CHANNEL, get_setting

__all__ = ['cv2', 'np', 'Path', 'io', 'imagelib', 'traceback', 'cv2_imread', 'cv2_imwrite',
           'cv2_resize', 'cv2_imread_color_as_grayscale', 'to_gray', 'to_bgr']


def cv2_imread(filename, flags: int = cv2.IMREAD_UNCHANGED,
               loader_func: Optional[Callable[[object], bytes]] = None,
               verbose: bool = True) -> Optional[np.ndarray]:
    """Decode an image file.

    :param flags: OpenCV's; IMREAD_UNCHANGED keeps alpha and 16 bits, ignores the EXIF rotation
        and gives a gray file two dimensions.
    :param loader_func: takes `filename`, returns the file's bytes; None reads the file.
    :param verbose: report what went wrong.
    :returns: (h,w,3), (h,w,4) or (h,w) uint8 or uint16 in BGR order; None if the file cannot be
        read or is no image.
    """
    try:
        if loader_func is not None:
            data = loader_func(filename)
        else:
            with open(str(filename), 'rb') as file:
                data = file.read()
        # An empty buffer raises in some OpenCV versions and gives None in others.
        img = None
        if len(data) != 0 and is_size_plausible(data):
            img = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except Exception:  # noqa: BLE001 a loader_func may raise anything; the contract is None
        if verbose:
            io.log_err("Unable to read %s\n%s" % (filename, traceback.format_exc()))
        return None
    if img is None and verbose:
        io.log_err("%s is not an image that OpenCV can decode." % (filename,))
    return img


def cv2_imread_color_as_grayscale(filename, flags: int = cv2.IMREAD_UNCHANGED,
                                  loader_func: Optional[Callable[[object], bytes]] = None,
                                  verbose: bool = True) -> Optional[np.ndarray]:
    """`cv2_imread` with a gray result of two dimensions; a gray file stays as it is.

    Environment `user_bw_get_color_channel` (or `DFL_GRAY_CHANNEL`) = 0, 1, 2 takes the B, G or R
    plane instead of the weighted sum (spec 60 section 17.1).
    """
    img = cv2_imread(filename, flags, loader_func=loader_func, verbose=verbose)
    return None if img is None else to_gray(img, get_setting(GRAY_CHANNEL))[..., 0]


def to_gray(img: np.ndarray, channel: Optional[int] = None) -> np.ndarray:
    """(h,w), (h,w,1), (h,w,3) or (h,w,4) to (h,w,1) of the same type.

    Colour becomes 0.299 R + 0.587 G + 0.114 B, rounded for integers, or the plane `channel`.
    """
    if img.ndim == 2:
        return img[..., None]
    if img.shape[2] == 1:
        return img
    if channel is not None:
        return np.ascontiguousarray(img[..., channel:channel + 1])
    code = cv2.COLOR_BGRA2GRAY if img.shape[2] == 4 else cv2.COLOR_BGR2GRAY
    return cv2.cvtColor(img, code)[..., None]


def to_bgr(img: np.ndarray) -> np.ndarray:
    """(h,w), (h,w,1), (h,w,3) or (h,w,4) to (h,w,3): gray is repeated, alpha is dropped."""
    if img.ndim == 2:
        img = img[..., None]
    if img.shape[2] == 1:
        return np.repeat(img, 3, axis=2)
    return img[..., :3]


def cv2_encode(suffix: str, img: np.ndarray, *args) -> bytes:
    """The bytes of an image file, e.g. of suffix '.jpg'; `args` and errors as `cv2_imwrite`."""
    encoded, buffer = cv2.imencode(suffix, img, *args)
    if not encoded:
        raise cv2.error("OpenCV cannot encode %s %s as %s" % (img.shape, img.dtype, suffix))
    return buffer.tobytes()


def cv2_imwrite(filename, img: np.ndarray, *args) -> bool:
    """Encode by the file's suffix and write; the file is whole or not there.

    :param args: OpenCV's parameter list, e.g. `[cv2.IMWRITE_JPEG_QUALITY, 90]`.
    :returns: True if written. A failing write is reported and gives False: one full disk must not
        end a run that others wait for.
    :raises cv2.error: unknown suffix or an array that is no image.
    """
    filename = Path(filename)
    data = cv2_encode(filename.suffix, img, *args)
    temp = filename.parent / (filename.name + '.tmp')
    try:
        # No fsync: frames are many and can be made again.
        with open(str(temp), 'wb') as file:
            file.write(data)
        os.replace(str(temp), str(filename))
    except OSError as error:
        io.log_err("Unable to write %s: %s" % (filename, error))
        if temp.exists():
            _remove_quietly(temp)
        return False
    return True


def _remove_quietly(path: Path) -> None:
    """Remove a left-over; the error that made it one is already reported."""
    try:
        path.unlink()
    except OSError as error:
        io.log_err("Unable to remove %s: %s" % (path, error))


def cv2_resize(x: np.ndarray, *args, **kwargs) -> np.ndarray:
    """`cv2.resize` that keeps the channel axis: (h,w,c) -> (new h,new w,c) also for c = 1."""
    resized = cv2.resize(x, *args, **kwargs)
    if x.ndim == 3 and resized.ndim == 2:
        resized = resized[..., None]
    return resized

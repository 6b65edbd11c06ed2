"""Numbers by which single faces are sorted: module-level functions (path, argument) -> value.

They raise UserError for a file that has no such number.
"""
from pathlib import Path
from typing import Any, NamedTuple, Tuple

import cv2
import numpy as np

from core import imagelib, mathlib
from core.errors import UserError
from DFLIMG import DFLJPG
from facelib import LandmarksProcessor
from mainscripts.faceset_files import (open_face_header, read_face_pixels, read_landmarks,
                                       read_picture)

BINS = 256
NO_HUE = -1.0
_LAPLACIAN_KERNEL = 11


def mask_outside_hull(face: DFLJPG, picture: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 picture of a face, black outside the hull of its landmarks."""
    mask = LandmarksProcessor.get_image_hull_mask(picture.shape, read_landmarks(face))
    return (picture * mask).astype(np.uint8)


def measure_sharpness(path: Path, _: Any = None) -> float:
    """CPBD, 0..1; 0 says that the picture is too small or has no edges, not that it is no face."""
    return imagelib.estimate_sharpness(mask_outside_hull(*read_face_pixels(path)))


def measure_motion_blur(path: Path, _: Any = None) -> float:
    """Variance of the Laplacian; small for what is blurred."""
    masked = mask_outside_hull(*read_face_pixels(path))
    return float(cv2.Laplacian(masked, cv2.CV_64F, ksize=_LAPLACIAN_KERNEL).var())


def read_pose(face: DFLJPG) -> Tuple[float, float]:
    """(pitch, yaw) in radians."""
    pitch, yaw, _ = LandmarksProcessor.estimate_pitch_yaw_roll(read_landmarks(face),
                                                               size=face.get_shape()[1])
    return pitch, yaw


def measure_yaw(path: Path, _: Any = None) -> float:
    return read_pose(open_face_header(path))[1]


def measure_pitch(path: Path, _: Any = None) -> float:
    return read_pose(open_face_header(path))[0]


def read_rect_area(face: DFLJPG) -> float:
    """Area of the detector's box in pixels of the frame; boxes may be inverted."""
    rect = face.get_source_rect()
    if rect is None or np.size(rect) != 4:
        raise UserError("{} does not tell the rectangle it comes from.".format(face.filename))
    rect = np.array(rect).reshape(4)
    return float(mathlib.polygon_area(rect[[0, 2, 2, 0]], rect[[1, 1, 3, 3]]))


def measure_rect_area(path: Path, _: Any = None) -> float:
    return read_rect_area(open_face_header(path, has_landmarks=False))


def measure_brightness(path: Path, _: Any = None) -> float:
    """Mean value, 0..255."""
    return float(cv2.cvtColor(read_picture(path), cv2.COLOR_BGR2HSV)[..., 2].mean())


def measure_hue(path: Path, _: Any = None) -> float:
    """Mean hue, 0..179; NO_HUE of a gray picture."""
    picture = read_picture(path)
    if not (picture != picture[..., :1]).any():
        return NO_HUE
    return float(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[..., 0].mean())


def count_black(path: Path, _: Any = None) -> int:
    """Number of zeros among all samples of all channels."""
    picture = read_picture(path)
    return int(picture.size - np.count_nonzero(picture))


def read_source_name(path: Path, _: Any = None) -> str:
    """File name of the frame that a face comes from."""
    name = open_face_header(path, has_landmarks=False).get_source_filename()
    if name is None:
        raise UserError("{} does not tell the frame it comes from.".format(path))
    return name


def count_values(plane: np.ndarray) -> np.ndarray:
    """(256,) float32: how often each value is in an uint8 array."""
    return np.bincount(plane.reshape(-1), minlength=BINS).astype(np.float32)


def read_color_histogram(path: Path, _: Any = None) -> np.ndarray:
    """(3, 256) float32 counts of B, G and R."""
    picture = read_picture(path)
    return np.stack([count_values(picture[..., channel]) for channel in range(3)])


def read_masked_histogram(path: Path, _: Any = None) -> np.ndarray:
    """(1, 256) float32 counts of the gray values inside the hull (outside is 0), of the whole
    picture where there are no landmarks."""
    picture = read_picture(path)
    try:
        picture = mask_outside_hull(open_face_header(path), picture)
    except UserError:
        pass    # no face: all of the picture counts
    return count_values(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))[None]


class FaceMeasures(NamedTuple):
    """What the method `final` chooses by."""

    sharpness: float
    histogram: np.ndarray   # (1, 256) float32 of the gray picture
    yaw: float
    pitch: float


def measure_face(path: Path, is_fast: bool) -> FaceMeasures:
    """is_fast: the area of the source rectangle stands for the sharpness."""
    face, picture = read_face_pixels(path)
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    if is_fast:
        sharpness = read_rect_area(face)
    else:
        mask = LandmarksProcessor.get_image_hull_mask(gray.shape, read_landmarks(face))
        sharpness = imagelib.estimate_sharpness((gray * mask[..., 0]).astype(np.uint8))
    pitch, yaw = read_pose(face)
    return FaceMeasures(sharpness, count_values(gray)[None], yaw, pitch)

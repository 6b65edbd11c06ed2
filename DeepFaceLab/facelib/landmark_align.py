"""Alignment: the affine matrix from a frame to an aligned crop (spec 40 sections 3.4 and 3.5)."""
import math
from typing import NamedTuple, Tuple

import cv2
import numpy as np

from core import mathlib
from core.mathlib import transform_points
from core.mathlib.umeyama import umeyama

from .FaceType import FaceType
from .landmark_tables import (FaceType_to_padding_remove_align, landmarks_2D_new, mirror_idxs)

# The unit square's corners (top left, top right, bottom right, bottom left) and its centre.
_UNIT_SQUARE = np.float32([(0, 0), (1, 0), (1, 1), (0, 1), (0.5, 0.5)])

_WHOLE_FACE_LIFT = 0.07  # share of the square's side by which the centre moves to the forehead
_HEAD_LIFT = 0.5


def get_transform_mat(image_landmarks, output_size: int, face_type: FaceType,
                      scale: float = 1.0) -> np.ndarray:
    """Matrix from pixels of the image to the aligned crop (spec 40 section 3.4).

    Arguments:
        image_landmarks: (68, 2) landmarks in pixels of the image; a list counts as float64.
        output_size: side of the crop in pixels.
        face_type: how far the crop reaches; MARK_ONLY and CUSTOM have no crop.
        scale: above 1 zooms in.

    Returns (2, 3) float64. Raises ValueError for a face type without a crop.
    """
    return fit_face_square(image_landmarks, face_type).get_mat(output_size, scale)


class FaceSquare(NamedTuple):
    """The square that a face type cuts out of an image, however large its crop is.

    Attributes: centre (2,) float32 in pixels of the image; falling, rising: float32 unit vectors
    of its diagonals; diagonal: of the square that the landmarks span, pixels; padding: share of
    its side that is added; is_upright: the crop is not turned with the face.
    """

    centre: np.ndarray
    falling: np.ndarray
    rising: np.ndarray
    diagonal: float
    padding: float
    is_upright: bool

    def get_mat(self, output_size: int, scale: float = 1.0) -> np.ndarray:
        """See `get_transform_mat`."""
        # Half the crop's diagonal. Computed in float64; the products below take it as float32.
        reach = (1.0 / scale) * self.diagonal
        reach = np.float32(reach * (self.padding * math.sqrt(2.0) + 0.5))
        falling, rising = self.falling * reach, self.rising * reach
        if self.is_upright:
            corners = _upright_corners(self.centre, falling, rising)
        else:
            corners = [self.centre - falling, self.centre + rising, self.centre + falling]

        # The targets lie at output_size, not output_size - 1.
        targets = np.float32([(0, 0), (output_size, 0), (output_size, output_size)])
        return cv2.getAffineTransform(np.float32(corners), targets)


def fit_face_square(image_landmarks, face_type: FaceType) -> FaceSquare:
    """Fit the mean face once; crops of any size follow from the result.

    Arguments and errors as `get_transform_mat`.
    """
    padding = FaceType_to_padding_remove_align.get(face_type)
    if padding is None:
        raise ValueError("There is no aligned crop for face type %s." % (face_type,))
    padding, remove_align = padding

    landmarks = np.asarray(image_landmarks)
    to_unit = umeyama(np.concatenate([landmarks[17:49], landmarks[54:55]]), landmarks_2D_new,
                      True)[0:2]

    square = transform_points(_UNIT_SQUARE, to_unit, True)
    centre = square[4]
    falling = _unit(square[2] - square[0])
    rising = _unit(square[1] - square[3])
    if face_type == FaceType.WHOLE_FACE:
        centre = centre + _lift(square, _WHOLE_FACE_LIFT)
    elif face_type == FaceType.HEAD:
        centre = centre - _turn_shift(landmarks, to_unit, square)
        centre = centre + _lift(square, _HEAD_LIFT)
    return FaceSquare(centre, falling, rising, float(_length(square[0] - square[2])), padding,
                      bool(remove_align))


def _length(vector: np.ndarray) -> np.float32:
    return np.float32(np.linalg.norm(vector))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / _length(vector)


def _lift(square: np.ndarray, share: float) -> np.ndarray:
    """Vector of `share` of the square's side towards the forehead, float32."""
    up = square[0] - square[3]
    length = _length(up)
    return up / length * length * np.float32(share)


def _turn_shift(landmarks: np.ndarray, to_unit: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Sideways shift that keeps a turned head inside its crop, float32."""
    yaw = float(estimate_averaged_yaw(transform_points(landmarks, to_unit, False)))
    yaw *= abs(math.tanh(yaw * 2))
    across = square[0] - square[1]
    length = _length(across)
    return across / length * np.float32(yaw * (float(length) / 2.0))


def _upright_corners(centre: np.ndarray, falling: np.ndarray, rising: np.ndarray) -> list:
    """Corners of the axis-parallel square with the aligned square's area and centre."""
    quad = np.float32([centre - falling, centre + rising, centre + falling, centre - rising])
    side = np.float32(math.sqrt(mathlib.polygon_area(quad[:, 0], quad[:, 1])) / 2)
    return [centre + np.float32([-side, -side]), centre + np.float32([side, -side]),
            centre + np.float32([side, side])]


def get_rect_from_landmarks(image_landmarks) -> Tuple:
    """Upright box (l, t, r, b) of the full face, float32 pixels, not clipped to the image."""
    mat = get_transform_mat(image_landmarks, 256, FaceType.FULL_NO_ALIGN)
    corners = transform_points(np.float32([(0, 0), (255, 255)]), mat, True)
    (left, top), (right, bottom) = corners
    return left, top, right, bottom


def estimate_averaged_yaw(landmarks) -> float:
    """How far the nose is off the middle of the jaw, in the landmarks' own unit.

    About 0 for a frontal face, positive when the face turns to the image's left.
    """
    xs = np.asarray(landmarks)[:, 0]
    # The sums are taken in the landmarks' precision, the quotients in double.
    left = float((xs[27] - xs[0]) + (xs[28] - xs[1]) + (xs[29] - xs[2])) / 3.0
    right = float((xs[16] - xs[27]) + (xs[15] - xs[28]) + (xs[14] - xs[29])) / 3.0
    return right - left


def mirror_landmarks(landmarks, val: float) -> np.ndarray:
    """Landmarks of the horizontally mirrored image of width `val`, as a copy."""
    result = np.array(landmarks)
    pairs = np.array(mirror_idxs)
    result[pairs] = result[pairs[:, ::-1]]
    result[:, 0] = val - result[:, 0] - 1
    return result


def convert_98_to_68(lmrks) -> np.ndarray:
    """68 landmarks from the 98 of the WFLW layout (spec 40 section 3.15)."""
    points = np.asarray(lmrks)

    def smoothed(i: int) -> np.ndarray:
        return (points[i] + (points[i - 1] + points[i + 1]) / 2) / 2

    def middle(i: int, j: int) -> np.ndarray:
        return (points[i] + points[j]) / 2

    jaw = [points[0]] + [smoothed(i) for i in range(2, 16, 2)] + [points[16]]
    jaw += [smoothed(i) for i in range(18, 32, 2)] + [points[32]]
    right_brow = [points[33]] + [middle(i, j) for i, j in ((34, 41), (35, 40), (36, 39), (37, 38))]
    left_brow = [middle(i, j) for i, j in ((42, 50), (43, 49), (44, 48), (45, 47))] + [points[46]]
    nose = list(points[51:60])
    eyes = [points[i] for i in (60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75)]
    return np.array(jaw + right_brow + left_brow + nose + eyes + list(points[76:96]))

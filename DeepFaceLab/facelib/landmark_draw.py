"""Drawing of landmarks and crops (spec 40 sections 3.9 and 3.13)."""
from typing import Sequence, Tuple

import cv2
import numpy as np

from core import imagelib
from core.mathlib import transform_points

from .FaceType import FaceType
from .landmark_align import get_transform_mat
from .landmark_masks import get_image_hull_mask
from .landmark_tables import landmarks_68_pt

_CROP_COLOR = (0, 0, 255)
_RECT_COLOR = (255, 0, 0)


def alpha_to_color(img_alpha: np.ndarray, color: Sequence[float]) -> np.ndarray:
    """`color` weighted by the alpha (h, w) or (h, w, 1): (h, w, len(color)) float32."""
    if img_alpha.ndim == 2:
        img_alpha = img_alpha[..., np.newaxis]
    shape = img_alpha.shape[:2] + (len(color),)
    result = np.empty(shape, dtype=np.float32)
    result[...] = color
    return (result * img_alpha).astype(np.float32, copy=False)


def draw_landmarks(image: np.ndarray, image_landmarks, color: Sequence = (0, 255, 0),
                   draw_circles: bool = True, thickness: int = 1,
                   transparent_mask: bool = False) -> None:
    """Draw the parts of a face as lines, in place.

    Arguments:
        image: (h, w, c), any range that fits `color`.
        image_landmarks: (68, 2) in pixels; drawn at truncated positions.
        draw_circles: also a circle on every landmark.
        thickness: of the lines; circles are outlines of thickness 1.
        transparent_mask: darken the inside of the hull to half.
    """
    if len(image_landmarks) != 68:
        raise Exception("draw_landmarks needs 68 landmarks, got %d." % len(image_landmarks))
    points = np.array(image_landmarks).astype(np.int32)
    part = {name: points[slice(*span)] for name, span in landmarks_68_pt.items()}
    nose = np.concatenate([part["nose"], points[30:31]])

    open_lines = [part["right_eyebrow"], part["jaw"], part["left_eyebrow"], nose]
    cv2.polylines(image, open_lines, False, color, thickness=thickness, lineType=cv2.LINE_AA)
    closed_lines = [part["right_eye"], part["left_eye"], part["mouth"]]
    cv2.polylines(image, closed_lines, True, color, thickness=thickness, lineType=cv2.LINE_AA)

    if draw_circles:
        small = ("right_eyebrow", "left_eyebrow", "mouth", "right_eye", "left_eye", "nose")
        for names, radius in ((small, 1), (("jaw",), 2)):
            for x, y in np.concatenate([part[name] for name in names]).tolist():
                cv2.circle(image, (x, y), radius, color, lineType=cv2.LINE_AA)

    if transparent_mask:
        mask = get_image_hull_mask(image.shape, image_landmarks)
        image[...] = image * (1 - mask) + image * mask / 2


def get_face_struct_mask(image_shape: Tuple, image_landmarks, eyebrows_expand_mod: float = 1.0,
                         color: Sequence = (1,)) -> np.ndarray:
    """The lines of a face, 2 pixels thick: (H, W, len(color)) float32.

    `eyebrows_expand_mod` has no effect; it is part of the interface.
    """
    mask = np.zeros(tuple(image_shape[0:2]) + (len(color),), dtype=np.float32)
    draw_landmarks(mask, image_landmarks, color=color, draw_circles=False, thickness=2)
    return mask


def draw_rect_landmarks(image: np.ndarray, rect: Sequence[float], image_landmarks,
                        face_type: FaceType, face_size: int = 256,
                        transparent_mask: bool = False,
                        landmarks_color: Sequence = (0, 255, 0)) -> None:
    """Draw landmarks, the detector's box (l, t, r, b) and the outline of the crop, in place."""
    draw_landmarks(image, image_landmarks, color=landmarks_color,
                   transparent_mask=transparent_mask)
    imagelib.draw_rect(image, rect, _RECT_COLOR, 2)

    mat = get_transform_mat(image_landmarks, face_size, face_type)
    last = face_size - 1
    outline = [(0, 0), (0, last), (last, last), (last, 0)]
    tip, base = int(face_size * 0.05), int(face_size * 0.1)
    arrow = [(tip, 0), (base, base), (0, base)]
    for polygon in (outline, arrow):
        # Integer points in, integer points out: they are rounded, not truncated.
        imagelib.draw_polygon(image, transform_points(polygon, mat, True), _CROP_COLOR, 2)

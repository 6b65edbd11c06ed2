"""The 68-point landmark geometry under one name (spec 40 section 3).

`from facelib import LandmarksProcessor` is what models, plug-ins and scripts import; the parts
live in the landmark_* modules beside it.
"""
import cv2
import numpy as np
import numpy.linalg as npla

from core import imagelib, mathlib
from core.mathlib import transform_points
from core.mathlib.umeyama import umeyama

from .FaceType import FaceType
from .landmark_align import (convert_98_to_68, estimate_averaged_yaw, get_rect_from_landmarks,
                             get_transform_mat, mirror_landmarks)
from .landmark_cmask import get_cmask
from .landmark_draw import (alpha_to_color, draw_landmarks, draw_rect_landmarks,
                            get_face_struct_mask)
from .landmark_masks import (blur_image_hull_mask, expand_eyebrows, get_image_eye_mask,
                             get_image_hull_mask, get_image_mouth_mask)
from .landmark_pose import calc_face_pitch, estimate_pitch_yaw_roll
from .landmark_tables import (FaceType_to_padding_remove_align, landmarks_2D, landmarks_2D_new,
                              landmarks_68_3D, landmarks_68_pt, mirror_idxs,
                              mouth_center_landmarks_2D)

__all__ = [
    "FaceType", "FaceType_to_padding_remove_align", "alpha_to_color", "blur_image_hull_mask",
    "calc_face_pitch", "convert_98_to_68", "cv2", "draw_landmarks", "draw_rect_landmarks",
    "estimate_averaged_yaw", "estimate_pitch_yaw_roll", "expand_eyebrows", "get_cmask",
    "get_face_struct_mask", "get_image_eye_mask", "get_image_hull_mask", "get_image_mouth_mask",
    "get_rect_from_landmarks", "get_transform_mat", "imagelib", "landmarks_2D",
    "landmarks_2D_new", "landmarks_68_3D", "landmarks_68_pt", "mathlib", "mirror_idxs",
    "mirror_landmarks", "mouth_center_landmarks_2D", "np", "npla", "transform_points", "umeyama",
]

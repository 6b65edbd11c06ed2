"""Where a face lies in its frame: matrices and the window it can change (spec 50 section 5)."""
from typing import Any, Optional, Tuple

import cv2
import numpy as np

from core.errors import UserError
from core.imagelib.affine_window import crop_from_window, find_window, warp_window
from core.mathlib import transform_points
from facelib import FaceType, LandmarksProcessor
from facelib.landmark_align import fit_face_square

from .FrameInfo import AlignedFace
from .frame_pixels import FramePixels, cut, is_empty, join_windows

MASK_SCALE = 4   # masks are shaped at this multiple of the model's resolution
SUPER_SCALE = 4  # the enhancer's
FACE_REMEDIES = ("Extract the face again.", "Remove its aligned file.")


def get_crop_size(cfg: Any, predictor_input_shape: Tuple[int, ...]) -> int:
    """Side O in pixels of the crop that is pasted: also of the pictures of raw-predict."""
    size = int(predictor_input_shape[0])
    return size * SUPER_SCALE if cfg.super_resolution_power != 0 else size


def get_custom_mat(aligned: Optional[AlignedFace], output_size: int,
                   scale: float) -> np.ndarray:
    """`get_transform_mat` of a face whose aligned picture is its crop (FaceType.CUSTOM).

    The fork moved the corners by a hundredth of the setting in pixels; here the square is scaled
    about its centre as other face types are (spec 50 section 13.4, FIX).
    """
    if aligned is None:
        raise UserError("A face of type custom has no matrix in its aligned file.",
                        ["Extract the faces again with a tool that writes image_to_face_mat."])
    side = aligned.size
    square = np.float32([(0, 0), (side, 0), (side, side)])
    centre = np.float32([side / 2, side / 2])
    square = centre + (square - centre) * np.float32(1.0 / scale)
    corners = transform_points(square, np.asarray(aligned.matrix, np.float64), True)
    targets = np.float32([(0, 0), (output_size, 0), (output_size, output_size)])
    return cv2.getAffineTransform(np.float32(corners), targets)


class FaceGeometry:
    """The matrices of one face and the sampling between its frame, crops and mask.

    Arguments:
        cfg: MergerConfigMasked.
        landmarks: (68, 2) in frame pixels.
        predictor_input_shape: (S, S, channels).
        frame_shape: at least (H, W).
        aligned: of a face of type CUSTOM.

    Attributes:
        S: resolution of the model; O: side of the pasted crop; M: side of the working mask.
        read_mat: frame -> (O, O), where the face is read; its square is not scaled.
        paste_mat, mask_mat: frame -> (O, O) and (M, M), the square scaled by output_face_scale.
        window: (x0, y0, x1, y1) of the frame that the face can change. It may be empty.
    """

    def __init__(self, cfg: Any, landmarks: np.ndarray, predictor_input_shape: Tuple[int, ...],
                 frame_shape: Tuple[int, ...], aligned: Optional[AlignedFace] = None) -> None:
        self.face_type = cfg.face_type
        self.landmarks = landmarks
        self.frame_shape = tuple(frame_shape)
        self.S = int(predictor_input_shape[0])
        self.O = get_crop_size(cfg, predictor_input_shape)  # noqa: E741 the spec's letter
        self.M = self.S * MASK_SCALE
        self._aligned = aligned
        if not np.isfinite(landmarks).all():
            raise UserError("The landmarks of a face are no numbers.", FACE_REMEDIES)
        self._square = (None if self.face_type == FaceType.CUSTOM
                        else fit_face_square(landmarks, self.face_type))

        scale = 1.0 + 0.01 * int(cfg.output_face_scale)
        self.read_mat = self.get_mat(self.O)
        self.paste_mat = self.read_mat if scale == 1.0 else self.get_mat(self.O, scale)
        self.mask_mat = self.paste_mat if self.M == self.O else self.get_mat(self.M, scale)
        self.read_window = find_window(self.read_mat, self.O, frame_shape)
        self.window = join_windows(self.read_window,
                                   find_window(self.paste_mat, self.O, frame_shape))

    def get_mat(self, size: int, scale: float = 1.0) -> np.ndarray:
        """Matrix from the frame to a (size, size) crop. UserError when there is none."""
        if self._square is None:
            mat = get_custom_mat(self._aligned, size, scale)
        else:
            mat = self._square.get_mat(size, scale)
        if not np.isfinite(mat).all() or abs(np.linalg.det(mat[:, :2])) < 1e-12:
            raise UserError("The landmarks of a face span no area.", FACE_REMEDIES)
        return mat

    def crop_frame(self, frame: FramePixels, size: Optional[int] = None) -> np.ndarray:
        """The unscaled square of the frame as (size, size, 3) float32, not clipped; O by default.
        """
        size, mat = (self.O, self.read_mat) if size is None else (size, self.get_mat(size))
        return crop_from_window(frame.get_floats(self.read_window), self.read_window, mat, size)

    def crop_hull(self) -> np.ndarray:
        """The outline of the landmarks in the unscaled square, (O, O) float32 in 0..1."""
        hull = LandmarksProcessor.get_image_hull_mask(self.frame_shape, self.landmarks)
        hull = np.ascontiguousarray(cut(hull[..., 0], self.read_window))
        return np.clip(crop_from_window(hull, self.read_window, self.read_mat, self.O), 0, 1)

    def crop_composite(self, composite: np.ndarray) -> np.ndarray:
        """The unscaled square of a picture of the window, (O, O, 3), not clipped."""
        return crop_from_window(composite, self.window, self.read_mat, self.O)

    def paste(self, crop: np.ndarray, mat: np.ndarray) -> np.ndarray:
        """A crop or mask laid back over the window, (h, w[, 3]) float32, not clipped; 0 beside it.
        """
        if is_empty(self.window):
            x0, y0, x1, y1 = self.window
            return np.zeros((max(0, y1 - y0), max(0, x1 - x0)) + crop.shape[2:], crop.dtype)
        return warp_window(crop, mat, self.window)

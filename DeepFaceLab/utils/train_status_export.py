"""Samples as a model's training snapshot takes them, without augmentation (spec 82 section A)."""
from typing import Any, Dict, Optional, Tuple

import cv2
import numpy as np

from facelib import FaceType, LandmarksProcessor
from samplelib.prepared_sample import make_full_face_mask, raise_eyes_and_mouth
from samplelib.Sample import Sample


def data_format_change(image: np.ndarray) -> np.ndarray:
    """(h, w) or (h, w, c) -> (1, c, h, w)."""
    if image.ndim == 2:
        image = image[..., np.newaxis]
    return image.transpose((2, 0, 1))[np.newaxis]


def prepare_sample(sample: Sample, options: Dict[str, Any], resolution: int,
                   face_type: FaceType) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture, face mask and eyes-mouth mask of a sample at the model's face type and size.

    Arguments:
        sample: the sample.
        options: of the model. With `eyes_prio` or `mouth_prio` the second value is the face mask
            with raised eyes (1..2) and mouth (2..3) and the third the binary face mask;
            without them both are the face mask.
        resolution, face_type: of the model; a custom sample is only resized.

    Returns (r, r, c), (r, r, 1), (r, r, 1), all float32.
    """
    bgr = sample.load_bgr()
    shape = bgr.shape
    face = make_full_face_mask(sample, shape)
    mask = mask_em = face
    if options.get("eyes_prio", False) or options.get("mouth_prio", False):
        eyes = np.clip(LandmarksProcessor.get_image_eye_mask(shape, sample.landmarks), 0, 1)
        mouth = np.clip(LandmarksProcessor.get_image_mouth_mask(shape, sample.landmarks), 0, 1)
        mask = raise_eyes_and_mouth(face, eyes, mouth)
        mask_em = np.where(face > 0, 1, 0).astype(np.float32)

    if sample.face_type not in (face_type, FaceType.CUSTOM):
        mat = LandmarksProcessor.get_transform_mat(sample.landmarks, resolution, face_type)
        return tuple(_resample(x, resolution, mat) for x in (bgr, mask, mask_em))
    if shape[0] != resolution:
        return tuple(_resample(x, resolution) for x in (bgr, mask, mask_em))
    return bgr, mask, mask_em


def _resample(image: np.ndarray, resolution: int, mat: Optional[np.ndarray] = None) -> np.ndarray:
    """(h, w, c) -> (r, r, c), bilinear: warped by `mat`, zero outside, or resized without one."""
    size = (resolution, resolution)
    if mat is None:
        result = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    else:
        result = cv2.warpAffine(image, mat, size, flags=cv2.INTER_LINEAR)
    return result.reshape(size + (-1,))     # OpenCV drops an axis of one channel

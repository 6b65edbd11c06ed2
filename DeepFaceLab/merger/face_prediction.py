"""What the networks make of a face: swapped face and masks (spec 50 section 5, 13.4)."""
from typing import Any, Callable, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from core import imagelib
from core.cv2ex import to_bgr, to_gray
from core.errors import UserError

from .face_geometry import FaceGeometry

PRE_SHARPEN_GAUSSIAN = 1
TWO_PASS_FACE, TWO_PASS_FACE_AND_MASK = 1, 2


def resize_square(img: np.ndarray, size: int, interpolation: int = cv2.INTER_CUBIC) -> np.ndarray:
    """(h, w[, c]) to (size, size[, c]), one channel without its axis."""
    return cv2.resize(img, (size, size), interpolation=interpolation)


class Prediction(NamedTuple):
    """A predicted face beside the face that stands in the frame; float32.

    Attributes:
        dst: (O, O, 3) the frame's face, in 0..1.
        prd: (O, O, 3) the swapped face, in 0..1.
        prd_mask, dst_mask: (O, O) of the swapped and of the reconstructed face; in 0..1, a little
            beyond with super resolution.
        network_input, network_output: (S, S, 3) what the network saw and said, for the debug view.
        is_gray: the model has one channel; all planes above are equal.
    """

    dst: np.ndarray
    prd: np.ndarray
    prd_mask: np.ndarray
    dst_mask: np.ndarray
    network_input: np.ndarray
    network_output: np.ndarray
    is_gray: bool = False


def pre_sharpen(cfg: Any, dst: np.ndarray) -> np.ndarray:
    """MVE's sharpening of the frame's face before the network sees it."""
    power = int(getattr(cfg, 'pre_sharpen_power', 0))
    if getattr(cfg, 'pre_sharpen_mode', 0) != PRE_SHARPEN_GAUSSIAN or power == 0:
        return dst
    return np.clip(imagelib.gaussian_sharpen(dst, amount=power), 0, 1)


def call_predictor(predictor_func: Callable, face: np.ndarray, channels: int,
                   morph_factor: Optional[float]) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One run of the network, clipped to 0..1: (S, S, 3), (S, S), (S, S).

    A model of one channel gets (S, S, 1); its face comes back as three equal channels, so that
    everything after it is the same (spec 50 section 14). UserError for what is no number.
    """
    if channels == 1:
        face = to_gray(face)
    options = {} if morph_factor is None else {'func_morph_factor': morph_factor}
    bgr, prd_mask, dst_mask = (np.clip(np.asarray(out, np.float32), 0, 1)
                               for out in predictor_func(face, **options))
    if any(np.isnan(out).any() for out in (bgr, prd_mask, dst_mask)):
        raise UserError("What the model predicts are no numbers (NaN).",
                        ["Its weights are spoiled: go back to a backup from before that."])
    return to_bgr(bgr), prd_mask.reshape(face.shape[:2]), dst_mask.reshape(face.shape[:2])


def predict(geometry: FaceGeometry, cfg: Any, dst: np.ndarray, predictor_func: Callable,
            channels: int, face_enhancer_func: Callable) -> Prediction:
    """Run the networks on the frame's face `dst`, (O, O, 3) float32 in 0..1."""
    dst = pre_sharpen(cfg, dst)
    face = resize_square(dst, geometry.S, cv2.INTER_LINEAR)
    is_morphable = getattr(cfg, 'is_morphable', False)
    morph_factor = int(getattr(cfg, 'morph_power', 100)) / 100.0 if is_morphable else None
    prd, prd_mask, dst_mask = call_predictor(predictor_func, face, channels, morph_factor)

    two_pass_mode = getattr(cfg, 'two_pass_mode', 0)
    if two_pass_mode >= TWO_PASS_FACE:
        again = call_predictor(predictor_func, prd, channels, 1.0 if is_morphable else None)
        prd = again[0]
        if two_pass_mode == TWO_PASS_FACE_AND_MASK:
            prd_mask, dst_mask = again[1:]

    network_output = prd
    if cfg.super_resolution_power != 0:
        prd = enhance(prd, geometry.O, int(cfg.super_resolution_power), face_enhancer_func)
        # not clipped: the cubic overshoot stays
        prd_mask = resize_square(prd_mask, geometry.O)
        dst_mask = resize_square(dst_mask, geometry.O)
    return Prediction(dst, prd, prd_mask, dst_mask, face, network_output,
                      channels == 1)


def enhance(prd: np.ndarray, size: int, power: int, face_enhancer_func: Callable) -> np.ndarray:
    """Mix the enlarged prediction with the enhanced one.

    `is_tanh` although the values are in 0..1: the face looks as the reference's only so (KEEP).
    """
    enhanced = face_enhancer_func(prd, is_tanh=True, preserve_size=False)
    share = power / 100.0
    enlarged = resize_square(prd, size, cv2.INTER_LINEAR)
    return np.clip(enlarged * (1.0 - share) + enhanced * share, 0, 1)

"""How much each way of merging makes a frame look like the ground truth."""
from pathlib import Path
from typing import Callable, Dict, NamedTuple, Sequence

import numpy as np

from core.leras import nn
from facelib import LandmarksProcessor
from merger import FrameInfo, MergeMasked, MergerConfigMasked
from merger.MergerConfig import ctm_str_dict, mask_mode_dict

from . import workspace
from .measure import crop_face, measure_frame, read_frame, read_landmarks

# Where both networks see the face, with a soft edge: what most people set.
MASK_MODE = "learned-prd*learned-dst"
ERODE, BLUR = 10, 20


class MergeMode(NamedTuple):
    """What is shown, and the two settings."""

    label: str
    mode: str
    color_transfer: str


UNTOUCHED = MergeMode("frame as it was", "original", "none")
RAW = MergeMode("raw-rgb", "raw-rgb", "none")
OVERLAY = MergeMode("overlay, rct", "overlay", "rct")
MODES = (UNTOUCHED, RAW, MergeMode("overlay, no colour transfer", "overlay", "none"), OVERLAY,
         MergeMode("overlay, mkl-m", "overlay", "mkl-m"),
         MergeMode("hist-match, rct", "hist-match", "rct"),
         MergeMode("seamless, rct", "seamless", "rct"),
         MergeMode("seamless-hist-match, rct", "seamless-hist-match", "rct"))


def make_config(mode: MergeMode, face_type) -> MergerConfigMasked:
    numbers = {name: number for number, name in mask_mode_dict.items()}
    transfer = None if mode.color_transfer == "none" else mode.color_transfer
    return MergerConfigMasked(face_type=face_type, mode=mode.mode, mask_mode=numbers[MASK_MODE],
                              erode_mask_modifier=ERODE, blur_mask_modifier=BLUR,
                              color_transfer_mode=ctm_str_dict[transfer])


def make_predictor(model) -> Callable:
    """The predictor of a merger, from a SAEHD that is being trained: (r, r, 3) float 0..1 to
    (swapped face, its mask (r, r), the destination's mask (r, r)), float32."""
    def predict(face: np.ndarray):
        batch = nn.to_data_format(face[None], model.model_data_format, "NHWC")
        _, _, dst_mask, swapped, swapped_mask = [
            nn.to_data_format(x, "NHWC", model.model_data_format).astype(np.float32)[0]
            for x in model.AE_view(batch, batch)]
        return swapped, swapped_mask[..., 0], dst_mask[..., 0]
    return predict


class ModeResult(NamedTuple):
    """Mean SSIM in the face. to_truth: of the merged frame to the ground truth, which has the
    source's own skin colour; to_ideal: to what the same way of merging makes of a perfect
    prediction, the ground truth's crop, so that a colour transfer does what it should."""

    to_truth: float
    to_ideal: float


def measure_modes(folder: Path, take: str, indices: Sequence[int], predictor: Callable,
                  resolution: int, face_type) -> Dict[MergeMode, ModeResult]:
    """What each of MODES makes of some frames of a take."""
    similar: Dict[MergeMode, list] = {mode: [] for mode in MODES}
    for index in indices:
        path = workspace.frame_path(folder, take, index)
        landmarks = read_landmarks(workspace.aligned_path(folder, take, index))
        truth = read_frame(workspace.truth_path(folder, take, index))
        matrix = LandmarksProcessor.get_transform_mat(landmarks, resolution, face_type)
        perfect = crop_face(truth, matrix, resolution)

        def predict_perfectly(face, perfect=perfect):
            return (perfect,) + tuple(predictor(face)[1:])

        for mode in MODES:
            merged, ideal = [merge_frame(path, landmarks, mode, predict, resolution, face_type)
                             for predict in (predictor, predict_perfectly)]
            similar[mode].append([measure_frame(merged, other, landmarks)
                                  for other in (truth, ideal)])
    return {mode: ModeResult(*np.mean(values, axis=0).tolist())
            for mode, values in similar.items()}


def merge_frame(path: Path, landmarks: np.ndarray, mode: MergeMode, predictor: Callable,
                resolution: int, face_type) -> np.ndarray:
    """(h, w, 3) float32 0..1: the frame with the swapped face."""
    # neither XSeg nor the enhancer is used by these settings
    merged = MergeMasked(predictor, (resolution, resolution, 3), None, None,
                         make_config(mode, face_type), FrameInfo(path, [landmarks]))
    return merged[..., :3].astype(np.float32) / 255

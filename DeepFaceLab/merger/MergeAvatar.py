"""Face-avatar merging; no shipped model uses it, the names are interface (spec 50 section 8)."""
from typing import Any, Callable, List, Tuple

import cv2
import numpy as np

from facelib import FaceType, LandmarksProcessor

from .frame_pixels import read_frame


def process_frame_info(frame_info: Any, inp_sh: Tuple[int, ...]) -> np.ndarray:
    """The upright crop of a frame's first face, (h, w, 3) float32 in 0..1; `inp_sh` is (h, w, c).
    """
    frame = read_frame(frame_info.filepath).astype(np.float32) / 255.0
    mat = LandmarksProcessor.get_transform_mat(frame_info.landmarks_list[0], inp_sh[0],
                                               face_type=FaceType.FULL_NO_ALIGN)
    return cv2.warpAffine(frame, mat, tuple(inp_sh[0:2]), borderMode=cv2.BORDER_REPLICATE,
                          flags=cv2.INTER_CUBIC)


def MergeFaceAvatar(predictor_func: Callable, predictor_input_shape: Tuple[int, ...], cfg: Any,
                    prev_temporal_frame_infos: List[Any], frame_info: Any,
                    next_temporal_frame_infos: List[Any]) -> np.ndarray:
    """Drive an avatar's face by the faces of neighbouring frames, (h, w or 2 w, 3) uint8."""
    before, here, after = ([process_frame_info(info, predictor_input_shape) for info in infos]
                           for infos in (prev_temporal_frame_infos, [frame_info],
                                         next_temporal_frame_infos))
    predicted = np.clip(predictor_func(before, here[0], after), 0, 1)
    if cfg.add_source_image:
        source = cv2.resize(here[0], (predicted.shape[1], predicted.shape[0]))
        predicted = np.concatenate([source, predicted], axis=1)
    return (np.clip(predicted, 0, 1) * 255).astype(np.uint8)

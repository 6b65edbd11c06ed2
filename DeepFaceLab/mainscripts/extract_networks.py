"""The pairs of detectors that extraction can work with.

A pair has `detect(images)`: for each picture (h,w,3) uint8 BGR its boxes [l, t, r, b], the largest
first; and `locate([(image, boxes)], is_accurate)`: for each picture, for each box, landmarks
(68, 2) in pixels or None. It is constructed in the worker with what `describe_networks` gave.
"""
from functools import partial
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from facelib import FaceType, FANExtractor, S3FDExtractor

S3FD, MEDIAPIPE = "s3fd", "mediapipe"
SMALL_MEMORY_GB = 4     # of a GPU: weights stay in the computer's memory

Rects = List[List[float]]
View = Tuple[np.ndarray, Sequence[Sequence[float]]]


class NetworkPlace(NamedTuple):
    """Where a worker computes: device_type 'CPU', 'GPU' or 'DML', index of the GPU, its memory in
    GiB, and how many threads the CPU has for it (0: all)."""

    device_type: str
    index: int
    memory_gb: float
    threads: int


class S3FDNetworks:
    """S3FD and FAN, of an install's weights; starts TensorFlow."""

    def __init__(self, place: NetworkPlace, face_type: FaceType) -> None:
        from core.leras import nn

        is_cpu = place.device_type == "CPU"
        nn.initialize(nn.DeviceConfig.CPU() if is_cpu else nn.DeviceConfig.GPUIndexes(
            [place.index]))
        on_cpu = is_cpu or place.memory_gb < SMALL_MEMORY_GB
        self._detector = S3FDExtractor(place_model_on_cpu=on_cpu)
        self._marker = FANExtractor(landmarks_3D=needs_3d(face_type), place_model_on_cpu=on_cpu)

    def detect(self, images: Sequence[np.ndarray]) -> List[Rects]:
        return self._detector.extract_batch(images)

    def locate(self, views: Sequence[View],
               is_accurate: bool) -> List[List[Optional[np.ndarray]]]:
        return self._marker.extract_batch(views, self._detector if is_accurate else None)


def needs_3d(face_type: FaceType) -> bool:
    """Heads have the landmarks of the 3D file; so has MARK_ONLY, whose number is larger."""
    return face_type >= FaceType.HEAD


def check_files(face_type: FaceType) -> None:
    """UserError naming the first weights file that S3FD and FAN lack."""
    from facelib import pretrained
    from facelib.s3fd_boxes import WEIGHTS_NAME as S3FD_NAME
    from facelib.fan_points import WEIGHTS_NAMES as FAN_NAMES

    for name in (S3FD_NAME, FAN_NAMES[needs_3d(face_type)]):
        pretrained.check_weights_file(pretrained.FOLDER / name, pretrained.OTHER_DETECTOR)


def choose_class(name: str) -> Any:
    """What makes the pair of a detector's name in a worker: (place, face_type) -> the pair."""
    if name == MEDIAPIPE:
        from facelib import mediapipe_place
        from facelib.MediaPipeExtractor import MediaPipeNetworks
        return partial(MediaPipeNetworks, python=mediapipe_place.find_python())
    return S3FDNetworks

"""Spec 30 section 6 step by step: the feed's mode `plain`, the reference of the tests.

A sample's outputs share the decoded picture and nothing else: each draws its geometry from
generators of its own, draws its masks over the whole picture, crops and warps for itself, as the
reference implementation does. What the other modes give is compared with this (spec 30 8.4).
"""
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from core import imagelib
from facelib.landmark_masks import EYE_GROUPS, MOUTH_GROUPS, to_pixels

from .output_request import FaceMaskType, OutputRequest
from .prepared_sample import PreparedSample, to_channels
from .render_output import render_output
from .Sample import Sample

_SHARED = ("stored", "image", "ct_stored")  # kinds of values that are decoded once


def render_plain(sample: Sample, options, requests: Sequence[OutputRequest], seed: int,
                 ct_sample: Optional[Sample] = None, debug: bool = False) -> List[Any]:
    """A value per request; arguments as of `PreparedSample`."""
    decoded: Dict[Tuple, Any] = {}
    return [render_output(PlainSample(decoded, sample, options, seed, ct_sample, debug), request)
            for request in requests]


class PlainSample(PreparedSample):
    """A sample prepared for a single output."""

    def __init__(self, decoded: Dict[Tuple, Any], sample: Sample, options, seed: int,
                 ct_sample: Optional[Sample], debug: bool) -> None:
        """decoded: what the outputs of the sample share. The rest as of `PreparedSample`."""
        states = (np.random.RandomState(seed), np.random.RandomState(seed))
        super().__init__(sample, options, seed, states, ct_sample, debug)
        self._decoded = decoded

    def _once(self, key: Tuple, make: Callable[[], Any]) -> Any:
        if key[0] not in _SHARED:
            return super()._once(key, make)
        if key not in self._decoded:
            self._decoded[key] = make()
        return self._decoded[key]

    def geometry(self, request: OutputRequest) -> Dict[str, Any]:
        return self._once(("geometry",), lambda: self._draw_all(request))

    def _draw_all(self, request: OutputRequest) -> Dict[str, Any]:
        self._random_states = (np.random.RandomState(self.seed + request.rnd_seed_shift),
                               np.random.RandomState(self.seed + request.warp_rnd_seed_shift))
        rnd, warp_rnd = self._random_states
        options = self.options
        return imagelib.gen_warp_params(request.resolution, options.random_flip,
                                        options.rotation_range, options.scale_range,
                                        options.tx_range, options.ty_range,
                                        rnd_state=rnd, warp_rnd_state=warp_rnd)

    def random_after_geometry(self, request: OutputRequest) -> np.random.RandomState:
        self.geometry(request)
        return self._random_states[0]

    def _make_image(self, channels: int) -> np.ndarray:
        img = to_channels(self.stored, channels).astype(np.float32) / 255.0
        return self._draw_landmarks(img, channels)

    def _full_face(self) -> np.ndarray:
        return np.clip(super()._full_face(), 0, 1)

    def _eyes_mouth(self) -> np.ndarray:
        inside = self.source_mask(FaceMaskType.FULL_FACE) != 0
        return np.clip(self.source_mask(FaceMaskType.EYES) + self._mouth(), 0, 1) * inside

    def _eyes(self) -> np.ndarray:
        return np.clip(draw_soft_mask(self._mask_shape(), self.landmarks, EYE_GROUPS), 0, 1)

    def _mouth(self) -> np.ndarray:
        return np.clip(draw_soft_mask(self._mask_shape(), self.landmarks, MOUTH_GROUPS), 0, 1)


def draw_soft_mask(shape: Tuple[int, int, int], landmarks: np.ndarray,
                   groups: Sequence[Sequence[int]]) -> np.ndarray:
    """`LandmarksProcessor.get_image_eye_mask` and `_mouth_mask`, over the whole picture."""
    height, width = shape[:2]
    points = to_pixels(landmarks)
    mask = np.zeros((height, width, 1), dtype=np.float32)
    for group in groups:
        cv2.fillConvexPoly(mask, cv2.convexHull(points[list(group)]), (1,))
    dilate = max(1, height // 32)
    mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (dilate, dilate)),
                      iterations=1)
    blur = height // 16
    blur += 1 - blur % 2
    return cv2.GaussianBlur(mask, (blur, blur), 0)[..., np.newaxis]

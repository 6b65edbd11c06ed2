"""One output of a prepared sample (spec 30 section 6.2)."""
import math
from typing import Any, Tuple

import cv2
import numpy as np

from core import imagelib
from core.cv2ex import cv2_resize
from core.imagelib.common import with_channel_axis

from .channels import COLOR, GRAY
from .color_augment import (COLOR_AUGMENTATIONS, augment_colors, rotate_lab_colors,
                            shift_hsv)
from .degrade import degrade
from .output_request import ChannelType, FaceMaskType, OutputRequest, ProcessedType
from .prepared_sample import PreparedSample
from .shadow import apply_random_shadow


def render_output(prepared: PreparedSample, request: OutputRequest) -> Any:
    """The value of one request: an array, or a tuple of angles."""
    return _RENDERERS[request.sample_type](prepared, request)


def _render_face_image(prepared: PreparedSample, request: OutputRequest) -> np.ndarray:
    img = imagelib.warp_by_params(prepared.geometry(request), make_colors(prepared, request),
                                  request.warp, request.transform, can_flip=True,
                                  border_replicate=request.border_replicate)
    img = np.clip(img.astype(np.float32, copy=False), 0, 1)
    return _finish(_to_channel_type(img, prepared, request), prepared, request)


def make_colors(prepared: PreparedSample, request: OutputRequest) -> np.ndarray:
    """The aligned picture with everything done to it that comes before warp and transform."""
    _require_landmarks(prepared)
    channels = request.working_channels(prepared.file_channels)
    img = prepared.aligned_image(request, channels)
    seed = prepared.seed + request.rnd_seed_shift
    if request.ct_mode in COLOR_AUGMENTATIONS:
        img = augment_colors(request.ct_mode, img, seed)
    if request.degradations:
        img = degrade(with_channel_axis(img), request.degradations)
    if request.random_hsv_shift_amount != 0:
        img = shift_hsv(img, request.random_hsv_shift_amount,
                        prepared.random_after_geometry(request))
    if request.shadow:
        img = apply_random_shadow(with_channel_axis(img), request.shadow, seed)
    return img


def _to_channel_type(img: np.ndarray, prepared: PreparedSample,
                     request: OutputRequest) -> np.ndarray:
    if request.channel_type == ChannelType.LAB_RAND_TRANSFORM and img.shape[2] == COLOR:
        return rotate_lab_colors(img, prepared.seed + request.rnd_seed_shift)
    if request.channel_type in (ChannelType.G, ChannelType.GGG):
        if img.shape[2] == COLOR:
            img = cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)[..., np.newaxis]
        if request.channel_type == ChannelType.GGG:
            img = np.repeat(img, COLOR, axis=2)
    return img


def _render_face_mask(prepared: PreparedSample, request: OutputRequest) -> np.ndarray:
    _require_landmarks(prepared)
    mask = imagelib.warp_by_params(prepared.geometry(request), prepared.aligned_mask(request),
                                   request.warp, request.transform, can_flip=True,
                                   border_replicate=request.border_replicate,
                                   cv2_inter=cv2.INTER_LINEAR)
    if request.face_mask_type == FaceMaskType.EYES_MOUTH:
        peak = mask.max()
        if peak != 0.0:
            mask = mask / peak
    return _finish(mask.astype(np.float32), prepared, request)


def _finish(out: np.ndarray, prepared: PreparedSample, request: OutputRequest) -> np.ndarray:
    """What images and masks have in common; `out` is (r, r, c) float32."""
    if request.nearest_resize_to is not None:
        side = request.nearest_resize_to
        out = cv2_resize(out, (side, side), interpolation=cv2.INTER_NEAREST)
    if request.normalize_tanh and not prepared.debug:
        out = np.clip(out * 2.0 - 1.0, -1.0, 1.0)
    return _to_data_format(out, request)


def _to_data_format(out: np.ndarray, request: OutputRequest) -> np.ndarray:
    return out.transpose((2, 0, 1)) if request.data_format == "NCHW" else out


def _render_image(prepared: PreparedSample, request: OutputRequest) -> np.ndarray:
    """A picture without a face; meant for pictures that already have the resolution's size."""
    channels = GRAY if request.channels == GRAY else prepared.file_channels
    img = imagelib.warp_by_params(prepared.geometry(request), prepared.image(channels),
                                  request.warp, request.transform, can_flip=True,
                                  border_replicate=True)
    img = cv2_resize(img, (request.resolution, request.resolution),
                     interpolation=cv2.INTER_CUBIC)
    return _to_data_format(img, request)


def _render_landmarks(prepared: PreparedSample, request: OutputRequest) -> np.ndarray:
    """(68, 2) float64 in shares of the picture's size, not affected by warp and flip."""
    _require_landmarks(prepared)
    size = np.array([prepared.width, prepared.height], dtype=np.float64)
    return np.clip(prepared.landmarks / size, 0.0, 1.0)


def _render_pitch_yaw(prepared: PreparedSample, request: OutputRequest) -> Tuple[float, float]:
    """Radians; yaw changes its sign with the flip."""
    _require_landmarks(prepared)
    pitch, yaw, _ = prepared.sample.get_pitch_yaw_roll()
    return pitch, -yaw if prepared.geometry(request)["flip"] else yaw


def _render_pitch_yaw_sigmoid(prepared: PreparedSample,
                              request: OutputRequest) -> Tuple[float, float]:
    pitch, yaw = _render_pitch_yaw(prepared, request)
    return _angle_to_share(pitch), _angle_to_share(yaw)


def _angle_to_share(angle: float) -> float:
    return float(np.clip(angle / math.pi / 2.0 + 0.5, 0, 1))


def _require_landmarks(prepared: PreparedSample) -> None:
    if not prepared.has_landmarks():
        raise ValueError("%s has no landmarks: face outputs need them."
                         % (prepared.sample.describe_file(),))


_RENDERERS = {
    ProcessedType.IMAGE: _render_image,
    ProcessedType.FACE_IMAGE: _render_face_image,
    ProcessedType.FACE_MASK: _render_face_mask,
    ProcessedType.LANDMARKS_ARRAY: _render_landmarks,
    ProcessedType.PITCH_YAW_ROLL: _render_pitch_yaw,
    ProcessedType.PITCH_YAW_ROLL_SIGMOID: _render_pitch_yaw_sigmoid,
}

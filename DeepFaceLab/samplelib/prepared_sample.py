"""What the outputs of one sample share: decoded once, masks drawn once, warp drawn once.

Every value is made when an output first asks for it and kept for the others, so each output is
the same as if it had been rendered alone (spec 30 sections 6.2 and 8.3).
"""
from typing import Any, Callable, Dict, Optional, Tuple

import cv2
import numpy as np

from core import debug_areas, imagelib
from core.cv2ex import to_bgr, to_gray
from core.imagelib.warp import draw_affine, draw_elastic_field
from core.process_options import GRAY_CHANNEL, get_setting
from facelib import FaceType, LandmarksProcessor

from .channels import COLOR, GRAY
from .color_augment import COLOR_AUGMENTATIONS
from .output_request import FaceMaskType, OutputRequest
from .Sample import Sample

# uint8 -> float32 in 0..1; a table is exact and faster than two passes over the picture
_UINT8_TO_FLOAT = (np.arange(256, dtype=np.float32) / np.float32(255.0))

# Colour transfers that draw nothing: one result serves all outputs.
_DETERMINISTIC_TRANSFERS = ("rct", "lct", "mkl")


def image_to_float(img: np.ndarray) -> np.ndarray:
    """(h, w, c) of 0..255 -> float32 of 0..1."""
    if img.dtype == np.uint8:
        return cv2.LUT(img, _UINT8_TO_FLOAT).reshape(img.shape)
    return img.astype(np.float32) / 255.0


def to_channels(img: np.ndarray, channels: int) -> np.ndarray:
    """uint8 picture as stored -> BGR or gray, (h, w, channels)."""
    return to_gray(img, get_setting(GRAY_CHANNEL)) if channels == GRAY else to_bgr(img)


class PreparedSample:

    def __init__(self, sample: Sample, options, seed: int,
                 random_states: Tuple[np.random.RandomState, np.random.RandomState],
                 ct_sample: Optional[Sample] = None, debug: bool = False):
        """
        Arguments:
            sample: the sample.
            options: SampleProcessor.Options.
            seed: everything random of the sample's geometry follows from it.
            random_states: scratch generators for geometry and elastic map.
            ct_sample: colour reference.
            debug: draw the landmarks into the picture.
        """
        self.sample = sample
        self.options = options
        self.seed = seed
        self.debug = debug
        self.ct_sample = ct_sample
        self._random_states = random_states
        self._memo: Dict[Any, Any] = {}

    def _once(self, key: Tuple, make: Callable[[], Any]) -> Any:
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]

    # -- the file

    @property
    def landmarks(self) -> Optional[np.ndarray]:
        return self.sample.landmarks

    def has_landmarks(self) -> bool:
        return self.landmarks is not None

    @property
    def stored(self) -> np.ndarray:
        """The decoded file, uint8 (h, w, c)."""
        return self._once(("stored",), self.sample.load_image)

    @property
    def height(self) -> int:
        return self.stored.shape[0]

    @property
    def width(self) -> int:
        return self.stored.shape[1]

    @property
    def file_channels(self) -> int:
        return GRAY if self.stored.shape[2] == GRAY else COLOR

    # -- geometry

    def geometry(self, request: OutputRequest) -> Dict[str, Any]:
        """`gen_warp_params` of this resolution and these seed shifts, without umat; the elastic
        maps only when the request warps: nothing else reads what follows their draws."""
        params = self._once(("geometry", request.resolution, request.rnd_seed_shift),
                            lambda: self._draw_affine(request))
        if not request.warp:
            return params
        return self._once(("warp",) + tuple(request.geometry_key()),
                          lambda: dict(params, **self._draw_elastic_field(request, params["w"])))

    def random_after_geometry(self, request: OutputRequest) -> np.random.RandomState:
        """The generator as the geometry's draws leave it, for the draws that follow."""
        self._draw_affine(request)
        return self._random_states[0]

    def _draw_affine(self, request: OutputRequest) -> Dict[str, Any]:
        rnd = self._random_states[0]
        rnd.seed(self.seed + request.rnd_seed_shift)
        options = self.options
        params = draw_affine(request.resolution, options.random_flip, options.rotation_range,
                             options.scale_range, options.tx_range, options.ty_range, rnd)
        params["memo"] = {}     # of what follows from the matrix, for outputs with maps or without
        return params

    def _draw_elastic_field(self, request: OutputRequest, side: int) -> Dict[str, Any]:
        rnd = self._random_states[1]
        rnd.seed(self.seed + request.warp_rnd_seed_shift)
        mapx, mapy = draw_elastic_field(side, rnd)
        return dict(mapx=mapx, mapy=mapy)

    def needs_alignment(self, request: OutputRequest) -> bool:
        """Whether the output shows another crop than the file; custom faces are only resized."""
        face_type = self.sample.face_type
        if face_type == FaceType.MARK_ONLY:
            raise NotImplementedError("faces of the type mark_only have no crop")
        return face_type not in (request.face_type, FaceType.CUSTOM)

    def _alignment(self, request: OutputRequest) -> np.ndarray:
        return self._once(("alignment", request.face_type, request.resolution),
                          lambda: LandmarksProcessor.get_transform_mat(
                              self.landmarks, request.resolution, request.face_type))

    def _crop(self, img: np.ndarray, request: OutputRequest, interpolation: int) -> np.ndarray:
        """Picture or mask of the file's size -> the request's face type and resolution."""
        size = (request.resolution, request.resolution)
        if self.needs_alignment(request):
            border = (cv2.BORDER_REPLICATE if request.border_replicate else cv2.BORDER_CONSTANT)
            return cv2.warpAffine(img, self._alignment(request), size, flags=interpolation,
                                  borderMode=border)
        if self.width != request.resolution:
            return cv2.resize(img, size, interpolation=interpolation)
        return img

    # -- picture

    def image(self, channels: int) -> np.ndarray:
        """The whole file, (h, w, channels) float32 in 0..1."""
        return self._once(("image", channels), lambda: self._make_image(channels))

    def _make_image(self, channels: int) -> np.ndarray:
        return self._draw_landmarks(image_to_float(to_channels(self.stored, channels)), channels)

    def _draw_landmarks(self, img: np.ndarray, channels: int) -> np.ndarray:
        if self.debug and self.landmarks is not None:
            color = (0, 1, 0) if channels == COLOR else (1,)
            img = np.ascontiguousarray(img)
            LandmarksProcessor.draw_landmarks(img, self.landmarks, color)
        return img

    def cropped_image(self, request: OutputRequest, channels: int) -> np.ndarray:
        """Picture at the request's face type and resolution, not clipped."""
        return self._once(("crop", channels) + tuple(request.crop_key()),
                          lambda: self._make_crop(request, channels))

    def _make_crop(self, request: OutputRequest, channels: int) -> np.ndarray:
        return self._crop(self.image(channels), request, cv2.INTER_CUBIC)

    def aligned_image(self, request: OutputRequest, channels: int) -> np.ndarray:
        """Picture at the request's face type and resolution, colours transferred; not clipped."""
        img = self.cropped_image(request, channels)
        key = ("aligned", channels) + tuple(request.crop_key())
        if (request.ct_mode is None or request.ct_mode in COLOR_AUGMENTATIONS
                or self.ct_sample is None):
            return img

        def transfer() -> np.ndarray:
            return self._transfer_colors(request, _with_axis(img), channels)
        if request.ct_mode in _DETERMINISTIC_TRANSFERS:
            return self._once(key + (request.ct_mode,), transfer)
        return transfer()

    def _transfer_colors(self, request: OutputRequest, img: np.ndarray,
                         channels: int) -> np.ndarray:
        debug_areas.tell("ct", "%s: sample %s", request.ct_mode, debug_areas.ArraysText(img))
        return imagelib.color_transfer(request.ct_mode, img,
                                       self._ct_reference(request.resolution, channels))

    def _ct_reference(self, resolution: int, channels: int) -> np.ndarray:
        """The colour sample, resized as it is: it is not aligned to the target face type."""
        return self._once(("ct", resolution, channels),
                          lambda: self._make_ct_reference(resolution, channels))

    def _make_ct_reference(self, resolution: int, channels: int) -> np.ndarray:
        stored = self._once(("ct_stored",), self.ct_sample.load_image)
        return make_ct_reference(stored, resolution, channels)

    # -- masks at the file's size, (h, w, 1) float32

    def aligned_mask(self, request: OutputRequest) -> np.ndarray:
        """Mask at the request's face type and resolution."""
        return self._once(("aligned_mask", request.face_mask_type) + tuple(request.crop_key()),
                          lambda: self._make_aligned_mask(request))

    def _make_aligned_mask(self, request: OutputRequest) -> np.ndarray:
        self.needs_alignment(request)  # refuses what has no crop before a mask is drawn
        return self._crop(self.source_mask(request.face_mask_type), request, cv2.INTER_LINEAR)

    def source_mask(self, mask_type: FaceMaskType) -> np.ndarray:
        makers = {FaceMaskType.FULL_FACE: self._full_face,
                  FaceMaskType.EYES: self._eyes,
                  FaceMaskType.EYES_MOUTH: self._eyes_mouth,
                  FaceMaskType.FULL_FACE_EYES: self._full_face_eyes,
                  FaceMaskType.NONE: self._no_mask}
        return self._once(("mask", mask_type), makers[mask_type])

    def _mask_shape(self) -> Tuple[int, int, int]:
        return self.height, self.width, 1

    def _no_mask(self) -> np.ndarray:
        return np.zeros(self._mask_shape(), dtype=np.float32)

    def _full_face(self) -> np.ndarray:
        return make_full_face_mask(self.sample, self._mask_shape())

    def _eyes(self) -> np.ndarray:
        return _limit_to_1(LandmarksProcessor.get_image_eye_mask(self._mask_shape(),
                                                                 self.landmarks))

    def _mouth(self) -> np.ndarray:
        return self._once(("mask", "mouth"), lambda: _limit_to_1(
            LandmarksProcessor.get_image_mouth_mask(self._mask_shape(), self.landmarks)))

    def _eyes_mouth(self) -> np.ndarray:
        mask = self.source_mask(FaceMaskType.EYES) + self._mouth()
        inside = self.source_mask(FaceMaskType.FULL_FACE) != 0
        return np.multiply(_limit_to_1(mask), inside, out=mask)

    def _full_face_eyes(self) -> np.ndarray:
        return raise_eyes_and_mouth(self.source_mask(FaceMaskType.FULL_FACE),
                                    self.source_mask(FaceMaskType.EYES), self._mouth())


def make_ct_reference(stored: np.ndarray, resolution: int, channels: int) -> np.ndarray:
    """A decoded colour sample as (resolution, resolution, channels) float32."""
    img = image_to_float(to_channels(stored, channels))
    return _with_axis(cv2.resize(img, (resolution, resolution), interpolation=cv2.INTER_LINEAR))


def make_full_face_mask(sample: Sample, shape: Tuple[int, int, int]) -> np.ndarray:
    """The applied XSeg mask if there is one, else the hull: (h, w, 1) float32 in 0..1.

    Labelled polygons play no part: they are what XSeg is trained on.
    """
    height, width = shape[:2]
    mask = sample.get_xseg_mask()
    if mask is None:
        return LandmarksProcessor.get_image_hull_mask(
            shape, sample.landmarks, eyebrows_expand_mod=sample.eyebrows_expand_mod)
    if mask.shape[:2] != (height, width):
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(imagelib.normalize_channels(mask, 1), 0, 1)


def _limit_to_1(mask: np.ndarray) -> np.ndarray:
    """(h, w, 1) float32 of no negative values, limited in place; a third of np.clip's time."""
    plane = mask[..., 0]
    cv2.threshold(plane, 1.0, 0, cv2.THRESH_TRUNC, dst=plane)
    return mask


def raise_eyes_and_mouth(face: np.ndarray, eyes: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """One mask of three levels: face 0..1, eyes 1..2, mouth 2..3, only inside the face.

    All (h, w, 1) in 0..1; the mouth wins over the eyes (spec 82, FULL_FACE_EYES).
    """
    result = np.where(eyes > 0.1, eyes + 1, face)
    result = np.where(mouth > 0.1, mouth + 2, result)
    return np.where(face > 0, result, face).astype(np.float32)


def _with_axis(img: np.ndarray) -> np.ndarray:
    return img[..., np.newaxis] if img.ndim == 2 else img

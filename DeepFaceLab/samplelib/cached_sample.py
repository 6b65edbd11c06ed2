"""Crops and masks at the model's resolution, kept between the draws of a sample (spec 30 8.3)."""
from collections import namedtuple
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from .channels import COLOR, GRAY
from .color_augment import COLOR_AUGMENTATIONS
from .output_request import OutputRequest, ProcessedType
from .prepared_sample import PreparedSample, make_ct_reference
from .record_cache import Record, RecordCache
from .Sample import Sample

# (top, bottom, left, right) of what is not 0 in a mask, ends exclusive
Box = Tuple[int, int, int, int]


class FaceLayout:
    """Which crops and masks the outputs need, and their place in a record.

    A record's numbers are the file's channels and the box of each mask.
    """

    def __init__(self, requests: Sequence[OutputRequest], is_planar: bool) -> None:
        """is_planar: keep a picture as (c, r, r) and not as (r, r, c)."""
        self.is_planar = is_planar
        self.images: Dict[Tuple, int] = {}
        self.masks: Dict[Tuple, int] = {}
        self._requests: List[List[OutputRequest]] = []  # of each place
        self.shapes: List[Tuple[int, ...]] = []
        self._work: Dict[int, np.ndarray] = {}
        for request in requests:
            if request.sample_type == ProcessedType.FACE_IMAGE:
                for file_channels in (COLOR, GRAY):
                    self._add_image(request, request.working_channels(file_channels))
            elif request.sample_type == ProcessedType.FACE_MASK:
                self._add(self.masks, mask_key(request), request, GRAY)

    def _add_image(self, request: OutputRequest, channels: int) -> None:
        self._add(self.images, image_key(request, channels), request, channels)

    def _add(self, places: Dict[Tuple, int], key: Tuple, request: OutputRequest,
             channels: int) -> None:
        if key in places:
            self._requests[places[key]].append(request)
            return
        places[key] = len(self.shapes)
        self._requests.append([request])
        side = request.resolution
        is_planar = self.is_planar or places is self.masks or channels == GRAY
        self.shapes.append((channels, side, side) if is_planar else (side, side, channels))

    def count_numbers(self) -> int:
        return 1 + 4 * len(self.masks)

    def make_cache(self, count: int, budget: int) -> Optional[RecordCache]:
        """A cache for `count` samples in `budget` bytes; None when there is nothing to keep."""
        if not self.shapes or budget <= 0:
            return None
        cache = RecordCache(count, self.shapes, self.count_numbers(), budget)
        return cache if cache.capacity > 0 else None

    def make_record(self, prepared: PreparedSample) -> Optional[Record]:
        """What is to be kept of a sample, made from its file; None for one without a square
        crop or without landmarks."""
        if not prepared.has_landmarks():
            return None
        file_channels = prepared.file_channels
        arrays: List[np.ndarray] = [np.zeros((0,), np.float32)] * len(self.shapes)
        boxes: List[int] = []
        for key, place in self.images.items():
            channels = key[0]
            for request in self._requests[place]:
                if channels == request.working_channels(file_channels):
                    arrays[place] = self._arrange(prepared.cropped_image(request, channels),
                                                  place)
                    break
        for place in self.masks.values():
            arrays[place] = self._arrange(
                prepared.aligned_mask(self._requests[place][0]), place)
            boxes.extend(find_box(arrays[place][0]) if arrays[place].ndim == 3 else (0,) * 4)
        if any(len(array) and array.shape != shape
               for array, shape in zip(arrays, self.shapes)):
            return None
        return Record(0, [file_channels] + boxes, arrays)

    def _arrange(self, img: np.ndarray, place: int) -> np.ndarray:
        shape = self.shapes[place]
        if shape[0] == GRAY:
            return img.reshape((1,) + img.shape[:2])
        if not self.is_planar or img.ndim != 3 or img.shape != shape[1:] + shape[:1]:
            return img
        # The record is used before the next one is made.
        planes = self._work.get(place)
        if planes is None:
            planes = self._work[place] = np.empty(shape, np.float32)
        for i, plane in enumerate(planes):
            cv2.extractChannel(img, i, dst=plane)
        return planes

    def __getstate__(self) -> dict:
        return dict(self.__dict__, _work={})


# matcher: ColorMatcher of the worker. key, reference_key: hashable, of the sample's file and of its
# reference's, as they are now. get_reference: a function, (resolution, channels) -> the reference.
ColorSource = namedtuple("ColorSource", ("matcher", "key", "reference_key", "get_reference"))


def image_key(request: OutputRequest, channels: int) -> Tuple:
    return (channels,) + tuple(request.crop_key())


def mask_key(request: OutputRequest) -> Tuple:
    return (request.face_mask_type,) + tuple(request.crop_key())


def find_box(mask: np.ndarray) -> Box:
    """Of an (h, w) mask without negative values; all 0 for an empty one."""
    rows = np.flatnonzero(cv2.reduce(mask, 1, cv2.REDUCE_MAX))
    if len(rows) == 0:
        return 0, 0, 0, 0
    columns = np.flatnonzero(cv2.reduce(mask, 0, cv2.REDUCE_MAX))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


class CachedSample(PreparedSample):
    """A sample whose crops and masks come from a record; its file is read only for more."""

    def __init__(self, layout: FaceLayout, record: Record, get_sample: Callable[[], Sample],
                 options, seed: int, random_states, colors: Optional[ColorSource] = None) -> None:
        """
        Arguments:
            layout, record: of the cache.
            get_sample: gives the sample.
            colors: where the colours of this sample come from, or None.
            The rest as of `PreparedSample`.
        """
        super().__init__(get_sample, options, seed, random_states, colors)
        self._layout = layout
        self._record = record

    @property
    def sample(self) -> Sample:
        return self._once(("sample",), self._get_sample)

    @sample.setter
    def sample(self, get_sample: Callable[[], Sample]) -> None:
        self._get_sample = get_sample

    @property
    def file_channels(self) -> int:
        return self._record.numbers[0]

    def has_landmarks(self) -> bool:
        return True

    def get_planes(self, request: OutputRequest, channels: int) -> np.ndarray:
        """The picture's crop, (c, r, r); of a layout of planes, or of one channel."""
        return self._record.arrays[self._layout.images[image_key(request, channels)]]

    def get_mask_plane(self, request: OutputRequest) -> Tuple[np.ndarray, Box]:
        """The aligned mask, (r, r), and its box."""
        place = self._layout.masks[mask_key(request)]
        first = 1 + 4 * list(self._layout.masks).index(mask_key(request))
        return self._record.arrays[place][0], tuple(self._record.numbers[first:first + 4])

    def _make_crop(self, request: OutputRequest, channels: int) -> np.ndarray:
        place = self._layout.images.get(image_key(request, channels))
        if place is None:
            return super()._make_crop(request, channels)
        crop = self._record.arrays[place]
        if self._layout.is_planar or channels == GRAY:
            return np.ascontiguousarray(crop.transpose((1, 2, 0)))
        return crop

    def _make_aligned_mask(self, request: OutputRequest) -> np.ndarray:
        return self.get_mask_plane(request)[0][..., np.newaxis]

    def _transfer_colors(self, request: OutputRequest, img: np.ndarray,
                         channels: int) -> np.ndarray:
        colors = self.ct_sample
        # With marks of landmarks on it the picture is another one.
        key = None if self.debug else (colors.key,) + image_key(request, channels)
        return colors.matcher.transfer(
            request.ct_mode, img, key, (colors.reference_key, request.resolution, channels),
            lambda: self._ct_reference(request.resolution, channels))

    def _make_ct_reference(self, resolution: int, channels: int) -> np.ndarray:
        return self.ct_sample.get_reference(resolution, channels)


class ReferenceLayout:
    """The sizes in which the outputs need a colour reference: (resolution, channels)."""

    def __init__(self, requests: Sequence[OutputRequest]) -> None:
        self.places: Dict[Tuple[int, int], int] = {}
        for request in requests:
            if (request.sample_type != ProcessedType.FACE_IMAGE or request.ct_mode is None
                    or request.ct_mode in COLOR_AUGMENTATIONS):
                continue
            for file_channels in (COLOR, GRAY):
                self.places.setdefault((request.resolution,
                                        request.working_channels(file_channels)),
                                       len(self.places))

    def make_cache(self, count: int, budget: int) -> Optional[RecordCache]:
        """As of FaceLayout."""
        if not self.places or budget <= 0:
            return None
        shapes = [(side, side, channels) for side, channels in self.places]
        cache = RecordCache(count, shapes, 0, budget)
        return cache if cache.capacity > 0 else None

    def make_record(self, sample: Sample) -> Record:
        stored = sample.load_image()
        return Record(0, [], [make_ct_reference(stored, side, channels)
                              for side, channels in self.places])

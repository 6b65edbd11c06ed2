"""Batches of faces and skin masks from the CelebAMask-HQ data set (spec 30 section 7.5)."""
from enum import IntEnum
from pathlib import Path
from typing import Dict, Iterator, List

import cv2
import numpy as np

from core import imagelib, pathex
from core.cv2ex import cv2_imread
from core.errors import UserError
from core.imagelib.common import with_channel_axis

from .batch_worker import draw_readable_row, prepare_worker, stack_rows
from .channels import COLOR
from .Sample import UnreadableSampleError
from .SampleGeneratorBase import SampleGeneratorBase
from .worker_pool import WorkerPool

_RESOLUTION = 256  # whatever is asked for


class MaskType(IntEnum):
    none = 0
    cloth = 1
    ear_r = 2
    eye_g = 3
    hair = 4
    hat = 5
    l_brow = 6
    l_ear = 7
    l_eye = 8
    l_lip = 9
    mouth = 10
    neck = 11
    neck_l = 12
    nose = 13
    r_brow = 14
    r_ear = 15
    r_eye = 16
    skin = 17
    u_lip = 18


MaskType_to_name = {int(mask_type): mask_type.name for mask_type in MaskType}
MaskType_from_name = {name: MaskType(value) for value, name in MaskType_to_name.items()}


class SampleGeneratorFaceCelebAMaskHQ(SampleGeneratorBase):

    def __init__(self, root_path: Path, debug: bool = False, batch_size: int = 1,
                 resolution: int = 256, generators_count: int = 4, data_format: str = "NHWC",
                 **kwargs):
        """
        Arguments:
            root_path: folder that holds CelebAMask-HQ.
            resolution: has no effect, the output is 256 x 256.
            The rest as in SampleGeneratorFace.
        """
        super().__init__(debug, batch_size)
        self.initialized = False
        self.generators_count = 1 if self.debug else max(1, generators_count)
        task = self._make_task(Path(root_path), data_format)
        self._start_workers(WorkerPool(generate_celeba_batches, lambda: task,
                                       self.generators_count, self.debug))
        self.initialized = True

    def _make_task(self, root_path: Path, data_format: str) -> "CelebATask":
        images_path = root_path / "CelebAMask-HQ" / "CelebA-HQ-img"
        masks_path = root_path / "CelebAMask-HQ" / "CelebAMask-HQ-mask-anno"
        for path in (images_path, masks_path):
            if not path.exists():
                raise UserError("%s does not exist." % (path,),
                                ["Unpack the CelebAMask-HQ data set into %s." % (root_path,)])
        images = {int(path.stem): str(path)
                  for path in pathex.get_image_paths(images_path, return_Path_class=True)
                  if path.stem.isdigit()}
        masks = group_masks(pathex.get_image_paths(masks_path, subdirs=True,
                                                   return_Path_class=True))
        ids = sorted(i for i in images if MaskType.skin in masks.get(i, {}))
        if not ids:
            raise UserError("%s holds no faces with skin masks." % (root_path,))
        return CelebATask(ids, images, masks, self.batch_size, data_format, self.debug)

    def is_initialized(self) -> bool:
        return self.initialized

    def __iter__(self) -> "SampleGeneratorFaceCelebAMaskHQ":
        return self

    def __next__(self) -> List[np.ndarray]:
        """[pictures (b, 256, 256, 3), masks (b, 256, 256, 1)], transposed for NCHW."""
        return self._pool.next_batch()


def group_masks(mask_paths: List[Path]) -> Dict[int, Dict[MaskType, str]]:
    """Files named `<id>_<type>` -> picture id -> mask type -> file."""
    result: Dict[int, Dict[MaskType, str]] = {}
    for path in mask_paths:
        image_id, _, name = path.stem.partition("_")
        mask_type = MaskType_from_name.get(name)
        if mask_type is not None and image_id.isdigit():
            result.setdefault(int(image_id), {})[mask_type] = str(path)
    return result


class CelebATask:
    """What a worker needs; travels to the worker once."""

    def __init__(self, ids: List[int], images: Dict[int, str],
                 masks: Dict[int, Dict[MaskType, str]], batch_size: int, data_format: str,
                 debug: bool = False):
        self.ids = ids
        self.images = images
        self.masks = masks
        self.batch_size = batch_size
        self.data_format = data_format
        self.debug = debug
        self._order: List[int] = []

    def draw_row(self) -> List[np.ndarray]:
        """Picture and mask of the next face."""
        if not self._order:
            self._order = list(self.ids)
            np.random.shuffle(self._order)
        image_id = self._order.pop()
        row = _augment(*self._load(image_id))
        if self.data_format == "NCHW":
            return [x.transpose((2, 0, 1)) for x in row]
        return row

    def _load(self, image_id: int):
        masks = self.masks[image_id]
        mask = _read(masks[MaskType.skin])[..., 0:1]
        for covering in (MaskType.hair, MaskType.hat):
            if covering in masks:
                mask = mask * (1 - _read(masks[covering])[..., 0:1])
        return imagelib.normalize_channels(_read(self.images[image_id]), COLOR), mask


def _read(path: str) -> np.ndarray:
    """(h, w, c) float32 in 0..1."""
    img = cv2_imread(path, verbose=False)
    if img is None:
        raise UnreadableSampleError("Cannot decode %s." % (path,))
    return with_channel_axis(img) / np.float32(255)


def _augment(img: np.ndarray, mask: np.ndarray) -> List[np.ndarray]:
    """Draws from the global `np.random` in the order of the calls."""
    size = (_RESOLUTION, _RESOLUTION)
    params = imagelib.gen_warp_params(_RESOLUTION, True, rotation_range=[-15, 15],
                                      scale_range=[-0.10, 0.95], tx_range=[-0.3, 0.3],
                                      ty_range=[-0.3, 0.3])
    img = _shift_hsv(cv2.resize(img, size, interpolation=cv2.INTER_LINEAR))

    chance, kernel, angle = (np.random.randint(100), np.random.randint(5) + 1,
                             np.random.randint(360))
    if chance < 25:
        img = imagelib.LinearMotionBlur(img, kernel, angle)
    img = imagelib.warp_by_params(params, img, can_warp=True, can_transform=True, can_flip=True,
                                  border_replicate=False, cv2_inter=cv2.INTER_LANCZOS4)
    chance, kernel = np.random.randint(100), np.random.randint(5) * 2 + 1
    if chance < 25:
        img = cv2.GaussianBlur(img, (kernel, kernel), 0)
    np.random.randint(100)  # a chance that the original draws and does not use
    side = _RESOLUTION - int(np.random.rand() * int(_RESOLUTION * 0.75))
    img = cv2.resize(cv2.resize(img, (side, side), interpolation=cv2.INTER_LINEAR), size,
                     interpolation=cv2.INTER_LINEAR)

    mask = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)
    mask = imagelib.warp_by_params(params, mask, can_warp=True, can_transform=True,
                                   can_flip=True, border_replicate=False,
                                   cv2_inter=cv2.INTER_LANCZOS4)
    return [np.clip(img, 0, 1).astype(np.float32), np.where(mask < 0.5, 0, 1).astype(np.float32)]


def _shift_hsv(img: np.ndarray) -> np.ndarray:
    h, s, v = cv2.split(cv2.cvtColor(img, cv2.COLOR_BGR2HSV))
    h = (h + np.random.randint(360)) % 360
    s = np.clip(s + (np.random.random() - 0.5), 0, 1)
    v = np.clip(v + (np.random.random() / 2 - 0.25), 0, 1)
    return np.clip(cv2.cvtColor(cv2.merge([h, s, v]), cv2.COLOR_HSV2BGR), 0, 1)


def generate_celeba_batches(task: CelebATask) -> Iterator[List[np.ndarray]]:
    """Endless batches of pictures and masks."""
    prepare_worker(task.debug)
    while True:
        yield stack_rows([draw_readable_row(task.draw_row) for _ in range(task.batch_size)])

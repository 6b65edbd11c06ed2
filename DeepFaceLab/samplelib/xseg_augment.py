"""One training sample of XSeg: picture and mask, composed and augmented (spec 30 section 7.3).

Everything random comes from the global `np.random`, in the order of the calls; the circle mask of
a filter is drawn before the filter draws whether it is applied.
"""
from typing import Optional, Tuple

import cv2
import numpy as np

from core import imagelib
from core.errors import UserError
from core.imagelib import sd
from facelib import FaceType, LandmarksProcessor

from .channels import COLOR
from .prepared_sample import image_to_float, to_channels
from .Sample import Sample

ImageAndMask = Tuple[np.ndarray, np.ndarray]

_GEOMETRY = dict(rotation_range=[-10, 10], scale_range=[-0.05, 0.05], tx_range=[-0.05, 0.05],
                 ty_range=[-0.05, 0.05])
_BACKGROUND_GEOMETRY = dict(rotation_range=[-180, 180], scale_range=[-0.10, 0.10],
                            tx_range=[-0.10, 0.10], ty_range=[-0.10, 0.10])

# Chances in percent; kernels in pixels; the resizes remove up to 75 % of the side.
_SHARPEN = (25, 5)
_MOTION_BLUR = (25, 5)
_GAUSSIAN_BLUR = (25, 5)
_RESIZE = (25, 75)
_JPEG = 25


def load_image_and_mask(sample: Sample, resolution: int,
                        face_type: Optional[FaceType]) -> ImageAndMask:
    """Picture (r, r, 3) and mask (r, r, 1), float32, aligned to `face_type`; custom faces are
    only resized.

    The mask comes from the labelled polygons, else from the applied XSeg mask, binarised.
    """
    # XSeg is a network for colour: gray files are repeated.
    img = image_to_float(to_channels(sample.load_image(), COLOR))
    height, width = img.shape[:2]
    mask = _make_source_mask(sample, height, width)

    if sample.face_type in (face_type, FaceType.CUSTOM):
        if width != resolution:
            size = (resolution, resolution)
            img = cv2.resize(img, size, interpolation=cv2.INTER_LANCZOS4)
            mask = cv2.resize(mask, size, interpolation=cv2.INTER_LANCZOS4)
    else:
        mat = LandmarksProcessor.get_transform_mat(sample.landmarks, resolution, face_type)
        img, mask = (cv2.warpAffine(x, mat, (resolution, resolution),
                                    borderMode=cv2.BORDER_CONSTANT, flags=cv2.INTER_LANCZOS4)
                     for x in (img, mask))
    return img, mask[..., np.newaxis] if mask.ndim == 2 else mask


def _make_source_mask(sample: Sample, height: int, width: int) -> np.ndarray:
    if sample.seg_ie_polys.get_pts_count() != 0:
        mask = np.zeros((height, width, 1), dtype=np.float32)
        sample.seg_ie_polys.overlay_mask(mask)
        return mask
    mask = sample.get_xseg_mask()
    if mask is None:
        raise UserError("%s has neither polygons nor an applied XSeg mask."
                        % (sample.describe_file(),))
    if mask.shape[:2] != (height, width):
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_CUBIC)
    return _binarise(mask.reshape(height, width, -1)[..., :1])


def _binarise(mask: np.ndarray) -> np.ndarray:
    return np.where(mask < 0.5, 0, 1).astype(np.float32)


def draws_background() -> bool:
    """Whether this sample is set into the background of another."""
    return np.random.randint(2) == 0


def compose_on_background(face: ImageAndMask, background: ImageAndMask,
                          resolution: int) -> np.ndarray:
    """Mix the surroundings of the background's face into those of the face; the picture."""
    img, mask = face
    bg_img, bg_mask = background
    params = imagelib.gen_warp_params(resolution, True, **_BACKGROUND_GEOMETRY)
    bg_img = imagelib.warp_by_params(params, bg_img, can_warp=False, can_transform=True,
                                     can_flip=True, border_replicate=True)
    bg_mask = imagelib.warp_by_params(params, bg_mask, can_warp=False, can_transform=True,
                                      can_flip=True, border_replicate=False)
    bg_img = bg_img * (1 - bg_mask)
    if np.random.randint(2) == 0:
        bg_img = imagelib.apply_random_hsv_shift(bg_img)
    else:
        bg_img = imagelib.apply_random_rgb_levels(bg_img)

    is_face = 1.0 - (1 - bg_mask) * (1 - mask)
    share = 0.15 + np.random.uniform() * 0.85
    return img * is_face + img * (1 - is_face) * share + bg_img * (1 - is_face) * (1 - share)


def augment_image_and_mask(img: np.ndarray, mask: np.ndarray, resolution: int) -> ImageAndMask:
    """Warp both, light, colour and degrade the picture: (r, r, 3) 0..1 and (r, r, 1) of 0, 1."""
    params = imagelib.gen_warp_params(resolution, True, **_GEOMETRY)
    img = imagelib.warp_by_params(params, img, can_warp=True, can_transform=True, can_flip=True,
                                  border_replicate=True)
    mask = imagelib.warp_by_params(params, mask, can_warp=True, can_transform=True,
                                   can_flip=True, border_replicate=False)
    img = np.clip(img.astype(np.float32), 0, 1)
    mask = _binarise(mask)

    if np.random.randint(2) == 0:
        img = _add_glow(img, mask, resolution)
    if np.random.randint(2) == 0:
        img = _add_glow(img, 1 - mask, resolution)
    img = _degrade(img, resolution)
    return img, mask


def _add_glow(img: np.ndarray, mask: np.ndarray, resolution: int) -> np.ndarray:
    """Add a wide blur of what is inside the mask; not clipped."""
    kernel = np.random.randint(resolution // 4, resolution)
    kernel = kernel - kernel % 2 + 1
    return img + cv2.GaussianBlur(img * mask, (kernel, kernel), 0)


def _degrade(img: np.ndarray, resolution: int) -> np.ndarray:
    def circle() -> np.ndarray:
        return sd.random_circle_faded([resolution, resolution])

    if np.random.randint(2) == 0:
        img = imagelib.apply_random_hsv_shift(img, mask=circle())
    else:
        img = imagelib.apply_random_rgb_levels(img, mask=circle())

    if np.random.randint(2) == 0:
        img = imagelib.apply_random_sharpen(img, *_SHARPEN, mask=circle())
    else:
        img = imagelib.apply_random_motion_blur(img, *_MOTION_BLUR, mask=circle())
        img = imagelib.apply_random_gaussian_blur(img, *_GAUSSIAN_BLUR, mask=circle())

    if np.random.randint(2) == 0:
        img = imagelib.apply_random_nearest_resize(img, *_RESIZE, mask=circle())
    else:
        img = imagelib.apply_random_bilinear_resize(img, *_RESIZE, mask=circle())
    img = np.clip(img, 0, 1)
    return imagelib.apply_random_jpeg_compress(img, _JPEG, mask=circle())

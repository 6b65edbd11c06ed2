"""The mask of a face: which one, and its shape (spec 50 section 5, steps 10 to 19)."""
from typing import Any, Callable

import cv2
import numpy as np

from core.imagelib.ellipse_morph import dilate_ellipse, erode_ellipse

from .face_geometry import FaceGeometry
from .face_prediction import Prediction, resize_square
from .frame_pixels import FramePixels

XSEG_SIZE = 256
LEAST = 1.0 / 255.0  # smaller values count as none

FULL, DST, LEARNED_PRD, LEARNED_DST, LEARNED_PRODUCT, LEARNED_SUM = range(6)
XSEG_PRD, XSEG_DST, XSEG_PRODUCT, ALL_PRODUCT, XSEG_SUM = range(6, 11)
NEEDS_XSEG_PRD = (XSEG_PRD, XSEG_PRODUCT, ALL_PRODUCT, XSEG_SUM)
NEEDS_XSEG_DST = (XSEG_DST, XSEG_PRODUCT, ALL_PRODUCT, XSEG_SUM)


def select_mask(geometry: FaceGeometry, mask_mode: int, frame: FramePixels,
                prediction: Prediction, xseg_256_extract_func: Callable) -> np.ndarray:
    """The mask of a mask mode, (M, M) float32, not quite within 0..1."""
    prd_mask, dst_mask = prediction.prd_mask, prediction.dst_mask
    xseg_prd = xseg_dst = None
    if mask_mode in NEEDS_XSEG_PRD:
        xseg_prd = run_xseg(xseg_256_extract_func, resize_square(prediction.prd, XSEG_SIZE),
                            geometry.O)
    if mask_mode in NEEDS_XSEG_DST:
        xseg_dst = run_xseg(xseg_256_extract_func, geometry.crop_frame(frame, XSEG_SIZE),
                            geometry.O)

    if mask_mode == FULL:
        mask = np.ones((geometry.O, geometry.O), np.float32)
    elif mask_mode == DST:
        mask = geometry.crop_hull()
    elif mask_mode == LEARNED_PRD:
        mask = prd_mask.copy()
    elif mask_mode == LEARNED_DST:
        mask = dst_mask.copy()
    elif mask_mode == LEARNED_PRODUCT:
        mask = prd_mask * dst_mask
    elif mask_mode == LEARNED_SUM:
        mask = np.clip(prd_mask + dst_mask, 0, 1)
    elif mask_mode == XSEG_PRD:
        mask = xseg_prd
    elif mask_mode == XSEG_DST:
        mask = xseg_dst
    elif mask_mode == XSEG_PRODUCT:
        mask = xseg_prd * xseg_dst
    elif mask_mode == ALL_PRODUCT:
        mask = prd_mask * dst_mask * xseg_prd * xseg_dst
    elif mask_mode == XSEG_SUM:
        mask = xseg_prd + xseg_dst
    else:
        raise ValueError("There is no mask mode %r." % (mask_mode,))
    mask[mask < LEAST] = 0
    return mask if geometry.O == geometry.M else resize_square(mask, geometry.M)


def run_xseg(xseg_256_extract_func: Callable, face: np.ndarray, size: int) -> np.ndarray:
    """The segmentation of a (256, 256, 3) face as (size, size), not clipped."""
    segmented = np.asarray(xseg_256_extract_func(face), np.float32)
    return np.array(resize_square(segmented.reshape(XSEG_SIZE, XSEG_SIZE), size))


def shape_mask(mask: np.ndarray, cfg: Any, resolution: int) -> np.ndarray:
    """Erode or dilate, cut the rim and blur a (M, M) mask; returns it within 0..1.

    All amounts are pixels of the mask. `resolution` is S: a border that wide is added meanwhile.
    """
    size = mask.shape[0]
    mask = cv2.copyMakeBorder(mask, *[resolution] * 4, borderType=cv2.BORDER_CONSTANT, value=0)
    erode, blur = int(cfg.erode_mask_modifier), int(cfg.blur_mask_modifier)
    if erode > 0:
        mask = erode_ellipse(mask, erode)
    elif erode < 0:
        mask = dilate_ellipse(mask, -erode)

    # The blur must fade out within the face's square.
    rim = resolution + blur // 2
    mask[:rim] = mask[-rim:] = 0
    mask[:, :rim] = mask[:, -rim:] = 0
    if blur > 0:
        kernel = blur + 1 - blur % 2
        mask = cv2.GaussianBlur(mask, (kernel, kernel), 0)
    inner = slice(resolution, resolution + size)
    return np.clip(mask[inner, inner], 0, 1)


def paste_mask(geometry: FaceGeometry, mask: np.ndarray) -> np.ndarray:
    """The mask in the face's window, (h, w, 1) float32 in 0..1."""
    pasted = np.clip(geometry.paste(mask, geometry.mask_mat), 0, 1)
    pasted[pasted < LEAST] = 0
    return pasted[..., None]


def get_crop_mask(geometry: FaceGeometry, mask: np.ndarray) -> np.ndarray:
    """The mask at the size of the crop, (O, O, 1); plain cubic, so a little beyond 0..1."""
    return (mask if geometry.M == geometry.O else resize_square(mask, geometry.O))[..., None]

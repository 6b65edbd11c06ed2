"""Segmentation masks as encoded pictures (spec 30 section 2.8)."""
from typing import Optional

import cv2
import numpy as np

from core import imagelib
from core.errors import UserError
from core.picture_header import is_size_plausible, read_picture_size

# What a mask may take of the 65,533 bytes that all metadata share.
MAX_ENCODED_MASK = 50000
# Below this side a mask says nothing any more.
_MIN_SIDE = 32
# Masks have 256 x 256; their file is of a stranger and may declare anything.
_MAX_PIXELS = 1 << 22


def mask_to_bytes(mask: np.ndarray) -> np.ndarray:
    """(h, w[, c]) of 0..1 -> (h, w, 1) uint8, truncated."""
    mask = imagelib.normalize_channels(mask, 1)
    return np.clip(mask * 255, 0, 255).astype(np.uint8)


def encode_mask(mask: np.ndarray, limit: int = MAX_ENCODED_MASK) -> np.ndarray:
    """Encode a mask (h, w[, c]) of 0..1 in at most `limit` bytes.

    As PNG when that fits, else as JPEG of the best quality that does, else at half the size; a
    mask of more pixels than `decode_mask` takes at half the size in any case.
    Returns the file in a uint8 array (N,).
    """
    return _encode(_make_pixels(mask), limit)


def encode_mask_lossless(mask: np.ndarray) -> np.ndarray:
    """Encode a mask (h, w[, c]) of 0..1 as a PNG of any length; the file in a uint8 array (N,).

    A mask of more pixels than `decode_mask` takes is halved.
    """
    encoded = _encode_png(_make_pixels(mask))
    if encoded is None:
        raise UserError("A mask of the shape %s cannot be encoded." % (mask.shape,))
    return encoded


def _make_pixels(mask: np.ndarray) -> np.ndarray:
    """(h, w[, 1]) uint8 of `_MAX_PIXELS` at most."""
    pixels = mask_to_bytes(mask)
    while pixels.shape[0] * pixels.shape[1] > _MAX_PIXELS:
        pixels = _halve(pixels)
    return pixels


def _halve(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    return cv2.resize(pixels, (max(1, width // 2), max(1, height // 2)),
                      interpolation=cv2.INTER_AREA)


def _encode_png(pixels: np.ndarray) -> Optional[np.ndarray]:
    done, encoded = cv2.imencode(".png", pixels)
    return encoded.reshape(-1) if done else None


def _encode(pixels: np.ndarray, limit: int) -> np.ndarray:
    encoded = _encode_png(pixels)
    if encoded is not None and len(encoded) <= limit:
        return encoded
    while True:
        encoded = _encode_best_jpeg(pixels, limit)
        if encoded is not None:
            return encoded
        height, width = pixels.shape[:2]
        if min(height, width) <= _MIN_SIDE:
            raise UserError("A %dx%d mask does not fit %d bytes." % (width, height, limit))
        pixels = _halve(pixels)


def _encode_best_jpeg(pixels: np.ndarray, limit: int) -> Optional[np.ndarray]:
    """The JPEG of the highest quality that fits, found by bisection; None when none does."""
    best, low, high = None, 0, 100
    while low <= high:
        quality = (low + high + 1) // 2
        done, encoded = cv2.imencode(".jpg", pixels, [int(cv2.IMWRITE_JPEG_QUALITY), quality])
        if done and len(encoded) <= limit:
            best, low = encoded.reshape(-1), quality + 1
        else:
            high = quality - 1
    return best


def shrink_encoded_mask(encoded: np.ndarray, surplus: int) -> Optional[np.ndarray]:
    """The mask again in `surplus` bytes less; None when that is not possible."""
    pixels = _decode(encoded)
    limit = len(encoded) - surplus
    if pixels is None or limit <= 0:
        return None
    try:
        return _encode(pixels, limit)
    except UserError:
        return None


def decode_mask(encoded: np.ndarray, source: str) -> np.ndarray:
    """Mask (h, w, 1) float32 in 0..1 of an encoded picture; UserError naming `source`."""
    pixels = _decode(encoded)
    if pixels is None:
        raise UserError("%s: its XSeg mask cannot be decoded." % (source,),
                        ["Apply the trained XSeg mask to this faceset again.",
                         "Or remove the applied masks from it."])
    return imagelib.normalize_channels(pixels, 1).astype(np.float32) / 255.0


def _decode(encoded: np.ndarray) -> Optional[np.ndarray]:
    """Pixels (h, w[, c]) uint8; None for what is no PNG or JPEG of a mask's size."""
    data = encoded.tobytes()
    size = read_picture_size(data)
    if size is None or not 0 < size[0] * size[1] <= _MAX_PIXELS or not is_size_plausible(data):
        return None
    try:
        pixels = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    return pixels if pixels is not None and pixels.dtype == np.uint8 else None

"""Shapes and random sources shared by the image functions (spec 31 section 8)."""
from typing import Optional

import numpy as np


def pick_rnd(rnd_state: Optional[np.random.RandomState]):
    """The given RandomState, or the process-wide `np.random` when it is None."""
    return np.random if rnd_state is None else rnd_state


def with_channel_axis(img: np.ndarray) -> np.ndarray:
    """(h, w) -> (h, w, 1); other ranks unchanged."""
    return img[..., np.newaxis] if img.ndim == 2 else img


def restore_channel_axis(img: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Give back the channel axis that OpenCV drops from (h, w, 1) images."""
    return img[..., np.newaxis] if img.ndim == 2 and like.ndim == 3 else img


def random_crop(img: np.ndarray, w: int, h: int) -> np.ndarray:
    """A random w x h window of (height, width[, c]) `img` as a view.

    The offsets come from the global `np.random`, y first; a side without room is not cropped.
    """
    height, width = img.shape[:2]
    y = np.random.randint(0, height - h) if height > h else 0
    x = np.random.randint(0, width - w) if width > w else 0
    return img[y:y + h, x:x + w]


def normalize_channels(img: np.ndarray, target_channels: int) -> np.ndarray:
    """Bring a (h, w) or (h, w, c) image to `target_channels` channels.

    One channel is repeated, surplus channels are cut off (alpha goes), two channels stay two.
    Raises ValueError for other ranks.
    """
    if img.ndim not in (2, 3):
        raise ValueError("normalize_channels: an image has 2 or 3 dimensions, not %s"
                         % (img.shape,))
    if img.ndim == 2:
        if target_channels <= 0:
            return img
        img = img[..., np.newaxis]
    channels = img.shape[-1]
    if channels == 1 and target_channels > 1:
        return np.repeat(img, target_channels, axis=-1)
    if channels > target_channels:
        return img[..., 0:target_channels]
    return img


def to_uint8(img: np.ndarray) -> np.ndarray:
    """A picture of floats 0..1 as uint8: clipped, cut off; what is not a number becomes black."""
    return (np.clip(np.where(np.isnan(img), 0, img), 0, 1) * 255).astype(np.uint8)


def cut_odd_image(img: np.ndarray) -> np.ndarray:
    """Drop the last row and column where needed to make both sides even (a view)."""
    h, w = img.shape[:2]
    return img[:h - h % 2, :w - w % 2]


def overlay_alpha_image(img_target: np.ndarray, img_source: np.ndarray, xy_offset=(0, 0)) -> None:
    """Blend the BGRA picture `img_source` into the first 3 channels of `img_target`, in place.

    Arguments:
        img_target: (H, W, >=3).
        img_source: (h, w, 4), alpha 0..255; must lie inside the target at the offset.
        xy_offset: position (x, y) of the source's upper left corner, pixels.
    """
    if img_source.ndim != 3 or img_source.shape[2] != 4:
        raise ValueError("overlay_alpha_image: img_source must have 4 channels (BGRA), its shape "
                         "is %s" % (img_source.shape,))
    x, y = xy_offset
    h, w = img_source.shape[:2]
    alpha = img_source[..., 3:4] / 255.0
    window = img_target[y:y + h, x:x + w, :3]
    window[...] = window * (1.0 - alpha) + img_source[..., :3] * alpha

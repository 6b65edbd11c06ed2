"""Adaptive palettes (spec 31 section 8; gray: spec 60 section 5)."""
import numpy as np

from .common import with_channel_axis


def _to_bytes(img: np.ndarray) -> np.ndarray:
    """0..1 floats -> uint8 by truncation."""
    scaled = img * 255
    if scaled.dtype.kind == "f":
        scaled = np.clip(scaled, 0, 255)
    return scaled.astype(np.uint8)


def _apply_palette(rgb: np.ndarray, n_colors: int) -> np.ndarray:
    """(h, w, 3) uint8 RGB in the `n_colors` colours that suit it."""
    from PIL import Image  # here, because sample workers load this package and need no Pillow
    picture = Image.fromarray(np.ascontiguousarray(rgb))
    picture = picture.convert("P", palette=Image.ADAPTIVE, colors=n_colors)
    return np.asarray(picture.convert("RGB"))


def reduce_colors(img_bgr: np.ndarray, n_colors: int) -> np.ndarray:
    """Quantise a BGR image to an adaptive palette.

    Arguments:
        img_bgr: (h, w, 3) float in 0..1; (h, w, 1) goes to `reduce_colors_bw`.
        n_colors: palette size, 1..256.

    Returns (h, w, 3) float32 in 0..1. Which colours are chosen depends on Pillow's version.
    """
    if img_bgr.shape[-1] == 1:
        return reduce_colors_bw(img_bgr, n_colors)
    rgb = _apply_palette(_to_bytes(img_bgr)[..., ::-1], n_colors)
    return rgb[..., ::-1].astype(np.float32) / 255.0


def reduce_colors_bw(img: np.ndarray, n_colors: int) -> np.ndarray:
    """Quantise a gray image to `n_colors` adaptive levels.

    `img` is (h, w) or (h, w, 1) float in 0..1. Returns (h, w, 1) float32 in 0..1.
    """
    gray = _to_bytes(with_channel_axis(img))
    levels = _apply_palette(np.repeat(gray, 3, axis=-1), n_colors)[..., 0:1]
    return levels.astype(np.float32) / 255.0

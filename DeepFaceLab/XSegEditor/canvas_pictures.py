"""The pictures behind the polygons, as uint8 arrays (spec 51 sections 7 and 11)."""
from typing import Optional

import numpy as np

from core.imagelib import SegIEPolys


def draw_baked(polys: SegIEPolys, height: int, width: int) -> np.ndarray:
    """(h, w) uint8, 0 or 255: the mask that training will see."""
    mask = np.zeros((height, width, 1), np.float32)
    polys.overlay_mask(mask)
    return (mask[..., 0] * 255).astype(np.uint8)


def draw_mask(xseg_mask: Optional[np.ndarray]) -> Optional[np.ndarray]:
    """(h, w) float 0..1 to uint8."""
    return None if xseg_mask is None else np.clip(xseg_mask * 255, 0, 255).astype(np.uint8)


def draw_overlay(image: np.ndarray, xseg_mask: Optional[np.ndarray]) -> Optional[np.ndarray]:
    """The (h, w, 3) image at half brightness where the mask is 0."""
    if xseg_mask is None:
        return None
    inside = xseg_mask[..., None]
    return np.clip(image * (1 - inside) * 0.5 + image * inside, 0, 255).astype(np.uint8)

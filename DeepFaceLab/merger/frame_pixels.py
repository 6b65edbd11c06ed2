"""A frame's pixels, as floats only where they are needed (spec 50 section 7)."""
from typing import Callable, Dict, Hashable, Optional

import numpy as np

from core.frame_image import read_frame
from core.imagelib.affine_window import Window

__all__ = ["FramePixels", "Window", "cut", "is_empty", "join_windows", "move_window",
           "read_frame"]


def cut(img: np.ndarray, window: Window) -> np.ndarray:
    """The window (x0, y0, x1, y1) of a picture, as a view."""
    x0, y0, x1, y1 = window
    return img[y0:y1, x0:x1]


def is_empty(window: Window) -> bool:
    return window[0] >= window[2] or window[1] >= window[3]


def move_window(window: Window, x: int, y: int) -> Window:
    return window[0] + x, window[1] + y, window[2] + x, window[3] + y


def join_windows(first: Window, second: Window) -> Window:
    """The smallest window that holds both; an empty one adds nothing."""
    if is_empty(first) or is_empty(second):
        return second if is_empty(first) else first
    return (min(first[0], second[0]), min(first[1], second[1]),
            max(first[2], second[2]), max(first[3], second[3]))


class FramePixels:
    """A frame as bytes and, window by window, as floats.

    Arguments:
        bgr_uint8: (H, W, 3) uint8.
        bgr: the same divided by 255 as float32, where somebody has it.
    """

    def __init__(self, bgr_uint8: np.ndarray, bgr: Optional[np.ndarray] = None) -> None:
        self.bgr_uint8 = bgr_uint8
        self.shape = bgr_uint8.shape
        self.whole = (0, 0, bgr_uint8.shape[1], bgr_uint8.shape[0])
        self._bgr = bgr
        self._kept: Dict[Hashable, np.ndarray] = {}

    def get_floats(self, window: Window) -> np.ndarray:
        """(h, w, 3) float32 in 0..1; not to be changed."""
        if self._bgr is not None:
            return cut(self._bgr, window)
        return cut(self.bgr_uint8, window).astype(np.float32) / 255.0

    def get_kept(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """`make()`, made once for all faces of the frame; not to be changed."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

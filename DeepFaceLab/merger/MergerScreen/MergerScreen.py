"""Screens that share a window: scaling, waiting sign, checkerboard (spec 50 section 11)."""
from typing import Any, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from core.interact import interact as io

from .drawing import draw_sand_clock

BOARD_TILE = 5      # pixels
SCALES = (0.1, 4.0)
FIRST_SHAPE = (480, 640, 3)     # of the black picture before the first one


class ScreenAssets(object):
    """Pictures that screens use; drawn at their first use."""

    _sand_clock: Optional[np.ndarray] = None

    @staticmethod
    def build_checkerboard_a(size: Sequence[int], tile: int = BOARD_TILE) -> np.ndarray:
        """(h,w,1) float32 of 0 and 1 in squares of `tile` pixels. size: (h, w, ...)."""
        rows, columns = np.arange(size[0]) // tile, np.arange(size[1]) // tile
        return ((rows[:, None] + columns[None]) % 2).astype(np.float32)[..., None]

    @classmethod
    def get_sand_clock(cls) -> np.ndarray:
        """(64,64,4) uint8, with alpha."""
        if cls._sand_clock is None:
            cls._sand_clock = draw_sand_clock()
        return cls._sand_clock


class Screen(object):
    """One picture, how it is scaled, and whether something is being waited for.

    initial_scale_to_width, initial_scale_to_height: the first picture that is larger is scaled to
    fit. image: (h,w,3) or (h,w,4) uint8.
    """

    def __init__(self, initial_scale_to_width: int = 0, initial_scale_to_height: int = 0,
                 image: Optional[np.ndarray] = None, waiting_icon: bool = False,
                 **kwargs: Any) -> None:
        self.initial_scale_to_width = initial_scale_to_width
        self.initial_scale_to_height = initial_scale_to_height
        self.image: Optional[np.ndarray] = None
        self.waiting_icon = waiting_icon
        self.shows_checkerboard = False
        self.scale = 1.0
        self.last_shape: Tuple[int, ...] = FIRST_SHAPE
        self.force_update = True
        self.is_first_appear = True
        self._shown_waiting: Optional[bool] = None
        self._wnd_name: Optional[str] = None
        self.set_image(image)

    def set_window(self, wnd_name: str) -> None:
        self._wnd_name = wnd_name

    def set_waiting_icon(self, b: bool) -> None:
        self.waiting_icon = b

    def toggle_show_checker_board(self) -> None:
        self.shows_checkerboard = not self.shows_checkerboard
        self.force_update = True

    def get_image(self) -> Optional[np.ndarray]:
        return self.image

    def set_image(self, img: Optional[np.ndarray]) -> None:
        """Another object is drawn anew, the same one is not."""
        if img is self.image:
            return
        self.image = img
        self.force_update = True
        if img is None:
            return
        self.last_shape = img.shape
        h, w = img.shape[:2]
        if self.initial_scale_to_width != 0 and w > self.initial_scale_to_width:
            self.scale = self.initial_scale_to_width / w
            self.initial_scale_to_width = 0
        elif self.initial_scale_to_height != 0 and h > self.initial_scale_to_height:
            self.scale = self.initial_scale_to_height / h
            self.initial_scale_to_height = 0

    def diff_scale(self, diff: float) -> None:
        self.scale = float(min(max(self.scale + diff, SCALES[0]), SCALES[1]))
        self.force_update = True

    def draw(self) -> np.ndarray:
        """What the window shows: (h,w,3) uint8."""
        picture = self.image
        if picture is None:
            picture = np.zeros(self.last_shape, np.uint8)
        if self.waiting_icon:
            picture = put_on_top(picture, ScreenAssets.get_sand_clock())
        h, w = picture.shape[:2]
        if self.scale != 1.0:
            picture = cv2.resize(picture, (max(1, int(w * self.scale)),
                                           max(1, int(h * self.scale))))
        return flatten(picture, self.shows_checkerboard)

    def show(self, force: bool = False) -> None:
        """Draw it into its window, if anything has changed."""
        if not (force or self.force_update or self._shown_waiting != self.waiting_icon):
            return
        self.force_update = False
        self._shown_waiting = self.waiting_icon
        picture = self.draw()
        io.show_image(self._wnd_name, picture)
        if self.is_first_appear:
            self.is_first_appear = False
            self._move_to_centre(picture)
        io.process_messages(0.0001)

    def _move_to_centre(self, picture: np.ndarray) -> None:
        if io.is_support_windows():
            width, height = io.get_screen_size()
            io.move_window(self._wnd_name, max(0, (width - picture.shape[1]) // 2),
                           max(0, (height - picture.shape[0]) // 2))


def put_on_top(picture: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """A copy with `sign` (h,w,4) blended into the upper left corner, if it fits."""
    h, w = sign.shape[:2]
    if picture.shape[0] < h or picture.shape[1] < w:
        return picture
    alpha = sign[..., 3:4].astype(np.float32) / 255
    result = picture.copy()
    corner = result[:h, :w, :3]
    corner[...] = (corner * (1 - alpha) + sign[..., :3] * alpha).astype(np.uint8)
    return result


def flatten(picture: np.ndarray, has_board: bool) -> np.ndarray:
    """(h,w,4) as (h,w,3): without alpha, or before a checkerboard where the mask is not."""
    if picture.ndim == 2 or picture.shape[2] != 4:
        return picture
    if not has_board:
        return np.ascontiguousarray(picture[..., :3])
    board = ScreenAssets.build_checkerboard_a(picture.shape)
    alpha = picture[..., 3:4].astype(np.float32) / 255
    mixed = picture[..., :3] * 0.75 + 64 * board * (1 - alpha)
    return np.clip(mixed, 0, 255).astype(np.uint8)


class ScreenManager(object):
    """A window and its screens, of which one is shown.

    capture_mouse: `get_mouse_events` has something to tell. resizable_size: (width, height) in
    pixels with which a window opens that the user may resize; None: it follows its picture.
    """

    def __init__(self, window_name: str = "ScreenManager",
                 screens: Optional[List[Screen]] = None, capture_keys: bool = False,
                 capture_mouse: bool = False,
                 resizable_size: Optional[Tuple[int, int]] = None) -> None:
        self.screens = screens or []
        self.current = self.screens[0] if self.screens else None
        self.window_name = window_name
        for screen in self.screens:
            screen.set_window(window_name)
        if resizable_size is None:
            io.named_window(window_name)
        else:
            io.resizable_window(window_name, resizable_size)
        if capture_keys:
            io.capture_keys(window_name)
        if capture_mouse:
            io.capture_mouse(window_name)

    def finalize(self) -> None:
        io.destroy_all_windows()

    def get_key_events(self) -> List[Tuple]:
        return io.get_key_events(self.window_name)

    def get_mouse_events(self) -> List[Tuple]:
        return io.get_mouse_events(self.window_name)

    def switch_screens(self) -> None:
        self.current = self.screens[(self.screens.index(self.current) + 1) % len(self.screens)]
        self.current.show(force=True)

    def show_current(self) -> None:
        if self.current is not None:
            self.current.show()

    def get_current(self) -> Optional[Screen]:
        return self.current

    def set_current(self, screen: Screen) -> None:
        if screen in self.screens:
            self.current = screen

"""Screens of a window that the user resizes: drawn as large as it is, zoomed, with text below.

Where windows cannot be resized they are ordinary screens (`MergerScreen`).
"""
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np

from core.imagelib.label import draw_label, fit_text, get_line_height, measure_text, wrap_words
from core.interact import interact as io
from core.interact.viewport import Viewport, ViewportMouse

from .drawing import BACKGROUND, KEY_COLOR, TEXT_COLOR, Section, draw_help
from .MergerScreen import SCALES, Screen, ScreenAssets, flatten, put_on_top

TEXT_SIZE = 13              # pixels of the letters below the picture, at 96 dots an inch
STATUS_LINES = 2
MARGIN = 8
MIN_SIZE = (640, 360)       # pixels of a window that opens, at 96 dots an inch
SCREEN_PART = 0.92          # of the screen that a window may cover when it opens
AROUND = (16, 16, 16, 255)  # BGRA around the picture

Size = Tuple[int, int]


def limit_to_screen(width: float, height: float) -> Size:
    """A size for a window that opens: not larger than the screen, not too small for text."""
    ui_scale, screen = io.get_ui_scale(), io.get_screen_size()
    return tuple(int(min(max(side, least * ui_scale), room * SCREEN_PART))
                 for side, least, room in zip((width, height), MIN_SIZE, screen))


class SizedScreen(Screen):
    """A picture that is seen whole or zoomed; below it what is worth knowing.

    status: words that tell the settings; keys: words that tell the most important keys.
    """

    def __init__(self, **keywords: Any) -> None:
        self.viewport = Viewport()
        self.mouse = ViewportMouse(self.viewport)
        self.status: Sequence[str] = ()
        self.keys: Sequence[str] = ()
        self._drawn_size: Optional[Size] = None
        self._flat: Tuple[Any, bool, Optional[np.ndarray]] = (None, False, None)
        self._footer: Tuple[Any, Optional[np.ndarray]] = (None, None)
        self._is_fitted = False
        super().__init__(**keywords)

    def set_text(self, status: Sequence[str], keys: Sequence[str]) -> None:
        if (status, keys) != (self.status, self.keys):
            self.status, self.keys = status, keys
            self.force_update = True

    def take_mouse(self, events: List[Tuple]) -> None:
        for event in events:
            if self.mouse.take(*event):
                self.force_update = True

    def diff_scale(self, diff: float) -> None:
        """Another size of the window, so that the whole picture has the new scale."""
        size = io.get_window_size(self._wnd_name)
        if size is None:
            super().diff_scale(diff)
            return
        self._place(size)
        self.scale = float(min(max(self.viewport.fit_scale + diff, SCALES[0]), SCALES[1]))
        self._resize_window()

    def _resize_window(self) -> None:
        height, width = self.last_shape[:2]
        io.resize_window(self._wnd_name, *limit_to_screen(
            width * self.scale, height * self.scale + self._get_footer_height()))
        self.force_update = True

    def show(self, force: bool = False) -> None:
        size = io.get_window_size(self._wnd_name)
        if size is not None and self.image is not None and not self._is_fitted:
            # The first picture decides how large the window is, until the user does.
            self._is_fitted = True
            if self.scale == 1.0:
                self.scale = max(1.0, io.get_ui_scale())
            self._resize_window()
            size = io.get_window_size(self._wnd_name)
        super().show(force or size != self._drawn_size)

    def draw(self) -> np.ndarray:
        """(h,w,3) uint8 of the window's size."""
        size = self._drawn_size = io.get_window_size(self._wnd_name)
        if size is None:
            return super().draw()
        self._place(size)
        if self.image is None:      # a run-through shows nothing: that costs nothing
            drawn = np.zeros((max(1, size[1] - self._get_footer_height()), size[0], 3), np.uint8)
        else:
            picture = self._get_flat()
            # the checkerboard has squares of the screen, not of the picture
            drawn = flatten(self.viewport.render(picture, AROUND[:picture.shape[2]]),
                            self.shows_checkerboard)
        if self.waiting_icon:
            drawn = put_on_top(drawn, ScreenAssets.get_sand_clock())
        return np.concatenate([drawn, self._draw_footer(size[0])])[:size[1]]

    def _place(self, size: Size) -> None:
        height = max(1, size[1] - self._get_footer_height())
        self.viewport.place((self.last_shape[1], self.last_shape[0]), (0, 0, size[0], height))

    def _get_flat(self) -> np.ndarray:
        """(h,w,3) uint8 of the picture, (h,w,4) for the checkerboard; kept while only the view of
        it changes."""
        picture = self.image
        if self._flat[0] is not picture or self._flat[1] != self.shows_checkerboard:
            flat = picture if self.shows_checkerboard else flatten(picture, False)
            if flat.ndim == 2 or flat.shape[2] == 1:
                flat = np.repeat(flat.reshape(flat.shape[:2] + (1,)), 3, -1)
            self._flat = (picture, self.shows_checkerboard, flat)
        return self._flat[2]

    def _get_footer_height(self) -> int:
        size = int(round(TEXT_SIZE * io.get_ui_scale()))
        return (STATUS_LINES + 1) * get_line_height(size) + MARGIN

    def _draw_footer(self, width: int) -> np.ndarray:
        scale = int(round(self.viewport.scale * 100))
        key = (width, self.status, self.keys, scale)
        if self._footer[0] != key:
            self._footer = (key, draw_footer(width, self._get_footer_height(), self.status,
                                             self.keys, '%d %%' % scale))
        return self._footer[1]


def draw_footer(width: int, height: int, status: Sequence[str], keys: Sequence[str],
                corner: str) -> np.ndarray:
    """(height,width,3) uint8: settings, below them keys, at the right the size of the picture."""
    size = int(round(TEXT_SIZE * io.get_ui_scale()))
    line_height, room = get_line_height(size), max(1, width - 2 * MARGIN)
    picture = np.full((height, width, 3), BACKGROUND, np.uint8)
    lines = wrap_words(status, size, room)
    if len(lines) > STATUS_LINES:   # the last line gets the rest, cut where the window ends
        rest = '   '.join(lines[STATUS_LINES - 1:])
        lines = lines[:STATUS_LINES - 1] + (fit_text(rest, size, room),)
    for number, line in enumerate(lines):
        draw_label(picture, line, MARGIN, MARGIN // 2 + number * line_height, size, TEXT_COLOR)
    y = MARGIN // 2 + STATUS_LINES * line_height
    taken = measure_text(corner, size)
    fitting = wrap_words(keys, size, max(1, room - taken - 2 * MARGIN))[:1]
    draw_label(picture, ''.join(fitting), MARGIN, y, size, KEY_COLOR)
    draw_label(picture, corner, width - MARGIN - taken, y, size, TEXT_COLOR)
    return picture


class HelpScreen(Screen):
    """Keys and what they do, in letters that fit the window."""

    def __init__(self, columns: Sequence[List[Section]], **keywords: Any) -> None:
        self._columns = columns
        self._drawn_size: Optional[Size] = None
        super().__init__(image=draw_help(columns), **keywords)

    def show(self, force: bool = False) -> None:
        super().show(force or io.get_window_size(self._wnd_name) != self._drawn_size)

    def draw(self) -> np.ndarray:
        size = self._drawn_size = io.get_window_size(self._wnd_name)
        if size is None:
            return super().draw()
        return fit_drawing(size, self.image.shape, lambda scale: draw_help(self._columns, scale))


def fit_drawing(size: Size, natural: Tuple[int, ...],
                draw: Callable[[float], np.ndarray]) -> np.ndarray:
    """A drawing of any scale in the middle of a window. natural: its shape at scale 1."""
    width, height = size
    scale = min(width / natural[1], height / natural[0], 2 * io.get_ui_scale())
    picture = draw(scale)[:height, :width]
    canvas = np.full((height, width, 3), BACKGROUND, np.uint8)
    top, left = [(room - side) // 2 for room, side in zip((height, width), picture.shape)]
    canvas[top:top + picture.shape[0], left:left + picture.shape[1]] = picture
    return canvas

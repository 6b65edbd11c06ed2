"""Zoom and pan of a picture inside an area of a window. No windows, no events."""
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

ZOOM_STEP = 1.25        # of a notch of the wheel
MAX_PIXEL = 16.0        # side of the largest picture element on the screen
SHARP_PIXEL = 4.0       # from here on they are shown as squares
MAX_ENLARGED = 4.0      # a small picture fills a large window up to here

Area = Tuple[int, int, int, int]    # x, y, width, height in pixels of the window


class Viewport:
    """Where a picture appears inside an area. At zoom 1 the whole of it is seen.

    `place` says the sizes; then `zoom_at`, `pan` and `reset` change what is seen, `render` draws it
    and `to_picture` finds the picture's pixel under the mouse.
    """

    def __init__(self) -> None:
        self.zoom = 1.0
        self.center = (0.5, 0.5)    # of the picture, 0..1: what lies in the area's middle
        self.picture_size = (1, 1)
        self.area: Area = (0, 0, 1, 1)
        self._cache: Tuple[Optional[np.ndarray], float, Optional[np.ndarray]] = (None, 0.0, None)

    def place(self, picture_size: Tuple[int, int], area: Area) -> None:
        """picture_size: (width, height). Zoom and centre stay when it changes: the next frame is
        looked at where the last one was."""
        self.picture_size = picture_size
        self.area = area
        self._keep_inside()

    @property
    def fit_scale(self) -> float:
        """Pixels of the window for one of the picture, when the whole picture is seen."""
        return min(self.area[2] / self.picture_size[0], self.area[3] / self.picture_size[1],
                   MAX_ENLARGED)

    @property
    def scale(self) -> float:
        """Pixels of the window for one of the picture."""
        return self.fit_scale * self.zoom

    @property
    def is_zoomed(self) -> bool:
        return self.zoom > 1.0

    def contains(self, x: float, y: float) -> bool:
        left, top, width, height = self.area
        return left <= x < left + width and top <= y < top + height

    def get_offset(self) -> Tuple[int, int]:
        """Where the picture's upper left corner lies, whole pixels of the area."""
        offset = []
        for side, room, center in zip(self.picture_size, self.area[2:], self.center):
            length = side * self.scale
            offset.append(int(round((room - length) / 2 if length <= room
                                    else room / 2 - center * length)))
        return offset[0], offset[1]

    def to_picture(self, x: float, y: float) -> Tuple[float, float]:
        """A position in the window in pixels of the picture; it may lie outside."""
        dx, dy = self.get_offset()
        return (x - self.area[0] - dx) / self.scale, (y - self.area[1] - dy) / self.scale

    def zoom_at(self, x: float, y: float, notches: float) -> None:
        """Zoom in (notches > 0) or out; what is under (x, y) of the window stays there."""
        spot = self.to_picture(x, y)
        wanted = self.zoom * ZOOM_STEP ** notches
        self.zoom = max(1.0, min(wanted, max(1.0, MAX_PIXEL / self.fit_scale)))
        if abs(self.zoom - 1) < 1e-6:
            self.zoom = 1.0
        middle = [self.area[2] / 2, self.area[3] / 2]
        mouse = (x - self.area[0], y - self.area[1])
        self.center = tuple((spot[i] + (middle[i] - mouse[i]) / self.scale) / self.picture_size[i]
                            for i in range(2))
        self._keep_inside()

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by so many pixels of the window."""
        self.center = tuple(c - d / self.scale / side
                            for c, d, side in zip(self.center, (dx, dy), self.picture_size))
        self._keep_inside()

    def reset(self) -> None:
        """The whole picture."""
        self.zoom, self.center = 1.0, (0.5, 0.5)

    def _keep_inside(self) -> None:
        """No area stays empty while the picture could fill it."""
        center = []
        for side, room, c in zip(self.picture_size, self.area[2:], self.center):
            half = room / 2 / (side * self.scale)   # what is seen, as a part of the picture
            center.append(0.5 if half >= 0.5 else min(max(c, half), 1 - half))
        self.center = (center[0], center[1])

    def render(self, picture: np.ndarray, background: Sequence[int] = (0,)) -> np.ndarray:
        """(height, width, c) uint8 of the area. picture: (h,w,c) uint8 of the size placed;
        background: a value for each channel, or one for all."""
        width, height = self.area[2:]
        canvas = np.empty((height, width, picture.shape[2]), np.uint8)
        canvas[...] = background
        scale, (dx, dy) = self.scale, self.get_offset()
        if scale <= 1:
            self._paste(canvas, self._shrink(picture, scale), dx, dy)
            return canvas
        # Only what is seen is enlarged: whole picture elements around it.
        x0, y0 = max(0, int(-dx / scale) - 1), max(0, int(-dy / scale) - 1)
        x1 = min(picture.shape[1], int((width - dx) / scale) + 2)
        y1 = min(picture.shape[0], int((height - dy) / scale) + 2)
        part = np.ascontiguousarray(picture[y0:y1, x0:x1])
        shift = (scale - 1) / 2     # centres of picture elements lie at halves
        matrix = np.float64([[scale, 0, dx + x0 * scale + shift],
                             [0, scale, dy + y0 * scale + shift]])
        seen = cv2.warpAffine(
            part, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE,
            flags=cv2.INTER_NEAREST if scale >= SHARP_PIXEL else cv2.INTER_LINEAR)
        seen = seen.reshape(canvas.shape)
        right = min(width, int(round(dx + picture.shape[1] * scale)))
        bottom = min(height, int(round(dy + picture.shape[0] * scale)))
        left, top = max(0, dx), max(0, dy)
        canvas[top:bottom, left:right] = seen[top:bottom, left:right]
        return canvas

    def _shrink(self, picture: np.ndarray, scale: float) -> np.ndarray:
        """The whole picture smaller; the last one is kept, for panning."""
        if scale == 1:
            return picture
        if self._cache[0] is not picture or self._cache[1] != scale:
            size = [max(1, int(round(side * scale))) for side in picture.shape[1::-1]]
            small = cv2.resize(picture, tuple(size), interpolation=cv2.INTER_AREA)
            self._cache = (picture, scale, small.reshape(size[1], size[0], picture.shape[2]))
        return self._cache[2]

    @staticmethod
    def _paste(canvas: np.ndarray, picture: np.ndarray, dx: int, dy: int) -> None:
        height, width = canvas.shape[:2]
        left, top = max(0, dx), max(0, dy)
        right = min(width, dx + picture.shape[1])
        bottom = min(height, dy + picture.shape[0])
        if left < right and top < bottom:
            canvas[top:bottom, left:right] = picture[top - dy:bottom - dy, left - dx:right - dx]


class ViewportMouse:
    """Wheel zooms at the mouse, a drag with the left button moves, the right button shows the whole
    picture again. Events are those of `io.get_mouse_events`."""

    WHEEL, LEFT_DOWN, LEFT_UP, RIGHT_DOWN = 10, 1, 2, 5

    def __init__(self, viewport: Viewport) -> None:
        self.viewport = viewport
        self.position = (0, 0)
        self._grabbed: Optional[Tuple[int, int]] = None

    def take(self, x: int, y: int, event: int, flags: int) -> bool:
        """Whether something else is to be seen now."""
        view = self.viewport
        before = (view.zoom, view.center)
        self.position = (x, y)
        if event == self.WHEEL:
            if view.contains(x, y):
                view.zoom_at(x, y, 1 if flags > 0 else -1)
        elif event == self.LEFT_DOWN:
            self._grabbed = (x, y) if view.contains(x, y) else None
        elif event == self.RIGHT_DOWN:
            view.reset()
        elif self._grabbed is not None:
            view.pan(x - self._grabbed[0], y - self._grabbed[1])
            self._grabbed = None if event == self.LEFT_UP else (x, y)
        return (view.zoom, view.center) != before

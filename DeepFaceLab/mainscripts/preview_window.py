"""The preview window of the trainer, and its picture where there is none to resize (spec 20 section
13.5)."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from core import imagelib
from core.imagelib.common import to_uint8
from core.interact import interact as io
from models import ModelBase

from .preview_canvas import PreviewCanvas
from .preview_state import (  # noqa: F401 names that were here before there was a page
    HISTORY_RANGES, KEY_OPS, MAX_HEIGHT, PreviewState, Snapshot, describe_keys, describe_selection,
    fit_previews)

WINDOW_NAME = 'Training preview'
HEAD_LINE_HEIGHT, GRAY_HEAD_LINE_HEIGHT = 15, 16    # of gray models: spec 60 section 9
HEAD_BACKGROUND = 0.1
HEAD_TEXT = 0.8     # gray text is white


class PreviewWindow:
    """One window's view of a `PreviewState`, which others may show and steer as well: draw it when
    `is_changed`."""

    history_ranges = HISTORY_RANGES

    def __init__(self, state: Optional[PreviewState] = None) -> None:
        self.state = PreviewState() if state is None else state
        self.drawn_version = self.state.snapshot.picture_version

    @property
    def is_changed(self) -> bool:
        return self.state.snapshot.picture_version != self.drawn_version

    @property
    def selected(self) -> int:
        return self.state.snapshot.selected

    @selected.setter
    def selected(self, index: int) -> None:
        self.state.select(index)

    @property
    def range(self) -> int:
        return self.state.snapshot.range

    def receive(self, message: Dict[str, Any]) -> None:
        """Take a `show` message of the trainer."""
        self.state.receive(message)

    def press(self, key: str) -> Optional[str]:
        """Handle a key; return the operation to send to the trainer or None."""
        return self.state.press(key)

    def draw(self) -> Optional[np.ndarray]:
        """The picture, uint8 HxWxC: three rows of text, the loss chart, the preview. None before
        the first."""
        snapshot = self.state.snapshot
        self.drawn_version = snapshot.picture_version
        return draw_picture(snapshot)


def draw_picture(snapshot: Snapshot) -> Optional[np.ndarray]:
    """The window's picture, uint8 HxWxC; None before the first preview."""
    if not snapshot.previews:
        return None
    image = snapshot.previews[snapshot.selected][1]
    parts = [draw_head(describe_keys() + [describe_selection(snapshot)], *image.shape[1:])]
    chart = draw_chart(snapshot)
    if chart is not None:
        parts.append(chart)
    return to_uint8(np.concatenate(parts + [image], axis=0))


def draw_chart(snapshot: Snapshot) -> Optional[np.ndarray]:
    """The loss chart over the selected preview, float (100, w, c); None where there is none."""
    losses = snapshot.chart_losses
    if losses is None or not snapshot.previews:
        return None
    _, w, c = snapshot.previews[snapshot.selected][1].shape
    return ModelBase.get_loss_history_preview(losses, snapshot.iter, w, c)


def draw_head(lines: List[str], w: int, c: int) -> np.ndarray:
    """Rows of text, float (15 * lines, w, c), of a gray picture (16 * lines, w, 1)."""
    height = GRAY_HEAD_LINE_HEIGHT if c == 1 else HEAD_LINE_HEIGHT
    head = np.full((len(lines) * height, w, c), HEAD_BACKGROUND)
    for i, line in enumerate(lines):
        head[i * height:(i + 1) * height] += imagelib.get_text_image(
            (height, w, c), line, color=[HEAD_TEXT] * c)
    return head


class ShownWindow:
    """The window on the screen: opened with the first preview, drawn when something has changed.

    title: what stands above it.
    """

    def __init__(self, view: PreviewWindow, title: str = WINDOW_NAME) -> None:
        self.view = view
        self.canvas = PreviewCanvas(view.state)
        self.title = title
        self.is_open = False

    def register(self) -> None:
        io.resizable_window(WINDOW_NAME)
        io.capture_keys(WINDOW_NAME)
        io.capture_mouse(WINDOW_NAME)

    def take_key(self) -> Optional[str]:
        """The last key that was pressed since the last call, as a character."""
        events: Sequence[Tuple] = io.get_key_events(WINDOW_NAME)
        return events[-1][1] if events else None

    def update(self) -> None:
        """Draw what has changed: the state, the window's size, the zoom."""
        has_wheel = io.has_wheel()
        events = io.get_mouse_events(WINDOW_NAME)
        self.canvas.take_mouse(events if has_wheel else
                               [event for event in events if event[2] == io.EVENT_LBUTTONDOWN])
        if not self.view.state.snapshot.previews:
            return
        ui_scale = io.get_ui_scale()
        if not self.is_open and io.is_support_windows():
            io.resize_window(WINDOW_NAME, *self.canvas.choose_size(
                ui_scale, io.get_screen_size(), has_wheel))
        size = io.get_window_size(WINDOW_NAME)
        if size is None:
            picture = self.view.draw() if self.view.is_changed else None
        else:
            picture = self.canvas.draw(size, ui_scale, has_wheel) \
                if self.canvas.needs_drawing(size, ui_scale, has_wheel) else None
        if picture is not None:
            io.show_image(WINDOW_NAME, picture)
            if not self.is_open:
                self.is_open = True
                io.set_window_title(WINDOW_NAME, self.title)

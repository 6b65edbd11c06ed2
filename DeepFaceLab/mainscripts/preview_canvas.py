"""What the preview window of the trainer shows when the user resizes it: keys, ranges of the chart,
the chart and a preview that can be zoomed, as large as the window (spec 20 section 13.5, spec 60
section 9)."""
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from core.imagelib.common import to_uint8
from core.imagelib.label import (draw_label, draw_text_mask, fit_text, get_line_height,
                                 measure_text, wrap_words)
from core.interact.viewport import Viewport, ViewportMouse
from models.common_options import FONT_SIZE_MINUS, get_trainer_option
from models.loss_chart import (CHART_HEIGHT, LINES_COUNT, describe_iteration, draw_loss_curves,
                               reduce_loss_history)

from .preview_state import (HISTORY_RANGES, KEY_HELPS, PreviewState, Snapshot, describe_selection)

TEXT_SIZE = 13          # pixels of the letters, at 96 dots an inch
MARGIN, CHIP_MARGIN = 8, 6
MIN_WIDTH = 640         # of a window that opens, at 96 dots an inch
HEAD_PART = 0.6         # of the window's height that text and chart may take
SMALLEST_SCALE = 0.75   # letters of 10 pixels
SCREEN_PART = 0.92      # of the screen that a window may cover when it opens
BACKGROUND, AROUND = (32, 32, 32), (16, 16, 16)     # BGR, as the colours below
TEXT_COLOR, KEY_COLOR, CHIP_COLOR, CHOSEN_COLOR = (
    (224, 224, 224), (96, 208, 255), (72, 72, 72), (96, 208, 255))
CHOSEN_TEXT_COLOR = (0, 0, 0)
MOUSE_HELPS = ('[wheel]:zoom', '[drag]:move', '[right button]:whole preview')
SYSTEM_MOUSE_HELPS = ('[wheel]:zoom the window',)     # where it is not the program's
LEFT_BUTTON = 1

Size = Tuple[int, int]
Chip = NamedTuple('Chip', [('count', int), ('text', str), ('x', int), ('y', int), ('width', int),
                           ('height', int)])


def tone(color: Sequence[int], c: int) -> Sequence[int]:
    """A BGR colour for a picture of c channels; a gray one gets its mean."""
    if c == 1:
        return [sum(color) // 3]
    return list(color) + [255] * (c - 3)


def list_words(has_wheel: bool) -> List[str]:
    """Keys and mouse, a word for each."""
    words = ['[%s]:%s' % (help.label, help.text) for help in KEY_HELPS]
    return words + list(MOUSE_HELPS if has_wheel else SYSTEM_MOUSE_HELPS)


class Layout:
    """Where everything is in a window of this width: rows of keys, name of the preview, ranges,
    chart; from `top` on the preview.

    ui_scale: text and chart are so much larger than on a screen of 96 dots an inch.
    """

    def __init__(self, width: int, ui_scale: float, has_chart: bool, has_wheel: bool) -> None:
        self.width = width
        self.text_size = int(round(TEXT_SIZE * ui_scale))
        self.margin = int(round(MARGIN * ui_scale))
        self.line_height = get_line_height(self.text_size)
        self.key_lines = wrap_words(list_words(has_wheel), self.text_size,
                                    max(1, width - 2 * self.margin))
        self.name_top = self.margin // 2 + len(self.key_lines) * self.line_height
        self.head_height = self.name_top + self.line_height + self.margin // 2
        self.chips: List[Chip] = []
        self.chart_height = 0
        self.top = self.head_height
        if has_chart:
            self._place_chips(int(round(CHIP_MARGIN * ui_scale)))
            self.chart_height = int(round(CHART_HEIGHT * ui_scale))
            self.top = self.head_height + self.chart_height

    def _place_chips(self, gap: int) -> None:
        """Labels of the ranges in one row, in two where the window is narrow."""
        x, y = self.margin, self.head_height
        self.chip_title = 'Iterations in the chart:'
        x += measure_text(self.chip_title, self.text_size) + gap
        for count in HISTORY_RANGES:
            text = str(count) if count else 'all'
            width = measure_text(text, self.text_size) + 2 * gap
            if x + width > self.width - self.margin and x > self.margin:
                x, y = self.margin, y + self.line_height + gap
            self.chips.append(Chip(count, text, x, y, width, self.line_height))
            x += width + gap
        self.head_height = y + self.line_height + gap

    def choose_chart_text_size(self) -> int:
        """Of the status text in the chart, smaller by the option font_size_minus_for_iter."""
        smaller = get_trainer_option(FONT_SIZE_MINUS) - FONT_SIZE_MINUS.default
        return max(6, int(round((TEXT_SIZE - smaller) * self.text_size / TEXT_SIZE)))

    def find_range(self, x: int, y: int) -> Optional[int]:
        """Which range's label is under a position of the window, None elsewhere."""
        for chip in self.chips:
            if chip.x <= x < chip.x + chip.width and chip.y <= y < chip.y + chip.height:
                return chip.count
        return None


def lay_out(size: Size, ui_scale: float, has_chart: bool, has_wheel: bool) -> Layout:
    """The layout of a window of this size: text and chart become smaller before they leave too
    little room for the preview."""
    while True:
        layout = Layout(size[0], ui_scale, has_chart, has_wheel)
        if layout.top <= size[1] * HEAD_PART or ui_scale <= SMALLEST_SCALE:
            return layout
        ui_scale = max(SMALLEST_SCALE, ui_scale - 0.25)


class PreviewCanvas:
    """Draws snapshots for a window of any size and understands its mouse."""

    def __init__(self, state: PreviewState) -> None:
        self.state = state
        self.viewport = Viewport()
        self.mouse = ViewportMouse(self.viewport)
        self.layout: Optional[Layout] = None
        self._drawn: Any = None         # what the last picture depended on
        self._pixels: Tuple[Any, Any] = (None, None)    # preview, the same as uint8
        self._chart: Tuple[Any, Any] = (None, None)     # what it depends on, chart

    def choose_size(self, ui_scale: float, screen: Size, has_wheel: bool) -> Size:
        """(width, height) of a window that opens for the state's previews."""
        snapshot = self.state.snapshot
        height, width = snapshot.previews[snapshot.selected][1].shape[:2]
        width = int(min(max(width, MIN_WIDTH) * ui_scale, screen[0] * SCREEN_PART))
        layout = Layout(width, ui_scale, snapshot.chart_losses is not None, has_wheel)
        return width, int(min(layout.top + height * ui_scale, screen[1] * SCREEN_PART))

    def take_mouse(self, events: Sequence[Tuple]) -> None:
        """Zoom and move the preview, choose a range."""
        for x, y, event, flags in events:
            count = self.layout.find_range(x, y) if self.layout and event == LEFT_BUTTON else None
            if count is None:
                self.mouse.take(x, y, event, flags)
            else:
                self.state.choose_range(count)

    def needs_drawing(self, size: Size, ui_scale: float, has_wheel: bool) -> bool:
        return self._drawn != self._describe(size, ui_scale, has_wheel)

    def _describe(self, size: Size, ui_scale: float, has_wheel: bool) -> Tuple:
        snapshot = self.state.snapshot
        return (snapshot.picture_version, snapshot.is_waiting, size, ui_scale, has_wheel,
                self.viewport.zoom, self.viewport.center)

    def draw(self, size: Size, ui_scale: float, has_wheel: bool = True) -> Optional[np.ndarray]:
        """(height,width,c) uint8, c of the preview; None before the first one."""
        snapshot = self.state.snapshot
        if not snapshot.previews:
            return None
        width, height = size
        preview = self._get_pixels(snapshot.previews[snapshot.selected][1])
        c = preview.shape[2]
        losses = snapshot.chart_losses
        layout = self.layout = lay_out(size, ui_scale, losses is not None, has_wheel)
        self.viewport.place(preview.shape[1::-1],
                            (0, layout.top, width, max(1, height - layout.top)))
        parts = [self._draw_head(snapshot, layout, c)]
        if losses is not None:
            parts.append(self._draw_chart(snapshot, losses, layout, c))
        parts.append(self.viewport.render(preview, tone(AROUND, c)))
        self._drawn = self._describe(size, ui_scale, has_wheel)
        return np.concatenate(parts)[:height]

    def _get_pixels(self, preview: np.ndarray) -> np.ndarray:
        if self._pixels[0] is not preview:
            self._pixels = (preview, to_uint8(preview))
        return self._pixels[1]

    def _draw_head(self, snapshot: Snapshot, layout: Layout, c: int) -> np.ndarray:
        head = np.empty((layout.head_height, layout.width, c), np.uint8)
        head[...] = tone(BACKGROUND, c)
        size, margin = layout.text_size, layout.margin
        for number, line in enumerate(layout.key_lines):
            draw_label(head, line, margin, margin // 2 + number * layout.line_height, size,
                       tone(KEY_COLOR, c))
        words = [describe_selection(snapshot), '%d %%' % round(self.viewport.scale * 100)]
        if snapshot.is_waiting:
            words.append('waiting for a new one ...')
        draw_label(head, fit_text('   '.join(words), size, layout.width - 2 * margin), margin,
                   layout.name_top, size, tone(TEXT_COLOR, c))
        if layout.chips:
            draw_label(head, layout.chip_title, margin, layout.chips[0].y, size,
                       tone(TEXT_COLOR, c))
        for chip in layout.chips:
            draw_chip(head, chip, size, chip.count == snapshot.range)
        return head

    def _draw_chart(self, snapshot: Snapshot, losses: Any, layout: Layout, c: int) -> np.ndarray:
        key = (snapshot.shown, snapshot.range, layout.width, layout.chart_height, c)
        if self._chart[0] != key:
            chart = to_uint8(draw_loss_curves(reduce_loss_history(losses, layout.width), c,
                                              layout.chart_height))
            size = layout.choose_chart_text_size()
            band = (layout.chart_height - 1) / LINES_COUNT
            y = int((LINES_COUNT - 1) * band + (band - get_line_height(size)) / 2) + 1
            text = fit_text(describe_iteration(snapshot.iter), size,
                            layout.width - 2 * layout.margin)
            write_readable(chart, text, layout.margin, y, size)
            self._chart = (key, chart)
        return self._chart[1]


def draw_chip(head: np.ndarray, chip: Chip, size: int, is_chosen: bool) -> None:
    """A label of a range, in place."""
    c = head.shape[2]
    head[chip.y:chip.y + chip.height, chip.x:chip.x + chip.width] = tone(
        CHOSEN_COLOR if is_chosen else CHIP_COLOR, c)
    x = chip.x + (chip.width - measure_text(chip.text, size)) // 2
    draw_label(head, chip.text, x, chip.y, size,
               tone(CHOSEN_TEXT_COLOR if is_chosen else TEXT_COLOR, c))


def write_readable(chart: np.ndarray, text: str, x: int, y: int, size: int) -> None:
    """A line on darkened ground, in place: curves of any colour may lie below it."""
    if not text:
        return
    c, (height, width) = chart.shape[2], draw_text_mask(text, size).shape
    area = chart[max(0, y):y + height, max(0, x - 3):x + width + 3]
    area[...] = area // 3
    draw_label(chart, text, x, y, size, tone((255, 255, 255), c))

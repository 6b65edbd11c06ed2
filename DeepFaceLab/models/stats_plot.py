"""The figures of `model_stats` as a picture: standard deviation per layer on a log scale, for
activations and gradients, one colour a network."""
import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from core import imagelib

from .loss_chart import get_loss_colors
from .model_stats import DEAD_STD, ModelStats

# pixels
STEP = 18                   # between layers
PANEL_HEIGHT = 260
LEFT, RIGHT, TOP, GAP = 78, 20, 74, 38
LINE = 16                   # height of a line of text
NAME_LENGTH = 170           # of a layer's name under the panels
SHORTEST_WIDTH = 640

BACKGROUND, GRID, TEXT = (0.08,) * 3, (0.25,) * 3, (0.85,) * 3
BAD, LIMIT = (0.2, 0.2, 1.0), (0.5, 0.5, 0.9)

Panel = NamedTuple('Panel', [
    ('title', str),
    ('values', List[Optional[float]]),      # per layer; None where not measured
    ('top', int),                           # row of its upper edge
    ('decades', Tuple[int, int])])          # powers of ten of its lower and upper edge


def draw_stats(stats: ModelStats) -> np.ndarray:
    """(h, w, 3) uint8 BGR. A value that is not finite is a red cross at the upper edge, one that is
    0 at the lower."""
    width = max(SHORTEST_WIDTH, LEFT + RIGHT + STEP * len(stats.layers))
    panels = []
    for number, (title, part) in enumerate((('activations', 'activation'),
                                            ('gradients of the training loss', 'gradient'))):
        values = [get_std(getattr(layer, part)) for layer in stats.layers]
        panels.append(Panel('Standard deviation of ' + title, values,
                            TOP + number * (PANEL_HEIGHT + GAP), find_decades(values)))
    bottom = panels[-1].top + PANEL_HEIGHT
    picture = np.empty((bottom + NAME_LENGTH, width, 3))
    picture[:] = BACKGROUND
    names = [layer.network for layer in stats.layers]
    colors = get_network_colors(names)
    draw_line_of_text(picture, 6, 8, '%s, iteration %d, %d samples a side' % (
        stats.model, stats.iteration, stats.samples), TEXT)
    draw_legend(picture, 26, list(colors.items()) + [
        ('line: %g, the least for an encoder' % DEAD_STD, LIMIT), ('x: 0 or not finite', BAD)])
    for panel in panels:
        draw_panel(picture, panel, [colors[name] for name in names])
    draw_limit(picture, panels[0])
    for index, layer in enumerate(stats.layers):
        draw_upright_text(picture, bottom + 6, get_column(index), layer.layer, colors[names[index]])
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)


def get_std(summary) -> Optional[float]:
    return None if summary is None else summary.std


def find_decades(values: Sequence[Optional[float]]) -> Tuple[int, int]:
    """Powers of ten that enclose all values that a log scale can show."""
    shown = [value for value in values if value is not None and np.isfinite(value) and value > 0]
    if not shown:
        return -1, 0
    low = math.floor(math.log10(min(shown)))
    return int(low), int(max(math.ceil(math.log10(max(shown))), low + 1))


def get_network_colors(names: Sequence[str]) -> dict:
    """{network: BGR 0..1} in the order of the layers; none as dark as the background."""
    networks = sorted(set(names), key=list(names).index)
    return {name: tuple(0.4 + 0.6 * color)
            for name, color in zip(networks, get_loss_colors(len(networks), 3))}


def get_column(index: int) -> int:
    return LEFT + STEP // 2 + index * STEP


def get_row(panel: Panel, value: float) -> int:
    """Row of a value; 0 and what lies outside is at the edges."""
    low, high = panel.decades
    power = math.log10(value) if value > 0 else low
    share = (power - low) / (high - low)
    return int(round(panel.top + PANEL_HEIGHT * (1 - min(max(share, 0.0), 1.0))))


def draw_panel(picture: np.ndarray, panel: Panel, colors: Sequence[Tuple]) -> None:
    draw_line_of_text(picture, panel.top - LINE - 2, LEFT, panel.title, TEXT)
    for power in range(panel.decades[0], panel.decades[1] + 1):
        row = draw_row(picture, panel, 10.0 ** power, GRID)
        draw_line_of_text(picture, row - LINE // 2, 8, '1e%+d' % power, TEXT)
    last = None
    for index, (value, color) in enumerate(zip(panel.values, colors)):
        if value is None:
            last = None
            continue
        is_good = np.isfinite(value) and value > 0
        point = get_column(index), get_row(panel, value) if np.isfinite(value) else panel.top
        if not is_good:
            cv2.drawMarker(picture, point, BAD, cv2.MARKER_TILTED_CROSS, 10, 2)
        else:
            if last is not None and last[1] == color:
                cv2.line(picture, last[0], point, color, 1, cv2.LINE_AA)
            cv2.circle(picture, point, 4, color, -1, cv2.LINE_AA)
        last = (point, color) if is_good else None


def draw_row(picture: np.ndarray, panel: Panel, value: float, color: Sequence[float]) -> int:
    """A line across the panel; returns its row."""
    row = get_row(panel, value)
    picture[row, LEFT:picture.shape[1] - RIGHT] = color
    return row


def draw_limit(picture: np.ndarray, panel: Panel) -> None:
    """What an encoder should not fall below, where the panel shows it."""
    low, high = panel.decades
    if 10.0 ** low <= DEAD_STD < 10.0 ** high:
        draw_row(picture, panel, DEAD_STD, LIMIT)


def draw_legend(picture: np.ndarray, top: int, entries: Sequence[Tuple[str, Tuple]]) -> None:
    left = LEFT
    for text, color in entries:
        left += draw_line_of_text(picture, top, left, text, color) + STEP


def draw_text_at(picture: np.ndarray, top: int, left: int, text: np.ndarray) -> None:
    """Add a picture of text, cut at the edges."""
    area = picture[top:top + text.shape[0], left:left + text.shape[1]]
    area += text[:area.shape[0], :area.shape[1]]


def render_text(text: str, length: int, color: Sequence[float]) -> np.ndarray:
    return imagelib.get_text_image((LINE, length, 3), text, color)


def draw_line_of_text(picture: np.ndarray, top: int, left: int, text: str,
                      color: Sequence[float]) -> int:
    """Returns the width that was written on."""
    image = render_text(text, max(1, picture.shape[1] - left), color)
    draw_text_at(picture, top, left, image)
    written = np.flatnonzero(image.any(axis=(0, 2)))
    return int(written[-1]) + 1 if len(written) else 0


def draw_upright_text(picture: np.ndarray, top: int, column: int, text: str,
                      color: Sequence[float]) -> None:
    """Text that reads downwards, centred on a column."""
    image = np.rot90(render_text(text, NAME_LENGTH - 10, color), -1)
    draw_text_at(picture, top, column - LINE // 2, image)

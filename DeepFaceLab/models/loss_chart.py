"""The loss chart under the preview (spec 20 section 9), vectorised.

A chart needs only the minimum and maximum of each loss per column, so a history is reduced once
(`reduce_loss_history`) and may then travel to another process; `draw_loss_chart` paints it.
"""
import colorsys
import os
from typing import Any, NamedTuple, Sequence

import numpy as np

from core import imagelib

from .common_options import FONT_SIZE_MINUS, get_trainer_option

CHART_HEIGHT = 100          # pixels
CHUNK = 10000               # entries that are converted at once: threads take turns in between
BACKGROUND = 0.1
LINE_LEVEL = 0.8            # grey of the horizontal lines and of the text
LINES_COUNT = 5             # intervals; one line more is drawn
# Status text that SAEHDBW models leave in the environment for the chart (spec 82 section B).
STATUS_TEXT_VARIABLE = 'dfl_model_parameters_string'

LossColumns = NamedTuple('LossColumns', [
    ('low', np.ndarray),      # (w, k) float64, smallest value of a column, at most `high`
    ('high', np.ndarray),     # (w, k) float64, largest value of a column, at least 0
    ('scale', float),         # value at the top edge of the chart, > 0
])


def to_loss_array(loss_history: Sequence[Sequence[float]]) -> np.ndarray:
    """Return the history as (n, k) float64; shorter entries (a loss was added later) are padded
    with 0."""
    if len(loss_history) == 0:
        return np.zeros((0, 0), np.float64)
    if isinstance(loss_history, np.ndarray):
        return loss_history.astype(np.float64, copy=False)
    k = max(len(entry) for entry in loss_history)
    if any(len(entry) != k for entry in loss_history):
        loss_history = [list(entry) + [0.0] * (k - len(entry)) for entry in loss_history]
    losses = np.empty((len(loss_history), k), np.float64)
    for first in range(0, len(loss_history), CHUNK):
        losses[first:first + CHUNK] = loss_history[first:first + CHUNK]
    return losses


def reduce_loss_history(loss_history: Sequence[Sequence[float]], w: int) -> LossColumns:
    """Reduce n losses entries of k values to w columns (spec 20 section 9).

    A column in which a value is not finite fills the whole height: a collapse must be seen, and
    must not stop the drawing. The scale is twice the mean of the last 80 % of the finite values.
    """
    losses = to_loss_array(loss_history)
    n, k = losses.shape
    if n == 0 or k == 0:
        return LossColumns(np.zeros((w, 0)), np.zeros((w, 0)), 1.0)

    recent = losses[n // 5:]
    finite = np.isfinite(recent)
    scale = float(2 * np.mean(recent if finite.all() else recent[finite])) if finite.any() else 1.0
    if not (np.isfinite(scale) and scale > 0):
        scale = 1.0
    bad = ~np.isfinite(losses)
    losses = np.where(bad, scale, losses)

    q = n / w
    columns = np.arange(w)
    first = (columns * q).astype(np.int64)
    last = np.maximum(((columns + 1) * q).astype(np.int64), first + 1)
    # reduceat takes [first, last) pairs; a row of padding makes last == n a legal index
    pairs = np.stack([first, np.minimum(last, n)], -1).ravel()
    padded = np.concatenate([losses, losses[-1:]])
    high = np.maximum(0.0, np.maximum.reduceat(padded, pairs, axis=0)[::2])
    low = np.minimum(high, np.minimum.reduceat(padded, pairs, axis=0)[::2])
    if bad.any():
        low[np.logical_or.reduceat(np.concatenate([bad, bad[-1:]]), pairs, axis=0)[::2]] = 0.0
    return LossColumns(low, high, scale)


def get_loss_colors(k: int, c: int) -> np.ndarray:
    """Colours of k curves, (k, c) float64.

    Three channels and more: hue p/k, the triple stored unswapped in a BGR picture (so the first of
    two curves is blue, the second yellow), further channels 1. One channel: the first hue
    component, at least 0.5, so the first curve is white and the second grey (spec 60 section 8).
    """
    colors = np.array([colorsys.hsv_to_rgb(p / k, 1.0, 1.0) for p in range(k)],
                      np.float64).reshape(k, 3)
    if c == 1:
        return np.maximum(colors[:, :1], 0.5)
    return np.concatenate([colors, np.ones((k, max(0, c - 3)))], -1)[:, :c]


def draw_loss_curves(losses: LossColumns, c: int, height: int = CHART_HEIGHT) -> np.ndarray:
    """Paint the curves and lines: float64 (height, w, c), 0..1 (spec 20 section 9)."""
    w, k = losses.low.shape
    chart = np.full((height, w, c), BACKGROUND)
    top = height - 1
    # clipped before the conversion: a huge loss must not overflow the integer
    low_rows = np.clip(losses.low / losses.scale * top, 0, top).astype(np.int64)
    high_rows = np.clip(losses.high / losses.scale * top, 0, top).astype(np.int64)
    rows = np.arange(height)[::-1, None]      # counted from the bottom
    for p, color in enumerate(get_loss_colors(k, c)):
        chart[(rows >= low_rows[None, :, p]) & (rows <= high_rows[None, :, p])] = color

    line_height = top / LINES_COUNT
    for i in range(LINES_COUNT + 1):
        chart[int(i * line_height)] = LINE_LEVEL
    return chart


def describe_iteration(iteration: int) -> str:
    """The text of the chart; '' at iteration 0."""
    if iteration == 0:
        return ''
    return ('Iter: %d %s' % (iteration, os.environ.get(STATUS_TEXT_VARIABLE, '').strip())).strip()


def draw_loss_chart(losses: LossColumns, iteration: int, c: int) -> np.ndarray:
    """Paint the chart: float64 (100, w, c), 0..1 apart from the text, which is added (spec 20
    section 9)."""
    chart = draw_loss_curves(losses, c)
    line_height = (CHART_HEIGHT - 1) / LINES_COUNT
    first, last = int((LINES_COUNT - 1) * line_height), int(LINES_COUNT * line_height)
    chart[first:last] += imagelib.get_text_image(
        (last - first, chart.shape[1], c), describe_iteration(iteration), color=[LINE_LEVEL] * c,
        font_size_minus_h=get_trainer_option(FONT_SIZE_MINUS))
    return chart


def get_loss_history_preview(loss_history: Sequence[Any], iteration: int, w: int,
                             c: int) -> np.ndarray:
    """Loss chart of a whole history: float64 (100, w, c) (spec 20 section 9)."""
    return draw_loss_chart(reduce_loss_history(loss_history, w), iteration, c)

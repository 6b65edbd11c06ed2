"""The preview window of the trainer: its state and picture, without a window (spec 20 section
13.5)."""
from typing import Any, Dict, List, Optional, Tuple

import cv2
import numpy as np

from core import imagelib
from core.imagelib.common import to_uint8
from models import ModelBase

MAX_HEIGHT = 800            # pixels of the largest preview
HEAD_LINE_HEIGHT = 15
HEAD_BACKGROUND = 0.1
HEAD_TEXT = 0.8

KEY_OPS = {
    '\n': 'close', '\r': 'close', 's': 'save', 'b': 'backup', 'p': 'preview', 'l': 'range',
    ' ': 'next'
}
# the digits of SAEHDBW's window (spec 60 section 9)
KEY_OPS.update({'2': 'save', '0': 'backup', '1': 'range'})
KEY_OPS.update({str(digit): 'preview' for digit in range(3, 10)})


def fit_previews(previews: List[Tuple[str, np.ndarray]]) -> List[Tuple[str, np.ndarray]]:
    """Give all previews one size: the largest height and width, at most 800 px high.

    Previews that need a resize move to the end of the list. Two-dimensional ones get a channel
    axis.
    """
    previews = [(name, image[..., None] if image.ndim == 2 else image) for name, image in previews]
    if not previews:
        return []
    height = max(image.shape[0] for _, image in previews)
    width = max(image.shape[1] for _, image in previews)
    if height > MAX_HEIGHT:
        width = int(width / (height / MAX_HEIGHT))
        height = MAX_HEIGHT
    fitting = [(name, image) for name, image in previews if image.shape[:2] == (height, width)]
    for name, image in previews:
        if image.shape[:2] != (height, width):
            resized = cv2.resize(image, (width, height))
            fitting.append((name, resized.reshape(height, width, image.shape[-1])))
    return fitting


class PreviewWindow:
    """State of the window. Feed it the trainer's messages and key presses; draw it when
    `is_changed`."""

    history_ranges = (0, 5000, 10000, 50000, 100000)    # last iterations in the loss chart, 0 = all

    def __init__(self) -> None:
        self.previews: Optional[List[Tuple[str, np.ndarray]]] = None
        self.loss_history: Optional[List[Any]] = None
        self.iter = 0
        self.selected = 0
        self.range = 0
        self.is_waiting = False
        self.is_changed = False

    def receive(self, message: Dict[str, Any]) -> None:
        """Take a `show` message: previews, and of a training run also iter and loss_history."""
        self.is_waiting = False
        previews = message.get('previews')
        if not previews:
            return
        self.previews = fit_previews(previews)
        self.loss_history = message.get('loss_history')
        self.iter = message.get('iter', 0)
        self.selected %= len(self.previews)
        self.is_changed = True

    def press(self, key: str) -> Optional[str]:
        """Handle a key; return the operation to send to the trainer: close, save, backup, preview
        or None."""
        op = KEY_OPS.get(key)
        if op == 'preview':
            if self.is_waiting:
                return None
            self.is_waiting = True
        elif op == 'range':
            ranges = self.history_ranges
            self.range = ranges[(ranges.index(self.range) + 1) % len(ranges)]
            self.is_changed = True
            return None
        elif op == 'next':
            if self.previews:
                self.selected = (self.selected + 1) % len(self.previews)
                self.is_changed = True
            return None
        return op

    def draw(self) -> Optional[np.ndarray]:
        """The picture, uint8 HxWxC: three rows of text, the loss chart, the preview. None before
        the first."""
        self.is_changed = False
        if not self.previews:
            return None
        name, image = self.previews[self.selected]
        _, w, c = image.shape
        lines = ['[s]:save [b]:backup [enter]:save and exit',
                 '[p]:update preview [space]:next preview [l]:range of the loss chart',
                 'Preview: "%s" [%d/%d]' % (name, self.selected + 1, len(self.previews))]
        parts = [draw_head(lines, w, c)]
        if self.loss_history is not None:
            shown = self.loss_history[-self.range:] if self.range else self.loss_history
            parts.append(ModelBase.get_loss_history_preview(shown, self.iter, w, c))
        picture = np.concatenate(parts + [image], axis=0)
        return to_uint8(picture)


def draw_head(lines: List[str], w: int, c: int) -> np.ndarray:
    """Rows of text, float (15 * lines, w, c)."""
    head = np.full((len(lines) * HEAD_LINE_HEIGHT, w, c), HEAD_BACKGROUND)
    for i, line in enumerate(lines):
        rows = slice(i * HEAD_LINE_HEIGHT, (i + 1) * HEAD_LINE_HEIGHT)
        head[rows] += imagelib.get_text_image((HEAD_LINE_HEIGHT, w, c), line, color=[HEAD_TEXT] * c)
    return head

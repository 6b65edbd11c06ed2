"""The pictures of the page as PNG: the very pixels of the preview window, made once each.

They are made in the thread that answers a browser, never in the trainer's.
"""
import threading
from typing import Any, Dict, Optional, Tuple

import cv2
import numpy as np

from core.errors import UserError
from core.imagelib.common import to_uint8
from models import ModelBase

from ..preview_state import Snapshot

CHART_WIDTHS = (160, 4096)      # of charts that a browser may ask for
MAX_CHARTS = 8                  # kept: one per width and range


def encode_png(image: np.ndarray) -> bytes:
    """PNG of a picture HxWxC in BGR order, uint8 or float 0..1."""
    done, data = cv2.imencode('.png', to_uint8(image))
    if not done:
        raise UserError('A picture of shape %s cannot be written as PNG.' % (image.shape, ))
    return data.tobytes()


class PictureCache:
    """PNG files of the newest snapshot. One is made at a time: who comes later for the same one
    finds it made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown = 0
        self._pictures: Dict[Tuple[Any, ...], bytes] = {}

    def get_preview(self, snapshot: Snapshot, index: int) -> Optional[bytes]:
        """None where there is no such preview."""
        if not 0 <= index < len(snapshot.previews):
            return None
        with self._lock:
            return self._find(snapshot, ('preview', index),
                              lambda: snapshot.previews[index][1])

    def get_chart(self, snapshot: Snapshot, width: Optional[int] = None) -> Optional[bytes]:
        """The loss chart, 100 px high; width None: that of the previews. None: there is none."""
        losses = snapshot.chart_losses
        if losses is None or not snapshot.previews:
            return None
        _, w, c = snapshot.previews[snapshot.selected][1].shape
        if width is not None:
            w = min(max(width, CHART_WIDTHS[0]), CHART_WIDTHS[1])
        with self._lock:
            return self._find(
                snapshot, ('chart', w, c, snapshot.range),
                lambda: ModelBase.get_loss_history_preview(losses, snapshot.iter, w, c))

    def _find(self, snapshot: Snapshot, key: Tuple[Any, ...], draw: Any) -> bytes:
        if snapshot.shown != self._shown:
            self._shown = snapshot.shown
            self._pictures.clear()
        if key not in self._pictures:
            charts = [name for name in self._pictures if name[0] == 'chart']
            if key[0] == 'chart' and len(charts) >= MAX_CHARTS:
                del self._pictures[charts[0]]
            self._pictures[key] = encode_png(draw())
        return self._pictures[key]

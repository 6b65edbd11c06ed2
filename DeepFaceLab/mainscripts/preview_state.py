"""What a training shows and how it is steered: the one state behind the preview window and the page
of `train --web` (spec 20 section 13.5, spec 60 section 9).

The trainer thread, the window's loop and the threads of the page all use one `PreviewState`. What
it holds is a `Snapshot`, which is never changed but replaced as a whole: who draws takes it once,
without a lock, and has what belongs together.
"""
import threading
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

MAX_HEIGHT = 800            # pixels of the largest preview
# last iterations in the loss chart, 0 = all (spec 60 section 9)
HISTORY_RANGES = (0, 1000, 2500, 5000, 10000, 50000, 100000)

KeyHelp = NamedTuple('KeyHelp', [
    ('key', str),           # what `PreviewState.press` takes
    ('label', str),         # what stands on the key
    ('op', str),            # what it does
    ('text', str),
])
KEY_HELPS = (
    KeyHelp('s', 's', 'save', 'save'),
    KeyHelp('b', 'b', 'backup', 'backup'),
    KeyHelp('\r', 'enter', 'close', 'save and exit'),
    KeyHelp('p', 'p', 'preview', 'update preview'),
    KeyHelp(' ', 'space', 'next', 'next preview'),
    KeyHelp('l', 'l', 'range', 'range of the loss chart'))
KEYS_IN_A_LINE = 3

KEY_OPS = {help.key: help.op for help in KEY_HELPS}
KEY_OPS['\n'] = 'close'
# the digits of SAEHDBW's window (spec 60 section 9)
KEY_OPS.update({'2': 'save', '0': 'backup', '1': 'range'})
KEY_OPS.update({str(digit): 'preview' for digit in range(3, 10)})


class Snapshot(NamedTuple):
    """What is shown at one moment."""
    version: int = 0            # grows with every change
    picture_version: int = 0    # the same of what the window's picture shows
    shown: int = 0              # `show` messages with previews so far
    previews: Sequence[Tuple[str, np.ndarray]] = ()     # of one size, see `fit_previews`
    loss_history: Optional[Sequence[Any]] = None        # of the last message; None: debug mode
    iter: int = 0               # of the previews and of loss_history
    selected: int = 0           # which preview
    range: int = 0              # last iterations in the chart, one of HISTORY_RANGES
    is_waiting: bool = False    # previews have been asked for
    is_closing: bool = False    # the end has been asked for
    model_name: str = ''        # '' until training begins
    iteration: int = 0          # done so far
    target_iter: int = 0        # 0: none
    status_line: str = ''       # of the last iteration, as on the console
    saved_iter: int = 0         # iteration of the last save of this run, 0: none yet
    warning: str = ''           # the last one of the log
    warning_iter: int = 0       # when that was

    @property
    def chart_losses(self) -> Optional[Sequence[Any]]:
        """The part of the history that the chart shows; None: there is no chart."""
        if self.loss_history is None:
            return None
        return self.loss_history[-self.range:] if self.range else self.loss_history


def describe_keys() -> List[str]:
    """Rows of text that name the keys."""
    texts = ['[%s]:%s' % (help.label, help.text) for help in KEY_HELPS]
    return [' '.join(texts[i:i + KEYS_IN_A_LINE]) for i in range(0, len(texts), KEYS_IN_A_LINE)]


def describe_selection(snapshot: Snapshot) -> str:
    """Name and position of the selected preview, '' before the first."""
    if not snapshot.previews:
        return ''
    return 'Preview: "%s" [%d/%d]' % (snapshot.previews[snapshot.selected][0],
                                      snapshot.selected + 1, len(snapshot.previews))


def fit_previews(previews: Sequence[Tuple[str, np.ndarray]]) -> List[Tuple[str, np.ndarray]]:
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


class PreviewState:
    """Feed it the trainer's messages and key presses, from any thread; show its `snapshot`.

    No method waits for anything but another one's replacement of the snapshot.
    """

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self._lock = threading.Lock()

    def _replace(self, **changes: Any) -> None:
        """A new snapshot, to be called with the lock held. Only what the window draws counts as a
        change of its picture."""
        old = self.snapshot
        is_picture = any(name in ('shown', 'selected', 'range') for name in changes)
        self.snapshot = old._replace(version=old.version + 1,
                                     picture_version=old.picture_version + is_picture, **changes)

    def receive(self, message: Dict[str, Any]) -> None:
        """Take a `show` message: previews, and of a training run also iter and loss_history."""
        previews = fit_previews(message.get('previews') or ())     # takes a while: no lock held
        with self._lock:
            if not previews:
                self._replace(is_waiting=False)
                return
            old = self.snapshot
            self._replace(is_waiting=False, shown=old.shown + 1, previews=tuple(previews),
                          loss_history=message.get('loss_history'), iter=message.get('iter', 0),
                          selected=old.selected % len(previews))

    def press(self, key: str) -> Optional[str]:
        """Handle a key; return the operation to send to the trainer: close, save, backup, preview
        or None."""
        op = KEY_OPS.get(key)
        with self._lock:
            now = self.snapshot
            if op == 'preview':
                if now.is_waiting:
                    return None
                self._replace(is_waiting=True)
            elif op == 'close':
                self._replace(is_closing=True)
            elif op == 'range':
                place = HISTORY_RANGES.index(now.range) + 1
                self._replace(range=HISTORY_RANGES[place % len(HISTORY_RANGES)])
                return None
            elif op == 'next':
                if now.previews:
                    self._replace(selected=(now.selected + 1) % len(now.previews))
                return None
        return op

    def select(self, index: int) -> None:
        """Show this preview; past the last one it goes round."""
        with self._lock:
            self._replace(selected=index % max(1, len(self.snapshot.previews)))

    def choose_range(self, count: int) -> None:
        """Show the last `count` iterations in the chart; ValueError: not one of HISTORY_RANGES."""
        if count not in HISTORY_RANGES:
            raise ValueError('%d is not one of %s' % (count, HISTORY_RANGES))
        with self._lock:
            self._replace(range=count)

    def report(self, **fields: Any) -> None:
        """Set what the trainer tells besides its messages: fields of `Snapshot` from model_name
        on."""
        with self._lock:
            self._replace(**fields)

    def report_warning(self, text: str) -> None:
        """A listener of the log's error lines."""
        with self._lock:
            self._replace(warning=text, warning_iter=self.snapshot.iteration)

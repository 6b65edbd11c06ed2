"""Preview history: pictures of a fixed sample over time, written by a child process (spec 20
section 8).

The trainer posts finished float pictures and, of the loss history, only the columns that the chart
of each width needs; the child stacks chart and picture and writes the files. It never imports
TensorFlow.
"""
import queue
import threading
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from core import persist
from core.cv2ex import cv2_encode
from core.imagelib.common import to_uint8
from core.interact import interact as io
from core.joblib.worker_process import WorkerProcess

from .loss_chart import LossColumns, draw_loss_chart, reduce_loss_history, to_loss_array

CLOSE_TIMEOUT_SEC = 30.0

# image float HxWxC BGR 0..1, file path
PreviewItem = Tuple[np.ndarray, str]


class LossTail:
    """The loss history as an array that grows with the list, so that a post converts only new
    entries."""

    def __init__(self) -> None:
        self._array = np.zeros((0, 0), np.float64)

    def update(self, loss_history: Sequence[Sequence[float]]) -> np.ndarray:
        """Return (n, k) float64; the list may have been cut or replaced since the last call."""
        known = len(self._array)
        grown = (0 < known <= len(loss_history)
                 and np.array_equal(self._array[-1], loss_history[known - 1])
                 and np.array_equal(self._array[0], loss_history[0]))
        if grown:
            tail = to_loss_array(loss_history[known:])
            if len(tail) == 0:
                return self._array
            if tail.shape[1] == self._array.shape[1]:
                self._array = np.concatenate([self._array, tail])
                return self._array
        self._array = to_loss_array(loss_history)
        return self._array


def compose_history_picture(image: np.ndarray, losses: LossColumns, iteration: int) -> np.ndarray:
    """Stack the loss chart above the preview: float HxWxC 0..1 -> uint8 (100+H)xWxC.

    Clipped before the conversion; the text that is added to the chart would wrap around otherwise.
    """
    if image.ndim == 2:
        image = image[..., None]
    chart = draw_loss_chart(losses, iteration, image.shape[-1])
    picture = np.concatenate([chart, image], axis=0)
    return to_uint8(picture)


def write_history_pictures(items: Sequence[PreviewItem], losses: Dict[int, LossColumns],
                           iteration: int) -> None:
    """Write every item with the chart of its width; parent folders are created. JPEG by file
    extension."""
    for image, path in items:
        filepath = Path(path)
        filepath.parent.mkdir(parents=True, exist_ok=True)
        picture = compose_history_picture(image, losses[image.shape[1]], iteration)
        persist.write_bytes(filepath, cv2_encode(filepath.suffix, picture))


def run_history_writer(conn: Any) -> None:
    """Worker process: serve requests until None arrives; answer each with None or what failed."""
    while True:
        request = conn.recv()
        if request is None:
            return
        try:
            write_history_pictures(*request)
        except Exception as error:  # noqa: BLE001 training must not stop for a picture
            conn.send('%s: %s' % (type(error).__name__, error))
        else:
            conn.send(None)


class PreviewHistoryWriter:
    """Owner of the writing worker. `post` never waits for the disk: a thread hands the pictures on.

    The worker ends with this process, however that ends.
    """

    def __init__(self) -> None:
        self.requests: 'queue.Queue[Any]' = queue.Queue()
        self.errors: 'queue.Queue[str]' = queue.Queue()
        self.tail = LossTail()
        self.worker = WorkerProcess('preview history writer', run_history_writer)
        self.worker.start()
        self.thread = threading.Thread(target=self._hand_on, name='preview history', daemon=True)
        self.thread.start()

    def post(self, plist: List[PreviewItem], loss_history: Sequence[Sequence[float]],
             iter: int) -> None:
        """Queue pictures: plist = [(float HxWxC BGR 0..1, path)]. Errors of earlier posts are
        logged here."""
        self.report_errors()
        if not self.thread.is_alive():
            return
        losses = self.tail.update(loss_history)
        widths = {image.shape[1] for image, _ in plist}
        columns = {width: reduce_loss_history(losses, width) for width in widths}
        items = [(image, str(path)) for image, path in plist]
        self.requests.put((items, columns, iter))

    def _hand_on(self) -> None:
        """Thread: one request at a time to the worker, until None has been handed on."""
        try:
            while True:
                request = self.requests.get()
                self.worker.conn.send(request)
                if request is None:
                    return
                error = self.worker.conn.recv()
                if error is not None:
                    self.errors.put('A preview picture could not be written: %s' % error)
        except (EOFError, OSError):
            self.errors.put('%s No more preview pictures are written until training is started '
                            'again.' % self.worker.make_death_error().what)

    def report_errors(self) -> None:
        while not self.errors.empty():
            io.log_err(self.errors.get())

    def close(self) -> None:
        """Write what is queued and end the worker; one that hangs is ended after 30 s, with a
        message."""
        self.requests.put(None)
        self.thread.join(CLOSE_TIMEOUT_SEC)
        if self.thread.is_alive():
            io.log_err('The preview history writer did not finish within %d s and is ended.'
                       % CLOSE_TIMEOUT_SEC)
        else:
            self.worker.process.join(CLOSE_TIMEOUT_SEC)
        self.worker.kill()
        self.report_errors()

    # it must be possible to spawn objects that hold a writer
    def __getstate__(self) -> Dict[str, Any]:
        return dict()

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)

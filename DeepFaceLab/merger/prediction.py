"""Predictions of all workers in one place: batched, ahead of the compositing, remembered.

A worker has several frames under way (merger/frame_worker.py); each that needs a prediction waits
for it while another one is composited. The main process collects what waits and predicts it
together. Arrays travel through shared memory.
"""
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from core.errors import UserError
from core.interact import interact as io
from core.joblib.MPFunc import FAILED, MPFunc, describe_failure, make_failure
from core.mplib.array_slots import ITEM

from .networks import ResultCache, make_input_key

IDLE = 'idle'           # message kind: the worker has nothing to composite until it is answered
MAX_UNDER_WAY = 16      # predictions of one worker that may be waited for
MAX_FAILURES = 3        # predictions that fail before a single one has succeeded

Prediction = Tuple[np.ndarray, np.ndarray, np.ndarray]


def find_batch_predictor(predictor_func: Callable) -> Optional[Callable]:
    """The batched form of a model's predictor, or None.

    A predictor takes one face (S,S,C) and gives (bgr (S,S,C), mask (S,S), mask (S,S)). A model may
    also have `predict_batch(faces)`, (N,S,S,C) -> the same three with a leading N: an attribute of
    the function, or a method of the class that defines the predictor. One that a subclass has
    inherited beside a predictor of its own does not count: it would predict something else.
    """
    own = getattr(predictor_func, 'predict_batch', None)
    if own is not None:
        return own
    model = getattr(predictor_func, '__self__', None)
    for cls in type(model).__mro__:
        if getattr(predictor_func, '__name__', None) in vars(cls):
            return model.predict_batch if 'predict_batch' in vars(cls) else None
    return None


class _Request:
    """A face that waits in the main process."""

    def __init__(self, client: Any, slot: int, args: tuple, kwargs: dict) -> None:
        self.client = client
        self.slot = slot
        self.args = args
        self.kwargs = kwargs

    def is_plain(self) -> bool:
        """Whether it may be part of a batch: one picture and no further argument (the morph
        factor of some forks)."""
        return len(self.args) == 1 and not self.kwargs and isinstance(self.args[0], np.ndarray)

    def make_key(self) -> bytes:
        return make_input_key(self.args, self.kwargs)


class PredictionServer(MPFunc):
    """`MPFunc` for a model's predictor that answers many waiting calls with one run.

    In the main process. In a worker, where unpickling gives the other side, `open` comes first;
    then any thread may call it, up to `MAX_UNDER_WAY` at a time. EOFError when the main process has
    ended.

    :ivar user_error: why predicting cannot work at all, None otherwise.
    :ivar counts: faces predicted, runs, faces taken from the cache.
    """

    slots_count = MAX_UNDER_WAY

    def __init__(self, predictor_func: Callable, batch_size: int = 1, is_padded: bool = False,
                 has_cache: bool = False) -> None:
        """
        :param batch_size: faces in one run, at most; 1 where the model has no batched predictor.
        :param is_padded: every run has `batch_size` faces, the last one repeated where fewer wait.
            A face's result then does not depend on what else waited (TensorFlow sums in an order
            that follows the size of the batch): the same frames give the same bytes. A run waits
            until that many are there or a worker has nothing else to do.
        :param has_cache: remember predictions, for settings that are edited.
        """
        super(PredictionServer, self).__init__(predictor_func)
        self.predict_batch = find_batch_predictor(predictor_func)
        self.batch_size = batch_size if self.predict_batch is not None else 1
        self.is_padded = is_padded
        self.user_error: Optional[UserError] = None
        self.counts = {'faces': 0, 'runs': 0, 'cached': 0}
        self._cache = ResultCache() if has_cache else None
        self._waiting: List[_Request] = []
        self._idle_clients: set = set()
        self._failures = 0

    # In the main process

    def _process_messages(self) -> None:
        self._collect()
        while self._is_due():
            self._run_batch()
            self._collect()

    def _collect(self) -> None:
        """Take every message that has come."""
        while True:
            ready = self._find_ready()
            if not ready:
                return
            for client in ready:
                try:
                    self._take(client, self._receive(client))
                except (EOFError, OSError):
                    self._forget(client)
                    self._waiting = [r for r in self._waiting if r.client is not client]

    def _take(self, client: Any, message: tuple) -> None:
        if message[0] == IDLE:
            self._idle_clients.add(client)
            return
        if message[0] != ITEM:
            raise EOFError("Unknown message %r." % (message[0],))
        request = _Request(client, message[1], *message[2])
        known = None if self._cache is None else self._cache.get(request.make_key())
        if known is None:
            self._waiting.append(request)
        else:
            self.counts['cached'] += 1
            self._send(request, known)

    def _is_due(self) -> bool:
        if not self._waiting:
            return False
        return (not self.is_padded or len(self._waiting) >= self.batch_size
                or not self._waiting[0].is_plain()
                or any(request.client in self._idle_clients for request in self._waiting))

    def _run_batch(self) -> None:
        """Predict what waits longest, as much as fits together."""
        first = self._waiting[0]
        batch = [first]
        if first.is_plain() and self.batch_size > 1:
            batch = [request for request in self._waiting if request.is_plain()
                     and request.args[0].shape == first.args[0].shape][:self.batch_size]
        self._waiting = [request for request in self._waiting if request not in batch]
        if self.batch_size > 1 and first.is_plain():
            results = self._predict_together(batch)
            if results is not None:
                for request, result in zip(batch, results):
                    self._finish(request, result)
                return
        for request in batch:
            self._predict_one(request)

    def _predict_together(self, batch: List[_Request]) -> Optional[List[Prediction]]:
        """Results of one run, None when it failed: from then on faces are predicted singly."""
        faces = [request.args[0] for request in batch]
        if self.is_padded:
            faces += faces[-1:] * (self.batch_size - len(faces))
        try:
            outputs = self.predict_batch(np.stack(faces))
            self.counts['runs'] += 1
            return [tuple(output[i] for output in outputs) for i in range(len(batch))]
        except Exception as error:  # noqa: BLE001 any model, any device; each face is tried alone
            io.log_err('%d faces cannot be predicted together (%s: %s); from here on one at a '
                       'time.' % (len(faces), type(error).__name__, str(error)[:300]))
            self.batch_size = 1
            return None

    def _predict_one(self, request: _Request) -> None:
        try:
            result = self.func(*request.args, **request.kwargs)
            self.counts['runs'] += 1
        except Exception as error:  # noqa: BLE001 belongs to the worker that asked
            self._fail(request, error)
        else:
            self._finish(request, result)

    def _fail(self, request: _Request, error: Exception) -> None:
        self._failures += 1
        if isinstance(error, UserError):
            self.user_error = error
        elif self._failures >= MAX_FAILURES and self.counts['faces'] == 0:
            self.user_error = UserError(
                'The model cannot predict a face (%s: %s).' % (type(error).__name__, error),
                ['If the memory of the GPU is short, close other programs that use it, or merge '
                 'with --cpu-only.'])
        try:
            request.client.conn.send((FAILED, request.slot, describe_failure(error)))
        except OSError:
            self._forget(request.client)

    def _finish(self, request: _Request, result: Prediction) -> None:
        self.counts['faces'] += 1
        if self._cache is not None:
            self._cache.put(request.make_key(), result)
        self._send(request, result)

    def _send(self, request: _Request, result: Prediction) -> None:
        self._idle_clients.discard(request.client)
        try:
            request.client.writer.send(result, request.slot)
        except OSError:
            self._forget(request.client)

    # In a worker

    def open(self, has_work: Callable[[], bool]) -> None:
        """Worker: begin to listen for answers.

        :param has_work: whether something is being composited, or can be, without an answer.
        """
        self._has_work = has_work
        self._lock = threading.Lock()
        self._free = list(range(self.slots_count))
        self._events: Dict[int, threading.Event] = {}
        self._answers: Dict[int, tuple] = {}
        self._is_ended = False
        threading.Thread(target=self._listen, daemon=True).start()

    def tell_idle(self) -> None:
        """Worker: something has been composited; the main process is told if nothing else can be
        before its next answer."""
        with self._lock:
            self._tell_idle()

    def _tell_idle(self) -> None:
        if self._events and not self._has_work():
            self._channel.conn.send((IDLE,))

    def __call__(self, *args: Any, **kwargs: Any) -> Prediction:
        if self.func is not None:
            return self.func(*args, **kwargs)
        event = threading.Event()
        with self._lock:
            if self._is_ended:
                raise EOFError('The main process has ended.')
            slot = self._free.pop()
            self._events[slot] = event
            self._channel.writer.send((args, kwargs), slot)
            self._tell_idle()
        event.wait()
        with self._lock:
            message = self._answers.pop(slot, None)
            self._free.append(slot)
        if message is None:
            raise EOFError('The main process has ended.')
        if message[0] == FAILED:
            raise make_failure(message[2])
        return message[2]

    def _listen(self) -> None:
        """Thread of a worker: hand every answer to the thread that waits for it."""
        try:
            while True:
                message = self._channel.reader.receive()
                with self._lock:
                    self._answers[message[1]] = message
                    self._events.pop(message[1]).set()
        except (EOFError, OSError):
            with self._lock:
                self._is_ended = True
                for event in self._events.values():
                    event.set()
                self._events.clear()

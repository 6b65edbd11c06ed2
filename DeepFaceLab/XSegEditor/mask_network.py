"""Masks of single faces by a trained XSeg network, computed beside the editor: the window asks and
looks for answers, and never waits."""
import queue
import threading
import time
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional

import numpy as np

from core import options
from core.errors import UserError
from core.joblib.worker_error import WorkerError
from core.joblib.worker_process import ERROR, WorkerProcess
from core.joblib.worker_watch import WorkerWatch
from core.process_options import WORKER_INIT_TIMEOUT, WORKER_START_TIMEOUT, get_setting

from .mask_server import APPLY_REMEDY, FAILED, REFUSED, serve_masks

WEIGHTS_NAME = "XSeg_256.npy"
GENERIC_FOLDER = "model_generic_xseg"   # beside the tree in an install: a ready whole-face network
POLL_SEC = 0.1          # between two looks whether the editor was closed
CLOSE_SEC = 10.0        # for the end of the process then, which takes a moment
IDLE_SEC = 600.0        # without work, after which the network's memory is given back

IDLE, LOADING, COMPUTING = "", "loading", "computing"

Answer = NamedTuple("Answer", [
    ("path", Path),                     # the face that was asked for
    ("mask", Optional[np.ndarray]),     # (256, 256) float32, 0 or 1; None: see `error`
    ("error", Optional[UserError])])


def find_model_folder(faces: Path) -> Optional[Path]:
    """The folder of a trained XSeg network where none is given: that of the workspace the faces are
    in, `<workspace>/model`, else the ready one of an install. None: there is neither."""
    import core

    tree = Path(core.__file__).resolve().parent.parent
    workspace = faces.absolute().parent.parent
    for folder in (workspace / "model", tree.parent / GENERIC_FOLDER):
        if (folder / WEIGHTS_NAME).is_file():
            return folder
    return None


class MaskNetwork:
    """One process with the network, started with the first face that is asked for. After a failure
    the next face starts it anew. A thread speaks with it.

    `state`: IDLE, LOADING or COMPUTING; `path`: the face it is about.
    """

    def __init__(self, folder: Optional[Path], serve: Callable = serve_masks,
                 idle_sec: float = IDLE_SEC) -> None:
        """folder: of the model; None: `ask` says what is missing. serve: what the process runs."""
        self.folder = folder
        self._serve, self._idle_sec = serve, idle_sec
        self._change = threading.Condition()
        self._wanted: Optional[Path] = None
        self._is_closed = False
        self._thread: Optional[threading.Thread] = None
        self._worker: Optional[WorkerProcess] = None
        self._answers: "queue.Queue" = queue.Queue()
        self._asked_keys: List[str] = []    # of --set and --answers, by the process
        self.state = IDLE
        self.path: Optional[Path] = None
        self._since = 0.0

    @property
    def seconds(self) -> int:
        """How long the present state lasts."""
        return int(time.monotonic() - self._since)

    @property
    def pid(self) -> Optional[int]:
        """Of the process, None while there is none."""
        worker = self._worker
        return None if worker is None or worker.process is None else worker.process.pid

    def ask(self, path: Path) -> None:
        """Have the mask of a face computed. A face that is waiting is forgotten for it. UserError
        where no network is known."""
        if self.folder is None:
            raise UserError("This face has no trained mask, and there is no XSeg network.", [
                "start the editor with --model-dir and the folder of an XSeg model",
                APPLY_REMEDY])
        if not (self.folder / WEIGHTS_NAME).is_file():
            raise UserError("There is no trained XSeg network: {} is missing.".format(
                self.folder / WEIGHTS_NAME), [
                "train one: main.py train --model XSeg, with this model folder",
                "or start the editor with another --model-dir"])
        with self._change:
            self._wanted = path
            if self.state == LOADING:
                self.path = path
            elif self.state == IDLE:
                self._set_state(LOADING if self._thread is None else COMPUTING, path)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._change.notify()

    def poll(self) -> Optional[Answer]:
        """The next answer, None while there is none."""
        keys, self._asked_keys = self._asked_keys, []
        for key in keys:
            options.current_sources().note_asked(key)
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._change:
            self._is_closed = True
            self._change.notify()
            worker, thread = self._worker, self._thread
        if worker is not None and thread is not None:
            thread.join(CLOSE_SEC)      # only it touches the process

    # -- in the thread, one for each process

    def _set_state(self, state: str, path: Optional[Path]) -> None:
        self.path, self.state, self._since = path, state, time.monotonic()

    def _run(self) -> None:
        worker = None
        try:
            worker = self._start()
            watch = WorkerWatch(worker)
            watch.begin("sign of being ready", get_setting(WORKER_INIT_TIMEOUT))
            self._asked_keys = self._receive(worker, watch)[1]
            while True:
                path = self._wait_for_wanted()
                if path is None:
                    return
                self._answers.put(self._compute(path, worker, watch))
                with self._change:
                    if self._wanted is None:
                        self._set_state(IDLE, None)
        except UserError as error:
            self._give_up(shorten(error))
        except Exception as error:  # noqa: BLE001 or the window would wait for ever
            self._give_up(UserError("The XSeg network cannot be used ({}: {})".format(
                type(error).__name__, error), [APPLY_REMEDY]))
        finally:
            if worker is not None:
                worker.kill()

    def _start(self) -> WorkerProcess:
        from core.leras import nn   # takes a moment to import

        nn.initialize_main_env()    # a child of its own, and a worker may have none
        sources = options.current_sources()
        worker = WorkerProcess("The XSeg network", self._serve, self.folder, sources.flags,
                               sources.answers)
        with self._change:
            if self._is_closed:
                raise UserError("The editor is closed.")
            worker.start()
            self._worker = worker
        return worker

    def _wait_for_wanted(self) -> Optional[Path]:
        """The face to compute; None: nobody has wanted one for long, or the editor is closed."""
        with self._change:
            self._change.wait_for(lambda: self._wanted is not None or self._is_closed,
                                  self._idle_sec)
            path, self._wanted = self._wanted, None
            if self._is_closed or path is None:
                self._thread = self._worker = None      # the next face starts others
                return None
            self._set_state(COMPUTING, path)
            return path

    def _receive(self, worker: WorkerProcess, watch: WorkerWatch) -> tuple:
        """The next message; UserError for one that ends the process."""
        try:
            while not worker.conn.poll(POLL_SEC):   # Windows: fails where the process is gone
                if self._is_closed:
                    raise UserError("The editor is closed.")
                watch.check(is_waited_for=False)
            message = worker.conn.recv()
        except (EOFError, OSError):
            raise worker.make_death_error() from None
        if message[0] == ERROR:
            raise worker.make_exception_error(message)
        if message[0] == FAILED:
            raise UserError(*message[1:])
        return message

    def _compute(self, path: Path, worker: WorkerProcess, watch: WorkerWatch) -> Answer:
        """The mask of a face. UserError where the process has ended."""
        watch.begin("mask", get_setting(WORKER_START_TIMEOUT))
        try:
            worker.conn.send(path)
        except OSError:
            raise worker.make_death_error() from None
        message = self._receive(worker, watch)
        if message[0] == REFUSED:
            return Answer(path, None, UserError(*message[1:]))
        return Answer(path, message[1].astype(np.float32), None)

    def _give_up(self, error: UserError) -> None:
        """All that was asked for fails for one reason; the next face starts anew."""
        with self._change:
            path = self._wanted or self.path
            self._wanted = self._thread = self._worker = None
            if not self._is_closed:
                self._answers.put(Answer(path, None, error))
            self._set_state(IDLE, None)


def shorten(error: UserError) -> UserError:
    """A death of the process comes with remedies for workers of a training."""
    if isinstance(error, WorkerError) and error.traceback_text is None:
        return UserError(error.what, ["end other programs that use the GPU",
                                      "start the editor with --set cpu_only=y", APPLY_REMEDY])
    return error

"""Worker processes driven by a timer of Qt (spec 51 section 18)."""
import multiprocessing
from typing import Iterator, Tuple

from core.errors import UserError
from core.interact import interact as io
from core.joblib import Subprocessor

from .binding import QtCore

MAX_PROCESSES = 8


class QSubprocessor(Subprocessor):
    """As `core.joblib.Subprocessor`, but nobody waits in `run`: the constructor starts the workers
    and waits until they are ready; from then on a timer calls `tick` until all is done."""

    def __init__(self, name: str, SubprocessorCli_class: type, no_response_time_sec: float = 0,
                 io_loop_sleep_time: float = 0.005) -> None:
        """io_loop_sleep_time: seconds between two ticks. UserError when no worker starts."""
        super().__init__(name, SubprocessorCli_class, no_response_time_sec, io_loop_sleep_time)
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self.tick)
        self.is_finished = False
        try:
            self._start_workers()
        except BaseException:
            self._end_workers()
            raise
        self.on_clients_initialized()
        self.io_loop_sleep_time = 0.0   # of a tick itself: the window is waiting
        self._timer.start(max(1, int(io_loop_sleep_time * 1000)))

    def process_info_generator(self) -> Iterator[Tuple[str, dict, dict]]:
        for number in range(min(multiprocessing.cpu_count(), MAX_PROCESSES)):
            yield "CPU%d" % number, {}, {}

    def run(self) -> None:
        raise NotImplementedError("A QSubprocessor runs by itself.")

    def tick(self) -> None:
        """Collect results, hand out work; at the end `on_clients_finalized`. What stops the whole
        run is printed."""
        if self.is_finished:
            return
        try:
            if not self._step():
                return
            self._finalize_workers()
        except UserError as error:
            io.log_err(str(error))
        except BaseException:
            self._end_workers()
            raise
        self._end_workers()
        self.on_clients_finalized()

    def _end_workers(self) -> None:
        self.is_finished = True
        self._timer.stop()
        for cli in self.clis:
            cli.kill()
        self.clis = []

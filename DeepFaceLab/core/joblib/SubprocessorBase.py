"""Many items through a set of worker processes (spec 41 section 3.1)."""
import time
from multiprocessing import connection
from typing import Dict, Iterator, List, Tuple

from core.errors import UserError
from core.interact import interact as io
from core.process_options import WORKER_INIT_TIMEOUT, get_setting

from . import SubprocessorCli
from .SubprocessorCli import STATE_BUSY, STATE_FREE, STATE_STARTING
from .worker_error import WorkerError, get_memory_remedies

MAX_ATTEMPTS = 3  # for one item, whether it raises, kills its worker or makes it stall
MAX_RESTARTS = 3  # of one worker without an item done in between
MAX_ERRORS_IN_ROW = 3  # items that fail on one worker before it is restarted: it may be broken
MAX_FAILURES_IN_ROW = 100  # of the whole run
WARM_UP = 5  # times the response time for a worker's first item (kernels are compiled then)
FINALIZE_TIMEOUT = 30.0  # s
BUSY_NOTICE = 60.0  # s on one item without a time limit
MAX_WAIT_HANDLES = 60  # Windows waits for 63 at most


def is_same_item(a, b) -> bool:
    """Whether two items are one: `get_data` may make an item again of what was returned."""
    try:
        return a is b or (type(a) is type(b) and bool(a == b))
    except Exception:  # noqa: BLE001 items are anything; arrays have no one truth
        return False


class Subprocessor:
    """Host of the workers. Override the hooks; `run()` returns `get_result()`.

    An item that raises, kills its worker or exceeds the response time goes back through
    `on_data_return` and is tried `MAX_ATTEMPTS` times in all; then it is reported, given up
    (`on_data_failed`) and the run goes on. Dead and stalled workers are replaced. When no worker is
    left while there is work to do, `run` raises a UserError: it never ends quietly with items
    undone.
    """

    SilenceException = SubprocessorCli.SilenceException
    Cli = SubprocessorCli.Cli

    def __init__(self, name: str, SubprocessorCli_class: type, no_response_time_sec: float = 0,
                 io_loop_sleep_time: float = 0.005,
                 initialize_subprocesses_in_serial: bool = False) -> None:
        """
        :param no_response_time_sec: limit for one item; 0 = none. A worker's first item gets
            five times as long.
        :param io_loop_sleep_time: longest pause of the loop in seconds.
        :param initialize_subprocesses_in_serial: start each worker when the one before is ready.
        :raises ValueError: the class is no Subprocessor.Cli.
        """
        if not issubclass(SubprocessorCli_class, Subprocessor.Cli):
            raise ValueError("%s does not derive from Subprocessor.Cli." % SubprocessorCli_class)
        self.name = name
        self.SubprocessorCli_class = SubprocessorCli_class
        self.no_response_time_sec = no_response_time_sec
        self.io_loop_sleep_time = io_loop_sleep_time
        self.initialize_subprocesses_in_serial = initialize_subprocesses_in_serial
        self.clis: List[SubprocessorCli.Cli] = []
        self.failed_data = []  # items given up
        self._attempts: List[Tuple[object, int]] = []  # (item, failures) of those that failed
        self._restarts: Dict[int, int] = {}  # slot of a worker -> restarts in a row
        self._failures_in_row = 0
        self._item_number = 0
        self._is_memory_short = False
        self._last_error = ''

    # Hooks

    def process_info_generator(self) -> Iterator[Tuple[str, dict, dict]]:
        """Yield (name, host_dict, client_dict) for each worker."""
        raise NotImplementedError

    def on_clients_initialized(self) -> None:
        """The workers are ready; nothing is handed out yet."""

    def on_clients_finalized(self) -> None:
        """All workers have ended."""

    def get_data(self, host_dict: dict):
        """The next item for this worker, None if there is none now."""
        raise NotImplementedError

    def on_data_return(self, host_dict: dict, data) -> None:
        """The worker could not process the item: put it back where `get_data` finds it.

        The item, one that equals it, or parts of it, whose attempts are then counted anew.
        """
        raise NotImplementedError

    def on_result(self, host_dict: dict, data, result) -> None:
        """An item is done."""
        raise NotImplementedError

    def on_data_failed(self, host_dict: dict, data) -> None:
        """An item is given up after its last attempt; also in `failed_data`."""

    def get_result(self):
        """What `run` returns."""
        return None

    def on_tick(self) -> bool:
        """Called once a loop; False keeps the loop alive without work."""
        return True

    def on_check_run(self) -> bool:
        """False: nothing to do, `run` returns `get_result()` at once."""
        return True

    # Run

    def run(self):
        """Process everything."""
        if not self.on_check_run():
            return self.get_result()
        try:
            self._start_workers()
            self.on_clients_initialized()
            self._loop()
            self._finalize_workers()
        finally:
            for cli in self.clis:
                cli.kill()
            self.clis = []
        self.on_clients_finalized()
        if self.failed_data:
            io.log_err("%s: %d items could not be processed." % (self.name, len(self.failed_data)))
        return self.get_result()

    def _start_workers(self) -> None:
        self._process_infos = list(self.process_info_generator())
        for slot in range(len(self._process_infos)):
            self._start_worker(slot)
            if self.initialize_subprocesses_in_serial:
                self._wait_started()
        self._wait_started()
        if not self.clis:
            raise UserError("%s: no worker process could be started. %s"
                            % (self.name, self._last_error), get_memory_remedies())

    def _start_worker(self, slot: int) -> None:
        name, host_dict, client_dict = self._process_infos[slot]
        cli = self.SubprocessorCli_class(client_dict)
        cli.name = cli.worker.name = name
        cli.host_dict = host_dict
        cli.slot = slot
        cli.sent_time = time.monotonic()
        self.clis.append(cli)

    def _wait_started(self) -> None:
        while any(cli.state == STATE_STARTING for cli in self.clis):
            self._receive_all()
            self._check_workers()
            io.process_messages(0)

    def _loop(self) -> None:
        while not self._step():
            pass

    def _step(self) -> bool:
        """One turn of the loop; True when everything is done."""
        self._receive_all()
        self._check_workers()
        if not self.clis:
            self._stop_without_workers()
        self._hand_out()
        io.process_messages(0)
        return self.on_tick() and all(cli.state == STATE_FREE for cli in self.clis)

    def _hand_out(self) -> None:
        for cli in self.clis:
            if cli.state != STATE_FREE:
                continue
            data = self.get_data(cli.host_dict)
            if data is None:
                continue
            self._item_number += 1
            cli.state, cli.sent_data, cli.item_number = STATE_BUSY, data, self._item_number
            cli.sent_time = cli.notice_time = time.monotonic()
            cli.watch.begin("result", 0)
            try:
                cli.worker.conn.send({'op': 'data', 'data': data, 'number': cli.item_number})
            except OSError:
                continue  # it has died; the next _check_workers takes the item back

    # Messages of the workers

    def _receive_all(self) -> None:
        """Wait up to the loop's pause for messages and handle all of them."""
        conns = {cli.worker.conn: cli for cli in self.clis}
        waiting = list(conns)[:MAX_WAIT_HANDLES] if len(conns) > MAX_WAIT_HANDLES else list(conns)
        if waiting:
            connection.wait(waiting, timeout=self.io_loop_sleep_time)
        for conn, cli in conns.items():
            try:
                while cli in self.clis and conn.poll(0):
                    self._handle(cli, conn.recv())
            except (EOFError, OSError):
                self._lose_worker(cli, str(cli.worker.make_death_error()))

    def _handle(self, cli, message) -> None:
        if isinstance(message, tuple):
            # Raised before the worker's own loop: its class or client_dict cannot be unpickled.
            self._drop_worker(cli, str(cli.worker.make_exception_error(message)))
            return
        op = message['op']
        if op == 'init_ok':
            cli.state = STATE_FREE
        elif op == 'success':
            self._on_success(cli, message['result'])
        elif op == 'error':
            self._on_error(cli, message)
        elif op == 'log_info':
            io.log_info(message['msg'])
        elif op == 'log_err':
            io.log_err(message['msg'])
        elif op == 'progress_bar_inc':
            io.progress_bar_inc(message['c'])

    def _on_success(self, cli, result) -> None:
        data, cli.sent_data, cli.state = cli.sent_data, None, STATE_FREE
        cli.is_first_item = False
        cli.errors_in_row = self._failures_in_row = 0
        self._restarts.pop(cli.slot, None)
        self._take_failures(data)
        self.on_result(cli.host_dict, data, result)

    def _on_error(self, cli, message: dict) -> None:
        text = message.get('err_msg')
        if text is not None:
            io.log_err(text)
            self._last_error = text
        if cli.state == STATE_STARTING:
            self._drop_worker(cli, None)
        elif text is None:
            # SilenceException: fewer workers from now on, the item is not to blame.
            self._is_memory_short = True
            data = cli.sent_data
            self.on_data_return(cli.host_dict, data)
            self._drop_worker(cli, None)
        else:
            data, cli.sent_data, cli.state = cli.sent_data, None, STATE_FREE
            if not is_same_item(data, cli.last_failed_data):
                # The same item again tells more about the item than about the worker.
                cli.errors_in_row += 1
            cli.last_failed_data = data
            self._return_data(cli.host_dict, data)
            if cli.errors_in_row >= MAX_ERRORS_IN_ROW:
                self._drop_worker(cli, None)
                self._restart_worker(cli)

    def _return_data(self, host_dict: dict, data) -> None:
        """Put a failed item back, or give it up after its last attempt."""
        failures = self._take_failures(data) + 1
        self._attempts.append((data, failures))
        self._failures_in_row += 1
        if self._failures_in_row >= MAX_FAILURES_IN_ROW:
            raise UserError("%s: %d failures in a row, the run is stopped. The last one: %s"
                            % (self.name, self._failures_in_row, self._last_error))
        if failures < MAX_ATTEMPTS:
            self.on_data_return(host_dict, data)
            return
        io.log_err("%s: an item is given up after %d attempts." % (self.name, failures))
        self._take_failures(data)
        self.failed_data.append(data)
        self.on_data_failed(host_dict, data)

    def _take_failures(self, data) -> int:
        """How often the item has failed so far; it counts from 0 again."""
        for i, (item, failures) in enumerate(self._attempts):
            if is_same_item(item, data):
                del self._attempts[i]
                return failures
        return 0

    # Workers that die or stall

    def _check_workers(self) -> None:
        now = time.monotonic()
        for cli in list(self.clis):
            if not cli.worker.is_alive() and not cli.worker.has_message():
                self._lose_worker(cli, str(cli.worker.make_death_error()))
                continue
            try:
                if cli.state != STATE_FREE:
                    cli.watch.check(is_waited_for=False)  # names it when it stands still
            except WorkerError as error:
                self._lose_worker(cli, str(error))
                continue
            if cli.state == STATE_STARTING:
                limit = get_setting(WORKER_INIT_TIMEOUT)
                if limit and now - cli.sent_time > limit:
                    self._drop_worker(cli, str(cli.worker.make_stall_error(
                        now - cli.sent_time, "sign of being ready")))
            elif cli.state == STATE_BUSY:
                self._check_response(cli, now)

    def _check_response(self, cli, now: float) -> None:
        limit = self.no_response_time_sec * (WARM_UP if cli.is_first_item else 1)
        if limit and now - cli.sent_time > limit:
            self._lose_worker(cli, str(cli.worker.make_stall_error(
                now - cli.sent_time, "result")))
        elif not limit and now - cli.notice_time > BUSY_NOTICE:
            cli.notice_time = now
            io.log_info("%s has been busy with one item for %d s."
                        % (cli.worker.describe(), now - cli.sent_time))

    def _drop_worker(self, cli, text) -> None:
        """Take a worker out of the run."""
        if text is not None:
            io.log_err(text)
            self._last_error = text
        cli.kill()
        if cli in self.clis:
            self.clis.remove(cli)

    def _lose_worker(self, cli, text: str) -> None:
        """A worker has died or stalled: its item goes back and another worker takes its place."""
        state, data = cli.state, cli.sent_data
        self._drop_worker(cli, text)
        if state == STATE_STARTING:
            return
        if state == STATE_BUSY:
            self._return_data(cli.host_dict, data)
        self._restart_worker(cli)

    def _restart_worker(self, cli) -> None:
        restarts = self._restarts.get(cli.slot, 0) + 1
        self._restarts[cli.slot] = restarts
        if restarts <= MAX_RESTARTS:
            io.log_info("%s: %s is started again." % (self.name, cli.name))
            self._start_worker(cli.slot)

    def _stop_without_workers(self) -> None:
        """No worker is left: fine if nothing is to be done, an error otherwise."""
        host_dict = self._process_infos[0][1]
        data = self.get_data(host_dict)
        if data is None:
            return
        self.on_data_return(host_dict, data)
        if self._is_memory_short:
            raise UserError("%s: there is not enough memory for a single worker."
                            % self.name, get_memory_remedies())
        raise UserError("%s: all worker processes have ended with items left. %s"
                        % (self.name, self._last_error), get_memory_remedies())

    def _finalize_workers(self) -> None:
        """Ask the workers to finish and wait for it."""
        for cli in self.clis:
            try:
                cli.worker.conn.send({'op': 'close'})
            except OSError:
                continue  # has ended already
        deadline = time.monotonic() + FINALIZE_TIMEOUT
        for cli in self.clis:
            try:
                while cli.worker.conn.poll(max(0.0, deadline - time.monotonic())):
                    message = cli.worker.conn.recv()
                    if isinstance(message, dict) and message['op'] == 'finalized':
                        break
                    self._handle(cli, message)
            except (EOFError, OSError):
                continue

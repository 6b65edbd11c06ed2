"""Worker side of Subprocessor (spec 41 section 3.1)."""
import threading
import traceback

from core.errors import UserError

from .worker_error import get_remedies
from .worker_process import WorkerProcess
from .worker_watch import WorkerWatch

STATE_STARTING, STATE_FREE, STATE_BUSY = 0, 1, 2


class SilenceException(Exception):
    """Raised in `process_data`: this worker ends without a traceback, its item goes back."""


class Cli:
    """One worker. Override `on_initialize`, `on_finalize`, `process_data`, `get_data_name`.

    The constructor runs in the host and starts the process. In the process a new object without
    any state of the host's runs: it has class attributes and what `on_initialize` sets.
    """

    def __init__(self, client_dict: dict) -> None:
        """:param client_dict: picklable while spawning (locks, queues and MPFunc may be in it)."""
        self.worker = WorkerProcess(type(self).__name__, _run_client, type(self), client_dict)
        self.worker.start()
        self.p = self.worker.process
        self.watch = WorkerWatch(self.worker)
        self.watch.begin("sign of being ready", 0)  # the limits are the host's
        # Book-keeping of the host.
        self.name = None
        self.host_dict = None
        self.slot = None
        self.state = STATE_STARTING
        self.sent_time = 0.0
        self.sent_data = None
        self.item_number = 0  # of the item being processed; echoed instead of the item
        self.errors_in_row = 0
        self.last_failed_data = None
        self.is_first_item = True

    def __getstate__(self) -> dict:
        return {}

    # Overridable, in the worker

    def on_initialize(self, client_dict: dict) -> None:
        """Prepare the worker; an exception here takes the worker out of the run."""

    def on_finalize(self) -> None:
        """Clean up before the process ends."""

    def process_data(self, data):
        """Process one item of the host's `get_data`; the result goes to its `on_result`."""
        raise NotImplementedError

    def get_data_name(self, data) -> str:
        """What messages call the item."""
        return "undefined"

    # Helpers, in the worker

    def log_info(self, msg) -> None:
        """Print a line in the host."""
        self._send({'op': 'log_info', 'msg': msg})

    def log_err(self, msg) -> None:
        """Print an error line in the host."""
        self._send({'op': 'log_err', 'msg': msg})

    def progress_bar_inc(self, c: int) -> None:
        """Move the host's progress bar."""
        self._send({'op': 'progress_bar_inc', 'c': c})

    # In the host

    def kill(self) -> None:
        """End the process now."""
        self.worker.kill()

    def _send(self, message: dict) -> None:
        with self._send_lock:
            self._conn.send(message)

    def _subprocess_run(self, client_dict: dict, conn) -> None:
        """Life of the worker process."""
        self._conn = conn
        self._send_lock = threading.Lock()
        try:
            self.on_initialize(client_dict)
            self._send({'op': 'init_ok'})
        except SilenceException:
            self._send({'op': 'error'})
            return
        except Exception as error:  # noqa: BLE001 reported by the host
            self._send({'op': 'error', 'err_msg': describe_error(error, "initialization")})
            return
        while True:
            message = conn.recv()
            if message['op'] == 'close':
                break
            if not self._process(message['number'], message['data']):
                return
        self.on_finalize()
        self._send({'op': 'finalized'})

    def _process(self, number: int, data) -> bool:
        """Process an item and report. False if this worker has to end."""
        try:
            result = self.process_data(data)
        except SilenceException:
            self._send({'op': 'error', 'number': number})
            return False
        except Exception as error:  # noqa: BLE001 reported by the host, which decides about the item
            text = describe_error(error, self._get_name(data))
            self._send({'op': 'error', 'number': number, 'err_msg': text})
            return True
        self._send({'op': 'success', 'number': number, 'result': result})
        return True

    def _get_name(self, data) -> str:
        try:
            return str(self.get_data_name(data))
        except Exception:  # noqa: BLE001 a second error must not hide the first
            return "an item without a name:\n%s" % traceback.format_exc()


def _run_client(conn, cli_class: type, client_dict: dict) -> None:
    """Main function of the worker process."""
    cli = cli_class.__new__(cli_class)
    try:
        cli._subprocess_run(client_dict, conn)
    except EOFError:
        return  # the host is gone or has closed this worker


def describe_error(error: BaseException, name: str) -> str:
    """Text of an exception for the host: expected failures without a traceback."""
    if isinstance(error, UserError):
        return "%s: %s" % (name, error)
    remedies = ''.join("\n  - " + remedy for remedy in get_remedies(error))
    return "Exception while processing %s:\n%s%s" % (name, traceback.format_exc(), remedies)

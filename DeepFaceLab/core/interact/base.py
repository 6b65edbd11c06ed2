"""What every backend shares: the parts of `io` put together."""
import threading
import time
from typing import Callable, Dict, List

from .console import ConsoleMixin, yn_str
from .progress import ProgressMixin
from .windows import WindowsMixin

__all__ = ['InteractBase', 'yn_str']


class InteractBase(ConsoleMixin, ProgressMixin, WindowsMixin):
    """Base of the backends.

    Every method may be replaced on the object (`io.input_int = ...`): callers and the other
    methods look names up on the object at call time.

    A backend overrides the hooks `is_support_windows`, `is_colab`, `on_destroy_all_windows`,
    `on_create_window`, `on_destroy_window`, `on_show_image`, `on_capture_mouse`,
    `on_capture_keys`, `on_process_messages` and `on_wait_any_key`.
    """

    def __init__(self) -> None:
        self.init_progress()
        self.init_windows()
        self.error_log_line_prefix = '/!\\ '
        # thread id -> functions called by process_messages in that thread
        self.process_messages_callbacks: Dict[int, List[Callable[[], None]]] = {}

    def is_colab(self) -> bool:
        """True inside a Colab notebook."""
        return False

    def add_process_messages_callback(self, func: Callable[[], None]) -> None:
        """Call `func()` in every `process_messages` of the calling thread, from now on."""
        self.process_messages_callbacks.setdefault(threading.get_ident(), []).append(func)

    def process_messages(self, sleep_time: float = 0) -> None:
        """One turn of the caller's loop: its callbacks, then window events for `sleep_time` s."""
        # A copy: a callback may add another one.
        for func in list(self.process_messages_callbacks.get(threading.get_ident(), ())):
            func()
        self.on_process_messages(sleep_time)

    def on_process_messages(self, sleep_time: float = 0) -> None:
        """Backend hook: wait `sleep_time` seconds and collect window events."""
        time.sleep(sleep_time)

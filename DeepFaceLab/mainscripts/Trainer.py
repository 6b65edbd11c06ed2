"""The verb `train`: the trainer thread, and the window or headless loop of the main thread (spec
20 section 13).

The model, the TensorFlow session and all prompts live in the trainer thread, windows in the main
thread. Two queues connect them: `s2c` window -> trainer, `c2s` trainer -> window.
"""
# The imports are also the names that `--execute-program` code finds (spec 20 section 13.3).
import itertools  # noqa: F401
import os  # noqa: F401
import queue
import signal
import sys  # noqa: F401
import threading
import time  # noqa: F401
import traceback
from pathlib import Path  # noqa: F401
from typing import Any, Dict, List, Optional

import cv2  # noqa: F401
import numpy as np  # noqa: F401

import models  # noqa: F401
from core import imagelib, pathex  # noqa: F401
from core.errors import UserError
from core.interact import interact as io
from core.package_errors import explain_import_error
from core.process_options import FORCE_DEVICES, get_setting
from models.common_options import (EXIT_AT_TARGET, SAVE_INTERVAL_MIN, STATUS_FILE,
                                   STATUS_FILE_MB, STATUS_INTERVAL_SEC, WEB, get_trainer_option)
from models.memory_plan import report
from models.plugin_errors import explain_plugin_error

from .preview_state import PreviewState
from .preview_window import WINDOW_NAME, PreviewWindow, ShownWindow
from .status_file import StatusFile
from .training_loop import TrainingLoop
from .web_page.page import TrainingPage

POLL_SEC = 0.1
WINDOW_POLL_SEC = 0.03      # a preview that is dragged follows the mouse

# What to change when the GPU or the computer runs out of memory, the cheapest loss of quality
# first.
MEMORY_REMEDIES = [
    'lower the batch size', 'choose AdaBelief off (RMSprop keeps half as much per weight)',
    'place models and optimizer on the CPU (models_opt_on_gpu off): slower, less GPU memory',
    'start a model with lower dims or a lower resolution', 'close other programs that use the GPU'
]


def trainerThread(s2c: 'queue.Queue[Any]', c2s: 'queue.Queue[Any]', e: threading.Event,
                  model_class_name: Optional[str] = None, saved_models_path: Optional[Path] = None,
                  training_data_src_path: Optional[Path] = None,
                  training_data_dst_path: Optional[Path] = None,
                  pretraining_data_path: Optional[Path] = None,
                  pretrained_model_path: Optional[Path] = None, no_preview: bool = False,
                  force_model_name: Optional[str] = None,
                  force_gpu_idxs: Optional[List[int]] = None, cpu_only: Optional[bool] = None,
                  silent_start: bool = False, execute_programs: Optional[List[Any]] = None,
                  debug: bool = False, **kwargs: Any) -> None:
    """Train until `s2c` says close. Sets `e` when there is something to show or nothing more to
    wait for. `status_file`, `dry_run`, `exit_at_target` and `preview_state` are keywords too.

    The last message in `c2s` is `{'op': 'close', 'error': exception or None}`. An exception saves
    nothing.
    """
    parameters = dict(locals())
    error: Optional[UserError] = None
    loop: Optional[TrainingLoop] = None
    status = StatusFile(None, 0, 1)
    state = kwargs.pop('preview_state', None) or PreviewState()
    try:
        status = open_status_file(kwargs)
        io.error_listeners += [status.write_warning, state.report_warning]
        exit_at_target = kwargs.pop('exit_at_target', get_trainer_option(EXIT_AT_TARGET))
        loop = TrainingLoop(parameters, globals(), get_trainer_option(SAVE_INTERVAL_MIN),
                            exit_at_target, status, state)
        loop.run()
    except models.DryRunFinished:
        io.log_info('\nDry run: training would use this. Nothing was written.')
    except UserError as exception:
        error = exception
    except Exception as exception:  # noqa: BLE001 handed to the main thread, which ends with an exit code
        stop_listening(status, state)       # it is reported as the error that it is
        error = explain_plugin_error(exception) or explain_import_error(exception)
        if error is None:
            io.log_err('Error: %s' % exception)
            traceback.print_exc()
            error = describe_failure(exception, getattr(loop, 'model', None))
    finally:
        stop_listening(status, state)
        if error is not None:
            status.write('error', message=error.what, remedies=error.remedies)
            status.write('end', reason='error')
        c2s.put({'op': 'close', 'error': error})
        e.set()


def open_status_file(keywords: Dict[str, Any]) -> StatusFile:
    """The status file that keyword or option ask for, none for a dry run; takes the keyword."""
    path = keywords.pop('status_file', None) or get_trainer_option(STATUS_FILE)
    return StatusFile(None if keywords.get('dry_run', False) else path,
                      get_trainer_option(STATUS_INTERVAL_SEC), get_trainer_option(STATUS_FILE_MB))


def stop_listening(status: StatusFile, state: PreviewState) -> None:
    for listener in (status.write_warning, state.report_warning):
        if listener in io.error_listeners:
            io.error_listeners.remove(listener)


def describe_failure(exception: BaseException, model: Any = None) -> UserError:
    """What the user can do about an exception of the trainer thread. model: what it trained, None
    when it had not come to that."""
    if type(exception).__name__ == 'ResourceExhaustedError' or isinstance(exception, MemoryError):
        return UserError('Training stopped: out of memory. Nothing was saved since the last save.',
                         list_memory_remedies(model))
    stated = ['force_devices (force_gpu_data) states the GPU, nobody has looked for it: leave that '
              'away where there is none, and train with --cpu-only']
    return UserError(
        'Training stopped by an error (%s). Nothing was saved since the last save.'
        % type(exception).__name__, (stated if get_setting(FORCE_DEVICES) else []) + [
            'the lines above say where it happened',
            '`main.py doctor` tells whether TensorFlow, GPU and driver fit each other',
            'start again: training goes on from the last save'
        ])


def list_memory_remedies(model: Any) -> List[str]:
    """What would have spared how much, from the plan of the model; general advice where there is
    no plan."""
    if model is None or model.plan_placement() is None:
        return MEMORY_REMEDIES
    io.log_info('Looking for what would spare memory ...')
    try:
        found = report.make_report(model)
    except Exception as exception:  # noqa: BLE001 it is reported, and training has failed already
        io.log_err('The memory could not be planned: %s' % exception)
        return MEMORY_REMEDIES
    for line in report.describe(found):
        io.log_info(line)
    return report.list_remedies(found) + MEMORY_REMEDIES[-1:]


def main(**kwargs: Any) -> None:
    """Train a model; keyword arguments are those of `trainerThread`.

    Raises UserError when the trainer thread failed, KeyboardInterrupt when the user did not want to
    wait for the last save.
    """
    io.log_info('Training: loading the model.\r\n')
    if kwargs.get('dry_run', False):
        kwargs['no_preview'] = True
    if not kwargs.get('no_preview', False) and not io.is_support_windows():
        io.log_info('There is no screen for the preview window: training goes on without it.')
        kwargs['no_preview'] = True
    has_window = not kwargs.get('no_preview', False)
    s2c: 'queue.Queue[Any]' = queue.Queue()
    c2s: 'queue.Queue[Any]' = queue.Queue()
    e = threading.Event()
    state = kwargs['preview_state'] = PreviewState()
    page = open_page(kwargs, state, s2c)
    kwargs['no_preview'] = not has_window and page is None
    # daemon: the user must be able to end a process whose trainer waits for an answer
    thread = threading.Thread(target=trainerThread, args=(s2c, c2s, e), kwargs=kwargs,
                              name='trainer', daemon=True)
    try:
        with StopRequest(s2c, e) as stop:
            thread.start()
            while not e.wait(POLL_SEC):
                stop.poll()
                announce(page)
                # The trainer's thread may ask for a window that only this one can draw.
                io.process_messages(0)
            announce(page)
            if has_window:
                closing = run_window_loop(s2c, c2s, stop, state, name_window(kwargs))
            else:
                closing = run_headless_loop(c2s, stop, state)
            while thread.is_alive():
                stop.poll()
                thread.join(POLL_SEC)
    finally:
        if page is not None:
            page.close()
    if closing.get('error') is not None:
        raise closing['error']


def open_page(keywords: Dict[str, Any], state: PreviewState,
              s2c: 'queue.Queue[Any]') -> Optional[TrainingPage]:
    """The page that keyword or option ask for, None where nothing is trained; takes the
    keyword."""
    is_asked = keywords.pop('web', False) or get_trainer_option(WEB)
    if not is_asked or keywords.get('dry_run', False) or keywords.get('gen_snapshot', False):
        return None
    return TrainingPage(state, lambda op: s2c.put({'op': op}))


def announce(page: Optional[TrainingPage]) -> None:
    if page is not None:
        page.announce()


class StopRequest:
    """Ctrl+C, and SIGTERM of a service that stops: the first asks the trainer to save and close.
    So do Ctrl+Break, where the system has it, and a terminal that is closed, unless `nohup` was
    told to ignore that.

    The next one warns, the one after that raises KeyboardInterrupt in the main thread; before
    training has started the second already does. The signal handler only counts, `poll` acts: a
    handler that touched the queues could wait for a lock that the interrupted thread holds.
    """

    def __init__(self, s2c: 'queue.Queue[Any]', is_started: threading.Event) -> None:
        self.s2c = s2c
        self.is_started = is_started
        self.count = 0
        self.handled = 0
        self.previous: Dict[int, Any] = {}

    def __enter__(self) -> 'StopRequest':
        if threading.current_thread() is threading.main_thread():
            for number in list_stop_signals():
                self.previous[number] = signal.signal(number, self.interrupt)
        return self

    def __exit__(self, *exc_info: Any) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def interrupt(self, number: int, frame: Any) -> None:
        # a terminal that is closed may say so several times (its shell, the system), and does not
        # insist
        if number != getattr(signal, 'SIGHUP', None) or self.count == 0:
            self.count += 1

    def poll(self) -> None:
        if self.count == self.handled:
            return
        is_first = self.handled == 0
        self.handled = self.count
        if self.count >= (3 if self.is_started.is_set() else 2):
            raise KeyboardInterrupt()
        if is_first:
            io.log_info('\nStopping: the model is saved first.')
            self.s2c.put({'op': 'close'})
        else:
            io.log_info(
                '\nStill saving. Ctrl+C once more ends at once; the last complete save stays.')


def list_stop_signals() -> List[int]:
    """Signals of this system that end a training, without those that the caller has us ignore."""
    numbers = [getattr(signal, name, None) for name in ('SIGINT', 'SIGTERM', 'SIGBREAK')]
    hangup = getattr(signal, 'SIGHUP', None)
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        numbers.append(hangup)
    return [number for number in numbers if number is not None]


def take_message(c2s: 'queue.Queue[Any]') -> Optional[Dict[str, Any]]:
    try:
        return c2s.get_nowait()
    except queue.Empty:
        return None


def take_previews(state: PreviewState, message: Dict[str, Any]) -> None:
    """Put a `show` message into the state; previews of a plug-in that cannot be shown are
    reported."""
    try:
        state.receive(message)
    except Exception as error:  # noqa: BLE001 a picture must not cost what was trained since a save
        io.log_err('The previews cannot be shown, training goes on (%s: %s).'
                   % (type(error).__name__, error))
        state.report(is_waiting=False)


def run_headless_loop(c2s: 'queue.Queue[Any]', stop: StopRequest,
                      state: Optional[PreviewState] = None) -> Dict[str, Any]:
    """Put messages into the state until `close` and return it; without a state discard them."""
    while True:
        message = take_message(c2s)
        if message is not None:
            if message.get('op') == 'close':
                return message
            if state is not None:
                take_previews(state, message)
            continue
        stop.poll()
        io.process_messages(POLL_SEC)


def name_window(keywords: Dict[str, Any]) -> str:
    """What stands above the window: model and its folder (spec 60 section 9)."""
    parts = [WINDOW_NAME] + [str(keywords[name]) for name in (
        'model_class_name', 'saved_models_path') if keywords.get(name)]
    return ': '.join(parts)


def run_window_loop(s2c: 'queue.Queue[Any]', c2s: 'queue.Queue[Any]', stop: StopRequest,
                    state: Optional[PreviewState] = None,
                    title: str = WINDOW_NAME) -> Dict[str, Any]:
    """Show previews and hand keys on until `close`; return that message. A window that fails is
    closed, and the training goes on without it."""
    view = PreviewWindow(state)
    window = ShownWindow(view, title)
    window.register()
    try:
        while True:
            message = take_message(c2s)
            if message is not None:
                if message.get('op') == 'close':
                    return message
                take_previews(view.state, message)
            key = window.take_key()
            if key is not None:
                op = view.press(key)
                if op is not None:
                    s2c.put({'op': op})
            window.update()
            stop.poll()
            io.process_messages(WINDOW_POLL_SEC)
    except Exception as error:  # noqa: BLE001 a window must not cost what was trained since a save
        traceback.print_exc()
        io.log_err('The preview window failed (%s: %s). Training goes on without it; Ctrl+C saves '
                   'and ends it.' % (type(error).__name__, error))
    finally:
        io.destroy_all_windows()
    return run_headless_loop(c2s, stop, view.state)

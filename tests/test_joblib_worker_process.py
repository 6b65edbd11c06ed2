"""worker_process.py and worker_error.py: how a worker starts, what its end is called."""
import os
import pickle
import platform
import signal
import subprocess
import sys
import threading
import time

import pytest

import joblib_workers as workers
from core.errors import UserError
from core.joblib import worker_error
from core.joblib.worker_error import (WorkerError, describe_process_state, explain_exit,
                                      is_memory_error, make_report)
from core.joblib.worker_process import WorkerProcess, tell_parent
from core.joblib.worker_watch import WorkerWatch

needs_posix_signals = pytest.mark.skipif(os.name == 'nt', reason="needs POSIX signals")


@pytest.fixture
def start():
    """Function that starts a worker, which is ended after the test."""
    started = []

    def start_worker(func, *args, name='worker'):
        worker = WorkerProcess(name, func, *args)
        worker.start()
        started.append(worker)
        return worker
    yield start_worker
    for worker in started:
        worker.kill()


def wait_message(worker, limit=20, purpose="message"):
    watch = WorkerWatch(worker)
    watch.begin(purpose, limit)
    watch.wait()


def wait_end(worker):
    """The error for a worker that ends by itself, as those who read from it make it."""
    try:
        while True:
            wait_message(worker, 20, "message")
            worker.conn.recv()
    except (EOFError, OSError):
        return worker.make_death_error()
    except WorkerError as error:
        return error


def test_messages_both_ways(start):
    worker = start(workers.answer, 'hello')
    wait_message(worker)
    assert worker.conn.recv() == 'hello'
    worker.conn.send([1, 2])
    wait_message(worker)
    message, pid = worker.conn.recv()
    assert message == [1, 2] and pid == worker.process.pid != os.getpid()
    assert worker.describe() == "worker (process %d)" % pid and worker.is_alive()
    assert not worker.has_message()
    worker.kill()
    worker.kill()
    assert not worker.is_alive()


def test_before_the_start():
    worker = WorkerProcess('later', workers.answer)
    assert not worker.is_alive() and worker.describe() == "later (process None)"
    worker.kill()


def test_arguments_are_released_and_unpicklable_ones_are_the_callers_error(start):
    worker = start(workers.answer, 'hello')
    assert worker._payload is None
    broken = WorkerProcess('broken', workers.answer, threading.Lock())
    with pytest.raises((TypeError, pickle.PicklingError, AttributeError)):
        broken.start()
    assert not broken.is_alive()


def test_ctrl_c_is_the_parents(start):
    worker = start(workers.report_signals)
    wait_message(worker)
    assert worker.conn.recv() == (True, False)


INTERRUPTED_START = """
import os, signal, sys
import joblib_workers
from core.joblib.worker_process import WorkerProcess
if __name__ == '__main__':
    interrupts = []
    signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
    worker = WorkerProcess('worker', joblib_workers.answer, 'hello')
    worker.start()
    os.killpg(0, signal.SIGINT)          # as a terminal does: to the whole group
    print(worker.conn.recv(), len(interrupts), signal.pthread_sigmask(signal.SIG_BLOCK, []))
    worker.conn.send(None)
    worker.process.join(20)
    print('exit code', worker.process.exitcode)
"""


@needs_posix_signals
def test_ctrl_c_while_a_worker_starts(tmp_path):
    """It imports for a second or two before it can say that it ignores the signal."""
    script = tmp_path / 'parent.py'
    script.write_text(INTERRUPTED_START)
    done = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=True, timeout=60,
                          env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    assert done.stdout.decode().split('\n') == ['hello 1 set()', 'exit code 0', '']
    assert done.stderr.decode() == ''


@needs_posix_signals
def test_signals_of_the_parent_are_as_before(start):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    start(workers.answer, 'hello')
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason="needs glibc")
def test_threads_of_a_worker_share_one_heap(start, tmp_path):
    """Each would keep what its largest frame took (spec 50 section 9: several are under way)."""
    worker = start(workers.count_heaps, str(tmp_path / 'heaps.xml'))
    wait_message(worker)
    assert worker.conn.recv() == 1


def test_death_is_named_with_its_code(start):
    error = wait_end(start(workers.exit_with, 5, name='loader #1'))
    assert error.exitcode == 5 and error.worker_name == 'loader #1'
    assert "loader #1 (process" in error.what and "has died: exit code 5" in error.what


@needs_posix_signals
def test_kill_from_outside_is_named(start):
    worker = start(workers.say_nothing)
    os.kill(worker.process.pid, signal.SIGKILL)
    error = wait_end(worker)
    assert error.exitcode == -signal.SIGKILL and 'out-of-memory' in error.what
    assert error.remedies


def test_idle_worker_has_stalled_and_is_ended(start):
    worker = start(workers.say_nothing)
    process = worker.process
    with pytest.raises(WorkerError) as info:
        wait_message(worker, 0.5, "first batch")
    assert "stalled: no first batch for" in info.value.what
    process.join(10)
    assert process.exitcode is not None


def test_cpu_time_is_asked_of_the_worker(start):
    worker = start(workers.say_nothing)
    assert worker.ask_cpu_use()
    assert worker._lifeline.poll(20)
    (clock, seconds), = worker.read_lifeline()
    assert 0 <= seconds < 60 and clock > 0
    worker.process.terminate()
    worker.process.join(10)
    assert not worker.ask_cpu_use() and list(worker.read_lifeline()) == []


@pytest.mark.parametrize('error, has_traceback', [
    (UserError("The faceset is empty.", ["Extract faces."]), False), (KeyError('x'), True)])
def test_exception_is_a_message(start, error, has_traceback):
    worker = start(workers.fail_with, error)
    wait_message(worker)
    result = worker.make_exception_error(worker.conn.recv())
    assert (result.traceback_text is not None) is has_traceback
    if has_traceback:
        assert "KeyError: 'x'" in result.what and 'fail_with' in result.what
    else:
        assert result.what == error.what and result.remedies == error.remedies


def test_report_of_short_memory_has_remedies():
    try:
        raise MemoryError()
    except MemoryError as error:
        text, remedies, traceback_text, is_memory_short = make_report(error)
    assert is_memory_short and text.startswith('MemoryError')
    assert any('GB' in r or 'memory' in r for r in remedies)
    assert 'raise MemoryError()' in traceback_text


def test_closed_pipe_is_no_message_on_any_system():
    """Windows raises where others report the end as readable."""
    worker = WorkerProcess('worker', workers.answer)

    class Conn:
        @staticmethod
        def poll(timeout):
            raise BrokenPipeError(109, "The pipe has been ended")
    worker.conn = Conn
    assert worker.has_message() is False


@pytest.mark.parametrize('code, cause, hint', [
    (1, 'exit code 1', 'above'), (0, 'exit code 0', 'above'), (None, 'lost', 'above'),
    (-9, 'SIGKILL', 'Free memory'), (-7, 'SIGBUS', 'memory'), (-11, 'SIGSEGV', 'above'),
    (-250, 'signal 250', 'above'), (0xC0000017, 'out of memory', 'Free memory'),
    (0xC000012D, 'paging file', 'Free memory')])
@needs_posix_signals
def test_causes_and_remedies(code, cause, hint):
    text, remedies = explain_exit(code)
    assert cause in text and any(hint in remedy for remedy in remedies)


def test_memory_is_described(monkeypatch):
    monkeypatch.setattr(worker_error, 'get_memory_info', lambda: (8 << 30, 2 << 30))
    assert '2.0 of 8.0 GB' in worker_error.describe_memory()
    monkeypatch.setattr(worker_error, 'get_memory_info', lambda: None)
    assert worker_error.describe_memory() == ''
    assert worker_error.get_memory_remedies()


def test_memory_errors_are_known_wherever_they_come_from():
    class OpenCVError(Exception):
        code = -4
    OpenCVError.__module__ = 'cv2'
    outer = Exception("in a sample")
    outer.__cause__ = OpenCVError()
    windows = OSError("the paging file is too small")
    windows.winerror = 1455
    assert all(map(is_memory_error, (MemoryError(), outer, windows)))
    assert not any(map(is_memory_error, (None, KeyError(), OSError(), Exception("x"))))


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason="looks into /proc")
def test_state_of_a_process(start):
    worker = start(workers.say_nothing)
    os.kill(worker.process.pid, signal.SIGSTOP)
    for _ in range(200):
        if describe_process_state(worker.process.pid).startswith(": it was stopped"):
            break
        time.sleep(0.02)
    assert "kill -CONT %d" % worker.process.pid in describe_process_state(worker.process.pid)
    assert describe_process_state(0) == ''


def test_a_worker_tells_its_parent(start, capsys):
    worker = start(workers.tell, "a.jpg cannot be read: \udc80")
    wait_message(worker)
    assert worker.conn.recv() == 'told'
    texts = [item for item in worker.read_lifeline() if isinstance(item, str)]
    assert texts == ["a.jpg cannot be read: \udc80"]
    tell_parent("a line of the parent itself %s" % time.monotonic())
    assert "a line of the parent itself" in capsys.readouterr().out


def test_workers_are_ended_with_the_program(tmp_path):
    """Also one that is stopped, for which multiprocessing would wait."""
    script = tmp_path / 'parent.py'
    script.write_text(
        "import os, signal, joblib_workers\n"
        "from core.joblib.worker_process import WorkerProcess\n"
        "if __name__ == '__main__':\n"
        "    worker = WorkerProcess('worker', joblib_workers.answer, 'hello')\n"
        "    worker.start()\n"
        "    worker.conn.recv()\n"
        "    if hasattr(signal, 'SIGSTOP'):\n"
        "        os.kill(worker.process.pid, signal.SIGSTOP)\n")
    subprocess.run([sys.executable, str(script)], timeout=60, check=True,
                   env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))

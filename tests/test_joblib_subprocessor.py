"""Subprocessor and MPFunc with real processes."""
import os
import signal
import threading
import time

import numpy as np
import pytest

import joblib_workers as workers
from core.errors import UserError
from core.interact import interact as io
from core.joblib import MPClassFuncOnDemand, MPFunc, Subprocessor
from core.joblib.SubprocessorBase import is_same_item

needs_posix_signals = pytest.mark.skipif(os.name == 'nt', reason="needs POSIX signals")


def test_every_item_is_processed_once(capsys):
    host = workers.SquareHost(range(40))
    assert host.run() == {n: n * n + 0.5 for n in range(40)}
    assert host.calls == ['initialized', 'finalized'] and host.failed_data == []
    assert capsys.readouterr().out == 'worker is ready\n' * 2
    assert host.clis == []


def test_class_must_derive_from_cli():
    with pytest.raises(ValueError):
        Subprocessor('x', dict)


def test_check_run_false_starts_nothing():
    class Nothing(workers.SquareHost):
        def on_check_run(self):
            return False
    assert Nothing([1, 2]).run() == {}


def test_serial_initialization():
    host = workers.SquareHost([3], workers=3)
    host.initialize_subprocesses_in_serial = True
    assert host.run() == {3: 9.5}


def test_progress_and_large_items(monkeypatch):
    moved = []
    monkeypatch.setattr(io, 'progress_bar_inc', moved.append)

    class Arrays(workers.SquareHost):
        def on_result(self, host_dict, data, result):
            self.results[data.shape[0]] = float(np.sum(result - data * data))
    items = [np.ones((n, 1000, 100), np.float64) for n in (1, 3)]
    assert Arrays(items).run() == {1: 50000.0, 3: 150000.0}
    assert moved == [1, 1]


def test_bad_item_is_tried_again_given_up_and_costs_nothing_else(capsys):
    host = workers.SquareHost([1, 'raise', 2, 3, 4], workers=1)
    assert host.run() == {n: n * n + 0.5 for n in (1, 2, 3, 4)}
    assert host.failed_data == ['raise']
    assert host.calls == ['initialized', ('return', 'raise'), ('return', 'raise'), 'finalized']
    output = capsys.readouterr().out
    assert 'ArithmeticError: this item is bad' in output and 'item raise' in output
    assert '1 items could not be processed' in output


def test_item_that_works_at_the_second_attempt(tmp_path):
    item = ('once', str(tmp_path / 'mark'))
    host = workers.SquareHost([item, 5])
    assert host.run() == {item: 'second attempt', 5: 25.5}
    assert host.failed_data == []


@needs_posix_signals
def test_poison_item_does_not_end_the_run():
    host = workers.SquareHost(['kill'] + list(range(20)))
    assert host.run() == {n: n * n + 0.5 for n in range(20)}
    assert host.failed_data == ['kill']


def test_attempts_of_an_item_that_is_made_anew_are_counted(capsys):
    """Loaders and tools keep numbers and make the item of them."""
    host = workers.SquareHost([])
    for _ in range(3):
        assert host.failed_data == []
        host._return_data({}, [(1, 'a.jpg')])
    assert host.failed_data == [[(1, 'a.jpg')]] and "given up" in capsys.readouterr().out


@pytest.mark.parametrize("a, b, is_same", [
    ([(1, 'a')], [(1, 'a')], True), ([(1, 'a')], [(2, 'a')], False), (1, 1.0, False),
    ((1, np.zeros(3)), (1, np.zeros(3)), False), (None, None, True), (object(), object(), False)])
def test_items_that_are_one(a, b, is_same):
    assert is_same_item(a, b) is is_same and is_same_item(a, a)


@needs_posix_signals
def test_one_worker_killed_from_outside():
    class Killer(workers.SquareHost):
        def on_result(self, host_dict, data, result):
            if data == 0:
                os.kill(self.clis[0].p.pid, signal.SIGKILL)
            super(Killer, self).on_result(host_dict, data, result)
    assert sorted(Killer(range(30), workers=1).run()) == list(range(30))


def test_an_idle_worker_is_named_long_before_its_limit(monkeypatch, capsys):
    monkeypatch.setattr('core.joblib.worker_watch.SILENCE_NOTICE', 0.3)
    monkeypatch.setattr('core.joblib.SubprocessorBase.MAX_ATTEMPTS', 1)
    host = workers.SquareHost(['sleep', 1], workers=1, no_response_time_sec=0.5)
    host.run()
    printed = capsys.readouterr().out
    assert "worker 0 (process " in printed and "has not delivered its result for" in printed
    assert "uses no processor time" in printed
    assert printed.index("has not delivered") < printed.index("has stalled")


def test_stalled_worker_is_replaced(monkeypatch):
    monkeypatch.setattr('core.joblib.SubprocessorBase.WARM_UP', 1)
    monkeypatch.setattr('core.joblib.SubprocessorBase.MAX_ATTEMPTS', 2)
    host = workers.SquareHost(['sleep', 1, 2], workers=1, no_response_time_sec=0.5)
    assert host.run() == {1: 1.5, 2: 4.5}
    assert host.failed_data == ['sleep']


def test_failing_initialization_stops_with_the_reason(capsys):
    for init, text in (('raise', 'no device for this worker'), ('die', 'exit code 7')):
        with pytest.raises(UserError) as info:
            workers.SquareHost([1], init=init).run()
        assert text in str(info.value)
    assert 'no device for this worker' in capsys.readouterr().out


def test_serial_initialization_survives_a_failing_worker():
    class OneFails(workers.SquareHost):
        def process_info_generator(self):
            yield 'bad', {}, {'init': 'raise'}
            yield 'good', {}, {'offset': 0}
    host = OneFails([2])
    host.initialize_subprocesses_in_serial = True
    assert host.run() == {2: 4}


def test_silence_takes_workers_away_and_the_last_one_is_an_error():
    host = workers.SquareHost(['silence', 1, 2], workers=2)
    with pytest.raises(UserError) as info:
        host.run()
    assert 'memory' in str(info.value)
    assert ('return', 'silence') in host.calls


def test_silence_of_one_worker_leaves_the_others(tmp_path):
    class Once(workers.SquareHost):
        def on_data_return(self, host_dict, data):
            self.calls.append(('return', data))
            self.items.append(6)
    host = Once(['silence', 1], workers=2)
    assert host.run() == {1: 1.5, 6: 36.5}


def test_error_in_a_hook_ends_the_workers():
    class Broken(workers.SquareHost):
        def on_result(self, host_dict, data, result):
            self.processes = [cli.p for cli in self.clis]
            raise KeyError(data)
    host = Broken([1, 2])
    with pytest.raises(KeyError):
        host.run()
    for process in host.processes:
        process.join(10)
        assert process.exitcode is not None


def test_on_tick_false_keeps_the_loop_alive():
    class Ticking(workers.SquareHost):
        ticks = 0

        def on_tick(self):
            self.ticks += 1
            if self.ticks == 5:
                self.items.append(7)
            return self.ticks > 10
    assert Ticking([1]).run() == {1: 1.5, 7: 49.5}


class Network:
    """Stands for something that lives in the host only."""
    made = 0

    def __init__(self, factor):
        Network.made += 1
        self.factor = factor
        self.pid = os.getpid()

    def run(self, image):
        if isinstance(image, np.ndarray) and image.shape == (1,):
            raise FloatingPointError("the network fails")
        if isinstance(image, np.ndarray) and image.shape == (3,):
            raise UserError("The weights are missing.", ["copy them there"])
        assert self.pid == os.getpid() and threading.current_thread() is threading.main_thread()
        return image * self.factor


def test_mpfunc_runs_in_the_host():
    func = MPFunc(Network(3).run)
    assert workers.SquareHost(range(6), workers=3, func=func).run() == {n: 3 * n for n in range(6)}
    assert func(5) == 15


def test_mpfunc_on_demand_and_arrays():
    class Arrays(workers.SquareHost):
        def on_result(self, host_dict, data, result):
            self.results[data.shape] = result
    Network.made = 0
    func = MPClassFuncOnDemand(Network, 'run', factor=2)
    assert Network.made == 0
    image = np.arange(300 * 300 * 3, dtype=np.float32).reshape(300, 300, 3)
    results = Arrays([image, image[:100]], func=func).run()
    assert Network.made == 1
    np.testing.assert_array_equal(results[image.shape], image * 2)
    np.testing.assert_array_equal(results[(100, 300, 3)], image[:100] * 2)


def test_mpfunc_error_reaches_the_worker_and_the_host_goes_on(capsys):
    class Arrays(workers.SquareHost):
        def on_result(self, host_dict, data, result):
            self.results[data.shape] = float(result.sum())
    host = Arrays([np.ones(1), np.ones(2)], workers=1, func=MPFunc(Network(2).run))
    assert host.run() == {(2,): 4.0}
    assert len(host.failed_data) == 1
    assert 'FloatingPointError: the network fails' in capsys.readouterr().out


def test_mpfunc_error_of_the_user_comes_without_a_traceback(capsys):
    """Weights that are missing, for one."""
    host = workers.SquareHost([np.ones(3)], workers=1, func=MPFunc(Network(2).run))
    assert host.run() == {} and len(host.failed_data) == 1
    out = capsys.readouterr().out
    assert 'The weights are missing.' in out and '- copy them there' in out
    assert 'Traceback' not in out


@needs_posix_signals
def test_worker_killed_inside_a_call_leaves_the_others_their_calls():
    def kill_or_answer(n):
        if n == 'victim':
            victim = [cli for cli in host.clis if cli.sent_data == 'victim'][0]
            os.kill(victim.p.pid, signal.SIGKILL)
            time.sleep(0.2)
        return n
    host = workers.SquareHost(['victim'] + list(range(8)), workers=2, func=MPFunc(kill_or_answer))
    assert host.run() == {n: n for n in range(8)}
    assert host.failed_data == ['victim']

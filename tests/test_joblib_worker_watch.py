"""core/joblib/worker_watch.py with a worker that is not there."""
import pytest

from core.joblib import worker_watch
from core.joblib.worker_watch import WorkerWatch, print_once


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


class Worker:
    """As WorkerProcess, with what it does given by the test."""

    class process:
        pid = 0

    def __init__(self, clock):
        self.clock = clock
        self.is_there, self.killed, self.message = True, False, False
        self.share = 1.0  # of a core that it uses; None: no answer
        self.used, self.asked_at, self.texts = 0.0, clock.now, []

    def describe(self):
        return "worker 7"

    def is_alive(self):
        return self.is_there

    def was_killed(self):
        return self.killed

    def has_message(self):
        return self.message

    def ask_cpu_use(self):
        return True

    def read_lifeline(self):
        for text in self.texts:
            yield text
        self.texts = []
        if self.share is not None:
            self.used += self.share * (self.clock.now - self.asked_at)
            self.asked_at = self.clock.now
            yield self.clock.now, self.used

    def make_death_error(self):
        return RuntimeError("died")

    def make_stall_error(self, seconds, purpose):
        return RuntimeError("stalled after %d s without %s" % (seconds, purpose))


@pytest.fixture
def world(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(worker_watch, "time", clock)
    worker = Worker(clock)
    watch = WorkerWatch(worker)
    watch.begin("next batch", 60)

    def pass_time(seconds, is_waited_for=True):
        for _ in range(int(seconds / 0.5)):
            clock.now += 0.5
            watch.check(is_waited_for)
    return clock, worker, pass_time


def test_an_idle_worker_is_named_within_five_seconds_and_ended_at_its_limit(world, capsys):
    _, worker, pass_time = world
    worker.share = 0.001  # its watching thread only
    pass_time(3)
    assert capsys.readouterr().out == ""
    pass_time(2)
    assert ("worker 7 has not delivered its next batch for 4 s and uses no processor time. "
            "It is ended after 60 s.") in capsys.readouterr().out
    pass_time(54)
    assert capsys.readouterr().out.count("has not delivered") == 5
    with pytest.raises(RuntimeError, match="stalled after 60 s without next batch"):
        pass_time(2)


def test_one_that_gives_no_answer_is_idle(world, capsys):
    _, worker, pass_time = world
    worker.share = None
    pass_time(5)
    assert ("has not delivered its next batch for 4 s and has given no sign yet"
            in capsys.readouterr().out)
    with pytest.raises(RuntimeError, match="stalled"):
        pass_time(60)


def test_a_computing_worker_gets_ten_times_as_long(world, capsys):
    _, worker, pass_time = world
    worker.share = 0.1  # the others have the rest of a slow machine
    pass_time(90)
    printed = capsys.readouterr().out
    assert "Still waiting for next batch from worker 7, which computes: 10 s." in printed
    assert "no processor time" not in printed
    pass_time(500, is_waited_for=False)
    assert capsys.readouterr().out == ""
    with pytest.raises(RuntimeError, match="stalled after 600 s"):
        pass_time(20)


def test_idle_after_computing_counts_from_then(world):
    _, worker, pass_time = world
    pass_time(50)
    worker.share = 0
    pass_time(58)
    with pytest.raises(RuntimeError, match="stalled after 110 s"):
        pass_time(3)


def test_time_in_which_nobody_looked_does_not_count(world):
    """The trainer was stopped, or the computer slept; the worker too."""
    clock, worker, pass_time = world
    worker.share = 0
    pass_time(40)
    clock.now += 5000
    pass_time(30)
    with pytest.raises(RuntimeError, match="stalled"):
        pass_time(40)


def test_a_message_ends_the_debt(world):
    _, worker, pass_time = world
    worker.share, worker.message = None, True
    pass_time(500)


def test_without_a_limit_it_is_named_and_never_ended(world, capsys):
    clock, worker, _ = world
    watch = WorkerWatch(worker)
    worker.share = 0
    for _ in range(200):
        clock.now += 4
        watch.check()
    printed = capsys.readouterr().out
    assert "has not delivered its message" in printed and "It is ended" not in printed


@pytest.mark.parametrize("killed, message, is_dead", [
    (False, False, True), (False, True, False), (True, True, True)])
def test_death(world, killed, message, is_dead):
    """One that ended by itself may have sent why; what a killed one has sent is given up."""
    _, worker, pass_time = world
    worker.is_there, worker.killed, worker.message = False, killed, message
    if is_dead:
        with pytest.raises(RuntimeError, match="died"):
            pass_time(1)
    else:
        pass_time(1)


def test_texts_of_several_workers_are_printed_once(world, capsys, monkeypatch):
    monkeypatch.setattr(worker_watch, "_told", {})
    _, worker, pass_time = world
    worker.texts = ["Cannot read a.jpg", "Cannot read b.jpg", "Cannot read a.jpg"]
    pass_time(1)
    worker.texts = ["Cannot read b.jpg"]
    pass_time(1)
    printed = capsys.readouterr().out
    assert printed.count("a.jpg") == printed.count("b.jpg") == 1


def test_a_worker_that_delivers_all_the_time_is_heard_too(world, capsys, monkeypatch):
    monkeypatch.setattr(worker_watch, "_told", {})
    clock, worker, _ = world
    watch = WorkerWatch(worker)
    worker.texts = ["Cannot read a.jpg"]
    for _ in range(60):
        clock.now += 0.01
        watch.begin("next batch", 60)
        watch.check()
    assert "a.jpg" in capsys.readouterr().out


def test_a_flood_of_texts_is_cut_off(capsys, monkeypatch):
    monkeypatch.setattr(worker_watch, "_told", {})
    monkeypatch.setattr(worker_watch, "MAX_TOLD", 3)
    for number in range(9):
        print_once("file %d" % number)
    printed = capsys.readouterr().out
    assert "file 3" in printed and "file 4" not in printed
    assert printed.count("are not shown") == 1
    print_once("Cannot read a file")    # of another kind
    assert "Cannot read" in capsys.readouterr().out

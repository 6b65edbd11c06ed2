"""Batches from several workers (spec 30 section 7.1), and what happens when one is lost."""
import functools
import os
import re
import signal
import time

import numpy as np
import pytest

from core.errors import UserError
from core.joblib import SubprocessGenerator, ThisThreadGenerator
from samplelib import worker_pool
from samplelib.worker_pool import MAX_REPLACEMENTS, WorkerPool

needs_posix_signals = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")


def count_up(task):
    """(numbers, name, process) `count` times, then nothing, like a worker that reads a dead
    disk."""
    name, count = task
    for number in range(count):
        yield [np.full(3, number), name, os.getpid()]
    while True:
        time.sleep(60)


def fail(task):
    yield [np.zeros(1)]
    raise UserError("Cannot read %s" % task, ["Mend it."])


def die(task):
    os.kill(os.getpid(), signal.SIGKILL)
    yield


def run_out_of_memory(task):
    """The first worker does, its successors do not."""
    yield [np.zeros(1)]
    if not os.path.exists(task):
        open(task, "w").close()
        raise Exception("in the sample 00001.jpg") from MemoryError()
    while True:
        yield [np.ones(1)]


class Tasks:
    """Gives the tasks one after the other; the last again and again."""

    def __init__(self, *tasks):
        self.tasks = list(tasks)

    def __call__(self):
        return self.tasks.pop(0) if len(self.tasks) > 1 else self.tasks[0]


@pytest.fixture
def start():
    """Makes pools that are closed after the test."""
    pools = []

    def make(*args, **kwargs):
        pools.append(WorkerPool(*args, **kwargs))
        return pools[-1]
    yield make
    for pool in pools:
        pool.close()


def wait_for(condition, seconds=30):
    """Wait without taking batches, as during a long step of the training."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_both(pool):
    """Take batches until there was one of either worker; their processes."""
    pids = set()
    wait_for(lambda: pids.add(pool.next_batch()[2]) or len(pids) == 2)
    return pids


def collect_output(capsys, printed, text):
    """Whether `text` has been printed by now; `printed` keeps everything."""
    printed.append(capsys.readouterr().out)
    return text in "".join(printed)


def test_debug_works_in_this_process(start):
    pool = start(count_up, Tasks(("a", 5)), 1, debug=True)
    assert [type(generator) for generator in pool.generators] == [ThisThreadGenerator]
    items = [pool.next_batch() for _ in range(3)]
    assert [item[0][0] for item in items] == [0, 1, 2]
    assert {item[1:] == ["a", os.getpid()] for item in items} == {True}


def test_a_slow_worker_holds_up_nobody(start):
    pool = start(count_up, Tasks(("slow", 1), ("quick", 10 ** 6)), 2)
    assert all(isinstance(generator, SubprocessGenerator) for generator in pool.generators)
    items = [pool.next_batch()]
    while not any(item[1] == "slow" for item in items):  # it may take longer to start
        items.append(pool.next_batch())
    items += [pool.next_batch() for _ in range(9)]
    assert {item[1] for item in items[-9:]} == {"quick"}
    # Each worker's batches keep their order, and the workers are processes of their own.
    quick = [item[0][0] for item in items if item[1] == "quick"]
    assert quick == list(range(len(items) - 1))
    assert len({item[2] for item in items} | {os.getpid()}) == 3
    processes = [generator.p for generator in pool.generators]
    pool.close()
    assert all(not process.is_alive() for process in processes)
    with pytest.raises(StopIteration):
        pool.next_batch()


def test_turns_are_taken_while_all_are_ready(start, monkeypatch):
    pool = start(count_up, Tasks(("a", 9)), 3)
    pids = [generator.p.pid for generator in pool.generators]
    asked = []

    def find_ready(generators, first, timeout):
        asked.append(first)
        return first
    monkeypatch.setattr(SubprocessGenerator, "find_ready", staticmethod(find_ready))
    taken = [pids.index(pool.next_batch()[2]) for _ in range(7)]
    assert taken == asked == [0, 1, 2, 0, 1, 2, 0]


def test_the_error_of_a_worker_ends_the_pool(start):
    pool = start(fail, Tasks("00001.jpg"), 1)
    assert pool.next_batch()[0].tolist() == [0]
    for _ in range(2):
        with pytest.raises(UserError, match="00001.jpg") as error:
            pool.next_batch()
    assert "Mend it." in str(error.value)


@needs_posix_signals
def test_a_killed_worker_is_named_and_replaced_while_nobody_waits(start, capsys):
    """Its computed batches are waiting, and no step asks for one: its end is told all the same."""
    pool = start(count_up, Tasks(("a", 10 ** 6)), 2, name="sample worker of aligned")
    wait_for_both(pool)
    victim, other = [generator.p.pid for generator in pool.generators]
    os.kill(victim, signal.SIGKILL)
    printed = []
    wait_for(lambda: collect_output(capsys, printed, "takes its place"))
    text = "".join(printed)
    assert "sample worker of aligned 1 (process %d) has died: killed by signal SIGKILL" % victim \
        in text
    assert "out-of-memory" in text and "Use fewer workers" in text
    assert "(replacement 1 of at most %d)" % MAX_REPLACEMENTS in text
    successor = pool.generators[0].p.pid
    pids = wait_for_both(pool)
    assert pids == {successor, other} and victim not in pids


@needs_posix_signals
def test_a_stopped_worker_is_named_and_replaced(start, capsys, monkeypatch):
    monkeypatch.setattr("core.joblib.worker_watch.SILENCE_NOTICE", 0.3)
    monkeypatch.setenv("DFL_WORKER_TIMEOUT", "3")
    pool = start(count_up, Tasks(("a", 10 ** 6)), 2)
    wait_for_both(pool)
    victim, other = [generator.p.pid for generator in pool.generators]
    os.kill(victim, signal.SIGSTOP)
    printed, pids = [], set()

    def train():
        pids.add(pool.next_batch()[2])
        return collect_output(capsys, printed, "takes its place")
    wait_for(train)
    text = "".join(printed)
    assert "sample worker 1 (process %d) has not delivered its next batch for" % victim in text
    # it may have been stopped before its first sign
    assert re.search("uses no processor time|has given no sign yet", text)
    if os.path.isdir("/proc/self"):
        assert "stopped by a signal (kill -CONT %d" % victim in text
    assert "It is ended after 3 s." in text
    assert "has stalled: no next batch" in text and "disk with the faces" in text
    assert other in pids and pool.generators[1].p.pid == other


@needs_posix_signals
def test_replacements_are_bounded_and_the_others_go_on(start, capsys):
    pool = start(functools.partial(_die_or_count), Tasks("die", ("a", 10 ** 6), "die"), 2)
    pids = {pool.next_batch()[2]}
    printed = []
    wait_for(lambda: collect_output(capsys, printed, "training goes on with 1 of its kind"))
    pids |= {pool.next_batch()[2] for _ in range(9)}
    assert pids == {generator.p.pid for generator in pool.generators} and len(pids) == 1
    assert "".join(printed).count("has died") == MAX_REPLACEMENTS + 1


def _die_or_count(task):
    return die(task) if task == "die" else count_up(task)


@needs_posix_signals
def test_without_a_worker_the_pool_ends(start):
    pool = start(die, Tasks(None), 1)
    with pytest.raises(UserError, match="sample worker 1 .* SIGKILL"):
        pool.next_batch()
    assert pool.generators == []


def test_a_worker_without_memory_is_replaced(start, tmp_path, capsys):
    pool = start(run_out_of_memory, Tasks(str(tmp_path / "mark")), 1)
    batches = [pool.next_batch()[0][0] for _ in range(4)]
    assert batches == [0, 0, 1, 1]
    printed = capsys.readouterr().out
    assert "MemoryError" in printed and "Use fewer workers" in printed
    assert "takes its place" in printed


def test_a_worker_that_did_well_counts_anew(start, monkeypatch):
    monkeypatch.setattr(worker_pool, "RECOVERED", 3)
    pool = start(count_up, Tasks(("a", 10 ** 6)), 1)
    place, = pool._places
    place.ends = 2
    for _ in range(3):
        assert place.ends == 2
        pool.next_batch()
    assert place.ends == 0


def test_a_forgotten_pool_ends_its_workers():
    pool = WorkerPool(count_up, Tasks(("a", 10 ** 6)), 1)
    process = pool.generators[0].p
    pool.next_batch()
    del pool
    wait_for(lambda: not process.is_alive())


def test_a_message_that_does_not_end_is_broken_off(start, monkeypatch):
    """The worker was stopped while it sent: whoever reads it waits inside of the connection."""
    monkeypatch.setattr(worker_pool, "STUCK", 0.1)
    pool = start(count_up, Tasks(("a", 1)), 1)
    pool.next_batch()
    process = pool.generators[0].p
    with pool._lock:
        pool._receiving = pool.generators[0], time.monotonic() + 1000
        pool.look_after()
        assert process.is_alive()
        pool._receiving = pool.generators[0], time.monotonic() - 1
        pool.look_after()
        wait_for(lambda: not process.is_alive())    # the system takes a moment after the kill
        pool._receiving = None


def report_process(task):
    """What a worker is: modules that it has no use for, OpenCV's threads."""
    import sys

    import cv2
    while True:
        yield [name for name in ("tensorflow", "models") if name in sys.modules], \
            cv2.getNumThreads()


def test_workers_are_lean(start):
    assert start(report_process, Tasks(None), 1).next_batch() == ([], 1)


def make_slowly(task):
    while True:
        time.sleep(0.05)
        yield [np.zeros(1)]


def test_batches_are_measured(start):
    pool = start(make_slowly, Tasks(None), 1)
    for _ in range(6):
        pool.next_batch()
    use = pool.meter.take()
    assert (use.batches, use.timed) == (6, 4) and use.made >= 4 * 0.05
    assert use.waited >= 0.05       # the first one, at least
    assert pool.meter.take() == (0, 0, 0, 0)


def test_workers_come_and_go(start):
    pool = start(count_up, Tasks(("a", 10 ** 6)), 1, name="sample worker of data/src/aligned")
    assert (pool.count, pool.short_name, pool.is_adjustable) == (1, "src/aligned", True)
    first = pool.generators[0].p
    generators = pool.generators
    pool.set_workers(3, 4)
    assert pool.generators is generators and pool.count == 3
    assert [generator.prefetch for generator in generators] == [2, 4, 4]
    assert [generator.name[-1] for generator in generators] == ["1", "2", "3"]
    others = {generator.p for generator in generators[1:]}
    seen = set()
    wait_for(lambda: seen.add(pool.next_batch()[2]) or len(seen) == 3)
    pool.set_workers(0)
    assert pool.count == 1 and pool.generators[0].p is first
    wait_for(lambda: not any(process.is_alive() for process in others))
    assert pool.next_batch()[2] == first.pid
    pool.close()
    pool.set_workers(2)
    assert pool.count == 1


def test_seeded_and_debug_pools_keep_their_workers(start, monkeypatch):
    assert not start(count_up, Tasks(("a", 5)), 1, debug=True).is_adjustable
    monkeypatch.setenv("DFL_RANDOM_SEED", "3")
    pool = start(count_up, Tasks(("a", 10 ** 6)), 2)
    pool.set_workers(2)
    assert not pool.is_adjustable and pool.count == 1


def test_a_killed_worker_is_looked_for_more_often_than_every_five_seconds():
    """It is named at the next look (see above); `bench_feed_trainer.py` tells how long it took."""
    assert worker_pool.CHECK_INTERVAL * 2 < 5

"""Batches from several workers (spec 30 section 7.1)."""
import os
import time

import numpy as np
import pytest

from core.errors import UserError
from core.joblib import SubprocessGenerator, ThisThreadGenerator
from samplelib.worker_pool import WorkerPool


def count_up(task):
    """Endless (process, number); the worker `slow` gives one item only."""
    name, count = task
    for number in range(count):
        yield [np.full(3, number), name, os.getpid()]
    while True:  # like a worker that reads a dead disk
        time.sleep(60)


def fail(task):
    yield [np.zeros(1)]
    raise UserError("Cannot read %s" % task, ["Mend it."])


def test_debug_works_in_this_process():
    pool = WorkerPool(count_up, [("a", 5), ("b", 5)], debug=True)
    assert [type(generator) for generator in pool.generators] == [ThisThreadGenerator]
    items = [pool.next_batch() for _ in range(3)]
    assert [item[0][0] for item in items] == [0, 1, 2]
    assert {item[1:] == ["a", os.getpid()] for item in items} == {True}
    pool.close()


def test_a_slow_worker_holds_up_nobody():
    pool = WorkerPool(count_up, [("slow", 1), ("quick", 10 ** 6)])
    try:
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
    finally:
        pool.close()
    assert all(not generator.p.is_alive() for generator in pool.generators)


def test_turns_are_taken_while_all_are_ready(monkeypatch):
    pool = WorkerPool(count_up, [("a", 3)], debug=True)
    pool.generators = [iter([[i]] * 9) for i in range(3)]
    monkeypatch.setattr(SubprocessGenerator, "wait_ready",
                        staticmethod(lambda generators, first: first))
    assert [pool.next_batch()[0] for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]
    monkeypatch.setattr(SubprocessGenerator, "wait_ready",
                        staticmethod(lambda generators, first: 2))
    assert [pool.next_batch()[0] for _ in range(2)] == [2, 2]


def test_the_error_of_a_worker_comes_out():
    pool = WorkerPool(fail, ["00001.jpg"])
    try:
        assert pool.next_batch()[0].tolist() == [0]
        with pytest.raises(UserError, match="00001.jpg") as error:
            pool.next_batch()
        assert "Mend it." in str(error.value)
    finally:
        pool.close()

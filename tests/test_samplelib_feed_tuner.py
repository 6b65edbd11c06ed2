"""Workers chosen from measured times; the pools are plain objects here."""
import pytest

from samplelib.feed_meter import FIRST_BATCHES, FeedMeter, FeedUse, generate_measured
from samplelib.feed_tuner import (BOTTLENECK, FIRST_CHECK, LAST_CHECK, WARM_UP_STEPS, FeedTuner,
                                  Side, choose_workers, limit_workers)


class Pool:
    is_adjustable = True
    ahead = 2

    def __init__(self, name, count):
        self.short_name, self.count, self.meter = name, count, FeedMeter()
        self.asked = []

    def set_workers(self, count, ahead):
        self.asked.append((count, ahead))
        self.count, self.ahead = count, ahead


class Generator:
    cache_bytes = 0

    def __init__(self, pool):
        self.pool = pool


class Training:
    """Steps of a computing time, with a clock that goes by them."""

    def __init__(self, *counts, cores=8):
        self.time = 0.0
        self.pools = [Pool("side%d" % i, count) for i, count in enumerate(counts)]
        self.generators = [Generator(pool) for pool in self.pools]
        self.tuner = FeedTuner(self.generators, cores, lambda: self.time)

    def run(self, seconds, step, *sides):
        """Steps for so long; a side is (made, waited) of every batch. The lines printed."""
        lines = []
        end = self.time + seconds
        while self.time < end:
            duration = step + sum(waited for _, waited in sides)
            self.time += duration
            for pool, side in zip(self.pools, sides):
                pool.meter.note(*side)
            lines.append(self.tuner.note_step(duration))
        return [line for line in lines if line is not None]


def make_side(workers, batches, made, waited):
    return Side(workers, 2, FeedUse(batches, batches, made, waited))


def test_a_side_grows_to_what_the_step_needs():
    # 10 steps of 0.1 s beside the waiting; a batch takes a worker 0.3 s
    sides = [make_side(1, 10, 3.0, 2.0), make_side(1, 10, 0.05, 0.0)]
    assert choose_workers(sides, 10, 3.0, 16) == [5, 1]
    assert choose_workers(sides, 10, 3.0, 4) == [3, 1]
    assert choose_workers(sides, 10, 3.0, 1) == [1, 1]


def test_a_side_shrinks_only_where_nobody_waits():
    assert choose_workers([make_side(6, 10, 1.0, 0.0)], 10, 1.0, 16) == [2]
    assert choose_workers([make_side(6, 10, 1.0, 0.5)], 10, 1.5, 16) == [7]
    assert choose_workers([make_side(2, 0, 0.0, 0.0)], 10, 1.0, 16) == [2]   # it repeats its last
    assert choose_workers([make_side(1, 10, 9.0, 0.0)], 10, 1.0, 16) == [1]  # it is enough


@pytest.mark.parametrize("wanted, cores, chosen", (
    ([2, 3], 8, [2, 3]), ([6, 2], 4, [3, 1]), ([9, 1], 2, [1, 1]), ([], 4, [])))
def test_limit_of_all_sides(wanted, cores, chosen):
    assert limit_workers(wanted, cores) == chosen


def test_one_line_when_chosen_and_when_changed():
    training = Training(2, 2)
    training.generators[0].cache_bytes = 512 << 20
    lines = training.run(60, 0.1, (0.01, 0.0), (0.01, 0.0))
    assert lines == [
        "Feed: side0 1 worker (10.0 ms a batch, 2 ahead each, 512 MB kept), side1 1 worker "
        "(10.0 ms a batch, 2 ahead each); a step takes 100.0 ms and waited 0.0 ms for samples."]
    assert [pool.asked for pool in training.pools] == [[(1, 2)], [(1, 2)]]
    assert not training.tuner.is_bottleneck() and training.tuner.wait_share == 0


def test_waiting_adds_workers_until_there_is_none():
    training = Training(1, cores=8)
    line, = training.run(FIRST_CHECK + 1, 0.1, (0.4, 0.3))
    assert training.pools[0].count == 6 and "6 workers" in line
    assert training.tuner.is_bottleneck()
    assert training.run(4 * LAST_CHECK, 0.1, (0.4, 0.0)) == []
    assert training.tuner.wait_share < BOTTLENECK


def test_enough_workers_that_are_waited_for_get_more_ahead():
    training = Training(1, cores=8)
    training.run(FIRST_CHECK + 1, 0.1, (0.01, 0.01))
    assert training.pools[0].asked == [(2, 4)]


def test_all_cores_at_work_is_no_change_and_stays_named():
    training = Training(1, 1, cores=2)
    lines = training.run(300, 0.1, (0.5, 0.2), (0.5, 0.2))
    assert len(lines) == 1 and [pool.asked for pool in training.pools] == [[], []]
    assert abs(training.tuner.wait_share - 0.8) < 0.01


def test_the_first_steps_do_not_count():
    training = Training(1)
    training.run(1e-6, 50.0, (0.1, 30.0))
    assert training.tuner._seen == 1 <= WARM_UP_STEPS and training.tuner.wait_share == 0


def test_generators_without_workers_are_left_alone():
    fixed = Pool("a", 1)
    fixed.is_adjustable = False
    tuner = FeedTuner([object(), Generator(None), Generator(fixed)])
    assert [tuner.note_step(1.0) for _ in range(9)] == [None] * 9
    assert tuner.wait_share == 0


def test_generate_measured():
    items = list(generate_measured(lambda task: iter([task, 2, None, 3]), 5))
    assert [item if item is None else item[0] for item in items] == [5, 2, None, 3]
    assert [items[0][1], items[1][1]] == [None] * FIRST_BATCHES and items[3][1] >= 0


class SlotTask:
    """Takes half a second of waiting for a slot; the clock is the test's."""

    now = 0.0

    def allocate(self, kinds):
        SlotTask.now += 0.5
        return kinds


def draw_from_slots(task):
    for _ in range(4):
        SlotTask.now += 0.125
        yield task.allocate(["array"])


def test_waiting_for_a_slot_is_no_work(monkeypatch):
    monkeypatch.setattr("samplelib.feed_meter.time.perf_counter", lambda: SlotTask.now)
    items = list(generate_measured(draw_from_slots, SlotTask()))
    assert [made for _, made in items] == [None, None, 0.125, 0.125]
    assert items[0][0] == ["array"]


def test_batches_without_a_time_count_as_the_others():
    meter = FeedMeter()
    for made in (None, None, 0.2, 0.4):
        meter.note(made, 0.5)
    use = meter.take()
    assert use[:2] == (4, 2) and use.waited == 2.0
    side = Side(1, 2, use)
    assert abs(side.batch_seconds - 0.3) < 1e-9 and abs(side.made - 1.2) < 1e-9
    # as long as none has one, nothing is changed
    assert choose_workers([Side(2, 2, FeedUse(3, 0, 0.0, 1.0))], 3, 2.0, 8) == [2]

"""The number of sample workers, chosen from the time of a step and that of a batch (spec 81 items
1 and 5)."""
import math
import time
from typing import Any, Callable, List, NamedTuple, Optional, Sequence

from core import osex

from .feed_meter import FeedUse

START_WORKERS = 2       # of a side, until something is measured
HEADROOM = 1.5          # workers beyond what the mean needs: faces differ, and so do steps
WAITING = 0.02          # of the time: more is worth another worker
BOTTLENECK = 0.10       # of the time: more is told
FIRST_CHECK = 2.0       # s; the next comes after twice as long, unless something was changed
LAST_CHECK = 300.0      # s between two checks of a training that has settled
FEWEST_STEPS = 4        # between two checks
WARM_UP_STEPS = 2       # they build and measure the graph
RECENT = 0.05           # weight of the last step in the recent share
MOST_AHEAD = 8          # batches ahead of a worker


class Side(NamedTuple("Side", [("workers", int), ("ahead", int), ("use", FeedUse)])):
    """What one side of the feed does: workers at work, batches ahead of a worker, and its use."""

    @property
    def batch_seconds(self) -> float:
        """What a worker takes for a batch; 0 where that is not known."""
        return self.use.made / self.use.timed if self.use.timed else 0.0

    @property
    def made(self) -> float:
        """Seconds of work in the batches taken."""
        return self.batch_seconds * self.use.batches


def choose_workers(sides: Sequence[Side], steps: int, seconds: float, cores: int) -> List[int]:
    """Workers of every side.

    Arguments:
        sides: what they did during the steps.
        steps, seconds: of training, waiting for batches included.
        cores: processors, the most workers of all sides together (one a side at least).

    A side grows where the trainer waited for it, to what the step needs or by one where that is
    there already. It shrinks where nobody waited and fewer are enough.
    """
    step = max((seconds - sum(side.use.waited for side in sides)) / steps, 1e-4)
    wanted = []
    for side in sides:
        share = side.use.waited / seconds
        if side.use.timed == 0:
            wanted.append(side.workers)
            continue
        needed = math.ceil(HEADROOM * side.made / steps / step)
        if share > WAITING:
            wanted.append(max(needed, side.workers + 1))
        else:
            wanted.append(max(1, min(needed, side.workers)))
    return limit_workers(wanted, cores)


def limit_workers(wanted: Sequence[int], cores: int) -> List[int]:
    """`wanted`, in the same proportions, but no more than `cores` together; one at least each."""
    total = sum(wanted)
    if total <= cores:
        return list(wanted)
    return [max(1, count * cores // total) for count in wanted]


class FeedTuner:
    """Watches the feed of a training and changes its workers.

    :ivar wait_share: recent share of the step that waits for samples, 0..1.
    """

    def __init__(self, generators: Sequence[Any], cores: Optional[int] = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """
        Arguments:
            generators: of the model; those that have no workers are left alone.
            cores: the most workers of all sides together; the processors when None.
        """
        pools = [getattr(generator, "pool", None) for generator in generators]
        self._sides = [(generator, pool) for generator, pool in zip(generators, pools)
                       if pool is not None and pool.is_adjustable]
        self._cores = osex.count_processors() if cores is None else cores
        self._clock = clock
        self._period = FIRST_CHECK
        self._waited = 0.0      # in all, at the last step
        self._seen = 0
        self.wait_share = 0.0
        self._is_told = False
        self._begin_period()

    def _begin_period(self) -> None:
        self._since = self._clock()
        self._steps, self._seconds = 0, 0.0
        for _, pool in self._sides:
            pool.meter.take()

    def is_bottleneck(self) -> bool:
        return self.wait_share > BOTTLENECK

    def note_step(self, seconds: float) -> Optional[str]:
        """To be called after every step, which took so long, waiting for its batch included.

        Returns a line to print when the workers were chosen for the first time, or changed.
        """
        if not self._sides:
            return None
        waited = sum(pool.meter.total.waited for _, pool in self._sides)
        share = (waited - self._waited) / seconds if seconds > 0 else 0.0
        self._waited = waited
        self._seen += 1
        if self._seen <= WARM_UP_STEPS:
            self._begin_period()
            return None
        self.wait_share += RECENT * (min(1.0, share) - self.wait_share)
        self._steps += 1
        self._seconds += seconds
        if self._steps < FEWEST_STEPS or self._clock() - self._since < self._period:
            return None
        return self._check()

    def _check(self) -> Optional[str]:
        sides = [Side(pool.count, pool.ahead, pool.meter.take()) for _, pool in self._sides]
        steps, seconds = self._steps, self._seconds
        is_changed = False
        for (_, pool), side, count in zip(
                self._sides, sides, choose_workers(sides, steps, seconds, self._cores)):
            if count != side.workers:
                is_enough = HEADROOM * side.made <= side.workers * (seconds - side.use.waited)
                # They make enough and are waited for now and then: more of them ready ahead.
                ahead = min(MOST_AHEAD, 2 * side.ahead) if is_enough else side.ahead
                pool.set_workers(count, ahead if count > side.workers else side.ahead)
                is_changed = True
        line = None
        if is_changed or not self._is_told:
            line = self._describe(sides, steps, seconds)
        self._is_told = True
        self._period = 2 * FIRST_CHECK if is_changed else min(LAST_CHECK, 2 * self._period)
        self._begin_period()
        return line

    def _describe(self, sides: Sequence[Side], steps: int, seconds: float) -> str:
        """The one line: workers, what is ahead, memory, and from which times that was chosen."""
        parts = []
        for (generator, pool), side in zip(self._sides, sides):
            kept = getattr(generator, "cache_bytes", 0)
            parts.append("%s %d worker%s (%.1f ms a batch, %d ahead each%s)" % (
                pool.short_name, pool.count, "" if pool.count == 1 else "s",
                1000 * side.batch_seconds, pool.ahead,
                ", %d MB kept" % (kept >> 20) if kept else ""))
        waited = sum(side.use.waited for side in sides)
        return "Feed: %s; a step takes %.1f ms and waited %.1f ms for samples." % (
            ", ".join(parts), 1000 * (seconds - waited) / steps, 1000 * waited / steps)

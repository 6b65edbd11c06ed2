"""How long a worker takes for a batch, and how long the trainer waited for one."""
import itertools
import time
from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Optional, Tuple

FIRST_BATCHES = 2   # of a worker: they import, and open the faceset; their time tells nothing

# Batches taken, how many of them have a time and the sum of those, seconds waited for them.
FeedUse = NamedTuple("FeedUse", [("batches", int), ("timed", int), ("made", float),
                                 ("waited", float)])


def generate_measured(generator_func: Callable[[Any], Iterable],
                      task: Any) -> Iterator[Optional[Tuple[Any, Optional[float]]]]:
    """(batch of `generator_func(task)`, seconds that it took to make, None for the first ones);
    runs in a worker. Waiting for a free slot, in `task.allocate`, is left out of the time."""
    waiting = [0.0]
    if hasattr(task, "allocate"):
        task.allocate = _measure(task.allocate, waiting)
    batches = iter(generator_func(task))
    for number in itertools.count():
        waiting[0] = 0.0
        start = time.perf_counter()
        try:
            batch = next(batches)
        except StopIteration:
            return
        seconds = None
        if number >= FIRST_BATCHES:
            seconds = time.perf_counter() - start - waiting[0]
        yield None if batch is None else (batch, seconds)


def _measure(function: Callable, seconds: List[float]) -> Callable:
    """`function`, which adds its time to the one element of `seconds`."""
    def call(*args: Any) -> Any:
        start = time.perf_counter()
        result = function(*args)
        seconds[0] += time.perf_counter() - start
        return result
    return call


class FeedMeter:
    """Sums over the batches of a pool."""

    def __init__(self) -> None:
        self.total = FeedUse(0, 0, 0.0, 0.0)
        self._taken = self.total

    def note(self, made: Optional[float], waited: float) -> None:
        """A batch took its worker `made` seconds, and the trainer waited `waited` for it."""
        total = self.total
        self.total = FeedUse(total.batches + 1, total.timed + (made is not None),
                             total.made + (made or 0.0), total.waited + waited)

    def take(self) -> FeedUse:
        """What has come since the last call."""
        before, self._taken = self._taken, self.total
        return FeedUse(*(now - then for now, then in zip(self._taken, before)))

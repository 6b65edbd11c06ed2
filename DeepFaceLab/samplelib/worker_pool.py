"""The workers of a batch generator."""
import functools
import itertools
import threading
import time
import weakref
from pathlib import PurePath
from typing import Any, Callable, Iterable, List, Optional, Tuple

from core.errors import UserError
from core.interact import interact as io
from core.joblib import SubprocessGenerator, ThisThreadGenerator
from core.joblib.worker_error import WorkerError
from core.joblib.worker_watch import CHECK_INTERVAL

from .batch_worker import draw_seed, generate_seeded
from .feed_meter import FeedMeter, generate_measured

MAX_REPLACEMENTS = 3  # of one worker and its successors
RECOVERED = 100  # batches of a successor after which its predecessors' ends are forgotten
AHEAD = 2  # batches in shared memory ahead of a worker; it computes one more
STUCK = 60.0  # s in the middle of one message: its worker was stopped while it sent


class _Place:
    """One worker and, after its end, its successors."""

    def __init__(self, number: int, generator: SubprocessGenerator) -> None:
        self.number = number
        self.generator = generator
        self.ends = 0  # workers that ended here
        self.batches = 0  # of the present one


class WorkerPool:
    """Takes batches from several workers, from whichever has one ready.

    A worker that dies, stands still or runs out of memory is named and replaced while the others
    go on, `MAX_REPLACEMENTS` times; then the pool goes on without it. A thread looks after the
    workers also while nobody waits for a batch. An exception of a worker's function ends the
    pool.

    :ivar generators: the workers that there are now; the list stays the same object.
    :ivar meter: how long the batches took and were waited for; not in debug mode.
    :ivar ahead: batches ahead of a worker that is started from now on.
    :ivar is_adjustable: whether `set_workers` does anything.
    """

    def __init__(self, generator_func: Callable[[Any], Iterable], make_task: Callable[[], Any],
                 count: int, debug: bool = False, name: str = "sample worker") -> None:
        """
        Arguments:
            generator_func: module-level function, task -> iterator of batches.
            make_task: makes a worker's task, picklable; called again for a replacement. What it
                holds must not lead back to the pool.
            count: workers; they start at once, all at the same time. One where the batches have to
                come again (`batch_worker.draw_seed`).
            debug: no worker, a task is done in this thread.
            name: what messages call the workers.
        """
        seed = None if debug else draw_seed()
        if seed is not None:
            # two workers would share the samples, and take turns, as they happen to be quick
            generator_func, count = functools.partial(generate_seeded, generator_func, seed), 1
        self._generator_func = functools.partial(generate_measured, generator_func)
        self._make_task = make_task
        self._name = name
        self._next = 0
        self._lock = threading.Lock()
        self._failure: Optional[UserError] = None
        self._is_closed = threading.Event()
        self._receiving: Optional[Tuple[SubprocessGenerator, float]] = None  # and since when
        self._places: List[_Place] = []
        self._numbers = itertools.count(1)
        self.generators: List[Any] = []
        self.meter = FeedMeter()
        self.ahead = AHEAD
        self.is_adjustable = not debug and seed is None
        self._is_debug = debug
        if debug:
            self.generators.append(ThisThreadGenerator(generator_func, make_task()))
            return
        self._places = self._make_places(count)
        self._list_generators()
        SubprocessGenerator.start_in_parallel(self.generators)
        threading.Thread(target=_look_after, args=(weakref.ref(self), self._is_closed),
                         name=name, daemon=True).start()

    @property
    def count(self) -> int:
        """Workers that there are now."""
        return len(self.generators)

    @property
    def short_name(self) -> str:
        """The end of the folder that the name ends with, or the name."""
        return "/".join(PurePath(self._name.split(" of ", 1)[-1]).parts[-2:])

    def set_workers(self, count: int, ahead: int = AHEAD) -> None:
        """Have `count` workers from now on, 1 at least, the new ones `ahead` batches ahead.

        Returns at once, new workers start meanwhile. What those that end had computed ahead is
        lost. Raises nothing: one that cannot be started is told.
        """
        if not self.is_adjustable:
            return
        with self._lock:
            if self._is_closed.is_set() or self._failure is not None:
                return
            self.ahead = ahead
            surplus = self._places[max(1, count):]
            del self._places[max(1, count):]
            added = self._make_places(count - len(self._places))
            if self._start([place.generator for place in added]):
                self._places += added
            self._list_generators()
        for place in surplus:
            place.generator.close()

    def _make_places(self, count: int) -> List[_Place]:
        numbers = [next(self._numbers) for _ in range(count)]
        return [_Place(number, self._make_generator(number)) for number in numbers]

    def _list_generators(self) -> None:
        self.generators[:] = [place.generator for place in self._places]

    def _make_generator(self, number: int) -> SubprocessGenerator:
        return SubprocessGenerator(self._generator_func, self._make_task(), self.ahead,
                                   start_now=False, name="%s %d" % (self._name, number),
                                   is_lending=True)

    def next_batch(self) -> Any:
        """Round robin among the workers that have a batch ready: a slow one holds up nobody.

        Raises core.joblib's WorkerError, a UserError, when a worker's function fails or when no
        worker is left.
        """
        if self._is_debug:
            return next(self.generators[0])
        start = time.perf_counter()
        while True:
            with self._lock:
                if self._failure is not None:
                    raise self._failure
                if self._is_closed.is_set():
                    raise StopIteration()
                place = self._find_ready()
                if place is None:
                    self._check(is_waited_for=True)
                    continue
                waited = time.perf_counter() - start
                try:
                    self._receiving = place.generator, time.monotonic()
                    batch, made = next(place.generator)
                except WorkerError as error:
                    self._end(place, error)
                    continue
                finally:
                    self._receiving = None
                place.batches += 1
                if place.batches == RECOVERED:
                    place.ends = 0
                self.meter.note(made, waited)
                return batch

    def _find_ready(self) -> Optional[_Place]:
        index = SubprocessGenerator.find_ready(self.generators, self._next % len(self._places),
                                               CHECK_INTERVAL)
        if index is None:
            return None
        self._next = index + 1
        return self._places[index]

    def look_after(self) -> None:
        """What the pool's thread does again and again."""
        if self._lock.acquire(timeout=CHECK_INTERVAL):
            try:
                if not self._is_closed.is_set():
                    self._check(is_waited_for=False)
            finally:
                self._lock.release()
            return
        # Whoever holds the lock looks after the workers, unless it waits inside of a message.
        receiving = self._receiving
        if receiving is not None and time.monotonic() - receiving[1] >= STUCK:
            receiving[0].worker.end_process()

    def _check(self, is_waited_for: bool) -> None:
        for place in list(self._places):
            try:
                place.generator.watch.check(is_waited_for)
            except WorkerError as error:
                self._end(place, error)

    def _end(self, place: _Place, error: WorkerError) -> None:
        """A worker is lost: replace it, go on without it, or end the pool."""
        place.generator.close()
        if not error.is_replaceable:
            self._failure = error
            return
        io.log_err(str(error))
        place.ends += 1
        place.batches = 0
        if place.ends <= MAX_REPLACEMENTS and self._start_successor(place):
            return
        self._places.remove(place)
        self._list_generators()
        if self._places:
            io.log_err("It is not replaced again: training goes on with %d of its kind."
                       % len(self._places))
        else:
            self._failure = error

    def _start(self, generators: List[SubprocessGenerator]) -> bool:
        """Start further workers; False, and told, when one cannot be."""
        try:
            SubprocessGenerator.start_in_parallel(generators)
        except (OSError, MemoryError, UserError) as error:
            for generator in generators:
                generator.close()
            io.log_err("No other %s can be started: %s" % (self._name, error))
            return False
        return True

    def _start_successor(self, place: _Place) -> bool:
        generator = self._make_generator(place.number)
        if not self._start([generator]):
            return False
        place.generator = generator
        self._list_generators()
        io.log_info("%s takes its place (replacement %d of at most %d)."
                    % (generator.worker.describe(), place.ends, MAX_REPLACEMENTS))
        return True

    def close(self) -> None:
        """End the workers."""
        self._is_closed.set()
        with self._lock:
            for generator in self.generators:
                generator.close()


def _look_after(pool_reference: Any, is_closed: threading.Event) -> None:
    """Thread of a pool; ends with it."""
    while not is_closed.wait(CHECK_INTERVAL):
        pool = pool_reference()
        if pool is None:
            return
        pool.look_after()
        del pool

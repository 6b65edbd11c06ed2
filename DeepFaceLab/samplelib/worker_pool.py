"""The workers of a batch generator."""
from typing import Any, Callable, Iterable, List

from core.joblib import SubprocessGenerator, ThisThreadGenerator


class WorkerPool:
    """Takes batches from several workers, from whichever has one ready."""

    def __init__(self, generator_func: Callable[[Any], Iterable], tasks: List[Any],
                 debug: bool = False):
        """
        Arguments:
            generator_func: module-level function, task -> iterator of batches.
            tasks: picklable, one a worker; the workers start at once, all at the same time.
            debug: no worker, the first task is done in this thread.
        """
        self._next = 0
        if debug:
            self.generators = [ThisThreadGenerator(generator_func, tasks[0])]
        else:
            self.generators = [SubprocessGenerator(generator_func, task, start_now=False)
                               for task in tasks]
            SubprocessGenerator.start_in_parallel(self.generators)

    def next_batch(self) -> Any:
        """Round robin among the workers that have a batch ready: a slow one holds up nobody.

        Raises core.joblib's WorkerError, a UserError, when a worker fails, dies or stalls.
        """
        index = self._next
        if len(self.generators) > 1:
            index = SubprocessGenerator.wait_ready(self.generators, index)
        self._next = (index + 1) % len(self.generators)
        return next(self.generators[index])

    def close(self) -> None:
        """End the workers."""
        for generator in self.generators:
            generator.close()

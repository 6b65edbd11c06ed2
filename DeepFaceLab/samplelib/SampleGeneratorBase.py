"""What every batch generator has in common (spec 30 section 7.1)."""
from typing import Any, List, Optional, Tuple

from core.errors import UserError

from .worker_pool import WorkerPool


class NoTrainingDataError(UserError, ValueError):
    """A folder without what is to be learned from; a ValueError as in every older tree."""


class SampleGeneratorBase:
    """An endless iterator of batches. The trainer accepts instances of this class only.

    Attributes: `debug`; `batch_size`, 1 with debug; `last_generation`, the batch given last;
    `last_filenames`, the files it was made of, [] where a generator does not tell; `active`,
    whether `generate_next` makes new batches; `cache_bytes`, the memory in which its workers keep
    pictures, for messages.
    """

    cache_bytes = 0

    def __init__(self, debug: bool = False, batch_size: int = 1):
        self.debug = debug
        self.batch_size = 1 if self.debug else batch_size
        self.last_generation = None
        self.last_filenames: List[str] = []
        self.active = True
        self._pool: Optional[WorkerPool] = None

    def _start_workers(self, pool: WorkerPool) -> None:
        self._pool = pool
        self.generators = pool.generators

    @property
    def pool(self) -> Optional[WorkerPool]:
        """Its workers; None of a generator without data, or one that has none."""
        return getattr(self, "_pool", None)

    def close(self) -> None:
        """End the worker processes; they also end with this process."""
        if self._pool is not None:
            self._pool.close()

    def set_active(self, is_active: bool) -> None:
        self.active = is_active

    def generate_next(self) -> Any:
        """The next batch; an inactive generator repeats its last one."""
        if not self.active and self.last_generation is not None:
            return self.last_generation
        self.last_generation = next(self)
        return self.last_generation

    def __iter__(self) -> "SampleGeneratorBase":
        return self

    def __next__(self) -> Any:
        return None

    def is_initialized(self) -> bool:
        """False for a generator that found no data and was allowed to."""
        return True


def split_second_argument(second: Any, debug: Optional[bool],
                          pak_names: Any) -> Tuple[bool, Any]:
    """(debug, pak names) of a generator's second positional argument and its two keywords.

    `second` is a bool where it is `debug`, and a name, a list of names or None where it is the
    pak of the MVE fork, which passes `debug` by keyword (spec 82 section A).
    """
    if isinstance(second, (str, list, tuple)):
        pak_names = second
    elif debug is None:
        debug = second
    return bool(debug), pak_names

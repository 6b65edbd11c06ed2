"""Random index sequences that all workers share (spec 31 section 12.2)."""
import threading
from typing import List, Optional, Sequence

import numpy as np

from .host_server import HostServer


class _Deck:
    """Indices 0..count-1 in shuffled order, popped from the end, shuffled anew when used up."""

    def __init__(self, count: int, rnd_state) -> None:
        self._count = count
        self._rnd_state = rnd_state
        self._rest: List[int] = []

    def pop(self) -> int:
        if not self._rest:
            self._rest = list(range(self._count))
            self._rnd_state.shuffle(self._rest)
        return self._rest.pop()


class _IndexHostBase:
    """Common part of the index hosts: clients, locking, empty pickled state."""

    class Cli:
        """Client; goes to a worker process as an argument."""

        def __init__(self, client) -> None:
            self._client = client

        def multi_get(self, count: int) -> list:
            """The next `count` elements of the common sequence."""
            return self._client.call(count)

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __getstate__(self) -> dict:
        return {}

    def create_cli(self) -> 'Cli':
        """A client for one worker."""
        return self.Cli(HostServer.connect(self._multi_get))

    def _multi_get(self, count: int) -> list:
        with self._lock:
            return [self._get_next() for _ in range(count)]

    def _get_next(self):
        raise NotImplementedError


class IndexHost(_IndexHostBase):
    """Epochs of shuffled indices 0..N-1, continued over requests and clients."""

    def __init__(self, indexes_count: int, rnd_seed: Optional[int] = None) -> None:
        """:param rnd_seed: own generator with this seed; None uses NumPy's global one.

        :raises ValueError: nothing to index.
        """
        super(IndexHost, self).__init__()
        if indexes_count < 1:
            raise ValueError("IndexHost needs at least one index, not %d." % indexes_count)
        rnd_state = np.random if rnd_seed is None else np.random.RandomState(rnd_seed)
        self._deck = _Deck(indexes_count, rnd_state)

    def _get_next(self) -> int:
        return self._deck.pop()


class Index2DHost(_IndexHostBase):
    """Uniform over buckets, without replacement inside a bucket.

    Buckets come in shuffled epochs; each bucket has its own shuffled order.
    """

    def __init__(self, indexes2D: Sequence[Sequence[int]], rnd_seed: Optional[int] = None) -> None:
        """:raises ValueError: no bucket, or an empty one."""
        super(Index2DHost, self).__init__()
        self._buckets = [list(bucket) for bucket in indexes2D]
        if not self._buckets or not all(self._buckets):
            raise ValueError("Index2DHost needs at least one bucket and none that is empty.")
        rnd_state = np.random if rnd_seed is None else np.random.RandomState(rnd_seed)
        self._order = _Deck(len(self._buckets), rnd_state)
        self._decks = [_Deck(len(bucket), rnd_state) for bucket in self._buckets]

    def _get_next(self) -> int:
        number = self._order.pop()
        return self._buckets[number][self._decks[number].pop()]

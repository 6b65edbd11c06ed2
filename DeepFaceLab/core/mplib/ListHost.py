"""A list that worker processes read and extend (spec 31 section 12.2)."""
import threading
from typing import Iterable, List, Sequence

from .host_server import HostServer


class ListHost:
    """Owner of the list, in the process that made it."""

    class Cli:
        """Client; `insert`, `append` and `extend` do not wait for the host."""

        def __init__(self, client) -> None:
            self._client = client

        def __len__(self) -> int:
            return self._client.call(('len',))

        def __getitem__(self, key: int):
            return self._client.call(('get', key))

        def multi_get(self, keys: Sequence[int]) -> list:
            """The items at `keys`."""
            return self._client.call(('multi_get', list(keys)))

        def insert(self, index: int, item) -> None:
            self._client.post(('insert', index, item))

        def append(self, item) -> None:
            self._client.post(('append', item))

        def extend(self, items: Iterable) -> None:
            self._client.post(('extend', list(items)))

    def __init__(self, list_: list) -> None:
        self._lock = threading.Lock()
        self.list_ = list_

    def __getstate__(self) -> dict:
        return {}

    def create_cli(self) -> 'Cli':
        """A client for one worker."""
        return self.Cli(HostServer.connect(self._answer))

    def get_list(self) -> list:
        """The list itself; complete once every client's last request with an answer is back."""
        return self.list_

    def _answer(self, request: tuple):
        command, args = request[0], request[1:]
        with self._lock:
            if command == 'len':
                return len(self.list_)
            if command == 'get':
                return self.list_[args[0]]
            if command == 'multi_get':
                return self._get_items(args[0])
            return getattr(self.list_, command)(*args)

    def _get_items(self, keys: Sequence[int]) -> List:
        return [self.list_[key] for key in keys]

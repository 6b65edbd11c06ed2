"""A dict that worker processes read (spec 31 section 12.2)."""
from .host_server import HostServer


class DictHostCli:
    """Client of one user."""

    def __init__(self, client) -> None:
        self._client = client

    def __getitem__(self, key):
        return self._client.call(('get', key))

    def keys(self) -> list:
        """All keys at this moment."""
        return self._client.call(('keys',))


class DictHost:
    """Owner of the dict `d`, with clients for `num_users` worker processes."""

    def __init__(self, d: dict, num_users: int) -> None:
        self._d = d
        self._clients = [DictHostCli(HostServer.connect(self._answer)) for _ in range(num_users)]

    def __getstate__(self) -> dict:
        return {}

    def get_cli(self, n_user: int) -> DictHostCli:
        """The client of user number `n_user`."""
        return self._clients[n_user]

    def _answer(self, request: tuple):
        if request[0] == 'get':
            return self._d[request[1]]
        return list(self._d.keys())

"""One thread that answers the requests of all hosts of this process, without polling.

Each client has its own pipe, so a worker that is killed in the middle of a request disturbs
nobody: its pipe ends and is dropped.
"""
import os
import threading
from multiprocessing import Pipe, connection
from typing import Callable, Dict, List

from core.interact import interact as io

# Windows waits for 63 handles at most; one is the wake-up pipe.
MAX_CLIENTS = 60 if os.name == 'nt' else 1 << 30


class RemoteError(Exception):
    """A host could not answer a request; the text is the host's error."""


class _Failure:
    """An error on its way to the client."""

    def __init__(self, text: str) -> None:
        self.text = text


class HostClient:
    """Client side of a pipe to a host. Belongs to one process; threads take turns."""

    def __init__(self, conn) -> None:
        self._conn = conn
        self._lock = threading.Lock()

    def __getstate__(self) -> dict:
        return {'_conn': self._conn}

    def __setstate__(self, state: dict) -> None:
        self.__init__(state['_conn'])

    def post(self, request) -> None:
        """Send a request that has no answer."""
        with self._lock:
            self._conn.send((False, request))

    def call(self, request):
        """Send a request and wait for its answer.

        :raises RemoteError: the host failed.
        :raises EOFError, OSError: the host's process has ended.
        """
        with self._lock:
            self._conn.send((True, request))
            reply = self._conn.recv()
        if isinstance(reply, _Failure):
            raise RemoteError(reply.text)
        return reply


class _ServerThread(threading.Thread):
    """Waits for all its clients at once."""

    def __init__(self) -> None:
        super(_ServerThread, self).__init__(name='mplib hosts', daemon=True)
        self._wake_receiver, self._wake_sender = Pipe(duplex=False)
        self._handlers: Dict[connection.Connection, Callable] = {}
        self.start()

    def has_room(self) -> bool:
        return len(self._handlers) < MAX_CLIENTS

    def add(self, conn, handler: Callable) -> None:
        self._handlers[conn] = handler
        self._wake_sender.send_bytes(b'.')

    def run(self) -> None:
        while True:
            waiting: List = [self._wake_receiver] + list(self._handlers)
            for conn in connection.wait(waiting):
                if conn is self._wake_receiver:
                    conn.recv_bytes()
                else:
                    self._answer(conn)

    def _answer(self, conn) -> None:
        try:
            wants_reply, request = conn.recv()
            try:
                reply = self._handlers[conn](request)
            except Exception as error:  # noqa: BLE001 whatever it is belongs to the client that asked
                reply = _Failure("%s: %s" % (type(error).__name__, error))
                if not wants_reply:
                    io.log_err("A request of a worker process failed. %s" % reply.text)
            if wants_reply:
                conn.send(reply)
        except (EOFError, OSError):
            # The client has ended.
            del self._handlers[conn]
            conn.close()


class HostServer:
    """The server threads of this process: one, or one for every 60 clients on Windows."""

    _lock = threading.Lock()
    _threads: List[_ServerThread] = []
    _pid = None

    @classmethod
    def connect(cls, handler: Callable) -> HostClient:
        """A client whose requests `handler(request)` answers in the server thread.

        Handlers of one host may run in two threads where there are two: the host locks.
        """
        host_end, client_end = Pipe()
        with cls._lock:
            if cls._pid != os.getpid():
                # Threads do not survive a fork.
                cls._pid, cls._threads = os.getpid(), []
            if not cls._threads or not cls._threads[-1].has_room():
                cls._threads.append(_ServerThread())
            cls._threads[-1].add(host_end, handler)
        return HostClient(client_end)

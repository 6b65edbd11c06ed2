"""A function of the host process that worker processes call (spec 41 section 3.4)."""
import traceback
from multiprocessing import Pipe, connection, context
from typing import Callable, List, Optional, Tuple

from core.errors import UserError
from core.interact import interact as io
from core.mplib.array_slots import ITEM, SlotReader, SlotWriter

FAILED = 'failed'  # message kind: the host's function raised
SLOT = 0  # request and answer alternate, so one slot a direction is enough here


class HostFunctionError(Exception):
    """The host's function raised; the text is its traceback."""


Failure = Tuple[str, Optional[list]]   # text, and remedies where the user can mend it


def describe_failure(error: Exception) -> Failure:
    """What the host sends of the exception at hand."""
    if isinstance(error, UserError):
        return error.what, list(error.remedies)
    return traceback.format_exc(), None


def make_failure(failure: Failure) -> Exception:
    """The worker's exception for it: a UserError stays one."""
    text, remedies = failure
    if remedies is not None:
        return UserError(text, remedies)
    return HostFunctionError("The main process failed:\n%s" % text)


class _Channel:
    """One end of a client's connection: arrays through shared memory, the rest by message."""

    def __init__(self, conn, slots_count: int) -> None:
        self.conn = conn
        self.writer = SlotWriter(conn, slots_count)
        self.reader = SlotReader(conn)


class MPFunc:
    """Callable in worker processes; runs `func(*args, **kwargs)` in the thread that made it.

    That thread answers all waiting calls in each of its `io.process_messages()`. Every worker has
    a connection of its own, so one that is killed in a call leaves the others alone. Arrays travel
    through shared memory. An exception of `func` is raised in the worker as `HostFunctionError`
    with the host's traceback, a UserError as one, and the host goes on.

    In the host itself a call is a plain call of `func`.

    :cvar slots_count: calls of one worker that may be under way; a subclass that lets several of
        its threads call raises it.
    """

    slots_count = 1

    def __init__(self, func: Callable) -> None:
        self.func = func
        self._clients: List[_Channel] = []
        self._handed_out = {}  # host end -> client end, kept open until the worker has it
        io.add_process_messages_callback(self._process_messages)

    def __getstate__(self) -> dict:
        # Once for each worker.
        context.assert_spawning(self)
        host_end, client_end = Pipe()
        self._handed_out[host_end] = client_end
        self._clients.append(_Channel(host_end, self.slots_count))
        return {'conn': client_end}

    def __setstate__(self, state: dict) -> None:
        self.func = None
        self._channel = _Channel(state['conn'], self.slots_count)

    def __call__(self, *args, **kwargs):
        if self.func is not None:
            return self.func(*args, **kwargs)
        self._channel.writer.send((args, kwargs), SLOT)
        message = self._channel.reader.receive()
        if message[0] == FAILED:
            raise make_failure(message[1])
        return message[2]

    def _process_messages(self) -> None:
        """Host: answer every call that waits."""
        for client in self._find_ready():
            try:
                self._answer(client)
            except (EOFError, OSError):
                self._forget(client)

    def _find_ready(self) -> List[_Channel]:
        """Clients of which something can be received."""
        if not self._clients:
            return []
        ready = set(connection.wait([client.conn for client in self._clients], timeout=0))
        return [client for client in self._clients if client.conn in ready]

    def _forget(self, client: _Channel) -> None:
        """The worker has ended."""
        if client in self._clients:
            self._clients.remove(client)
            client.conn.close()

    def _receive(self, client: _Channel) -> tuple:
        """The client's next message. EOFError or OSError when it has ended."""
        message = client.reader.receive()
        child_end = self._handed_out.pop(client.conn, None)
        if child_end is not None:
            child_end.close()
        return message

    def _answer(self, client: _Channel) -> None:
        message = self._receive(client)
        if message[0] != ITEM:
            raise EOFError("Unknown message %r." % (message[0],))
        args, kwargs = message[2]
        try:
            result = self.func(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 belongs to the worker that asked
            client.conn.send((FAILED, describe_failure(error)))
        else:
            client.writer.send(result, SLOT)

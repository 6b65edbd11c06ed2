"""A generator in a worker process; batches come through shared memory (spec 41 section 3.2)."""
import collections
import itertools
import threading
import weakref
from multiprocessing import connection
from typing import Callable, Deque, Iterator, List, Optional, Sequence

from core.mplib.array_slots import ITEM, SlotReader, SlotWriter
from core.process_options import WORKER_START_TIMEOUT, WORKER_TIMEOUT, get_setting

from .worker_error import WorkerError
from .worker_process import ERROR, WorkerProcess
from .worker_watch import WorkerWatch

END = 'end'  # message kind: the generator has no more items
MAX_LENT = 2  # items that may lie in the slots while they are used


class _Returns:
    """Gives slots back to a worker; from any thread, also in the middle of another return."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = weakref.ref(worker)  # arrays that are still used keep no worker alive
        self._slots: Deque[int] = collections.deque()
        self._lock = threading.Lock()

    def give(self, slot: int) -> None:
        self._slots.append(slot)
        # Whoever holds the lock sends this one too. It may be this very thread, interrupted by
        # the garbage collection: waiting would be for ever.
        while self._slots and self._lock.acquire(blocking=False):
            try:
                self._send()
            finally:
                self._lock.release()

    def _send(self) -> None:
        while self._slots:
            slot = self._slots.popleft()
            worker = self._worker()
            try:
                if worker is not None:
                    worker.conn.send(slot)
            except OSError:
                pass  # the worker has ended; what it sent before is still to be read


class SubprocessGenerator:
    """Iterator over `generator_func(user_param)`, which runs in a process of its own.

    The worker computes ahead: `prefetch` items lie in shared slots and one more is ready, so
    prefetch + 1 are buffered and each one taken triggers the next. An item is any picklable
    object; the ndarrays in it (in lists, tuples and dicts) are copied through the slots and never
    pickled. What `next` returns belongs to the caller.

    A parameter with an attribute `allocate` gets a function there, which makes arrays in the next
    free slot: [(shape, dtype), ...] -> arrays. An item of just these is not copied.

    With `is_lending` items are used where they lie, up to `MAX_LENT` at a time; the slot is given
    back when the arrays are gone. The others are copied, and so is the first, which may be kept.

    A generator that ends or yields None ends the iteration.

    Errors of `next`: `WorkerError` (a UserError) when the worker raised (with its traceback),
    died (with the signal or exit code) or stalled: environment `DFL_WORKER_START_TIMEOUT` (first
    item, 120 s) and `DFL_WORKER_TIMEOUT` (60 s), 0 = wait for ever. A worker that stands still
    is named after seconds.
    """

    _numbers = itertools.count(1)

    @staticmethod
    def launch_thread(generator: 'SubprocessGenerator') -> threading.Thread:
        """Start one generator's process in a thread; returns the thread."""
        thread = threading.Thread(target=generator._start)
        thread.start()
        return thread

    @staticmethod
    def start_in_parallel(generator_list: Sequence['SubprocessGenerator']) -> None:
        """Start the processes of many generators at the same time."""
        for thread in [SubprocessGenerator.launch_thread(item) for item in generator_list]:
            thread.join()
        for generator in generator_list:
            if generator._start_error is not None:
                raise generator._start_error

    @staticmethod
    def find_ready(generator_list: Sequence['SubprocessGenerator'], first: int,
                   timeout: float) -> Optional[int]:
        """Index of a started generator whose `next` does not wait; looked for from `first` on.

        None when there is none within `timeout` seconds. The end of a worker counts as ready.
        """
        order = [(first + i) % len(generator_list) for i in range(len(generator_list))]
        conns = [generator_list[i].worker.conn for i in order]
        ready = connection.wait(conns, timeout=timeout)
        return next((i for i, conn in zip(order, conns) if conn in ready), None)

    def __init__(self, generator_func: Callable[[object], Iterator], user_param=None,
                 prefetch: int = 2, start_now: bool = True, name: Optional[str] = None,
                 is_lending: bool = False) -> None:
        """
        :param generator_func: picklable; called in the worker.
        :param user_param: its argument; released here after the start.
        :param prefetch: shared slots, at least 1.
        :param start_now: start the process now, else with the first `next`.
        :param name: what messages call the worker; the name of the function by default.
        :param is_lending: see above.
        """
        super(SubprocessGenerator, self).__init__()
        self.generator_func = generator_func
        self.user_param = user_param
        self.prefetch = max(1, prefetch)
        self.name = name or "%s #%d" % (
            getattr(generator_func, '__qualname__', 'generator'), next(self._numbers))
        self.is_lending = is_lending
        self.p = None  # the process
        self.worker = None
        self.watch = None
        self._reader = None
        self._returns = None
        self._lent: List[None] = []     # one for each item that is used where it lies
        self._has_given = False
        self._start_error = None
        self._error = None
        self._ended = False
        if start_now:
            self._start()
            if self._start_error is not None:
                raise self._start_error

    def __getstate__(self) -> dict:
        # Bound methods of sample generators drag their siblings along; processes stay here.
        state = self.__dict__.copy()
        for name in ('p', 'worker', 'watch', '_reader', '_returns', '_error', '_start_error'):
            state[name] = None
        state['_lent'] = []
        return state

    def _start(self) -> None:
        """Spawn the worker. Runs in threads as well: an error is kept for the starter."""
        if self._is_started():
            return
        worker = WorkerProcess(self.name, self.process_func, self.generator_func,
                               self.user_param, self._count_slots())
        try:
            worker.start()
        except Exception as error:  # noqa: BLE001 pickling may raise anything
            self._start_error = error
            return
        self.user_param = None
        self._reader = SlotReader(worker.conn)
        self._returns = _Returns(worker)
        self.watch = WorkerWatch(worker)
        self.watch.begin("first batch", get_setting(WORKER_START_TIMEOUT))
        self.worker = worker
        self.p = worker.process

    def _count_slots(self) -> int:
        return self.prefetch + (MAX_LENT if self.is_lending else 0)

    def _is_started(self) -> bool:
        return self.p is not None

    @staticmethod
    def process_func(conn, generator_func: Callable, user_param, slots_count: int) -> None:
        """Main function of the worker process."""
        writer = SlotWriter(conn, slots_count)
        free = list(range(slots_count))
        allocated: List[int] = []

        def take_slot() -> int:
            if allocated:
                return allocated.pop()
            while not free or conn.poll(0):
                free.append(conn.recv())
            return free.pop()

        def allocate(kinds: Sequence[tuple]) -> list:
            slot = take_slot()
            arrays = writer.allocate(kinds, slot)
            allocated.append(slot)
            return arrays
        if hasattr(user_param, 'allocate'):
            user_param.allocate = allocate
        for item in generator_func(user_param):
            if item is None:
                break
            writer.send(item, take_slot())
        conn.send((END,))

    def __iter__(self) -> 'SubprocessGenerator':
        return self

    def __next__(self):
        if self._error is not None:
            raise self._error
        if self._ended:
            raise StopIteration()
        if not self._is_started():
            self._start()
            if self._start_error is not None:
                raise self._start_error
        take_back = self._start_lending()
        message = self._receive(take_back)
        if message[0] == ITEM:
            self._has_given = True
            _, slot, item = message
            if take_back is None:
                self._returns.give(slot)
            self.watch.begin("next batch", get_setting(WORKER_TIMEOUT))
            return item
        self._ended = True
        self.close()
        raise StopIteration()

    def _receive(self, take_back: Optional[Callable[[int], None]]) -> tuple:
        try:
            self.watch.wait()
            message = self._reader.receive(take_back)
        except WorkerError as error:
            self._error = error
            raise
        except (EOFError, OSError) as error:
            self._error = self.worker.make_death_error()
            raise self._error from error
        if message[0] == ERROR:
            self._error = self.worker.make_exception_error(message)
            self.close()
            raise self._error
        return message

    def _start_lending(self) -> Optional[Callable[[int], None]]:
        """For the next item: what takes its slot back, None to copy it."""
        if not self.is_lending or not self._has_given or len(self._lent) >= MAX_LENT:
            return None
        lent, returns = self._lent, self._returns   # not `self`: arrays may outlive it
        lent.append(None)

        def take_back(slot: int) -> None:
            lent.pop()
            returns.give(slot)
        return take_back

    def close(self) -> None:
        """End the worker; a further `next` raises StopIteration (or the error there was)."""
        self._ended = True
        if self.worker is not None:
            self.worker.kill()

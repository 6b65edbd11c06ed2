"""Functions and classes that test_joblib_*.py run in worker processes."""
import ctypes
import os
import signal
import sys
import threading
import time

import numpy as np

from core.errors import UserError
from core.joblib import Subprocessor
from core.joblib.worker_process import tell_parent


def make_batch(number, size=16):
    """Three arrays of different shapes and types, like a training batch."""
    rnd = np.random.RandomState(number)
    return [rnd.uniform(size=(2, size, size, 3)).astype(np.float32),
            rnd.randint(0, 255, size=(2, size, size)).astype(np.uint8),
            np.float64(rnd.uniform(size=(5,)))]


def count_batches(param):
    for number in range(param['count']):
        yield make_batch(number, param.get('size', 16))


def endless_batches(param):
    number = 0
    while True:
        yield make_batch(number)
        number += 1


def growing_batches(param):
    """Sizes go up and down; also views that are not contiguous, empty arrays and other objects."""
    for number in range(6):
        image = np.arange(3 * 4 ** (number % 4 + 2), dtype=np.float32).reshape(-1, 4, 3)
        yield ([image.transpose((2, 0, 1)), np.zeros((0, 7), np.int16), np.array(number)],
               {'names': ['face %d' % number], 'objects': np.array([None, 'x'], object)})


def report_environment(param):
    import cv2
    yield [sorted(sys.modules), cv2.getNumThreads(), os.getpid(),
           signal.getsignal(signal.SIGINT) == signal.SIG_IGN]


def draw_random(param):
    yield [np.random.randint(0, 2 ** 31 - 1, size=4)]


def raise_after_two(param):
    yield [np.zeros(3)]
    yield [np.ones(3)]
    raise KeyError('the third batch')


def raise_user_error(param):
    raise UserError("The faceset is empty.", ["Extract faces first."])
    yield


def raise_memory_error(param):
    raise MemoryError()
    yield


def crash(param):
    yield [np.zeros(3)]
    ctypes.string_at(0)


def stop_answering(param):
    yield [np.zeros(3)]
    time.sleep(1000)


def compute_long(param):
    yield [np.zeros(3)]
    deadline = time.process_time() + param
    while time.process_time() < deadline:
        sum(range(10000))
    yield [np.ones(3)]


def end_with_none(param):
    yield [np.zeros(2)]
    yield None
    yield [np.ones(2)]


class Unpicklable:
    """Pickles here, fails to unpickle in the worker."""

    def __reduce__(self):
        return fail_to_unpickle, ()


def fail_to_unpickle():
    if 'pytest' not in sys.modules:
        raise ImportError("a module that the worker lacks")


def ask_index_host(cli):
    while True:
        yield [np.array(cli.multi_get(7))]


def read_shared_list(shared):
    yield [len(shared), shared[0], shared[-1], list(shared)]


class SquareHost(Subprocessor):
    """Squares numbers; 'items' may also tell the worker what to do."""

    class Cli(Subprocessor.Cli):
        def on_initialize(self, client_dict):
            if client_dict.get('init') == 'raise':
                raise RuntimeError("no device for this worker")
            if client_dict.get('init') == 'die':
                os._exit(7)
            self.offset = client_dict['offset']
            self.func = client_dict.get('func')
            self.log_info("worker is ready")

        def process_data(self, data):
            if isinstance(data, str):
                self.obey(data)
            if isinstance(data, tuple) and data[0] == 'once':
                # fails unless the mark of an earlier attempt is there
                if not os.path.exists(data[1]):
                    open(data[1], 'w').close()
                    raise ArithmeticError("the first attempt fails")
                return 'second attempt'
            self.progress_bar_inc(1)
            if self.func is not None:
                return self.func(data)
            return data * data + self.offset

        @staticmethod
        def obey(data):
            if data == 'raise':
                raise ArithmeticError("this item is bad")
            if data == 'kill':
                os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))
            if data == 'silence':
                raise Subprocessor.SilenceException()
            if data == 'sleep':
                time.sleep(1000)

        def get_data_name(self, data):
            return 'item %s' % (data,)

    def __init__(self, items, workers=2, no_response_time_sec=0, **client_dict):
        self.items = list(items)
        self.results = {}
        self.workers = workers
        self.client_dict = dict(client_dict, offset=0.5)
        self.calls = []
        super(SquareHost, self).__init__('Squares', SquareHost.Cli, no_response_time_sec)

    def process_info_generator(self):
        for i in range(self.workers):
            yield 'worker %d' % i, {'i': i}, self.client_dict

    def on_clients_initialized(self):
        self.calls.append('initialized')

    def on_clients_finalized(self):
        self.calls.append('finalized')

    def get_data(self, host_dict):
        return self.items.pop(0) if self.items else None

    def on_data_return(self, host_dict, data):
        self.calls.append(('return', data))
        self.items.insert(0, data)

    def on_result(self, host_dict, data, result):
        self.results[data] = result

    def get_result(self):
        return self.results


# Main functions of plain worker processes: `func(conn, *args)`.

def answer(conn, greeting):
    """Greets, then sends back what comes with its process id, until None comes."""
    conn.send(greeting)
    while True:
        message = conn.recv()
        if message is None:
            return
        conn.send((message, os.getpid()))


def report_signals(conn):
    hangup = getattr(signal, 'SIGHUP', signal.SIGINT)
    conn.send((signal.getsignal(signal.SIGINT) == signal.getsignal(hangup) == signal.SIG_IGN,
               'tensorflow' in sys.modules))


def count_heaps(conn, path):
    """Heaps that glibc keeps while four threads hold memory, by what it writes to `path`."""
    libc = ctypes.CDLL(None)
    barrier = threading.Barrier(5)

    def hold():
        held = bytearray(50000)
        barrier.wait()      # all have allocated
        barrier.wait()      # the heaps are counted
        del held
    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    barrier.wait()
    libc.fopen.restype = ctypes.c_void_p
    file = ctypes.c_void_p(libc.fopen(path.encode(), b'w'))
    libc.malloc_info(0, file)
    libc.fclose(file)
    barrier.wait()
    for thread in threads:
        thread.join()
    with open(path) as written:
        conn.send(written.read().count('<heap nr='))


def exit_with(conn, code):
    conn.send('working')
    os._exit(code)


def say_nothing(conn):
    time.sleep(1000)


def tell(conn, text):
    tell_parent(text)
    conn.send('told')


def fail_with(conn, error):
    raise error


class Allocating:
    """A parameter that wants its arrays in the slots."""

    def __init__(self, count, is_direct=True):
        self.count, self.is_direct, self.allocate = count, is_direct, None


def fill_slots(param):
    """Batches of `make_batch`, made in the slots; every other one as arrays that lie elsewhere."""
    for number in range(param.count):
        expected = make_batch(number)
        batch = param.allocate([(array.shape, array.dtype) for array in expected])
        for array, other in zip(batch, expected):
            array[...] = other
        yield batch if param.is_direct or number % 2 else batch[::-1]


def read_sparse_block(block):
    block.reserve(0, 3)
    block.buf[:3] = b'xyz'
    yield bytes(block.buf[1 << 19:(1 << 19) + 3])

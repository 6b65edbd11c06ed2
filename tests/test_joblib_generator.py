"""SubprocessGenerator and ThisThreadGenerator with real processes."""
import gc
import os
import pickle
import signal
import sys
import time
from multiprocessing import Pipe
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest

import joblib_workers as workers
from core.errors import UserError
from core.joblib import SubprocessGenerator, ThisThreadGenerator
from core.joblib.worker_error import WorkerError, explain_exit
from core.mplib.array_slots import SlotReader, SlotWriter

needs_posix_signals = pytest.mark.skipif(os.name == 'nt', reason="needs POSIX signals")


def assert_equal_batches(batch, expected):
    assert len(batch) == len(expected)
    for array, other in zip(batch, expected):
        assert array.dtype == other.dtype
        np.testing.assert_array_equal(array, other)


def drain(generator):
    """Take items until the error that ends them."""
    with pytest.raises(WorkerError) as info:
        for _ in range(100):
            next(generator)
    return info.value


@pytest.mark.parametrize('kind', [SubprocessGenerator, ThisThreadGenerator])
def test_batches_arrive_in_order_and_end(kind):
    generator = kind(workers.count_batches, {'count': 7})
    batches = list(generator)
    assert len(batches) == 7
    for number, batch in enumerate(batches):
        assert_equal_batches(batch, workers.make_batch(number))
    with pytest.raises(StopIteration):
        next(generator)


@pytest.mark.parametrize('kind', [SubprocessGenerator, ThisThreadGenerator])
def test_none_ends_the_iteration(kind):
    assert len(list(kind(workers.end_with_none))) == 1


def test_batches_belong_to_the_caller():
    generator = SubprocessGenerator(workers.count_batches, {'count': 8}, prefetch=1)
    first = next(generator)
    first[0][...] = 7
    list(generator)
    assert (first[0] == 7).all()
    assert first[1].flags.writeable and first[1].flags.owndata


@pytest.mark.parametrize('is_lending', [False, True])
@pytest.mark.parametrize('is_direct', [False, True])
def test_items_made_in_the_slots(is_direct, is_lending):
    generator = SubprocessGenerator(workers.fill_slots, workers.Allocating(9, is_direct),
                                    prefetch=1, is_lending=is_lending)
    kept = []
    for number, batch in enumerate(generator):
        expected = workers.make_batch(number)
        assert_equal_batches(batch, expected if is_direct or number % 2 else expected[::-1])
        kept = (kept + [batch])[-2:]
    assert number == 8
    assert_equal_batches(kept[0], workers.make_batch(7))


def test_lent_items_stay_as_they_are_while_they_are_used():
    generator = SubprocessGenerator(workers.count_batches, {'count': 12}, prefetch=1,
                                    is_lending=True)
    first, second = next(generator), next(generator)
    part = second[0][1:]    # the slot stays taken by a view
    del second
    third = next(generator)
    batches = [next(generator) for _ in range(3)]   # no more are lent: copied
    assert first[0].flags.owndata and not third[0].flags.owndata
    assert all(batch[0].flags.owndata for batch in batches)
    np.testing.assert_array_equal(part, workers.make_batch(1)[0][1:])
    assert_equal_batches(third, workers.make_batch(2))
    del part, third, batches
    last = list(generator)
    assert len(last) == 6 and not last[0][0].flags.owndata
    generator.close()
    assert_equal_batches(last[0], workers.make_batch(6))


def test_lent_items_outlive_their_generator():
    generator = SubprocessGenerator(workers.endless_batches, is_lending=True)
    next(generator)
    batch, process = next(generator), generator.p
    del generator
    gc.collect()
    process.join(20)
    assert process.exitcode is not None
    assert batch[0].sum() >= 0
    del batch


def test_changing_layouts_views_and_other_objects():
    batches = list(SubprocessGenerator(workers.growing_batches))
    for batch, expected in zip(batches, workers.growing_batches(None)):
        assert_equal_batches(batch[0], expected[0])
        assert batch[1]['names'] == expected[1]['names']
        assert list(batch[1]['objects']) == [None, 'x']
    assert len(batches) == 6


def test_messages_stay_small_whatever_the_batch_is():
    """Arrays never pass through pickle: 24 MB of them through a pipe that holds 64 KB."""
    receiver, sender = Pipe()
    sizes, send = [], sender.send

    def record_send(message):
        sizes.append(len(ForkingPickler.dumps(message)))
        send(message)
    sender.send = record_send
    batch = workers.make_batch(3, 1000)
    SlotWriter(sender, 2).send(batch, 1)
    kind, slot, received = SlotReader(receiver).receive()
    assert (kind, slot) == ('item', 1)
    assert_equal_batches(received, batch)
    assert sum(array.nbytes for array in batch) > 2 * 10 ** 7 and max(sizes) < 2000


def test_worker_environment():
    modules, opencv_threads, pid, ignores_interrupt = next(
        SubprocessGenerator(workers.report_environment))
    assert pid != os.getpid()
    assert 'tensorflow' not in modules
    assert opencv_threads == 1
    assert ignores_interrupt


def test_workers_draw_different_numbers():
    np.random.seed(5)
    generators = [SubprocessGenerator(workers.draw_random, start_now=False) for _ in range(3)]
    SubprocessGenerator.start_in_parallel(generators)
    assert len({tuple(next(generator)[0]) for generator in generators}) == 3


def test_starts_with_the_first_item_and_releases_its_parameter():
    generator = SubprocessGenerator(workers.count_batches, {'count': 1}, start_now=False)
    assert generator.p is None and generator.user_param == {'count': 1}
    assert_equal_batches(next(generator), workers.make_batch(0))
    assert generator.p is not None and generator.user_param is None


def test_pickled_state_has_no_process():
    generator = SubprocessGenerator(workers.count_batches, {'count': 1})
    copy = pickle.loads(pickle.dumps(generator))
    assert copy.p is None and copy.generator_func is workers.count_batches
    generator.close()


def test_close_and_garbage_collection_end_the_worker():
    closed = SubprocessGenerator(workers.endless_batches)
    next(closed)
    forgotten = SubprocessGenerator(workers.endless_batches)
    next(forgotten)
    processes = [closed.p, forgotten.p]
    closed.close()
    with pytest.raises(StopIteration):
        next(closed)
    del forgotten
    gc.collect()
    for process in processes:
        process.join(20)
        assert process.exitcode is not None


def test_find_ready_finds_the_generator_that_has_a_batch():
    slow = SubprocessGenerator(workers.compute_long, 30)
    fast = SubprocessGenerator(workers.endless_batches)
    generators = [slow, fast]
    next(slow)
    next(fast)
    assert [SubprocessGenerator.find_ready(generators, 0, 20) for _ in range(3)] == [1, 1, 1]
    assert SubprocessGenerator.find_ready([slow], 0, 0.1) is None
    for generator in generators:
        generator.close()


def test_exception_arrives_with_its_traceback_after_the_good_batches():
    generator = SubprocessGenerator(workers.raise_after_two)
    assert next(generator)[0].sum() == 0 and next(generator)[0].sum() == 3
    for _ in range(2):  # also when asked again
        with pytest.raises(WorkerError) as info:
            next(generator)
    assert 'raise_after_two' in info.value.traceback_text
    assert "KeyError: 'the third batch'" in str(info.value)


def test_expected_failure_has_no_traceback():
    error = drain(SubprocessGenerator(workers.raise_user_error))
    assert isinstance(error, UserError)
    assert (error.what, error.remedies) == ("The faceset is empty.", ["Extract faces first."])


def test_memory_error_lists_remedies():
    error = drain(SubprocessGenerator(workers.raise_memory_error))
    assert 'MemoryError' in error.what and any('fewer workers' in text for text in error.remedies)


def test_failure_before_the_first_line_of_the_worker(tmp_path):
    script = tmp_path / 'host.py'
    script.write_text(
        "from core.joblib import SubprocessGenerator\nimport joblib_workers\n"
        "if __name__ == '__main__':\n"
        "    generator = SubprocessGenerator(joblib_workers.count_batches,\n"
        "                                    joblib_workers.Unpicklable())\n"
        "    try:\n        next(generator)\n"
        "    except Exception as error:\n        print(error)\n")
    import subprocess
    environ = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    output = subprocess.check_output([sys.executable, str(script)], env=environ).decode()
    assert "ImportError: a module that the worker lacks" in output


def test_unpicklable_arguments_are_the_callers_error():
    with pytest.raises((AttributeError, pickle.PicklingError)):
        SubprocessGenerator(lambda param: iter(()))


@needs_posix_signals
def test_killed_worker_is_reported():
    generator = SubprocessGenerator(workers.endless_batches)
    next(generator)
    os.kill(generator.p.pid, signal.SIGKILL)
    error = drain(generator)
    assert error.exitcode == -signal.SIGKILL
    assert 'SIGKILL' in error.what and 'out-of-memory' in error.what
    assert str(generator.p.pid) in error.what and generator.name in error.what
    assert any('GB' in text for text in error.remedies) or not sys.platform.startswith('linux')


def test_native_crash_is_reported():
    error = drain(SubprocessGenerator(workers.crash))
    assert error.exitcode not in (None, 0)


@needs_posix_signals
def test_stopped_worker_counts_as_stalled(monkeypatch):
    monkeypatch.setenv('DFL_WORKER_TIMEOUT', '0.5')
    generator = SubprocessGenerator(workers.endless_batches)
    next(generator)
    os.kill(generator.p.pid, signal.SIGSTOP)
    process = generator.p
    error = drain(generator)
    assert 'stalled' in error.what and any('DFL_WORKER_TIMEOUT' in r for r in error.remedies)
    process.join(10)
    assert process.exitcode is not None


def test_idle_worker_is_stalled_and_a_computing_one_is_not(monkeypatch):
    monkeypatch.setenv('DFL_WORKER_TIMEOUT', '1.5')
    generator = SubprocessGenerator(workers.stop_answering)
    next(generator)
    assert 'stalled' in drain(generator).what
    assert len(list(SubprocessGenerator(workers.compute_long, 2.0))) == 2


def test_waiting_is_announced(monkeypatch, capsys):
    monkeypatch.setattr('core.joblib.worker_watch.NOTICE_INTERVAL', 0.2)
    generator = SubprocessGenerator(workers.compute_long, 0.8)
    next(generator)
    next(generator)
    assert 'Still waiting for next batch from' in capsys.readouterr().out


def test_explain_exit():
    assert 'exit code 1' in explain_exit(1)[0]
    assert 'access violation' in explain_exit(0xC0000005)[0]
    assert 'access violation' in explain_exit(0xC0000005 - 2 ** 32)[0] or os.name != 'nt'
    assert 'lost' in explain_exit(None)[0]


def is_running(pid):
    try:
        with open('/proc/%d/stat' % pid) as file:
            return file.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason="looks into /proc")
def test_killed_parent_leaves_no_process_and_no_file(tmp_path):
    import subprocess
    script = tmp_path / 'host.py'
    script.write_text(
        "import time\nimport joblib_workers\n"
        "from core.joblib import SubprocessGenerator\n"
        "from core.mplib import MPSharedList\n"
        "class Host(joblib_workers.SquareHost):\n"
        "    def on_tick(self):\n"
        "        if not self.items and self.clis and not hasattr(self, 'told'):\n"
        "            self.told = True\n"
        "            pids = [g.p.pid for g in generators] + [c.p.pid for c in self.clis]\n"
        "            print(*pids, flush=True)\n"
        "        return False\n"
        "if __name__ == '__main__':\n"
        "    shared = MPSharedList(list(range(100)))\n"
        "    generators = [SubprocessGenerator(joblib_workers.endless_batches),\n"
        "                  SubprocessGenerator(joblib_workers.stop_answering)]\n"
        "    for generator in generators:\n        next(generator)\n"
        "    Host(['sleep', 'sleep']).run()\n")
    temp = tmp_path / 'temp'
    temp.mkdir()
    before = set(os.listdir('/dev/shm')) if os.path.isdir('/dev/shm') else set()
    environ = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), TMPDIR=str(temp))
    host = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environ)
    line = host.stdout.readline().decode()
    while 'ready' in line:
        line = host.stdout.readline().decode()
    pids = [int(word) for word in line.split()]
    assert len(pids) == 4 and all(is_running(pid) for pid in pids)
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    for _ in range(100):
        if not any(is_running(pid) for pid in pids):
            break
        time.sleep(0.1)
    assert [pid for pid in pids if is_running(pid)] == []
    after = set(os.listdir('/dev/shm')) if os.path.isdir('/dev/shm') else set()
    assert [name for name in after - before if 'dfl' in name] == []
    assert os.listdir(str(temp)) == []

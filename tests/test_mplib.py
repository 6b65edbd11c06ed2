"""Shared lists, index sequences and hosts, with real worker processes."""
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import joblib_workers as workers
from core.errors import UserError
from core.joblib import SubprocessGenerator
from core.mplib import DictHost, Index2DHost, IndexHost, ListHost, MPSharedList, shared_block
from core.mplib.host_server import HostServer, RemoteError
from core.mplib.shared_block import SharedBlock


def test_index_host_vector():
    client = IndexHost(5, 3).create_cli()
    assert client.multi_get(5) == [2, 0, 1, 4, 3]
    assert client.multi_get(5) == [0, 4, 3, 1, 2]
    assert client.multi_get(2) == [3, 2]


def test_index_host_sequence_is_common_to_all_clients():
    one = IndexHost(7, 11).create_cli().multi_get(21)
    host = IndexHost(7, 11)
    clients = [host.create_cli() for _ in range(3)]
    several = []
    for i, count in enumerate((2, 5, 1, 6, 7)):
        several += clients[i % 3].multi_get(count)
    assert several == one
    assert [sorted(one[i:i + 7]) for i in (0, 7, 14)] == [list(range(7))] * 3


def test_index_host_without_a_seed_uses_the_global_generator():
    np.random.seed(3)
    assert IndexHost(5).create_cli().multi_get(5) == [2, 0, 1, 4, 3]


def test_index_host_serves_worker_processes():
    host = IndexHost(10, 1)
    generators = [SubprocessGenerator(workers.ask_index_host, host.create_cli(), prefetch=1)
                  for _ in range(2)]
    drawn = [int(i) for generator in generators for i in np.concatenate(
        [next(generator)[0] for _ in range(5)])]
    # Batches computed ahead hold the rest of the running epochs, so counts differ a little.
    counts = np.bincount(drawn, minlength=10)
    assert len(drawn) == 70 and counts.min() >= 4
    for generator in generators:
        generator.close()
    # Clients that ended disturb nobody.
    assert len(host.create_cli().multi_get(20)) == 20


def test_clients_of_many_threads():
    host = IndexHost(100, 5)
    client, results = host.create_cli(), []
    threads = [threading.Thread(target=lambda: results.extend(client.multi_get(10)))
               for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(100))


def test_empty_hosts_are_refused():
    for make in (lambda: IndexHost(0), lambda: Index2DHost([]), lambda: Index2DHost([[1], []])):
        with pytest.raises(ValueError):
            make()


def test_index2d_host_is_uniform_over_buckets_and_complete_inside():
    buckets = [[0, 1, 2, 3], [10], [20, 21]]
    drawn = Index2DHost(buckets, rnd_seed=2).create_cli().multi_get(24)
    for start in range(0, 24, 3):
        assert sorted(value // 10 for value in drawn[start:start + 3]) == [0, 1, 2]
    first = [value for value in drawn if value < 10]
    assert sorted(first[:4]) == sorted(first[4:]) == [0, 1, 2, 3]
    assert [value for value in drawn if value == 10] == [10] * 8


def test_index2d_host_order():
    """Buckets and members are popped from the end of their own shuffled orders."""
    rnd = np.random.RandomState(9)
    buckets = [[5, 6, 7], [8, 9]]
    decks, order, expected = [[], []], [], []
    for _ in range(10):
        if not order:
            order = list(range(2))
            rnd.shuffle(order)
        bucket = order.pop()
        if not decks[bucket]:
            decks[bucket] = list(range(len(buckets[bucket])))
            rnd.shuffle(decks[bucket])
        expected.append(buckets[bucket][decks[bucket].pop()])
    assert Index2DHost(buckets, 9).create_cli().multi_get(10) == expected


def test_hosts_pickle_to_an_empty_state():
    for host in (IndexHost(3), Index2DHost([[1]]), ListHost([1]), DictHost({1: 2}, 1)):
        assert pickle.loads(pickle.dumps(host)).__dict__ == {}


def extend_list(cli):
    cli.append('d')
    cli.extend(['e', 'f'])
    cli.insert(0, 'first')
    yield [len(cli), cli[0], cli[-1], cli.multi_get([1, 2])]


def test_list_host():
    host = ListHost(['a', 'b', 'c'])
    result = next(SubprocessGenerator(extend_list, host.create_cli()))
    assert result == [7, 'first', 'f', ['a', 'b']]
    assert host.get_list() == ['first', 'a', 'b', 'c', 'd', 'e', 'f']
    with pytest.raises(RemoteError) as info:
        host.create_cli()[100]
    assert 'IndexError' in str(info.value)
    assert len(host.create_cli()) == 7


def read_dict(cli):
    yield [cli['x'], sorted(cli.keys())]


def test_dict_host():
    host = DictHost({'x': [1, 2], 'y': 3}, 2)
    assert next(SubprocessGenerator(read_dict, host.get_cli(0))) == [[1, 2], ['x', 'y']]
    with pytest.raises(RemoteError):
        host.get_cli(1)['missing']
    assert host.get_cli(1)['y'] == 3


def test_failing_request_without_an_answer_is_reported(capsys):
    host = ListHost([])
    client = host.create_cli()
    client.insert('no index', 1)
    assert len(client) == 0
    assert 'TypeError' in capsys.readouterr().out


def test_one_server_thread_serves_all_hosts():
    for _ in range(5):
        IndexHost(3).create_cli().multi_get(1)
    if os.name != 'nt':
        assert len(HostServer._threads) == 1


def test_shared_list():
    shared = MPSharedList([1, 'a', {'x': np.arange(3)}])
    assert len(shared) == 3 and shared[1] == 'a' and shared[-3] == 1
    assert shared[2]['x'].tolist() == [0, 1, 2]
    assert shared[2] is not shared[2]
    for index in (3, -4):
        with pytest.raises(ValueError):
            shared[index]


def test_shared_list_joins_without_copying():
    first, empty, second = MPSharedList([1, 2]), MPSharedList([]), MPSharedList(['x'])
    joined = sum([first, empty, second])
    assert list(joined) == [1, 2, 'x'] and [joined[i] for i in (-1, -2, 2)] == ['x', 2, 'x']
    assert joined.obj_counts == [2, 0, 1] and joined.table_offsets == [0, 0, 0]
    assert joined.data_offsets == [24, 0, 16]
    assert joined.sh_bs[0] is first.sh_bs[0] and joined.sh_bs[1] is None
    assert first + 0 is first and len(empty) == 0 and list(empty) == []
    for other in ([1], 'x'):
        with pytest.raises(ValueError):
            first + other
    with pytest.raises(ValueError):
        MPSharedList((1, 2))
    assert MPSharedList(None).obj_counts is None


def test_shared_list_layout():
    shared = MPSharedList(['ab', 7])
    data = bytes(shared.sh_bs[0].buf)
    pickles = [pickle.dumps(obj, 4) for obj in ('ab', 7)]
    ends = np.cumsum([0] + [len(p) for p in pickles])
    assert data == ends.astype('<u8').tobytes() + b''.join(pickles)


def test_list_of_items_that_come_one_at_a_time():
    made = []

    def make_items():
        for item in ('ab', 7, None):
            made.append(item)
            yield item
    shared = MPSharedList.from_items(make_items, 3)
    assert made == ['ab', 7, None] == list(shared)
    assert bytes(shared.sh_bs[0].buf) == bytes(MPSharedList(made).sh_bs[0].buf)
    assert len(MPSharedList.from_items(lambda: iter(()), 0)) == 0


def test_shared_list_in_a_worker_and_not_in_a_file():
    shared = MPSharedList([np.arange(4), 'b']) + MPSharedList([{'c': 1}])
    size, first, last, everything = next(SubprocessGenerator(workers.read_shared_list, shared))
    assert size == 3 and first.tolist() == [0, 1, 2, 3] and last == {'c': 1}
    assert everything[1] == 'b'
    with pytest.raises(RuntimeError):
        pickle.dumps(shared)


def test_shared_block_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_block, '_get_folders', lambda: [str(tmp_path)])
    block = SharedBlock.create(1000)
    block.buf[:3] = b'abc'
    assert bytes(block.buf[:4]) == b'abc\0' and len(block.buf) == 1000
    assert os.listdir(str(tmp_path)) == []


def test_sparse_block_takes_memory_where_it_is_reserved():
    block = SharedBlock.create_sparse(1 << 40 if os.name != 'nt' else 1 << 20)
    block.reserve(1 << 19, 1 << 10)
    block.write(1 << 19, memoryview(b'abc'))
    assert bytes(block.buf[:2]) == b'\0\0'
    found = next(SubprocessGenerator(workers.read_sparse_block, block))
    assert found == b'abc'
    assert bytes(block.buf[:3]) == b'xyz'    # what the worker has written


def test_sparse_block_that_cannot_be_is_a_user_error(monkeypatch):
    def fail(*_):
        raise OSError("full")
    monkeypatch.setattr(shared_block, '_open_memory_file', fail)
    if os.name != 'nt':
        with pytest.raises(UserError, match="full"):
            SharedBlock.create_sparse(10)


@pytest.mark.skipif(os.name == 'nt', reason="Windows has one place for shared memory")
def test_shared_block_without_nameless_files_and_with_a_full_first_place(tmp_path, monkeypatch):
    monkeypatch.delattr(os, 'O_TMPFILE', raising=False)
    monkeypatch.setattr(shared_block, '_get_folders',
                        lambda: [str(tmp_path / 'missing'), str(tmp_path)])
    parts = []

    def write(file):
        parts.append(file.tell())
        file.write(b'x' * 10)
    assert bytes(SharedBlock.build(write).buf) == b'x' * 10
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason="limits the file size")
def test_full_memory_is_a_user_error():
    """Space is reserved when a block is made, not when it is written."""
    code = ("import resource, signal\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))\n"
            "from core.errors import UserError\n"
            "from core.mplib.shared_block import SharedBlock\n"
            "SharedBlock.create(50000)\n"
            "try:\n    SharedBlock.create(200000)\n"
            "except UserError as error:\n    print('refused', error)\n")
    output = subprocess.check_output([sys.executable, '-c', code]).decode()
    assert output.startswith('refused No 0.2 MB of memory') and 'fewer workers' in output


def test_user_error_names_every_place(monkeypatch):
    monkeypatch.setattr(shared_block, '_get_folders', lambda: ['/nowhere/a', '/nowhere/b'])
    monkeypatch.setattr(shared_block, '_get_space_remedies', lambda: ['free some'])
    if os.name != 'nt':
        with pytest.raises(UserError) as info:
            SharedBlock.create(10)
        assert '/nowhere/a' in info.value.what and '/nowhere/b' in info.value.what

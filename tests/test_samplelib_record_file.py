"""What the feed keeps on disk: used again at the next start, refused where it does not fit."""
import os
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
from sample_support import Calls, image, mask
from test_samplelib_face_feed import BUDGET, make_faces

from core.joblib import SubprocessGenerator
from core.mplib.file_block import FileBlock
from samplelib import SampleProcessor
from samplelib.face_feed import FaceFeed
from samplelib.record_cache import RecordCache
from samplelib.record_file import RecordFile, make_key

SHAPES = [(3, 4, 4), (1, 5, 5)]
ROW = 64    # bytes of a row of up to eight numbers
SIGNATURE = bytes(range(32))


def make_arrays(value):
    return [np.full(shape, value, np.float32) for shape in SHAPES]


def open_file(path, keys=(11, 12, 13), signature=SIGNATURE, budget=1 << 20):
    return RecordFile(str(path), signature, list(keys), SHAPES, 2, budget)


def try_worker(cache):
    """Worker: finds nothing and keeps nothing."""
    cache.store(1, 8, [3, 4], make_arrays(2))
    yield cache.find(0, 7) is None and cache.find(1, 8) is None


def read_worker(cache):
    """Worker: finds record 0, stores record 1."""
    found = cache.find(0, 7)
    cache.store(1, 8, [3, 4], make_arrays(2))
    yield found.numbers, [array.copy() for array in found.arrays]


def assert_found(cache, index, state, value):
    record = cache.find(index, state)
    assert record.numbers == [5, 6] and cache.is_current(index, record)
    for array, expected in zip(record.arrays, make_arrays(value)):
        assert (array == expected).all() and not array.flags.writeable


def test_records_come_back_for_the_same_face(tmp_path):
    cache = open_file(tmp_path / "a")
    assert cache.capacity == 3 and cache.find(1, 7) is None
    for i in range(3):
        cache.store(i, 7, [5, 6], make_arrays(i))
    assert_found(cache, 1, 7, 1)
    del cache
    # one face has gone, one is new, the order is another
    cache = open_file(tmp_path / "a", keys=(99, 13, 11))
    assert cache.count_found() == 2
    assert cache.find(0, 7) is None and cache.find(1, 8) is None
    assert_found(cache, 1, 7, 2)
    assert_found(cache, 2, 7, 0)
    cache.store(0, 7, [5, 6], make_arrays(9))
    for index, value in enumerate((9, 2, 0)):
        assert_found(cache, index, 7, value)


def test_the_file_is_cut_to_the_budget(tmp_path):
    size = ROW + RecordCache(1, SHAPES, 0, 1 << 20).record_size
    cache = open_file(tmp_path / "a")
    for i in range(3):
        cache.store(i, 7, [5, 6], make_arrays(i))
    assert os.path.getsize(str(tmp_path / "a")) == 4096 + 3 * size
    del cache
    cache = open_file(tmp_path / "a", budget=2 * size + 5)
    assert cache.capacity == 2 and os.path.getsize(str(tmp_path / "a")) == 4096 + 2 * size
    assert_found(cache, 1, 7, 1)
    cache.store(2, 7, [5, 6], make_arrays(2))
    assert cache.find(2, 7) is None


@pytest.mark.parametrize("content, reason", [
    (b"\xff\xd8" + bytes(9000), "it holds no crops"), (b"DFLCROPS" + bytes(9000), "damaged"),
    (b"DFLCROPS", "damaged")])
def test_a_foreign_file_is_refused_by_name(tmp_path, capsys, content, reason):
    (tmp_path / "a.crops").write_bytes(content)
    cache = open_file(tmp_path / "a.crops")
    told = capsys.readouterr().out
    assert "a.crops cannot be used" in told and reason in told
    cache.store(0, 7, [5, 6], make_arrays(1))
    assert_found(cache, 0, 7, 1)


def test_other_outputs_make_another_file(tmp_path, capsys):
    open_file(tmp_path / "a").store(0, 7, [5, 6], make_arrays(1))
    cache = open_file(tmp_path / "a", signature=bytes(32))
    assert "other options" in capsys.readouterr().out and cache.find(0, 7) is None


@pytest.mark.parametrize("position", [3, ROW + 5])
def test_a_damaged_record_is_told_and_made_anew(tmp_path, capsys, position):
    """Within its numbers or its arrays."""
    open_file(tmp_path / "a").store(0, 7, [5, 6], make_arrays(1))
    position = 8 * 4 if position < ROW else position     # the first number
    with open(str(tmp_path / "a"), "r+b") as file:
        file.seek(4096 + position)
        byte = file.read(1)
        file.seek(4096 + position)
        file.write(bytes([byte[0] ^ 1]))
    cache = open_file(tmp_path / "a")
    assert cache.find(0, 7) is None and "is damaged" in capsys.readouterr().out
    cache.store(0, 7, [5, 6], make_arrays(1))
    assert_found(cache, 0, 7, 1)


def test_what_a_killed_worker_left_half_is_made_anew(tmp_path):
    cache = open_file(tmp_path / "a")
    cache.store(0, 7, [5, 6], make_arrays(1))
    cache._write_row(0, [3, 7, 11, 0, 5, 6])
    assert cache.find(0, 7) is None
    del cache
    cache = open_file(tmp_path / "a")
    cache.store(0, 7, [5, 6], make_arrays(2))
    assert_found(cache, 0, 7, 2)


def test_workers_share_the_file(tmp_path):
    cache = open_file(tmp_path / "a")
    cache.store(0, 7, [1, 2], make_arrays(9))
    numbers, arrays = next(SubprocessGenerator(read_worker, cache))
    assert numbers == [1, 2] and (arrays[0] == 9).all()
    assert cache.find(1, 8).numbers == [3, 4]


@pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be deleted there")
@pytest.mark.parametrize("successor", [None, b"something else"])
def test_workers_that_start_after_the_file_was_deleted(tmp_path, capsys, successor):
    cache = open_file(tmp_path / "a")
    cache.store(0, 7, [5, 6], make_arrays(1))
    (tmp_path / "a").unlink()
    if successor is not None:
        (tmp_path / "a").write_bytes(successor)
    worker = SubprocessGenerator(try_worker, cache)
    assert next(worker) is True
    worker.watch._looked_at = 0
    worker.watch.check()
    assert "a was deleted" in capsys.readouterr().out
    assert_found(cache, 0, 7, 1)    # those that had it go on with it
    assert (successor is not None) == (tmp_path / "a").exists()


def test_a_version_that_no_writer_reaches_is_damage(tmp_path):
    cache = open_file(tmp_path / "a")
    cache.store(0, 7, [5, 6], make_arrays(1))
    cache._write_row(0, [2 ** 63 - 2, 7, 11, 0, 5, 6])
    del cache
    cache = open_file(tmp_path / "a")
    cache.store(0, 7, [5, 6], make_arrays(2))
    assert_found(cache, 0, 7, 2)


def test_a_full_disk_is_told_and_what_is_there_stays(tmp_path, monkeypatch, capsys):
    cache = open_file(tmp_path / "a")
    cache.store(0, 7, [5, 6], make_arrays(1))

    def fail(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(FileBlock, "write", fail)
    for index in (1, 2):
        cache.store(index, 7, [5, 6], make_arrays(2))
        assert cache.find(index, 7) is None
    assert capsys.readouterr().out.count("%s: [Errno 28]" % (tmp_path / "a")) == 1
    assert_found(cache, 0, 7, 1)


def test_keys_follow_what_a_record_follows_from(tmp_path):
    first, second = make_faces(tmp_path, 2)
    keys = [make_key(first), make_key(second)]
    first.landmarks = first.landmarks + 1
    assert len(set(keys + [make_key(first)])) == 3


OUTPUTS = [image(), image(warp=False), mask()]


def draw_all(samples):
    feed = FaceFeed(samples, SampleProcessor.Options(), OUTPUTS, mode="fast", budget=BUDGET)
    np.random.seed(1)
    return feed, [feed.render(i, None) for i in range(len(samples))]


def test_the_next_start_decodes_nothing_again(tmp_path, monkeypatch, capsys):
    (tmp_path / "faces").mkdir()
    samples = make_faces(tmp_path / "faces", 3)
    _, expected = draw_all(samples)
    monkeypatch.setenv("DFL_FEED_CACHE", str(tmp_path / "kept"))
    feed, rows = draw_all(samples)
    # a second training of the same faces goes on in memory
    assert not isinstance(draw_all(samples)[0].cache, RecordFile)
    assert "is in use, by another training or by" in capsys.readouterr().out
    del feed
    calls = Calls(monkeypatch)
    calls.watch(cv2, "imdecode")
    feed, again = draw_all(samples)
    assert calls.count["imdecode"] == 0 and "3 of 3 faces" in capsys.readouterr().out
    for row, other, third in zip(expected, rows, again):
        for value, second, again_value in zip(row, other, third):
            assert (value == second).all() and (value == again_value).all()
    del feed
    os.utime(str(samples[1].filename), (5, 5))
    draw_all(make_faces_again(samples))
    assert calls.count["imdecode"] == 1


def make_faces_again(samples):
    from sample_support import load_samples
    return load_samples([sample.filename for sample in samples])


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("DFL_FEED_CACHE", str(tmp_path / "file"))
    (tmp_path / "faces").mkdir()
    feed, _ = draw_all(make_faces(tmp_path / "faces", 1))
    assert not isinstance(feed.cache, RecordFile)
    assert "feed_cache" in capsys.readouterr().out


KILLED = """
import os, sys
sys.path[:0] = %r
from test_samplelib_record_file import *
cache = open_file(sys.argv[1])
cache.store(0, 7, [5, 6], make_arrays(1))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_the_file_is_free_and_whole_after_a_kill(tmp_path):
    script = KILLED % ([path for path in sys.path if path],)
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "a")],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline().strip() == b"ready"
        with pytest.raises(BlockingIOError):
            open_file(tmp_path / "a")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert_found(open_file(tmp_path / "a"), 0, 7, 1)
    assert os.listdir(str(tmp_path)) == ["a"]

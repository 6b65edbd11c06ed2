"""Arrays of many samples in one shared block."""
import numpy as np
import pytest

from core.joblib import SubprocessGenerator
from samplelib.record_cache import RecordCache

SHAPES = [(3, 4, 4), (1, 5, 5)]


def make_arrays(value):
    return [np.full(shape, value, np.float32) for shape in SHAPES]


def store_in_worker(cache):
    """Worker: finds record 0, stores record 1."""
    found = cache.find(0, 7)
    cache.store(1, 8, [3, 4], make_arrays(2))
    yield found.numbers, [array.copy() for array in found.arrays]


def test_what_was_stored_is_found_in_its_state_only():
    cache = RecordCache(3, SHAPES, 2, 1 << 20)
    assert cache.capacity == 3 and cache.record_size == 192 + 128
    assert cache.find(1, 7) is None
    cache.store(1, 7, [5, 6], make_arrays(1))
    assert cache.find(1, 8) is None and cache.find(0, 7) is None
    record = cache.find(1, 7)
    assert record.numbers == [5, 6] and cache.is_current(1, record)
    for array, expected in zip(record.arrays, make_arrays(1)):
        assert (array == expected).all()
        with pytest.raises(ValueError):
            array[...] = 0
    cache.store(1, 8, [0, 0], make_arrays(2))
    assert cache.find(1, 7) is None and not cache.is_current(1, record)
    assert (cache.find(1, 8).arrays[1] == 2).all()


def test_an_empty_array_leaves_its_place():
    cache = RecordCache(1, SHAPES, 0, 1 << 20)
    cache.store(0, 1, [], make_arrays(3))
    cache.store(0, 1, [], [np.zeros((0,), np.float32), make_arrays(4)[1]])
    record = cache.find(0, 1)
    assert (record.arrays[0] == 3).all() and (record.arrays[1] == 4).all()


def test_records_beyond_the_budget_are_not_kept():
    cache = RecordCache(5, SHAPES, 0, 2 * 320 + 319)
    assert cache.capacity == 2
    cache.store(2, 1, [], make_arrays(1))
    assert cache.find(2, 1) is None
    assert RecordCache(5, SHAPES, 0, 10).find(0, 1) is None


def test_a_record_that_is_being_written_is_left_alone():
    cache = RecordCache(1, SHAPES, 0, 1 << 20)
    cache._get_row(0)[0] = 3
    cache.store(0, 1, [], make_arrays(1))
    assert cache.find(0, 1) is None and int(cache._get_row(0)[0]) == 3


def test_workers_share_the_records():
    cache = RecordCache(2, SHAPES, 2, 1 << 20)
    cache.store(0, 7, [1, 2], make_arrays(9))
    numbers, arrays = next(SubprocessGenerator(store_in_worker, cache))
    assert numbers == [1, 2] and (arrays[0] == 9).all()
    record = cache.find(1, 8)
    assert record.numbers == [3, 4] and (record.arrays[1] == 2).all()

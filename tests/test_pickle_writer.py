"""core/pickle_writer.py: pickles that NumPy 1.x and Python 3.6 read, byte for byte as it writes."""
import io
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from core.pickle_format import loads
from core.pickle_writer import dump, dump_list, dumps, list_globals
from facelib import FaceType

GOLDEN = Path(__file__).parent / "golden" / "models"

CONTENT = {
    "encoder/down1/weight:0": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "half:0": np.ones((3, 3), np.float16),
    "iters:0": np.int64(7),
    "options": {"archi": "df-ud", "batch_size": 8, "power": 0.1, "pretrain": False},
}


@pytest.mark.parametrize("protocol", [3, 4])
def test_numpy1_names_that_any_unpickler_reads(protocol):
    data = dumps(CONTENT, protocol)
    assert data[:2] == bytes([0x80, protocol]) and b"numpy._core" not in data
    assert set(list_globals(data)) == {
        ("numpy.core.multiarray", "_reconstruct"), ("numpy.core.multiarray", "scalar"),
        ("numpy", "ndarray"), ("numpy", "dtype")}
    # a module is named once and then referred to, as NumPy 1.x writes it
    assert data.count(b"numpy.core.multiarray") == (1 if protocol == 4 else 2)
    for result in (loads(data), pickle.loads(data)):
        assert list(result) == list(CONTENT) and result["options"] == CONTENT["options"]
        np.testing.assert_array_equal(result["encoder/down1/weight:0"],
                                      CONTENT["encoder/down1/weight:0"])
        assert type(result["iters:0"]) is np.int64 and result["half:0"].dtype == np.float16


@pytest.mark.parametrize("name", ["p_SAEHD_data_small.dat", "SAEHD_default_options.dat"])
def test_files_of_the_reference_are_written_again_to_the_byte(name):
    data = (GOLDEN / name).read_bytes()
    assert dumps(loads(data), data[1]) == data


def test_pak_of_an_install_is_written_again_to_the_byte():
    """Types are named as often as in the files that the faces came from."""
    import samplelib  # noqa: F401  registers its classes
    data = (GOLDEN.parent / "data" / "files" / "faceset.pak").read_bytes()
    size = int.from_bytes(data[8:16], "little")
    assert dumps(loads(data[16:16 + size])) == data[16:16 + size]


def test_same_large_object_twice():
    large = np.random.RandomState(0).bytes(100000)
    content = [large, large, b"z" * 70000, np.zeros(30000), "after"]
    result = loads(dumps(content))
    assert result[:3] == content[:3] and result[4] == "after" and result[3].shape == (30000,)


class CountingFile(io.RawIOBase):
    """Forgets what is written; remembers the longest piece."""

    longest = total = 0

    def write(self, data):
        self.longest = max(self.longest, len(data))
        self.total += len(data)
        return len(data)


def test_arrays_go_out_one_at_a_time():
    """No second copy of a model in memory: nothing longer than one array is ever written."""
    arrays = [np.zeros(100000, np.float32) for _ in range(5)]
    file = CountingFile()
    dump(arrays, file)
    assert 400000 <= file.longest < 600000 and file.total > 2000000


@pytest.mark.parametrize("values", [
    [[0.1 * i, 2.0] for i in range(3000)], [float(i) for i in range(2500)],
    [[i] for i in range(1000)], [[] for _ in range(1001)], [[None, True, 1 << 70]] * 1000])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_long_lists_of_numbers(values, protocol):
    """A loss history has a million entries and is written at every save."""
    content = {"before": "text", "loss_history": values, "after": [np.ones(2), "text", values[:2]]}
    result = loads(dumps(content, protocol))
    assert result["loss_history"] == values and result["before"] is result["after"][1]
    assert result["after"][0].tolist() == [1, 1] and result["after"][2] == values[:2]
    assert pickle.loads(dumps(content, protocol))["loss_history"] == values


def test_long_lists_of_anything_else():
    shared = [1.0]
    content = [shared, shared] + [np.float64(i) for i in range(1200)]
    result = loads(dumps(content))
    assert result[0] is result[1] and type(result[5]) is np.float64
    assert b"numpy._core" not in dumps([[np.float64(1)]] * 2000)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_list_globals(protocol):
    data = pickle.dumps([np.ones(2), Path("/a"), np.int8(1), np.ones(1)], protocol)
    found = {module.split(".")[0] for module, _ in list_globals(data)}
    assert "numpy" in found and "pathlib" in found and not found & {"os", None}


def make_configs(count, mask=np.uint8):
    """Items as a packed faceset has them: texts and types shared, containers of their own."""
    for i in range(count):
        yield {"kind": FaceType.FULL, "filename": "%05d.jpg" % i, "shape": (64, 48 + i % 3, 3),
               "landmarks": [[float(i), 0.5], [1.5, -1.0]], "person": "one",
               "mask": np.full(5 + i % 7, i % 251, mask) if i % 2 else None}


@pytest.mark.parametrize("count", [0, 1, 2, 1000, 1001, 3456])
def test_a_list_in_pieces_has_the_bytes_of_the_whole(count):
    file = io.BytesIO()
    dump_list(make_configs(count), file)
    assert file.getvalue() == dumps(list(make_configs(count)))
    again = loads(file.getvalue())
    assert len(again) == count and b"numpy._core" not in file.getvalue()
    for item, expected in zip(again, make_configs(count)):
        assert list(item) == list(expected)
        assert all(item[key] == expected[key] for key in item if key != "mask")
        assert (item["mask"] is None) == (expected["mask"] is None)
        if item["mask"] is not None:
            assert (item["mask"] == expected["mask"]).all()


def test_items_of_a_list_in_pieces_are_forgotten():
    """The peak is that of a thousand items, whatever their number."""
    class Nowhere:
        @staticmethod
        def write(data):
            return len(data)

    def measure_peak(count):
        items = (dict(item, landmarks=[[float(i), 0.5] for i in range(20)])
                 for item in make_configs(count))
        tracemalloc.start()
        dump_list(items, Nowhere)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak
    assert measure_peak(3000) < 1.5 * measure_peak(1000)

"""What runs in a sample worker (spec 30 sections 7.1 and 7.2)."""
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from data_support import write_face
from sample_support import Calls, image, load_samples, mask, write_faceset

from core import mplib
from core.errors import UserError
from core.imagelib import SegIEPolys
from samplelib import SampleProcessor, batch_worker
from samplelib.batch_worker import (BatchTask, draw_readable_row, generate_batches,
                                    generate_named_batches, prepare_worker, process_sample,
                                    stack_rows)
from samplelib.Sample import UnreadableSampleError


@pytest.fixture
def samples(tmp_path):
    folder = write_faceset(tmp_path / "set", 3)
    return load_samples(sorted(folder.iterdir()))


class Indices:
    """Stands for an index host's client: 0, 1, 2, ... of `count`, and what was asked."""

    def __init__(self, count):
        self.count, self.position, self.asked = count, 0, []

    def multi_get(self, count):
        self.asked.append(count)
        first, self.position = self.position, self.position + count
        return [(first + i) % self.count for i in range(count)]


def make_task(samples, batch_size=2, outputs=None, ct_samples=None, debug=True):
    return BatchTask(samples, Indices(len(samples)), batch_size, SampleProcessor.Options(),
                     [image(), mask(data_format="NCHW")] if outputs is None else outputs, debug,
                     ct_samples, None if ct_samples is None else Indices(len(ct_samples)))


def test_batches_are_the_samples_outputs_in_order(samples):
    task = make_task(samples)
    np.random.seed(3)
    batches = generate_batches(task)
    first, second = next(batches), next(batches)
    np.random.seed(3)
    rows = [process_sample(samples[i], task.options, task.output_sample_types, True)
            for i in (0, 1, 2, 0)]
    for batch, expected in ((first, rows[:2]), (second, rows[2:])):
        assert [x.shape for x in batch] == [(2, 64, 64, 3), (2, 1, 64, 64)]
        for j, column in enumerate(batch):
            assert column.dtype == np.float32 and column.flags.c_contiguous
            assert all((value == row[j]).all() for value, row in zip(column, expected))
    assert task.index_host_client.asked == [2, 2]


def test_colour_references_are_drawn_for_each_sample(samples, monkeypatch):
    seen = []
    monkeypatch.setattr(batch_worker, "process_sample",
                        lambda sample, options, outputs, debug, ct_sample=None: (
                            seen.append((sample, ct_sample)) or [np.zeros(1)]))
    task = make_task(samples, 2, ct_samples=samples[:2][::-1])
    batches = generate_batches(task)
    next(batches)
    next(batches)
    assert [(samples.index(a), samples.index(b)) for a, b in seen] == [(0, 1), (1, 0), (2, 1),
                                                                       (0, 0)]
    assert task.ct_index_host_client.asked == [2, 2]


def test_a_batch_decodes_every_sample_once(samples, monkeypatch):
    calls = Calls(monkeypatch)
    calls.watch(cv2, "imdecode")
    next(generate_batches(make_task(samples, 3, [image(), image(warp=False), mask()])))
    assert calls.count["imdecode"] == 3


def test_an_unreadable_sample_is_named_once_and_replaced(samples, tmp_path, capsys):
    (tmp_path / "set" / "00001.jpg").write_bytes(b"damaged")
    batches = generate_batches(make_task(samples, 2))
    for _ in range(4):
        assert len(next(batches)[0]) == 2
    printed = capsys.readouterr().out
    assert printed.count("00001.jpg") == 1 and "00000.jpg" not in printed


def test_a_face_whose_mask_is_damaged_is_replaced(samples, capsys):
    samples[1].xseg_mask_compressed = np.zeros(5, np.uint8)
    batches = generate_batches(make_task(samples, 2))
    for _ in range(4):
        assert len(next(batches)[0]) == 2
    printed = capsys.readouterr().out
    assert printed.count("00001.jpg") == 1 and "XSeg mask" in printed


def test_an_unreadable_colour_reference_is_replaced(samples, tmp_path, capsys):
    other = load_samples([write_face(tmp_path / ("ct%d.jpg" % i), size=64, seed=i)
                          for i in range(2)])
    (tmp_path / "ct1.jpg").unlink()
    task = make_task(samples, 2, [image(ct_mode="rct")], ct_samples=other)
    assert next(generate_batches(task))[0].shape == (2, 64, 64, 3)
    assert "ct1.jpg" in capsys.readouterr().out


def test_a_set_that_is_gone_ends(samples, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(batch_worker, "_PAUSE", 0)
    for path in (tmp_path / "set").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="1000 samples in a row") as error:
        next(generate_batches(make_task(samples, 2)))
    assert ".jpg" in str(error.value) and error.value.remedies


def test_other_errors_name_the_file(samples):
    samples[0].landmarks = None
    with pytest.raises(Exception, match="00000.jpg: ValueError: .* no landmarks"):
        process_sample(samples[0], SampleProcessor.Options(), [image()], False)
    with pytest.raises(Exception, match="00000.jpg"):
        next(generate_batches(make_task(samples, 1)))
    # A user error already says what is wrong.
    samples[1].xseg_mask_compressed = np.zeros(5, np.uint8)
    with pytest.raises(UserError, match="00001.jpg"):
        process_sample(samples[1], SampleProcessor.Options(), [mask()], False)


def test_a_set_that_is_away_for_a_while(samples, tmp_path, capsys, monkeypatch):
    pauses = []

    def bring_back(seconds):
        pauses.append(seconds)
        if len(pauses) == 100:
            (tmp_path / "away").rename(tmp_path / "set")
    monkeypatch.setattr(batch_worker.time, "sleep", bring_back)
    (tmp_path / "set").rename(tmp_path / "away")
    assert len(next(generate_batches(make_task(samples, 2)))[0]) == 2
    assert sum(pauses) == pytest.approx(1)


def test_readable_rows_end_at_the_first_good_one(capsys):
    results = [UnreadableSampleError("x is gone"), UnreadableSampleError("y is gone"), [1]]

    def draw():
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result
    assert draw_readable_row(draw) == [1] and results == []
    assert "y is gone" in capsys.readouterr().out
    with pytest.raises(IndexError):
        draw_readable_row(draw)


def test_rows_become_columns():
    rows = [[np.zeros((2, 3)), (1.0, 2.0)], [np.ones((2, 3)), (3.0, 4.0)]]
    pictures, angles = stack_rows(rows)
    assert pictures.shape == (2, 2, 3) and angles.tolist() == [[1, 2], [3, 4]]


def test_a_worker_uses_one_thread_and_its_own_random_numbers(monkeypatch):
    threads, seeds = [], []
    monkeypatch.setattr(cv2, "setNumThreads", threads.append)
    monkeypatch.setattr(np.random, "seed", lambda *args: seeds.append(args))
    prepare_worker(True)
    assert threads == seeds == []
    prepare_worker(False)
    assert threads == [1] and seeds == [(None,)]    # which takes one from the system


def test_named_batches_tell_their_files(samples):
    """In the order of the rows; in place of a sample that cannot be read the name of its
    successor."""
    names = [Path(str(sample.filename)).name for sample in samples]
    batches = generate_named_batches(make_task(samples))
    assert [next(batches)[1], next(batches)[1]] == [names[:2], [names[2], names[0]]]
    Path(str(samples[2].filename)).unlink()
    (pictures, _), told = next(batches)
    assert told == [names[1], names[0]] and len(pictures) == 2


def test_a_task_holds_nothing_that_a_worker_does_not_need(samples):
    """No generator object, no TensorFlow."""
    task = make_task(samples)
    assert set(vars(task)) == {"samples", "index_host_client", "batch_size", "options",
                               "output_sample_types", "debug", "ct_samples",
                               "ct_index_host_client", "drawn_names", "feed", "allocate"}
    again = pickle.loads(pickle.dumps(task))
    assert again.samples[0].filename == samples[0].filename
    assert isinstance(again.samples[0].seg_ie_polys, SegIEPolys)
    assert b"tensorflow" not in pickle.dumps(task)


def test_batches_straddle_epochs(samples):
    """Four batches of two out of three samples: each sample comes twice in the first six draws."""
    drawn = []
    client = mplib.IndexHost(3, rnd_seed=1).create_cli()
    multi_get = client.multi_get
    client.multi_get = lambda count: drawn.append(multi_get(count)) or drawn[-1]
    task = make_task(samples)
    task.index_host_client = client
    batches = generate_batches(task)
    for _ in range(3):
        next(batches)
    flat = [i for batch in drawn for i in batch]
    assert [len(batch) for batch in drawn] == [2, 2, 2]
    assert sorted(flat[:3]) == sorted(flat[3:]) == [0, 1, 2]


def draw_numbers(task):
    prepare_worker(False)
    yield np.random.randint(1 << 30)


def test_seeds_of_workers_are_drawn_where_one_is_given(monkeypatch):
    """From NumPy's generator, so that both sides of a model get different ones."""
    monkeypatch.delenv("DFL_RANDOM_SEED", raising=False)
    state = np.random.get_state()
    assert batch_worker.draw_seed() is None
    assert np.array_equal(np.random.get_state()[1], state[1])
    monkeypatch.setenv("DFL_RANDOM_SEED", "3")
    np.random.seed(3)
    first = [batch_worker.draw_seed(), batch_worker.draw_seed()]
    np.random.seed(3)
    assert first == [batch_worker.draw_seed(), batch_worker.draw_seed()] and len(set(first)) == 2


def test_a_seeded_worker_draws_what_its_seed_gives(monkeypatch):
    monkeypatch.setattr(batch_worker, "_seed", None)
    monkeypatch.setattr(cv2, "setNumThreads", lambda count: None)
    drawn = [list(batch_worker.generate_seeded(draw_numbers, seed, None)) for seed in (5, 5, 6)]
    assert drawn[0] == drawn[1] != drawn[2]
    batch_worker._seed = None
    assert list(draw_numbers(None)) != list(draw_numbers(None))

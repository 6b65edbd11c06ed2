"""Runs of consecutive pictures (spec 30 section 7.6)."""
import numpy as np
import pytest
from sample_support import image, load_samples, write_faceset

from samplelib import SampleProcessor, temporal_worker
from samplelib.temporal_worker import TemporalTask, generate_temporal_batches


class Numbers:
    """A list of samples that are their own numbers."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        assert 0 <= index < self.count
        return index


@pytest.fixture
def numbers(monkeypatch):
    monkeypatch.setattr(temporal_worker, "process_sample",
                        lambda sample, *args: [np.array(sample), np.array(-sample)])


def test_every_run_comes_once_an_epoch(numbers):
    task = TemporalTask(Numbers(6), 1, 3, 1, None, [])
    assert task.count_starts() == 4
    for _ in range(2):
        rows = [[int(value) for value in task.draw_row()] for _ in range(4)]
        assert sorted(rows) == [[i, -i, i + 1, -i - 1, i + 2, -i - 2] for i in range(4)]


def test_strides_up_to_the_widest(numbers):
    np.random.seed(0)
    task = TemporalTask(Numbers(10), 1, 3, 4, None, [])
    assert task.count_starts() == 2
    strides = set()
    for _ in range(60):
        a, b, c = [int(value) for value in task.draw_row()[::2]]
        assert c - b == b - a and a in (0, 1)
        strides.add(b - a)
    assert strides == {1, 2, 3, 4}


def test_too_few_pictures():
    assert TemporalTask(Numbers(2), 1, 3, 1, None, []).count_starts() == 0


def test_batches_and_errors(tmp_path):
    samples = load_samples(sorted(write_faceset(tmp_path, 3).iterdir()))
    task = TemporalTask(samples, 2, 2, 1, SampleProcessor.Options(), [image()], debug=True)
    first, second = next(generate_temporal_batches(task))
    assert first.shape == second.shape == (2, 64, 64, 3)
    for sample in samples:
        sample.landmarks = None
    with pytest.raises(Exception, match=r"0000\d.jpg.*landmarks"):
        next(generate_temporal_batches(task))

"""Batches of pictures of a sequence (spec 30 section 7.6)."""
import cv2
import numpy as np
import pytest
from sample_support import ST

from samplelib import SampleGeneratorImageTemporal, SampleLoader, SampleProcessor

OUTPUT = dict(sample_type=ST.IMAGE, resolution=64)


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(SampleLoader, "samples_cache", {})


@pytest.fixture
def folder(tmp_path):
    for i in range(8):  # each one's gray is its number
        cv2.imwrite(str(tmp_path / ("%d.png" % i)), np.full((64, 64, 3), i * 10, np.uint8))
    return tmp_path


def numbers(pictures):
    return [round(float(picture.mean()) * 25.5) for picture in pictures]


def test_a_worker_gives_evenly_spaced_pictures(folder):
    generator = SampleGeneratorImageTemporal(
        folder, False, 3, 2, output_sample_types=[OUTPUT],
        sample_process_options=SampleProcessor.Options(random_flip=False))
    try:
        assert len(generator.generators) == 1
        for _ in range(4):
            first, second = next(generator)
            assert first.shape == second.shape == (3, 64, 64, 3)
            for a, b in zip(numbers(first), numbers(second)):
                assert 0 <= a <= 3 and 1 <= b - a <= 4
    finally:
        generator.close()


def test_debug(folder):
    generator = SampleGeneratorImageTemporal(folder, True, 4, 2, output_sample_types=[
        OUTPUT, dict(OUTPUT, channels=1)])
    shapes = [x.shape for x in next(generator)]
    assert shapes == [(1, 64, 64, 3), (1, 64, 64, 1)] * 2 and generator.batch_size == 1


def test_too_few_pictures(folder):
    with pytest.raises(ValueError, match="runs of 3"):
        SampleGeneratorImageTemporal(folder, False, 1, 3)

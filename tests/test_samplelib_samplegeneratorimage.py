"""Batches of pictures without face data (spec 30 section 7.4)."""
import cv2
import numpy as np
import pytest
from data_support import make_picture
from sample_support import ST

from samplelib import SampleGeneratorBase, SampleGeneratorImage, SampleLoader, SampleProcessor

OUTPUT = dict(sample_type=ST.IMAGE, resolution=64)


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(SampleLoader, "samples_cache", {})


@pytest.fixture
def folder(tmp_path):
    for i in range(3):
        cv2.imwrite(str(tmp_path / ("%d.png" % i)), make_picture(64, seed=i))
    return tmp_path


def which(picture):
    """Number of the file behind an unchanged picture."""
    known = [make_picture(64, seed=i).astype(np.float32) / 255 for i in range(3)]
    return [bool(np.abs(picture - one).max() < 1e-5) for one in known].index(True)


def test_a_worker_gives_every_picture_once_an_epoch(folder):
    generator = SampleGeneratorImage(
        folder, False, 2, sample_process_options=SampleProcessor.Options(random_flip=False),
        output_sample_types=[OUTPUT, dict(OUTPUT, data_format="NCHW", warp=True)])
    try:
        assert isinstance(generator, SampleGeneratorBase) and generator.is_initialized()
        assert len(generator.generators) == 1
        order = []
        for _ in range(3):
            plain, warped = generator.generate_next()
            assert plain.shape == (2, 64, 64, 3) and warped.shape == (2, 3, 64, 64)
            order += [which(picture) for picture in plain]
        assert sorted(order[:3]) == sorted(order[3:]) == [0, 1, 2]
    finally:
        generator.close()


def test_debug_and_one_channel(folder):
    generator = SampleGeneratorImage(folder, True, 5, output_sample_types=[
        dict(OUTPUT, channels=1), dict(OUTPUT, resolution=32)], of_a_fork=1)
    gray, small = next(generator)
    assert gray.shape == (1, 64, 64, 1) and small.shape == (1, 32, 32, 3)
    assert iter(generator) is generator


def test_gray_files(tmp_path):
    cv2.imwrite(str(tmp_path / "g.png"), make_picture(64, channels=1))
    generator = SampleGeneratorImage(tmp_path, True, output_sample_types=[OUTPUT])
    assert next(generator)[0].shape == (1, 64, 64, 1)


def test_no_data(tmp_path):
    with pytest.raises(ValueError, match="No training data provided"):
        SampleGeneratorImage(tmp_path, False, 1)
    generator = SampleGeneratorImage(tmp_path, False, 1, raise_on_no_data=False)
    assert not generator.is_initialized() and next(generator) == []

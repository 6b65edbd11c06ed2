"""Batches of consecutive faces (spec 30 section 7.6)."""
import pytest
from data_support import write_face
from sample_support import image, mask

from samplelib import SampleGeneratorFaceTemporal, SampleLoader, SampleProcessor


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(SampleLoader, "samples_cache", {})


@pytest.fixture
def folder(tmp_path):
    # In the order of their frames, not of their names.
    for i in range(4):
        write_face(tmp_path / ("%d.jpg" % i), size=64, seed=i, source_filename="%d.png" % (9 - i))
    return tmp_path


def test_a_worker_gives_runs_in_the_frames_order(folder):
    plain = image(warp=False, transform=False)
    generator = SampleGeneratorFaceTemporal(
        folder, batch_size=2, temporal_image_count=3, output_sample_types=[plain, mask()],
        sample_process_options=SampleProcessor.Options(random_flip=False), generators_count=1)
    try:
        assert len(generator.generators) == 1
        known = [sample.load_bgr() for sample in generator.samples]
        names = [sample.source_filename for sample in generator.samples]
        assert names == ["6.png", "7.png", "8.png", "9.png"]
        batch = next(generator)
        assert [x.shape for x in batch] == [(2, 64, 64, 3), (2, 64, 64, 1)] * 3
        runs = [[[(picture[row] == one).all() for one in known].index(True)
                 for picture in batch[::2]] for row in range(2)]
        assert sorted(runs) == [[0, 1, 2], [1, 2, 3]]
    finally:
        generator.close()


def test_debug(folder):
    generator = SampleGeneratorFaceTemporal(folder, True, 5, 2, output_sample_types=[image()],
                                            generators_count=9)
    assert (generator.batch_size, generator.generators_count) == (1, 1)
    assert [x.shape for x in next(generator)] == [(1, 64, 64, 3)] * 2


def test_too_few_faces(folder):
    with pytest.raises(ValueError, match="less than 5 face images"):
        SampleGeneratorFaceTemporal(folder, temporal_image_count=5)

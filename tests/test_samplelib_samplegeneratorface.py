"""Batches of faces, in this process and from workers (spec 30 section 7.2)."""
import time

import numpy as np
import pytest
from data_support import FILES, write_face
from sample_support import CT, MT, image, mask, process, write_faceset

from core.errors import UserError
from core.mplib import Index2DHost, IndexHost
from samplelib import (SampleGeneratorBase, SampleGeneratorFace, SampleLoader, SampleProcessor,
                       SampleType)
from samplelib.SampleGeneratorFace import group_by_yaw

OUTPUTS = [image(), image(warp=False, data_format="NCHW"), mask(MT.FULL_FACE), mask(MT.EYES_MOUTH)]
SHAPES = [(64, 64, 3), (3, 64, 64), (64, 64, 1), (64, 64, 1)]


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(SampleLoader, "samples_cache", {})


@pytest.fixture
def folder(tmp_path):
    return write_faceset(tmp_path / "set", 3)


def test_batches_of_workers(folder):
    """Two processes and a colour set: shapes, order of the outputs, every sample in an epoch."""
    plain = dict(warp=False, transform=False, resolution=96)
    generator = SampleGeneratorFace(
        folder, batch_size=2, random_ct_samples_path=folder,
        sample_process_options=SampleProcessor.Options(random_flip=False),
        output_sample_types=OUTPUTS + [image(ct_mode="rct"), image(**plain)], generators_count=2)
    try:
        assert isinstance(generator, SampleGeneratorBase) and generator.is_initialized()
        assert generator.generators_count == 2 == len(generator.generators)
        known = [sample.load_bgr() for sample in generator.samples]
        seen = set()
        for _ in range(6):
            batch = generator.generate_next()
            assert [x.shape[1:] for x in batch] == SHAPES + [(64, 64, 3), (96, 96, 3)]
            assert all(len(x) == 2 and x.dtype == np.float32 for x in batch)
            assert all(x.flags.c_contiguous and np.isfinite(x).all() for x in batch)
            seen |= {[(picture == one).all() for one in known].index(True)
                     for picture in batch[-1]}
        assert seen == {0, 1, 2}
        generator.set_active(False)
        assert generator.generate_next() is generator.generate_next()
    finally:
        generator.close()
    assert all(not worker.p.is_alive() for worker in generator.generators)


def test_a_feed_with_a_seed_comes_again(folder, monkeypatch):
    """What the patch deterministic needs: order, warps and colour references of a side."""
    monkeypatch.setenv("DFL_RANDOM_SEED", "3")

    def draw(seed):
        np.random.seed(seed)
        generator = SampleGeneratorFace(folder, batch_size=2, random_ct_samples_path=folder,
                                        output_sample_types=[image(ct_mode="rct"), mask()],
                                        generators_count=3)
        try:
            assert len(generator.generators) == 1   # of several the quickest would come first
            return [generator.generate_next() for _ in range(3)]
        finally:
            generator.close()
    first, again, other = draw(3), draw(3), draw(4)
    for a, b, c in zip(first, again, other):
        for x, y in zip(a, b):
            np.testing.assert_array_equal(x, y)
        assert not np.array_equal(a[0], c[0])


def test_a_failing_worker_names_the_file(folder):
    write_face(folder / "00001.jpg", size=96, face_type="mark_only")
    generator = SampleGeneratorFace(folder, batch_size=3, output_sample_types=[mask()],
                                    generators_count=1)
    try:
        with pytest.raises(UserError, match="mark_only") as error:
            for _ in range(3):
                next(generator)
        assert "00001.jpg" in error.value.traceback_text
        assert "00001.jpg" in str(error.value)
    finally:
        generator.close()


def test_debug(folder):
    """One sample a batch, in this process, with its landmarks drawn."""
    generator = SampleGeneratorFace(folder, debug=True, batch_size=8, output_sample_types=[
        image(warp=False, transform=False, resolution=96)], generators_count=7)
    assert (generator.batch_size, generator.generators_count) == (1, 1)
    picture, = next(generator)
    assert picture.shape == (1, 96, 96, 3)
    assert (np.abs(picture - np.float32([0, 1, 0])).max(axis=-1) < 1e-6).sum() > 30
    assert next(generator) is not None


def test_samples_are_drawn_in_shuffled_epochs(folder):
    plain = image(warp=False, transform=False, resolution=96)
    generator = SampleGeneratorFace(folder, debug=True, output_sample_types=[plain],
                                    sample_process_options=SampleProcessor.Options(False))
    known = [process(sample, [plain], debug=True, random_flip=False)[0]
             for sample in generator.samples]
    order = []
    for _ in range(12):
        picture = next(generator)[0][0]
        order.append([(picture == one).all() for one in known].index(True))
    epochs = [order[i:i + 3] for i in range(0, 12, 3)]
    assert all(sorted(epoch) == [0, 1, 2] for epoch in epochs)


def test_a_pak_gives_the_same_samples(tmp_path):
    (tmp_path / "faceset.pak").write_bytes((FILES / "faceset.pak").read_bytes())
    generator = SampleGeneratorFace(tmp_path, True, output_sample_types=OUTPUTS)
    assert len(generator.samples) == 4 == generator.samples_len
    assert [x.shape[1:] for x in next(generator)] == SHAPES


def test_one_channel(tmp_path):
    folder = tmp_path / "gray"
    folder.mkdir()
    for i, channels in enumerate((1, 3)):
        write_face(folder / ("%d.jpg" % i), size=96, seed=i, channels=channels)
    outputs = [image(channels=1, channel_type=CT.G, random_hsv_shift_amount=0.1, ct_mode="lct"),
               image(channels=1), image(channel_type=CT.G), mask()]
    generator = SampleGeneratorFace(folder, True, random_ct_samples_path=folder,
                                    output_sample_types=outputs)
    for _ in range(4):
        assert [x.shape for x in next(generator)] == [(1, 64, 64, 1)] * 4


def test_no_data(tmp_path):
    with pytest.raises(ValueError, match="No training data provided"):
        SampleGeneratorFace(tmp_path)
    generator = SampleGeneratorFace(tmp_path, raise_on_no_data=False)
    assert not generator.is_initialized() and next(generator) == []
    assert not hasattr(generator, "generators")
    generator.close()


def test_what_a_folder_without_faces_holds_is_said(tmp_path, capsys):
    with pytest.raises(UserError, match="It holds no image") as error:
        SampleGeneratorFace(tmp_path)
    assert str(tmp_path) in str(error.value) and "Extract faces" in str(error.value)
    SampleLoader.samples_cache.clear()
    (tmp_path / "faceset.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match="faceset.zip is a pack of the MVE fork") as error:
        SampleGeneratorFace(tmp_path)
    assert "Unzip it" in error.value.remedies[0]
    SampleLoader.samples_cache.clear()
    with pytest.raises(UserError, match="does not exist"):
        SampleGeneratorFace(tmp_path / "missing")
    write_face(tmp_path / "a.jpg", landmarks=None)
    write_face(tmp_path / "b.jpg", landmarks=None)
    with pytest.raises(UserError, match="None of its 2 images has usable face data"):
        SampleGeneratorFace(tmp_path)
    printed = capsys.readouterr().out
    for name in ("a.jpg", "b.jpg"):
        assert "%s has no landmarks: extract that face again." % (tmp_path / name) in printed


def test_a_bad_file_is_told_once_by_all_workers_and_skipped(folder, capsys):
    generator = SampleGeneratorFace(folder, batch_size=2, output_sample_types=OUTPUTS,
                                    generators_count=2)
    try:
        next(generator)
        (folder / "00000.jpg").unlink()
        (folder / "00001.jpg").write_bytes(b"damaged")
        seen, printed = set(), ""
        deadline = time.monotonic() + 60
        while len(seen) < 2 or "00000.jpg" not in printed or "00001.jpg" not in printed:
            assert time.monotonic() < deadline
            assert [x.shape[1:] for x in next(generator)] == SHAPES
            seen = seen | {item.p.pid for item in generator.generators}
            printed += capsys.readouterr().out
        for _ in range(20):
            next(generator)
        time.sleep(1.5)  # what the other worker tells
        printed += capsys.readouterr().out
        assert printed.count("Cannot read the face %s" % (folder / "00000.jpg")) == 1
        assert printed.count("Cannot decode the face %s" % (folder / "00001.jpg")) == 1
    finally:
        generator.close()


@pytest.mark.parametrize("debug", [True, False])
def test_an_empty_colour_set_is_an_error(folder, tmp_path, debug):
    with pytest.raises(UserError, match="colour transfer") as error:
        SampleGeneratorFace(folder, debug=debug, random_ct_samples_path=tmp_path / "empty",
                            output_sample_types=OUTPUTS)
    assert "empty" in str(error.value)


def test_paks_by_name(tmp_path):
    for name in ("src", "faceset"):
        (tmp_path / (name + ".pak")).write_bytes((FILES / "faceset.pak").read_bytes())
    write_faceset(tmp_path, 1)
    for args, kwargs in ((("src",), {}), ((), dict(pak_name="src")), ((), {}),
                         (("src",), dict(debug=True)), ((None,), dict(debug=True)),
                         (("src",), dict(ignore_same_path=True, fs_aug=1))):
        kwargs = dict(dict(debug=True), **kwargs)
        generator = SampleGeneratorFace(tmp_path, *args, output_sample_types=[image()], **kwargs)
        assert generator.debug and len(generator.samples) == 4
    with pytest.raises(UserError, match="dst.pak"):
        SampleGeneratorFace(tmp_path, pak_name="dst")
    with pytest.raises(UserError, match="ct.pak"):
        SampleGeneratorFace(tmp_path, random_ct_samples_path=tmp_path, ct_pak_name="ct")


# -- uniform yaw

class Turned:
    """A sample whose yaw is known."""

    def __init__(self, yaw):
        self.yaw = yaw

    def get_pitch_yaw_roll(self):
        return 0.0, self.yaw, 0.0


def test_yaw_buckets():
    grid = np.linspace(-1.2, 1.2, 128)
    # s = -yaw: below the grid, its first and last points, in between, above it
    values = [-9, -1.2, grid[1] - 1e-9, grid[1], grid[64] + 1e-9, grid[65] - 1e-9, grid[126],
              1.2 - 1e-9, 1.2, 9]
    groups = group_by_yaw([Turned(-value) for value in values])
    assert groups == [[0, 1, 2], [3], [4, 5], [6, 7], [8, 9]]
    # As the definition has it, range by range.
    rnd = np.random.RandomState(0)
    yaws = rnd.normal(0, 0.8, 500)
    expected = []
    for g in range(128):
        low = -np.inf if g == 0 else grid[g]
        high = np.inf if g == 127 else grid[g + 1]
        members = [i for i, yaw in enumerate(yaws) if low <= -yaw < high]
        expected += [members] if members else []
    assert group_by_yaw([Turned(yaw) for yaw in yaws]) == expected


def test_uniform_yaw_draws_from_all_buckets_alike(folder, monkeypatch):
    made = []
    for host in (Index2DHost, IndexHost):
        monkeypatch.setattr("core.mplib." + host.__name__,
                            lambda argument, seed, host=host: made.append((host, argument))
                            or host(argument, seed))
    generator = SampleGeneratorFace(folder, True, uniform_yaw_distribution=True,
                                    output_sample_types=[image()])
    samples = SampleLoader.load(SampleType.FACE, folder)
    assert made == [(Index2DHost, group_by_yaw(list(samples)))]
    assert next(generator)[0].shape == (1, 64, 64, 3)
    SampleGeneratorFace(folder, True, output_sample_types=[image()])
    assert made[1:] == [(IndexHost, 3)]

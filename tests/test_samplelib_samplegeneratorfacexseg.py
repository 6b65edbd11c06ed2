"""Batches to train XSeg (spec 30 section 7.3)."""
import sys

import numpy as np
import pytest
from data_support import FILES, write_face

from core.errors import UserError
from DFLIMG import DFLIMG
from facelib import FaceType
from samplelib import SampleGeneratorBase, SampleGeneratorFaceXSeg, SampleLoader
from samplelib import batch_worker, xseg_augment
from samplelib.Sample import UnreadableSampleError
from samplelib.SampleGeneratorFaceXSeg import (SegmentedSampleFilterSubprocessor, XSegTask,
                                               generate_xseg_batches)

SQUARE = [(1, [[10, 10], [50, 12], [48, 54], [12, 50]])]


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(SampleLoader, "samples_cache", {})


@pytest.fixture
def folder(tmp_path):
    write_face(tmp_path / "0.jpg", size=64, seed=0)
    write_face(tmp_path / "1.jpg", size=64, seed=1, seg_ie_polys=SQUARE)
    write_face(tmp_path / "2.jpg", size=64, seed=2, seg_ie_polys={"polys": []})
    write_face(tmp_path / "3.jpg", size=64, seed=3, seg_ie_polys=SQUARE)
    return tmp_path


def apply_mask(path):
    face = DFLIMG.load(path)
    face.set_xseg_mask(np.ones((32, 32, 1), np.float32))
    face.save()


def test_a_worker_gives_pictures_and_masks(folder):
    generator = SampleGeneratorFaceXSeg([folder], batch_size=2, resolution=64,
                                        face_type=FaceType.WHOLE_FACE, generators_count=1,
                                        data_format="NCHW")
    try:
        assert isinstance(generator, SampleGeneratorBase) and generator.is_initialized()
        assert len(generator.generators) == 1
        pictures, masks = generator.generate_next()
        assert pictures.shape == (2, 3, 64, 64) and masks.shape == (2, 1, 64, 64)
        assert pictures.dtype == masks.dtype == np.float32
        assert set(np.unique(masks)) == {0, 1} and 0 <= pictures.min() <= pictures.max() <= 1
    finally:
        generator.close()


def test_debug_and_several_folders(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write_face(other / "a.jpg", size=64, seed=5, seg_ie_polys=SQUARE, face_type="full_face")
    generator = SampleGeneratorFaceXSeg([folder, other], True, 5, 64, FaceType.FULL, 9)
    assert (generator.batch_size, generator.generators_count) == (1, 1)
    assert len(generator.samples) == 5
    pictures, masks = next(generator)
    assert pictures.shape == (1, 64, 64, 3) and masks.shape == (1, 64, 64, 1)


def usable(samples, **kwargs):
    return SegmentedSampleFilterSubprocessor(samples, **kwargs).run()


def test_labelled_faces_first_then_applied_masks(folder):
    apply_mask(folder / "2.jpg")
    samples = SampleLoader.load_face_samples([str(p) for p in sorted(folder.glob("*.jpg"))])
    assert usable(samples) == [1, 3] and usable(samples, count_xseg_mask=True) == [2]
    generator = SampleGeneratorFaceXSeg([folder], True)
    assert generator.generators[0].user_param.usable == [1, 3]
    for name in ("1.jpg", "3.jpg"):
        (folder / name).unlink()
    SampleLoader.samples_cache.clear()
    generator = SampleGeneratorFaceXSeg([folder], True)
    assert generator.generators[0].user_param.usable == [1]


@pytest.mark.parametrize("empty", [True, False])
def test_no_segmented_faces(tmp_path, empty):
    if not empty:
        write_face(tmp_path / "a.jpg", size=64)
    with pytest.raises(UserError, match="No segmented faces") as error:
        SampleGeneratorFaceXSeg([tmp_path])
    assert str(tmp_path) in str(error.value) and len(error.value.remedies) == 2


def task_of(folder, batch_size=1, **changes):
    samples = SampleLoader.load_face_samples([str(p) for p in sorted(folder.glob("*.jpg"))])
    arguments = dict(samples=samples, usable=usable(samples), batch_size=batch_size,
                     resolution=64, face_type=FaceType.WHOLE_FACE, data_format="NHWC", debug=True)
    return XSegTask(**dict(arguments, **changes))


def test_faces_and_backgrounds_have_their_own_epochs(folder, monkeypatch):
    loaded = []
    module = sys.modules["samplelib.SampleGeneratorFaceXSeg"]
    monkeypatch.setattr(module, "load_image_and_mask", lambda sample, *args: loaded.append(
        int(sample.filename[-5])) or (np.zeros((64, 64, 3), np.float32),
                                      np.zeros((64, 64, 1), np.float32)))
    monkeypatch.setattr(module, "draws_background", lambda: True)
    task = task_of(folder)
    for _ in range(4):
        task.draw_row()
    for order in (loaded[::2], loaded[1::2]):
        assert sorted(order[:2]) == sorted(order[2:]) == [1, 3]
    monkeypatch.setattr(module, "draws_background", lambda: False)
    del loaded[:]
    task.draw_row()
    assert len(loaded) == 1


@pytest.mark.parametrize("break_it", [
    lambda sample: setattr(sample, "filename", "gone.jpg"),
    lambda sample: setattr(sample, "landmarks", None),
    lambda sample: (setattr(sample, "seg_ie_polys", type(sample.seg_ie_polys)()),
                    setattr(sample, "xseg_mask_compressed", np.zeros(4, np.uint8)))])
def test_a_face_that_fails_is_named_and_replaced(folder, capsys, break_it):
    task = task_of(folder, 3, face_type=FaceType.FULL)
    broken = task.samples[1]
    break_it(broken)
    batches = generate_xseg_batches(task)
    for _ in range(2):
        assert next(batches)[0].shape == (3, 64, 64, 3)
    printed = capsys.readouterr().out
    assert printed.count("Cannot") == 1 and broken.filename in printed


def test_a_face_that_is_labelled_anew_while_xseg_is_trained(folder, capsys):
    task = task_of(folder, resolution=64)
    task.usable = [1]
    before = task._load_next([])[1]
    face = DFLIMG.load(folder / "1.jpg")
    face.get_dict()["seg_ie_polys"] = [(1, [[0, 0], [63, 0], [63, 20], [0, 20]])]
    face.save()
    mask = task._load_next([])[1]
    assert (mask[:20] == 1).all() and (mask[25:] == 0).all() and (mask != before).any()
    assert "1.jpg has changed" in capsys.readouterr().out
    (folder / "1.jpg").unlink()
    with pytest.raises(UnreadableSampleError, match="1.jpg"):
        task._load_next([])


def test_a_set_of_which_all_fail_ends(folder, capsys, monkeypatch):
    monkeypatch.setattr(batch_worker, "_PAUSE", 0)
    task = task_of(folder)
    for sample in task.samples:
        sample.filename = "gone.jpg"
    with pytest.raises(UserError, match="1000 samples in a row"):
        next(generate_xseg_batches(task))


def test_an_error_of_the_augmentation_is_not_hidden(folder, monkeypatch):
    monkeypatch.setattr(xseg_augment.imagelib, "gen_warp_params", None)
    with pytest.raises(TypeError):
        next(generate_xseg_batches(task_of(folder)))


def test_calls_of_both_families(tmp_path):
    """DFL: (paths, debug, batch_size, ...); MVE: (paths, pak_names, debug=..., ...)."""
    for name in ("faceset", "src"):
        (tmp_path / (name + ".pak")).write_bytes((FILES / "faceset.pak").read_bytes())
    for args, kwargs in (((True, 1, 64), {}), (([None],), dict(debug=True)),
                         ((None,), dict(debug=True, ignore_same_path=True)),
                         ((["src"],), dict(debug=True)), ((), dict(debug=True, pak_names=["src"])),
                         ((), dict(debug=True, of_a_fork=1))):
        generator = SampleGeneratorFaceXSeg([tmp_path], *args, **kwargs)
        assert generator.debug and len(generator.samples) == 4
    with pytest.raises(UserError, match="dst.pak"):
        SampleGeneratorFaceXSeg([tmp_path], ["dst"], debug=True)
    with pytest.raises(ValueError, match="2 pak names for 1"):
        SampleGeneratorFaceXSeg([tmp_path], ["src", "src"], debug=True)

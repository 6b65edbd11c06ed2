"""Samples of a folder or a pak (spec 30 section 4)."""
import pickle
import sys

import cv2
import numpy as np
import pytest
from data_support import FILES, load_json, make_picture, write_face
from sample_support import write_faceset

from core import mplib, persist
from core.errors import UserError
from DFLIMG import DFLIMG
from facelib import FaceType
from samplelib import PackedFaceset, Sample, SampleLoader, SampleType
from samplelib.SampleLoader import FaceSamplesLoaderSubprocessor, read_face_data


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(SampleLoader, "samples_cache", {})


def names(samples):
    return [sample.filename.replace("\\", "/").split("/")[-1] for sample in samples]


def test_every_field_of_an_install(tmp_path):
    truth = load_json("files/truth.json")
    paths = sorted(FILES.glob("*.jpg"))
    samples = SampleLoader.load_face_samples([str(path) for path in paths])
    assert names(samples) == [path.name for path in paths] and len(paths) == 4
    for path, sample in zip(paths, samples):
        expected, face = truth[path.name], DFLIMG.load(path)
        assert sample.sample_type is SampleType.FACE and sample.filename == str(path)
        assert FaceType.toString(sample.face_type) == expected["face_type"]
        assert sample.shape == tuple(expected["shape"])
        assert (sample.landmarks == face.get_landmarks()).all()
        assert sample.eyebrows_expand_mod == expected["eyebrows_expand_mod"]
        assert sample.source_filename == expected["source_filename"]
        assert sample.seg_ie_polys.identical(face.get_seg_ie_polys())
        assert sample.has_xseg_mask() == face.has_xseg_mask()
        if face.has_xseg_mask():
            assert (sample.get_xseg_mask() == face.get_xseg_mask()).all()
        assert sample.load_bgr().shape == tuple(expected["shape"])


def test_faces_come_as_a_shared_list_and_are_cached(tmp_path):
    folder = write_faceset(tmp_path, 3)
    samples = SampleLoader.load(SampleType.FACE, folder)
    assert isinstance(samples, mplib.MPSharedList)
    assert names(samples) == ["00000.jpg", "00001.jpg", "00002.jpg"]
    (folder / "00001.jpg").unlink()
    assert SampleLoader.load(SampleType.FACE, folder) is samples
    assert list(SampleLoader.samples_cache) == [str(folder)]
    assert len(SampleLoader.samples_cache[str(folder)]) == SampleType.QTY


def test_pictures_come_as_a_plain_list(tmp_path):
    for name in ("b.png", "a.jpg", "c.TIF", "d.txt"):
        (tmp_path / name).write_bytes(b"")
    samples = SampleLoader.load(SampleType.IMAGE, tmp_path)
    assert isinstance(samples, list) and names(samples) == ["a.jpg", "b.png", "c.TIF"]
    assert all(sample.sample_type is SampleType.IMAGE for sample in samples)
    assert SampleLoader.load(SampleType.IMAGE, tmp_path) is samples


def test_subfolders_on_request(tmp_path):
    write_faceset(tmp_path / "a", 1)
    write_face(tmp_path / "b.jpg", size=40)
    assert names(SampleLoader.load(SampleType.FACE, tmp_path, subdirs=True)) == ["00000.jpg",
                                                                                 "b.jpg"]
    SampleLoader.samples_cache.clear()
    assert names(SampleLoader.load(SampleType.FACE, tmp_path)) == ["b.jpg"]


def test_temporal_order_is_made_anew_and_stable(tmp_path):
    for name, frame in (("0.jpg", "9.png"), ("1.jpg", "3.png"), ("2.jpg", None),
                        ("3.jpg", "3.png")):
        write_face(tmp_path / name, size=40, source_filename=frame)
    first = SampleLoader.load(SampleType.FACE_TEMPORAL_SORTED, tmp_path)
    assert isinstance(first, mplib.MPSharedList)
    assert names(first) == ["2.jpg", "1.jpg", "3.jpg", "0.jpg"]
    second = SampleLoader.load(SampleType.FACE_TEMPORAL_SORTED, tmp_path)
    assert second is not first and names(second) == names(first)
    assert names(SampleLoader.load(SampleType.FACE, tmp_path)) == ["0.jpg", "1.jpg", "2.jpg",
                                                                   "3.jpg"]


def test_unknown_type(tmp_path):
    with pytest.raises(ValueError, match="type 4"):
        SampleLoader.load(SampleType.QTY, tmp_path)


def test_a_missing_or_empty_folder_has_no_faces(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        assert len(SampleLoader.load(SampleType.FACE, folder)) == 0


# -- paks

def packed(folder, monkeypatch, count=2):
    monkeypatch.setattr("core.interact.interact.input_bool", lambda *args, **kwargs: True)
    monkeypatch.setattr("core.interact.interact.input", lambda *args, **kwargs: "")
    PackedFaceset.pack(write_faceset(folder, count))
    return folder / "faceset.pak"


def test_a_pak_hides_loose_files(tmp_path, monkeypatch, capsys):
    packed(tmp_path, monkeypatch)
    write_face(tmp_path / "loose.jpg", size=40)
    assert names(SampleLoader.load(SampleType.FACE, tmp_path)) == ["00000.jpg", "00001.jpg"]
    assert "2 packed faces" in capsys.readouterr().out


def test_a_broken_pak_raises_and_does_not_fall_back(tmp_path, monkeypatch):
    pak = packed(tmp_path, monkeypatch)
    write_face(tmp_path / "loose.jpg", size=40)
    pak.write_bytes(pak.read_bytes()[:200])
    for _ in range(2):
        with pytest.raises(persist.CorruptFileError, match="faceset.pak"):
            SampleLoader.load(SampleType.FACE, tmp_path)


def test_paks_by_name(tmp_path, monkeypatch):
    """Source and destination in one folder, as MVE has them (spec 82)."""
    for name, count in (("src", 2), ("dst", 3)):
        packed(tmp_path / "work", monkeypatch, count).rename(tmp_path / (name + ".pak"))
    src = SampleLoader.load(SampleType.FACE, tmp_path, pak_name="src", ignore_same_path=True)
    dst = SampleLoader.load(SampleType.FACE, tmp_path, pak_name="dst", ignore_same_path=True)
    assert (len(src), len(dst)) == (2, 3)
    assert SampleLoader.load(SampleType.FACE, tmp_path, pak_name="src") is src
    assert len(SampleLoader.load(SampleType.FACE, tmp_path)) == 0  # neither is faceset.pak
    with pytest.raises(UserError, match="other.pak"):
        SampleLoader.load(SampleType.FACE, tmp_path, pak_name="other")
    # "faceset" is what configuration files name by default; it need not exist.
    write_face(tmp_path / "a.jpg", size=40)
    assert len(SampleLoader.load(SampleType.FACE, tmp_path, pak_name="faceset")) == 1


def test_persons(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="faceset.pak"):
        SampleLoader.get_person_id_max_count(tmp_path)
    for name in ("a", "b"):
        write_faceset(tmp_path / name, 2)
    monkeypatch.setattr("core.interact.interact.input_bool", lambda *args, **kwargs: True)
    PackedFaceset.pack(tmp_path)
    assert SampleLoader.get_person_id_max_count(tmp_path) == 2


# -- files that are no faces

def test_bad_files_are_named_and_left_out(tmp_path, capsys):
    good = write_face(tmp_path / "good.jpg", size=40)
    cv2.imwrite(str(tmp_path / "plain.jpg"), make_picture(40))
    cv2.imwrite(str(tmp_path / "picture.png"), make_picture(40))
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_bytes(b"text")
    write_face(tmp_path / "type.jpg", size=40, face_type="no_face")
    write_face(tmp_path / "points.jpg", size=40, landmarks=[[1, 2]] * 5)
    write_face(tmp_path / "polys.jpg", size=40, seg_ie_polys={"polys": 3})
    face = DFLIMG.load(write_face(tmp_path / "nowhere.jpg", size=40))
    face.get_dict().pop("landmarks")
    face.save()
    paths = sorted(tmp_path.iterdir())
    samples = SampleLoader.load_face_samples([str(path) for path in paths])
    assert names(samples) == ["good.jpg"] and samples[0].filename == str(good)
    printed = capsys.readouterr().out
    for path in paths:
        assert (str(path) in printed) == (path != good), path


def test_reasons(tmp_path):
    data, reason = read_face_data(str(write_face(tmp_path / "a.jpg", size=40)))
    assert data[0] == "whole_face" and data[1] == (40, 40, 3) and reason is None
    data, reason = read_face_data(str(tmp_path / "b.png"))
    assert data is None and "not a dfl image file" in reason


def test_many_files_are_read_by_worker_processes(tmp_path, monkeypatch):
    """Messages of a few files, two processes; holes and order as with a plain loop."""
    folder = write_faceset(tmp_path, 6)
    (folder / "00003.jpg").write_bytes(b"damaged")
    paths = [str(path) for path in sorted(folder.iterdir())]
    alone = FaceSamplesLoaderSubprocessor(paths).run()
    module = sys.modules["samplelib.SampleLoader"]
    monkeypatch.setattr(module, "_FILES_PER_PROCESS", 3)
    monkeypatch.setattr(module, "_FILES_PER_MESSAGE", 2)
    monkeypatch.setattr(module.multiprocessing, "cpu_count", lambda: 2)
    loader = FaceSamplesLoaderSubprocessor(paths)
    assert loader._process_count() == 2
    together = loader.run()
    assert [filename for filename, _ in together] == paths
    assert [data is None for _, data in together] == [i == 3 for i in range(6)]
    for (_, a), (_, b) in zip(alone, together):
        assert (a is None) == (b is None)
        if a is not None:
            assert a[:2] == b[:2] and (a[2] == b[2]).all() and a[5:] == b[5:]


def test_a_file_that_ends_its_processes_is_left_out_alone(capsys):
    """Its attempts are counted: the host gives the very item up."""
    run = FaceSamplesLoaderSubprocessor(["a", "b"])
    both = run.get_data({})
    run.on_data_return({}, both)
    first = run.get_data({})
    run.on_data_return({}, first)
    assert run.get_data({}) is first and first == [(0, "a")]
    run.on_data_failed({}, first)
    assert run.get_data({}) == [(1, "b")] and run.get_data({}) is None
    assert "a is left out" in capsys.readouterr().out


def test_small_sets_start_no_process(monkeypatch):
    assert FaceSamplesLoaderSubprocessor(["a.jpg"] * 1000)._process_count() == 1
    assert FaceSamplesLoaderSubprocessor([]).run() == []
    assert FaceSamplesLoaderSubprocessor(["a.jpg"] * 100000)._process_count() <= 8


def test_a_sample_in_shared_memory_is_small(tmp_path):
    """Pixels stay on disk, masks stay encoded: tens of thousands of faces fit (spec 81 item 1)."""
    mask = np.zeros((256, 256, 1), np.float32)
    mask[40:200, 60:190] = 1
    sample = Sample(filename=str(write_face(tmp_path / "a.jpg")), xseg_mask=mask,
                    landmarks=np.zeros((68, 2)))
    assert len(pickle.dumps(sample, 4)) < 4000

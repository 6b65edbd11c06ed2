"""faceset.index: what the next start takes from it, and what it reads again."""
import os
import pickle
import shutil
import sys

import numpy as np
import pytest
from data_support import FILES, CraftedPickle, write_face
from sample_support import write_faceset

from core.process_options import FACESET_INDEX
from DFLIMG import DFLJPG
from samplelib import SampleLoader, SampleType, face_index
from samplelib.face_index import INDEX_FILENAME

MODULE = sys.modules["samplelib.SampleLoader"]
LONG_AGO = 10 ** 18  # ns


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Six faces that are old enough to be trusted, of all kinds."""
    monkeypatch.setattr(SampleLoader, "samples_cache", {})
    monkeypatch.setattr(face_index, "MIN_FACES", 1)
    folder = write_faceset(tmp_path / "set", 3)
    for path in FILES.glob("*.jpg"):
        shutil.copy(str(path), str(folder / ("x" + path.name)))
    face = DFLJPG.load(str(folder / "00001.jpg"))
    face.set_xseg_mask(np.ones((64, 64, 1)))
    face.save()
    for path in folder.iterdir():
        os.utime(str(path), ns=(LONG_AGO, LONG_AGO))
    return folder


@pytest.fixture
def read(monkeypatch):
    """Names of the files that were read since the last look."""
    names = []
    original = MODULE.read_face_data

    def read_face_data(filename):
        names.append(os.path.basename(filename))
        return original(filename)
    monkeypatch.setattr(MODULE, "read_face_data", read_face_data)

    def take():
        taken = sorted(names)
        del names[:]
        return taken
    return take


def load(folder):
    SampleLoader.samples_cache.clear()
    return list(SampleLoader.load(SampleType.FACE, folder))


def describe(samples):
    """All that a sample holds, comparable."""
    return [pickle.dumps([getattr(sample, name) if name != "seg_ie_polys"
                          else [(poly.type, poly.pts.tolist()) for poly in sample.seg_ie_polys]
                          for name in sample.__slots__]) for sample in samples]


def list_names(folder):
    return sorted(path.name for path in folder.glob("*.jpg"))


def test_the_second_start_reads_no_face_and_gives_the_same(folder, read, capsys):
    plain = describe(SampleLoader.load_face_samples(
        [str(path) for path in sorted(folder.glob("*.jpg"))]))
    assert read() == list_names(folder)
    first = describe(load(folder))
    assert read() == list_names(folder) and (folder / INDEX_FILENAME).exists()
    second = describe(load(folder))
    assert read() == []
    assert first == second == plain
    assert "7 from its index, 0 read" in capsys.readouterr().out


def test_only_what_has_changed_is_read(folder, read):
    load(folder)
    read()
    write_face(folder / "new.jpg", size=40)
    (folder / "00000.jpg").unlink()
    face = DFLJPG.load(str(folder / "00002.jpg"))
    face.set_source_filename("a longer name than before.png")
    face.save()
    os.utime(str(folder / "00002.jpg"), ns=(LONG_AGO, LONG_AGO))  # only the size tells
    stat = os.stat(str(folder / "00001.jpg"))
    os.utime(str(folder / "00001.jpg"), ns=(LONG_AGO, LONG_AGO + 1))  # only the time tells
    assert stat.st_size == os.stat(str(folder / "00001.jpg")).st_size
    samples = load(folder)
    assert read() == ["00001.jpg", "00002.jpg", "new.jpg"]
    assert [os.path.basename(s.filename) for s in samples] == list_names(folder)
    assert samples[1].source_filename == "a longer name than before.png"
    for name in ("00001.jpg", "00002.jpg", "new.jpg"):
        os.utime(str(folder / name), ns=(LONG_AGO, LONG_AGO))
    load(folder)
    assert read() == ["00001.jpg", "new.jpg"]  # their time has changed again
    assert describe(load(folder)) == describe(SampleLoader.load_face_samples(
        [str(folder / name) for name in list_names(folder)]))


def test_files_that_have_just_changed_are_not_trusted(folder, read):
    """They may change again without a new time of change."""
    os.utime(str(folder / "00001.jpg"))
    load(folder)
    read()
    load(folder)
    assert read() == ["00001.jpg"]


def test_the_folder_may_be_moved(folder, read, tmp_path):
    load(folder)
    read()
    moved = tmp_path / "moved"
    folder.rename(moved)
    assert all(sample.filename.startswith(str(moved)) for sample in load(moved))
    assert read() == []


def test_files_that_are_no_faces_are_named_at_every_start(folder, read, capsys):
    (folder / "bad.jpg").write_bytes(b"text")
    for _ in range(2):
        assert len(load(folder)) == 7
        assert "bad.jpg" in capsys.readouterr().out
    assert read().count("bad.jpg") == 2


@pytest.mark.parametrize("damage", [
    lambda data: data[:-1], lambda data: data[:200], lambda data: b"", lambda data: b"x" * 500,
    lambda data: data[:8] + b"\x80\x04." + data[11:],
    lambda data: data[:400] + bytes([data[400] ^ 1]) + data[401:],
    lambda data: data[:-20] + bytes([data[-20] ^ 128]) + data[-19:]])
def test_a_damaged_index_is_made_anew(folder, read, capsys, damage):
    first = describe(load(folder))
    path = folder / INDEX_FILENAME
    good = path.read_bytes()
    path.write_bytes(damage(good))
    read()
    assert describe(load(folder)) == first
    printed = capsys.readouterr().out
    assert "%s cannot be used" % path in printed and "made anew" in printed
    assert read() == list_names(folder) and path.read_bytes() == good


def write_index(folder, content):
    """An index with a proper sum around any pickle."""
    import struct
    import zlib
    data = pickle.dumps(content, 4)
    (folder / INDEX_FILENAME).write_bytes(
        b"DFLFACES" + data + struct.pack("<I", zlib.crc32(data)))


def test_a_crafted_index_runs_nothing(folder, tmp_path, capsys):
    marker = tmp_path / "marker"
    write_index(folder, {"version": 1, "names": CraftedPickle(marker)})
    assert len(load(folder)) == 7
    printed = capsys.readouterr().out
    assert "cannot be used" in printed and "open" in printed
    assert not marker.exists()


@pytest.mark.parametrize("content", [
    [], {}, {"version": 2}, {"version": 1, "names": 3}, {"version": 1, "names": [3]},
    {"version": 1, "names": ["a"], "sizes": np.zeros(2, np.int64), "times": np.zeros(1)}])
def test_an_index_that_makes_no_sense(folder, content, capsys):
    write_index(folder, content)
    assert len(load(folder)) == 7
    assert "cannot be used" in capsys.readouterr().out


def test_names_in_an_index_reach_no_other_file(folder, read, tmp_path):
    """An entry counts only for a file that lies in the folder."""
    load(folder)
    index = face_index.load_index(folder)
    rows = index.find_unchanged({"../elsewhere.jpg": (1, 1)})
    assert rows == {}
    assert set(index.find_unchanged(dict(zip(index.names, index.states)))) == set(index.names)


def test_a_folder_that_cannot_be_written_to(folder, read, capsys, monkeypatch):
    from core import persist
    from core.errors import UserError

    def refuse(path, write):
        raise UserError("%s cannot be written: Permission denied." % path)
    monkeypatch.setattr(persist, "write_stream", refuse)
    for _ in range(2):
        assert len(load(folder)) == 7
        assert capsys.readouterr().out.count("No index is kept") == 1
    assert not (folder / INDEX_FILENAME).exists()


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="needs a user with limits")
def test_a_read_only_folder(folder, capsys):
    os.chmod(str(folder), 0o555)
    try:
        assert len(load(folder)) == 7
    finally:
        os.chmod(str(folder), 0o755)
    assert "No index is kept" in capsys.readouterr().out


def test_it_can_be_switched_off(folder, read, monkeypatch):
    monkeypatch.setenv(FACESET_INDEX.env[0], "0")
    load(folder)
    assert not (folder / INDEX_FILENAME).exists()
    load(folder)
    assert read() == sorted(list_names(folder) * 2)


def test_small_sets_subfolders_and_paks_have_none(folder, monkeypatch):
    SampleLoader.load(SampleType.FACE, folder, subdirs=True)
    assert not (folder / INDEX_FILENAME).exists()
    monkeypatch.setattr(face_index, "MIN_FACES", 8)
    load(folder)
    assert not (folder / INDEX_FILENAME).exists()

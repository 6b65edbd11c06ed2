"""core/generation.py: the files of one save belong together after whatever happened."""
import errno
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from conftest import TREE
from core import durable_write, generation, persist
from core.generation_record import read_manifest, verify_generation
from core.errors import CorruptFileError, UserError
from disk_faults import RENAMES, FaultyDisk, PowerCut

NAMES = ("m_a.npy", "m_b.npy", "m_data.dat")


def make_files(mark):
    """Three files whose contents end with `mark`; the second is written in two pieces."""
    def write_pieces(file):
        file.write(b"b" * 500)
        file.write(b"b" * 500 + mark)
    return {NAMES[0]: b"a" * 1000 + mark, NAMES[1]: write_pieces, NAMES[2]: b"d" * 10 + mark}


def read_marks(folder):
    """The last byte of each file; a file of another length is damaged."""
    marks = []
    for name, size in zip(NAMES, (1001, 1001, 11)):
        data = (folder / name).read_bytes()
        assert len(data) == size and 0 not in data, name
        marks.append(data[-1:])
    return marks


def list_names(folder):
    return sorted(os.listdir(str(folder)))


def test_generation_is_written_and_verified(tmp_path):
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    manifest = read_manifest(tmp_path, "m")
    assert (manifest["state"], manifest["generation"]) == ("committed", 1)
    assert manifest["files"]["m_a.npy"]["size"] == 1001
    assert verify_generation(tmp_path, "m") == []
    (tmp_path / "m_a.npy").write_bytes(b"x")
    assert verify_generation(tmp_path, "m") == ["m_a.npy"]
    generation.commit_generation(tmp_path, "m", {"m_a.npy": b"3"})
    assert read_manifest(tmp_path, "m")["generation"] == 2
    assert list_names(tmp_path) == sorted(NAMES + ("m_generation.json",))


def test_nothing_to_recover(tmp_path):
    assert generation.recover_generation(tmp_path, "m") == []
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    assert generation.recover_generation(tmp_path, "m") == []


@pytest.mark.skipif(os.name == "nt", reason="models a POSIX disk")
@pytest.mark.parametrize("renames", RENAMES)
def test_power_cut_at_every_step(tmp_path, monkeypatch, renames):
    """Whatever the disk kept, the model is wholly of the old save or wholly of the new one."""
    outcomes = []
    for fatal_step in range(200):
        folder = tmp_path / str(fatal_step)
        folder.mkdir()
        generation.commit_generation(folder, "m", make_files(b"1"))
        disk = FaultyDisk(monkeypatch, fatal_step)
        try:
            generation.commit_generation(folder, "m", make_files(b"2"))
        except PowerCut:
            is_over = False
        else:
            is_over = True
        monkeypatch.undo()
        disk.come_back(renames)
        generation.recover_generation(folder, "m")
        marks = read_marks(folder)
        assert marks in ([b"1"] * 3, [b"2"] * 3), fatal_step
        assert verify_generation(folder, "m") == []
        assert read_manifest(folder, "m")["state"] == "committed"
        outcomes.append(marks[0])
        if is_over:
            break
    assert is_over and outcomes[0] == b"1" and outcomes[-1] == b"2"
    # once a step has made the save count, every later one does as well
    assert outcomes == sorted(outcomes)


@pytest.mark.skipif(os.name == "nt", reason="models a POSIX disk")
def test_power_cut_during_the_recovery(tmp_path, monkeypatch):
    for fatal_step in range(50):
        folder = tmp_path / str(fatal_step)
        folder.mkdir()
        generation.commit_generation(folder, "m", make_files(b"1"))
        break_off_before_the_names(folder, monkeypatch)
        disk = FaultyDisk(monkeypatch, fatal_step)
        try:
            generation.recover_generation(folder, "m")
        except PowerCut:
            monkeypatch.undo()
            disk.come_back("every second lost")
            generation.recover_generation(folder, "m")
            assert read_marks(folder) == [b"2"] * 3
            continue
        monkeypatch.undo()
        break
    assert fatal_step == disk.steps > 5


def break_off_before_the_names(folder, monkeypatch, mark=b"2", kept=()):
    """A save that counts, but only the files in `kept` have got their new content."""
    replace = os.replace

    def refuse(temp, path):
        if os.path.basename(path) in NAMES and os.path.basename(path) not in kept:
            raise PermissionError(errno.EACCES, "in use")
        replace(temp, path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        patch.setattr(durable_write, "REPLACE_PAUSE", 0)
        with pytest.raises(UserError, match="another program holds it"):
            generation.commit_generation(folder, "m", make_files(mark))


KILLED_SAVE = """
import os, sys
from core import persist
original = os.replace
def replace(source, target):
    if target.endswith('m_b.npy'): os._exit(9)
    original(source, target)
os.replace = replace
persist.commit_generation(sys.argv[1], 'm', {n: n.encode() * 1000 + b'2'
                                             for n in ('m_a.npy', 'm_b.npy')})
"""


def test_killed_process(tmp_path):
    persist.commit_generation(tmp_path, "m", {n: b"1" for n in ("m_a.npy", "m_b.npy")})
    code = subprocess.call([sys.executable, "-c", KILLED_SAVE, str(tmp_path)],
                           env=dict(os.environ, PYTHONPATH=str(TREE)))
    assert code == 9
    assert (tmp_path / "m_a.npy").read_bytes()[-1:] != (tmp_path / "m_b.npy").read_bytes()[-1:]
    notices = persist.recover_generation(tmp_path, "m")
    assert notices == ["m_b.npy: finished the save that was interrupted."]
    assert (tmp_path / "m_b.npy").read_bytes()[-1:] == b"2"


def test_generation_that_cannot_be_written_leaves_the_old_one(tmp_path):
    generation.commit_generation(tmp_path, "m", make_files(b"1"))

    def fail(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match="No space left"):
        generation.commit_generation(tmp_path, "m", {NAMES[0]: b"2", NAMES[1]: fail})
    assert read_marks(tmp_path) == [b"1"] * 3
    assert list_names(tmp_path) == sorted(NAMES + ("m_generation.json",))


def test_next_save_finishes_the_one_before_first(tmp_path, monkeypatch):
    """A viewer held a file; the save after that runs out of disk: the first is not lost."""
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    break_off_before_the_names(tmp_path, monkeypatch, kept=NAMES[:1])

    def fail(file):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(UserError, match="No space left"):
        generation.commit_generation(tmp_path, "m", dict(make_files(b"3"), **{NAMES[1]: fail}))
    assert generation.recover_generation(tmp_path, "m") == []
    assert read_marks(tmp_path) == [b"2"] * 3


def test_still_held_file_stops_the_next_save_before_it_overwrites_anything(tmp_path, monkeypatch):
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    break_off_before_the_names(tmp_path, monkeypatch)
    break_off_before_the_names(tmp_path, monkeypatch, mark=b"3")
    generation.recover_generation(tmp_path, "m")
    assert read_marks(tmp_path) == [b"2"] * 3


def test_unfinishable_generation_names_the_file_and_a_new_save_mends_it(tmp_path, monkeypatch):
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    break_off_before_the_names(tmp_path, monkeypatch)
    (tmp_path / "m_b.npy.tmp").write_bytes(b"damaged")
    with pytest.raises(CorruptFileError, match="m_b.npy"):
        generation.recover_generation(tmp_path, "m")
    generation.commit_generation(tmp_path, "m", make_files(b"3"))
    assert read_marks(tmp_path) == [b"3"] * 3
    assert generation.recover_generation(tmp_path, "m") == []


@pytest.mark.skipif(os.name == "nt", reason="Windows syncs no folders")
def test_failure_behind_the_record_keeps_what_the_record_names(tmp_path, monkeypatch):
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    real = generation.sync_folder
    calls = []

    def sync_folder(folder):
        calls.append(folder)
        if len(calls) == 2:    # the temporaries', then the record's
            raise UserError("The disk is broken.")
        real(folder)
    monkeypatch.setattr(generation, "sync_folder", sync_folder)
    monkeypatch.setattr(durable_write, "sync_folder", sync_folder)
    with pytest.raises(UserError, match="broken"):
        generation.commit_generation(tmp_path, "m", make_files(b"2"))
    monkeypatch.undo()
    assert read_marks(tmp_path) == [b"1"] * 3
    assert len(generation.recover_generation(tmp_path, "m")) == 3
    assert read_marks(tmp_path) == [b"2"] * 3


def test_two_processes_may_finish_the_same_save(tmp_path, monkeypatch):
    """A merger that starts while the trainer saves takes the names out of its hands."""
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    replace = os.replace

    def other_process_first(temp, path):
        if path.endswith("m_a.npy"):
            monkeypatch.setattr(os, "replace", replace)
            assert len(generation.recover_generation(tmp_path, "m")) == 3
        replace(temp, path)
    monkeypatch.setattr(os, "replace", other_process_first)
    generation.commit_generation(tmp_path, "m", make_files(b"2"))
    assert read_marks(tmp_path) == [b"2"] * 3
    assert read_manifest(tmp_path, "m")["state"] == "committed"


def age(path, seconds):
    now = time.time()
    os.utime(str(path), (now - seconds, now - seconds))


def test_left_over_temporaries_go_when_no_living_save_can_own_them(tmp_path):
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    old, young = tmp_path / "m_a.npy.tmp", tmp_path / "m_b.npy.tmp"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    age(old, generation.STRAY_AGE + 10)
    assert generation.recover_generation(tmp_path, "m") == [
        "m_a.npy.tmp: removed what an interrupted save left."]
    assert not old.exists() and young.exists()
    assert read_marks(tmp_path) == [b"1"] * 3


def test_file_that_an_older_version_deleted_comes_back(tmp_path):
    """It wrote `<name>.tmp`, deleted `<name>` and died before the rename (issue #5341 of old)."""
    generation.commit_generation(tmp_path, "m", make_files(b"1"))
    weights = persist.dumps({"w:0": np.ones(3, np.float32)})
    for name in ("m_a.npy", "m_b.npy"):
        (tmp_path / name).unlink()
    (tmp_path / "m_a.npy.tmp").write_bytes(weights)
    (tmp_path / "m_b.npy.tmp").write_bytes(weights[:-5])
    first, second = generation.recover_generation(tmp_path, "m")
    assert first.startswith("m_a.npy: took") and "m_b.npy is missing" in second
    assert (tmp_path / "m_a.npy").read_bytes() == weights
    assert (tmp_path / "m_b.npy.tmp").exists() and not (tmp_path / "m_b.npy").exists()


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "../m_a.npy", "..\\m_a.npy", "..", "",
                                  "\ud800", "a\nb"])
@pytest.mark.parametrize("state", ["pending", "committed"])
def test_record_with_a_name_that_is_no_plain_file_name(tmp_path, name, state):
    (tmp_path / "m_generation.json").write_text(json.dumps(
        {"state": state, "generation": 1, "files": {name: {"size": 1, "crc32": 0}}}))
    with pytest.raises(CorruptFileError, match="m_generation.json"):
        generation.recover_generation(tmp_path, "m")


def test_record_nested_without_end(tmp_path):
    (tmp_path / "m_generation.json").write_text("[" * 100000)
    with pytest.raises(CorruptFileError, match="m_generation.json.*deep"):
        generation.read_manifest(tmp_path, "m")


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot take these names")
def test_record_of_a_model_whose_name_only_this_system_takes(tmp_path):
    for name in ("a:b", 'a"b', "nul"):
        generation.commit_generation(tmp_path, name, {name + "_data.dat": b"1"})
        assert generation.read_manifest(tmp_path, name)["state"] == "committed"

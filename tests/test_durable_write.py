"""core/durable_write.py: one file is old or new after a power cut at any step."""
import errno
import os

import pytest

from core import durable_write
from core.errors import UserError
from disk_faults import RENAMES, FaultyDisk, PowerCut


def test_replaces_and_leaves_no_temporary(tmp_path):
    path = tmp_path / "данные x.dat"
    durable_write.write_bytes(path, b"old")
    durable_write.write_text(path, "новое\n")
    assert path.read_bytes() == "новое\n".encode("utf-8")
    assert os.listdir(str(tmp_path)) == [path.name]


def test_size_and_checksum_count_bytes(tmp_path):
    def write(file):
        file.write(memoryview(b"12345678").cast("I"))    # two elements, eight bytes
        file.write(b"9")
    assert durable_write.write_temp(tmp_path / "x", write) == (9, 0xCBF43926)
    assert (tmp_path / "x.tmp").read_bytes() == b"123456789"


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "x.npy"
    durable_write.write_bytes(path, b"old")

    def fail(file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match="No space left"):
        durable_write.write_stream(path, fail)
    assert path.read_bytes() == b"old"
    assert os.listdir(str(tmp_path)) == ["x.npy"]


def test_missing_folder_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="cannot be written"):
        durable_write.write_bytes(tmp_path / "none" / "x", b"")


def test_held_file_is_a_user_error_and_keeps_both(tmp_path, monkeypatch):
    path = tmp_path / "x.npy"
    path.write_bytes(b"old")

    tries = []

    def refuse(temp, target):
        tries.append(target)
        raise PermissionError(errno.EACCES, "in use")
    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(durable_write, "REPLACE_PAUSE", 0)
    with pytest.raises(UserError, match="another program holds it"):
        durable_write.write_bytes(path, b"new")
    assert path.read_bytes() == b"old" and (tmp_path / "x.npy.tmp").read_bytes() == b"new"
    assert len(tries) == durable_write.REPLACE_TRIES == 10


def test_file_that_is_held_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "x.npy"
    real, tries = os.replace, []

    def refuse(temp, target):
        tries.append(target)
        if len(tries) < 10:
            raise PermissionError(errno.EACCES, "in use")
        real(temp, target)
    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(durable_write, "REPLACE_PAUSE", 0)
    durable_write.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"


def test_copy(tmp_path):
    content = bytes(range(256)) * 20000
    (tmp_path / "a").write_bytes(content)
    durable_write.write_stream(tmp_path / "b", durable_write.copy_from(tmp_path / "a"))
    assert (tmp_path / "b").read_bytes() == content
    with pytest.raises(UserError, match="cannot be written"):
        durable_write.write_stream(tmp_path / "b", durable_write.copy_from(tmp_path / "none"))
    assert (tmp_path / "b").read_bytes() == content


def test_folders_are_made_and_removed(tmp_path):
    folder, parked = tmp_path / "a" / "b", tmp_path / "_old"
    for _ in range(2):
        durable_write.make_folder(folder)
    (folder / "x").write_bytes(b"")
    parked.mkdir()
    (parked / "of an interrupted removal").write_bytes(b"")
    for _ in range(2):
        durable_write.remove_tree(folder, parked)
        durable_write.remove_tree(folder)
    assert not folder.exists() and not parked.exists()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be made"):
        durable_write.make_folder(tmp_path / "file" / "a")
    durable_write.remove_file(tmp_path / "file")
    durable_write.remove_file(tmp_path / "file")
    with pytest.raises(UserError, match="cannot be removed"):
        durable_write.remove_file(tmp_path / "a")


def test_what_is_half_removed_has_lost_its_name(tmp_path, monkeypatch):
    folder = tmp_path / "a"
    folder.mkdir()

    def fail(path):
        raise OSError(errno.EACCES, "in use")
    monkeypatch.setattr(durable_write.shutil, "rmtree", fail)
    with pytest.raises(UserError, match="cannot be removed: in use"):
        durable_write.remove_tree(folder, tmp_path / "_old")
    assert os.listdir(str(tmp_path)) == ["_old"]


def test_folder_in_the_place_of_the_file_is_a_user_error(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "inside").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be replaced"):
        durable_write.write_bytes(tmp_path / "x", b"new")


@pytest.mark.skipif(os.name == "nt", reason="Windows syncs no folders")
@pytest.mark.parametrize("code, is_fatal", [(errno.EINVAL, False), (errno.ENOTSUP, False),
                                            (errno.EIO, True)])
def test_folders_that_cannot_be_synced(tmp_path, monkeypatch, code, is_fatal):
    """Network file systems refuse it; a broken disk is an error."""
    real = os.fsync
    calls = []

    def fsync(fd):
        calls.append(fd)
        if len(calls) == 2:    # the file, then the folder
            raise OSError(code, "no")
        real(fd)
    monkeypatch.setattr(os, "fsync", fsync)
    if is_fatal:
        with pytest.raises(UserError, match="folder"):
            durable_write.write_bytes(tmp_path / "x", b"new")
    else:
        durable_write.write_bytes(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new" and len(calls) == 2


@pytest.mark.skipif(os.name == "nt", reason="models a POSIX disk")
@pytest.mark.parametrize("renames", RENAMES)
def test_power_cut_at_every_step(tmp_path, monkeypatch, renames):
    results = set()
    for fatal_step in range(100):
        folder = tmp_path / str(fatal_step)
        folder.mkdir()
        path = folder / "x.npy"
        path.write_bytes(b"old" * 100)
        disk = FaultyDisk(monkeypatch, fatal_step)
        try:
            durable_write.write_bytes(path, b"new" * 100)
        except PowerCut:
            monkeypatch.undo()
            disk.come_back(renames)
            results.add(path.read_bytes())
            continue
        monkeypatch.undo()
        assert disk.steps == fatal_step == 5    # open, write, sync, replace, sync of the folder
        break
    assert path.read_bytes() == b"new" * 100
    assert results == ({b"old" * 100} if renames != "kept" else {b"old" * 100, b"new" * 100})

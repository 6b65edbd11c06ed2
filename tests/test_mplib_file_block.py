"""A file that processes map."""
import os

import pytest

from core.joblib import SubprocessGenerator
from core.mplib.file_block import FileBlock


def write_worker(block):
    """Worker: the block comes without the lock."""
    block.write(1, b"xyz")
    yield bytes(block.buf)


def test_what_is_written_is_there_for_all_and_for_the_next(tmp_path):
    path = str(tmp_path / "a")
    block = FileBlock(path)
    assert block.size == 0
    block.resize(6)
    block.write(0, b"abc")
    assert bytes(block.buf) == b"abc" + bytes(3)
    assert next(SubprocessGenerator(write_worker, block)) == b"axyz" + bytes(2)
    assert bytes(block.buf) == b"axyz" + bytes(2)
    block.close()
    other = FileBlock(path)
    assert bytes(other.buf) == b"axyz" + bytes(2)
    other.resize(2)
    assert bytes(other.buf) == b"ax" and os.path.getsize(path) == 2


def test_one_owner_at_a_time(tmp_path):
    path = str(tmp_path / "a")
    block = FileBlock(path)
    with pytest.raises(BlockingIOError):
        FileBlock(path)
    FileBlock(path, is_owner=False).close()
    block.close()
    FileBlock(path)


def test_a_file_that_cannot_be_made(tmp_path):
    with pytest.raises(OSError):
        FileBlock(str(tmp_path / "none" / "a"))

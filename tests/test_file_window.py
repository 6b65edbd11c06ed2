"""core/file_window.py: small pieces of a file are looked at, large ones stepped over."""
import io

import pytest
from data_support import CountingFile

from core.file_window import FileWindow


def test_takes_and_steps_over():
    file = CountingFile(b"head" + b"ab" + bytes(1 << 20) + b"cd\nlast\n")
    file.seek(4)
    window = FileWindow(file)
    assert window.take(2) == b"ab"
    window.skip(1 << 20)
    assert window.take_line() == b"cd" and window.take_line(10) == b"last"
    assert file.taken < 1 << 18


def test_a_line_longer_than_the_window():
    window = FileWindow(io.BytesIO(b"x" * 300000 + b"\nnext\n"))
    assert window.take_line().startswith(b"xxx") and window.take_line() == b"next"


def test_many_lines_are_read_once():
    file = CountingFile(b"12\n" * 100000)
    window = FileWindow(file)
    assert all(window.take_line() == b"12" for _ in range(100000))
    assert file.taken < 400000


@pytest.mark.parametrize("use", [
    lambda window: window.take(6), lambda window: window.skip(6), lambda window: window.skip(-1),
    lambda window: window.skip(1 << 63), lambda window: window.require(6),
    lambda window: window.take_line()])
def test_what_the_file_does_not_have(use):
    with pytest.raises(ValueError):
        use(FileWindow(io.BytesIO(b"12345")))
    FileWindow(io.BytesIO(b"12345")).require(5)


def test_a_line_beyond_its_limit():
    with pytest.raises(ValueError, match="20"):
        FileWindow(io.BytesIO(b"9" * 20 + b"\n")).take_line(19)

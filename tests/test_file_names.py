"""core/file_names.py: names that every system takes."""
import pytest

from core.file_names import is_plain_file_name


@pytest.mark.parametrize("name", ["a", "00001_0.jpg", "m_SAEHD_data.dat", "\u4e2d\u00e9 (1).png",
                                  ".hidden", "console.txt", "com.jpg", "x" * 250])
def test_plain(name):
    assert is_plain_file_name(name)


@pytest.mark.parametrize("name", [
    "", " ", ".", "..", "...", "a/b", "a\\b", "/a", "C:a", "a:stream", "a\0", "a\nb", "a*", "a?",
    "\ud800", "nul", "NUL.jpg", "com1.png", "x" * 251, "\u4e2d" * 84, None, 3, b"a", ("a",)])
def test_not_plain(name):
    assert not is_plain_file_name(name)

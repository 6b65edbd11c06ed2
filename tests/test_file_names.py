"""core/file_names.py: names of files in the folder at hand."""
import sys

import pytest

from core.file_names import is_plain_file_name

SYSTEMS = ("linux", "win32")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", ["a", "00001_0.jpg", "m_SAEHD_data.dat", "\u4e2d\u00e9 (1).png",
                                  ".hidden", "console.txt", "com.jpg", "x" * 250])
def test_plain(monkeypatch, name, system):
    monkeypatch.setattr(sys, "platform", system)
    assert is_plain_file_name(name)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", [
    "", " ", ".", "..", "...", "a/b", "a\\b", "/a", "a\0", "a\nb", "\ud800", "x" * 251,
    "\u4e2d" * 84, None, 3, b"a", ("a",)])
def test_not_plain(monkeypatch, name, system):
    monkeypatch.setattr(sys, "platform", system)
    assert not is_plain_file_name(name)


@pytest.mark.parametrize("name", ["C:a", "a:stream", "a*", "a?", "nul", "NUL.jpg", "com1.png"])
def test_what_only_windows_cannot_take(monkeypatch, name):
    monkeypatch.setattr(sys, "platform", "linux")
    assert is_plain_file_name(name)
    monkeypatch.setattr(sys, "platform", "win32")
    assert not is_plain_file_name(name)

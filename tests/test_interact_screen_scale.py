"""core/interact/screen_scale.py: how fine the screen is, asked of Windows and of an X server."""
import ctypes
import os
import shutil
import subprocess
import sys

import pytest

from core.interact import screen_scale


class Library:
    """Stands in for a DLL: what its functions return, which were called."""

    def __init__(self, **results):
        self.results, self.calls = results, []

    def __getattr__(self, name):
        if name not in self.results:
            raise AttributeError(name)

        def call(*arguments):
            self.calls.append((name,) + arguments)
            return self.results[name]
        return call


@pytest.fixture
def make_windows(monkeypatch):
    def make(**libraries):
        monkeypatch.setattr(sys, 'platform', 'win32')
        loader = type('Loader', (), libraries)()
        monkeypatch.setattr(ctypes, 'windll', loader, raising=False)
        return loader
    return make


@pytest.mark.parametrize('dpi, scale', [(96, 1.0), (120, 1.25), (144, 1.5), (192, 2.0)])
def test_scale_of_windows(make_windows, dpi, scale):
    make_windows(user32=Library(GetDpiForSystem=dpi))
    assert screen_scale.get_system_scale() == scale


def test_windows_7_knows_no_scale(make_windows):
    windows = make_windows(user32=Library(SetProcessDPIAware=1))
    assert screen_scale.get_system_scale() == 1.0
    screen_scale.make_dpi_aware()
    assert windows.user32.calls == [('SetProcessDPIAware',)]


def test_windows_gives_real_pixels(make_windows):
    windows = make_windows(shcore=Library(SetProcessDpiAwareness=0), user32=Library())
    screen_scale.make_dpi_aware()
    assert windows.shcore.calls == [('SetProcessDpiAwareness', 1)]


def test_without_an_x_server(monkeypatch):
    monkeypatch.setattr(sys, 'platform', 'linux')
    for display in ('', ':4711'):
        monkeypatch.setenv('DISPLAY', display)
        assert screen_scale.get_system_scale() == 1.0
        assert screen_scale.get_x11_screen_size() is None
    screen_scale.make_dpi_aware()


@pytest.mark.skipif(shutil.which('Xvfb') is None, reason='Xvfb (a virtual screen) is not installed')
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='X11 only')
def test_size_and_scale_of_an_x_server(monkeypatch):
    import window_support
    with window_support.VirtualScreen() as screen:
        monkeypatch.setenv('DISPLAY', screen.name)
        assert screen_scale.get_x11_screen_size() == (1600, 1000)
        assert screen_scale.get_system_scale() == 1.0
        if shutil.which('xrdb') is None:
            return
        # another connection holds the server: it forgets its resources with the last one
        subprocess.run(['xrdb', '-nocpp', '-merge'], input=b'Xft.dpi: 168\n', check=True,
                       env=dict(os.environ))
        assert screen_scale.get_system_scale() == 1.75

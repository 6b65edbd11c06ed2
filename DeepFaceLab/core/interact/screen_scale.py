"""How large a pixel of the screen is: 1.0 at 96 dots an inch, 2.0 on a screen twice as fine."""
import contextlib
import ctypes
import os
import sys
from typing import Any, Iterator, Optional, Tuple

NORMAL_DPI = 96
SCALES = (1.0, 4.0)
STEP = 0.25     # in between, letters would have lines of uneven width
SYSTEM_AWARE = 1    # PROCESS_SYSTEM_DPI_AWARE: real pixels of the main screen


def make_dpi_aware() -> None:
    """Windows: windows are given real pixels. Without it the system enlarges what they draw, and
    blurs it."""
    if sys.platform != 'win32':
        return
    try:
        ctypes.windll.shcore.SetProcessDpiAwareness(SYSTEM_AWARE)
    except (AttributeError, OSError):   # Windows 7 has no such library
        ctypes.windll.user32.SetProcessDPIAware()


def round_scale(scale: float) -> float:
    """A scale of text and lines: quarters, never smaller than on an ordinary screen."""
    return float(min(max(round(scale / STEP) * STEP, SCALES[0]), SCALES[1]))


def get_system_scale() -> float:
    """What the user has set for the whole desktop; 1.0 where that cannot be asked."""
    dpi = _ask_windows() if sys.platform == 'win32' else _ask_x11()
    return 1.0 if dpi is None else round_scale(dpi / NORMAL_DPI)


def _ask_windows() -> Optional[float]:
    try:
        return float(ctypes.windll.user32.GetDpiForSystem())
    except AttributeError:      # before Windows 10
        return None


def _ask_x11() -> Optional[float]:
    """The resource Xft.dpi, which desktops set to their scale."""
    with open_x11() as (x11, display):
        if display is None:
            return None
        x11.XResourceManagerString.restype = ctypes.c_char_p
        x11.XResourceManagerString.argtypes = [ctypes.c_void_p]
        return parse_dpi((x11.XResourceManagerString(display) or b'').decode('latin-1'))


def get_x11_screen_size() -> Optional[Tuple[int, int]]:
    """(width, height) of the X server's screen in pixels, None where it cannot be asked."""
    with open_x11() as (x11, display):
        if display is None:
            return None
        x11.XDefaultScreen.argtypes = [ctypes.c_void_p]
        number = x11.XDefaultScreen(display)
        for function in (x11.XDisplayWidth, x11.XDisplayHeight):
            function.argtypes = [ctypes.c_void_p, ctypes.c_int]
        return x11.XDisplayWidth(display, number), x11.XDisplayHeight(display, number)


@contextlib.contextmanager
def open_x11() -> Iterator[Tuple[Any, Optional[int]]]:
    """(libX11, display), the display None without an X server that answers; both None without the
    library (OpenCV brings its own copy under another name)."""
    display = None
    try:
        x11 = ctypes.CDLL('libX11.so.6') if os.environ.get('DISPLAY') else None
    except OSError:
        x11 = None
    if x11 is not None:
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
        display = x11.XOpenDisplay(None)
    try:
        yield x11, display
    finally:
        if display is not None:
            x11.XCloseDisplay(display)


def parse_dpi(resources: str) -> Optional[float]:
    """The number behind `Xft.dpi:` in the X server's resources, None without one."""
    for line in resources.splitlines():
        name, _, value = line.partition(':')
        if name.strip() == 'Xft.dpi':
            try:
                return float(value)
            except ValueError:
                return None
    return None

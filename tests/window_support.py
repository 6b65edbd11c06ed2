"""A virtual X screen, keys pressed and a mouse moved on it, and what it shows, with nothing but
Xvfb and libX11/libXtst."""
import ctypes
import ctypes.util
import os
import queue
import subprocess
import threading
import time

import numpy as np


class VirtualScreen:
    """`with VirtualScreen() as screen:` runs Xvfb; `screen.name` is for DISPLAY."""

    def __enter__(self):
        read, write = os.pipe()
        self._process = subprocess.Popen(
            ['Xvfb', '-displayfd', str(write), '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'],
            pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as pipe:
            self.name = ':' + pipe.readline().strip()
        self._x11 = ctypes.CDLL(ctypes.util.find_library('X11') or 'libX11.so.6')
        # A window may close between two calls; the default handler ends the process then.
        self._handler = _ErrorHandler(lambda display, event: 0)
        self._x11.XSetErrorHandler(self._handler)
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(self.name.encode()))
        return self

    def __exit__(self, *exc_info):
        self._x11.XCloseDisplay(self._display)
        self._process.terminate()
        self._process.wait()

    def press(self, keysym):
        """Press and release a key in the window under the pointer or with the focus."""
        x11 = self._x11
        x11.XKeysymToKeycode.restype = ctypes.c_ubyte
        code = x11.XKeysymToKeycode(self._display, ctypes.c_ulong(keysym))
        window = self._find_window()
        if window:
            x11.XSetInputFocus(self._display, ctypes.c_ulong(window), 1, ctypes.c_ulong(0))
        for kind in (2, 3):     # KeyPress, KeyRelease
            self._send(window, kind, code)
        x11.XFlush(self._display)
        time.sleep(0.05)

    def move(self, x, y):
        """Put the mouse at a position of the screen."""
        self._get_xtst().XTestFakeMotionEvent(self._display, -1, x, y, ctypes.c_ulong(0))
        self._x11.XFlush(self._display)
        time.sleep(0.05)

    def click(self, button=1):
        """Press and release a button of the mouse; 4 and 5 are the wheel."""
        for is_press in (1, 0):
            self._get_xtst().XTestFakeButtonEvent(self._display, button, is_press,
                                                  ctypes.c_ulong(0))
            self._x11.XFlush(self._display)
            time.sleep(0.03)

    def _get_xtst(self):
        return ctypes.CDLL(ctypes.util.find_library('Xtst') or 'libXtst.so.6')

    def grab(self, width, height):
        """(h,w,3) uint8 BGR of the upper left part of the largest window."""
        x11 = self._x11
        x11.XGetImage.restype = ctypes.POINTER(_Image)
        image = x11.XGetImage(self._display, ctypes.c_ulong(self._find_window()), 0, 0, width,
                              height, ctypes.c_ulong(0xffffffff), 2)      # AllPlanes, ZPixmap
        content = image.contents
        data = ctypes.string_at(content.data, content.bytes_per_line * content.height)
        pixels = np.frombuffer(data, np.uint8).reshape(content.height, -1, 4)
        return pixels[:, :content.width, :3].copy()

    def grab_all(self):
        """(h,w,3) uint8 BGR of the whole of the largest window."""
        return self.grab(*self._list_windows()[-1][1:3])

    def resize(self, width, height):
        """Give the largest window another size, as a user does at its edge."""
        self._x11.XResizeWindow(self._display, ctypes.c_ulong(self._find_window()), width, height)
        self._x11.XFlush(self._display)
        time.sleep(0.05)

    def get_title(self):
        """What stands above the largest window, as far as it is Latin-1."""
        name = ctypes.c_char_p()
        self._x11.XFetchName(self._display, ctypes.c_ulong(self._find_window()),
                             ctypes.byref(name))
        return (name.value or b'').decode('latin-1')

    def _find_window(self):
        """The largest window on the screen."""
        windows = self._list_windows()
        return windows[-1][3] if windows else 0

    def _list_windows(self):
        """[(area, width, height, id)] of those that are on the screen, the largest last."""
        x11 = self._x11
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        root = x11.XDefaultRootWindow(self._display)
        found, parent, top = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_ulong()
        children, count = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint()
        x11.XQueryTree(self._display, ctypes.c_ulong(root), ctypes.byref(top),
                       ctypes.byref(parent), ctypes.byref(children), ctypes.byref(count))
        sizes = []
        for i in range(count.value):
            values = _Attributes()
            if x11.XGetWindowAttributes(self._display, ctypes.c_ulong(children[i]),
                                        ctypes.byref(values)) and values.map_state == 2:
                sizes.append((values.width * values.height, values.width, values.height,
                              children[i]))
        del found
        return sorted(sizes)

    def _send(self, window, kind, code):
        event = _KeyEvent(type=kind, display=self._display, window=window, root=0, subwindow=0,
                          time=0, keycode=code, same_screen=1)
        buffer = (ctypes.c_long * 24)()
        ctypes.memmove(buffer, ctypes.byref(event), ctypes.sizeof(event))
        self._x11.XSendEvent(self._display, ctypes.c_ulong(window), 1, ctypes.c_long(1),
                             ctypes.byref(buffer))


_ErrorHandler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class _KeyEvent(ctypes.Structure):
    """XKeyEvent of Xlib."""
    _fields_ = [('type', ctypes.c_int), ('serial', ctypes.c_ulong), ('send_event', ctypes.c_int),
                ('display', ctypes.c_void_p), ('window', ctypes.c_ulong), ('root', ctypes.c_ulong),
                ('subwindow', ctypes.c_ulong), ('time', ctypes.c_ulong), ('x', ctypes.c_int),
                ('y', ctypes.c_int), ('x_root', ctypes.c_int), ('y_root', ctypes.c_int),
                ('state', ctypes.c_uint), ('keycode', ctypes.c_uint),
                ('same_screen', ctypes.c_int)]


class _Attributes(ctypes.Structure):
    """XWindowAttributes of Xlib; map_state 2 is IsViewable."""
    _fields_ = [(name, ctypes.c_int) for name in (
        'x', 'y', 'width', 'height', 'border_width', 'depth')] + [
        ('visual', ctypes.c_void_p), ('root', ctypes.c_ulong)] + [
        (name, ctypes.c_int) for name in (
            'class_', 'bit_gravity', 'win_gravity', 'backing_store')] + [
        ('backing_planes', ctypes.c_ulong), ('backing_pixel', ctypes.c_ulong),
        ('save_under', ctypes.c_int), ('colormap', ctypes.c_ulong),
        ('map_installed', ctypes.c_int), ('map_state', ctypes.c_int),
        ('all_event_masks', ctypes.c_long), ('your_event_mask', ctypes.c_long),
        ('do_not_propagate_mask', ctypes.c_long), ('override_redirect', ctypes.c_int),
        ('screen', ctypes.c_void_p)]


class _Image(ctypes.Structure):
    """The beginning of Xlib's XImage."""
    _fields_ = [('width', ctypes.c_int), ('height', ctypes.c_int), ('xoffset', ctypes.c_int),
                ('format', ctypes.c_int), ('data', ctypes.c_void_p),
                ('byte_order', ctypes.c_int), ('bitmap_unit', ctypes.c_int),
                ('bitmap_bit_order', ctypes.c_int), ('bitmap_pad', ctypes.c_int),
                ('depth', ctypes.c_int), ('bytes_per_line', ctypes.c_int)]


def try_until(lines, text, action, seconds=60):
    """Repeat an action (the window may not have been there yet) until a line begins so."""
    deadline = time.time() + seconds
    lines.forget()
    while time.time() < deadline:
        action()
        if lines.wait_for(text, 2):
            return True
    return False


class Lines:
    """Output of a process, line by line."""

    def __init__(self, process):
        self._lines = queue.Queue()
        self._seen = []
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()

    def _read(self, stream):
        for line in iter(stream.readline, b''):
            self._lines.put(line.decode('utf-8', 'replace').strip())
        self._lines.put(None)

    def forget(self):
        """Lines that came until now count no longer."""
        while not self._lines.empty():
            if self._lines.get() is None:
                self._lines.put(None)
                break
        del self._seen[:]

    def wait_for(self, text, seconds=60):
        """Whether a line that begins so comes in time; earlier lines count."""
        deadline = time.time() + seconds
        if any(line.startswith(text) for line in self._seen):
            return True
        while time.time() < deadline:
            try:
                line = self._lines.get(timeout=max(0.01, deadline - time.time()))
            except queue.Empty:
                return False
            if line is None:
                self._lines.put(None)
                return False
            self._seen.append(line)
            if line.startswith(text):
                return True
        return False

    def text(self):
        return '\n'.join(line for line in self._seen if not line.startswith('AT'))[-3000:]

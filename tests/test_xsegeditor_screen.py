"""The editor on a real (virtual) X screen, with events of the X server's mouse and keys (spec 51
sections 9, 10 and 14)."""
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import qt_support  # noqa: F401  skips where there is no PyQt5
import window_support
from core.errors import UserError
from core.imagelib import SegIEPolys, SegIEPolyType
from core.qtex import binding
from DFLIMG import DFLJPG
from tree_setup import TREE
from xseg_support import write_labelled_faces

INCLUDE = [(60, 40), (200, 44), (190, 210), (70, 200)]      # pixels of the face
EXCLUDE = [(100, 100), (150, 104), (120, 150)]
AWAY = (4, 4)
POINTS = INCLUDE + EXCLUDE + [AWAY]

# Tells what the window has come to, whenever that changes.
SCRIPT = """
import sys
sys.path[:0] = [{tree!r}]
from pathlib import Path
from XSegEditor import XSegEditor as editor
from core.qtex import QXMainWindow
from core.qtex.binding import QtCore, make_application

POINTS = {points!r}
told = [None]

def tell():
    window = QXMainWindow.inst
    if window is None or window.session.opened is None or window.canvas.width() < 300:
        return
    spots = []
    for pt in POINTS:
        x, y = window.model.view.to_client(pt)
        spot = window.canvas.mapToGlobal(QtCore.QPoint(int(round(x)), int(round(y))))
        spots.append("%d,%d" % (spot.x(), spot.y()))
    polys = ["%s%d" % ("EI"[int(poly.get_type())], poly.get_pts_count())
             for poly in window.model.polys]
    line = "STATE %s %s %s %s" % (window.session.opened.path.name, window.model.op_mode.name,
                                  window.model.poly_type.name, "+".join(polys) or "-")
    if told[0] != (line, spots):
        told[0] = (line, spots)
        print("SPOTS " + " ".join(spots), flush=True)
        print(line, flush=True)

if __name__ == "__main__":
    app = make_application("XSegEditor")
    timer = QtCore.QTimer()
    timer.timeout.connect(tell)
    timer.start(20)
    sys.exit(editor.start(Path({folder!r})))
"""


@pytest.fixture
def folder(tmp_path):
    folder = write_labelled_faces(tmp_path / "aligned", "src", 0, 3)
    for path in folder.glob("*.jpg"):
        face = DFLJPG.load(str(path))
        face.set_seg_ie_polys(None)
        face.save()
    return folder


class Editor:
    """The program in a process, and the hands at its mouse and keys."""

    def __init__(self, screen, folder, place):
        script = place / "editor_run.py"
        script.write_text(SCRIPT.format(tree=str(TREE), points=POINTS, folder=str(folder)))
        environ = dict(os.environ, DISPLAY=screen.name, XDG_CONFIG_HOME=str(place))
        for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
            environ.pop(name, None)
        self.screen = screen
        self.process = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env=environ)
        self.lines = window_support.Lines(self.process)

    def wait_for(self, state, seconds=90):
        assert self.lines.wait_for("STATE " + state, seconds), self.lines.text()

    def find_spot(self, pt):
        spots = [line for line in self.lines._seen if line.startswith("SPOTS ")][-1].split()[1:]
        return [int(value) for value in spots[POINTS.index(pt)].split(",")]

    def click(self, pt):
        self.screen.move(*self.find_spot(pt))
        self.screen.click()

    def draw(self, face, corners, polys):
        """A closed polygon, left with a click beside it. polys: `INCLUDE I` before its points."""
        for number, pt in enumerate(corners, 1):
            self.click(pt)
            self.wait_for("%s DRAW_PTS %s%d" % (face, polys, number))
        self.click(corners[0])
        self.wait_for("%s EDIT_PTS" % face)
        self.click(AWAY)
        self.wait_for("%s NONE %s%d" % (face, polys, len(corners)))


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb (a virtual screen) is not installed")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 only")
def test_two_polygons_on_a_screen_and_a_kill(folder, tmp_path, monkeypatch):
    """What was drawn before the last step to another face is in the file, pixel for pixel; the
    picture being drawn when the editor is killed is what is lost."""
    with monkeypatch.context() as patch:
        patch.setenv("QT_QPA_PLATFORM", "xcb")
        patch.setenv("DISPLAY", ":0")
        try:
            binding.check_screen()
        except UserError as error:
            pytest.skip(str(error))
    before = {path.name: DFLJPG.load(str(path)).get_dict() for path in folder.glob("*.jpg")}
    with window_support.VirtualScreen() as screen:
        editor = Editor(screen, folder, tmp_path)
        try:
            editor.wait_for("00000_0.jpg NONE INCLUDE -")
            editor.draw("00000_0.jpg", INCLUDE, "INCLUDE I")
            screen.press(ord("w"))
            editor.wait_for("00000_0.jpg NONE EXCLUDE I4")
            editor.draw("00000_0.jpg", EXCLUDE, "EXCLUDE I4+E")
            screen.press(ord("d"))
            editor.wait_for("00001_0.jpg NONE INCLUDE -")
            editor.click(INCLUDE[0])
            editor.wait_for("00001_0.jpg DRAW_PTS INCLUDE I1")
            os.kill(editor.process.pid, signal.SIGKILL)
        finally:
            editor.process.kill()
            editor.process.wait()
    after = {path.name: DFLJPG.load(str(path)).get_dict() for path in folder.glob("*.jpg")}
    polys = SegIEPolys.load(after["00000_0.jpg"].pop("seg_ie_polys"))
    assert sorted(after) == sorted(before)
    for name in before:
        assert list(after[name]) == list(before[name])
        for key in before[name]:
            np.testing.assert_array_equal(after[name][key], before[name][key])
    assert [poly.get_type() for poly in polys] == [SegIEPolyType.INCLUDE, SegIEPolyType.EXCLUDE]
    wanted = SegIEPolys()
    for kind, corners, poly in zip((SegIEPolyType.INCLUDE, SegIEPolyType.EXCLUDE),
                                   (INCLUDE, EXCLUDE), polys):
        np.testing.assert_allclose(poly.get_pts(), corners, atol=0.5)
        wanted.add_poly(kind).set_points(np.float32(corners))
    masks = [np.zeros((256, 256, 1), np.float32) for _ in range(2)]
    for mask, drawn in zip(masks, (polys, wanted)):
        drawn.overlay_mask(mask)
    assert (masks[0] != masks[1]).mean() < 0.02     # an edge lies at most a pixel beside
    assert 0.2 < masks[0].mean() < 0.6
    assert not list(Path(str(folder)).glob("*.tmp*"))

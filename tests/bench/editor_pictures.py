"""Pictures of the XSeg editor in each of its modes, drawn with real events and no screen.

    python tests/bench/editor_pictures.py FOLDER [--language ru]

To be looked at: FOLDER/01_start.png and so on.
"""
import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree_setup  # noqa: E402,F401  first: it sets the paths
import cv2  # noqa: E402
import numpy as np  # noqa: E402

import qt_support as qt  # noqa: E402
import xseg_network_support as servers  # noqa: E402
from DFLIMG import DFLJPG  # noqa: E402
from xseg_support import write_labelled_faces  # noqa: E402
from XSegEditor import XSegEditor as editor  # noqa: E402
from XSegEditor.mask_network import COMPUTING, MaskNetwork  # noqa: E402

INCLUDE = [(60, 60), (128, 25), (196, 60), (205, 130), (165, 215), (128, 235), (90, 215), (50, 130)]
EXCLUDE = [(140, 90), (190, 90), (190, 130), (140, 130)]
AWAY = (8, 8)
CONTROL = qt.Qt.KeyboardModifier.ControlModifier


def write_faces(folder):
    """Seven demo faces; the first without polygons and with a trained mask, the third whole."""
    write_labelled_faces(folder, "src", 0, 7)
    for number in (0, 1, 4):
        face = DFLJPG.load(str(folder / ("%05d_0.jpg" % number)))
        mask = np.zeros((256, 256, 1), np.float32)
        cv2.ellipse(mask, (128, 132), (78, 100), 0, 0, 360, (1,), -1)
        face.set_xseg_mask(cv2.GaussianBlur(mask, (9, 9), 0))
        face.set_seg_ie_polys(None)
        face.save()
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--language", default="en", choices=("en", "ru", "zh"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    qt.start_application()
    editor.prepare(arguments.language)
    with tempfile.TemporaryDirectory() as place:
        window = editor.MainWindow(write_faces(Path(place) / "aligned"), Path(place))
        window.resize(1100, 900)    # the screen that is not there is a small one
        window.show()
        window.show_error = lambda error: window.status.show_message(error.what)
        take_pictures(window, arguments.folder)
        window.close()


def take_pictures(window, folder):
    taken = []

    def take(name):
        qt.wait_until(lambda: window.scan.is_finished)
        qt.wait_until(lambda: False, 0.3)
        taken.append(name)
        path = folder / ("%02d_%s.png" % (len(taken), name))
        window.grab().save(str(path))
        print(path)

    def at(pt):
        return window.model.view.to_client(pt)

    def click(pt, keys=qt.NO_KEYS):
        qt.click(window.canvas, at(pt), keys)

    def draw(corners):
        for pt in corners + corners[:1]:
            click(pt)
        qt.click(window.canvas, AWAY)

    take("start")
    for pt in INCLUDE:
        click(pt)
    qt.send_move(window.canvas, at(INCLUDE[0]))
    take("drawing_about_to_close")
    click(INCLUDE[0])
    qt.send_move(window.canvas, at(INCLUDE[2]))
    take("editing_over_a_point")
    qt.send_move(window.canvas, (at(INCLUDE[1]) + at(INCLUDE[2])) / 2, CONTROL)
    take("editing_adding_a_point")
    qt.send_move(window.canvas, at(INCLUDE[2]), CONTROL)
    take("editing_deleting_a_point")
    qt.send_move(window.canvas, AWAY)
    qt.click(window.canvas, AWAY)
    qt.press_key(window, "W")
    draw(EXCLUDE)
    qt.press_key(window, "3")
    qt.send_move(window.canvas, at(EXCLUDE[1]))
    take("idle_over_an_exclude_line_blue")
    qt.press_key(window, "QuoteLeft")
    take("overlay")
    qt.press_key(window, "QuoteLeft")
    qt.press_key(window, "4")
    take("baked_mask")
    qt.press_key(window, "5")
    take("trained_mask")
    qt.press_key(window, "1")
    for _ in range(4):
        qt.turn_wheel(window.canvas, at((165, 110)), 1)
    qt.send_move(window.canvas, AWAY)
    take("zoomed_red")
    qt.press_key(window, "C")
    take("copied_to_the_next_face")
    qt.press_key(window, "M")
    take("with_polygons_of_the_mask")
    ask_the_network(window, take)
    for _ in range(9):
        qt.press_key(window, "D")
    take("end_of_the_list")


def ask_the_network(window, take):
    """Without a network, while one computes, and its polygons on a face with several parts."""
    for _ in range(4):
        qt.press_key(window, "D")
    window.model.polys.polys = []
    qt.press_key(window, "1")
    window.suggester.network = MaskNetwork(None)
    qt.press_key(window, "M")
    take("no_network")
    folder = window.session.faces.folder.parent
    (folder / "XSeg_256.npy").write_bytes(b"")
    window.suggester.network = MaskNetwork(folder, servers.serve_slowly)
    qt.press_key(window, "M")
    qt.wait_until(lambda: window.suggester.network.state == COMPUTING, 60)
    take("computing_a_mask")
    (folder / "go").write_bytes(b"")
    qt.wait_until(lambda: not window.status.work_label.text(), 60)
    take("with_polygons_of_the_computed_mask")
    qt.press_key(window, "M", qt.Qt.KeyboardModifier.ShiftModifier)
    qt.press_key(window, "D")
    qt.wait_until(lambda: not window.status.work_label.text(), 60)
    take("mask_of_a_face_that_was_left")
    window.suggester.network.close()


if __name__ == "__main__":
    main()

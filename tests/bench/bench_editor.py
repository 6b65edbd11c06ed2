"""How fast the XSeg editor shows the first face of a large folder, and knows what is in all of it.

    python tests/bench/bench_editor.py [--faces 5000] [--network]

Prints seconds of the wall since the start of Python, without the making of the faces: modules
imported, first face painted, folder read; then one step to the next face with saving, and one mouse
move over 20 polygons. With --network also seconds until the first and the next mask of a network of
full size (with initial weights, on the CPU), and the longest time that the window did not react
meanwhile.
"""
import time
STARTED = time.time()
import argparse  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree_setup  # noqa: E402,F401  first: it sets the paths
import numpy as np  # noqa: E402

import qt_support as qt  # noqa: E402
from core.imagelib import SegIEPolys, SegIEPolyType  # noqa: E402
from xseg_support import write_labelled_faces  # noqa: E402
from XSegEditor import XSegEditor as editor  # noqa: E402
from XSegEditor.mask_network import IDLE  # noqa: E402

IMPORTED = time.time()
RENDERED = 10
MOVES = 50


def write_faces(folder, count):
    """Few rendered faces under many names; every file has a content of its own on the disk."""
    write_labelled_faces(folder, "src", 0, RENDERED)
    contents = [path.read_bytes() for path in sorted(folder.iterdir())]
    for number in range(RENDERED, count):
        (folder / ("%05d_0.jpg" % number)).write_bytes(contents[number % RENDERED])
    os.sync()
    return folder


def report(what, start):
    print("%-44s %8.3f s" % (what, time.time() - start), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=5000)
    parser.add_argument("--network", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = write_faces(Path(place) / "aligned", arguments.faces)
        if arguments.network:
            write_network(Path(place) / "model")
        measure(folder, Path(place), Path(place) / "model")


def write_network(folder):
    """In a process of its own: the editor's is to stay without TensorFlow."""
    folder.mkdir()
    subprocess.run([sys.executable, "-c", WRITE, str(folder)], check=True)


WRITE = """
import sys
from pathlib import Path
from core.leras import nn
nn.initialize(nn.DeviceConfig.CPU(), data_format="NHWC")
from facelib import XSegNet
XSegNet("XSeg", load_weights=False, weights_file_root=Path(sys.argv[1])).save_weights()
"""


def measure(folder, settings, model):
    start = time.time() - (IMPORTED - STARTED)
    report("modules imported", start)
    qt.start_application()
    editor.prepare("en")
    report("icons, texts, cursors made", start)
    window = editor.MainWindow(folder, settings, model)
    window.show()
    window.canvas.repaint()
    report("first face painted", start)
    qt.wait_until(lambda: window.scan.is_finished, 600)
    report("all files read", start)
    for corner in ((60, 60), (190, 60), (120, 200)):
        qt.click(window.canvas, window.model.view.to_client(corner))
    start = time.time()
    window.go_next()
    window.canvas.repaint()
    report("next face, the one before saved", start)
    measure_moves(window)
    if model.is_dir():
        measure_masks(window)
    window.close()


def measure_masks(window):
    network, longest = window.suggester.network, [0.0, time.time()]

    def look():
        longest[0] = max(longest[0], time.time() - longest[1] - 0.01)   # its own pause
        longest[1] = time.time()
        return network.state == IDLE
    for what in ("first mask, the network loaded", "next mask"):
        start = longest[1] = time.time()
        window.suggester.ask()
        qt.wait_until(look, 600)
        report(what, start)
    print("%-44s %8.0f ms" % ("longest pause of the window meanwhile", longest[0] * 1000))
    assert "tensorflow" not in sys.modules


def measure_moves(window):
    polys, turns = SegIEPolys(), np.linspace(0, 2 * np.pi, 40, endpoint=False)
    for number in range(20):
        pts = (20 + 5 * number) * np.stack([np.cos(turns), np.sin(turns)], 1) + 128
        polys.add_poly(SegIEPolyType.INCLUDE).set_points(pts.astype(np.float32))
    window.model.add_polys(polys)
    for what, act in (("asked", lambda: None), ("asked and painted", window.canvas.repaint)):
        start = time.time()
        for number in range(MOVES):
            qt.send_move(window.canvas, (100 + number, 100))
            act()
        print("%-44s %8.2f ms" % ("one move over 20 polygons, " + what,
                                  (time.time() - start) / MOVES * 1000))
    window.model.undo()


if __name__ == "__main__":
    main()

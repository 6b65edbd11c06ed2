"""Pictures of the windows of training and of an interactive merge in each of their modes, as a
virtual screen shows them.

    python tests/bench/window_pictures.py FOLDER [--toolkit opencv] [--ui-scale 2]

Needs Xvfb (apt-get install xvfb libxtst6). To be looked at: FOLDER/01_merger_help.png and so on.
"""
import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree_setup  # noqa: E402,F401  first: it sets the paths
import cv2  # noqa: E402
import numpy as np  # noqa: E402

import window_support  # noqa: E402

# What imports `core.interact` is imported when there is a screen: the choice of its windows is made
# then.


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--toolkit", choices=("opencv", "qt"))
    parser.add_argument("--ui-scale", type=float)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with window_support.VirtualScreen() as screen:
        os.environ.update(DISPLAY=screen.name, DFL_INTERACT="desktop")
        if arguments.toolkit:
            os.environ["DFL_WINDOW_TOOLKIT"] = arguments.toolkit
        if arguments.ui_scale:
            os.environ["DFL_UI_SCALE"] = str(arguments.ui_scale)
        from core.interact import interact as io
        if not io.is_support_windows():
            sys.exit("There are no windows.")
        camera = Camera(screen, io, arguments.folder)
        take_merger(camera, io)
        take_preview(camera, io, 3)
        take_preview(camera, io, 1)


class Camera:
    """Numbered pictures of the largest window."""

    def __init__(self, screen, io, folder):
        self.screen, self.io, self.folder = screen, io, folder
        self.count = 0

    def settle(self, work=None, turns=12):
        for _ in range(turns):
            if work is not None:
                work()
            self.io.process_messages(0.02)

    def take(self, name, work=None):
        self.settle(work)
        self.count += 1
        path = self.folder / ("%02d_%s.png" % (self.count, name))
        cv2.imwrite(str(path), self.screen.grab_all())
        print(path)

    def turn_wheel(self, x, y, notches, work):
        self.screen.move(x, y)
        self.settle(work, 4)
        for _ in range(abs(notches)):
            self.screen.click(4 if notches > 0 else 5)
            self.settle(work, 4)


def make_frame(number, size=(1920, 1080)):
    """(h,w,4) uint8 of a merged frame, with the mask of its face."""
    import faceset_support
    image = cv2.resize(faceset_support.render_frame("dst", number).image, size)
    mask = np.zeros(size[::-1], np.uint8)
    axes = (size[1] // 5, size[1] // 4)
    cv2.ellipse(mask, (size[0] // 2, size[1] // 2), axes, 0, 0, 360, 255, -1)
    return np.dstack([image, cv2.GaussianBlur(mask, (0, 0), 9)])


def take_merger(camera, io):
    import merge_run_support
    from merger import InteractiveMergerSubprocessor, merge_window
    from merger.merge_state import View
    frame = InteractiveMergerSubprocessor.Frame()
    frame.idx, frame.cfg = 0, merge_run_support.make_config(mode="seamless")
    frame.frame_info = type("Info", (), {"filepath": Path("00001.png")})()
    window = merge_window.MergeWindow([frame] * 250)
    picture, state = make_frame(0), {"waits": True}

    def work():
        window.show(picture, state["waits"], frame)

    camera.take("merger_help", work)
    io.resize_window("Merger", 800, 500)
    camera.take("merger_help_small", work)
    window.apply(View(0.0, False, True))
    camera.take("merger_main_waiting", work)
    state["waits"] = False
    window.apply(View(0.0, True, False))
    camera.take("merger_checkerboard", work)
    window.apply(View(0.0, True, False))
    camera.turn_wheel(690, 300, 5, work)
    camera.take("merger_zoom", work)
    io.resize_window("Merger", 700, 620)
    camera.take("merger_zoom_other_shape", work)
    camera.screen.click(3)
    camera.settle(work)
    window.apply(View(-0.1, False, False))
    camera.take("merger_smaller_by_key", work)
    window.close()


def make_previews(count, side, c):
    """Tables of faces as the models make them: float (h,w,c) 0..1."""
    import faceset_support
    previews = []
    for name in ("SAEHD", "SAEHD masked")[:count]:
        rows = []
        for row in range(4):
            faces = [cv2.resize(faceset_support.render_frame("src" if i % 2 else "dst",
                                                             row).image, (side, side))
                     for i in range(5)]
            rows.append(np.concatenate(faces, 1))
        picture = np.concatenate(rows) / np.float32(255)
        previews.append((name, picture if c == 3 else picture.mean(-1, keepdims=True)))
    return previews


def take_preview(camera, io, c):
    from mainscripts.preview_window import WINDOW_NAME, PreviewWindow, ShownWindow
    view = PreviewWindow()
    window = ShownWindow(view, "Training preview: SAEHD: /workspace/model")
    window.register()
    kind = "preview" if c == 3 else "gray_preview"
    random = np.random.RandomState(1)
    history = [[3 * np.exp(-i / 9000.0) + 0.3 + 0.2 * random.rand(),
                2 * np.exp(-i / 7000.0) + 0.2 + 0.2 * random.rand()] for i in range(30000)]
    view.receive({"op": "show", "previews": make_previews(2, 160, c), "iter": 30000,
                  "loss_history": history})
    camera.take(kind, window.update)
    io.resize_window(WINDOW_NAME, 1400, 900)
    camera.take(kind + "_large", window.update)
    chip = window.canvas.layout.chips[3]
    camera.screen.move(chip.x + chip.width // 2, chip.y + chip.height // 2)
    camera.screen.click()
    camera.take(kind + "_range_clicked", window.update)
    camera.turn_wheel(700, 600, 6, window.update)
    view.press("p")
    camera.take(kind + "_zoomed_waiting", window.update)
    io.resize_window(WINDOW_NAME, 420, 480)
    camera.take(kind + "_small", window.update)
    io.destroy_all_windows()


if __name__ == "__main__":
    main()

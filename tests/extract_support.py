"""Frames whose faces are two-coloured squares, and networks that know them: extraction without
weights."""
import cv2
import numpy as np
from tree_setup import TREE  # noqa: F401

from facelib import LandmarksProcessor
from mainscripts.extract_networks import NetworkPlace, S3FDNetworks

KILLS, RAISES = (0, 255, 0), (0, 255, 255)      # first pixels of frames, for CrashingNetworks
RED, BLUE = (0, 0, 255), (255, 0, 0)
CPU = NetworkPlace("CPU", 0, 0.0, 0)


def draw_frame(seed, faces, width=320, height=240):
    """(h,w,3) uint8: dark noise with upright squares (x, y, side), red above blue."""
    image = np.random.RandomState(seed).randint(0, 60, (height, width, 3)).astype(np.uint8)
    for x, y, side in faces:
        image[y:y + side // 2, x:x + side] = RED
        image[y + side // 2:y + side, x:x + side] = BLUE
    return image


def make_face(rect):
    """Landmarks (68, 2) of the mean face, with a jaw, in a box."""
    left, top, right, bottom = rect
    turn = np.linspace(0, np.pi, 17)
    jaw = np.stack([0.5 - 0.6 * np.cos(turn), 0.3 + 0.8 * np.sin(turn)], -1)
    points = np.concatenate([jaw, LandmarksProcessor.landmarks_2D.astype(np.float64)])
    return points * (right - left, bottom - top) + (left, top)


class SquareNetworks:
    """Sees squares that are upright; their landmarks are a face in the box."""

    def __init__(self, place=CPU, face_type=None):
        self.batches = []

    def detect(self, images):
        self.batches.append(len(images))
        assert all(image.dtype == np.uint8 and image.shape[2] == 3 for image in images)
        return [find_squares(image) for image in images]

    def locate(self, views, is_accurate):
        return [[make_face(rect) for rect in rects] for _, rects in views]


class CrashingNetworks(SquareNetworks):
    """Some frames end the process or raise, known by their first pixel."""

    def detect(self, images):
        import os
        for image in images:
            if tuple(image[0, 0]) == KILLS:
                os._exit(9)
            if tuple(image[0, 0]) == RAISES:
                raise RuntimeError("this frame is not liked")
        return super().detect(images)


class SlowNetworks(SquareNetworks):
    """Takes 0.1 s a picture, so that there is time to be killed."""

    def detect(self, images):
        import time
        time.sleep(0.1 * len(images))
        return super().detect(images)


def find_squares(image):
    red = (image == RED).all(-1).astype(np.uint8)
    blue = (image == BLUE).all(-1).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(red | blue)
    boxes = []
    for x, y, w, h, _ in stats[1:count].tolist():
        if red[y:y + h // 4, x:x + w].all() and blue[y + h - h // 4:y + h, x:x + w].all():
            boxes.append([x, y, x + w, y + h])
    return sorted(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), reverse=True)


def write_frames(folder, count, faces=((100, 60, 96),)):
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for i in range(count):
        path = folder / ("%05d.png" % (i + 1))
        cv2.imwrite(str(path), draw_frame(i, faces))
        paths.append(path)
    return paths


class WeightsFromFolder(S3FDNetworks):
    """S3FD and FAN with the files of the folder in DFL_TEST_WEIGHTS, in a worker process."""

    def __init__(self, place, face_type):
        import os
        import sys
        from pathlib import Path
        for name in ("S3FDExtractor", "FANExtractor"):
            sys.modules["facelib." + name].FOLDER = Path(os.environ["DFL_TEST_WEIGHTS"])
        super().__init__(place, face_type)


def write_test_weights(folder):
    """A detector of bright squares, and landmarks that mean nothing, in half precision."""
    from face_square_support import write_square_weights
    from facelib_network_support import load_table, write_weights
    write_square_weights(folder / "S3FD.npy", np.float16)
    write_weights(folder / "2DFAN.npy", load_table("FAN"), np.float16, gain=0.25)

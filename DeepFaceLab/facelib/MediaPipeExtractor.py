"""Boxes and landmarks of MediaPipe's face mesh, which brings its models with its package.

The package runs in an environment and process of its own (facelib/mediapipe_worker.py).
"""
import subprocess
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from core.errors import UserError

from . import mediapipe_place
from .mediapipe_points import POINTS, convert_478_to_68, join_mirrored
from .mediapipe_worker import COUNT, FIND, MESH, READY, REQUEST

WORKER = Path(__file__).resolve().parent / "mediapipe_worker.py"
MIN_FACE = 40       # pixels, as of the other detector
FOREHEAD = 0.15     # share of its height by which a box grows above the brows
NO_BOX = (0.0, 0.0, 0.0, 0.0)
POINT_BYTES = 2 * 4


class MediaPipeExtractor:
    """Starts the process. UserError where MediaPipe is not installed, or does not start."""

    def __init__(self, python: Optional[Path] = None) -> None:
        """python: interpreter that has MediaPipe; the setting's or the extra's when None."""
        command = [str(python or mediapipe_place.check()), "-E", "-s", str(WORKER)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL)
        text = self._read_text()
        if text != READY:
            self.close()
            raise UserError("MediaPipe does not start: %s" % (
                text.decode("utf-8", "replace").strip().split("\n")[-1] or "its process ended"), [
                    "Delete %s and make it again: python dfl.py extras mediapipe"
                    % mediapipe_place.FOLDER,
                    "%s tells more" % " ".join(command)])

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            stream.close()
        self._process.wait()

    def find(self, image: np.ndarray) -> List[np.ndarray]:
        """68 landmarks (68, 2) float64 of each face of a picture (h,w,3) uint8 BGR."""
        return [convert_478_to_68(mesh) for mesh in self._ask(FIND, image[..., ::-1], NO_BOX)]

    def locate(self, image: np.ndarray, rect: Sequence[float]) -> Optional[np.ndarray]:
        """68 landmarks of the face in a box l, t, r, b; None if there is none. The mean of two
        looks, one of them in the mirror."""
        width = image.shape[1]
        rgb = image[..., ::-1]
        left, top, right, bottom = rect
        meshes = self._ask(MESH, rgb, rect)
        mirrored = self._ask(MESH, rgb[:, ::-1], (width - right, top, width - left, bottom))
        if not meshes:
            return None
        points = convert_478_to_68(meshes[0])
        if not mirrored:
            return points
        return join_mirrored(points, convert_478_to_68(mirrored[0]), width)

    def _ask(self, kind: int, image: np.ndarray, box: Sequence[float]) -> List[np.ndarray]:
        height, width = image.shape[:2]
        try:
            self._process.stdin.write(REQUEST.pack(kind, height, width, *box))
            self._process.stdin.write(np.ascontiguousarray(image).tobytes())
            self._process.stdin.flush()
            count, = COUNT.unpack(self._read(COUNT.size))
            return [np.frombuffer(self._read(POINTS * POINT_BYTES), np.float32).reshape(POINTS, 2)
                    for _ in range(count)]
        except OSError as error:
            raise RuntimeError("The process of MediaPipe has ended (exit code %s)." % (
                self._process.poll(),)) from error

    def _read(self, size: int) -> bytes:
        data = self._process.stdout.read(size)
        if len(data) != size:
            raise OSError("the stream has ended")
        return data

    def _read_text(self) -> bytes:
        header = self._process.stdout.read(COUNT.size)
        if len(header) != COUNT.size:
            return b""
        return self._process.stdout.read(COUNT.unpack(header)[0])


def get_rect(points: np.ndarray) -> List[int]:
    """Box l, t, r, b of 68 landmarks, with some forehead."""
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return [int(x) for x in (left, top - (bottom - top) * FOREHEAD, right, bottom)]


class MediaPipeNetworks:
    """The detectors of mainscripts/extract_networks.py."""

    def __init__(self, place: Any = None, face_type: Any = None,
                 python: Optional[Path] = None) -> None:
        """python: as of MediaPipeExtractor; the main process tells it, a worker process knows no
        `--set`."""
        self._extractor = MediaPipeExtractor(python)

    def detect(self, images: Sequence[np.ndarray]) -> List[List[List[int]]]:
        return [sorted((rect for rect in map(get_rect, self._extractor.find(image))
                        if min(rect[2] - rect[0], rect[3] - rect[1]) >= MIN_FACE),
                       key=lambda rect: (rect[2] - rect[0]) * (rect[3] - rect[1]), reverse=True)
                for image in images]

    def locate(self, views: Sequence[Tuple[np.ndarray, Sequence[Sequence[float]]]],
               is_accurate: bool) -> List[List[Optional[np.ndarray]]]:
        return [[self._extractor.locate(image, rect) for rect in rects]
                for image, rects in views]

    def close(self) -> None:
        self._extractor.close()

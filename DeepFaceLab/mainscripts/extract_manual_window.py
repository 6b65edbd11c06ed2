"""The window of marking by hand: draws the state, hands it mouse and keys (spec 41 section
6.3)."""
from typing import Any, Tuple

import cv2
import numpy as np

from core import imagelib
from core.errors import UserError
from core.interact import interact as io
from core.mathlib import transform_points
from facelib import FaceType, LandmarksProcessor

from .extract_manual import FINE_SIZE, ManualState, list_help
from .extract_stages import find_matrix

WINDOW_NAME = "Manual pass"
HELP_HEIGHT = 100       # pixels
SHAPE = 16 / 9          # of the window, whose width is given
CROP_SIZE = 256         # side that the outline of the crop is computed for; it is drawn in the view
UNLOCKED, LOCKED = (0, 255, 0), (255, 255, 0)
RECT_COLOR = (255, 0, 0)


def check_screen() -> None:
    """UserError where no window can be shown."""
    if not io.is_support_windows():
        raise UserError("Faces are marked by hand in a window, and there is no screen.", [
            "opencv-python has windows, opencv-python-headless does not.",
            "Let a detector find the faces: --detector s3fd or --detector mediapipe"])


class FrameView:
    """A frame as the window shows it.

    image: (h,w,3) uint8; window_size: width of a window of 16:9 in pixels, 0: as it is.
    """

    def __init__(self, image: np.ndarray, window_size: int) -> None:
        height, width = image.shape[:2]
        self.scale = window_size / (height * SHAPE) if window_size else 1.0
        size = (max(1, int(width * self.scale)), max(1, int(height * self.scale)))
        self.picture = image if size == (width, height) else cv2.resize(
            image, size, interpolation=cv2.INTER_LINEAR)
        self._help: Any = (None, None)      # lines, their picture

    def to_frame(self, x: int, y: int) -> Tuple[float, float]:
        """A position in the window in pixels of the frame; outside counts as at the edge."""
        height, width = self.picture.shape[:2]
        return (min(max(x, 0), width - 1) / self.scale, min(max(y, 0), height - 1) / self.scale)

    def draw(self, state: ManualState, face_type: FaceType) -> np.ndarray:
        """(h,w,3) uint8"""
        rect = np.float32(state.rect) * np.float32(self.scale)
        landmarks = None if state.landmarks is None else state.landmarks * self.scale
        picture = self.picture.copy()
        if state.size <= FINE_SIZE:
            matrix = _magnify(rect, picture.shape)
            picture = cv2.warpAffine(picture, matrix, picture.shape[1::-1])
            rect = transform_points(rect.reshape(2, 2), matrix).reshape(4)
            landmarks = None if landmarks is None else transform_points(landmarks, matrix)
        _draw_face(picture, rect, landmarks, face_type, LOCKED if state.is_locked else UNLOCKED)
        if not state.is_help_hidden:
            self._add_help(picture, list_help(state))
        return picture

    def _add_help(self, picture: np.ndarray, lines) -> None:
        height = min(HELP_HEIGHT, picture.shape[0])
        if self._help[0] != lines:
            strip = np.zeros((height,) + picture.shape[1:], np.uint8)
            text = imagelib.get_draw_text_lines(strip, (0, 0, picture.shape[1], height), lines)
            self._help = (lines, (np.clip(text, 0, 1) * 255).astype(np.uint8))
        picture[:height] = cv2.add(picture[:height], self._help[1])


def _magnify(rect: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """(2, 3) matrix that brings a box to the middle, half as large as the picture."""
    height, width = shape[:2]
    left, top, right, bottom = rect
    side = min(height, width) / 2
    x0, y0 = (width - side) / 2, (height - side) / 2
    return cv2.getAffineTransform(
        np.float32([(left, top), (right, top), (right, bottom)]),
        np.float32([(x0, y0), (x0 + side, y0), (x0 + side, y0 + side)]))


def _draw_face(picture: np.ndarray, rect: np.ndarray, landmarks: Any, face_type: FaceType,
               color: Tuple[int, int, int]) -> None:
    if landmarks is not None and face_type != FaceType.MARK_ONLY \
            and find_matrix(landmarks, CROP_SIZE, face_type) is not None:
        LandmarksProcessor.draw_rect_landmarks(picture, rect, landmarks, face_type, CROP_SIZE,
                                               landmarks_color=color)
        return
    # The first answer is not there yet, there is no face, or no crop is cut.
    if landmarks is not None and np.isfinite(landmarks).all():
        LandmarksProcessor.draw_landmarks(picture, landmarks, color=color)
    imagelib.draw_rect(picture, rect, RECT_COLOR, 2)


class ManualWindow:
    """`open`, then `pass_events` and `show` in turn, at last `close`."""

    def open(self) -> None:
        io.named_window(WINDOW_NAME)
        io.capture_mouse(WINDOW_NAME)
        io.capture_keys(WINDOW_NAME)

    def close(self) -> None:
        io.destroy_all_windows()

    def show(self, picture: np.ndarray) -> None:
        io.show_image(WINDOW_NAME, picture)

    def pass_events(self, state: ManualState, view: FrameView) -> None:
        """Everything that the mouse has done, and the newest key. Closing the window is Q: without
        it nobody could end the pass and keep what is marked."""
        if io.is_window_closed(WINDOW_NAME):
            state.press_key("q")
            return
        for x, y, event, flags in io.get_mouse_events(WINDOW_NAME):
            state.move(*view.to_frame(x, y))
            if event == io.EVENT_MOUSEWHEEL:
                state.turn_wheel(flags > 0)
            elif event == io.EVENT_LBUTTONDOWN:
                state.press_left()
            elif event == io.EVENT_RBUTTONDOWN:
                state.press_right()
        keys = io.get_key_events(WINDOW_NAME)
        if keys:
            state.press_key(keys[-1][1])

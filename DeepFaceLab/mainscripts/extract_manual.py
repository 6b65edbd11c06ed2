"""Marking faces by hand as a state machine: events in, frames with faces out (spec 41 section
6.3). No window, no network.

Positions and sizes are in pixels of the frame.
"""
import math
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from facelib import LandmarksProcessor

from .extract_stages import FrameData

FIRST_SIZE = 100        # half the side of the box
MIN_SIZE = 5
FINE_SIZE = 40          # up to here the wheel goes by single pixels, and the view is magnified
JAW_POINTS = 17
NOSE_TIP = 30
ENTER = "\r\n"


def make_forced_landmarks(x: float, y: float, mouse_x: float, mouse_y: float) -> np.ndarray:
    """(68, 2): the mean face with its nose at x, y, turned and scaled by where the mouse is.

    The mean face has no jaw: its 17 points lie all in one place.
    """
    points = np.concatenate([np.zeros((JAW_POINTS, 2)),
                             LandmarksProcessor.landmarks_2D.astype(np.float64)])
    points -= points[NOSE_TIP]
    dx, dy = mouse_x - x, mouse_y - y
    matrix = cv2.getRotationMatrix2D((0, 0), -math.degrees(math.atan2(dy, dx)),
                                     math.hypot(dx, dy))
    return LandmarksProcessor.transform_points(points, matrix) + (x, y)


class ManualState:
    """Where the user is and what is marked.

    frames: all of them; those that have faces already are passed over. Read: `current` (None at
    the end), `rect`, `landmarks`, `is_locked`, `is_forced`, `is_accurate`, `is_help_hidden`,
    `is_finished`, `is_stopped` (before the last frame). `take_redraw` tells whether something to
    see has changed.
    """

    def __init__(self, frames: Sequence[FrameData]) -> None:
        self.frames = list(frames)
        self._given = [bool(frame.rects) for frame in self.frames]
        for frame in self.frames:
            frame.manual = True
        self.x = self.y = self.mouse_x = self.mouse_y = 0.0
        self.size = float(FIRST_SIZE)
        self.is_locked = self.is_forced = self.is_help_hidden = False
        self.is_accurate = True
        self.is_stopped = False
        self.landmarks: Optional[np.ndarray] = None
        self.index = 0
        self._request: Optional[FrameData] = None      # the newest that was sent
        self._is_answered = True
        self._is_accepted = False                      # Enter came before the answer
        self._needs_extraction = False
        self._needs_redraw = True
        self._pass_given(1)
        self._begin_frame()

    # What is shown

    @property
    def current(self) -> Optional[FrameData]:
        return self.frames[self.index] if self.index < len(self.frames) else None

    @property
    def is_finished(self) -> bool:
        return self.current is None or self.is_stopped

    @property
    def rect(self) -> Tuple[int, int, int, int]:
        """l, t, r, b"""
        return (int(self.x - self.size), int(self.y - self.size), int(self.x + self.size),
                int(self.y + self.size))

    def take_redraw(self) -> bool:
        needs, self._needs_redraw = self._needs_redraw, False
        return needs

    # The mouse

    def move(self, x: float, y: float) -> None:
        """The mouse is there."""
        if (x, y) == (self.mouse_x, self.mouse_y):
            return
        self.mouse_x, self.mouse_y = x, y
        if self.is_forced:
            self._force()
        elif not self.is_locked:
            self.x, self.y = x, y
            self._ask()

    def turn_wheel(self, is_up: bool) -> None:
        if self.is_locked or self.is_forced:
            return
        step = 1.0 if self.size <= FINE_SIZE else min(max(self.size / 10, 1.0), 10.0)
        self.size = max(float(MIN_SIZE), self.size + (step if is_up else -step))
        self._ask()

    def press_left(self) -> None:
        if self.is_forced:
            self.is_forced = False
            self.is_locked = True
            self.x, self.y = self.mouse_x, self.mouse_y
        else:
            self.is_locked = not self.is_locked
            if not self.is_locked:
                self.x, self.y = self.mouse_x, self.mouse_y
            self._ask()
        self._needs_redraw = True

    def press_right(self) -> None:
        self.is_forced = not self.is_forced
        if self.is_forced:
            self.is_locked = False
            self._force()
        else:
            self._ask()
        self._needs_redraw = True

    # The keys

    def press_key(self, key: str) -> None:
        """A character; others than those of the help are ignored."""
        if self.current is None:
            return
        if key in ENTER:
            self._accept()
        elif key == " ":
            self._go(1)
        elif key == ".":
            self._store_locked()
            self._go(1)
        elif key == ",":
            if self._find(-1) is not None:
                self._store_locked()
                self._go(-1)
        elif key == "q":
            self._store_locked()
            self.is_stopped = self._find(1) is not None or not self.current.rects
            self.index = len(self.frames)
        elif key == "h":
            self.is_help_hidden = not self.is_help_hidden
            self._needs_redraw = True
        elif key == "a":
            self.is_accurate = not self.is_accurate
            if self.is_forced:
                self._needs_redraw = True       # the help tells; the network is not asked
            else:
                self._ask()

    def drop_current(self) -> None:
        """The current frame cannot be shown: go on, and never come back to it."""
        self._given[self.index] = True
        self._go(1)

    # The network

    def take_request(self) -> Optional[FrameData]:
        """What the landmarks are wanted of, None if nothing has changed."""
        frame = self.current
        if frame is None or self.is_forced or not self._needs_extraction:
            return None
        self._needs_extraction = False
        self._is_answered = False
        self._request = FrameData(frame.filepath, [self.rect],
                                  landmarks_accurate=self.is_accurate, manual=True)
        return self._request

    def receive(self, request: FrameData, landmarks: Optional[np.ndarray]) -> None:
        """The answer, None if there is no face; older ones than the newest are dropped."""
        if request is not self._request or self.is_forced:
            return
        self._is_answered = True
        self.landmarks = landmarks
        self._needs_redraw = True
        if self._is_accepted and not self._needs_extraction:
            self._accept()

    # Steps

    def _ask(self) -> None:
        self._needs_extraction = self._needs_redraw = True

    def _force(self) -> None:
        self.size = math.hypot(self.mouse_x - self.x, self.mouse_y - self.y)
        self.landmarks = make_forced_landmarks(self.x, self.y, self.mouse_x, self.mouse_y)
        self._request = None    # an answer that is still under way must not replace them
        self._needs_extraction = False
        self._is_answered = True
        self._needs_redraw = True

    def _accept(self) -> None:
        """Keep the face as soon as its landmarks are there."""
        if self._needs_extraction or not self._is_answered:
            self._is_accepted = True
            return
        self._is_accepted = False
        if self.landmarks is None:
            self._needs_redraw = True
            return
        self._store()
        self._go(1)

    def _store_locked(self) -> None:
        if self.is_locked and self.landmarks is not None:
            self._store()

    def _store(self) -> None:
        self.current.rects.append(list(self.rect))
        self.current.landmarks.append(self.landmarks)

    def _find(self, step: int) -> Optional[int]:
        """The next frame in a direction that is marked by hand, None if there is none."""
        index = self.index + step
        while 0 <= index < len(self.frames):
            if not self._given[index]:
                return index
            index += step
        return None

    def _pass_given(self, step: int) -> None:
        while self.current is not None and self._given[self.index]:
            self.index += step

    def _go(self, step: int) -> None:
        index = self._find(step)
        self.index = len(self.frames) if index is None else index
        self._begin_frame()

    def _begin_frame(self) -> None:
        """A frame that was marked before shows its face, locked, until it is confirmed again."""
        self._request, self._is_answered, self._is_accepted = None, True, False
        self.is_forced, self.is_locked, self.landmarks = False, False, None
        self._needs_redraw = True
        frame = self.current
        if frame is not None and frame.rects:
            left, top, right, bottom = frame.rects.pop()
            self.landmarks = frame.landmarks.pop()
            self.x, self.y = (left + right) / 2.0, (top + bottom) / 2.0
            self.size = (right - left) / 2.0
            self.is_locked = True
            self._needs_extraction = False
        else:
            self._needs_extraction = frame is not None


def list_help(state: ManualState) -> List[str]:
    """Six lines for the window."""
    return [
        "[Mouse] place, [Wheel] size, [Left button] lock and unlock the face",
        "[Right button] landmarks without the network: nose first, then turn and size",
        "[Enter] keep the face and go on, [Space] go on without a face",
        "[,] back, [.] on: a locked face is kept. [Q] finish",
        "[A] accurate mode is %s (off is faster)" % ("on" if state.is_accurate else "off"),
        "[H] show or hide this help",
    ]

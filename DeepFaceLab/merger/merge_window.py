"""The window of an interactive merge: frame, and help with the keys (spec 50 section 11)."""
from typing import Any, List, Optional, Tuple

import numpy as np

from core.interact import interact as io

from .merge_state import BOARD_KEY, KEY_ESC, SETTING_KEYS, STEP_TEXTS, VIEW_TEXTS, View
from .MergerConfig import MergerConfig
from .MergerScreen import HelpScreen, ScreenManager, SizedScreen, limit_to_screen
from .MergerScreen.drawing import Section

WINDOW_NAME = 'Merger'
MAIN_WIDTH = 1368       # pixels; larger frames begin scaled to it
HELP_HEIGHT = 768
MOUSE_TEXTS = (('wheel', 'zoom'), ('drag', 'move'), ('right button', 'whole picture'))
SYSTEM_MOUSE_TEXTS = (('wheel', 'zoom the window'),)    # where it is not the program's
FOOTER_KEYS = (('Tab', 'all keys'), (', .', 'previous, next frame'),
               ('/', 'next with these settings'), ('>', 'run through'),
               ('Esc', 'save and quit'))
PAIRS = 'qa ws ed rf tg yh uj ik ol p;'.split()     # keys that raise and lower one setting


def list_mouse_texts() -> Tuple[Tuple[str, str], ...]:
    return MOUSE_TEXTS if io.has_wheel() else SYSTEM_MOUSE_TEXTS


def list_help(config_type: int) -> List[List[Section]]:
    """Two columns of the help picture, made of the key tables."""
    steps = [('Frames', STEP_TEXTS), ('Window', VIEW_TEXTS + list_mouse_texts())]
    if config_type != MergerConfig.TYPE_MASKED:
        return [steps, []]
    modes = [(key, SETTING_KEYS[key].text) for key in '`123456']
    ranges = [(' / '.join(pair), SETTING_KEYS[pair[0]].text.rsplit(' ', 1)[0] + ' up / down')
              for pair in PAIRS]
    toggles = [(key, SETTING_KEYS[key].text) for key in 'zxcn']
    return [[('Mode', modes), ('Next value', toggles)] + steps[1:],
            [('By 1; with Shift by 5', ranges)] + steps[:1]]


def describe_frame(frame: Any, position: int, count: int) -> Tuple[str, ...]:
    """What is known of the current frame, in words: where it is, its settings."""
    words = ['%s (%d of %d)' % (frame.frame_info.filepath.name, position, count)]
    if frame.cfg is not None:
        # between the name of the frame and the closing line
        for line in frame.cfg.to_string('').splitlines()[1:-1]:
            for ending in ('_modifier', '_power'):
                line = line.replace(ending, '')
            words.append(line.replace('_', ' ').replace(' :', ':'))
    return tuple(words)


class MergeWindow:
    """Shows what `MergeState` says, and hands keys to it. Begins with the help."""

    def __init__(self, frames: List[Any]) -> None:
        self._count = len(frames)
        config_type = next(frame.cfg.type for frame in frames if frame.cfg is not None)
        ui_scale = io.get_ui_scale()
        self._main = SizedScreen(initial_scale_to_width=int(MAIN_WIDTH * ui_scale),
                                 waiting_icon=True)
        self._help = HelpScreen(list_help(config_type), initial_scale_to_height=HELP_HEIGHT)
        self._keys = tuple('%s: %s' % pair for pair in FOOTER_KEYS + list_mouse_texts() + (
            (BOARD_KEY, 'checkerboard'),))
        self._described: Tuple[Any, Any] = (None, None)
        self._is_closed = False
        height, width = self._help.image.shape[:2]
        self._manager = ScreenManager(
            WINDOW_NAME, [self._main, self._help], capture_keys=True, capture_mouse=True,
            resizable_size=limit_to_screen(width * ui_scale, height * ui_scale))
        self._manager.set_current(self._help)
        self._manager.show_current()

    def get_picture(self) -> Optional[np.ndarray]:
        return self._main.get_image()

    def is_main_shown(self) -> bool:
        return self._manager.get_current() is self._main

    def show(self, picture: Optional[np.ndarray], is_waiting: bool,
             frame: Optional[Any] = None) -> None:
        """frame: the current one, whose settings stand below the picture."""
        # before a new picture opens it again
        self._is_closed = self._is_closed or io.is_window_closed(WINDOW_NAME)
        self._main.set_waiting_icon(is_waiting)
        self._main.set_image(picture)
        self._describe(frame)
        events = self._manager.get_mouse_events()
        if self.is_main_shown() and io.has_wheel():
            self._main.take_mouse(events)
        self._manager.show_current()

    def _describe(self, frame: Optional[Any]) -> None:
        if frame is None:
            self._main.set_text(('All frames are merged.',), self._keys)
            self._described = (None, None)
        elif self._described[0] is not frame or self._described[1] is not frame.cfg:
            self._described = (frame, frame.cfg)    # settings change as a whole
            self._main.set_text(describe_frame(frame, frame.idx + 1, self._count), self._keys)

    def take_key(self) -> Optional[Tuple]:
        """The last key that was pressed, or None; those before it are dropped. Closing the window
        is Esc: without it nobody could end the merge."""
        events = self._manager.get_key_events()
        if self._is_closed or io.is_window_closed(WINDOW_NAME):
            return (KEY_ESC, chr(KEY_ESC), False, False, False)
        return events[-1] if events else None

    def apply(self, view: View) -> None:
        if view.scale:
            self._main.diff_scale(view.scale)
        if view.toggles_board:
            self._main.toggle_show_checker_board()
        if view.switches_screens:
            self._manager.switch_screens()

    def close(self) -> None:
        self._manager.finalize()

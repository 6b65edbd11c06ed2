"""What an interactive or automatic merge does next: frames, keys, navigation (spec 50 section 9).

No windows, no processes, no files: `InteractiveMergerSubprocessor` connects this to them.
"""
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from .MergerConfig import MergerConfig, mode_dict

KEY_TAB, KEY_ESC = 9, 27

# What a key does to the settings: (method of the config, argument, argument with Shift or None
# where Shift makes no difference, what the help says).
SettingKey = NamedTuple('SettingKey', [('method', str), ('plain', Any), ('shifted', Any),
                                       ('text', str)])


def _list_setting_keys() -> Dict[str, SettingKey]:
    keys = {key: SettingKey('set_mode', number, number, 'mode ' + mode_dict[number])
            for number, key in enumerate('`123456')}
    for up, down, name in (
            ('q', 'a', 'hist_match_threshold'), ('w', 's', 'erode_mask_modifier'),
            ('e', 'd', 'blur_mask_modifier'), ('r', 'f', 'motion_blur_power'),
            ('t', 'g', 'super_resolution_power'), ('y', 'h', 'blursharpen_amount'),
            ('u', 'j', 'output_face_scale'), ('i', 'k', 'image_denoise_power'),
            ('o', 'l', 'bicubic_degrade_power'), ('p', ';', 'color_degrade_power')):
        keys[up] = SettingKey('add_' + name, 1, 5, name + ' up')
        keys[down] = SettingKey('add_' + name, -1, -5, name + ' down')
    # of a US layout: Shift and ; give another character, unlike Shift and a letter
    keys[';'] = SettingKey('add_color_degrade_power', -1, -1, 'color_degrade_power down')
    keys[':'] = SettingKey('add_color_degrade_power', -5, -5, 'color_degrade_power down by 5')
    for key, name in (('z', 'masked_hist_match'), ('x', 'mask_mode'), ('c', 'color_transfer_mode'),
                      ('n', 'sharpen_mode')):
        keys[key] = SettingKey('toggle_' + name, None, None, 'next ' + name)
    return keys


SETTING_KEYS = _list_setting_keys()

# Steps in the sequence: what happens to the settings of the frames that are entered.
KEEP, OVERRIDE, OVERRIDE_REST = 'keep', 'override', 'override rest'

# key -> (plain, with Shift), each (direction, all the way, settings)
Step = NamedTuple('Step', [('is_forward', bool), ('to_end', bool), ('settings', str)])
STEP_KEYS = {
    ',': (Step(False, False, KEEP), Step(False, True, KEEP)),
    'm': (Step(False, False, OVERRIDE), Step(False, True, OVERRIDE)),
    '.': (Step(True, False, KEEP), Step(True, True, KEEP)),
    '/': (Step(True, False, OVERRIDE), Step(True, False, OVERRIDE_REST)),
}
STEP_TEXTS = (
    (', / <', 'previous frame / first frame'),
    ('m / Shift+m', 'previous frame with these settings / back to the first, all with them'),
    ('. / >', 'next frame / run through the remaining frames'),
    ('/ / ?', 'next frame with these settings / all following frames with them'),
)
VIEW_TEXTS = (('- / =', 'size of the window'), ('v', 'checkerboard behind the face'),
              ('Tab', 'this help / the frame'), ('Esc', 'save the session and quit'))
SCALE_KEYS = {'-': -0.1, '=': 0.1}
BOARD_KEY = 'v'

# What the owner of the windows has to do: change the scale, show the board, switch the screens.
View = NamedTuple('View', [('scale', float), ('toggles_board', bool), ('switches_screens', bool)])
NO_VIEW = View(0.0, False, False)


class MergeState:
    """Frames in their order, where the user is, and what is to be computed.

    Arguments:
        frames: records with the attributes of `InteractiveMergerSubprocessor.Frame`.
        prefetch_frame_count: so many frames from the current one on are computed ahead.
        log_info: takes the lines that tell what changed.

    Attributes: frames_idxs, frames still to pass, the current one first; frames_done_idxs, passed
    ones, the last one last; process_remain_frames, whether it runs through by itself;
    is_quitting; progress, how many frames were passed since it was last taken.
    """

    def __init__(self, frames: List[Any], is_interactive: bool, prefetch_frame_count: int,
                 log_info: Callable[[str], None]) -> None:
        self.frames = frames
        self.is_interactive = is_interactive
        self.prefetch_frame_count = prefetch_frame_count
        self.log_info = log_info
        self.frames_idxs = list(range(len(frames)))
        self.frames_done_idxs: List[int] = []
        self.process_remain_frames = not is_interactive
        self.is_quitting = False
        self.progress = 0

    def rewind(self, idx: int) -> None:
        """Passed frames behind number `idx` are to be passed again."""
        while self.frames_done_idxs and self.frames_done_idxs[-1] > idx:
            self.frames_idxs.insert(0, self.frames_done_idxs.pop())

    def take_progress(self) -> int:
        progress, self.progress = self.progress, 0
        return progress

    def get_current(self) -> Optional[Any]:
        return self.frames[self.frames_idxs[0]] if self.frames_idxs else None

    def find_job(self) -> Optional[Any]:
        """A frame that can be computed now, the nearest first; None if there is none."""
        if self.is_interactive and self.is_quitting:
            return None
        for idx in self.frames_idxs[:self.prefetch_frame_count]:
            frame = self.frames[idx]
            if not frame.is_done and not frame.is_processing and frame.cfg is not None:
                return frame
        return None

    def is_finished(self) -> bool:
        """Whether the loop may end once nothing is being computed."""
        return self.is_quitting if self.is_interactive else not self.process_remain_frames

    # One turn of the loop

    def view(self, shown: Optional[np.ndarray],
             load: Callable[[Any], Optional[np.ndarray]]) -> Tuple[Optional[np.ndarray], bool]:
        """(picture of the main screen, whether it waits). shown: the picture it has; load: reads
        the files of a frame, None if they are not whole."""
        if self.process_remain_frames:
            return None, True
        current = self.get_current()
        if current is None or self.is_quitting:
            return shown, self.is_quitting
        if current.is_done and not current.is_shown:
            picture = load(current) if current.image is None else current.image
            if picture is None:
                current.is_done = False
            else:
                self.log_info(current.cfg.to_string(current.frame_info.filepath.name))
                current.is_shown = True
                shown = picture
        return shown, not current.is_done

    def tick(self, key_event: Optional[Tuple] = None, is_main_screen: bool = True) -> View:
        """One turn: a key of the user, if any, then a step in the sequence.

        key_event: (code, character, ctrl, alt, shift) as `io.get_key_events` gives them.
        """
        view, step = NO_VIEW, None
        if self.process_remain_frames:
            step = Step(True, True, KEEP)
        if key_event is not None and self.is_interactive:
            code, char, _, _, shift = key_event
            if code == KEY_TAB:
                view = View(0.0, False, True)
            elif code == KEY_ESC:
                self.is_quitting = True
            elif is_main_screen:
                view, step = self._press(char, shift, step)
        if step is not None:
            (self._go_forward if step.is_forward else self._go_back)(step)
        return view

    def _press(self, char: str, shift: bool, step: Optional[Step]) -> Tuple[View, Optional[Step]]:
        if char in STEP_KEYS:
            step = STEP_KEYS[char][1 if shift else 0]
            self.process_remain_frames = step.is_forward and step.to_end
            return NO_VIEW, step
        if char in SCALE_KEYS:
            return View(SCALE_KEYS[char], False, False), step
        if char == BOARD_KEY:
            return View(0.0, True, False), step
        current = self.get_current()
        if char in SETTING_KEYS and (current is None or current.cfg is None
                                     or current.cfg.type == MergerConfig.TYPE_MASKED):
            self.process_remain_frames = False
            if current is not None and current.cfg is not None:
                self._change(current, SETTING_KEYS[char], shift)
            return NO_VIEW, None
        return NO_VIEW, step

    def _change(self, frame: Any, key: SettingKey, shift: bool) -> None:
        """A setting of the current frame; a worker may hold the old one, so it gets a copy."""
        changed = frame.cfg.copy()
        argument = key.shifted if shift else key.plain
        getattr(changed, key.method)(*([] if argument is None else [argument]))
        if changed == frame.cfg:
            return
        frame.cfg = changed
        frame.is_done = frame.is_shown = False
        self.log_info(changed.to_string(frame.frame_info.filepath.name))

    def _go_back(self, step: Step) -> None:
        current = self.get_current()
        if current is not None and not current.is_done:
            return
        if current is not None:
            current.image = None
        while self.frames_done_idxs:
            previous = self.frames[self.frames_done_idxs.pop()]
            self.frames_idxs.insert(0, previous.idx)
            previous.is_shown = False
            self.progress -= 1
            if step.settings == OVERRIDE and current is not None and previous.cfg != current.cfg:
                previous.cfg = current.cfg.copy()
                previous.is_done = False
            current = previous
            if not step.to_end:
                return

    def _go_forward(self, step: Step) -> None:
        current = self.get_current()
        if current is not None and current.is_done:
            current.image = None
            current.is_shown = True
            self.frames_done_idxs.append(self.frames_idxs.pop(0))
            self.progress += 1
            following = self.get_current()
            if following is not None:
                following.is_shown = False
                if step.settings == OVERRIDE:
                    following.cfg = None
                elif step.settings == OVERRIDE_REST:
                    for frame in self.frames[following.idx:]:
                        frame.cfg = None
            self.spread_settings(current)
        if not self.frames_idxs:
            self.process_remain_frames = False

    def spread_settings(self, previous: Any) -> None:
        """Frames that are computed ahead and have no settings get those of the one before."""
        for idx in self.frames_idxs[:self.prefetch_frame_count]:
            frame = self.frames[idx]
            if frame.cfg is None:
                frame.cfg = previous.cfg.copy()
                frame.is_done = frame.is_shown = False
            previous = frame

"""Settings of one merged frame and the tables of modes (spec 50 section 4).

Instances are stored as plain instance dicts in pickled merger sessions: attribute names, their
order and the class paths `merger.MergerConfig.*` are interface. Numbers are kept as plain `int`: a
NumPy integer divided by a float would turn float32 images into float64 under NumPy 2.
"""
import copy
from typing import Any, Dict

from core.interact import interact as io
from facelib import FaceType

from . import merge_questions as questions
from .merge_questions import ask, ask_color_transfer, ask_mask_mode
from .merge_tables import (all_mask_modes, ctm_dict, ctm_str_dict, mask_mode_dict, mode_dict,
                           mode_str_dict, sharpen_dict)

__all__ = ['MergerConfig', 'MergerConfigFaceAvatar', 'MergerConfigMasked', 'ctm_dict',
           'ctm_str_dict', 'mask_mode_dict', 'mode_dict', 'mode_str_dict']

HIST_MATCH_MODES = ('hist-match', 'seamless-hist-match')


def clamp(value: float, low: int, high: int) -> int:
    """Return `value` as a plain int within [low, high]."""
    return int(min(max(value, low), high))


class MergerConfig:
    """Base settings: sharpening (spec 50 section 4.2). Unknown keywords are ignored, sessions pass
    some."""

    TYPE_NONE = 0
    TYPE_MASKED = 1
    TYPE_FACE_AVATAR = 2
    TYPE_IMAGE = 3
    TYPE_IMAGE_WITH_LANDMARKS = 4

    def __init__(self, type: int = 0, sharpen_mode: int = 0, blursharpen_amount: int = 0,
                 **kwargs: Any) -> None:
        self.type = type
        self.sharpen_dict = dict(sharpen_dict)
        self.sharpen_mode = sharpen_mode
        self.blursharpen_amount = blursharpen_amount

    def copy(self) -> 'MergerConfig':
        return copy.copy(self)

    def ask_settings(self) -> None:
        """Ask for the sharpening (prompts 10 and 11 of spec 50 section 4.4)."""
        self.sharpen_mode = ask(questions.SHARPEN_MODE)
        if self.sharpen_mode != 0:
            self.blursharpen_amount = ask(questions.BLURSHARPEN)

    def toggle_sharpen_mode(self) -> None:
        names = list(self.sharpen_dict)
        self.sharpen_mode = names[(names.index(self.sharpen_mode) + 1) % len(names)]

    def add_blursharpen_amount(self, diff: int) -> None:
        self.blursharpen_amount = clamp(self.blursharpen_amount + diff, -100, 100)

    def get_config(self) -> Dict[str, Any]:
        """Return the instance dict without `type`."""
        config = dict(self.__dict__)
        config.pop('type')
        return config

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, MergerConfig) and self.sharpen_mode == other.sharpen_mode
                and self.blursharpen_amount == other.blursharpen_amount)

    __hash__ = None  # equality follows changeable fields

    def to_string(self, filename: str) -> str:
        return '\n'.join(['sharpen_mode : %s' % self.sharpen_dict[self.sharpen_mode],
                          'blursharpen_amount : %s' % self.blursharpen_amount])


class MergerConfigMasked(MergerConfig):
    """Settings of the masked merge, the only one shipped models use (spec 50 section 4.3).

    Arguments (interactive range): face_type HALF..HEAD or CUSTOM, else ValueError; default_mode
    and mode names of `mode_dict`; masked_hist_match bool; hist_match_threshold 0..255; mask_mode
    0..10 (by key 0..9); erode_mask_modifier -400..400; blur_mask_modifier 0..400;
    motion_blur_power 0..100; output_face_scale -50..50; super_resolution_power 0..100;
    color_transfer_mode 0..8;
    image_denoise_power 0..500; bicubic_degrade_power 0..100; color_degrade_power 0..100; kwargs:
    sharpen_mode 0..2, blursharpen_amount -100..100. MVE's keywords (`FORK_FIELDS`) become
    attributes when they are given; sessions without them stay those of the reference (spec 82).
    """

    FORK_FIELDS = ('is_morphable', 'morph_power', 'two_pass_mode', 'pre_sharpen_power',
                   'pre_sharpen_mode', 'debug_mode')
    COMPARED_FIELDS = ('mode', 'masked_hist_match', 'hist_match_threshold', 'mask_mode',
                       'erode_mask_modifier', 'blur_mask_modifier', 'motion_blur_power',
                       'output_face_scale', 'color_transfer_mode', 'super_resolution_power',
                       'image_denoise_power', 'bicubic_degrade_power', 'color_degrade_power')

    def __init__(self, face_type: int = FaceType.FULL, default_mode: str = 'overlay',
                 mode: str = 'overlay', masked_hist_match: bool = True,
                 hist_match_threshold: int = 238, mask_mode: int = 4, erode_mask_modifier: int = 0,
                 blur_mask_modifier: int = 0, motion_blur_power: int = 0,
                 output_face_scale: int = 0, super_resolution_power: int = 0,
                 color_transfer_mode: int = 1, image_denoise_power: int = 0,
                 bicubic_degrade_power: int = 0, color_degrade_power: int = 0,
                 **kwargs: Any) -> None:
        super().__init__(type=MergerConfig.TYPE_MASKED, **kwargs)
        allowed = [
            FaceType.HALF, FaceType.MID_FULL, FaceType.FULL, FaceType.WHOLE_FACE, FaceType.HEAD
        ]
        if hasattr(FaceType, 'CUSTOM'):
            allowed.append(FaceType.CUSTOM)
        if face_type not in allowed:
            raise ValueError('A merger cannot work with the face type %r.' % (face_type,))
        self.face_type = face_type
        self.default_mode = default_mode
        self.mode = mode if mode in mode_str_dict else mode_dict[1]
        self.masked_hist_match = masked_hist_match
        self.hist_match_threshold = hist_match_threshold
        self.mask_mode = mask_mode
        self.erode_mask_modifier = erode_mask_modifier
        self.blur_mask_modifier = blur_mask_modifier
        self.motion_blur_power = motion_blur_power
        self.output_face_scale = output_face_scale
        self.super_resolution_power = super_resolution_power
        self.color_transfer_mode = color_transfer_mode
        self.image_denoise_power = image_denoise_power
        self.bicubic_degrade_power = bicubic_degrade_power
        self.color_degrade_power = color_degrade_power
        for name in self.FORK_FIELDS:
            if name in kwargs:
                setattr(self, name, kwargs[name])

    def _is_raw(self) -> bool:
        return 'raw' in self.mode

    def _add(self, field: str, diff: int, low: int, high: int) -> None:
        setattr(self, field, clamp(getattr(self, field) + diff, low, high))

    def set_mode(self, mode: int) -> None:
        self.mode = mode_dict.get(mode, self.default_mode)

    def toggle_masked_hist_match(self) -> None:
        if self.mode == 'hist-match':
            self.masked_hist_match = not self.masked_hist_match

    def add_hist_match_threshold(self, diff: int) -> None:
        if self.mode in HIST_MATCH_MODES:
            self._add('hist_match_threshold', diff, 0, 255)

    def toggle_mask_mode(self) -> None:
        following = self.mask_mode + 1
        self.mask_mode = following if following in mask_mode_dict else 0

    def add_erode_mask_modifier(self, diff: int) -> None:
        self._add('erode_mask_modifier', diff, -400, 400)

    def add_blur_mask_modifier(self, diff: int) -> None:
        self._add('blur_mask_modifier', diff, 0, 400)

    def add_motion_blur_power(self, diff: int) -> None:
        self._add('motion_blur_power', diff, 0, 100)

    def add_output_face_scale(self, diff: int) -> None:
        self._add('output_face_scale', diff, -50, 50)

    def toggle_color_transfer_mode(self) -> None:
        self.color_transfer_mode = (self.color_transfer_mode + 1) % len(ctm_dict)

    def add_super_resolution_power(self, diff: int) -> None:
        self._add('super_resolution_power', diff, 0, 100)

    def add_color_degrade_power(self, diff: int) -> None:
        self._add('color_degrade_power', diff, 0, 100)

    def add_image_denoise_power(self, diff: int) -> None:
        self._add('image_denoise_power', diff, 0, 500)

    def add_bicubic_degrade_power(self, diff: int) -> None:
        self._add('bicubic_degrade_power', diff, 0, 100)

    def ask_settings(self) -> None:
        """Ask everything, in the order that scripted answers depend on (spec 50 section 4.4).

        The defaults of threshold, mask mode and colour transfer differ from the constructor's
        (KEEP).
        """
        self.set_mode(ask(questions.MODE, mode_str_dict.get(self.default_mode, 1)))
        if self.mode == 'hist-match':
            self.masked_hist_match = ask(questions.MASKED_HIST_MATCH)
        if self.mode in HIST_MATCH_MODES:
            self.hist_match_threshold = ask(questions.HIST_MATCH_THRESHOLD)

        self.mask_mode = ask_mask_mode()
        if not self._is_raw():
            self.erode_mask_modifier = ask(questions.ERODE_MASK)
            self.blur_mask_modifier = ask(questions.BLUR_MASK)
            self.motion_blur_power = ask(questions.MOTION_BLUR)
        if getattr(self, 'is_morphable', False):
            self.morph_power = ask(questions.MORPH_POWER)
        self.output_face_scale = ask(questions.FACE_SCALE)
        if not self._is_raw():
            self.color_transfer_mode = ask_color_transfer()

        super().ask_settings()
        self.super_resolution_power = ask(questions.SUPER_RESOLUTION)
        if not self._is_raw():
            self.image_denoise_power = ask(questions.IMAGE_DENOISE)
            self.bicubic_degrade_power = ask(questions.BICUBIC_DEGRADE)
            self.color_degrade_power = ask(questions.COLOR_DEGRADE)
        io.log_info('')

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, MergerConfigMasked) and super().__eq__(other) and all(
            getattr(self, name) == getattr(other, name) for name in self.COMPARED_FIELDS) and all(
                getattr(self, name, None) == getattr(other, name, None)
                for name in self.FORK_FIELDS))

    __hash__ = None

    def to_string(self, filename: str) -> str:
        """The settings as text lines, closed by a line of `=` (spec 50 section 4.5)."""
        raw = self._is_raw()
        lines = ['MergerConfig %s:' % filename, 'Mode: %s' % self.mode]
        if self.mode == 'hist-match':
            lines.append('masked_hist_match: %s' % self.masked_hist_match)
        if self.mode in HIST_MATCH_MODES:
            lines.append('hist_match_threshold: %s' % self.hist_match_threshold)
        lines.append('mask_mode: %s' % all_mask_modes[self.mask_mode])
        if not raw:
            lines += ['%s: %s' % (name, getattr(self, name)) for name in (
                'erode_mask_modifier', 'blur_mask_modifier', 'motion_blur_power')]
        lines.append('output_face_scale: %s' % self.output_face_scale)
        if not raw:
            lines += ['color_transfer_mode: %s' % ctm_dict[self.color_transfer_mode],
                      super().to_string(filename)]
        lines.append('super_resolution_power: %s' % self.super_resolution_power)
        if not raw:
            lines += ['%s: %s' % (name, getattr(self, name)) for name in (
                'image_denoise_power', 'bicubic_degrade_power', 'color_degrade_power')]
        return '\n'.join(lines + ['=' * 16])


class MergerConfigFaceAvatar(MergerConfig):
    """Settings of the face-avatar merge; no shipped model uses it (spec 50 section 4.6)."""

    def __init__(self, temporal_face_count: int = 0, add_source_image: bool = False,
                 **kwargs: Any) -> None:
        super().__init__(type=MergerConfig.TYPE_FACE_AVATAR, **kwargs)
        self.temporal_face_count = temporal_face_count
        self.add_source_image = add_source_image

    def ask_settings(self) -> None:
        self.add_source_image = ask(questions.SOURCE_IMAGE)
        super().ask_settings()

    def toggle_add_source_image(self) -> None:
        self.add_source_image = not self.add_source_image

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, MergerConfigFaceAvatar) and super().__eq__(other)
                and self.add_source_image == other.add_source_image)

    __hash__ = None

    def to_string(self, filename: str) -> str:
        return '\n'.join([
            'MergerConfig %s:' % filename,
            'add_source_image : %s' % self.add_source_image,
            super().to_string(filename), '=' * 16
        ])

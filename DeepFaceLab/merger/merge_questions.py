"""What a merge asks, as options: prompt, `--set`, answers file and environment (spec 50 section
4.4). Order and conditions are in MergerConfig.ask_settings and mainscripts/Merger.py."""
from typing import Any, Dict, Optional

from core.interact import interact as io
from core.options import Option, find_given
from core.process_options import get_setting

from .merge_options import MVE_MASK_MODES
from .merge_tables import (all_mask_modes, ctm_str_dict, mode_dict, sharpen_dict,
                           translate_mask_mode)


class TableOption(Option):
    """A number with a name; either is accepted from outside. The prompt lists them."""

    def __init__(self, key: str, default: Any, prompt: str, table: Dict[int, str],
                 help: str = '', condition: str = '') -> None:
        super(TableOption, self).__init__(key, 'int', default, prompt, help, condition=condition)
        self.table = table

    def range_text(self) -> str:
        return ', '.join('%d %s' % item for item in self.table.items())

    def parse(self, value: Any) -> int:
        word = str(value).strip().lower()
        for number, name in self.table.items():
            if word in (name.lower(), str(number)):
                return number
        raise ValueError('expected one of ' + self.range_text())


NOT_RAW = 'not in raw-rgb and raw-predict'
HIST_MATCH = 'hist-match and seamless-hist-match'


def _amount(key: str, prompt: str, low: int, high: int, default: int = 0, help: str = '',
            condition: str = '') -> Option:
    return Option(key, 'int', default, prompt, help, limits=(low, high), condition=condition)


INTERACTIVE = Option(
    'merge_interactive', 'bool', True, 'Merge interactively?',
    help='In a window every frame is seen and its settings are changed with keys. Automatic: '
         'the settings are asked once and hold for all frames; an interrupted run goes on.')
MODE = TableOption('merge_mode', 1, 'Mode', mode_dict)
MASKED_HIST_MATCH = Option('masked_hist_match', 'bool', True,
                           'Match the histogram inside the mask only?', condition='hist-match')
HIST_MATCH_THRESHOLD = _amount('hist_match_threshold', 'Threshold of the histogram match', 0, 255,
                               255, condition=HIST_MATCH)
MASK_MODE = TableOption('mask_mode', 1, 'Mask mode', all_mask_modes)
# The same question to answers that were written for MVE.
MASK_MODE_OF_MVE = TableOption('mask_mode', 1, 'Mask mode', {
    number: all_mask_modes[translate_mask_mode(number)] for number in all_mask_modes})
ERODE_MASK = _amount('erode_mask_modifier', 'Erode the mask by', -400, 400, condition=NOT_RAW)
BLUR_MASK = _amount('blur_mask_modifier', 'Blur the mask by', 0, 400, condition=NOT_RAW)
MOTION_BLUR = _amount('motion_blur_power', 'Power of the motion blur', 0, 100, condition=NOT_RAW)
MORPH_POWER = _amount(
    'morph_power', 'How far to morph', 0, 100, 100, condition='AMP models of MVE',
    help='100 draws src, 0 draws dst, values between them a face between both.')
FACE_SCALE = _amount('output_face_scale', 'Scale of the output face', -50, 50)
COLOR_TRANSFER = Option(
    'color_transfer_mode', 'str', None, 'Colour transfer to the predicted face',
    choices=['none'] + [name for name in ctm_str_dict if name is not None], condition=NOT_RAW)
SHARPEN_MODE = TableOption(
    'sharpen_mode', 0, 'Sharpen mode', sharpen_dict,
    help='How the merged face is sharpened; box and gaussian differ in the kernel.')
BLURSHARPEN = _amount('blursharpen_amount', 'Amount of blur (negative) or sharpening', -100, 100,
                      condition='with a sharpen mode')
SUPER_RESOLUTION = _amount(
    'super_resolution_power', 'Power of the super resolution', 0, 100,
    help='How much of the enhanced face is mixed into the prediction.')
IMAGE_DENOISE = _amount('image_denoise_power', 'Denoise the background by', 0, 500,
                        condition=NOT_RAW)
BICUBIC_DEGRADE = _amount('bicubic_degrade_power', 'Degrade the background by bicubic rescaling',
                          0, 100, condition=NOT_RAW)
COLOR_DEGRADE = _amount('color_degrade_power', 'Degrade the colours of the result by', 0, 100,
                        condition=NOT_RAW)
SOURCE_IMAGE = Option('add_source_image', 'bool', False, 'Show the source image beside the result?',
                      condition='face avatars')
WORKERS = Option(
    'merge_workers', 'int', None, 'Worker processes', limits=(1, None),
    env=('default_merge_cpu_count', ),
    help='Processes that merge frames at the same time; one for each core of the CPU unless told. '
         'Each takes a few hundred MB of memory; fewer, if that is short.')
USE_SESSION = Option('merge_use_session', 'bool', True, 'Go on with the saved session?',
                     condition='interactive, and there is one')
DELETE_OUTPUTS = Option(
    'merge_delete_outputs', 'bool', True, 'Delete them?', condition='interactive, no session',
    help='Pictures in the output folders, when an interactive merge begins anew. No: they stay '
         'until a frame of the same name is merged.')
BATCH = Option(
    'merge_batch', 'int', None, 'Faces predicted together', limits=(1, 64),
    help='For models that can predict several faces at once; 4 on the CPU and 8 on a GPU unless '
         'told. Never asked.')

QUESTIONS = (INTERACTIVE, MODE, MASKED_HIST_MATCH, HIST_MATCH_THRESHOLD, MASK_MODE, ERODE_MASK,
             BLUR_MASK, MOTION_BLUR, MORPH_POWER, FACE_SCALE, COLOR_TRANSFER, SHARPEN_MODE,
             BLURSHARPEN, SUPER_RESOLUTION, IMAGE_DENOISE, BICUBIC_DEGRADE, COLOR_DEGRADE,
             WORKERS, USE_SESSION, DELETE_OUTPUTS, BATCH)


def ask(option: Option, default: Any = None) -> Any:
    """The value of an option from outside, or the answer.

    As scripted answers of .bat files expect: what is no number, or not in the table, is the
    default; what is out of range is clipped. UserError for a value from outside that does not fit.
    """
    given = find_given(option)
    if given is not None:
        io.log_info('%s : %s' % (option.prompt, given))
        return given
    default = option.default if default is None else default
    if option.kind == 'bool':
        return io.input_bool(option.prompt, default, help_message=option.help)
    if isinstance(option, TableOption):
        for item in option.table.items():
            io.log_info('(%d) %s' % item)
        return int(io.input_int('', default, valid_list=list(option.table),
                                help_message=option.help))
    low, high = option.limits
    value = io.input_int(option.prompt, default, add_info=option.range_text(),
                         help_message=option.help)
    return int(max(low, value) if high is None else min(max(low, value), high))


def ask_mask_mode() -> int:
    """Number of the mask mode, as `mask_mode_dict` counts."""
    if get_setting(MVE_MASK_MODES):
        return translate_mask_mode(ask(MASK_MODE_OF_MVE))
    return ask(MASK_MODE)


def ask_color_transfer() -> int:
    """Number of the colour transfer; an empty answer is none."""
    given = find_given(COLOR_TRANSFER)
    if given is None:
        name: Optional[str] = io.input_str(
            COLOR_TRANSFER.prompt, None, valid_list=list(COLOR_TRANSFER.choices[1:]))
    else:
        io.log_info('%s : %s' % (COLOR_TRANSFER.prompt, given))
        name = None if given == 'none' else given
    return ctm_str_dict[name]

"""merger/merge_questions.py and ask_settings: order, defaults and conditions of spec 50 section
4.4; every question answered from outside."""
import pytest

from core import options
from core.errors import UserError
from core.interact import interact as io
from merger import MergerConfigFaceAvatar, MergerConfigMasked
from merger.merge_questions import QUESTIONS, TableOption

# (kind, default) of every question for a mode, in order
HEAD, TAIL = [('int', 1)], [('int', 0), ('int', 0)]
NOT_RAW = [('int', 0)] * 3
EXPECTED = {
    'overlay': HEAD + [('int', 1)] + NOT_RAW + [('int', 0), ('str', None)] + TAIL
    + [('int', 0)] * 3,
    'hist-match': HEAD + [('bool', True), ('int', 255), ('int', 1)] + NOT_RAW
    + [('int', 0), ('str', None)] + TAIL + [('int', 0)] * 3,
    'seamless-hist-match': HEAD + [('int', 255), ('int', 1)] + NOT_RAW
    + [('int', 0), ('str', None)] + TAIL + [('int', 0)] * 3,
    'raw-rgb': HEAD + [('int', 1), ('int', 0)] + TAIL,
    'original': HEAD + [('int', 1)] + NOT_RAW + [('int', 0), ('str', None)] + TAIL
    + [('int', 0)] * 3,
}


def record(kind, ask, asked):
    def recording(text, default=None, *args, **kwargs):
        asked.append((kind, default))
        return ask(text, default, *args, **kwargs)
    return recording


@pytest.fixture
def console(monkeypatch):
    """Answers lines as scripted stdin; `asked` lists what was asked."""
    monkeypatch.setattr(options, '_sources', options.OptionSources(environ={}))
    lines, asked = [], []
    monkeypatch.setattr(io, 'input', lambda prompt: lines.pop(0) if lines else '')
    for kind in ('int', 'bool', 'str'):
        monkeypatch.setattr(io, 'input_' + kind, record(kind, getattr(io, 'input_' + kind), asked))
    io.lines, io.asked = lines, asked
    yield io
    del io.lines, io.asked


@pytest.mark.parametrize('mode', sorted(EXPECTED))
def test_order_and_defaults(console, mode):
    from merger.MergerConfig import mode_str_dict
    console.lines.append(str(mode_str_dict[mode]))
    cfg = MergerConfigMasked()
    cfg.ask_settings()
    assert cfg.mode == mode and console.asked == EXPECTED[mode]
    assert (cfg.mask_mode, cfg.erode_mask_modifier) == (1, 0)
    assert cfg.color_transfer_mode == (1 if 'raw' in mode else 0)


def test_scripted_answers(console):
    """Out of range is clipped, unknown is the default, a transfer is asked until it is one."""
    console.lines += ['2', 'n', '300', '77', '-900', '20', 'x', '3', 'none at all', 'SOT-M', '2',
                      '-150', '5', '600', '1', '2']
    cfg = MergerConfigMasked()
    cfg.ask_settings()
    assert (cfg.mode, cfg.masked_hist_match, cfg.hist_match_threshold) == ('hist-match', False, 255)
    assert (cfg.mask_mode, cfg.erode_mask_modifier, cfg.blur_mask_modifier) == (1, -400, 20)
    assert (cfg.motion_blur_power, cfg.output_face_scale, cfg.color_transfer_mode) == (0, 3, 7)
    assert (cfg.sharpen_mode, cfg.blursharpen_amount, cfg.super_resolution_power) == (2, -100, 5)
    assert (cfg.image_denoise_power, cfg.bicubic_degrade_power, cfg.color_degrade_power) == (
        500, 1, 2)
    for value in vars(cfg).values():
        assert type(value).__module__ != 'numpy'


def test_everything_from_outside(console, monkeypatch):
    given = dict(merge_mode='hist-match', masked_hist_match='n', hist_match_threshold='100',
                 mask_mode='learned-prd*learned-dst', erode_mask_modifier='5',
                 blur_mask_modifier='6', motion_blur_power='7', output_face_scale='-8',
                 color_transfer_mode='mix-m', sharpen_mode='box', blursharpen_amount='9',
                 super_resolution_power='0', image_denoise_power='1', bicubic_degrade_power='2',
                 color_degrade_power='3')
    monkeypatch.setattr(options, '_sources', options.OptionSources(flags=given, environ={}))
    cfg = MergerConfigMasked()
    cfg.ask_settings()
    assert console.asked == [] and options.current_sources().unused_keys() == []
    assert cfg == MergerConfigMasked(
        mode='hist-match', masked_hist_match=False, hist_match_threshold=100, mask_mode=4,
        erode_mask_modifier=5, blur_mask_modifier=6, motion_blur_power=7, output_face_scale=-8,
        color_transfer_mode=8, sharpen_mode=1, blursharpen_amount=9, image_denoise_power=1,
        bicubic_degrade_power=2, color_degrade_power=3)


@pytest.mark.parametrize('key, value', [('merge_mode', 'beautiful'), ('mask_mode', '77'),
                                        ('color_transfer_mode', 'rgb'), ('sharpen_mode', 'x')])
def test_wrong_values_from_outside_are_refused(console, monkeypatch, key, value):
    monkeypatch.setattr(options, '_sources', options.OptionSources(flags={key: value}, environ={}))
    with pytest.raises(UserError, match=key):
        MergerConfigMasked().ask_settings()


@pytest.mark.parametrize('is_mve, answer, mode', [
    (False, '9', 9), (False, '10', 10), (False, '11', 1), (True, '9', 10), (True, '10', 9),
    (True, '8', 8), (True, 'XSeg-prd+XSeg-dst', 10)])
def test_mask_modes_as_mve_counts_them(console, monkeypatch, is_mve, answer, mode):
    given = dict(merge_mve_mask_modes='1') if is_mve else {}
    if not answer.isdigit():
        given['mask_mode'] = answer
    monkeypatch.setattr(options, '_sources', options.OptionSources(flags=given, environ={}))
    console.lines += ['1'] + [answer] * answer.isdigit()
    cfg = MergerConfigMasked()
    cfg.ask_settings()
    assert cfg.mask_mode == mode


def test_models_of_mve_that_morph_are_asked_how_far(console):
    """Nothing else could tell them (spec 50 section 13.2)."""
    console.lines += ['1', '4', '', '', '', '130']
    cfg = MergerConfigMasked(is_morphable=True)
    cfg.ask_settings()
    assert cfg.morph_power == 100 and cfg.get_config()['morph_power'] == 100
    assert console.asked == (EXPECTED['overlay'][:5] + [('int', 100)] + EXPECTED['overlay'][5:])
    console.lines += ['5', '4', '35']
    cfg.ask_settings()
    assert (cfg.mode, cfg.morph_power) == ('raw-rgb', 35)


def test_no_question_is_declared_twice():
    keys = [option.key for option in QUESTIONS]
    assert len(keys) == len(set(keys))
    assert [option.parse('4') for option in QUESTIONS if option.key == 'mask_mode'] == [4]
    assert all(option.range_text() for option in QUESTIONS if isinstance(option, TableOption))


def test_avatar_questions(console):
    console.lines += ['y', '1', '7']
    cfg = MergerConfigFaceAvatar()
    cfg.ask_settings()
    assert (cfg.add_source_image, cfg.sharpen_mode, cfg.blursharpen_amount) == (True, 1, 7)

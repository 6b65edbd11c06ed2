"""SAEHD's start as a user sees it: questions of the real console in order, with kinds and defaults,
what each of the six sources of an option gives, and the summary text to the byte."""
import numpy as np
import pytest
import saehd_support as support
from core import options as core_options
from core import persist
from core.errors import UserError
from core.interact import interact as io
from models import ModelBase, patch_layer
from models.common_options import (COMMON_OPTIONS, LEAN_UPDATES, PREVIEW_PERIOD,
                                   SAVE_INTERVAL_MIN, get_trainer_option)
from models.Model_SAEHD import options as saehd

KEYS = {x.prompt: x.key for x in COMMON_OPTIONS + list(saehd.OPTIONS) + [LEAN_UPDATES]}

COMMON = [('int', 'autobackup_hour', 0), ('bool', 'write_preview_history', False),
          ('int', 'target_iter', 0), ('bool', 'random_src_flip', False),
          ('bool', 'random_dst_flip', True), ('int', 'batch_size', 4)]
STRUCTURE = [('int', 'resolution', 128), ('str', 'face_type', 'f'), ('str', 'archi', 'liae-ud'),
             ('int', 'ae_dims', 256), ('int', 'e_dims', 64), ('int', 'd_dims', 64),
             ('int', 'd_mask_dims', 22)]
TRAINING = [('bool', 'eyes_mouth_prio', False), ('bool', 'uniform_yaw', False),
            ('bool', 'blur_out_mask', False), ('bool', 'models_opt_on_gpu', True),
            ('bool', 'adabelief', True), ('str', 'lr_dropout', 'n'), ('bool', 'random_warp', True),
            ('number', 'random_hsv_power', 0.0), ('number', 'gan_power', 0.0)]
TRUE_FACE = [('number', 'true_face_power', 0.0)]
LAST = [('number', 'face_style_power', 0.0), ('number', 'bg_style_power', 0.0),
        ('str', 'ct_mode', 'none'), ('bool', 'clipgrad', False), ('bool', 'pretrain', False)]
# behind all of DFL's own, where the patch layer has it
OFFER = [('bool', 'lean_updates', False)] if patch_layer.has_patch('lean_updates') else []


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start(lines, ...) -> (model, [(kind, key, default), ...]): a SAEHD up to its settings.

    lines: what the user types, by key, or a list of such where a question comes again; the real
    console reads them. saved and defaults: options in data.dat and in the default-options file.
    """
    support.start_engine()
    module = support.get_model_module()

    class Started(module.Model):
        def on_initialize(self):
            self._take_options()    # no graph: what is asked and shown is decided by now
            self.set_training_data_generators([])
    Started.__module__ = module.Model.__module__

    def run(lines=None, override=False, saved=None, defaults=None, flags=None, answers=None,
            environ=None, answers_path=None, **arguments):
        typed = {key: list(value) if isinstance(value, list) else [value]
                 for key, value in (lines or {}).items()}
        asked = run.asked = []

        def record(kind, method):
            def ask(label, default_value=None, *args, **kwargs):
                asked.append((kind, KEYS[label], default_value))
                return method(label, default_value, *args, **kwargs)
            return ask
        for kind in ('int', 'number', 'bool', 'str'):
            method = getattr(type(io), 'input_' + kind).__get__(io)
            monkeypatch.setattr(io, 'input_' + kind, record(kind, method))

        def read_line(prompt):
            pending = typed.get(asked[-1][1])
            return pending.pop(0) if pending else ''
        monkeypatch.setattr(io, 'input', read_line)
        monkeypatch.setattr(io, 'input_in_time', lambda *args: override)
        monkeypatch.setattr(io, 'input_skip_pending', lambda: None)
        monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(
            flags, answers, environ or {}, answers_path))
        for path in tmp_path.glob('*.dat'):
            path.unlink()
        if saved is not None:
            support.write_model_folder(tmp_path, saved, iteration=7)
        if defaults is not None:
            (tmp_path / 'SAEHD_default_options.dat').write_bytes(persist.dumps(defaults))
        arguments = dict(support.list_arguments(tmp_path), is_training=True, **arguments)
        return Started(**arguments), asked
    return run


def test_first_run_of_df_on_full_faces(start):
    model, asked = start(dict(archi='df'))
    assert asked == COMMON + STRUCTURE + TRAINING + TRUE_FACE + LAST + OFFER
    assert model.options['archi'] == 'df' and model.options['batch_size'] == 4


def test_first_run_of_liae_on_whole_faces_with_gan_and_pretraining(start):
    model, asked = start(dict(face_type='wf', archi=['liae-', 'LIAE-ud'], gan_power='0.1',
                              pretrain='y', write_preview_history='1', resolution='192'))
    archi = [('str', 'archi', 'liae-ud')]
    assert asked == (
        COMMON[:2] + [('bool', 'choose_preview_history', False)] + COMMON[2:] + STRUCTURE[:2]
        + archi + archi + STRUCTURE[3:] + [('bool', 'masked_training', True)] + TRAINING
        + [('int', 'gan_patch_size', 24), ('int', 'gan_dims', 16)] + LAST + OFFER)
    assert model.pretrain and model.gan_power == 0.0 and model.options['gan_power'] == 0.1
    assert 'choose_preview_history' not in model.options


SAVED = support.make_options(face_type='f', archi='liae-ud', batch_size=6, target_iter=500,
                             lr_dropout='cpu', ct_mode='lct', random_hsv_power=0.05)


def with_defaults(questions, values):
    return [(kind, key, values[key]) for kind, key, _ in questions]


def test_override_asks_all_but_the_structure_with_the_saved_defaults(start):
    model, asked = start(dict(gan_power='0.2', gan_dims='32'), override=True, saved=SAVED)
    assert asked == with_defaults(
        COMMON + TRAINING + [('int', 'gan_patch_size', 0), ('int', 'gan_dims', 0)] + LAST, SAVED)
    assert model.get_iter() == 7 and model.gan_model_changed
    assert model.options == dict(SAVED, gan_power=0.2, gan_dims=32)


def test_resumed_run_asks_nothing_and_keeps_everything(start):
    model, asked = start(saved=dict(SAVED, of_a_newer_version='kept'))
    assert asked == [] and model.options == dict(SAVED, of_a_newer_version='kept')
    assert model.target_iter == 500 and not model.gan_model_changed


def test_numpy_scalars_of_older_files_are_asked_and_saved_as_plain_numbers(start):
    saved = dict(SAVED, resolution=np.int64(64), ae_dims=np.int32(32), batch_size=np.int64(6),
                 clipgrad=np.bool_(True), random_hsv_power=np.float64(0.05))
    model, asked = start(override=True, saved=saved)
    assert model.options == SAVED
    assert {type(x) for x in model.options.values()} <= {bool, int, float, str}
    assert ('bool', 'clipgrad', True) in asked


# ---------------------------------------------------------------- six sources

SOURCES = ('flags', 'answers', 'environ', 'saved', 'defaults')
PAIRS = list(zip(SOURCES[:-1], SOURCES[1:]))


def give(source, key, value):
    """Keyword arguments of `start` for a value that comes from one source."""
    if source == 'environ':
        return {source: {'DFL_' + key.upper(): str(value)}}
    if source == 'flags':
        return {source: {key: str(value)}}
    if source == 'saved':
        return {source: dict(SAVED, **{key: value})}
    return {source: {key: value}}


VALUES = [('clipgrad', True, False), ('clipgrad', False, True), ('random_dst_flip', True, False),
          ('random_dst_flip', False, True), ('target_iter', 5, 9), ('target_iter', 0, 9),
          ('gan_power', 0.25, 0.5), ('gan_power', 0.0, 0.5), ('ct_mode', 'none', 'rct'),
          ('lr_dropout', 'y', 'n')]


@pytest.mark.parametrize('stronger, weaker', PAIRS)
@pytest.mark.parametrize('key, value, other', VALUES)
def test_the_stronger_source_wins(stronger, weaker, key, value, other, start):
    model, asked = start(**dict(give(weaker, key, other), **give(stronger, key, value)))
    assert model.options[key] == value and type(model.options[key]) is type(value)
    assert key not in [x for _, x, _ in asked]


@pytest.mark.parametrize('key, value, other', VALUES)
def test_default_options_beat_the_built_in_value_and_are_the_default_of_the_question(
        key, value, other, start):
    for given in (value, np.asarray(value)[()] if not isinstance(value, str) else value):
        model, asked = start(defaults={key: given})
        assert model.options[key] == value and type(model.options[key]) is type(value)
        assert [default for _, x, default in asked if x == key] == [value]


def test_what_is_typed_beats_the_saved_value(start):
    model, _ = start(dict(clipgrad='n', target_iter='0'), override=True, saved=SAVED)
    assert model.options['clipgrad'] is False and model.target_iter == 0


def test_aliases_and_the_modern_name(start):
    start(environ={'user_dfl_save_interval_min': '10', 'preview_period': '400'})
    assert get_trainer_option(SAVE_INTERVAL_MIN) == 10
    assert get_trainer_option(PREVIEW_PERIOD) == 400
    start(environ={'user_dfl_save_interval_min': '10', 'DFL_SAVE_INTERVAL_MIN': '20'})
    assert get_trainer_option(SAVE_INTERVAL_MIN) == 20


# ---------------------------------------------------------------- mistakes from outside

def test_a_misspelt_key_stops_the_start(start):
    with pytest.raises(UserError) as caught:
        start(answers={'bacth_size': 8, 'pretrain': False}, answers_path='my/answers.json')
    assert 'my/answers.json' in caught.value.what and 'bacth_size' in caught.value.what
    assert 'SAEHD' in caught.value.what
    assert 'did you mean batch_size?' in caught.value.remedies
    assert start.asked == []    # before the user has answered everything else
    with pytest.raises(UserError, match='--set: SAEHD has no option .morph_factor'):
        start(flags={'morph_factor': '1'}, saved=SAVED)


def test_keys_that_are_looked_at_later_or_that_liae_does_not_have_are_no_mistakes(start, capsys):
    model, _ = start(flags={'preview_period': '100', 'worker_timeout': '5', 'true_face_power': '1',
                            'gan_dims': '32', 'masked_training': 'n', 'random_flip': 'y'})
    assert model.options['true_face_power'] == 0.0 and model.options['gan_dims'] == 32
    assert model.options['masked_training'] is False and 'random_flip' not in model.options
    output = capsys.readouterr().out
    assert 'works with df only' in output and 'random_flip is given, but' in output


def test_a_wrong_type_names_key_file_and_what_is_accepted(start):
    for key, value, accepted in (
            ('batch_size', 'many', 'whole number'), ('clipgrad', 7, 'y / n'),
            ('gan_power', True, '0.0..5.0'), ('ct_mode', ['rct'], 'none / rct'),
            ('archi', 'dfl', 'df or liae')):
        with pytest.raises(UserError) as caught:
            start(answers={key: value}, answers_path='answers.json')
        assert 'answers.json: ' + key in caught.value.what
        assert accepted in str(caught.value)


def test_a_value_out_of_range_is_clamped_and_told_once(start, capsys):
    model, _ = start(flags={'gan_power': '9', 'archi': 'df'}, answers={'resolution': 90},
                     answers_path='a.json', environ={'DFL_BATCH_SIZE': '-3'})
    assert model.options['gan_power'] == 5.0 and model.options['resolution'] == 80
    assert model.options['batch_size'] == 0
    output = capsys.readouterr().out
    for line in ('--set gan_power = 9.0 becomes 5.0 (0.0..5.0).',
                 '--answers a.json: resolution = 90 becomes 80 (64..640).',
                 'environment: DFL_BATCH_SIZE = -3 becomes 0 (0..).'):
        assert output.count(line) == 1, line


def test_given_values_are_told_in_a_resumed_run(start, capsys):
    model, asked = start(saved=SAVED, flags={'batch_size': '3', 'clipgrad': 'n'})
    assert asked == [] and model.batch_size == 3 and model.options['clipgrad'] is False
    output = capsys.readouterr().out
    assert 'Batch_size : 3' in output and 'Enable gradient clipping : False' in output


def test_batch_size_stays_in_the_range_that_a_model_asked_with(start, monkeypatch):
    ask = ModelBase.ask_batch_size
    monkeypatch.setattr(ModelBase, 'ask_batch_size', lambda self, suggested: ask(
        self, suggested, (2, 16)))
    model, _ = start(flags={'batch_size': '100'})
    assert model.options['batch_size'] == model.batch_size == 16
    model, _ = start(dict(batch_size='1'))
    assert model.batch_size == 2


def test_smaller_networks_spare_memory_in_a_new_model_only(start):
    """Also where the iterations begin at 0 again because pretraining ends."""
    def is_for_new(**arguments):
        model, _ = start(**arguments)
        return {text: new for text, _, new in model.list_memory_levers()}['d_dims 48'], model
    saved = dict(SAVED, d_dims=64)
    assert is_for_new(defaults=dict(d_dims=64))[0] is False
    assert is_for_new(saved=saved)[0] is True
    is_for_new, model = is_for_new(saved=dict(saved, pretrain=True), flags={'pretrain': 'n'})
    assert is_for_new is True and model.pretrain_just_disabled and model.get_iter() == 0


# ---------------------------------------------------------------- summary

SUMMARY_OF_PRETRAINING = """\
========== Model Summary ===========
==                                ==
==            Model name: p_SAEHD ==
==                                ==
==     Current iteration: 0       ==
==                                ==
==-------- Model Options ---------==
==                                ==
==            resolution: 128     ==
==             face_type: f       ==
==     models_opt_on_gpu: True    ==
==                 archi: df      ==
==               ae_dims: 256     ==
==                e_dims: 64      ==
==                d_dims: 64      ==
==           d_mask_dims: 22      ==
==       masked_training: True    ==
==       eyes_mouth_prio: False   ==
==           uniform_yaw: True    ==
==         blur_out_mask: False   ==
==             adabelief: True    ==
==            lr_dropout: n       ==
==           random_warp: False   ==
==      random_hsv_power: 0.0     ==
==       true_face_power: 0.01    ==
==      face_style_power: 0.0     ==
==        bg_style_power: 0.0     ==
==               ct_mode: none    ==
==              clipgrad: False   ==
==              pretrain: True    ==
==       autobackup_hour: 0       ==
== write_preview_history: False   ==
==           target_iter: 0       ==
==       random_src_flip: False   ==
==       random_dst_flip: True    ==
==            batch_size: 4       ==
==             gan_power: 0.0     ==
==        gan_patch_size: 16      ==
==              gan_dims: 16      ==
==                                ==
==---------- Running On ----------==
==                                ==
==          Using device: CPU     ==
==                                ==
===================================="""


def test_summary_text_of_a_pretraining_first_run(start, capsys):
    """What pretraining overrides is shown instead of the options, in their places."""
    model, _ = start(dict(archi='df', pretrain='y', lr_dropout='y', gan_power='0.1',
                          true_face_power='0.01'))
    assert model.get_summary_text() == SUMMARY_OF_PRETRAINING
    assert model.options['gan_power'] == 0.1 and model.options['lr_dropout'] == 'y'
    assert SUMMARY_OF_PRETRAINING in capsys.readouterr().out

"""models/Model_AMP/options.py: order of keys and questions, limits, what is fixed (spec 22 A1)."""
from types import SimpleNamespace

import amp_support
import pytest
import saehd_support as support

from core import options as core_options
from core import persist
from core.errors import UserError
from core.interact import interact as io
from models import DryRunFinished
from models.Model_AMP import options

KEYS = ['resolution', 'face_type', 'models_opt_on_gpu', 'ae_dims', 'inter_dims', 'e_dims',
        'd_dims', 'd_mask_dims', 'morph_factor', 'uniform_yaw', 'blur_out_mask', 'lr_dropout',
        'random_warp', 'ct_mode', 'clipgrad', 'autobackup_hour', 'write_preview_history',
        'target_iter', 'random_src_flip', 'random_dst_flip', 'batch_size', 'gan_power',
        'gan_patch_size', 'gan_dims']
DEFAULTS = dict(
    resolution=224, face_type='wf', models_opt_on_gpu=True, ae_dims=256, inter_dims=1024,
    e_dims=64, d_dims=64, d_mask_dims=22, morph_factor=0.5, uniform_yaw=False,
    blur_out_mask=False, lr_dropout='n', random_warp=True, ct_mode='none', clipgrad=False,
    batch_size=8, gan_power=0.0, gan_patch_size=28, gan_dims=16)
# the default of every question, in order; common ones first, the patch lean_updates last
FIRST_RUN = [0, False, 0, False, True, 8, 224, 'wf', 256, 1024, 64, 64, 22, 0.5, False, False, 'n',
             True, True, 0.0, 'none', False, False]
OVERRIDE = FIRST_RUN[:6] + [False, False, 'n', True, True, 0.0, 'none', False]


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Function: a model that has asked its questions, and their defaults; given: from outside."""
    support.start_engine()

    def run(iteration=0, saved=None, override=False, **given):
        asked = support.quiet_prompts(monkeypatch)
        monkeypatch.setattr(io, 'input_in_time', lambda *args, **kwargs: override)
        monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(
            flags=given, environ={}))
        if saved is not None:
            support.write_model_folder(tmp_path, saved, iteration, class_name='AMP')
        kept = []
        with pytest.raises(DryRunFinished):
            amp_support.get_model_module().Model(
                is_training=True, dry_run=kept.append, **support.list_arguments(tmp_path))
        return kept[0], [default for _, default in asked]
    run.folder = tmp_path
    return run


def test_first_run(ask):
    model, asked = ask()
    assert list(model.options) == KEYS
    assert {key: model.options[key] for key in DEFAULTS} == DEFAULTS
    assert asked == FIRST_RUN


def test_a_saved_model_is_asked_only_on_demand(ask):
    saved = ask()[0].options
    assert ask(5, saved)[1] == []
    assert ask(5, saved, override=True)[1] == OVERRIDE


def test_values_are_rounded_and_kept_in_their_limits(ask):
    model, _ = ask(resolution='500', ae_dims='2000', inter_dims='9999', e_dims='65', d_dims='15',
                   d_mask_dims='33', morph_factor='0.9', gan_power='9', gan_patch_size='1',
                   gan_dims='600')
    for key, value in dict(resolution=480, ae_dims=1024, inter_dims=2048, e_dims=66, d_dims=16,
                           d_mask_dims=34, morph_factor=0.5, gan_power=5.0, gan_dims=512).items():
        assert model.options[key] == value, key
    assert model.options['gan_patch_size'] >= 3
    assert ask(resolution='63')[0].options['resolution'] == 64


def test_gan_sizes_are_asked_where_there_is_a_gan(ask):
    _, asked = ask(gan_power='0.1')
    assert asked == FIRST_RUN[:19] + [28, 16] + FIRST_RUN[20:]


def test_the_defaults_file_is_read_but_for_the_morph_factor(ask):
    (ask.folder / 'AMP_default_options.dat').write_bytes(persist.dumps(dict(
        amp_support.make_options(), morph_factor=0.2, d_dims=48, d_mask_dims=18)))
    model, _ = ask()
    assert model.options['morph_factor'] == 0.5
    assert (model.options['d_dims'], model.options['d_mask_dims']) == (48, 18)
    assert model.options['inter_dims'] == 48


def test_what_makes_the_networks_stays(ask):
    saved = ask()[0].options
    for key, value in (('inter_dims', '512'), ('morph_factor', '0.3'), ('resolution', '256')):
        with pytest.raises(UserError, match=key):
            ask(5, saved, **{key: value})
    assert ask(5, saved, resolution='230')[0].options['resolution'] == 224     # rounds to the same
    model, _ = ask(5, saved, random_warp='n', gan_dims='32')
    assert model.options['random_warp'] is False and model.gan_model_changed


def test_learning_rate_dropout_is_the_same_with_y_and_cpu():
    """The original does not pass cpu on (spec 22 A2, KEEP)."""
    def resolve(**changes):
        return options.resolve_settings(SimpleNamespace(
            options=dict(amp_support.make_options(morph_factor=0.5), **changes), resolution=64,
            is_exporting=False, random_src_flip=False, random_dst_flip=True))
    assert resolve(lr_dropout='y') == resolve(lr_dropout='cpu')
    settings = resolve(lr_dropout='y', clipgrad=True, ct_mode='rct')
    assert (settings.lr_dropout, settings.lr_cos, settings.lr_dropout_place) == (0.3, 500, 'y')
    assert (settings.clipnorm, settings.ct_mode) == (1.0, 'rct')
    assert (resolve().lr_dropout, resolve().lr_cos, resolve().clipnorm) == (1.0, 0, 0.0)


@pytest.mark.parametrize('given, value', [(None, 1.0), ('0.25', 0.25), ('7', 1.0), ('-1', 0.0)])
def test_the_morph_factor_of_merging(given, value, monkeypatch):
    asked = support.quiet_prompts(monkeypatch)
    monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(
        flags={} if given is None else {'merge_morph_factor': given}, environ={}))
    assert options.ask_merge_morph_factor() == value
    assert asked == ([('number', 1.0)] if given is None else [])

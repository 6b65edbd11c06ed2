"""SAEHD's questions: their order, defaults and clamps, what comes from outside, interactions."""
import pytest
import saehd_support as support
from core import options as core_options
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from core.leras.device import Device
from models.common import face_options as shared
from models.common_options import COMMON_OPTIONS, CommonOptionQuestions
from models.Model_SAEHD import options as saehd

COMMON = ['autobackup_hour', 'write_preview_history', 'target_iter', 'random_src_flip',
          'random_dst_flip', 'batch_size']
STRUCTURE = ['resolution', 'face_type', 'archi', 'ae_dims', 'e_dims', 'd_dims', 'd_mask_dims']
BEFORE_GAN = ['eyes_mouth_prio', 'uniform_yaw', 'blur_out_mask', 'models_opt_on_gpu',
              'adabelief', 'lr_dropout', 'random_warp', 'random_hsv_power', 'gan_power']
AFTER_GAN = ['face_style_power', 'bg_style_power', 'ct_mode', 'clipgrad', 'pretrain']
SUMMARY = ['resolution', 'face_type', 'models_opt_on_gpu', 'archi', 'ae_dims', 'e_dims',
           'd_dims', 'd_mask_dims', 'masked_training', 'eyes_mouth_prio', 'uniform_yaw',
           'blur_out_mask', 'adabelief', 'lr_dropout', 'random_warp', 'random_hsv_power',
           'true_face_power', 'face_style_power', 'bg_style_power', 'ct_mode', 'clipgrad',
           'pretrain'] + COMMON + ['gan_power', 'gan_patch_size', 'gan_dims']


class Asker(CommonOptionQuestions):
    """What ask_options needs of a model."""

    def __init__(self, options=None, defaults=None, iteration=0, is_training=True,
                 pretraining_path='faces'):
        self.options, self.default_options = dict(options or {}), dict(defaults or {})
        self.iter, self.is_training, self.is_exporting = iteration, is_training, False
        self.random_src_flip, self.random_dst_flip = False, True
        self.pretraining_path = pretraining_path

    def is_first_run(self):
        return self.iter == 0

    def get_pretraining_data_path(self):
        return self.pretraining_path


@pytest.fixture
def ask(monkeypatch):
    """ask(model, typed, given, override) -> [(key, default shown)]; `typed` by key, a list of
    answers where a question comes again."""
    support.start_engine()
    keys = {x.prompt: x.key for x in COMMON_OPTIONS + list(saehd.OPTIONS)}

    def run(model, typed=None, given=None, override=False):
        asked, typed = [], {k: list(v) if isinstance(v, list) else [v]
                            for k, v in (typed or {}).items()}

        def answer(label, default_value=None, *args, **kwargs):
            key = keys[label]
            asked.append((key, default_value))
            return typed[key].pop(0) if typed.get(key) else default_value
        for kind in ('int', 'number', 'bool', 'str'):
            monkeypatch.setattr(io, 'input_' + kind, answer)
        monkeypatch.setattr(io, 'input_in_time', lambda *args: override)
        monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(
            flags=given, environ={}))
        saehd.ask_options(model)
        return asked
    return run


def keys_of(asked):
    return [key for key, _ in asked]


def test_first_run_asks_everything_in_order(ask):
    model = Asker()
    asked = ask(model)
    assert keys_of(asked) == COMMON + STRUCTURE + BEFORE_GAN + AFTER_GAN
    assert dict(asked) == dict(
        autobackup_hour=0, write_preview_history=False, target_iter=0, random_src_flip=False,
        random_dst_flip=True, batch_size=4, resolution=128, face_type='f', archi='liae-ud',
        ae_dims=256, e_dims=64, d_dims=64, d_mask_dims=22, eyes_mouth_prio=False,
        uniform_yaw=False, blur_out_mask=False, models_opt_on_gpu=True, adabelief=True,
        lr_dropout='n', random_warp=True, random_hsv_power=0.0, gan_power=0.0,
        face_style_power=0.0, bg_style_power=0.0, ct_mode='none', clipgrad=False,
        pretrain=False)
    assert list(model.options) == SUMMARY
    assert model.options['gan_patch_size'] == 16 and model.options['gan_dims'] == 16
    assert model.options['true_face_power'] == 0.0
    assert not model.gan_model_changed and not model.pretrain_just_disabled


def test_whole_faces_df_and_gan_ask_more(ask):
    asked = ask(Asker(), dict(face_type='wf', archi='df-ud', gan_power=0.1))
    assert keys_of(asked) == (
        COMMON + STRUCTURE + ['masked_training'] + BEFORE_GAN
        + ['gan_patch_size', 'gan_dims', 'true_face_power'] + AFTER_GAN)


def test_resumed_model_asks_only_when_overridden(ask):
    stored = support.make_options(face_type='f', archi='liae-ud')
    model = Asker(stored, iteration=7)
    assert ask(model) == [] and model.options == stored
    asked = ask(Asker(stored, iteration=7), override=True)
    assert keys_of(asked) == COMMON + BEFORE_GAN + AFTER_GAN
    assert dict(asked)['batch_size'] == 2 and not dict(asked)['models_opt_on_gpu']


def test_merging_asks_and_takes_nothing(ask):
    stored = support.make_options()
    model = Asker(stored, iteration=7, is_training=False)
    given = dict(resolution='128', clipgrad='n', pretrain='y')
    assert ask(model, given=given, override=True) == []
    assert model.options == stored


@pytest.mark.parametrize('key, typed, taken', [
    ('resolution', 100, 96), ('resolution', 10, 64), ('resolution', 2000, 640),
    ('ae_dims', 33, 33), ('ae_dims', 5, 32), ('ae_dims', 5000, 1024),
    ('e_dims', 33, 34), ('e_dims', 5, 16), ('e_dims', 999, 256), ('d_dims', 47, 48),
    ('d_mask_dims', 12, 16), ('d_mask_dims', 21, 22), ('face_type', 'WF', 'wf'),
    ('archi', 'DF-ud', 'df-ud'), ('archi', ['dfx', 'df-', 'df-x', 'df-u-d', 'df-t'], 'df-t'),
    ('batch_size', -3, 0), ('target_iter', -1, 0), ('random_hsv_power', 1.0, 0.3),
    ('gan_power', 9.0, 5.0), ('true_face_power', 2.0, 1.0), ('face_style_power', -1.0, 0.0),
    ('bg_style_power', 101.0, 100.0), ('gan_dims', 1, 4)])
def test_answers_are_clamped(key, typed, taken, ask):
    model = Asker()
    answers = dict(archi='df', gan_power=0.1)
    answers[key] = typed
    ask(model, answers)
    assert model.options[key] == taken


@pytest.mark.parametrize('archi, resolution', [
    ('df', 80), ('df-u', 80), ('df-c', 80), ('df-d', 64), ('df-t', 64), ('liae-utd', 64)])
def test_flags_d_and_t_round_the_resolution_to_32(archi, resolution, ask):
    model = Asker()
    ask(model, dict(archi=archi, resolution=80))
    assert model.options['resolution'] == resolution


def test_mask_dims_follow_the_stored_not_the_typed_dims(ask):
    model = Asker()
    assert dict(ask(model, dict(d_dims=128)))['d_mask_dims'] == 22
    defaults = dict(d_dims=48, masked_training=False, face_type='f')
    model = Asker(defaults=defaults)
    shown = dict(ask(model))
    assert shown['d_dims'] == 48 and shown['d_mask_dims'] == 16
    assert 'masked_training' not in shown and model.options['masked_training'] is False


def test_legacy_bool_of_lr_dropout(ask):
    for stored, taken in ((True, 'y'), (False, 'n'), ('cpu', 'cpu'), ('1', 'y'), ('0', 'n')):
        model = Asker(support.make_options(lr_dropout=stored), iteration=1)
        ask(model)
        assert model.options['lr_dropout'] == taken


def test_outside_wins_over_saved_without_a_question(ask):
    model = Asker(support.make_options(), iteration=3)
    given = dict(clipgrad='n', random_warp='0', gan_power='0.2', archi='df-ud', resolution='64')
    assert ask(model, given=given) == []
    assert model.options['clipgrad'] is False and model.options['random_warp'] is False
    assert model.options['gan_power'] == 0.2


def test_outside_cannot_change_an_existing_models_structure(ask):
    for given in (dict(resolution='128'), dict(archi='df'), dict(ae_dims='64')):
        with pytest.raises(UserError, match='was made with'):
            ask(Asker(support.make_options(), iteration=3), given=given)


def test_outside_answers_do_not_ask(ask):
    model = Asker()
    given = dict(archi='df-udt', resolution='90', ae_dims='64', lr_dropout='CPU')
    asked = keys_of(ask(model, given=given))
    assert not set(given) & set(asked)
    assert model.options['resolution'] == 64 and model.options['lr_dropout'] == 'cpu'
    with pytest.raises(UserError, match='archi'):
        ask(Asker(), given=dict(archi='dfl'))


def test_gan_patch_size_is_fitted_to_the_resolution(ask):
    """The default patch of 496, 528, 560, 592 and 624 pixels cannot be built (spec 21 1.4)."""
    for resolution in (64, 128, 256, 416, 496, 528, 560, 592, 624, 640):
        model = Asker()
        ask(model, dict(archi='df', resolution=resolution, gan_power=0.1))
        patch = model.options['gan_patch_size']
        probe = nn.UNetPatchDiscriminator(patch, in_ch=1, name='probe')
        side = resolution
        for _, stride in probe.find_archi(patch):
            assert side % stride == 0
            side //= stride
        is_broken = resolution in (496, 528, 560, 592, 624)
        assert (patch != resolution // 8) == is_broken, resolution


def test_gan_size_and_end_of_pretraining_are_noticed(ask):
    stored = support.make_options(gan_power=0.1, pretrain=True)
    model = Asker(stored, iteration=3)
    ask(model, dict(gan_dims=32, pretrain=False), override=True)
    assert model.gan_model_changed and model.pretrain_just_disabled
    model = Asker(stored, iteration=3)
    ask(model)
    assert not model.gan_model_changed and not model.pretrain_just_disabled


def test_pretraining_needs_faces_only_when_training(ask):
    stored = support.make_options(pretrain=True)
    with pytest.raises(UserError, match='pretraining'):
        ask(Asker(stored, iteration=3, pretraining_path=None))
    ask(Asker(stored, iteration=3, pretraining_path=None, is_training=False))


def test_batch_size_suggestion_follows_the_weakest_device(ask, monkeypatch):
    gib = 1 << 30
    for sizes, suggested in (((), 4), ((8, 3), 4), ((8, 4), 8)):
        devices = [Device(i, 'GPU', 'x', x * gib, x * gib) for i, x in enumerate(sizes)]
        monkeypatch.setattr(nn, 'current_DeviceConfig', nn.DeviceConfig(devices))
        assert shared.suggest_batch_size(strong=8, weak=4) == suggested


def resolve(**changes):
    model = Asker(support.make_options(**changes), iteration=1)
    model.resolution = model.options['resolution']
    return saehd.resolve_settings(model)


def test_settings_of_normal_training():
    settings = resolve(archi='liae', lr_dropout='cpu', ct_mode='lct', gan_power=0.5)
    assert settings.archi_type == 'liae' and settings.archi_opts is None
    assert (settings.lr_cos, settings.lr_dropout) == (500, 0.3)
    assert settings.lr_dropout_place == 'cpu'
    assert settings.clipnorm == 1.0 and settings.ct_mode == 'lct' and settings.gan_power == 0.5
    assert not settings.random_src_flip and settings.random_dst_flip and not settings.use_fp16
    assert resolve(ct_mode='none').ct_mode is None


def test_settings_of_pretraining():
    settings = resolve(pretrain=True, lr_dropout='y', gan_power=0.5, random_hsv_power=0.1,
                       face_style_power=1.0, bg_style_power=1.0, true_face_power=0.01)
    assert (settings.lr_cos, settings.lr_dropout) == (0, 1.0)
    assert settings.gan_power == settings.random_hsv_power == 0.0
    assert settings.face_style_power == settings.bg_style_power == 0.0
    assert not settings.random_warp and settings.uniform_yaw
    assert settings.random_src_flip and settings.random_dst_flip
    # not switched off by pretraining
    assert settings.true_face_power == 0.01 and settings.masked_training


def test_true_face_of_liae_is_refused():
    with pytest.raises(UserError, match='df only'):
        resolve(archi='liae-ud', true_face_power=0.01)


def test_every_option_is_declared_once_and_explained():
    keys = [x.key for x in saehd.OPTIONS]
    assert len(keys) == len(set(keys))
    assert set(keys) | set(COMMON) == set(SUMMARY)
    assert all(x.help and x.prompt for x in saehd.OPTIONS)
    assert set(saehd.PRETRAIN_SHOWN) < set(keys)

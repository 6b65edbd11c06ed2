"""models/common/face_options.py: choosing a value, what an existing model refuses, GAN sizes."""
from types import SimpleNamespace

import pytest
import saehd_support as support

from core import options as core_options
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from core.leras.device import Device
from models.common import face_options as shared


class Asker(SimpleNamespace):
    """What the functions need of a model."""

    def load_or_def_option(self, name, default):
        return self.defaults.get(name, default)

    def is_first_run(self):
        return self.iter == 0


def make_asker(iteration=0, is_training=True, **options):
    return Asker(options=dict(options), defaults={}, iter=iteration, is_training=is_training)


@pytest.fixture
def answer(monkeypatch):
    """answer(typed, **given): what is typed at every question, what flags give; returns the
    questions that come."""
    def prepare(typed=None, **given):
        asked = []

        def ask(label, default, *args, **kwargs):
            asked.append((label, default))
            return default if typed is None else typed
        for kind in ('int', 'number', 'bool', 'str'):
            monkeypatch.setattr(io, 'input_' + kind, ask)
        monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(
            flags=given, environ={}))
        return asked
    return prepare


def test_prefill_takes_the_default_options_before_the_built_in_value(answer):
    model = make_asker()
    assert shared.prefill(model, shared.E_DIMS) == 64 == model.options['e_dims']
    model.defaults['e_dims'] = 48
    assert shared.prefill(model, shared.E_DIMS) == 48 == model.options['e_dims']
    assert shared.prefill(model, shared.D_MASK_DIMS, 22) == 22


def test_choose_asks_only_when_told_to_and_takes_what_is_given_always(answer):
    model = make_asker(iteration=5, clipgrad=False)
    asked = answer(typed=True)
    assert shared.choose(model, shared.CLIPGRAD, False) is False and asked == []
    assert shared.choose(model, shared.CLIPGRAD, True) is True
    assert asked == [(shared.CLIPGRAD.prompt, False)]
    asked = answer(clipgrad='n')
    assert shared.choose(model, shared.CLIPGRAD, False) is False and asked == []
    merging = make_asker(iteration=5, is_training=False, clipgrad=True)
    assert shared.choose(merging, shared.CLIPGRAD, False) is True


def test_structure_is_chosen_once(answer):
    model = make_asker(e_dims=64)
    asked = answer(typed=33)
    assert shared.choose_fixed(model, shared.E_DIMS) == 34 and len(asked) == 1
    model.iter = 5
    asked = answer(typed=100)
    assert shared.choose_fixed(model, shared.E_DIMS) == 34 and asked == []
    answer(e_dims='33')     # becomes 34 too: the same model
    assert shared.choose_fixed(model, shared.E_DIMS) == 34
    answer(e_dims='64')
    with pytest.raises(UserError, match='e_dims = 64 is given, but this model was made with 34'):
        shared.choose_fixed(model, shared.E_DIMS)
    model.is_training = False
    assert shared.choose_fixed(model, shared.E_DIMS) == 34


@pytest.mark.parametrize('d_dims, mask_dims', [(64, 22), (48, 16), (50, 16), (128, 42), (46, 16)])
def test_mask_dims_are_a_third_made_even(d_dims, mask_dims):
    assert shared.get_mask_dims_default(d_dims) == mask_dims
    assert [shared.make_even(x) for x in (15, 16)] == [16, 16]


def test_patch_size_moves_to_the_nearest_that_fits(answer, capsys):
    support.start_engine()
    model = make_asker(resolution=128, gan_patch_size=16)
    shared.fix_gan_patch_size(model)
    assert model.options['gan_patch_size'] == 16 and 'GAN' not in capsys.readouterr().out
    model = make_asker(resolution=496, gan_patch_size=62)
    shared.fix_gan_patch_size(model)
    found = model.options['gan_patch_size']
    assert found != 62 and str(found) in capsys.readouterr().out
    probe = nn.UNetPatchDiscriminator(found, in_ch=1, name='probe2')
    product = 1
    for _, stride in probe.find_archi(found):
        product *= stride
    assert 496 % product == 0


def test_no_patch_size_fits_an_odd_resolution():
    support.start_engine()
    with pytest.raises(UserError, match='resolution 65'):
        shared.find_gan_patch_size(8, 65)


@pytest.mark.parametrize('sizes, suggested', [((), 4), ((3,), 4), ((4,), 8), ((24, 3), 4)])
def test_suggested_batch_size_follows_the_weakest_device(sizes, suggested, monkeypatch):
    support.start_engine()
    devices = [Device(i, 'GPU', 'x', x << 30, x << 30) for i, x in enumerate(sizes)]
    monkeypatch.setattr(nn, 'current_DeviceConfig', nn.DeviceConfig(devices))
    assert shared.suggest_batch_size(strong=8, weak=4) == suggested

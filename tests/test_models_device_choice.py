"""models/device_choice.py: explicit wishes come first (spec 20 section 2.3 step 6)."""
from types import SimpleNamespace

import pytest

from core import options
from core.errors import UserError
from core.leras import nn
from models.device_choice import choose_device, is_device_told, parse_gpu_idxs
from tiny_support import answer_with_defaults, make_model


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    return answer_with_defaults(monkeypatch)


def test_device_choice_honours_explicit_wishes_before_silent_start(tmp_path, monkeypatch):
    chosen = []
    config = nn.DeviceConfig
    monkeypatch.setattr(config, 'BestGPU',
                        staticmethod(lambda: chosen.append('best') or config.CPU()))
    monkeypatch.setattr(config, 'GPUIndexes',
                        staticmethod(lambda indexes: chosen.append(list(indexes)) or config.CPU()))
    monkeypatch.setattr(nn, 'ask_choose_device_idxs', lambda **k: chosen.append('asked') or [])
    make_model(tmp_path, silent_start=True)
    assert chosen == []
    make_model(tmp_path, silent_start=True, cpu_only=False)
    make_model(tmp_path, cpu_only=False)
    make_model(tmp_path, cpu_only=False, force_gpu_idxs=[])
    assert chosen == ['best', 'asked', [], 'asked', []]
    for wish in ([0, 1], '0,1'):
        with pytest.raises(UserError, match='0,1'):
            make_model(tmp_path, cpu_only=False, silent_start=True, force_gpu_idxs=wish)
    assert chosen[-2:] == [[0, 1], [0, 1]]


def test_options_answer_what_the_arguments_leave_open(monkeypatch):
    chosen = []
    config = nn.DeviceConfig
    monkeypatch.setattr(config, 'CPU', staticmethod(lambda: 'CPU'))
    monkeypatch.setattr(config, 'GPUIndexes', staticmethod(
        lambda indexes: chosen.append(indexes) or SimpleNamespace(devices=list(indexes))))
    monkeypatch.setattr(nn, 'ask_choose_device_idxs', None)     # asking fails

    def give(**flags):
        monkeypatch.setattr(options, '_sources', options.OptionSources(flags=flags, environ={}))
    give(force_gpu_idxs='0,2')
    choose_device(False, None, False)
    assert chosen == [[0, 2]]
    choose_device(False, '1', False)
    assert chosen[1:] == [[1]], 'the argument is the stronger'
    give(cpu_only='y', force_gpu_idxs='0')
    assert choose_device(False, None, False) == 'CPU'


@pytest.mark.parametrize('arguments, flags, is_told', [
    ((), {}, False), ((True,), {}, True), ((False, '1'), {}, True), ((False, ''), {}, False),
    ((), dict(cpu_only='y'), True), ((), dict(cpu_only='n'), False),
    ((), dict(force_gpu_idxs='0'), True), ((), dict(force_gpu_idxs=''), False)])
def test_whether_the_device_is_told(arguments, flags, is_told, monkeypatch):
    monkeypatch.setattr(options, '_sources', options.OptionSources(flags=flags, environ={}))
    assert is_device_told(*arguments) is is_told


@pytest.mark.parametrize('given, indexes', [
    (None, None), ('', None), ([], None), ('0,1', [0, 1]), (' 2 , ', [2]), ((1, 0), [1, 0])])
def test_gpu_numbers(given, indexes):
    assert parse_gpu_idxs(given) == indexes


def test_gpu_numbers_that_are_none_name_the_text():
    with pytest.raises(UserError, match='0;1'):
        parse_gpu_idxs('0;1')

"""models/effective_config.py: values with their sources, shown by the dry run and written beside
the model."""
import json
import pickle

import numpy as np
import pytest

import models
from core import options
from models import effective_config
from tiny_support import answer_with_defaults, make_model, train


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    return answer_with_defaults(monkeypatch)


@pytest.fixture
def give(monkeypatch):
    def give(flags=None, answers=None, environ=None):
        monkeypatch.setattr(options, '_sources', options.OptionSources(
            flags=flags, answers=answers, environ=environ or {}, answers_path='a.json'))
    give()
    return give


def get_sources(model):
    return {key: entry['source']
            for key, entry in effective_config.collect_options(model).items()}


def test_every_source_of_a_first_run(tmp_path, give, monkeypatch):
    (tmp_path / 'model').mkdir()
    (tmp_path / 'model' / 'Tiny_default_options.dat').write_bytes(pickle.dumps(
        dict(dims=np.int64(6), random_src_flip=True), 2))
    give({'batch_size': '3'}, {'target_iter': 7}, {'DFL_AUTOBACKUP_HOUR': '2'})
    from core.interact import interact as io
    monkeypatch.setattr(io, 'input_bool', lambda text, default, *args, **kwargs: (
        False if 'DST' in text else default))
    assert get_sources(make_model(tmp_path)) == {
        'dims': 'default options of the last new model', 'batch_size': '--set batch_size',
        'target_iter': '--answers a.json: target_iter',
        'autobackup_hour': 'environment: DFL_AUTOBACKUP_HOUR', 'random_dst_flip': 'typed',
        'random_src_flip': 'default options of the last new model',
        'write_preview_history': 'built-in default'}


def test_sources_of_a_saved_model(tmp_path, give):
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    give({'target_iter': '9'})
    again = make_model(tmp_path)
    sources = get_sources(again)
    assert sources.pop('target_iter') == '--set target_iter'
    assert set(sources.values()) == {'saved with the model'}
    again.options['dims'] = 99
    assert get_sources(again)['dims'] == 'saved with the model, adjusted'


def test_settings_are_collected_with_their_sources(give):
    give({'allow_tf32': 'y'}, environ={'user_dfl_save_interval_min': '40',
                                       'default_silent_start': '1', 'alter_iter_font_size': '1'})
    settings = effective_config.collect_settings()
    assert settings['save_interval_min'] == {
        'value': 40, 'source': 'environment: user_dfl_save_interval_min'}
    assert settings['allow_tf32'] == {'value': True, 'source': '--set allow_tf32'}
    assert settings['tf_allow_growth'] == {'value': True, 'source': 'built-in default'}
    assert effective_config.list_changed_settings() == [
        'silent_start : True (environment: default_silent_start)',
        'save_interval_min : 40 (environment: user_dfl_save_interval_min)',
        'allow_tf32 : True (--set allow_tf32)',
        'alter_iter_font_size : obsolete, without effect (environment)']


def test_the_file_beside_the_model(tmp_path, give):
    give({'batch_size': '3'})
    model = make_model(tmp_path)
    path = effective_config.write_configuration(model)
    assert path == tmp_path / 'model' / 't_Tiny_options.json'
    config = json.loads(path.read_text(encoding='utf-8'))
    assert config['model'] == 't_Tiny' and config['iteration'] == 0
    assert config['options']['batch_size'] == {'value': 3, 'source': '--set batch_size'}
    assert config['devices'] == [] and config['placement'] is None
    assert config['folders']['src'] == str(tmp_path / 'src')
    assert set(config['versions']) == {'python', 'numpy', 'tensorflow', 'system'}


def test_dry_run_shows_all_and_writes_nothing(tmp_path, give, capsys, monkeypatch):
    from core.leras import nn
    model = make_model(tmp_path)
    train(model, 2)
    model.save()
    left = tmp_path / 'model' / 't_Tiny_net.npy.tmp'
    left.write_bytes(b'half')
    (tmp_path / 'src' / 'a.jpg').write_bytes(b'')
    (tmp_path / 'dst' / 'faceset.pak').write_bytes(b'1' * 2 ** 20)
    before = {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()}
    capsys.readouterr()
    monkeypatch.setattr(nn, 'initialize', lambda *args, **kwargs: None)   # tiny_support calls it
    with pytest.raises(models.DryRunFinished):
        make_model(tmp_path, dry_run=True, pretraining_data_path=tmp_path / 'none')
    lines = [' '.join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in ('Model t_Tiny: goes on from iteration 2', 'batch_size 2 saved with the model',
                 'src %s 1 images' % (tmp_path / 'src'),
                 'dst %s faceset.pak, 1.0 MB' % (tmp_path / 'dst'),
                 'pretraining %s does not exist' % (tmp_path / 'none'),
                 't_Tiny_net.npy.tmp 4 bytes', '/CPU:0 the CPU', 'this model does not tell',
                 'an interrupted save: the next start without --dry-run finishes it'):
        assert line in lines, (line, lines)
    after = {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()}
    assert after == before


def test_a_dry_run_may_not_rename_or_delete(tmp_path, give, capsys, monkeypatch):
    from core.interact import interact as io
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    answers = ['d', 'r', '0']
    monkeypatch.setattr(io, 'input_str', lambda *args, **kwargs: answers.pop(0))
    with pytest.raises(models.DryRunFinished):
        make_model(tmp_path, dry_run=True, force_model_name=None)
    assert answers == [] and 'renames and deletes nothing' in capsys.readouterr().out
    assert (tmp_path / 'model' / 't_Tiny_data.dat').exists()


def test_rows_are_aligned_and_empty_ones_vanish():
    assert effective_config.align([]) == []
    assert effective_config.align([('a', 1, ''), ('bcd', 20, 'x')]) == ['  a    1', '  bcd  20  x']

"""models/model_saving.py: saves that keep the last good state, backups by key and by time."""
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from core import persist
from core.errors import UserError
from core.leras import nn
from models import backups
from tiny_support import answer_with_defaults, make_model, train


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    return answer_with_defaults(monkeypatch)


def test_losses_that_are_not_finite_never_reach_the_files(tmp_path, capsys):
    model = make_model(tmp_path)
    train(model, 2)
    model.save()
    good = {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()}
    model.loss_scale = float('nan')
    train(model, 1)
    model.save()
    assert 'NOT saved' in capsys.readouterr().out
    with pytest.raises(UserError, match='collapsed'):
        train(model, 20)
    assert model.get_iter() < 13
    assert {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()} == good
    model.loss_scale = 1.0
    train(model, 1)
    model.save()
    assert persist.load(tmp_path / 'model' / 't_Tiny_data.dat')['iter'] == model.get_iter()


def test_backup_by_key_and_by_time(tmp_path, monkeypatch):
    model = make_model(tmp_path)
    with pytest.raises(UserError, match='nothing to back up'):
        model.create_backup()
    train(model, 1)
    model.save()
    model.create_backup()
    folder = tmp_path / 'model' / 't_Tiny_autobackups'
    assert sorted(path.name for path in (folder / '01').iterdir()) == [
        'preview_Tiny large.jpg', 'preview_Tiny.jpg', 't_Tiny_data.dat', 't_Tiny_generation.json',
        't_Tiny_net.npy', 't_Tiny_opt.npy', 't_Tiny_summary.txt'
    ]
    assert persist.verify_generation(folder / '01', 't_Tiny') == []
    assert persist.read_manifest(folder / '01', 't_Tiny')['info']['iteration'] == 1
    model.autobackup_hour, model.autobackup_start_time = 2, 1000.0
    clock = [1000.0]
    monkeypatch.setattr(sys.modules['models.model_saving'], 'time',
                        SimpleNamespace(time=lambda: clock[0]))
    expected = {
        1000 + 3600: 1, 1000 + 2 * 3600: 2, 1000 + 3 * 3600: 2, 1000 + 11 * 3600: 3,
        1000 + 12 * 3600: 4
    }
    for clock[0], count in sorted(expected.items()):
        model.save()
        assert len(list(folder.iterdir())) == count, clock


def list_files(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob('*') if path.is_file()}


def set_nan(saveable, part):
    """NaN in one element of the first weight whose name holds `part`."""
    weight = [x for x in saveable.get_weights() if part in x.name][0]
    value = nn.tf_get_value(weight)
    value.flat[0] = float('nan')
    nn.batch_set_value([(weight, value)])


@pytest.mark.parametrize('index, part, named', [
    (0, 'conv1/weight', 'net/conv1/weight:0 of t_Tiny_net.npy'),
    (1, 'acc_', 'of t_Tiny_opt.npy')])
def test_a_weight_or_slot_that_is_not_finite_is_named_and_never_saved(index, part, named, tmp_path,
                                                                      capsys):
    model = make_model(tmp_path)
    train(model, 2)
    assert model.save() is True
    good = list_files(tmp_path / 'model')
    set_nan(model.get_model_filename_list()[index][0], part)
    capsys.readouterr()
    assert model.save() is False and model.is_save_refused
    output = capsys.readouterr().out
    assert named in output and 'start again with --restore-last-good' in output
    assert list_files(tmp_path / 'model') == good


def test_backups_of_a_collapsed_model_push_no_good_one_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('DFL_AUTOBACKUP_HOUR', '1')
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    model.create_backup()
    assert model.backups_made == 1
    good = list_files(tmp_path / 'model')
    model.autobackup_start_time = 0         # long ago: one is due at the next save
    model.loss_scale = float('nan')
    train(model, 1)
    for _ in range(3):
        assert model.save() is False
        model.create_backup()
    assert list_files(tmp_path / 'model') == good and 'NOT backed up' in capsys.readouterr().out

    model.loss_scale = 1.0
    train(model, 1)
    set_nan(model.get_model_filename_list()[1][0], 'acc_')      # a loss does not show this
    assert model.save() is False
    model.create_backup()
    assert list_files(tmp_path / 'model') == good and model.backups_made == 1


def test_previews_of_a_collapsed_model_can_be_written(tmp_path):
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    picture = np.full((4, 4, 3), np.nan)
    model.get_previews = lambda: [('Tiny', picture)]
    model.create_backup()
    assert (tmp_path / 'model' / 't_Tiny_autobackups' / '01' / 'preview_Tiny.jpg').exists()


def test_a_backup_that_fails_is_no_failed_save_and_is_made_up_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('DFL_AUTOBACKUP_HOUR', '1')
    model = make_model(tmp_path)
    train(model, 1)
    model.autobackup_start_time -= 3700
    full = [True]

    def check_room(folder, needed_bytes, what):
        if full[0] and what == 'A backup':
            raise UserError('the disk is full')
    monkeypatch.setattr(backups, 'check_room', check_room)
    assert model.save() is True and model.backups_made == 0
    assert persist.load(tmp_path / 'model' / 't_Tiny_data.dat')['iter'] == 1
    assert 'NOT backed up; the next save tries again: the disk is full' in capsys.readouterr().out
    full[0] = False
    assert model.save() is True and model.backups_made == 1
    assert model.save() is True and model.backups_made == 1


def test_a_clock_that_is_set_back_delays_a_backup_by_one_interval_at_most(tmp_path, monkeypatch):
    monkeypatch.setenv('DFL_AUTOBACKUP_HOUR', '2')
    model = make_model(tmp_path)
    train(model, 1)
    model.autobackup_start_time += 365 * 86400
    model.save()
    model.autobackup_start_time -= 2 * 3600
    model.save()
    assert model.backups_made == 1


def test_previews_that_cannot_be_made_cost_no_backup(tmp_path, capsys):
    def get_previews():
        raise ValueError('an odd picture')
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    model.get_previews = get_previews
    model.create_backup()
    folder = tmp_path / 'model' / 't_Tiny_autobackups' / '01'
    assert (folder / 't_Tiny_data.dat').exists() and not list(folder.glob('*.jpg'))
    assert 'no previews: they cannot be made (ValueError: an odd' in capsys.readouterr().out

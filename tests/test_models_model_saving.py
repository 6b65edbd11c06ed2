"""models/model_saving.py: saves that keep the last good state, backups by key and by time."""
import sys
from types import SimpleNamespace

import pytest

from core import persist
from core.errors import UserError
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

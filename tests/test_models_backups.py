"""models/backups.py: rotation of backups never has fewer good ones than before (spec 20 section
11)."""
from pathlib import Path

import pytest

from core.errors import UserError
from models import backups


def add_backup(root, source, text, generations=3):
    source.write_text(text)
    new = backups.write_new_backup(root, 'm', [source], {'preview_a.jpg': b'p'}, {'iteration': 7})
    return backups.rotate_backups(root, new, generations)


def read(root):
    return {folder.name: (folder / 'm.npy').read_text() for folder in sorted(root.iterdir())}


def test_newest_is_01_and_the_oldest_leaves(tmp_path):
    root, source = tmp_path / 'b', tmp_path / 'm.npy'
    for i in range(5):
        assert add_backup(root, source, 'save %d' % i) == root / '01'
    assert read(root) == {'01': 'save 4', '02': 'save 3', '03': 'save 2'}
    assert (root / '01' / 'preview_a.jpg').exists()


def test_twenty_four_generations_by_default(tmp_path):
    assert backups.GENERATIONS == 24


def test_a_gap_costs_no_backup(tmp_path):
    root, source = tmp_path / 'b', tmp_path / 'm.npy'
    for i in range(3):
        add_backup(root, source, 'save %d' % i)
    (root / '02').rename(tmp_path / 'gone')
    add_backup(root, source, 'save 3')
    assert read(root) == {'01': 'save 3', '02': 'save 2', '03': 'save 0'}


def test_files_that_were_never_saved_are_skipped_with_a_message(tmp_path, capsys):
    source = tmp_path / 'm.npy'
    source.write_text('x')
    new = backups.write_new_backup(tmp_path / 'b', 'm', [source, tmp_path / 'gan.npy'], {}, {})
    assert sorted(path.name for path in new.iterdir()) == ['m.npy', 'm_generation.json']
    assert 'gan.npy' in capsys.readouterr().out


def test_nothing_saved_is_an_error(tmp_path):
    with pytest.raises(UserError, match='nothing to back up'):
        backups.write_new_backup(tmp_path / 'b', 'm', [tmp_path / 'm.npy'], {}, {})


@pytest.mark.parametrize('stop_at', range(8))
def test_an_interruption_keeps_every_backup(tmp_path, monkeypatch, stop_at):
    """Whatever step a crash hits, all three old backups (or two and the new one) are whole
    afterwards, and the next backup gets the numbers in order again."""
    root, source = tmp_path / 'b', tmp_path / 'm.npy'
    for i in range(3):
        add_backup(root, source, 'save %d' % i)

    class Crash(Exception):
        pass
    steps = []

    def counting(function):
        def run(*args, **kwargs):
            steps.append(function.__name__)
            if len(steps) > stop_at:
                raise Crash()
            return function(*args, **kwargs)
        return run
    monkeypatch.setattr(Path, 'rename', counting(Path.rename))
    monkeypatch.setattr(backups.shutil, 'rmtree', counting(backups.shutil.rmtree))
    monkeypatch.setattr(backups.shutil, 'copyfile', counting(backups.shutil.copyfile))
    try:
        add_backup(root, source, 'save 3')
    except Crash:
        pass
    monkeypatch.undo()
    saves = [(folder / 'm.npy').read_text() for folder in root.iterdir()
             if (folder / 'm.npy').exists()]
    whole = {'save 0', 'save 1', 'save 2'} <= set(saves) or {'save 1', 'save 2', 'save 3'
                                                             } <= set(saves)
    assert whole, (steps, saves)
    add_backup(root, source, 'save 4')
    contents = read(root)
    assert sorted(contents) == ['01', '02', '03'] and contents['01'] == 'save 4'
    assert contents['02'] in ('save 2', 'save 3') and contents['03'] in ('save 1', 'save 2')


def test_full_disk_is_reported_before_anything_is_written(tmp_path, monkeypatch):
    source = tmp_path / 'm.npy'
    source.write_bytes(b'x' * 1000)
    usage = type('Usage', (), {'free': 100})
    monkeypatch.setattr(backups.shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(UserError, match='free'):
        backups.write_new_backup(tmp_path / 'b', 'm', [source], {}, {})
    assert list((tmp_path / 'b').iterdir()) == []


def test_dated_backups_are_pruned_after_writing(tmp_path, monkeypatch):
    root, source = tmp_path / 'b', tmp_path / 'm.npy'
    (root / 'my own folder').mkdir(parents=True)
    for i in range(4):
        source.write_text('save %d' % i)
        monkeypatch.setattr(backups.time, 'strftime', lambda form: '20240102T00000%d' % i)
        new = backups.write_new_backup(root, 'm', [source], {}, {})
        backups.add_dated_backup(root, new, maximum=2, session_name='a/b')
    assert sorted(path.name for path in root.iterdir()) == [
        '20240102T000002_a-b', '20240102T000003_a-b', 'my own folder']

"""models/backups.py: rotation of backups never has fewer good ones than before (spec 20 section
11)."""
import os

import pytest

from core import persist
from core.errors import UserError
from disk_faults import RENAMES, FaultyDisk, PowerCut
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


def test_each_backup_has_a_record_of_its_own(tmp_path):
    root, source = tmp_path / 'b', tmp_path / 'm.npy'
    for i in range(2):
        add_backup(root, source, 'save %d' % i)
    for folder in (root / '01', root / '02'):
        record = persist.read_manifest(folder, 'm')
        assert set(record['files']) == {'m.npy', 'preview_a.jpg'} and record['info'] == {
            'iteration': 7} and persist.verify_generation(folder, 'm') == []
    (root / '02' / 'm.npy').write_bytes(bytes(6))
    assert persist.verify_generation(root / '02', 'm') == ['m.npy']


def test_a_backup_that_was_complete_is_put_in_place_later(tmp_path):
    root, source = tmp_path / 'b', tmp_path / 'm.npy'
    add_backup(root, source, 'save 0')
    source.write_text('save 1')
    backups.write_new_backup(root, 'm', [source], {}, {})
    backups.finish_interrupted(root, 'm', lambda new: backups.rotate_backups(root, new))
    assert read(root) == {'01': 'save 1', '02': 'save 0'}
    (root / '_new').mkdir()
    (root / '_new' / 'm.npy').write_text('half')    # no record: not complete
    backups.finish_interrupted(root, 'm', lambda new: backups.rotate_backups(root, new))
    assert (root / '_new').exists() and len(list(root.iterdir())) == 3


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


def count_good(root):
    """Numbered backups that are as they were written."""
    return sum(persist.verify_generation(path, 'm') == [] for path in root.iterdir()
               if path.name.isdigit() and persist.read_manifest(path, 'm'))


@pytest.mark.skipif(os.name == 'nt', reason='models a POSIX disk')
@pytest.mark.parametrize('renames', RENAMES)
def test_an_interruption_at_any_step_keeps_every_backup(tmp_path, monkeypatch, renames):
    """Three good ones under their numbers at every moment; the next backup puts all in order."""
    monkeypatch.setattr(os, 'fsync', lambda handle: None)    # the disk below knows better
    source = tmp_path / 'm.npy'
    for fatal_step in range(200):
        root = tmp_path / str(fatal_step)
        for i in range(3):
            add_backup(root, source, 'save %d' % i)
        source.write_text('save 3')
        with monkeypatch.context() as patch:
            disk = FaultyDisk(patch, fatal_step)
            try:
                new = backups.write_new_backup(root, 'm', [source], {}, {})
                backups.rotate_backups(root, new, 3)
                is_over = True
            except PowerCut:
                is_over = False
        disk.come_back(renames)
        assert count_good(root) >= 3, fatal_step
        add_backup(root, source, 'save 4')
        contents = read(root)
        assert sorted(contents) == ['01', '02', '03'] and contents['01'] == 'save 4'
        assert contents['02'] in ('save 2', 'save 3') and contents['03'] in ('save 1', 'save 2')
        if is_over:
            break
    assert is_over and fatal_step > 20


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
    new = backups.write_new_backup(root, 'm', [source], {}, {})    # within the same second
    folder = backups.add_dated_backup(root, new, maximum=0, session_name='a/b')
    assert folder.name == '20240102T000003_a-b_2' and len(list(root.iterdir())) == 4


@pytest.mark.parametrize('maximum', [1, 2])
def test_a_clock_that_is_set_back_does_not_prune_the_newest(tmp_path, monkeypatch, maximum):
    root, source = tmp_path / 'b', tmp_path / 'm.npy'
    dates = ['20241027T024500', '20241027T025000', '20241027T020500']
    for i, date in enumerate(dates):
        source.write_text('save %d' % i)
        monkeypatch.setattr(backups.time, 'strftime', lambda form: date)
        new = backups.write_new_backup(root, 'm', [source], {}, {})
        folder = backups.add_dated_backup(root, new, maximum)
        assert (folder / 'm.npy').read_text() == 'save %d' % i
    assert sorted(path.name for path in root.iterdir()) == sorted(dates[3 - maximum:])

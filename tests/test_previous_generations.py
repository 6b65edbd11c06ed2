"""core/previous_generations.py: the saves before the last one, kept at no cost."""
import errno
import os
import shutil
import time

import pytest

from core import generation, persist, previous_generations
from core.errors import UserError
from core.generation_record import read_manifest, verify_generation
from disk_faults import RENAMES, FaultyDisk, PowerCut

NAMES = ('m_a.npy', 'm_b.npy', 'm_data.dat')


def save(folder, mark, names=NAMES, **keywords):
    keywords.setdefault('keep_previous', 1)
    return generation.commit_generation(
        folder, 'm', {name: name.encode() + mark for name in names}, **keywords)


def read_mark(folder, names=NAMES):
    """What all files of a generation end with; one that is not whole is told by its files."""
    if verify_generation(folder, 'm'):
        return verify_generation(folder, 'm')
    marks = {(folder / name).read_bytes()[len(name):] for name in names}
    assert len(marks) == 1, marks
    return marks.pop()


def read_kept(folder):
    return [read_mark(path) for path in previous_generations.list_previous(folder, 'm')]


@pytest.fixture(params=['links', 'no links'])
def links(request, monkeypatch):
    """A disk with hard links, and one without."""
    if request.param == 'no links':
        def refuse(source, target):
            raise OSError(errno.EPERM, 'no hard links here')
        monkeypatch.setattr(os, 'link', refuse)
    return request.param == 'links'


def test_the_save_before_is_kept_and_costs_no_reading_or_writing(tmp_path, links, monkeypatch):
    monkeypatch.setattr(previous_generations, 'measure_file', None)
    assert save(tmp_path, b'1', info={'iteration': 1}) == []
    assert not (tmp_path / 'm_previous').exists(), 'there was nothing before'
    inode = (tmp_path / 'm_a.npy').stat().st_ino
    save(tmp_path, b'2')
    assert read_mark(tmp_path) == b'2' and read_kept(tmp_path) == [b'1']
    kept, = previous_generations.list_previous(tmp_path, 'm')
    assert (kept / 'm_a.npy').stat().st_ino == inode and kept.name == '1'
    assert read_manifest(kept, 'm')['info'] == {'iteration': 1}
    save(tmp_path, b'3')
    assert read_mark(tmp_path) == b'3' and read_kept(tmp_path) == [b'2']
    assert os.listdir(str(tmp_path / 'm_previous')) == ['2']


def test_several_are_kept_and_none_when_it_is_switched_off(tmp_path, links):
    for mark in (b'1', b'2', b'3', b'4', b'5'):
        save(tmp_path, mark, keep_previous=3)
    assert read_kept(tmp_path) == [b'4', b'3', b'2']
    save(tmp_path, b'6', keep_previous=0)
    assert read_kept(tmp_path) == [] and read_mark(tmp_path) == b'6'


def test_files_of_another_program_are_kept_as_they_are(tmp_path, links):
    """An older install trained on: its files differ from the record, or there is none."""
    for name in NAMES:
        (tmp_path / name).write_bytes(name.encode() + b'0')
    save(tmp_path, b'1')
    assert read_kept(tmp_path) == [b'0']
    later = (tmp_path / 'm_generation.json').stat().st_mtime + 10
    for name in NAMES:
        path = tmp_path / (name + '.theirs')
        path.write_bytes(name.encode() + b'x')
        os.utime(str(path), (later, later))
        path.replace(tmp_path / name)
    save(tmp_path, b'2')
    assert read_kept(tmp_path) == [b'x'] and read_mark(tmp_path) == b'2'


def test_a_file_that_is_not_saved_any_more_stays_with_both(tmp_path, links):
    """A discriminator that was switched off."""
    save(tmp_path, b'1', NAMES + ('m_GAN.npy',))
    save(tmp_path, b'2')
    kept, = previous_generations.list_previous(tmp_path, 'm')
    assert read_mark(kept, NAMES + ('m_GAN.npy',)) == b'1'
    assert (tmp_path / 'm_GAN.npy').read_bytes().endswith(b'1')


def test_a_file_that_is_to_go_is_only_kept(tmp_path, links):
    save(tmp_path, b'1', NAMES + ('m_GAN.npy',))
    save(tmp_path, b'2', absent=['m_GAN.npy'])
    kept, = previous_generations.list_previous(tmp_path, 'm')
    assert read_mark(kept, NAMES + ('m_GAN.npy',)) == b'1'
    assert not (tmp_path / 'm_GAN.npy').exists()
    assert set(read_manifest(tmp_path, 'm')) == {'generation', 'state', 'info', 'files'}


def test_a_save_that_fails_behind_it_keeps_no_second_copy(tmp_path, links, monkeypatch):
    save(tmp_path, b'1')
    save(tmp_path, b'2')
    real = generation.write_manifest

    def fail(folder, name, manifest):
        raise UserError('the disk is full')
    for _ in range(3):
        monkeypatch.setattr(generation, 'write_manifest', fail)
        with pytest.raises(UserError, match='full'):
            save(tmp_path, b'3')
        monkeypatch.setattr(generation, 'write_manifest', real)
    assert read_mark(tmp_path) == b'2' and persist.recover_generation(tmp_path, 'm') == []
    assert len(previous_generations.list_previous(tmp_path, 'm')) == 2
    save(tmp_path, b'4')
    assert read_mark(tmp_path) == b'4' and read_kept(tmp_path) == [b'2']


def test_a_kept_folder_that_somebody_removed_does_not_stop_the_recovery(tmp_path, links,
                                                                        monkeypatch):
    save(tmp_path, b'1')
    replace = os.replace

    def refuse(temp, path):
        if path.endswith('m_b.npy') and 'previous' not in path:
            raise KeyboardInterrupt()
        replace(temp, path)
    monkeypatch.setattr(os, 'replace', refuse)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, b'2')
    monkeypatch.setattr(os, 'replace', replace)
    shutil.rmtree(str(tmp_path / 'm_previous'))
    generation.recover_generation(tmp_path, 'm')
    assert read_mark(tmp_path) == b'2'


@pytest.mark.skipif(os.name == 'nt', reason='models a POSIX disk')
@pytest.mark.parametrize('renames', RENAMES)
def test_power_cut_at_every_step(tmp_path, monkeypatch, renames, links):
    """The new save or the one before it is in place, and one more of the past is whole."""
    monkeypatch.setattr(os, 'fsync', lambda handle: None)    # the disk below knows better
    for fatal_step in range(200):
        folder = tmp_path / str(fatal_step)
        folder.mkdir()
        save(folder, b'1')
        save(folder, b'2')
        with monkeypatch.context() as patch:
            disk = FaultyDisk(patch, fatal_step)
            try:
                save(folder, b'3')
                is_over = True
            except PowerCut:
                is_over = False
        disk.come_back(renames)
        generation.recover_generation(folder, 'm')
        current, kept = read_mark(folder), read_kept(folder)
        assert current in (b'2', b'3'), fatal_step
        assert b'1' in kept or (current, kept) == (b'3', [b'2']), fatal_step
        if links and current == b'3':
            assert b'2' in kept, fatal_step
        save(folder, b'4')
        assert (read_mark(folder), read_kept(folder)) == (b'4', [current])
        if is_over:
            break
    assert is_over and fatal_step > 30


def test_broken_disk_is_an_error_and_nothing_is_lost(tmp_path, monkeypatch):
    save(tmp_path, b'1')

    def fail(source, target):
        raise OSError(errno.ENOSPC, 'No space left on device')
    with monkeypatch.context() as patch:
        patch.setattr(os, 'link', fail)
        with pytest.raises(UserError, match='cannot be kept'):
            save(tmp_path, b'2')
    assert read_mark(tmp_path) == b'1'
    assert not [name for name in os.listdir(str(tmp_path)) if name.endswith('.tmp')]


def test_an_old_one_that_cannot_be_removed_is_told(tmp_path, monkeypatch):
    save(tmp_path, b'1')
    save(tmp_path, b'2')

    def fail(path, parked=None):
        raise UserError('it is held')
    real = previous_generations.remove_tree
    monkeypatch.setattr(previous_generations, 'remove_tree',
                        lambda path, parked=None: fail(path) if parked else real(path))
    notice, = save(tmp_path, b'3')
    assert 'it is held' in notice and read_mark(tmp_path) == b'3'
    assert read_kept(tmp_path) == [b'2', b'1']


@pytest.mark.skipif(os.name == 'nt', reason='Windows tells when a file was made, not changed')
def test_a_copy_with_its_old_date_is_kept_as_it_is(tmp_path, links):
    """A backup that somebody put back by hand."""
    save(tmp_path, b'1')
    backup = tmp_path / 'backup'
    backup.mkdir()
    for name in NAMES:
        shutil.copy2(str(tmp_path / name), str(backup / name))
    save(tmp_path, b'2')
    time.sleep(0.05)        # the clock of file systems ticks slower than that of programs
    for name in NAMES:
        shutil.copy2(str(backup / name), str(tmp_path / name))
    save(tmp_path, b'3')
    assert read_kept(tmp_path) == [b'1'] and read_mark(tmp_path) == b'3'

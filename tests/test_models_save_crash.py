"""Saves and backups of a model that are struck at every step: kills, power cuts, a disk that is
full or broken, a file that another program holds (save_crash.py does it, and says how)."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / 'save_crash.py'
SMALL_DISK = '4m'


@pytest.fixture
def quick_folder(tmp_path):
    """In memory where that can be had: thousands of syncs take minutes on a slow disk."""
    if not os.access('/dev/shm', os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir='/dev/shm') as folder:
        yield Path(folder)


def run(mode, root):
    done = subprocess.run([sys.executable, str(PROGRAM), mode, str(root)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, timeout=280)
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize('mode', ['kills', 'kills_without_links'])
def test_a_kill_at_any_step_loses_at_most_one_save(quick_folder, mode):
    """Every call that changes the disk, in two saves and the backup between them."""
    result = run(mode, quick_folder / 'r')
    assert result['rounds'] >= 200
    assert set(result['kinds']) == {'open', 'write', 'fsync', 'replace', 'link', 'unlink', 'mkdir',
                                    'rmdir'}


def test_a_power_cut_at_any_step_loses_at_most_one_save(quick_folder):
    assert run('power', quick_folder / 'r')['rounds'] > 100


@pytest.mark.parametrize('mode, rounds', [('full', 100), ('broken', 100), ('held', 30)])
def test_a_step_that_fails_leaves_the_old_save_or_the_new_one(quick_folder, mode, rounds):
    """A full disk; an error after half a write; a replacement that is refused ten times."""
    assert run(mode, quick_folder / 'r')['rounds'] >= rounds


def test_a_disk_that_is_really_full(tmp_path):
    disk = tmp_path / 'disk'
    disk.mkdir()
    if not sys.platform.startswith('linux') or os.geteuid() != 0 or shutil.which('mount') is None:
        pytest.skip('a small disk can be made by root of a Linux system only')
    if subprocess.call(['mount', '-t', 'tmpfs', '-o', 'size=' + SMALL_DISK, 'tmpfs', str(disk)]):
        pytest.skip('this system lets nobody mount a small disk')
    try:
        result = run('small_disk', disk / 'r')
    finally:
        subprocess.check_call(['umount', str(disk)])
    assert 5 < result['failures'] < result['rounds'], 'some saves fitted, some did not'


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, 'killpg'), reason='kills a group of processes')
def test_kills_of_the_real_trainer(tmp_path, monkeypatch):
    """A graph, a session, sample generators: what bench/kill_trainer.py does a hundred times."""
    monkeypatch.syspath_prepend(str(HERE / 'bench'))
    import kill_trainer
    command = [sys.executable, str(HERE / 'trainer_child.py'), str(tmp_path),
               json.dumps({'execute_programs': [[-0.3, kill_trainer.PROGRAM]]})]
    results = list(kill_trainer.strike(command, tmp_path / 'model', 't_Tiny', 't_Tiny_opt.npy',
                                       count=5, backups_count=3))
    assert len(results) == 5 and [failures for _, _, failures in results] == [[]] * 5

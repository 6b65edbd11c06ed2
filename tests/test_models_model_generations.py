"""models/model_generations.py: which saves of a model there are, whether they are good, going back
to one."""
import os
import pickle
import shutil

import numpy as np
import pytest

from core import persist
from core.errors import UserError
from models import backups, model_generations
from models.model_generations import (DAMAGED, UNRECORDED, VERIFIED, Generation, inspect,
                                      list_generations, prepare_load)

NAME = 'me_SAEHD'


def make_content(iteration, value=None, names=('encoder', 'opt')):
    """File name -> bytes of a save whose weights hold `value`, by default the iteration."""
    value = iteration if value is None else value
    weights = persist.dumps({'w:0': np.full((4, 5), value, np.float32), 'i:0': np.int64(3)})
    files = {'%s_%s.npy' % (NAME, name): weights for name in names}
    files[NAME + '_summary.txt'] = b'text'
    files[NAME + '_data.dat'] = persist.dumps({'iter': iteration, 'options': {'a': 1}})
    return files


def save(folder, iteration, value=None, **keywords):
    keywords.setdefault('names', ('encoder', 'opt'))
    persist.commit_generation(folder, NAME, make_content(iteration, value, keywords['names']), 1,
                              {'iteration': iteration, 'time': 1000 + iteration})


def back_up(folder):
    root = folder / (NAME + '_autobackups')
    files = sorted(path for path in folder.iterdir() if path.suffix in ('.npy', '.dat', '.txt'))
    new = backups.write_new_backup(root, NAME, files, {'preview_x.jpg': b'jpg'},
                                   persist.read_manifest(folder, NAME)['info'])
    return backups.rotate_backups(root, new)


def read_iterations(folder, name=NAME):
    """The iteration that each file of the current save holds."""
    values = [persist.load(path)['w:0'][0, 0] for path in sorted(folder.glob(name + '_*.npy'))]
    return sorted(set([persist.load(folder / (name + '_data.dat'))['iter']] + values))


def find(folder, which):
    return next(generation for generation in list_generations(folder, NAME)
                if generation.which == which)


def zero(path):
    """What a power cut makes of a file that was not synced. The file is replaced, as every save
    does it: its content may have a second name."""
    content = bytes(path.stat().st_size)
    path.unlink()
    path.write_bytes(content)


@pytest.fixture
def folder(tmp_path):
    """Backups of iterations 1 and 2, the save before of 3, the current one of 4."""
    for iteration in (1, 2, 3, 4):
        save(tmp_path, iteration)
        if iteration < 3:
            back_up(tmp_path)
    return tmp_path


def list_all(folder):
    return [(generation.which, inspect(generation).iteration, inspect(generation).state)
            for generation in list_generations(folder, NAME)]


def test_all_generations_are_found(folder):
    (folder / (NAME + '_autobackups') / '_new').mkdir()
    (folder / (NAME + '_autobackups') / 'notes').mkdir()
    (folder / 'me_AMP_data.dat').write_bytes(b'of another model')
    assert list_all(folder) == [('current', 4, VERIFIED), ('previous', 3, VERIFIED),
                                ('01', 2, VERIFIED), ('02', 1, VERIFIED)]
    report = inspect(find(folder, '01'))
    assert report.is_finite and report.problems == [] and report.saved_at == 1002
    assert report.size == sum(map(len, make_content(2).values()))


@pytest.mark.parametrize('which', ['current', 'previous', '02'])
def test_damage_is_found_wherever_it_is(folder, which):
    generation = find(folder, which)
    path = generation.folder / (NAME + '_opt.npy')
    whole = path.read_bytes()
    zero(path)
    assert inspect(generation).state == DAMAGED and inspect(generation).is_finite is None
    assert NAME + '_opt.npy' in inspect(generation).problems[0]
    path.write_bytes(make_content(7)[path.name])    # it can be read
    report = inspect(generation)
    assert report.state == DAMAGED and 'is not as it was saved' in ' '.join(report.problems)
    path.unlink()
    assert inspect(generation).problems == [NAME + '_opt.npy is missing.']
    path.write_bytes(whole)
    (generation.folder / (NAME + '_data.dat')).unlink()
    assert inspect(generation).state == DAMAGED
    assert inspect(generation).iteration is None


def test_crafted_and_foreign_files_are_damage(folder):
    for content in (b'cos\nsystem\n(S"echo"\ntR.', persist.dumps([1])):
        (folder / (NAME + '_opt.npy')).unlink()
        (folder / (NAME + '_opt.npy')).write_bytes(content)
        assert inspect(find(folder, 'current')).state == DAMAGED


def test_weights_that_are_not_finite_are_told(folder):
    save(folder, 5, float('nan'))
    report = inspect(find(folder, 'current'))
    assert report.state == VERIFIED and report.is_finite is False
    assert 'not finite' in report.problems[0] and not model_generations.is_good(report)


def write_as_older_install(folder, iteration):
    """Every file replaced, no record."""
    for name, content in make_content(iteration).items():
        (folder / (name + '.tmp')).write_bytes(content)
        os.replace(str(folder / (name + '.tmp')), str(folder / name))


def test_what_an_older_install_saved_is_unrecorded_and_good(folder, tmp_path_factory):
    write_as_older_install(folder, 9)
    report = inspect(find(folder, 'current'))
    assert (report.state, report.iteration, report.is_finite) == (UNRECORDED, 9, True)
    other = tmp_path_factory.mktemp('old')
    write_as_older_install(other, 8)
    assert inspect(Generation('current', other, NAME)).state == UNRECORDED
    prepare_load(folder, NAME, goes_back=True)
    assert read_iterations(folder) == [9]


@pytest.mark.parametrize('which, iteration', [('previous', 3), ('01', 2), ('02', 1)])
def test_restoring_keeps_what_it_replaces(folder, which, iteration):
    model_generations.restore(folder, NAME, find(folder, which))
    assert read_iterations(folder) == [iteration]
    current, previous = list_all(folder)[:2]
    assert current == ('current', iteration, VERIFIED) and previous == ('previous', 4, VERIFIED)
    assert inspect(find(folder, 'current')).saved_at == 1000 + iteration
    assert not (folder / 'preview_x.jpg').exists()
    assert list_all(folder)[2:] == [('01', 2, VERIFIED), ('02', 1, VERIFIED)]
    model_generations.restore(folder, NAME, find(folder, 'previous'))
    assert read_iterations(folder) == [4], 'and back again'


def test_a_part_that_the_restored_save_lacks_goes_with_the_current_one(folder):
    save(folder, 5, names=('encoder', 'opt', 'GAN'))
    model_generations.restore(folder, NAME, find(folder, '02'))
    assert read_iterations(folder) == [1] and not (folder / (NAME + '_GAN.npy')).exists()
    assert (find(folder, 'previous').folder / (NAME + '_GAN.npy')).exists()
    model_generations.restore(folder, NAME, find(folder, 'previous'))
    assert read_iterations(folder) == [5] and (folder / (NAME + '_GAN.npy')).exists()


def test_restoring_keeps_also_where_no_earlier_saves_are_kept(folder, monkeypatch):
    monkeypatch.setenv('DFL_KEEP_PREVIOUS', '0')
    model_generations.restore(folder, NAME, find(folder, '01'))
    assert list_all(folder)[:2] == [('current', 2, VERIFIED), ('previous', 4, VERIFIED)]


def test_backups_of_a_renamed_model_fit(folder):
    for path in sorted(folder.iterdir()):
        path.rename(path.with_name(path.name.replace('me_', 'you_')))
    (folder / 'you_SAEHD_generation.json').unlink()
    backup = [g for g in list_generations(folder, 'you_SAEHD') if g.which == '02'][0]
    assert backup.name == NAME and inspect(backup).state == VERIFIED
    model_generations.restore(folder, 'you_SAEHD', backup)
    assert read_iterations(folder, 'you_SAEHD') == [1] and not list(folder.glob('me_*'))
    assert persist.verify_generation(folder, 'you_SAEHD') == []


# ---------------------------------------------------------------- opening a model

@pytest.mark.parametrize('file', ['encoder.npy', 'data.dat'])
def test_a_damaged_save_costs_one_interval_and_it_is_said(folder, capsys, file):
    zero(folder / ('%s_%s' % (NAME, file)))
    prepare_load(folder, NAME)
    assert read_iterations(folder) == [3]
    output = capsys.readouterr().out
    assert file in output and 'Went back to the save before it (iteration 3, saved' in output
    assert inspect(find(folder, 'previous')).state == DAMAGED, 'what was there is kept'
    save(folder, 5)
    assert list_all(folder)[:2] == [('current', 5, VERIFIED), ('previous', 3, VERIFIED)]


def test_without_another_save_a_damaged_one_stops_the_start(tmp_path):
    save(tmp_path, 1)
    zero(tmp_path / (NAME + '_opt.npy'))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(persist.CorruptFileError, match='_opt.npy'):
        prepare_load(tmp_path, NAME)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_damaged_previous_save_is_not_gone_back_to(folder):
    zero(folder / (NAME + '_opt.npy'))
    zero(find(folder, 'previous').folder / (NAME + '_encoder.npy'))
    with pytest.raises(persist.CorruptFileError, match='_opt.npy'):
        prepare_load(folder, NAME)


def test_an_interrupted_save_with_damaged_temporaries_goes_back(folder, monkeypatch, capsys):
    replace = os.replace

    def refuse(temp, path):
        if path.endswith('opt.npy'):
            raise KeyboardInterrupt()
        replace(temp, path)
    with monkeypatch.context() as patch:
        patch.setattr(os, 'replace', refuse)
        with pytest.raises(KeyboardInterrupt):
            save(folder, 5)
    zero(folder / (NAME + '_opt.npy.tmp'))
    prepare_load(folder, NAME)
    assert read_iterations(folder) == [4] and 'Went back' in capsys.readouterr().out


def test_a_missing_data_file_goes_back_too(folder, capsys):
    """The model would begin anew otherwise, over its own weights."""
    (folder / (NAME + '_data.dat')).unlink()
    prepare_load(folder, NAME)
    assert read_iterations(folder) == [3] and '_data.dat is missing' in capsys.readouterr().out


def test_a_save_by_another_process_meanwhile_is_no_damage(folder, monkeypatch):
    """A merger that starts while the trainer saves reads files of two saves."""
    calls = []
    real = model_generations.check_current

    def check(*args):
        calls.append(args)
        if len(calls) == 1:
            save(folder, 5)
            raise persist.CorruptFileError('read while it was replaced')
        real(*args)
    monkeypatch.setattr(model_generations, 'check_current', check)
    prepare_load(folder, NAME)
    assert read_iterations(folder) == [5] and len(calls) == 2


def test_crafted_files_are_never_gone_back_from(folder):
    (folder / (NAME + '_opt.npy')).unlink()
    (folder / (NAME + '_opt.npy')).write_bytes(pickle.dumps({'w': os.system}))
    with pytest.raises(persist.UnsafePickleError, match='system'):
        prepare_load(folder, NAME)


def test_a_file_of_another_model_is_taken_and_told(folder, capsys):
    content = persist.dumps({'w:0': np.full((4, 5), 7, np.float32)})
    (folder / (NAME + '_encoder.npy')).unlink()
    (folder / (NAME + '_encoder.npy')).write_bytes(content)
    prepare_load(folder, NAME)
    assert (folder / (NAME + '_encoder.npy')).read_bytes() == content
    assert 'Not as the last save wrote it: me_SAEHD_encoder.npy' in capsys.readouterr().out


def test_a_weights_file_that_was_taken_away_is_no_damage(folder):
    """Users do so to begin a part anew."""
    (folder / (NAME + '_opt.npy')).unlink()
    prepare_load(folder, NAME)
    assert not (folder / (NAME + '_opt.npy')).exists()


def test_a_folder_that_does_not_exist_is_nothing(tmp_path):
    prepare_load(tmp_path / 'none', NAME, goes_back=True)


# ---------------------------------------------------------------- the last good one

def test_last_good_leaves_a_good_save_alone(folder, capsys):
    prepare_load(folder, NAME, goes_back=True)
    assert read_iterations(folder) == [4] and 'last good one' in capsys.readouterr().out


def test_last_good_skips_all_that_is_not_good(folder, capsys):
    save(folder, 5, float('inf'))
    zero(find(folder, 'previous').folder / (NAME + '_opt.npy'))
    zero(find(folder, '01').folder / (NAME + '_data.dat'))
    prepare_load(folder, NAME, goes_back=True)
    assert read_iterations(folder) == [1]
    output = capsys.readouterr().out
    assert 'not finite' in output and 'Restored 02: iteration 1' in output


def test_last_good_prefers_the_newest(folder, capsys):
    """A backup may be newer than the save before."""
    back_up(folder)
    save(folder, 5, float('nan'))
    shutil.rmtree(str(find(folder, 'previous').folder))
    prepare_load(folder, NAME, goes_back=True)
    assert read_iterations(folder) == [4] and 'Restored 01' in capsys.readouterr().out


def test_last_good_works_with_a_damaged_record_and_without_data(folder):
    (folder / (NAME + '_generation.json')).write_bytes(bytes(100))
    with pytest.raises(persist.CorruptFileError):
        prepare_load(folder, NAME)
    (folder / (NAME + '_data.dat')).unlink()
    prepare_load(folder, NAME, goes_back=True)
    assert read_iterations(folder) == [3]


def test_no_good_save_at_all(folder, tmp_path_factory, capsys):
    for generation in list_generations(folder, NAME):
        zero(generation.folder / (NAME + '_encoder.npy'))
    with pytest.raises(UserError, match='no good save') as error:
        prepare_load(folder, NAME, goes_back=True)
    assert 'doctor --model' in str(error.value)
    prepare_load(tmp_path_factory.mktemp('new'), NAME, goes_back=True)
    assert 'no save' in capsys.readouterr().out


def test_restoring_xseg_leaves_the_default_options_of_its_class(tmp_path):
    """Their name begins as those of the model's files do."""
    files = {'XSeg_256.npy': persist.dumps({'w:0': np.float32(1)}),
             'XSeg_data.dat': persist.dumps({'iter': 1, 'options': {}})}
    persist.commit_generation(tmp_path, 'XSeg', files, 1)
    persist.commit_generation(tmp_path, 'XSeg', files, 1)
    (tmp_path / 'XSeg_generation.json').unlink()        # saved by an older install since
    (tmp_path / 'XSeg_default_options.dat').write_bytes(persist.dumps({'face_type': 'wf'}))
    previous = [generation for generation in list_generations(tmp_path, 'XSeg')
                if generation.which == 'previous'][0]
    model_generations.restore(tmp_path, 'XSeg', previous)
    assert persist.load(tmp_path / 'XSeg_default_options.dat') == {'face_type': 'wf'}

"""mainscripts/DoctorModel.py: the table of a model's saves, going back by the command line."""
import os
import shutil
import subprocess
import sys

import pytest

import main as main_module
from conftest import TREE
from core import persist
from core.errors import UserError
from mainscripts import DoctorModel
from test_models_model_generations import (NAME, back_up, find, folder, read_iterations,  # noqa: F401
                                           save, zero)


def run(folder, *arguments):  # noqa: F811
    return main_module.main(['doctor', '--model', NAME, '--model-dir', str(folder)]
                            + list(arguments))


def test_table(folder, capsys):  # noqa: F811
    zero(find(folder, '02').folder / (NAME + '_opt.npy'))
    assert run(folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == '%s in %s' % (NAME, folder)
    assert lines[1].split() == ['save', 'iteration', 'saved', 'size', 'state', 'weights']
    rows = [line.split() for line in lines[2:]]
    assert [(row[0], row[1], row[-2], row[-1]) for row in rows[:4]] == [
        ('current', '4', 'verified', 'finite'), ('previous', '3', 'verified', 'finite'),
        ('01', '2', 'verified', 'finite'), ('02', '1', 'damaged', '?')]
    assert 'me_SAEHD_opt.npy is damaged' in lines[6] and lines[-1] == 'Done.'


def test_restore_and_back_again(folder, capsys):  # noqa: F811
    assert run(folder, '--restore', '1') == 0
    assert read_iterations(folder) == [2]
    output = capsys.readouterr().out
    assert 'Restored 01 of me_SAEHD: iteration 2, saved' in output
    assert 'previous                 4' in output
    assert run(folder, '--restore', 'previous') == 0
    assert read_iterations(folder) == [4]


def test_a_save_that_is_not_good_is_an_error_with_remedies(folder, capsys):  # noqa: F811
    save(folder, 5, float('nan'))
    assert run(folder) == 1
    assert 'NOT FINITE' in capsys.readouterr().out
    assert run(folder, '--restore', 'previous') == 0
    with pytest.raises(UserError, match='not finite'):
        DoctorModel.main(NAME, folder, 'previous')
    assert read_iterations(folder) == [4]


@pytest.mark.parametrize('arguments, words', [
    (['--model', 'you', '--model-dir', '{}'], ["no model 'you'", 'me_SAEHD']),
    (['--model', 'me', '--model-dir', '{}/none'], ['no folder', '--model-dir']),
    (['--model', 'me'], ['--model-dir', 'for example']),
    (['--model-dir', '{}'], ['--model', 'for example']),
    (['--restore', '01'], ['--model']),
    (['--model', 'me', '--model-dir', '{}', '--restore', '05'], ["no save '05'", 'previous, 01']),
    (['--model', 'me', '--model-dir', '{}', '--restore', 'current'], ['in place already'])])
def test_what_it_cannot_do_ends_with_an_error(folder, capsys, arguments, words):  # noqa: F811
    before = read_iterations(folder)
    code = main_module.main(['doctor'] + [text.format(folder) for text in arguments])
    error = capsys.readouterr().err
    assert code == 1 and all(word in error for word in words), error
    assert read_iterations(folder) == before


def test_a_model_is_chosen_by_its_name_or_class(tmp_path):
    for name in ('a_SAEHD', 'b_SAEHD', 'b_AMP', 'my_own_Quick96'):
        (tmp_path / (name + '_data.dat')).write_bytes(b'')
    (tmp_path / 'gone_SAEHD_previous').mkdir()
    (tmp_path / 'XSeg_autobackups').mkdir()
    for text, name in [('a', 'a_SAEHD'), ('b_AMP', 'b_AMP'), ('Quick96', 'my_own_Quick96'),
                       ('AMP', 'b_AMP'), ('my_own', 'my_own_Quick96'), ('XSeg', 'XSeg'),
                       ('gone', 'gone_SAEHD')]:
        assert DoctorModel.choose_model(tmp_path, text) == name
    for text in ('b', 'SAEHD'):
        with pytest.raises(UserError, match='one of several'):
            DoctorModel.choose_model(tmp_path, text)


def test_a_model_that_has_lost_its_files_comes_back(folder):  # noqa: F811
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    assert run(folder) == 1
    assert run(folder, '--restore', '01') == 0 and read_iterations(folder) == [2]


def test_a_damaged_record_is_told(folder, capsys):  # noqa: F811
    (folder / (NAME + '_generation.json')).write_bytes(bytes(50))
    assert run(folder) == 0
    assert 'unrecorded' in capsys.readouterr().out
    assert run(folder, '--restore', 'previous') == 0
    assert read_iterations(folder) == [3] and persist.verify_generation(folder, NAME) == []


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='forks a child for each step')
def test_a_kill_at_any_step_of_a_restore_loses_nothing(tmp_path):
    """What was current is whole in place or kept, what is restored is still where it was."""
    template = tmp_path / 'template'
    template.mkdir()
    for iteration in (1, 2, 3, 4):
        save(template, iteration)
        if iteration < 3:
            back_up(template)
    for step in range(200):
        copy = tmp_path / str(step)
        shutil.copytree(str(template), str(copy))
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            count_down(step)
            DoctorModel.main(NAME, copy, '02')
            os._exit(0)
        is_over = os.waitpid(pid, 0)[1] == 0
        persist.recover_generation(copy, NAME)
        current = read_iterations(copy)
        assert current in ([4], [1]) and persist.verify_generation(copy, NAME) == []
        whole = [read_iterations(path)
                 for path in persist.list_previous(copy, NAME) + [copy]
                 if persist.verify_generation(path, NAME) == []]
        assert [4] in whole and [[1]] == [read_iterations(find(copy, '02').folder)], step
        if is_over:
            break
    assert is_over and step > 30 and current == [1]


def count_down(steps):
    """Ends this process at the given step of those that change the disk."""
    left = [steps]

    def make_step(function):
        def step(*args, **kwargs):
            if left[0] == 0:
                os._exit(9)
            left[0] -= 1
            return function(*args, **kwargs)
        return step
    for name in ('replace', 'link', 'mkdir', 'unlink', 'rmdir', 'fsync'):
        setattr(os, name, make_step(getattr(os, name)))


def test_it_needs_no_tensorflow(folder):  # noqa: F811
    code = ('import sys; sys.argv[1:] = ["doctor", "--model", "me", "--model-dir", %r]; '
            'import main; code = main.main(); assert "tensorflow" not in sys.modules; '
            'sys.exit(code)' % str(folder))
    assert subprocess.call([sys.executable, '-c', code],
                           env=dict(os.environ, PYTHONPATH=str(TREE))) == 0

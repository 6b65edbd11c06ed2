"""models/model_files.py: which models a folder holds; rename and delete touch one model only (spec
20 section 3)."""
import errno
import os
from pathlib import Path

import pytest

from core import persist
from core.errors import UserError
from core.interact import interact as io
from models import model_files


@pytest.fixture
def folder(tmp_path):
    """Models `my face` (older) and `a_b` (newer) of SAEHD, `my face` of AMP, strangers and
    folders."""
    for name in ('my face_SAEHD_data.dat', 'my face_SAEHD_encoder.npy', 'my face_AMP_data.dat',
                 'a_b_SAEHD_data.dat', 'my face_MySAEHD_data.dat', 'readme',
                 'SAEHD_default_options.dat', '_SAEHD_data.dat'):
        (tmp_path / name).write_bytes(name.encode())
    for name in ('my face_SAEHD_history/SAEHD', 'my face_SAEHD_autobackups/01'):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / 'x.jpg').write_bytes(b'x')
    os.utime(str(tmp_path / 'my face_SAEHD_data.dat'), (1000, 1000))
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def script(monkeypatch, *answers):
    """Answer the text questions in this order; one question too many fails."""
    pending = list(answers)
    monkeypatch.setattr(io, 'input_str', lambda text, default_value=None, *a, **k: pending.pop(0))
    return pending


def test_listing_is_by_class_and_newest_first(folder):
    assert model_files.list_saved_models(folder, 'SAEHD') == ['a_b', 'my face']
    assert model_files.list_saved_models(folder, 'AMP') == ['my face']
    assert model_files.list_saved_models(folder, 'XSeg') == []
    assert model_files.list_saved_models(folder / 'missing', 'SAEHD') == []


@pytest.mark.parametrize('answer,expected', [('0', 'a_b'), ('1', 'my face'), ('99', 'my face'),
                                             ('-3', 'a_b'), ('my face', 'my face'), ('a_b', 'a_b'),
                                             ('new_one', 'new one'), ('2024x', '2024x')])
def test_choosing(folder, monkeypatch, answer, expected):
    script(monkeypatch, answer)
    assert model_files.choose_model_name(folder, 'SAEHD') == expected


def test_the_name_can_be_given_as_an_option(tmp_path, monkeypatch):
    from core import options
    from tiny_support import answer_with_defaults, make_model
    answer_with_defaults(monkeypatch)
    monkeypatch.setattr(model_files, 'choose_model_name', None)     # asking fails
    monkeypatch.setattr(options, '_sources', options.OptionSources(
        environ={'DFL_FORCE_MODEL_NAME': 'given'}))
    assert make_model(tmp_path, force_model_name=None).get_model_name() == 'given_Tiny'


def test_silent_start_can_be_given_as_an_option(tmp_path, monkeypatch):
    from core import options
    from tiny_support import answer_with_defaults, make_model, train
    answer_with_defaults(monkeypatch)
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    monkeypatch.setattr(io, 'input_str', None)      # asking fails
    monkeypatch.setattr(options, '_sources', options.OptionSources(
        environ={'default_silent_start': '1'}))
    assert make_model(tmp_path, force_model_name=None).get_model_name() == 't_Tiny'


def test_a_dry_run_lists_without_finishing_saves(folder, monkeypatch):
    monkeypatch.setattr(model_files, 'finish_interrupted_saves', None)
    assert model_files.list_saved_models(folder, 'SAEHD', may_write=False) == ['a_b', 'my face']


def test_silent_start_takes_the_latest_without_asking(folder, monkeypatch):
    script(monkeypatch)
    assert model_files.choose_model_name(folder, 'SAEHD', silent_start=True) == 'a_b'


def test_a_name_is_asked_when_there_is_no_model_even_with_silent_start(tmp_path, monkeypatch):
    script(monkeypatch, 'first_try')
    assert model_files.choose_model_name(tmp_path, 'SAEHD', silent_start=True) == 'first try'


def test_impossible_names_are_asked_again(tmp_path, monkeypatch):
    pending = script(monkeypatch, 'a/b', '..', 'fine')
    assert model_files.choose_model_name(tmp_path, 'SAEHD') == 'fine' and not pending


def test_delete_removes_one_model_with_its_folders(folder, monkeypatch):
    before = names(folder)
    pending = script(monkeypatch, 'd', 'my face', '0')
    assert model_files.choose_model_name(folder, 'SAEHD') == 'a_b' and not pending
    assert names(folder) == [name for name in before if not name.startswith('my face_SAEHD_')]


def test_rename_moves_one_model_with_its_folders(folder, monkeypatch):
    before = names(folder)
    pending = script(monkeypatch, 'r', 'my face', 'your_face', '1')
    assert model_files.choose_model_name(folder, 'SAEHD') == 'your face' and not pending
    assert names(folder) == sorted(
        name.replace('my face_SAEHD_', 'your face_SAEHD_') for name in before)
    assert (folder / 'your face_SAEHD_history/SAEHD/x.jpg').exists()


def test_rename_to_an_existing_model_is_refused(folder):
    (folder / 'a b_SAEHD_data.dat').write_bytes(b'')
    before = names(folder)
    with pytest.raises(UserError, match='already'):
        model_files.rename_model(folder, 'my face', 'a_b', 'SAEHD')
    assert names(folder) == before


def test_unknown_name_for_rename_changes_nothing(folder, monkeypatch, capsys):
    before = names(folder)
    script(monkeypatch, 'd', 'nobody', '0')
    assert model_files.choose_model_name(folder, 'SAEHD') == 'a_b'
    assert names(folder) == before and 'nobody' in capsys.readouterr().out


def test_an_interrupted_first_save_is_listed(tmp_path, monkeypatch):
    """The files were complete and named in the record, but not one had its name yet."""
    replace = os.replace

    def replace_only_the_record(temp, path):
        if not path.endswith('.json'):
            raise KeyboardInterrupt()
        replace(temp, path)
    monkeypatch.setattr(os, 'replace', replace_only_the_record)
    with pytest.raises(KeyboardInterrupt):
        persist.commit_generation(tmp_path, 'x_SAEHD',
                                  {'x_SAEHD_net.npy': b'net', 'x_SAEHD_data.dat': b'data'})
    monkeypatch.undo()
    assert not (tmp_path / 'x_SAEHD_data.dat').exists()
    assert model_files.list_saved_models(tmp_path, 'SAEHD') == ['x']
    assert (tmp_path / 'x_SAEHD_net.npy').read_bytes() == b'net'


def write_pickle(path, content):
    path.write_bytes(persist.dumps(content))


def test_temporary_files_of_an_older_version_are_taken_up(tmp_path, capsys):
    """It deleted the file before it renamed the new one: only the temporary is left."""
    write_pickle(tmp_path / 'my_x_SAEHD_data.dat.tmp', {'iter': 5, 'options': {}})
    write_pickle(tmp_path / 'my_x_SAEHD_encoder.npy.tmp', {'w:0': 1})
    write_pickle(tmp_path / 'my_x_SAEHD_inter.npy', {'w:0': 2})
    write_pickle(tmp_path / 'my_x_SAEHD_inter.npy.tmp', {'w:0': 3})     # older than its file
    assert model_files.list_saved_models(tmp_path, 'SAEHD') == ['my_x']
    assert persist.load(tmp_path / 'my_x_SAEHD_data.dat')['iter'] == 5
    assert persist.load(tmp_path / 'my_x_SAEHD_encoder.npy') == {'w:0': 1}
    assert persist.load(tmp_path / 'my_x_SAEHD_inter.npy') == {'w:0': 2}
    assert capsys.readouterr().out.count('finished the save') == 2


def test_damaged_and_crafted_temporaries_are_told_and_stay(tmp_path, capsys):
    (tmp_path / 'a_SAEHD_data.dat.tmp').write_bytes(b'\x00' * 100)
    (tmp_path / 'b_SAEHD_data.dat.tmp').write_bytes(b'cos\nsystem\n(S"echo"\ntR.')
    assert model_files.list_saved_models(tmp_path, 'SAEHD') == []
    output = capsys.readouterr().out
    assert 'a_SAEHD_data.dat is missing' in output and 'os.system' in output
    assert names(tmp_path) == ['a_SAEHD_data.dat.tmp', 'b_SAEHD_data.dat.tmp']
    with pytest.raises(persist.UnsafePickleError):
        model_files.recover_temporaries(tmp_path, 'b_SAEHD')


def test_temporaries_of_a_model_with_a_record_are_left_alone(tmp_path):
    """Its record says what belongs to the last save; a temporary beside it is of none."""
    persist.commit_generation(tmp_path, 'x_SAEHD', {'x_SAEHD_data.dat': persist.dumps({})})
    write_pickle(tmp_path / 'x_SAEHD_GAN.npy.tmp', {})
    model_files.recover_temporaries(tmp_path, 'x_SAEHD')
    assert not (tmp_path / 'x_SAEHD_GAN.npy').exists()


@pytest.mark.parametrize('held', ['my face_SAEHD_history', 'my face_SAEHD_data.dat'])
def test_a_rename_that_another_program_prevents_changes_nothing(held, folder, monkeypatch, capsys):
    persist.commit_generation(folder, 'my face_SAEHD', {'my face_SAEHD_encoder.npy': b'e'})
    before = names(folder)
    rename = Path.rename

    def refuse(self, target):
        if self.name == held:
            raise PermissionError(errno.EACCES, 'in use')
        return rename(self, target)
    monkeypatch.setattr(Path, 'rename', refuse)
    script(monkeypatch, 'r', 'my face', 'new', '1')
    assert model_files.choose_model_name(folder, 'SAEHD') == 'my face'
    assert names(folder) == before
    output = capsys.readouterr().out
    assert held + ' cannot be renamed: in use' in output and 'keeps its name' in output


def test_a_deletion_that_another_program_prevents_can_be_repeated(folder, monkeypatch, capsys):
    """No earlier save of a model that is half deleted comes back in its place."""
    files = {'x_SAEHD_data.dat': persist.dumps({'iter': 1, 'options': {}})}
    for _ in range(2):
        persist.commit_generation(folder, 'x_SAEHD', files, keep_previous=1)

    def refuse(path):
        raise PermissionError(errno.EACCES, 'in use')
    monkeypatch.setattr(model_files.shutil, 'rmtree', refuse)
    script(monkeypatch, 'd', 'x', 'x')
    assert model_files.choose_model_name(folder, 'SAEHD') == 'x'
    assert 'x_SAEHD_previous cannot be deleted: in use' in capsys.readouterr().out
    assert names(folder / 'x_SAEHD_previous') == ['1']
    assert not (folder / 'x_SAEHD_generation.json').exists()
    monkeypatch.undo()
    script(monkeypatch, 'd', 'x', 'a_b')
    assert model_files.choose_model_name(folder, 'SAEHD') == 'a_b'
    assert not [name for name in names(folder) if name.startswith('x_')]


@pytest.mark.parametrize('name', ['sub/x', 'a\tb', 'a' * 240, 'x\udcff'])
def test_a_name_whose_files_could_not_be_read_again_is_refused(name, tmp_path, monkeypatch):
    from tiny_support import answer_with_defaults, make_model
    answer_with_defaults(monkeypatch)
    (tmp_path / 'model' / 'sub').mkdir(parents=True)
    with pytest.raises(UserError, match='cannot be the name of a model'):
        make_model(tmp_path, force_model_name=name)
    with pytest.raises(UserError, match='cannot be the name of a model'):
        model_files.clean_model_name(name)

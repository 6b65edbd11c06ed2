"""models/model_store.py: what is read is checked and never run, a save is one generation (spec 20
sections 5, 6 and 11)."""
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from core import persist
from core.errors import UserError
from core.leras import nn
from models import model_store
from tiny_support import answer_with_defaults, make_folders, make_model, train

GOLDEN = Path(__file__).resolve().parent / 'golden' / 'models'


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    return answer_with_defaults(monkeypatch)


class Boom:
    """A pickle of this runs a command when a careless program reads it."""
    def __reduce__(self):
        return os.system, ('echo careless > %s' % Boom.target,)


def test_data_file_is_one_that_old_installs_read(tmp_path):
    model = make_model(tmp_path)
    model.options['power'] = np.float64(0.25)
    train(model, 1)
    model.save()
    data = (tmp_path / 'model' / 't_Tiny_data.dat').read_bytes()
    assert data[:2] == b'\x80\x04' and b'numpy._core' not in data
    content = pickle.loads(data)
    assert list(content) == [
        'iter', 'options', 'loss_history', 'sample_for_preview', 'choosed_gpu_indexes'
    ]
    assert type(content['options']['power']) is float and content['choosed_gpu_indexes'] is None
    assert type(content['loss_history'][0][0]) is float


def test_data_file_of_the_reference_is_taken_over_whole(tmp_path):
    data = model_store.load_model_data(GOLDEN / 'p_SAEHD_data_small.dat')
    assert data['iter'] == 2 and data['options']['archi'] == 'df-udt' and len(data['options']) == 31
    assert data['loss_history'][0] == [4.862804889678955, 5.66190242767334]
    assert [a.shape
            for a in data['sample_for_preview'][1]] == [(2, 4, 4, 3)] * 2 + [(2, 4, 4, 1)] * 2
    folders = make_folders(tmp_path)
    shutil.copy(str(GOLDEN / 'p_SAEHD_data_small.dat'), str(folders['model'] / 't_Tiny_data.dat'))
    model = make_model(tmp_path)
    assert model.get_iter() == 2 and model.options['ct_mode'] == 'sot' and model.target_iter == 100
    assert model.write_preview_history is True and model.preview_history_path.is_dir()
    assert model.sample_for_preview[0][0].shape == (2, 16, 16,
                                                    3), 'a sample that does not fit is replaced'
    model.save()
    assert persist.load(folders['model'] / 't_Tiny_data.dat')['options']['archi'] == 'df-udt'


def test_data_with_iteration_0_is_a_first_run(tmp_path, asked):
    folders = make_folders(tmp_path)
    (folders['model'] / 't_Tiny_data.dat').write_bytes(
        persist.dumps({'iter': 0, 'options': {'dims': 9}}))
    model = make_model(tmp_path)
    assert model.is_first_run() and model.options['dims'] == 4 and asked


@pytest.mark.parametrize(
    'name', ['t_Tiny_data.dat', 'Tiny_default_options.dat', 't_Tiny_net.npy', 't_Tiny_opt.npy'])
def test_a_crafted_pickle_is_refused_by_name_and_not_run(tmp_path, name):
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    Boom.target = str(tmp_path / 'ran')
    (tmp_path / 'model' / name).write_bytes(pickle.dumps({'iter': 1, 'options': {}, 'x': Boom()}))
    with pytest.raises(persist.UnsafePickleError, match=r'(posix|nt)\.system'):
        make_model(tmp_path)
    assert not (tmp_path / 'ran').exists()


def test_damaged_files_stop_the_start_and_stay(tmp_path):
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    for name in ('t_Tiny_data.dat', 't_Tiny_net.npy'):
        path = tmp_path / 'model' / name
        whole = path.read_bytes()
        path.write_bytes(whole[:len(whole) // 2])
        with pytest.raises(persist.CorruptFileError):
            make_model(tmp_path)
        assert path.read_bytes() == whole[:len(whole) // 2]
        path.write_bytes(whole)


@pytest.mark.parametrize('content, what', [
    ({'iter': 5}, 'no options'), ([1, 2], 'does not hold the data'),
    ({'iter': 'many', 'options': {}}, 'iteration is'), ({'iter': None}, 'iteration is'),
    ({'iter': 5, 'options': {}, 'loss_history': 7}, 'loss history')])
def test_content_that_is_not_a_models_names_the_file(content, what, tmp_path):
    folders = make_folders(tmp_path)
    (folders['model'] / 't_Tiny_data.dat').write_bytes(persist.dumps(content))
    with pytest.raises(UserError, match='t_Tiny_data.dat.*' + what):
        make_model(tmp_path)


@pytest.mark.parametrize('content', [b'\x80\x04\x95zzz', persist.dumps([1])])
def test_damaged_default_options_are_reported_and_not_used(tmp_path, capsys, content):
    folders = make_folders(tmp_path)
    (folders['model'] / 'Tiny_default_options.dat').write_bytes(content)
    assert make_model(tmp_path).options['dims'] == 4
    output = capsys.readouterr().out
    assert 'not used' in output and 'Tiny_default_options.dat' in output


def test_options_with_numpy_scalars_become_plain(tmp_path):
    path = tmp_path / 'd.dat'
    options = dict(a=np.int32(3), b=np.float64(0.1), c=np.bool_(True), d='x', e=False)
    for content in ({'iter': np.int64(2), 'options': options}, options):
        path.write_bytes(pickle.dumps(content, 2))
        loaded = (model_store.load_model_data(path)['options'] if 'iter' in content
                  else model_store.load_default_options(path))
        assert loaded == dict(a=3, b=0.1, c=True, d='x', e=False)
        assert [type(x) for x in loaded.values()] == [int, float, bool, str, bool]


def test_weights_that_are_not_finite_never_reach_the_files(tmp_path, capsys):
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    good = (tmp_path / 'model' / 't_Tiny_net.npy').read_bytes()
    net = model.get_model_filename_list()[0][0]
    values = net.get_weights_np()
    values[2][..., 0] = np.inf
    net.set_weights(values)
    model.save()
    assert net.get_weights()[2].name in capsys.readouterr().out
    assert (tmp_path / 'model' / 't_Tiny_net.npy').read_bytes() == good


def test_a_save_reads_all_weights_in_one_session_call_and_adds_no_ops(tmp_path, monkeypatch):
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    operations = len(nn.tf.get_default_graph().get_operations())
    fetched = []
    session = nn.tf_sess

    class Counting:
        graph = session.graph

        def run(self, fetches, *args, **kwargs):
            fetched.append(fetches)
            return session.run(fetches, *args, **kwargs)
    monkeypatch.setattr(nn, 'tf_sess', Counting())
    model.save()
    assert len(fetched) == 1 and len(nn.tf.get_default_graph().get_operations()) == operations


def test_a_save_that_breaks_off_leaves_the_old_generation(tmp_path, monkeypatch):
    model = make_model(tmp_path)
    train(model, 1)
    model.save()
    good = {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()}
    train(model, 1)
    dump, calls = persist.dump, []

    def dump_two(obj, file):
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, 'No space left on device')
        dump(obj, file)
    monkeypatch.setattr(persist, 'dump', dump_two)
    with pytest.raises(UserError, match='No space left'):
        model.save()
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in (tmp_path / 'model').iterdir()} == good
    assert nn.Saveable.save_sink is None


@pytest.mark.parametrize('history', ['text', [1.0, 2.0], [[1.0], ['x']], [[1.0], None], {}])
def test_loss_history_of_another_kind_names_the_file(history, tmp_path):
    path = tmp_path / 'p_SAEHD_data.dat'
    path.write_bytes(pickle.dumps({'iter': 0, 'loss_history': history or 'no list'}, 4))
    with pytest.raises(UserError, match='p_SAEHD_data.dat.*loss history'):
        model_store.load_model_data(path)


def test_loss_history_of_numpy_numbers(tmp_path):
    path = tmp_path / 'p_SAEHD_data.dat'
    path.write_bytes(pickle.dumps({'iter': 0, 'loss_history': [[np.float32(0.5), 1]]}, 4))
    assert model_store.load_model_data(path)['loss_history'] == [[0.5, 1]]

"""SAEHDBW against the tables and check values of the gray fork (spec 60 sections 2.2 and 17.4)."""
import itertools
import pickle

import gray_support
import numpy as np
import pytest

from core import persist
from core.errors import UserError
from core.leras import nn
from models.common import towers

TABLES = gray_support.load_tables()
VECTORS = gray_support.load_json("forward_vectors.json")["results"]
PREDICTIONS = ('pred_src_src', 'pred_src_srcm', 'pred_dst_dst', 'pred_dst_dstm', 'pred_src_dst',
               'pred_src_dstm')


def list_networks(model) -> list:
    return [getattr(model, name) for name in model.layout.net_names]


@pytest.mark.parametrize('archi, has_priority', [
    ('df-ud', False), ('liae-udt', True)] + [
        pytest.param(archi, has_priority, marks=pytest.mark.slow)
        for archi, has_priority in itertools.product(gray_support.ARCHIS, (False, True))
        if (archi, has_priority) not in (('df-ud', False), ('liae-udt', True))])
def test_forward_and_loss_values_are_those_of_the_fork(archi, has_priority, tmp_path, monkeypatch):
    """Acceptance 2: within 1e-4 of the vectors."""
    wanted = VECTORS[archi]
    model = gray_support.start_model(tmp_path, monkeypatch, archi=archi, batch_size=1,
                                     eyes_mouth_prio=has_priority)
    weights = [weight for part in list_networks(model) for weight in part.get_weights()]
    assert len(weights) == wanted['n_weights']
    nn.batch_set_value([(weight, gray_support.make_weight(number, weight.shape.as_list()))
                        for number, weight in enumerate(weights)])
    tensors = [getattr(model, name) for name in PREDICTIONS] + [model.src_loss, model.dst_loss]
    *pictures, src_loss, dst_loss = nn.tf_sess.run(
        tensors, towers.feed_batch(model, *gray_support.make_batch()))
    ending = '_eyes_mouth_prio' if has_priority else ''
    np.testing.assert_allclose([src_loss[0], dst_loss[0]],
                               [wanted[side + ending] for side in ('src_loss', 'dst_loss')],
                               rtol=0, atol=1e-4)
    for name, picture in zip(PREDICTIONS, pictures):
        assert picture.shape == (1, 64, 64, 1)
        assert picture.mean() == pytest.approx(wanted[name]['mean'], abs=1e-4)
        assert picture.std() == pytest.approx(wanted[name]['std'], abs=1e-4)
        for place, value in wanted[name]['samples'].items():
            row, column = [int(number) for number in place.split(',')]
            assert picture[0, row, column, 0] == pytest.approx(value, abs=1e-4), (name, place)


def write_fork_files(folder, archi: str, **changes) -> dict:
    """A folder of a model `p` with the files of the fork's tables; {file: {key: array}}."""
    options = gray_support.support.make_options(archi=archi, **changes)
    gray_support.support.write_model_folder(folder, options, class_name='SAEHDBW')
    state, files = np.random.RandomState(1), {}
    for table in TABLES[archi]['models']:
        name = {'D_src': 'GAN', 'dis': 'code_discriminator'}.get(table['scope'], table['scope'])
        if name in ('GAN', 'code_discriminator') and not changes:
            continue
        files[name] = {row[0]: state.uniform(0, .1, row[1]).astype(row[2])
                       for row in table['weights']}
        (folder / ('p_SAEHDBW_%s.npy' % name)).write_bytes(pickle.dumps(files[name], 4))
    return files


@pytest.mark.parametrize('archi', [
    'liae-ud'] + [pytest.param(archi, marks=pytest.mark.slow) for archi in (
        'df-ud', 'df-udt', 'liae-udt')])
def test_files_of_the_fork_are_loaded_and_saved_alike(archi, tmp_path, monkeypatch):
    """Acceptance 1: same files, keys, order, dtypes and values."""
    files = write_fork_files(tmp_path, archi)
    model = gray_support.make_model(tmp_path, monkeypatch)
    model.save()
    assert {path.name for path in tmp_path.glob('p_SAEHDBW_*.npy')} == {
        'p_SAEHDBW_%s.npy' % name for name in files}
    for name, arrays in files.items():
        saved = persist.load(tmp_path / ('p_SAEHDBW_%s.npy' % name))
        assert list(saved) == list(arrays)
        for key, array in arrays.items():
            got = np.asarray(saved[key])
            assert got.dtype == array.dtype and got.shape == array.shape
            np.testing.assert_array_equal(got, array)


@pytest.mark.slow
def test_discriminators_have_the_shapes_of_the_tables(tmp_path, monkeypatch):
    model = gray_support.start_model(tmp_path, monkeypatch, gan_power=0.1, true_face_power=0.01)
    shapes = {table['scope']: [row[:3] for row in table['weights']]
              for table in TABLES['df-ud']['models']}
    for part, scope in ((model.D_src, 'D_src'), (model.code_discriminator, 'dis')):
        assert [[weight.name.split('/', 1)[1], weight.shape.as_list(),
                 weight.dtype.base_dtype.name] for weight in part.get_weights()] == shapes[scope]


def test_a_file_that_does_not_fit_is_an_error(tmp_path, monkeypatch):
    """The fork went on with an encoder at random (spec 60 section 2.5)."""
    files = write_fork_files(tmp_path, 'df-ud')
    arrays = dict(files['encoder'])
    first = next(iter(arrays))
    arrays[first] = np.zeros((5, 5, 3, 16), np.float32)     # of a colour model
    (tmp_path / 'p_SAEHDBW_encoder.npy').write_bytes(pickle.dumps(arrays, 4))
    with pytest.raises(UserError, match='encoder'):
        gray_support.make_model(tmp_path, monkeypatch)

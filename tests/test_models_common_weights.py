"""models/common/weights.py: which parts start anew, and that the user is told of it."""
from types import SimpleNamespace

import numpy as np
import pytest
import saehd_support as support

from core import persist
from core.errors import UserError
from core.leras import nn
from core.leras.weights_file import WeightsMismatchError
from models.common.weights import load_or_init_weights


def make_part(name, width=2):
    class Part(nn.ModelBase):
        def on_build(self):
            self.dense = nn.Dense(3, width)
    part = Part(name=name)
    part.get_weights()
    return part


@pytest.fixture
def model(tmp_path):
    """Parts `a` and `b`, b with its file of ones, a without one; the model has been saved."""
    support.start_engine()
    a, b = make_part('a'), make_part('b')
    write_file(tmp_path, b)
    (tmp_path / 'm_data.dat').write_bytes(b'')
    return SimpleNamespace(
        a=a, b=b, is_training=True, model_filename_list=[[a, 'a.npy'], [b, 'b.npy']],
        model_data_path=tmp_path / 'm_data.dat',
        get_strpath_storage_for_file=lambda filename: str(tmp_path / ('m_' + filename)))


def write_file(folder, part, width=2):
    (folder / ('m_%s.npy' % part.name)).write_bytes(persist.dumps({
        'dense/weight:0': np.ones((3, width), np.float32),
        'dense/bias:0': np.ones((width,), np.float32)}))


def read(part):
    return part.get_weights_np()[0]


def test_files_are_loaded_and_a_missing_one_is_an_error_message(model, capsys):
    load_or_init_weights(model, lambda part: False)
    assert (read(model.b) == 1).all() and (read(model.a) != 1).all()
    output = capsys.readouterr().out
    assert '/!\\ ' in output and 'm_a.npy' in output and 'saved before' in output
    assert 'm_b.npy' not in output


def test_a_part_that_may_be_new_is_no_error(model, capsys):
    load_or_init_weights(model, lambda part: False, may_be_new=lambda part: part is model.a)
    output = capsys.readouterr().out
    assert 'm_a.npy: no such file yet' in output and '/!\\ ' not in output


def test_a_model_that_was_never_saved_misses_nothing(model, capsys):
    model.model_data_path.unlink()
    load_or_init_weights(model, lambda part: False)
    assert '/!\\ ' not in capsys.readouterr().out


def test_merging_stops_without_a_file(model):
    model.is_training = False
    with pytest.raises(UserError, match='m_a.npy is missing'):
        load_or_init_weights(model, lambda part: False)


def test_a_part_that_must_start_anew_does_not_look_for_its_file(model, tmp_path, capsys):
    (tmp_path / 'm_b.npy').write_bytes(b'damaged')
    load_or_init_weights(model, lambda part: True)
    assert (read(model.b) != 1).all() and 'npy' not in capsys.readouterr().out


def test_a_pretrained_model_that_lacks_a_part_is_told(model, tmp_path, capsys):
    """A mistyped folder would begin from zero without a word."""
    pretrained = tmp_path / 'pretrained'
    pretrained.mkdir()
    (tmp_path / 'm_b.npy').rename(pretrained / 'b.npy')
    load_or_init_weights(model, lambda part: True, pretrained_folder=pretrained)
    assert (read(model.b) == 1).all() and np.isfinite(read(model.a)).all()
    lines = capsys.readouterr().out.splitlines()
    assert 'a.npy: not in %s, starts from initial values.' % pretrained in lines
    assert 'b.npy: starts from %s.' % (pretrained / 'b.npy') in lines
    load_or_init_weights(model, lambda part: True)
    assert 'npy' not in capsys.readouterr().out


def test_another_size_names_the_weight_or_starts_a_part_anew_that_may(model, tmp_path, capsys):
    write_file(tmp_path, model.b, width=5)
    with pytest.raises(WeightsMismatchError, match='b/dense/weight:0'):
        load_or_init_weights(model, lambda part: part is model.a)
    capsys.readouterr()
    load_or_init_weights(model, lambda part: part is model.a, may_reset=lambda part: True)
    output = capsys.readouterr().out
    assert 'm_b.npy: of another size' in output and '/!\\ ' not in output
    assert np.isfinite(read(model.b)).all() and read(model.b).shape == (3, 2)


@pytest.mark.parametrize('content, error', [
    (b'\x80\x04damaged', persist.CorruptFileError),
    (b'cos\nsystem\n(S"touch ran"\ntR.', persist.UnsafePickleError)])
def test_a_damaged_or_crafted_file_stops_even_a_part_that_may_reset(model, tmp_path, content,
                                                                    error):
    (tmp_path / 'm_b.npy').write_bytes(content)
    with pytest.raises(error, match='m_b.npy'):
        load_or_init_weights(model, lambda part: part is model.a, may_reset=lambda part: True)
    assert (tmp_path / 'm_b.npy').read_bytes() == content

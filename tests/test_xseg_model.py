"""The life of an XSeg model: reference steps, options, files, feeds, previews, pretraining."""
from pathlib import Path

import gated_support
import numpy as np
import pytest
import saehd_support as support
import xseg_support
from core import persist
from core.errors import UserError
from core.interact import interact as io
from gated_support import make_model

GOLDEN = Path(__file__).parent / 'golden' / 'xseg'
STEPS = 4


@pytest.fixture
def narrow(monkeypatch):
    support.start_engine()
    xseg_support.narrow_network(monkeypatch)
    monkeypatch.setenv('DFL_BATCH_SIZE', '2')


def write_model(folder, monkeypatch, **options) -> None:
    """The files of a model that was trained for one iteration."""
    folder.mkdir(parents=True, exist_ok=True)
    defaults = dict(face_type='wf', pretrain=False, batch_size=2)
    (folder / 'XSeg_default_options.dat').write_bytes(persist.dumps(dict(defaults, **options)))
    model = make_model('XSeg', folder, monkeypatch)
    model.train_one_iter()
    assert model.save()
    model.finalize()


@pytest.mark.slow
def test_steps_give_the_reference_numbers(tmp_path, monkeypatch):
    """Rounding decides whole steps of RMSprop's first ones: losses within 0.5 %, the first to
    1e-5, statistics of the network's file within 1 %; 8 base channels as the vectors."""
    support.start_engine()
    expected = gated_support.read_golden(GOLDEN)
    if expected is None:
        pytest.skip('reference steps are of TensorFlow 2.6 and 2.21')
    xseg_support.narrow_network(monkeypatch, 8)
    gated_support.gate_updates(monkeypatch, lr_dropout=1.0)
    from core.leras import nn
    monkeypatch.setattr(nn, 'init_weights', lambda weights: nn.batch_set_value(
        [(weight, gated_support.make_start_value(weight)) for weight in weights]))
    options = dict(face_type='wf', pretrain=False, batch_size=2)
    (tmp_path / 'XSeg_default_options.dat').write_bytes(persist.dumps(options))
    model = make_model('XSeg', tmp_path, monkeypatch)
    gated_support.reset_generators(model)
    for _ in range(STEPS):
        model.train_one_iter()
    losses = np.array(model.get_loss_history())
    np.testing.assert_allclose(losses[0], expected['losses'][0], rtol=1e-5)
    np.testing.assert_allclose(losses, expected['losses'], rtol=5e-3)
    for part, name in model.get_model_filename_list():
        content = part.get_file_content()
        assert gated_support.describe_file(content) == expected['file/' + name].tolist()
        if part is not model.opt:
            np.testing.assert_allclose(gated_support.count_statistics(content),
                                       expected['stat/' + name], rtol=1e-2, atol=2e-3)


@pytest.mark.slow
def test_a_model_is_saved_backed_up_and_resumed(narrow, tmp_path, monkeypatch):
    gated_support.gate_updates(monkeypatch, lr_dropout=1.0)
    model = make_model('XSeg', tmp_path, monkeypatch)
    assert list(model.options.items()) == [('face_type', 'wf'), ('pretrain', False),
                                           ('batch_size', 2)]
    for _ in range(2):
        model.train_one_iter()
    assert model.save()
    names = ['XSeg_256.npy', 'XSeg_256_opt.npy', 'XSeg_data.dat', 'XSeg_default_options.dat',
             'XSeg_summary.txt']
    assert set(names) <= {x.name for x in tmp_path.iterdir()}
    model.autobackups_path.mkdir(exist_ok=True)
    model.create_backup()
    kept = {x.name for x in (tmp_path / 'XSeg_autobackups' / '01').iterdir()}
    assert set(names) - {'XSeg_default_options.dat'} <= kept
    gated_support.reset_generators(model)
    model.train_one_iter()
    expected = model.get_loss_history()[-1]
    model.finalize()

    model = make_model('XSeg', tmp_path, monkeypatch)
    assert model.get_iter() == 2
    gated_support.reset_generators(model)
    model.train_one_iter()
    assert model.get_loss_history()[-1] == expected
    with pytest.raises(NotImplementedError):
        model.get_MergerConfig()


@pytest.mark.slow
def test_generators_and_when_they_are_drawn_from(narrow, tmp_path, monkeypatch):
    model = make_model('XSeg', tmp_path, monkeypatch)
    labelled, src, dst = model.get_training_data_generators()
    assert labelled.args == ([tmp_path / 'src', tmp_path / 'dst'],)
    assert labelled.kwargs['resolution'] == 256 and labelled.kwargs['data_format'] == 'NHWC'
    assert labelled.kwargs['face_type'].name == 'WHOLE_FACE'
    for generator, name in ((src, 'src'), (dst, 'dst')):
        assert generator.args == (tmp_path / name,)
        assert generator.kwargs['raise_on_no_data'] is False
        assert generator.kwargs['sample_process_options'].random_flip is False
        image, = generator.kwargs['output_sample_types']
        assert (image['warp'], image['transform'], image['border_replicate']) == (False,) * 3

    # the faces of src and dst are for previews only
    gated_support.reset_generators(model)
    for _ in range(2):
        model.train_one_iter()
    assert [x.drawn for x in model.get_training_data_generators()] == [2, 0, 0]
    assert len(model.get_previews()) == 3
    assert [x.drawn for x in model.get_training_data_generators()] == [2, 1, 1]


@pytest.mark.slow
def test_pretraining_and_its_end(narrow, tmp_path, monkeypatch):
    """Pictures to their gray versions; switching it off keeps weights, iterations begin anew."""
    write_model(tmp_path, monkeypatch, pretrain=True)
    model = make_model('XSeg', tmp_path, monkeypatch)
    generator, = model.get_training_data_generators()
    assert generator.args == (tmp_path / 'pretrain',)
    assert generator.kwargs['sample_process_options'].random_flip is True
    colour, gray = generator.kwargs['output_sample_types']
    assert (colour['channel_type'].name, gray['channel_type'].name) == ('BGR', 'G')
    assert colour['warp'] and gray['warp'] and colour['transform'] and gray['transform']
    (name, picture), = model.get_previews()
    assert name == 'XSeg training faces' and picture.shape == (2 * 256, 2 * 256, 3)
    weights = model.model.model.get_weights_np()
    model.finalize()

    monkeypatch.setenv('DFL_PRETRAIN', 'n')
    model = make_model('XSeg', tmp_path, monkeypatch)
    assert model.pretrain_just_disabled and model.get_iter() == 0
    assert len(model.get_training_data_generators()) == 3
    for before, after in zip(weights, model.model.model.get_weights_np()):
        np.testing.assert_array_equal(before, after)
    assert len(model.get_previews()) == 3


def test_pretraining_needs_its_folder(narrow, tmp_path, monkeypatch):
    monkeypatch.setenv('DFL_PRETRAIN', 'y')
    with pytest.raises(UserError, match='pretraining faces'):
        make_model('XSeg', tmp_path, monkeypatch, pretraining_data_path=None)


@pytest.mark.slow
def test_missing_weights_are_told(narrow, tmp_path, monkeypatch):
    """When training a part starts anew, which the log says; an export has nothing to go on."""
    write_model(tmp_path, monkeypatch)
    (tmp_path / 'XSeg_256_opt.npy').unlink()
    logged = []
    monkeypatch.setattr(io, 'log_err', lambda text, **kwargs: logged.append(text))
    make_model('XSeg', tmp_path, monkeypatch).finalize()
    assert len(logged) == 1 and 'XSeg_256_opt.npy' in logged[0]
    make_model('XSeg', tmp_path, monkeypatch, is_training=False, is_exporting=True).finalize()
    (tmp_path / 'XSeg_256.npy').unlink()
    with pytest.raises(UserError, match='XSeg_256.npy'):
        make_model('XSeg', tmp_path, monkeypatch, is_training=False, is_exporting=True)


@pytest.mark.slow
def test_thirty_steps_lower_the_loss(tmp_path, monkeypatch):
    """Labelled faces through the real sample workers, half of the channels. The losses of
    single batches scatter with their warps and backgrounds, so the same faces, as they are, are
    looked at before and after; how far the whole network comes: tests/bench/bench_xseg.py."""
    from faceset_support import Facesets
    xseg_support.narrow_network(monkeypatch, 16)
    facesets = Facesets(*[xseg_support.write_labelled_faces(tmp_path / name, name, 0, 4)
                          for name in Facesets._fields])
    images, masks = xseg_support.load_labelled_faces(facesets.src)
    monkeypatch.setenv('DFL_BATCH_SIZE', '4')
    (tmp_path / 'work').mkdir()
    model = gated_support.make_learning_model('XSeg', facesets, tmp_path / 'work', monkeypatch)
    try:
        before = xseg_support.measure_cross_entropy(model, images, masks)
        for _ in range(30):
            model.train_one_iter()
        losses = np.array(model.get_loss_history())
        after = xseg_support.measure_cross_entropy(model, images, masks)
    finally:
        model.finalize()
    assert losses.shape == (30, 1) and np.isfinite(losses).all()
    assert after < 0.9 * before, (before, after)

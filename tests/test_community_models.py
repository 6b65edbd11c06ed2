"""Plug-in models of the forks: the stand-ins plugins/Model_StandMVE and plugins/Model_StandBW, which
call what spec 82 lists, train through the trainer, resume with equal weights and predict."""
import importlib
import json
import os
import re
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

import models
from core import options, persist
from core.cv2ex import cv2_imread
from core.errors import UserError
from core.leras import nn
from mainscripts import Trainer
from plugin_names import list_missing_names
from samplelib import PackedFaceset, SampleLoader
from tiny_support import PLUGINS, add_plugins, answer_with_defaults

STEPS = 4
MVE_OPTIONS = dict(session_name='evening', maximum_n_backups=2, retraining_samples=True,
                   batch_size=2, write_preview_history=True)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(SampleLoader, 'samples_cache', {})
    monkeypatch.setattr(options, '_sources', options.OptionSources(environ={}))
    add_plugins()
    return answer_with_defaults(monkeypatch)


Session = namedtuple('Session', ['folder', 'arguments'])


@pytest.fixture
def session(tmp_path, facesets):
    """Arguments of a training run on the rendered facesets, its model in a folder of its own."""
    arguments = dict(saved_models_path=tmp_path / 'model', training_data_src_path=facesets.src,
                     training_data_dst_path=facesets.dst, force_model_name='t', cpu_only=True,
                     no_preview=True)
    return Session(tmp_path / 'model', arguments)


def give(monkeypatch, **flags):
    monkeypatch.setattr(options, '_sources', options.OptionSources(
        flags={key: str(value) for key, value in flags.items()}, environ={}))


def train(session, name, until, monkeypatch, flags=None, **keywords):
    """A run of the real trainer that ends at its target."""
    give(monkeypatch, target_iter=until, exit_at_target=True, **(flags or {}))
    nn.close_session()      # a graph belongs to a thread: the trainer's opens its own
    Trainer.main(model_class_name=name, **dict(session.arguments, **keywords))


def start_engine():
    nn.initialize(nn.DeviceConfig.CPU())
    nn.reset_session()
    nn.tf.set_random_seed(1)    # TF_DETERMINISTIC_OPS asks for one


def open_model(session, name, **keywords):
    start_engine()
    return models.import_model(name)(**dict(session.arguments, **keywords))


def read_weights(model):
    return {filename + ':' + weight.name: value
            for part, filename in model.get_model_filename_list()
            for weight, value in zip(part.get_weights(), nn.tf_sess.run(part.get_weights()))}


def load_data(session, name):
    return persist.load(session.folder / ('t_%s_data.dat' % name))


def check_resumes(session, name, monkeypatch):
    """A second training instance holds the saved weights, and goes on from them."""
    before = {path.name: persist.load(path) for path in session.folder.glob('*.npy')}
    model = open_model(session, name, is_training=True)
    assert model.get_iter() == STEPS and len(model.get_loss_history()) == STEPS
    for part, filename in model.get_model_filename_list():
        stored = before['t_%s_%s' % (name, filename)]
        values = nn.tf_sess.run(part.get_weights())
        assert len(stored) == len(values)
        assert all(np.array_equal(stored[weight.name.split('/', 1)[1]], value)
                   for weight, value in zip(part.get_weights(), values)), filename
    model.finalize()
    train(session, name, STEPS + 2, monkeypatch)
    data = load_data(session, name)
    assert data['iter'] == STEPS + 2 and np.isfinite(data['loss_history']).all()
    after = persist.load(session.folder / ('t_%s_encoder.npy' % name))
    assert any((after[key] != value).any()
               for key, value in before['t_%s_encoder.npy' % name].items())


# ---------------------------------------------------------------- MVE

def test_mve_model_trains_saves_and_resumes(session, monkeypatch, quiet, capsys):
    train(session, 'StandMVE', STEPS, monkeypatch, MVE_OPTIONS)
    output = capsys.readouterr().out
    assert 'yaml' in output and '--answers' in output
    labels = [text for text, _ in quiet]
    assert 'Loss function' in labels and 'Random shadow' in labels
    data = load_data(session, 'StandMVE')
    assert data['iter'] == STEPS and np.isfinite(data['loss_history']).all()
    assert data['options']['session_name'] == 'evening'
    summary = (session.folder / 't_StandMVE_summary.txt').read_text(encoding='utf-8')
    assert re.search('session_name: evening', summary)
    assert (session.folder / 't_StandMVE_history' / 'StandMVE' / '0000000.jpg').exists()
    check_resumes(session, 'StandMVE', monkeypatch)


def test_mve_backups_carry_the_session_and_keep_their_number(session, monkeypatch):
    train(session, 'StandMVE', 1, monkeypatch, MVE_OPTIONS)
    give(monkeypatch)
    model = open_model(session, 'StandMVE', is_training=True)
    model.autobackups_path.mkdir()
    for day in range(1, 4):
        (model.autobackups_path / ('2020010%dT000000_old' % day)).mkdir()
    model.create_backup()
    names = sorted(path.name for path in model.autobackups_path.iterdir())
    assert len(names) == 2 and names[0] == '20200103T000000_old' and names[1].endswith('_evening')
    assert (model.autobackups_path / names[1] / 'preview_StandMVE.jpg').exists()
    model.options['maximum_n_backups'] = 0
    model.create_backup()
    assert len(list(model.autobackups_path.iterdir())) >= 2
    model.finalize()


@pytest.mark.parametrize('loss', ['MS-SSIM', 'MS-SSIM+L1'])
def test_mve_losses(session, monkeypatch, loss, facesets):
    monkeypatch.setattr('core.interact.interact.input_str', lambda label, default, *args, **kwargs:
                        loss if label == 'Loss function' else default)
    train(session, 'StandMVE', 2, monkeypatch, dict(batch_size=2))
    data = load_data(session, 'StandMVE')
    assert data['options']['loss_function'] == loss
    assert np.isfinite(data['loss_history']).all() and np.min(data['loss_history']) > 0


def test_mve_paks_of_one_folder(session, monkeypatch, tmp_path, facesets, capsys):
    """--src-pak-name and --dst-pak-name: both packs lie in one folder."""
    both = tmp_path / 'both'
    both.mkdir()
    for name, folder in zip(('one', 'two'), facesets):
        copy = tmp_path / name
        shutil.copytree(str(folder), str(copy))
        monkeypatch.setattr('core.interact.interact.input_bool', lambda *args, **kwargs: False)
        PackedFaceset.pack(copy)
        (copy / 'faceset.pak').rename(both / (name + '.pak'))
    answer_with_defaults(monkeypatch)
    train(session, 'StandMVE', 1, monkeypatch, dict(batch_size=2), training_data_src_path=both,
          training_data_dst_path=both, src_pak_name='one', dst_pak_name='two')
    assert capsys.readouterr().out.count('packed faces from %s' % both) == 2
    stored = load_data(session, 'StandMVE')['options']
    assert (stored['src_pak_name'], stored['dst_pak_name']) == ('one', 'two')
    with pytest.raises(UserError, match='three.pak'):
        train(session, 'StandMVE', 2, monkeypatch, training_data_src_path=both,
              training_data_dst_path=both, src_pak_name='three')


def test_mve_previews_show_the_names_of_the_files(session, monkeypatch, facesets):
    give(monkeypatch, batch_size=2)
    model = open_model(session, 'StandMVE', is_training=True)
    module = sys.modules[type(model).__module__]
    labelled = []
    monkeypatch.setattr(module, 'label_face_filename',
                        lambda face, name: labelled.append(name) or face)
    model.generate_next_samples()
    (name, picture), = model.get_previews()
    assert name == 'StandMVE' and picture.shape == (2 * 64, 5 * 64, 3)
    assert labelled == sum(model.last_sample_filenames, []) and len(labelled) == 4
    known = {path.name for path in facesets.src.iterdir()}
    assert set(labelled) <= known
    del labelled[:]
    model.get_history_previews()
    assert labelled == sum(model.sample_for_preview_filenames, [])
    del labelled[:]
    model.sample_for_preview_filenames = None       # a sample of data.dat: nobody knows its files
    model.get_history_previews()
    assert labelled == []
    model.finalize()


def test_mve_snapshot(session, monkeypatch, facesets):
    """--gen-snapshot: the model writes its training state, and nothing is trained or saved."""
    train(session, 'StandMVE', 1, monkeypatch, dict(batch_size=2))
    before = (session.folder / 't_StandMVE_data.dat').read_bytes()
    train(session, 'StandMVE', 5, monkeypatch, gen_snapshot=True)
    assert (session.folder / 't_StandMVE_data.dat').read_bytes() == before
    folder = session.folder / 't_StandMVE_state_history' / '1'
    losses = json.loads((folder / 'losses.json').read_text())
    names = {path.name for path in facesets.src.glob('*.jpg')}
    assert set(losses['src']) == names and all(0 < x < 1 for x in losses['src'].values())
    picture = cv2_imread(str(folder / ('dst_' + sorted(names)[0])))
    assert picture.shape == (64, 128, 3)
    with pytest.raises(UserError, match='no training snapshot'):
        train(session, 'StandBW', 1, monkeypatch, gen_snapshot=True)


def test_mve_merging_side(session, monkeypatch):
    train(session, 'StandMVE', 1, monkeypatch, dict(batch_size=2))
    give(monkeypatch)
    predictor, shape, config = open_model(session, 'StandMVE').get_MergerConfig()
    assert shape == (64, 64, 3) and config.is_morphable is True and config.mode == 'overlay'
    face = np.random.RandomState(0).uniform(0, 1, shape).astype(np.float32)
    picture, mask, mask_dst = predictor(face)
    assert picture.shape == shape and mask.shape == mask_dst.shape == (64, 64)
    for array in (picture, mask, mask_dst):
        assert array.dtype == np.float32 and np.isfinite(array).all()
        assert array.min() >= 0 and array.max() <= 1
    np.testing.assert_allclose(predictor(face, 0.0)[0], face, atol=1e-6)


def test_a_reset_counts_anew_on_the_trained_weights(session, monkeypatch, capsys):
    train(session, 'StandMVE', 3, monkeypatch, dict(batch_size=2))
    give(monkeypatch, reset_training=True)
    model = open_model(session, 'StandMVE', is_training=True)
    stored = persist.load(session.folder / 't_StandMVE_encoder.npy')
    assert model.get_iter() == 0 and model.get_loss_history() == [] and not model.is_first_run()
    for weight in model.encoder.get_weights():
        np.testing.assert_array_equal(nn.tf_sess.run(weight),
                                      stored[weight.name.split('/', 1)[1]])
    model.save()        # iteration 0 would read as "no weights" at the next start
    assert load_data(session, 'StandMVE')['iter'] == 3
    assert 'nothing has been trained since the reset' in capsys.readouterr().out
    model.train_one_iter()
    model.save()
    model.finalize()
    assert load_data(session, 'StandMVE')['iter'] == 1
    assert len(load_data(session, 'StandMVE')['loss_history']) == 1


def test_a_yaml_file_of_options_is_refused(session):
    with pytest.raises(UserError, match='no yaml files') as error:
        open_model(session, 'StandMVE', is_training=True, config_training_file='def_conf_file.yaml')
    assert '--answers' in str(error.value)


# ---------------------------------------------------------------- SAEHDBW

@pytest.fixture
def gray(monkeypatch):
    """The plug-in reads `use_bw_input` when it is imported, and leaves a text in the environment."""
    monkeypatch.setenv('use_bw_input', '1')
    monkeypatch.setenv('preview_period', '2')
    monkeypatch.setenv('dfl_model_parameters_string', '')
    importlib.reload(sys.modules[models.import_model('StandBW').__module__])
    importlib.reload(sys.modules['models.Model_StandBW'])
    yield
    monkeypatch.undo()
    importlib.reload(sys.modules['models.Model_StandBW'])


def test_gray_model_trains_saves_and_resumes(gray, session, monkeypatch):
    train(session, 'StandBW', STEPS, monkeypatch, dict(batch_size=2, write_preview_history=True))
    data = load_data(session, 'StandBW')
    assert data['iter'] == STEPS and np.isfinite(data['loss_history']).all()
    encoder = persist.load(session.folder / 't_StandBW_encoder.npy')
    assert encoder['down1/downs_0/conv1/weight:0'].shape == (5, 5, 1, 16)
    decoder = persist.load(session.folder / 't_StandBW_decoder_src.npy')
    assert decoder['out_conv/weight:0'].shape[-1] == 1
    assert decoder['out_conv3/weight:0'].shape[-1] == 1
    pictures = session.folder / 't_StandBW_history' / 'StandBW'
    assert sorted(path.name for path in pictures.iterdir()) == ['0000000.jpg', '0000002.jpg',
                                                                '_last.jpg']
    check_resumes(session, 'StandBW', monkeypatch)


def test_one_channel_previews_reach_the_window(gray, session, monkeypatch):
    from mainscripts.preview_window import PreviewWindow
    give(monkeypatch, batch_size=2)
    model = open_model(session, 'StandBW', is_training=True)
    assert 'df-ud' in os.environ['dfl_model_parameters_string']
    model.train_one_iter()
    (_, picture), = model.get_previews()
    assert picture.shape == (2 * 64, 5 * 64, 1)
    chart = model.get_loss_history_preview(model.get_loss_history(), 1, 320, 1)
    monkeypatch.setenv('dfl_model_parameters_string', '')
    plain = model.get_loss_history_preview(model.get_loss_history(), 1, 320, 1)
    assert chart.shape == (100, 320, 1) and (chart != plain).any()
    window = PreviewWindow()
    window.receive({'op': 'show', 'previews': model.get_previews(), 'iter': 1,
                    'loss_history': model.get_loss_history()})
    assert window.draw().shape == (45 + 100 + 128, 320, 1)
    model.finalize()


def test_gray_merging_side(gray, session, monkeypatch):
    train(session, 'StandBW', 1, monkeypatch, dict(batch_size=2))
    give(monkeypatch)
    predictor, shape, config = open_model(session, 'StandBW').get_MergerConfig()
    assert shape == (64, 64, 1) and config.default_mode == 'overlay'
    picture, mask, mask_dst = predictor(np.full((64, 64), 0.5, np.float32))
    assert picture.shape == (64, 64, 1) and mask.shape == mask_dst.shape == (64, 64)
    assert all(np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1
               for x in (picture, mask, mask_dst))


# ---------------------------------------------------------------- names

@pytest.fixture(scope='module', autouse=True)
def engine():
    nn.initialize(nn.DeviceConfig.CPU())


@pytest.mark.parametrize('path', sorted(PLUGINS.glob('Model_*/Model.py')) + sorted(
    Path(models.__file__).parent.glob('Model_*/Model.py')), ids=lambda path: path.parent.name)
def test_no_name_that_a_plugin_uses_is_missing(path):
    assert list_missing_names(path) == []


@pytest.mark.parametrize('old, new, told', [
    ('nn.MsSsim(', 'nn.MsSsimm(', 'nn.MsSsimm'),
    ('use_l1=', 'use_l2=', 'nn.MsSsim(use_l2=)'),
    ('ChannelType.LAB_RAND_TRANSFORM', 'ChannelType.LAB', 'SampleProcessor.ChannelType.LAB'),
    ('self.ask_session_name()', 'self.ask_session()', 'self.ask_session'),
    ('random_noise=options', 'random_noises=options', 'output key random_noises'),
    ('is_morphable=', 'is_morph=', 'merger.MergerConfigMasked(is_morph=)'),
    ('import label_face_filename', 'import label_face', 'utils.label_face.label_face'),
    ('tf.square(', 'tf.squared(', 'tf.squared'),
])
def test_a_missing_name_is_found(tmp_path, old, new, told):
    text = (PLUGINS / 'Model_StandMVE' / 'Model.py').read_text(encoding='utf-8')
    assert old in text
    (tmp_path / 'Model.py').write_text(text.replace(old, new, 1), encoding='utf-8')
    missing = list_missing_names(tmp_path / 'Model.py')
    assert [name.split(': ', 1)[1] for name in missing] == [told]

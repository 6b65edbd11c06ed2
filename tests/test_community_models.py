"""Plug-in models of the forks: the stand-ins plugins/Model_StandMVE and plugins/Model_StandBW call
what spec 82 lists, train through the trainer, resume with equal weights and predict."""
import contextlib
import io
import json
import os
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
from mainscripts import Merger, Trainer
from merge_run_support import write_workspace
from plugin_names import list_missing_names
from samplelib import PackedFaceset, SampleLoader
from tiny_support import PLUGINS, add_plugins, answer_with_defaults

STEPS = 4
SIDE = 32       # pixels of the stand-ins' faces
MVE_OPTIONS = dict(session_name='evening', maximum_n_backups=2, retraining_samples=True,
                   batch_size=2, write_preview_history=True)
# What a trained model leaves: its folder, the questions it asked, what it printed.
Run = namedtuple('Run', ['folder', 'asked', 'output'])


def give(monkeypatch, **flags):
    """Options as `--set` gives them."""
    monkeypatch.setattr(options, '_sources', options.OptionSources(
        flags={key: str(value) for key, value in flags.items()}, environ={}))


def list_arguments(folder, facesets):
    folder.mkdir(exist_ok=True)
    return dict(saved_models_path=folder, training_data_src_path=facesets.src,
                training_data_dst_path=facesets.dst, force_model_name='t', cpu_only=True,
                no_preview=True)


def train(name, until, monkeypatch, flags, **arguments):
    """A run of the real trainer that ends at its target."""
    give(monkeypatch, target_iter=until, exit_at_target=True, **flags)
    nn.close_session()      # a graph belongs to a thread: the trainer's opens its own
    Trainer.main(model_class_name=name, **arguments)


def open_model(name, monkeypatch, flags=(), **arguments):
    give(monkeypatch, **dict(flags))
    nn.initialize(nn.DeviceConfig.CPU())
    nn.reset_session()
    return models.import_model(name)(**arguments)


def train_once(name, root, facesets, flags):
    """A trained model for several tests, which work on copies of its folder."""
    add_plugins()
    output = io.StringIO()
    with contextlib.redirect_stdout(output), pytest.MonkeyPatch.context() as monkeypatch:
        asked = answer_with_defaults(monkeypatch)
        train(name, STEPS, monkeypatch, flags, **list_arguments(root, facesets))
    return Run(root, [text for text, _ in asked], output.getvalue())


@pytest.fixture(scope='module')
def trained_mve(tmp_path_factory, facesets):
    return train_once('StandMVE', tmp_path_factory.mktemp('mve') / 'model', facesets, MVE_OPTIONS)


@pytest.fixture
def mve(trained_mve, tmp_path, facesets):
    """Constructor arguments of the trained model, in a copy of its folder."""
    shutil.copytree(str(trained_mve.folder), str(tmp_path / 'model'))
    return list_arguments(tmp_path / 'model', facesets)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(SampleLoader, 'samples_cache', {})
    add_plugins()
    return answer_with_defaults(monkeypatch)


def load_data(folder, name):
    return persist.load(folder / ('t_%s_data.dat' % name))


def check_loaded(model, folder, name):
    """The model holds the weights of the files, every one of them."""
    assert model.get_iter() == STEPS == len(model.get_loss_history())
    for part, filename in model.get_model_filename_list():
        stored = persist.load(folder / ('t_%s_%s' % (name, filename)))
        weights = part.get_weights()
        assert len(stored) == len(weights) > 0
        for weight, value in zip(weights, nn.tf_sess.run(weights)):
            np.testing.assert_array_equal(stored[weight.name.split('/', 1)[1]], value)


def check_goes_on(model, folder, name):
    """Two more steps change the weights and are saved."""
    before = persist.load(folder / ('t_%s_encoder.npy' % name))
    for _ in range(2):
        model.train_one_iter()
    model.save()
    data = load_data(folder, name)
    assert data['iter'] == STEPS + 2 and np.isfinite(data['loss_history']).all()
    after = persist.load(folder / ('t_%s_encoder.npy' % name))
    assert any((after[key] != value).any() for key, value in before.items())


# ---------------------------------------------------------------- MVE

def test_mve_model_trains_and_saves(trained_mve):
    folder = trained_mve.folder
    assert 'yaml' in trained_mve.output and '--answers' in trained_mve.output
    assert {'Loss function', 'Random shadow', 'Samples to preview'} <= set(trained_mve.asked)
    data = load_data(folder, 'StandMVE')
    assert data['iter'] == STEPS and np.isfinite(data['loss_history']).all()
    assert data['options']['session_name'] == 'evening'
    summary = (folder / 't_StandMVE_summary.txt').read_text(encoding='utf-8')
    assert 'session_name: evening' in summary
    assert (folder / 't_StandMVE_history' / 'StandMVE' / '0000000.jpg').exists()


def test_mve_model_resumes_with_names_on_previews_and_backs_up(mve, monkeypatch, facesets):
    folder = mve['saved_models_path']
    model = open_model('StandMVE', monkeypatch, is_training=True, **mve)
    check_loaded(model, folder, 'StandMVE')

    labelled = []
    monkeypatch.setattr(sys.modules[type(model).__module__], 'label_face_filename',
                        lambda face, name: labelled.append(name) or face)
    model.get_previews()
    assert labelled == [], 'the sample comes from data.dat: nobody knows its files'
    model.generate_next_samples()
    (name, picture), = model.get_previews()
    assert name == 'StandMVE' and picture.shape == (2 * SIDE, 5 * SIDE, 3)
    assert labelled == sum(model.last_sample_filenames, []) and len(labelled) == 4
    assert set(labelled) <= {path.name for path in facesets.src.iterdir()}
    del labelled[:]
    model.update_sample_for_preview(force_new=True)
    model.get_history_previews()
    assert labelled[-4:] == sum(model.sample_for_preview_filenames, [])

    check_goes_on(model, folder, 'StandMVE')

    model.autobackups_path.mkdir()
    for day in range(1, 4):
        (model.autobackups_path / ('2020010%dT000000_old' % day)).mkdir()
    model.create_backup()
    old, new = sorted(path.name for path in model.autobackups_path.iterdir())
    assert old == '20200103T000000_old' and new.endswith('_evening')
    assert (model.autobackups_path / new / 'preview_StandMVE.jpg').exists()
    model.finalize()


def test_mve_loss_with_l1(tmp_path, facesets, monkeypatch):
    monkeypatch.setattr('core.interact.interact.input_str', lambda label, default, *args, **kwargs:
                        'MS-SSIM+L1' if label == 'Loss function' else default)
    train('StandMVE', 2, monkeypatch, dict(batch_size=2),
          **list_arguments(tmp_path / 'model', facesets))
    data = load_data(tmp_path / 'model', 'StandMVE')
    assert data['options']['loss_function'] == 'MS-SSIM+L1'
    assert np.isfinite(data['loss_history']).all() and np.min(data['loss_history']) > 0


def test_mve_paks_of_one_folder_and_ms_ssim(tmp_path, facesets, monkeypatch, capsys):
    """--src-pak-name and --dst-pak-name: both packs lie in one folder."""
    both = tmp_path / 'both'
    both.mkdir()
    for name, folder in zip(('one', 'two'), facesets):
        shutil.copytree(str(folder), str(tmp_path / name))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr('core.interact.interact.input_bool', lambda *args, **kwargs: False)
            PackedFaceset.pack(tmp_path / name)
        (tmp_path / name / 'faceset.pak').rename(both / (name + '.pak'))
    monkeypatch.setattr('core.interact.interact.input_str', lambda label, default, *args, **kwargs:
                        'MS-SSIM' if label == 'Loss function' else default)
    arguments = list_arguments(tmp_path / 'model', facesets._replace(src=both, dst=both))
    train('StandMVE', 1, monkeypatch, dict(batch_size=2), src_pak_name='one', dst_pak_name='two',
          **arguments)
    assert capsys.readouterr().out.count('packed faces from %s' % both) == 2
    data = load_data(tmp_path / 'model', 'StandMVE')
    assert (data['options']['src_pak_name'], data['options']['dst_pak_name']) == ('one', 'two')
    assert data['options']['loss_function'] == 'MS-SSIM' and np.isfinite(data['loss_history']).all()


def test_mve_snapshot(mve, monkeypatch, facesets):
    """--gen-snapshot: the model writes its training state, and nothing is trained or saved."""
    folder = mve['saved_models_path']
    before = (folder / 't_StandMVE_data.dat').read_bytes()
    train('StandMVE', 50, monkeypatch, {}, gen_snapshot=True, **mve)
    assert (folder / 't_StandMVE_data.dat').read_bytes() == before
    state = folder / 't_StandMVE_state_history' / str(STEPS)
    losses = json.loads((state / 'losses.json').read_text())
    names = {path.name for path in facesets.src.glob('*.jpg')}
    assert set(losses['src']) == names and all(0 < x < 1 for x in losses['src'].values())
    assert cv2_imread(str(state / ('dst_' + sorted(names)[0]))).shape == (SIDE, 2 * SIDE, 3)


def test_a_model_without_a_snapshot_says_so(tmp_path, facesets, monkeypatch):
    with pytest.raises(UserError, match='no training snapshot'):
        train('Tiny', 5, monkeypatch, {}, gen_snapshot=True,
              **list_arguments(tmp_path / 'model', facesets))


def test_mve_merging_side(mve, monkeypatch):
    model = open_model('StandMVE', monkeypatch, **mve)
    predictor, shape, config = model.get_MergerConfig()
    assert shape == (SIDE, SIDE, 3) and config.is_morphable is True and config.mode == 'overlay'
    assert 'Mode: overlay' in config.copy().to_string('00001.png') and config.copy() == config
    face = np.random.RandomState(0).uniform(0, 1, shape).astype(np.float32)
    picture, mask, mask_dst = predictor(face)
    assert picture.shape == shape and mask.shape == mask_dst.shape == (SIDE, SIDE)
    for array in (picture, mask, mask_dst):
        assert array.dtype == np.float32 and np.isfinite(array).all()
        assert array.min() >= 0 and array.max() <= 1
    np.testing.assert_allclose(predictor(face, 0.0)[0], face, atol=1e-6)


def merge(name, folder, tmp_path, monkeypatch, **given):
    """Workspace of three merged frames."""
    workspace = write_workspace(tmp_path / 'w', 3)
    give(monkeypatch, merge_interactive='n', merge_workers=1, mask_mode='full', **given)
    nn.close_session()
    result = Merger.main(model_class_name=name, saved_models_path=folder,
                         force_model_name='t', input_path=workspace.frames,
                         output_path=workspace.merged, output_mask_path=workspace.masks,
                         aligned_path=workspace.aligned, cpu_only=True)
    assert result['merged'] == 3 and not result['failed']
    return workspace


def test_mve_model_merges_what_it_was_trained_for(mve, tmp_path, monkeypatch):
    """Issue of the fork's models: train, then merge, with the predictor of the plug-in alone."""
    workspace = merge('StandMVE', mve['saved_models_path'], tmp_path, monkeypatch)
    for path in sorted(workspace.frames.glob('*.png')):
        frame, merged = cv2_imread(path), cv2_imread(workspace.merged / path.name)
        mask = cv2_imread(workspace.masks / path.name)
        assert (merged != frame).any() and (merged[mask == 0] == frame[mask == 0]).all()


# ---------------------------------------------------------------- SAEHDBW

@pytest.fixture(scope='module')
def gray():
    """What SAEHDBW's scripts set: its models read `use_bw_input` when they are imported."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv('use_bw_input', '1')
        monkeypatch.setenv('preview_period', '2')
        monkeypatch.setenv('dfl_model_parameters_string', '')   # the model leaves one there
        yield


@pytest.fixture(scope='module')
def trained_bw(gray, tmp_path_factory, facesets):
    return train_once('StandBW', tmp_path_factory.mktemp('bw') / 'model', facesets,
                      dict(batch_size=2, write_preview_history=True))


@pytest.fixture
def bw(trained_bw, tmp_path, facesets):
    shutil.copytree(str(trained_bw.folder), str(tmp_path / 'model'))
    return list_arguments(tmp_path / 'model', facesets)


def test_gray_model_trains_and_saves(trained_bw):
    folder = trained_bw.folder
    data = load_data(folder, 'StandBW')
    assert data['iter'] == STEPS and np.isfinite(data['loss_history']).all()
    encoder = persist.load(folder / 't_StandBW_encoder.npy')
    assert encoder['down1/downs_0/conv1/weight:0'].shape == (5, 5, 1, 8)
    decoder = persist.load(folder / 't_StandBW_decoder_src.npy')
    assert {decoder[name + '/weight:0'].shape[-1] for name in
            ('out_conv', 'out_conv1', 'out_conv2', 'out_conv3')} == {1}
    pictures = folder / 't_StandBW_history' / 'StandBW'
    assert sorted(path.name for path in pictures.iterdir()) == ['0000000.jpg', '0000002.jpg',
                                                                '_last.jpg']


def test_gray_model_resumes_and_its_previews_reach_the_window(bw, monkeypatch):
    from mainscripts.preview_window import GRAY_HEAD_LINE_HEIGHT, PreviewWindow
    folder = bw['saved_models_path']
    model = open_model('StandBW', monkeypatch, is_training=True, **bw)
    check_loaded(model, folder, 'StandBW')
    check_goes_on(model, folder, 'StandBW')

    previews, losses = model.get_previews(), model.get_loss_history()
    assert [(name, picture.shape) for name, picture in previews] == [
        ('StandBW', (2 * SIDE, 5 * SIDE, 1))]
    assert 'df-ud' in os.environ['dfl_model_parameters_string']
    chart = model.get_loss_history_preview(losses, 6, 320, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('dfl_model_parameters_string', '')
        plain = model.get_loss_history_preview(losses, 6, 320, 1)
    assert chart.shape == (100, 320, 1) and (chart != plain).any()
    window = PreviewWindow()
    window.receive({'op': 'show', 'previews': previews, 'iter': 6, 'loss_history': losses})
    assert window.draw().shape == (3 * GRAY_HEAD_LINE_HEIGHT + 100 + 2 * SIDE, 5 * SIDE, 1)
    model.create_backup()
    assert (model.autobackups_path / '01' / 'preview_StandBW.jpg').exists()
    model.finalize()


def test_gray_merging_side(bw, monkeypatch):
    predictor, shape, config = open_model('StandBW', monkeypatch, **bw).get_MergerConfig()
    assert shape == (SIDE, SIDE, 1) and config.default_mode == 'overlay'
    picture, mask, mask_dst = predictor(np.full((SIDE, SIDE), 0.5, np.float32))
    assert picture.shape == shape and mask.shape == mask_dst.shape == (SIDE, SIDE)
    assert all(np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1
               for x in (picture, mask, mask_dst))


def test_gray_model_merges(bw, tmp_path, monkeypatch):
    from models.Model_StandBW.Model import Model
    predict, seen = Model.predictor_func, []

    def watch(self, face=None):
        seen.append(face.shape)
        return predict(self, face)
    monkeypatch.setattr(Model, 'predictor_func', watch)
    workspace = merge('StandBW', bw['saved_models_path'], tmp_path, monkeypatch, gray_input='y')
    assert set(seen) == {(SIDE, SIDE)}
    for path in sorted(workspace.merged.glob('*.png')):
        merged = cv2_imread(path)
        assert (merged == merged[..., :1]).all() and cv2_imread(workspace.masks / path.name).any()


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

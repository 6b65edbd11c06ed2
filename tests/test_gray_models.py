"""The models of the gray tree: steps, previews, status text, merging, export (spec 60, 2)."""
import os
import pickle

import amp_support
import cv2
import dfm_support
import gray_support
import numpy as np
import pytest
import saehd_support as support

from core import persist
from core.leras import nn
from models.common import dfm_check

BGR_WEIGHTS = np.float32([0.114, 0.587, 0.299])


def train(model, steps: int = 2) -> list:
    return [[value for _, value in model.onTrainOneIter()] for _ in range(steps)]


@pytest.fixture
def small_quick(monkeypatch):
    """Networks with an eighth of the channels; all else stays."""
    from types import SimpleNamespace

    from models.Model_Quick96 import graph
    monkeypatch.setattr(graph, 'SIZES', SimpleNamespace(
        resolution=96, ae_dims=16, e_dims=8, d_dims=8, d_mask_dims=8))


def test_saehdbw_learns_and_shows_gray_pictures(tmp_path, monkeypatch):
    model = gray_support.start_model(tmp_path, monkeypatch, archi='liae-ud', gan_power=0.1,
                                     gan_dims=4, face_style_power=1.0)
    assert model.model_class_name == 'SAEHDBW' and type(model).__name__ == 'SAEHDModelBW'
    assert np.isfinite(train(model)).all()
    types = model.get_training_data_generators()[0].kwargs['output_sample_types']
    assert [x['channel_type'].name for x in types] == ['G'] * 4
    model.generate_next_samples()
    pictures = model.get_previews()
    assert [name for name, _ in pictures] == ['SAEHDBW', 'SAEHDBW masked']
    assert all(picture.shape[-1] == 1 for _, picture in pictures)
    assert os.environ['dfl_model_parameters_string'] == \
        ' B:2 liae-ud wf R:64 AEDM[32|16|16|16] Pre:0'
    history = []
    for model.iter in range(490, 1010):
        if model.should_save_preview_history():
            history.append(model.iter)
    assert history == [500, 1000]
    monkeypatch.setenv('preview_period', '400')
    model.iter = 800
    assert model.should_save_preview_history()


def test_ampbw_learns(tmp_path, monkeypatch):
    (tmp_path / 'AMPBW_default_options.dat').write_bytes(
        persist.dumps(amp_support.make_options(gan_power=0.1, gan_dims=4)))
    model = gray_support.make_model(tmp_path, monkeypatch, 'AMPBW')
    assert model.model_class_name == 'AMPBW'
    assert np.isfinite(train(model)).all()
    shapes = {weight.name: weight.shape.as_list() for part in (
        model.encoder, model.decoder, model.GAN) for weight in part.get_weights()}
    assert shapes['encoder/down1/conv1/weight:0'] == [5, 5, 1, 16]
    assert shapes['decoder/out_conv/weight:0'] == [1, 1, 32, 1]
    assert shapes['GAN/in_conv/weight:0'] == [1, 1, 1, 4]
    model.generate_next_samples()
    assert all(picture.shape[-1] == 1 for _, picture in model.get_previews())


def test_quick96bw_learns_and_merges(small_quick, tmp_path, monkeypatch):
    model = gray_support.make_model(tmp_path, monkeypatch, 'Quick96BW', 96)
    generate = model.generate_next_samples
    monkeypatch.setattr(model, 'generate_next_samples', lambda: [x[:3] for x in generate()])
    assert np.isfinite(train(model)).all()
    types = model.get_training_data_generators()[0].kwargs['output_sample_types']
    assert [x['channel_type'].name for x in types] == ['G'] * 3
    assert model.encoder.get_weights()[0].shape.as_list() == [5, 5, 1, 8]
    model.iter = 2
    model.save()
    model.finalize()
    model = gray_support.make_model(tmp_path, monkeypatch, 'Quick96BW', is_training=False)
    predict, shape, _ = model.get_MergerConfig()
    face = gray_support.support.make_batch('face', 1, 96, 1)[1][0]
    assert shape == (96, 96, 1) and predict(face)[0].shape == (96, 96, 1)


def test_a_predictor_takes_gray_and_colour_faces(tmp_path, monkeypatch):
    """(S, S), (S, S, 1) and (S, S, 3); masks are whole (spec 60 section 2.9)."""
    gray_support.write_model(tmp_path)
    model = gray_support.make_model(tmp_path, monkeypatch, is_training=False)
    predict, shape, config = model.get_MergerConfig()
    assert shape == (64, 64, 1) and config.mode == 'overlay'
    color = support.make_batch('face', 1, 64)[1][0]
    gray = cv2.cvtColor(color, cv2.COLOR_BGR2GRAY)
    results = [predict(face) for face in (gray, gray[..., None], color, np.stack([gray] * 3, -1))]
    assert [x.shape for x in results[0]] == [(64, 64, 1), (64, 64), (64, 64)]
    for result in results[1:]:
        for got, wanted in zip(result, results[0]):
            np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_trained_and_given_weights_merge_alike(tmp_path, monkeypatch):
    """Files that this program trained, and the same weights as another program writes them, by
    gray and by colour frames."""
    from merge_support import Vectors
    from merger import MergeMasked, MergerConfigMasked
    from merger.FrameInfo import FrameInfo
    trained, given = tmp_path / 'trained', tmp_path / 'given'
    trained.mkdir()
    model = gray_support.start_model(trained, monkeypatch)
    train(model)
    model.iter = 2
    model.save()
    gray_support.write_model(given)
    for part, name in model.model_filename_list[:-1]:
        weights = {weight.name.split('/', 1)[1]: value for weight, value in zip(
            part.get_weights(), part.get_weights_np())}
        (given / ('p_SAEHDBW_' + name)).write_bytes(pickle.dumps(weights, 4))
    model.finalize()
    inputs, results = Vectors().inputs, []
    gray = cv2.cvtColor(inputs['frame'], cv2.COLOR_BGR2GRAY)
    for folder in (trained, given):
        model = gray_support.make_model(folder, monkeypatch, is_training=False)
        predict, shape, _ = model.get_MergerConfig()
        for picture in (gray, cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)):
            cv2.imwrite(str(tmp_path / 'frame.png'), picture)
            results.append(MergeMasked(
                predict, shape, None, None, MergerConfigMasked(
                    face_type=model.face_type, mode='overlay', mask_mode=4, color_transfer_mode=7),
                FrameInfo(tmp_path / 'frame.png', [inputs['landmarks']])))
        model.finalize()
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])
    assert results[0][..., 3].any() and (results[0][..., :3] == results[0][..., :1]).all()


@pytest.mark.parametrize('name, archi', [
    ('SAEHDBW', 'df-ud'), pytest.param('AMPBW', None, marks=pytest.mark.slow)])
def test_dfm_files_take_and_give_colour(name, archi, tmp_path, monkeypatch):
    _, onnx, runtime = [pytest.importorskip(package) for package in dfm_check.PACKAGES]
    module = gray_support.get_model_module(name)
    options = support.make_options(archi=archi) if archi else amp_support.make_options()
    model = dfm_support.make_exporting_model(module, name, tmp_path, monkeypatch, False, options)
    color = support.make_batch('face', 2, 64)[1]
    gray = (color @ BGR_WEIGHTS)[..., None]
    morph = () if archi else (0.5, )
    batch = nn.to_data_format(gray, model.model_data_format, 'NHWC')
    wanted = [nn.to_data_format(x, 'NHWC', model.model_data_format)
              for x in model.AE_merge(batch, *morph)]
    wanted[0] = np.repeat(wanted[0], 3, -1)
    model.export_dfm()
    path = tmp_path / ('p_%s_model.dfm' % name)
    inputs = {'in_face:0': [0, 64, 64, 3]}
    case = {'in_face:0': color}
    if morph:
        inputs['morph_value:0'], case['morph_value:0'] = [1], np.float32(morph)
    dfm_support.check_interface(onnx, path, name, inputs, False)
    session = runtime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    dfm_support.compare(session, case, wanted, 1e-4)
    nn.set_data_format('NHWC')

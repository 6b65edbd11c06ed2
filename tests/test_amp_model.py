"""The life of an AMP model: reference steps, files, resuming, previews, morphing, merging."""
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import amp_support
import gated_support
import numpy as np
import pytest
import saehd_support as support
from core import options as core_options
from core.errors import UserError
from core.leras import nn
from facelib import FaceType
from merger.output_record import describe_predictor
from merger.prediction import find_batch_predictor
from models.common import cpu_layout, gan_model

GOLDEN = Path(__file__).parent / 'golden' / 'amp'
PARTS = ['encoder', 'inter_src', 'inter_dst', 'decoder', 'src_dst_opt']
CASES = {'plain': ({}, 5), 'gan': (dict(gan_power=0.1), 4)}     # options, steps
# (relative, absolute). The vectors are NCHW, in which the total variation runs over other axes;
# and AdaBelief's first steps have the size of the learning rate whatever the gradient.
NCHW = dict.fromkeys(('losses', 'view', 'preview', 'stat'), (3e-4, 3e-4))
NHWC = {'losses': (1e-3, 0), 'view': (0, 0.02), 'preview': (0, 0.02), 'stat': (2e-2, 5e-3)}


def make_model(folder, monkeypatch, **kwargs):
    return gated_support.make_model('AMP', folder, monkeypatch, **kwargs)


def to_layout(model, x):
    return np.ascontiguousarray(nn.to_data_format(x, model.model_data_format, 'NHWC'))


def from_layout(model, x):
    return nn.to_data_format(x, 'NHWC', model.model_data_format)


@pytest.mark.parametrize('name', ['plain', pytest.param('gan', marks=pytest.mark.slow)])
def test_steps_give_the_reference_numbers(name, reference_blocking, tmp_path, monkeypatch):
    expected = gated_support.read_golden(GOLDEN)
    if expected is None:
        pytest.skip('reference steps are of TensorFlow 2.6 and 2.21')
    changes, steps = CASES[name]
    amp_support.write_defaults(tmp_path, **changes)
    monkeypatch.setattr(gan_model, 'load_or_init_weights',
                        lambda model, *args, **kwargs: gated_support.set_weights(model))
    gated_support.gate_updates(monkeypatch)
    amp_support.seed_shuffles(monkeypatch)
    model = make_model(tmp_path, monkeypatch)
    gated_support.reset_generators(model)
    for _ in range(steps):
        model.train_one_iter()
    ours = {'losses': np.array(model.get_loss_history())}
    view = gated_support.make_batch('view', 2, 64)
    faces = [to_layout(model, view[key]) for key in ('target', 'warped')]
    for morph_value in (0.0, 0.4, 1.0):
        for index, values in enumerate(model.AE_view(*faces, morph_value=morph_value)):
            if morph_value == 0.4 or index > 2:
                ours['view/%d_%g' % (index, morph_value)] = from_layout(
                    model, values)[:1, ::4, ::4]
    gated_support.reset_generators(model)
    sample = model.generate_next_samples()
    np.random.seed(0)
    for title, picture in model.onGetPreview(sample):
        ours['preview/' + title] = picture[::8, ::8]
    for part, filename in model.get_model_filename_list():
        content = part.get_file_content()
        ours['stat/p_AMP_' + filename] = gated_support.count_statistics(content)
        assert gated_support.describe_file(content) == expected[
            '%s/file/p_AMP_%s' % (name, filename)].tolist()
    wanted = {key for key in expected if key.startswith(name + '/') and '/file/' not in key}
    assert {name + '/' + key for key in ours} == wanted
    tolerances = NCHW if model.model_data_format == 'NCHW' else NHWC
    np.testing.assert_allclose(ours['losses'][0], expected[name + '/losses'][0], rtol=1e-5)
    for key, values in ours.items():
        rtol, atol = tolerances[key.split('/')[0]]
        np.testing.assert_allclose(values, expected[name + '/' + key], rtol=rtol, atol=atol,
                                   err_msg=key)


# A convolution of TensorFlow alone, nothing of ours.
BARE_CONVOLUTION = """
import numpy
import tensorflow
tf = tensorflow.compat.v1
with tf.Graph().as_default(), tf.Session() as session:
    image, kernel = tf.placeholder('float32', (2, 16, 16, 16)), tf.ones((3, 3, 16, 16))
    result = tf.nn.conv2d(image, kernel, [1, 1, 1, 1], 'SAME')
    session.run(result, {image: numpy.ones((2, 16, 16, 16), 'float32')})
"""


@pytest.mark.slow
def test_steps_in_the_layout_of_gpus():
    """The same in NCHW, which oneDNN computes; it is chosen when TensorFlow is imported."""
    with_onednn = dict(os.environ, TF_ENABLE_ONEDNN_OPTS='1')
    bare = subprocess.run([sys.executable, '-c', BARE_CONVOLUTION], env=with_onednn,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    if bare.returncode < 0:
        # seen: TensorFlow 2.6 on a Zen 5 divides by zero while it counts caches
        pytest.skip('oneDNN of this TensorFlow ends the process on this processor (signal %d)'
                    % -bare.returncode)
    assert bare.returncode == 0, bare.stdout[-3000:]
    code = ('import sys, pytest; from models.common import cpu_layout; from core.leras import nn; '
            'nn.initialize(nn.DeviceConfig.CPU()); '
            'sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-k", "numbers", %r]) '
            'if cpu_layout.has_nchw_convolution() else 77)' % __file__)
    done = subprocess.run(
        [sys.executable, '-c', 'import sys; sys.path.insert(0, %r); import tree_setup; %s' % (
            str(Path(__file__).parent), code)],
        env=with_onednn, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        universal_newlines=True)
    if done.returncode == 77:
        pytest.skip('oneDNN does not work on this processor')
    assert done.returncode == 0, done.stdout[-3000:]


def check_sizes(model) -> None:
    """Numbers of spec 22 section A5."""
    counts = {name: sum(int(np.prod(x.shape.as_list())) for x in getattr(model, name).get_weights())
              for name in PARTS}
    assert [counts[name] for name in PARTS[:4]] == [996192, 6336, 6336, 3066013]
    assert counts['src_dst_opt'] == 2 * (996192 + 3066013) + 1


def test_a_model_is_saved_resumed_and_merges(tmp_path, monkeypatch):
    """Losses go on as if nothing had happened; the merging side morphs as the preview does."""
    amp_support.write_defaults(tmp_path)
    gated_support.gate_updates(monkeypatch)
    monkeypatch.setattr(nn.tf.random, 'shuffle', lambda value: value)
    model = make_model(tmp_path, monkeypatch)
    assert model.options['morph_factor'] == 0.5 and model.is_first_run()
    assert model.model_data_format == cpu_layout.choose_cpu_format()
    check_sizes(model)
    before = {name: getattr(model, name).get_weights_np() for name in PARTS}
    for _ in range(3):
        model.train_one_iter()
    for name in PARTS:      # the inters are never trained
        changed = any((a != b).any() for a, b in zip(before[name],
                                                     getattr(model, name).get_weights_np()))
        assert changed == (name not in ('inter_src', 'inter_dst')), name
    assert model.save()
    gated_support.reset_generators(model)
    model.train_one_iter()
    expected = model.get_loss_history()[-1]
    assert sorted(x.name for x in tmp_path.glob('*.npy')) == sorted(
        'p_AMP_%s.npy' % name for name in PARTS)
    model.finalize()

    model = make_model(tmp_path, monkeypatch)
    assert model.get_iter() == 3 and len(model.get_loss_history()) == 3
    gated_support.reset_generators(model)
    model.train_one_iter()
    assert model.get_loss_history()[-1] == expected
    assert model.save()
    face = gated_support.make_batch('face', 1, 64)['target']
    views = [[from_layout(model, x)[0] for x in model.AE_view(
        to_layout(model, face), to_layout(model, face), morph_value)[2:]]
        for morph_value in (0.3, 1.0)]
    model.finalize()

    monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(
        flags={'merge_morph_factor': '0.3'}, environ={}))
    model = make_model(tmp_path, monkeypatch, is_training=False)
    predict, shape, config = model.get_MergerConfig()
    assert shape == (64, 64, 3) and config.face_type.name == 'WHOLE_FACE'
    assert describe_predictor(predict) == {'morph_value': 0.3}
    for results, view in ((predict(face[0]), views[0]),
                          (model.predictor_func(face[0], 1.0), views[1])):
        dst_mask, swapped, swapped_mask = view
        for got, wanted in zip(results, (swapped, swapped_mask[..., 0], dst_mask[..., 0])):
            assert got.dtype == np.float32
            np.testing.assert_allclose(got, wanted, atol=1e-6)
    assert np.abs(views[0][1] - views[1][1]).max() > 1e-3


def test_a_derived_models_own_predictor_is_the_one_that_merges(monkeypatch):
    """Also where faces are predicted many at once."""
    AMPModel = amp_support.get_model_module().AMPModel

    class Derived(AMPModel):
        def predictor_func(self, face, morph_value):
            return 'own', morph_value
    monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(
        flags={'merge_morph_factor': '0.3'}, environ={}))

    def get_predictor(model_class):
        model = model_class.__new__(model_class)
        model.resolution, model.face_type = 64, FaceType.WHOLE_FACE
        model.predict_faces = lambda faces, morph_value: ('batch', morph_value)
        return model.get_MergerConfig()[0]
    assert find_batch_predictor(get_predictor(AMPModel))([]) == ('batch', 0.3)
    predictor = get_predictor(Derived)
    assert predictor(None) == ('own', 0.3) and find_batch_predictor(predictor) is None


@pytest.mark.slow
def test_the_gan_comes_and_goes_with_its_power(tmp_path, monkeypatch):
    """Its files appear, stay when it is off, and another size begins anew."""
    amp_support.write_defaults(tmp_path)
    model = make_model(tmp_path, monkeypatch)
    model.train_one_iter()
    model.save()
    model.finalize()

    def resume(**given):
        monkeypatch.setattr(core_options, '_sources', core_options.OptionSources(
            flags=given, environ={}))
        return make_model(tmp_path, monkeypatch)
    model = resume(gan_power='0.1')
    before = model.GAN.get_weights_np()
    model.train_one_iter()
    assert any((a != b).any() for a, b in zip(before, model.GAN.get_weights_np()))
    assert [name for _, name in model.get_model_filename_list()] == [
        name + '.npy' for name in PARTS + ['GAN', 'GAN_opt']]
    model.save()
    model.finalize()
    model = resume(gan_dims='8')
    assert model.gan_model_changed
    assert [x.shape for x in model.GAN.get_weights_np()] != [x.shape for x in before]
    model.finalize()
    model = resume(gan_power='0')
    assert not hasattr(model, 'GAN') and (tmp_path / 'p_AMP_GAN.npy').exists()


@pytest.mark.parametrize('towers', [1, 2])
def test_previews_show_one_sample_morphed_step_by_step(towers):
    """Where one device computes, only the first view is of the whole batch."""
    from models.Model_AMP.preview import draw_previews
    calls = []

    def AE_view(src, dst, morph_value):
        calls.append((len(src), morph_value))
        mask = dst[..., :1]
        return [src / 2, dst / 2, mask, dst * morph_value, mask * morph_value]
    samples = [support.make_batch(side, 2, 64) for side in ('src0', 'dst0')]
    (_, src, _, _), (_, dst, _, _) = samples
    model = SimpleNamespace(
        AE_view=AE_view, channels=3, resolution=64, model_data_format='NHWC',
        get_batch_size=lambda: 2, placement=SimpleNamespace(towers=('/CPU:0',) * towers))
    for history in (True, False):
        np.random.seed(0)
        index = 0 if history else np.random.randint(2)
        np.random.seed(0)
        del calls[:]
        pictures = draw_previews(model, samples, history)
        assert calls == [(2, 0.0)] + [(2 if towers == 2 else 1, x) for x in (
            0.25, 0.5, 0.65, 0.75, 1.0)]
        assert [name for name, _ in pictures] == [
            'AMP morph 1.0', 'AMP morph list', 'AMP morph list masked']
        assert all(x.shape == (128, 192, 3) for _, x in pictures)
        s, d = src[index], dst[index]
        mask = d[..., :1]
        wanted = ([[s, d, d / 2 * mask], [s / 2, d / 2, d]],
                  [[d / 2, d * .25, d * .5], [d * .65, d * .75, d]],
                  [[d / 2] + [d * x * mask * mask * x for x in (.25, .5)],
                   [d * x * mask * mask * x for x in (.65, .75, 1)]])
        for (_, picture), rows in zip(pictures, wanted):
            np.testing.assert_allclose(picture, np.concatenate(
                [np.concatenate(row, axis=1) for row in rows], axis=0), atol=1e-6)


def test_a_share_of_the_channels_is_drawn_anew_in_every_step():
    from models.Model_AMP import graph
    support.start_engine()
    settings = SimpleNamespace(inter_dims=48, morph_factor=0.3)
    for data_format, shape in (('NCHW', (5, 48, 1, 1)), ('NHWC', (5, 1, 1, 48))):
        nn.set_data_format(data_format)
        shares = graph.draw_shares(settings, 5)
        first, second = [nn.tf_sess.run(shares) for _ in range(2)]
        assert first.shape == shape and set(np.unique(first)) == {0, 1}
        assert (first.reshape(5, 48).sum(axis=1) == int(48 * 0.3)).all()
        assert (first != second).any() and (first[0] != first[1]).any()
    nn.set_data_format('NHWC')


@pytest.mark.parametrize('morph_value, taken', [(0, 0), (0.5, 24), (0.99, 47), (1, 48)])
@pytest.mark.parametrize('data_format', ['NCHW', 'NHWC'])
def test_morphing_takes_the_first_channels_from_the_source(morph_value, taken, data_format):
    from models.Model_AMP import graph
    support.start_engine()
    nn.set_data_format(data_format)
    tf, shape = nn.tf, (2, 48, 2, 2) if data_format == 'NCHW' else (2, 2, 2, 48)
    morphed = nn.tf_sess.run(graph.morph_codes(
        None, SimpleNamespace(inter_dims=48, resolution=64), tf.ones(shape), tf.zeros(shape),
        tf.constant([morph_value], tf.float32)))
    nn.set_data_format('NHWC')
    channels = np.moveaxis(morphed, 1 if data_format == 'NCHW' else 3, 0)
    assert (channels[:taken] == 1).all() and (channels[taken:] == 0).all()


def test_a_face_type_of_another_model_is_named(tmp_path, monkeypatch):
    support.write_model_folder(tmp_path, amp_support.make_options(face_type='h'), class_name='AMP')
    with pytest.raises(UserError, match="'h', which AMP does not have"):
        make_model(tmp_path, monkeypatch, is_training=False)

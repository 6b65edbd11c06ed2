"""Every seam of the architecture page is replaced here, and the replacement is seen in use.

Plug-ins, drivers and patches put their own function, class, session or generator in these places;
a private copy anywhere in the tree would silently use the original.
"""
import subprocess
import sys

import amp_support
import gated_support
import numpy as np
import pytest
from conftest import TREE
from core.interact import interact as io
from core.leras import nn
from saehd_support import (get_model_module, list_arguments, make_batch, make_generator_class,
                           make_options, quiet_prompts, start_engine, write_model_folder)

# All terms on, so that every op of the training step is made.
EVERYTHING = dict(true_face_power=0.5, gan_power=0.1, face_style_power=1.0, bg_style_power=1.0,
                  lr_dropout='y', blur_out_mask=True, eyes_mouth_prio=True, clipgrad=False)

FUNCTIONS = ('gradients', 'average_gv_list', 'concat', 'flatten', 'reshape_4D', 'depth_to_space',
             'gaussian_blur', 'style_loss', 'dssim', 'pixel_norm', 'random_binomial',
             'total_variation_mse', 'init_weights', 'get4Dshape', 'initialize')
CLASSES = ('Conv2D', 'Conv2DTranspose', 'Dense', 'DeepFakeArchi', 'CodeDiscriminator',
           'UNetPatchDiscriminator', 'AdaBelief')

# What AMP uses of them: it has no style losses and no true face discriminator, and makes its
# own encoder, inters and decoder in place of those of DeepFakeArchi.
AMP_FUNCTIONS = ('gradients', 'average_gv_list', 'concat', 'flatten', 'reshape_4D',
                 'depth_to_space', 'gaussian_blur', 'dssim', 'random_binomial',
                 'total_variation_mse', 'init_weights', 'initialize')
AMP_CLASSES = ('Conv2D', 'Dense', 'UNetPatchDiscriminator', 'AdaBelief')


@pytest.fixture
def saehd(monkeypatch, tmp_path):
    """Function that builds a SAEHD with given options on fixed batches."""
    start_engine()
    quiet_prompts(monkeypatch)
    module = get_model_module()
    monkeypatch.setattr(module, 'SampleGeneratorFace', make_generator_class(64))

    def build(is_training=True, **options):
        arguments = write_model_folder(tmp_path, make_options(**options))
        # iteration 0: a first run initialises instead of loading
        for path in tmp_path.glob('*_data.dat'):
            path.unlink()
        for key, value in make_options(**options).items():
            monkeypatch.setenv('DFL_' + key.upper(), str(value))
        return module.Model(is_training=is_training, **arguments)
    return build


def count_function(monkeypatch, owner, name, calls):
    original = getattr(owner, name)

    def replacement(*args, **kwargs):
        calls[name] = calls.get(name, 0) + 1
        return original(*args, **kwargs)
    monkeypatch.setattr(owner, name, staticmethod(replacement)
                        if isinstance(owner, type) else replacement)


def count_class(monkeypatch, name, calls):
    original = getattr(nn, name)

    class Replacement(original):
        def __init__(self, *args, **kwargs):
            calls[name] = calls.get(name, 0) + 1
            super().__init__(*args, **kwargs)

        if hasattr(original, 'get_update_op'):
            def get_update_op(self, *args, **kwargs):
                calls['get_update_op'] = calls.get('get_update_op', 0) + 1
                return super().get_update_op(*args, **kwargs)
    monkeypatch.setattr(nn, name, Replacement)


def test_engine_functions_and_classes_are_looked_up_when_called(monkeypatch, saehd):
    calls = {}
    for name in FUNCTIONS:
        count_function(monkeypatch, nn, name, calls)
    for name in CLASSES:
        count_class(monkeypatch, name, calls)
    saehd(**EVERYTHING)
    assert set(FUNCTIONS + CLASSES + ('get_update_op',)) - set(calls) == set()
    assert calls['get_update_op'] == 3      # generator, code discriminator, GAN


def test_amp_looks_them_up_too(monkeypatch, tmp_path):
    calls = {}
    start_engine()
    for name in AMP_FUNCTIONS:
        count_function(monkeypatch, nn, name, calls)
    for name in AMP_CLASSES:
        count_class(monkeypatch, name, calls)
    amp_support.write_defaults(tmp_path, gan_power=0.1, lr_dropout='y', blur_out_mask=True)
    gated_support.make_model('AMP', tmp_path, monkeypatch)
    assert set(AMP_FUNCTIONS + AMP_CLASSES + ('get_update_op',)) - set(calls) == set()
    assert calls['get_update_op'] == 2      # generator, GAN


@pytest.mark.parametrize('name', ['SAEHD', 'AMP'])
def test_an_archi_of_others_needs_no_more_than_the_documented_arguments(name, monkeypatch, saehd,
                                                                        tmp_path):
    """Decoder(in_ch, d_ch, d_mask_ch), as the files that the community exchanges have it."""
    own_archi, made = nn.DeepFakeArchi, []

    class ForeignArchi(nn.ArchiBase):
        def __init__(self, resolution, use_fp16=False, mod=None, opts=None):
            super().__init__()
            archi = own_archi(resolution, use_fp16=use_fp16, mod=mod, opts=opts)
            self.Encoder, self.Inter = archi.Encoder, archi.Inter

            class Decoder(archi.Decoder):
                def on_build(self, in_ch, d_ch, d_mask_ch):
                    made.append(in_ch)
                    super().on_build(in_ch, d_ch, d_mask_ch)
            self.Decoder = Decoder
    monkeypatch.setattr(nn, 'DeepFakeArchi', ForeignArchi)
    if name == 'SAEHD':
        model = saehd()
        assert made == [32, 32] and model.pred_src_dst.shape.as_list()[3] == 3
    else:
        amp_support.write_defaults(tmp_path)
        gated_support.make_model('AMP', tmp_path, monkeypatch)
        assert made == [48]


def test_rmsprop_and_its_update_are_replaceable(monkeypatch, saehd):
    calls = {}
    count_class(monkeypatch, 'RMSprop', calls)
    saehd(adabelief=False)
    assert calls == {'RMSprop': 1, 'get_update_op': 1}


def test_weights_are_loaded_through_batch_set_value(monkeypatch, saehd):
    model = saehd()
    values = [weight.shape.as_list() for weight in model.encoder.get_weights()]
    calls = {}
    count_function(monkeypatch, nn, 'batch_set_value', calls)
    model.encoder.set_weights([np.zeros(shape, np.float32) for shape in values])
    assert calls == {'batch_set_value': 1}


def test_session_and_its_config_are_replaceable(saehd):
    model = saehd()
    src, dst = make_batch('a', 2, 64), make_batch('b', 2, 64)
    runs = []

    class Session(nn.tf.Session):
        def run(self, *args, **kwargs):
            runs.append(args)
            return super().run(*args, **kwargs)
    nn.tf_sess.close()
    nn.tf_sess_config = nn.tf.ConfigProto(device_count={'GPU': 0}, allow_soft_placement=True)
    nn.tf_sess = Session(config=nn.tf_sess_config)
    for part, _ in model.get_model_filename_list():
        part.init_weights()
    before = len(runs)
    model.AE_view(src[1], dst[1])
    model.src_dst_train(*(src + dst))
    assert before > 0 and len(runs) == before + 2
    nn.reset_session()
    assert nn.tf_sess._config.allow_soft_placement


def test_data_format_is_read_when_layers_are_called(monkeypatch):
    start_engine()
    layer = nn.Conv2D(3, 4, 3, name='c')
    with nn.tf.variable_scope('c'):
        layer.build_weights()
    nhwc = layer(nn.tf.placeholder(nn.tf.float32, (None, 8, 6, 3)))
    nn.set_data_format('NCHW')
    nchw = layer(nn.tf.placeholder(nn.tf.float32, (None, 3, 8, 6)))
    nn.set_data_format('NHWC')
    assert nhwc.shape.as_list()[1:] == [8, 6, 4] and nchw.shape.as_list()[1:] == [4, 8, 6]


def test_tensorflow_module_is_looked_up_when_called(monkeypatch):
    start_engine()
    used = []
    original = nn.tf

    class Module:
        def __getattr__(self, name):
            used.append(name)
            return getattr(original, name)
    x = original.placeholder(original.float32, (None, 16, 16, 3))
    monkeypatch.setattr(nn, 'tf', Module())
    nn.gaussian_blur(x, 1.0)
    nn.dssim(x, x, max_val=1.0)
    assert used


def test_instance_callables_and_losses_are_used(saehd):
    """`onTrainOneIter` and the previews call what stands on the instance."""
    model = saehd(**EVERYTHING)
    seen = []
    model.src_dst_train = lambda *batch: (seen.append(('train', len(batch))) or
                                          (np.full(2, 3.0), np.full(2, 5.0)))
    model.D_train = lambda *batch: seen.append(('D_train', len(batch)))
    model.D_src_dst_train = lambda *batch: seen.append(('D_src_dst_train', len(batch)))
    assert [float(value) for _, value in model.onTrainOneIter()] == [3.0, 5.0]
    assert seen == [('train', 8), ('D_train', 2), ('D_src_dst_train', 8)]

    view = model.AE_view
    model.AE_view = lambda *args: seen.append('AE_view') or view(*args)
    assert model.get_previews() and seen[-1] == 'AE_view'

    # a loss tensor replaced on the instance is what the step returns
    del model.src_dst_train
    from models.Model_SAEHD import graph
    graph.bind_training_functions(model, model.settings)
    model.src_loss = nn.tf.constant([7.0, 7.0])
    src, dst = make_batch('a', 2, 64), make_batch('b', 2, 64)
    assert list(model.src_dst_train(*(src + dst))[0]) == [7.0, 7.0]


def test_merging_callable_is_used(saehd, tmp_path, monkeypatch):
    model = saehd()
    model.iter = 1
    model.save()
    model.finalize()
    start_engine()
    module = sys.modules[type(model).__module__]
    merging = module.Model(is_training=False, **list_arguments(tmp_path))
    face = np.full((64, 64, 3), 0.5, np.float32)
    merging.AE_merge = lambda batch: [batch, batch[..., :1] * 0.5, batch[..., :1]]
    swapped, swapped_mask, dst_mask = merging.predictor_func(face)
    np.testing.assert_array_equal(swapped, face)
    assert dst_mask[0, 0] == 0.25 and swapped_mask[0, 0] == 0.5


def test_sample_generator_and_samples_are_replaceable(saehd):
    model = saehd()
    kinds = {type(generator).__name__ for generator in model.get_training_data_generators()}
    assert kinds == {'FixedGenerator'}
    first, second = model.generate_next_samples(), model.generate_next_samples()
    model.generate_next_samples = lambda: [second[0], first[1]]
    seen = []
    train = model.src_dst_train
    model.src_dst_train = lambda *batch: seen.append(batch) or train(*batch)
    model.onTrainOneIter()
    assert seen[0][0] is second[0][0] and seen[0][4] is first[1][0]

    replaced = []
    model.set_training_data_generators(replaced)
    assert model.get_training_data_generators() is replaced


def test_io_methods_are_replaceable(monkeypatch):
    """Modules that imported `io` long ago use the replacement."""
    from core import options
    logged, asked = [], []
    monkeypatch.setattr(io, 'log_err', lambda message, end='\n': logged.append(message))
    monkeypatch.setattr(io, 'input_int',
                        lambda text, default, *a, **k: asked.append(text) or 5)
    option = options.Option('no_such_key', 'int', 1, 'How many')
    assert options.ask(option, io) == 5 and asked == ['How many']

    started = []
    monkeypatch.setattr(io, 'progress_bar', lambda *a, **k: started.append('bar'))
    io.progress_bar('x', 3)
    assert started == ['bar']
    from core.interact import interact
    assert interact is io
    nn.DeviceConfig.GPUIndexes([77])
    assert logged


def test_engine_needs_no_tensorflow_until_initialize():
    code = ("import sys; from core.leras import nn; assert 'tensorflow' not in sys.modules; "
            "nn.initialize(nn.DeviceConfig.CPU()); assert 'tensorflow' in sys.modules")
    subprocess.check_call([sys.executable, '-c', code], cwd=str(TREE))

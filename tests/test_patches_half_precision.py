"""Half precision: what computes in it, what stays float32, and that nothing else changes."""
import json
import os
import subprocess
import sys
from pathlib import Path

import dfl_patches
import numpy as np
import pytest
import saehd_support as support
from core.leras import nn
from dfl_patches import half_support
from dfl_patches.errors import PatchError

STEPS = 30
PARITY_CHILD = Path(__file__).with_name('half_precision_child.py')
CONVOLUTIONS = ('Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter')


@pytest.fixture(autouse=True)
def engine():
    support.start_engine()
    yield
    dfl_patches.remove_all(nn)


@pytest.fixture(params=['fp16', 'bf16'])
def patch(request, monkeypatch):
    """Applied; bf16 also without oneDNN, which the tests go without."""
    monkeypatch.setenv(half_support.FORCE_NAME, '1')
    if request.param == 'bf16' and half_support.explain_no_bf16_kernels(nn):
        pytest.skip(half_support.explain_no_bf16_kernels(nn))
    dfl_patches.apply_selected(nn, [request.param])
    return request.param


def get_dtype(patch):
    return nn.tf.float16 if patch == 'fp16' else nn.tf.bfloat16


def make_placeholder(side=64, channels=3):
    return nn.tf.placeholder(nn.tf.float32, (None, side, side, channels))


def make_archi(opts):
    archi = nn.DeepFakeArchi(64, opts=opts)
    encoder = archi.Encoder(in_ch=3, e_ch=16, name='encoder')
    inter = archi.Inter(in_ch=encoder.get_out_ch() * encoder.get_out_res(64) ** 2, ae_ch=32,
                        ae_out_ch=32, name='inter')
    decoder = archi.Decoder(in_ch=inter.get_out_ch(), d_ch=16, d_mask_ch=16, name='decoder')
    return encoder, inter, decoder


def list_ops():
    return [(op.name, op.type, [x.name for x in op.inputs])
            for op in nn.tf.get_default_graph().get_operations()]


def get_dtypes(op_type):
    return {op.outputs[0].dtype for op in nn.tf.get_default_graph().get_operations()
            if op.type == op_type}


@pytest.mark.parametrize('opts', ['ud', 'udt', 'c', ''])
def test_archis_compute_in_half_and_return_float32(patch, opts):
    encoder, inter, decoder = make_archi(opts)
    code = encoder(make_placeholder())
    image, mask = decoder(inter(code))
    weights = encoder.get_weights() + inter.get_weights() + decoder.get_weights()
    nn.gradients(nn.tf.reduce_mean(image) + nn.tf.reduce_mean(mask), weights)
    assert {x.dtype for x in (code, image, mask)} == {nn.tf.float32}
    for op_type in CONVOLUTIONS:
        assert get_dtypes(op_type) == {get_dtype(patch)}, op_type
    assert get_dtypes('MatMul') == get_dtypes('Sigmoid') == {nn.tf.float32}
    assert get_dtypes('LeakyRelu') | get_dtypes('Cos') == {get_dtype(patch)}
    assert {v.dtype.base_dtype for v in nn.tf.global_variables()} == {nn.tf.float32}


def test_variables_are_those_of_the_unpatched_model(patch):
    def describe():
        return [(w.name, w.shape.as_list(), w.dtype) for part in make_archi('ud')
                for w in part.get_weights()]
    patched = describe()
    dfl_patches.remove_all(nn)
    support.start_engine()
    assert patched == describe()


def test_remove_restores_the_reference_graph(patch):
    def build():
        support.start_engine()
        encoder, inter, decoder = make_archi('udt')
        image, _ = decoder(inter(encoder(make_placeholder())))
        weights = encoder.get_weights()
        optimizer = nn.AdaBelief(name='opt')
        optimizer.initialize_variables(weights)
        optimizer.get_update_op(nn.gradients(image, weights))
        return list_ops()
    patched = build()
    dfl_patches.remove_all(nn)
    reference = build()
    dfl_patches.apply_selected(nn, [patch])
    dfl_patches.apply_selected(nn, [patch])     # once more changes nothing
    assert build() == patched != reference
    dfl_patches.remove_all(nn)
    assert build() == reference


def test_layers_called_directly_return_what_they_were_given(patch):
    class Owner(nn.ModelBase):
        def on_build(self):
            self.conv = nn.Conv2D(3, 8, kernel_size=3, use_wscale=True)
            self.up = nn.Conv2DTranspose(8, 4, kernel_size=3)
            self.depthwise = nn.DepthwiseConv2D(4, kernel_size=3)
    owner = Owner(name='owner')
    owner.build()
    x = owner.up(owner.conv(x=make_placeholder(8)))
    assert x.dtype == owner.depthwise(x).dtype == nn.tf.float32
    assert get_dtypes('Conv2D') == {get_dtype(patch)}
    assert get_dtypes('DepthwiseConv2dNative') == {nn.tf.float32}
    assert owner.conv.use_bias and owner.conv.weight.dtype.base_dtype == nn.tf.float32


def test_resource_variables_are_cast_too(patch):
    """A tree may make such (spec 10 section 14.2)."""
    with nn.tf.variable_scope('layers', use_resource=True):
        layers = [nn.Conv2D(3, 8, kernel_size=3, use_wscale=True, name='conv'),
                  nn.Conv2DTranspose(8, 8, kernel_size=3, name='up')]
        x = make_placeholder(8)
        for layer in layers:
            with nn.tf.variable_scope(layer.name):
                layer.build_weights()
            x = layer(x)
    weights = [w for layer in layers for w in layer.get_weights()]
    assert {w.op.type for w in weights} == {'VarHandleOp'} and x.dtype == nn.tf.float32
    assert get_dtypes('Conv2D') == {get_dtype(patch)}
    optimizer = nn.RMSprop(name='opt')
    optimizer.initialize_variables(weights)
    optimizer.get_update_op(nn.gradients(x, weights))
    assert {w.dtype.base_dtype for w in weights} == {nn.tf.float32}


def test_a_head_of_subpixels_ends_in_float32(patch):
    """A convolution of 12 channels that become 3: what a sigmoid then takes is an image."""
    class Head(nn.ModelBase):
        def on_build(self):
            self.up = nn.Conv2D(3, 32, kernel_size=3)
            self.out = nn.Conv2D(8, 12, kernel_size=1)

        def forward(self, x):
            x = nn.depth_to_space(self.up(x), 2)
            assert x.dtype == get_dtype(patch)
            return nn.tf.nn.sigmoid(nn.depth_to_space(self.out(x), 2))
    assert Head(name='head')(make_placeholder(8)).dtype == nn.tf.float32
    assert get_dtypes('Sigmoid') == {nn.tf.float32}


def test_a_model_that_mixes_in_float32_is_called_once_more(patch):
    """As a plug-in may be written: its own float32 in the middle, lists in and out, keywords."""
    class Mixing(nn.ModelBase):
        def on_build(self):
            self.conv = nn.Conv2D(3, 8, kernel_size=3)
            self.shared = nn.Conv2D(8, 8, kernel_size=3)
            self.norm = nn.InstanceNorm2D(8)

        def forward(self, images, gain=None):
            scale = nn.tf.constant(np.full((8,), 2, np.float32))
            x = self.shared(self.norm(self.conv(images[0]) * scale)) * gain
            return [x, {'twice': self.shared(x)}]
    model = Mixing(name='mixing')
    x, named = model([make_placeholder(8)], gain=nn.tf.constant(0.5))
    assert x.dtype == named['twice'].dtype == nn.tf.float32
    assert get_dtypes('Conv2D') == {get_dtype(patch)}
    model.init_weights()
    placeholder = [op for op in nn.tf.get_default_graph().get_operations()
                   if op.type == 'Placeholder'][0].outputs[0]
    assert np.isfinite(nn.tf_sess.run(named['twice'],
                                      {placeholder: np.ones((1, 8, 8, 3), np.float32)})).all()


def test_an_error_of_the_model_itself_comes_through(patch):
    class Broken(nn.ModelBase):
        def on_build(self):
            self.calls = []

        def forward(self, x):
            self.calls.append(x)
            raise ValueError('broken')
    model = Broken(name='broken')
    with pytest.raises(ValueError, match='broken'):
        model(make_placeholder())
    assert len(model.calls) == 1


def test_pixel_norm_of_activations_above_256_stays_finite(patch):
    encoder, _, _ = make_archi('u')
    x = make_placeholder()
    code = encoder(x)
    encoder.init_weights()
    last = encoder.get_weights()[-2:]
    nn.batch_set_value([(last[1], np.full(last[1].shape.as_list(), 2000.0))])
    gradient = nn.tf.gradients(code, last[1])[0]
    values, gradients = nn.tf_sess.run([code, gradient], {x: np.ones((1, 64, 64, 3))})
    assert np.isfinite(values).all() and np.isfinite(gradients).all()
    assert np.abs(np.mean(values ** 2) - 1) < 1e-2


def test_bias_gradient_is_the_sum(patch):
    """A sum over 32,768 pixels, which half precision's own sums lose."""
    class Owner(nn.ModelBase):
        def on_build(self):
            self.conv = nn.Conv2D(3, 8, kernel_size=1)

        def forward(self, x):
            return self.conv(x)
    owner = Owner(name='owner')
    x = nn.tf.constant(np.ones((8, 64, 64, 3), np.float32))
    y = owner(x)
    owner.init_weights()
    gradient = nn.tf_sess.run(nn.tf.gradients(y, owner.conv.bias)[0])
    assert np.allclose(gradient, 8 * 64 * 64, rtol=5e-3)


def test_models_of_half_precision_of_their_own_are_left_alone(patch):
    archi = nn.DeepFakeArchi(64, use_fp16=True, opts='u')
    encoder = archi.Encoder(in_ch=3, e_ch=16, name='encoder')
    inter = archi.Inter(in_ch=encoder.get_out_ch() * encoder.get_out_res(64) ** 2, ae_ch=32,
                        ae_out_ch=32, name='inter')
    assert encoder(make_placeholder()).dtype == nn.tf.float32
    assert inter(encoder(make_placeholder())).dtype == nn.tf.float16


@pytest.mark.parametrize('names', [['fp16', 'bf16'], ['mixed', 'fp16'], ['bf16', 'mixed']])
def test_one_half_precision_at_a_time(names):
    with pytest.raises(PatchError, match='exclude'):
        dfl_patches.apply_selected(nn, names)


def test_two_steps_train_a_small_model(patch):
    """At 64 px, also where float16's kernels are too slow for more (TensorFlow 2.6 on the CPU)."""
    archi = nn.DeepFakeArchi(64, opts='ud')
    encoder = archi.Encoder(in_ch=3, e_ch=4, name='encoder')
    inter = archi.Inter(in_ch=encoder.get_out_ch() * encoder.get_out_res(64) ** 2, ae_ch=8,
                        ae_out_ch=8, name='inter')
    decoder = archi.Decoder(in_ch=inter.get_out_ch(), d_ch=4, d_mask_ch=4, name='decoder')
    x = make_placeholder()
    image, mask = decoder(inter(encoder(x)))
    weights = [w for part in (encoder, inter, decoder) for w in part.get_weights()]
    loss = nn.tf.reduce_mean(nn.dssim(image, x, max_val=1.0, filter_size=5), axis=1) \
        + nn.tf.reduce_mean(nn.tf.square(image - x), axis=[1, 2, 3]) \
        + nn.tf.reduce_mean(nn.tf.square(mask - 0.3), axis=[1, 2, 3])
    optimizer = nn.AdaBelief(lr=1e-3, name='opt')
    optimizer.initialize_variables(weights)
    update = optimizer.get_update_op(nn.gradients(loss, weights))
    nn.init_weights(weights)
    optimizer.init_weights()
    before = nn.tf_sess.run(weights)
    fed = {x: support.make_batch('src0', 1, 64)[1]}
    losses = [nn.tf_sess.run([loss, update], fed)[0] for _ in range(3)]
    after = nn.tf_sess.run(weights)
    assert np.isfinite(losses).all() and losses[2] < losses[0]
    assert all(np.isfinite(w).all() for w in after)
    assert not any(np.array_equal(old, new) for old, new in zip(before, after))


@pytest.fixture(scope='module')
def parity(tmp_path_factory):
    """Losses of float32, bf16 and fp16 over the same steps, with oneDNN on."""
    support.start_engine()
    if half_support.explain_no_bf16_kernels(nn):
        pytest.skip('half precision of this TensorFlow is too slow for steps of a whole model')
    environment = dict(os.environ, TF_ENABLE_ONEDNN_OPTS='1', DFL_PATCHES_FORCE='1')
    output = subprocess.check_output(
        [sys.executable, str(PARITY_CHILD), str(tmp_path_factory.mktemp('parity')), str(STEPS)],
        env=environment)
    return json.loads(output.decode().strip().splitlines()[-1])


@pytest.mark.slow     # fp16 on a CPU may take minutes
@pytest.mark.parametrize('name', ['bf16', 'fp16'])
def test_thirty_steps_are_close_to_float32(parity, name):
    losses = np.array(parity[name]['losses'])
    base = np.array(parity['none']['losses'])
    assert np.isfinite(losses).all() and not np.array_equal(losses, base)
    # single steps of so steep a beginning are apart by more than the course is
    assert np.allclose(losses[-10:].mean(axis=0), base[-10:].mean(axis=0), rtol=0.05)
    assert parity[name]['files'] == parity['none']['files']
    assert len(losses) == STEPS and base[-1].mean() < 0.5 * base[0].mean()

"""Seams of Quick96 and XSeg that plug-ins and drivers replace (see test_seams.py)."""
from types import SimpleNamespace

import gated_support
import numpy as np
import pytest
import saehd_support as support
import xseg_support
from core.leras import nn


@pytest.fixture
def narrow(monkeypatch):
    """Few channels, so that a graph is made in a second."""
    from models.Model_Quick96 import graph
    support.start_engine()
    xseg_support.narrow_network(monkeypatch)
    monkeypatch.setattr(graph, 'SIZES', SimpleNamespace(
        resolution=96, ae_dims=16, e_dims=8, d_dims=8, d_mask_dims=8))


@pytest.mark.parametrize('name, generators, callables', [
    ('Quick96', ['SampleGeneratorFace'] * 2, ('src_dst_train', 'AE_view')),
    ('XSeg', ['SampleGeneratorFaceXSeg', 'SampleGeneratorFace', 'SampleGeneratorFace'],
     ('train', 'view'))])
def test_generators_and_callables_are_replaceable(name, generators, callables, narrow, tmp_path,
                                                  monkeypatch):
    """Each generator class of `models.Model_<NAME>.Model` makes the feeds it stands for; steps and
    previews call what stands on the instance."""
    module = gated_support.get_model_module(name)
    support.quiet_prompts(monkeypatch)
    classes = {}
    for generator in sorted(set(generators)):
        classes[generator] = gated_support.make_generator_class()
        monkeypatch.setattr(module, generator, classes[generator])
    support.start_engine()
    model = module.Model(is_training=True, **support.list_arguments(tmp_path))
    assert [type(x) for x in model.get_training_data_generators()] == [
        classes[x] for x in generators]

    used = []

    def watch(name):
        original = getattr(model, name)
        setattr(model, name, lambda *args: used.append(name) or original(*args))
    for name in callables:
        watch(name)
    model.train_one_iter()
    assert model.get_previews() and set(used) == set(callables)
    batch = model.generate_next_samples()
    model.generate_next_samples = lambda: used.append('samples') or batch
    model.onTrainOneIter()
    assert used[-2:] == ['samples', callables[0]]


def test_engine_classes_are_looked_up_when_called(narrow, tmp_path, monkeypatch):
    """The network, its optimizer, losses and the update of XSeg come from `nn`."""
    calls = []

    def count(owner, name):
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: (
            calls.append(name) or original(*args, **kwargs)))
    for name in ('XSeg', 'RMSprop', 'gradients', 'average_gv_list', 'concat', 'init_weights'):
        count(nn, name)
    gated_support.make_model('XSeg', tmp_path, monkeypatch)
    assert {'XSeg', 'RMSprop', 'gradients', 'average_gv_list', 'concat',
            'init_weights'} == set(calls)


def test_a_loss_on_the_instance_is_what_a_step_returns(narrow, tmp_path, monkeypatch):
    model = gated_support.make_model('XSeg', tmp_path, monkeypatch)
    model.loss = nn.tf.constant([3.0, 5.0])
    assert dict(model.onTrainOneIter())['loss'] == np.float32(4.0)

"""models/common/placement.py: the printed plan against the graph that is really built."""
import re

import pytest
import saehd_graphs
import saehd_support as support

import models
from core.interact import interact as io
from core.leras import nn
from core.leras.device import Device
from models.common import gan_model
from models.common.placement import (describe_batch, describe_placement, get_batch_size,
                                     plan_placement)


@pytest.fixture
def idle_engine(monkeypatch):
    yield from saehd_graphs.invent_gpus(monkeypatch)


def build(folder, monkeypatch, gpus: int, options: dict, start):
    """A training SAEHD on that many invented GPUs; its graph is built, never run."""
    module = support.get_model_module()
    start(gpus)
    support.quiet_prompts(monkeypatch)
    arguments = support.write_model_folder(folder, support.make_options(**options))
    monkeypatch.setattr(module, 'SampleGeneratorFace', support.make_generator_class(64))
    monkeypatch.setattr(gan_model, 'load_or_init_weights', lambda *args, **kwargs: None)
    monkeypatch.setattr(module.SAEHDModel, 'update_sample_for_preview', lambda *a, **k: None)
    return module.Model(is_training=True, **arguments)


def shorten(device: str) -> str:
    """'/device:GPU:0' and '/job:.../device:GPU:0' -> '/GPU:0'"""
    return '/' + re.search(r'(CPU|GPU|DML):\d+$', device).group(0)


def one_device(ops) -> str:
    """The device that all of the ops share."""
    devices = {shorten(op.device) for op in ops}
    assert len(devices) == 1, devices
    return devices.pop()


def find_towers(model) -> list:
    """(device, first sample, last sample) of every tower, read off the slices of the batch and the
    convolutions that work on them."""
    towers = []
    for consumer in model.placeholders.warped_src.consumers():
        assert consumer.type == 'StridedSlice' and shorten(consumer.device) == '/CPU:0'
        begin, end = [nn.tf.make_ndarray(consumer.inputs[i].op.node_def.attr['value'].tensor)[0]
                      for i in (1, 2)]
        ops = [consumer]
        while not any(op.type == 'Conv2D' for op in ops):
            ops = [follower for op in ops for output in op.outputs
                   for follower in output.consumers()]
        towers.append((one_device([op for op in ops if op.type == 'Conv2D']), begin, end - 1))
    return towers


def find_rows(model) -> list:
    """The description's rows as the graph has them."""
    nets = [x for x in model.layout.net_names] + (['D_src'] if model.gan_power else [])
    optimizers = ['src_dst_opt'] + (['D_src_dst_opt'] if model.gan_power else [])
    parts = [getattr(model, name) for name in optimizers]
    rows = [
        ('placeholders, slices of the batch', one_device(x.op for x in model.placeholders)),
        ('weights of ' + ', '.join(nets), one_device(
            weight.op for name in nets for weight in getattr(model, name).get_weights())),
        ('moments of ' + ', '.join(optimizers), one_device(
            weight.op for part in parts for weight in part.get_weights()
            if weight is not part.iterations)),
        ('counters of ' + ', '.join(optimizers), one_device(
            part.iterations.op for part in parts))]
    masks = [x.op for part in parts for x in part.lr_rnds_dict.values()]
    if masks:
        rows.append(('masks of the learning-rate dropout', one_device(masks)))
    towers = find_towers(model)
    for index, (device, first, last) in enumerate(towers):
        rows.append(('tower %d, samples %d to %d: forward and backward pass' % (
            index, first, last), device))
    if len(towers) > 1:
        rows.append(('predictions of all towers joined', one_device([
            model.pred_src_src.op, model.pred_dst_dst.op, model.pred_src_dstm.op])))
        rows.append(('gradients of all towers averaged', one_device(find_averages(model))))
    rows.append(('weights updated', one_device(find_updates(model.src_dst_update_op, {
        weight.op for weight in model.src_dst_trainable_weights}))))
    return rows


def find_updates(op, weights) -> list:
    """The assignments to weights in a group, which holds one group for each device."""
    if op.type == 'NoOp':
        return [found for part in op.control_inputs for found in find_updates(part, weights)]
    return [op] if op.type == 'Assign' and op.inputs[0].op in weights else []


def find_averages(model) -> list:
    """The means over stacked gradients of as many towers as there are."""
    averages = []
    for op in nn.tf.get_default_graph().get_operations():
        source = op.inputs[0].op if op.type == 'Mean' else None
        if source is not None and source.type == 'ConcatV2' and all(
                x.op.type == 'ExpandDims' for x in source.inputs[:-1]):
            averages += [op, source]
    assert averages
    return averages


CASES = [
    (0, dict(batch_size=3)),
    (1, dict(archi='liae-ud', models_opt_on_gpu=True, lr_dropout='y')),
    (2, dict(batch_size=5, models_opt_on_gpu=True, lr_dropout='cpu', gan_power=0.1)),
    (4, dict(batch_size=8, models_opt_on_gpu=False, lr_dropout='y', adabelief=False)),
    (4, dict(archi='liae-ud', batch_size=3, models_opt_on_gpu=True))]


@pytest.mark.parametrize('gpus, options', CASES)
def test_the_printed_placement_is_that_of_the_graph(gpus, options, tmp_path, monkeypatch,
                                                    idle_engine):
    model = build(tmp_path, monkeypatch, gpus, options, idle_engine)
    rows = find_rows(model)
    assert describe_placement(model.placement) == rows
    assert len([x for x, _ in rows if x.startswith('tower')]) == max(1, gpus)
    assert model.get_batch_size() == get_batch_size(model.placement)

    # the dry run knows the same from the options alone
    monkeypatch.setenv('DFL_PLAN_MEMORY', 'n')
    shown = []
    monkeypatch.setattr(io, 'log_info', lambda text, **keywords: shown.append(text))
    idle_engine(gpus)
    with pytest.raises(models.DryRunFinished):
        support.get_model_module().Model(is_training=True, dry_run=True,
                                         **support.list_arguments(tmp_path))
    printed = shown[shown.index('Placement') + 1:]
    assert [tuple(re.split('  +', line.strip())) for line in printed[:-1]] == rows
    assert printed[-1] == '  ' + describe_batch(model.placement)


def plan(devices: int, batch: int):
    return plan_placement([Device(i, 'GPU', 'x', 1, 1) for i in range(devices)], batch, False, 'n',
                          False, ['encoder'], ['opt'])


@pytest.mark.parametrize('devices, batch, text', [
    (0, 4, '4 samples a step'), (1, 4, '4 samples a step'),
    (2, 4, '4 samples a step, 2 on each of 2 devices'),
    (2, 5, '4 samples a step, 2 on each of 2 devices (batch_size 5 cannot be shared equally: 1 '
           'left out)'),
    (4, 3, '4 samples a step, 1 on each of 4 devices (batch_size 3: every device gets at least '
           'one)')])
def test_a_batch_that_does_not_divide_is_told(devices, batch, text):
    assert describe_batch(plan(devices, batch)) == text

"""Complete graphs of Quick96 against those of the reference, op by op, without running them."""
from pathlib import Path

import gated_support
import pytest
import saehd_graphs
import saehd_support as support
from core.leras import nn
from core.leras.device import Device

GOLDEN = Path(__file__).parent / 'golden' / 'quick96'
CASES = {'cpu': (0, True), 'gpu1': (1, True), 'cpu-merge': (0, False)}   # GPUs, is_training


@pytest.fixture
def idle_engine(monkeypatch):
    yield from saehd_graphs.invent_gpus(monkeypatch)


def build_rows(gpus: int, is_training: bool, folder, monkeypatch, idle_engine) -> list:
    """Rows of the graph up to the first touch of a weight."""
    module = gated_support.get_model_module('Quick96')
    idle_engine(gpus)
    support.quiet_prompts(monkeypatch)
    monkeypatch.setattr(module, 'SampleGeneratorFace', gated_support.make_generator_class())
    arguments = support.write_model_folder(folder, dict(batch_size=4), class_name='Quick96')
    sizes = []

    def load_nothing(*args, **kwargs):
        sizes.append(len(nn.tf.get_default_graph().get_operations()))
    monkeypatch.setattr(module, 'load_or_init_weights', load_nothing)
    monkeypatch.setattr(module.Model, 'update_sample_for_preview', load_nothing)
    module.Model(is_training=is_training, **arguments)
    ops = nn.tf.get_default_graph().get_operations()[:sizes[0]]
    return saehd_graphs.describe_ops(nn.tf, ops)


@pytest.mark.parametrize('name', sorted(CASES))
def test_graph_is_the_reference_graph(name, tmp_path, monkeypatch, idle_engine):
    files = {'2.6.': 'graphs_tf26.json.gz', '2.21': 'graphs_tf221.json.gz'}
    if nn.tf.version.VERSION[:4] not in files:
        pytest.skip('reference graphs are of TensorFlow 2.6 and 2.21')
    expected = saehd_graphs.read_golden(GOLDEN / files[nn.tf.version.VERSION[:4]])[name]
    ours = build_rows(*CASES[name], folder=tmp_path, monkeypatch=monkeypatch,
                      idle_engine=idle_engine)
    differences = saehd_graphs.find_differences(expected, ours)
    assert not differences, '%d of %d ops differ:\n%s' % (
        len(differences), len(expected), '\n'.join(differences[:5]))


@pytest.mark.parametrize('sizes, models, samples', [
    ((8, 8), '/GPU:0', 2), ((8, 3), '/CPU:0', 2), ((8,) * 5, '/GPU:0', 1), ((), '/CPU:0', 4)])
def test_weights_are_on_the_gpu_if_every_device_has_4_gb(sizes, models, samples, tmp_path,
                                                         monkeypatch, idle_engine):
    """The batch is 4 whatever the option says; every device gets one sample at least."""
    idle_engine(0)
    module = gated_support.get_model_module('Quick96')
    model = module.Model.__new__(module.Model)
    model.is_training, model.debug = True, False
    gib = saehd_graphs.GIB
    nn.setCurrentDeviceConfig(nn.DeviceConfig(
        [Device(i, 'GPU', 'x', size * gib, size * gib) for i, size in enumerate(sizes)]))
    nn.tf_default_device_name = '/GPU:0' if sizes else '/CPU:0'
    plan = model.plan_placement()
    assert (plan.models, plan.joined, plan.samples) == (models, models, samples)
    assert len(plan.towers) == max(1, len(sizes))
    model.is_training = False
    assert model.plan_placement().models == '/CPU:0'

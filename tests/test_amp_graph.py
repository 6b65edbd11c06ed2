"""Complete graphs of AMP against those of the reference, op by op, without running them."""
from pathlib import Path

import amp_support
import gated_support
import pytest
import saehd_graphs
import saehd_support as support
from core.leras import nn
from models.common import cpu_layout, gan_model

GOLDEN = Path(__file__).parent / 'golden' / 'amp'
OPTIONS = dict(models_opt_on_gpu=True, morph_factor=0.5, batch_size=4)
CASES = {   # GPUs, is_training, options
    'cpu': (0, True, dict(lr_dropout='y')),
    'gpu1-gan-clip': (1, True, dict(gan_power=0.1, clipgrad=True, blur_out_mask=True)),
    'cpu-merge': (0, False, {})}


@pytest.fixture
def idle_engine(monkeypatch):
    yield from saehd_graphs.invent_gpus(monkeypatch)


@pytest.fixture
def build_model(tmp_path, monkeypatch, idle_engine):
    """Function: an AMP whose weights are never touched; sizes: of the graph when they would be."""
    # what the reference does everywhere; nothing is run
    monkeypatch.setattr(cpu_layout, 'has_nchw_convolution', lambda dtype_name='float32': True)

    def build(gpus: int, is_training: bool, options: dict):
        module = amp_support.get_model_module()
        idle_engine(gpus)
        support.quiet_prompts(monkeypatch)
        monkeypatch.setattr(module, 'SampleGeneratorFace', gated_support.make_generator_class())
        arguments = support.write_model_folder(
            tmp_path, amp_support.make_options(**dict(OPTIONS, **options)), class_name='AMP')
        sizes = []

        def load_nothing(*args, **kwargs):
            sizes.append(len(nn.tf.get_default_graph().get_operations()))
        monkeypatch.setattr(gan_model, 'load_or_init_weights', load_nothing)
        monkeypatch.setattr(module.Model, 'update_sample_for_preview', load_nothing)
        return module.Model(is_training=is_training, **arguments), sizes
    return build


@pytest.mark.parametrize('name', [
    'gpu1-gan-clip', 'cpu-merge', pytest.param('cpu', marks=pytest.mark.slow)])
def test_graph_is_the_reference_graph(name, build_model):
    files = {'2.6.': 'graphs_tf26.json.gz', '2.21': 'graphs_tf221.json.gz'}
    if nn.tf.version.VERSION[:4] not in files:
        pytest.skip('reference graphs are of TensorFlow 2.6 and 2.21')
    expected = saehd_graphs.read_golden(GOLDEN / files[nn.tf.version.VERSION[:4]])[name]
    _, sizes = build_model(*CASES[name])
    ours = saehd_graphs.describe_ops(
        nn.tf, nn.tf.get_default_graph().get_operations()[:sizes[0]])
    differences = saehd_graphs.find_differences(expected, ours)
    assert not differences, '%d of %d ops differ:\n%s' % (
        len(differences), len(expected), '\n'.join(differences[:5]))


@pytest.mark.slow
def test_what_the_plan_tells_is_where_the_graph_is(build_model):
    """Two GPUs: weights on the first, an inter with the tower that uses it first; dropout masks
    stay with the weights also for lr_dropout cpu (spec 22 A2, KEEP)."""
    model, _ = build_model(2, True, dict(lr_dropout='cpu', batch_size=5, gan_power=0.1))
    plan = model.placement
    assert plan.data_format == 'NCHW' and plan.towers == ('/GPU:0', '/GPU:1')
    assert (plan.models, plan.slots, plan.dropout) == ('/GPU:0',) * 3
    assert model.get_batch_size() == 4 and model.settings.lr_dropout == 0.3
    assert plan.networks == ('encoder', 'inter_src', 'inter_dst', 'decoder', 'GAN')
    assert plan.optimizers == ('src_dst_opt', 'GAN_opt')
    for part, _ in model.model_filename_list:
        for weight in part.get_weights():
            device = '/device:CPU:0' if weight.name.endswith('/iters:0') else '/device:GPU:0'
            assert weight.device == device, weight.name

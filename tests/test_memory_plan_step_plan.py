"""models/memory_plan: the plan of a step against measured peaks, with options, batches, patches."""
import copy
import sys
from pathlib import Path

import gated_support
import pytest
import saehd_support as support
from _pytest.monkeypatch import MonkeyPatch     # pytest has it for modules from 6.2 on
from core.compat import version_tuple
from core.leras import nn
from models import patch_layer
from models.memory_plan import graph_reading, step_plan
from models.memory_plan.step_plan import CPU, OwnGraph, Planner, get_total

sys.path.append(str(Path(__file__).parent / 'bench'))
import bench_plan  # noqa: E402

NETWORKS = ('encoder', 'inter', 'decoder_src', 'decoder_dst')


@pytest.mark.parametrize('options', [
    dict(archi='df-ud', resolution=64, batch_size=4),
    dict(archi='liae-ud', resolution=96, batch_size=4, clipgrad=True),
], ids=lambda options: options['archi'])
def test_the_plan_is_within_5_percent_of_the_measured_peak(options):
    """In a process of its own: oneDNN on, as in use."""
    import tensorflow
    if version_tuple(tensorflow.__version__) < (2, 9):
        pytest.skip('oneDNN is not in use by itself before TensorFlow 2.9')
    found = bench_plan.run_case('compare', dict(bench_plan.SMALL, **options))
    assert found['measured'] > 1 << 20
    assert abs(found['planned'] / found['measured'] - 1) <= bench_plan.TOLERANCE, found


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """A df-u of 64 px that stopped where a dry run does."""
    patch = MonkeyPatch()
    support.start_engine()
    support.quiet_prompts(patch)
    import models
    found = []
    arguments = support.write_model_folder(
        tmp_path_factory.mktemp('plan'), support.make_options(archi='df-u', clipgrad=False))
    with pytest.raises(models.DryRunFinished):
        support.get_model_module().Model(is_training=True, dry_run=found.append, **arguments)
    yield found[0]
    patch.undo()


@pytest.fixture(scope='module')
def planner(model):
    return Planner(model)


def test_a_refusing_patch_leaves_no_graph_behind(model, monkeypatch):
    def refuse(names):
        if names:
            raise ValueError('refused')
    monkeypatch.setattr(patch_layer, 'switch_patches', refuse)
    graph, state = nn.tf.get_default_graph(), (nn.data_format, nn.floatx)
    with pytest.raises(ValueError, match='refused'):
        with OwnGraph('NCHW', ('bf16', )):
            pass
    assert nn.tf.get_default_graph() is graph and (nn.data_format, nn.floatx) == state


def test_weights_and_state_are_those_of_the_files(planner, model):
    plan = planner.plan().devices[CPU]
    placement = model.plan_placement()
    with OwnGraph(placement.data_format, ()):
        built = copy.copy(model)
        built.build_training_step(placement)
        weights = sum(weight.shape.num_elements() * 4 for part in NETWORKS
                      for weight in getattr(built, part).get_weights())
    assert plan.weights == weights
    assert plan.state == 2 * weights + 8        # two moments and the counter


def test_the_engine_is_left_as_it_was(planner):
    nn.set_data_format('NCHW')
    operations = len(nn.tf.get_default_graph().get_operations())
    planner.plan(eyes_mouth_prio=True)
    assert nn.data_format == 'NCHW'
    assert len(nn.tf.get_default_graph().get_operations()) == operations
    nn.set_data_format('NHWC')


@pytest.fixture(autouse=True)
def cache_of_no_machine(monkeypatch):
    """Plans of these tests are the same everywhere: the CPU's last cache sizes workspaces."""
    monkeypatch.setattr(step_plan, 'CACHE_FILE', 'of no machine')


def test_a_batch_is_planned_without_building_another_graph(planner):
    planner.plan()
    builds = planner.builds
    small, large = planner.plan(2), planner.plan(6)
    assert planner.builds == builds
    assert large.devices[CPU].activations > 1.5 * small.devices[CPU].activations
    assert large.devices[CPU].weights == small.devices[CPU].weights


def test_a_batch_put_in_equals_a_graph_built_for_it(planner):
    planned = planner.plan(4).devices
    assert planner.plan().batch_size == 2
    model = planner.model
    model.batch_size = 4
    try:
        built = Planner(model).plan()
    finally:
        model.batch_size = 2
    assert built.batch_size == 4 and built.devices == planned


def test_another_batch_of_amp_is_another_graph(tmp_path, monkeypatch):
    """Its graph draws the shares of channels sample by sample."""
    import models
    for key, value in dict(resolution=64, ae_dims=32, inter_dims=32, e_dims=16, d_dims=16,
                           d_mask_dims=16, batch_size=2).items():
        monkeypatch.setenv('DFL_' + key.upper(), str(value))
    found = []
    with pytest.raises(models.DryRunFinished):
        gated_support.make_model('AMP', tmp_path, monkeypatch, dry_run=found.append)
    planner = Planner(found[0])
    plain, large = planner.plan(), planner.plan(5)
    assert (plain.batch_size, large.batch_size, planner.builds) == (2, 5, 2)
    assert large.devices[CPU].weights == plain.devices[CPU].weights
    assert large.devices[CPU].activations > 1.2 * plain.devices[CPU].activations
    assert planner.plan(2) is plain and planner.builds == 2


def test_rmsprop_halves_the_state_and_spares_what_its_step_holds(planner):
    plain, other = planner.plan(), planner.plan(adabelief=False)
    assert other.devices[CPU].state == (plain.devices[CPU].state - 8) // 2 + 8
    assert other.devices[CPU].activations < plain.devices[CPU].activations


def test_lean_updates_spares_what_it_is_for_and_is_taken_off_again(planner):
    before = nn.AdaBelief.get_update_op
    plain, lean = planner.plan(), planner.plan(patches=('lean_updates', ))
    assert get_total(lean, CPU) < 0.8 * get_total(plain, CPU)
    assert lean.devices[CPU].state == plain.devices[CPU].state
    assert nn.AdaBelief.get_update_op is before and patch_layer.list_applied() == ()


def test_equal_ops_count_once_and_constants_not_at_all():
    tf = nn.tf
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, (None, 8, 8, 4), name='x')
        kernel = tf.reshape(tf.range(4.0), (1, 1, 1, 4)) * 2.0
        first, second = tf.square(x), tf.square(x)
        target = tf.concat([first * kernel, second + kernel], 3, name='target')
        scratch = graph_reading.copy_with_batch(graph, graph_reading.Batch(3, 3))
        rows = graph_reading.read_ops(graph, scratch, [target.op.name], CPU,
                                      graph_reading.Processor(True, 1 << 20))
    squares = [row for row in rows if row.type == 'Square']
    assert len(squares) == 1 and squares[0].sizes == [3 * 8 * 8 * 4 * 4]
    assert [row for row in rows if row.type == 'Mul' and row.is_kept]

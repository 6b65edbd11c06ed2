"""Complete graphs of SAEHD against those of the reference, op by op, without running them.

Covers what no CPU can run: NCHW, one and two GPU towers, weights on and off the GPU, export."""
from pathlib import Path

import pytest
import saehd_graphs
import saehd_support as support
from core.interact import interact as io
from core.leras import nn
from models.common import dfm

GOLDEN = Path(__file__).parent / 'golden' / 'saehd'

# options as far as they differ from BASE; gpus, mode and fp16 are not options
BASE = dict(resolution=128, models_opt_on_gpu=True, clipgrad=False, batch_size=4,
            gan_patch_size=16)
CASES = {
    'gpu1-df-style-true-face-drop-y': dict(
        gpus=1, archi='df', adabelief=False, lr_dropout='y', true_face_power=0.01,
        face_style_power=1.0, bg_style_power=2.0),
    'gpu1-liae-udt-em-blur-gan': dict(
        gpus=1, archi='liae-udt', adabelief=False, eyes_mouth_prio=True, blur_out_mask=True,
        gan_power=0.1),
    'gpu2-liae-ud-opt-cpu-clip': dict(
        gpus=2, archi='liae-ud', models_opt_on_gpu=False, clipgrad=True),
    'cpu-liae-ud-pretrain': dict(
        archi='liae-ud', adabelief=False, pretrain=True, lr_dropout='y', gan_power=0.1,
        face_style_power=1.0),
    'cpu-df-u-256': dict(archi='df-u', adabelief=False, resolution=256, gan_patch_size=32),
    'gpu1-merge-liae': dict(mode='merge', gpus=1, archi='liae-ud'),
    'cpu-export-liae-fp16': dict(mode='export', archi='liae-udt', fp16=True)}


class GraphFinished(Exception):
    pass


@pytest.fixture
def idle_engine(monkeypatch):
    yield from saehd_graphs.invent_gpus(monkeypatch)


def get_golden_rows():
    name = {'2.6': 'graphs_tf26.json.gz', '2.2': 'graphs_tf221.json.gz'}.get(
        nn.tf.version.VERSION[:3])
    if name is None or (name.endswith('221.json.gz')
                        and not nn.tf.version.VERSION.startswith('2.21')):
        pytest.skip('reference graphs are of TensorFlow 2.6 and 2.21, this is '
                    + nn.tf.version.VERSION)
    return saehd_graphs.read_golden(GOLDEN / name)


def build_rows(case: dict, folder, monkeypatch, idle_engine) -> list:
    """Rows of the graph up to the first touch of a weight; an export's ops added."""
    module = support.get_model_module()
    case = dict(case)
    gpus, mode, fp16 = case.pop('gpus', 0), case.pop('mode', 'train'), case.pop('fp16', False)
    idle_engine(gpus)
    support.quiet_prompts(monkeypatch)
    monkeypatch.setattr(io, 'input_bool', lambda label, default_value=None, *args, **kwargs: (
        fp16 if mode == 'export' else default_value))
    options = support.make_options(**dict(BASE, **case))
    arguments = support.write_model_folder(folder, options)
    monkeypatch.setattr(module, 'SampleGeneratorFace',
                        support.make_generator_class(options['resolution']))
    sizes = []

    def load_nothing(*args, **kwargs):
        sizes.append(len(nn.tf.get_default_graph().get_operations()))
    monkeypatch.setattr(module, 'load_or_init_weights', load_nothing)
    monkeypatch.setattr(module.SAEHDModel, 'update_sample_for_preview', load_nothing)

    model = module.Model(is_training=mode == 'train', is_exporting=mode == 'export',
                         **arguments)
    graph = nn.tf.get_default_graph()
    ops = graph.get_operations()[:sizes[0]]
    if mode == 'export':
        def stop(*args, **kwargs):
            raise GraphFinished()
        built = len(graph.get_operations())
        # not TensorFlow's own: the converter keeps that for good when it is imported meanwhile
        monkeypatch.setattr(dfm, 'freeze_graph', stop)
        with pytest.raises(GraphFinished):
            model.export_dfm()
        ops = ops + graph.get_operations()[built:]
    return saehd_graphs.describe_ops(nn.tf, ops)


@pytest.mark.parametrize('name', sorted(CASES))
def test_graph_is_the_reference_graph(name, tmp_path, monkeypatch, idle_engine):
    expected = get_golden_rows()[name]
    ours = build_rows(CASES[name], tmp_path, monkeypatch, idle_engine)
    differences = saehd_graphs.find_differences(expected, ours)
    assert not differences, '%d of %d ops differ:\n%s' % (
        len(differences), len(expected), '\n'.join(differences[:5]))


def test_comparison_sees_a_changed_operand(tmp_path, monkeypatch, idle_engine):
    """Only the counter read may differ; a swapped input or another constant is reported."""
    rows = get_golden_rows()['gpu1-merge-liae']
    assert saehd_graphs.find_differences(rows, rows) == []
    swapped = [list(row) for row in rows]
    index = next(i for i, row in enumerate(rows) if len(set(row[2])) == 2)
    swapped[index][2] = swapped[index][2][::-1]
    assert len(saehd_graphs.find_differences(rows, swapped)) == 1
    assert len(saehd_graphs.find_differences(rows, rows[:-1])) == 1

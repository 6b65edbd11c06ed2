"""models/Model_SAEHD/export.py: the .dfm file that live face-swap programs open (spec 21 section
12)."""
import dfm_support
import pytest
import saehd_support as support

from core.leras import nn
from models.Model_SAEHD import export
from models.common import dfm_check

NAMES = dfm_support.NAMES


def make_exporting_model(folder, monkeypatch, fp16: bool, **options):
    return dfm_support.make_exporting_model(
        support.get_model_module(), 'SAEHD', folder, monkeypatch, fp16,
        support.make_options(**options))


@pytest.mark.parametrize('archi, fp16, tolerance', [('df-ud', False, 1e-4), ('liae', True, 2e-2)])
def test_the_file_gives_what_merging_gives(archi, fp16, tolerance, tmp_path, monkeypatch):
    _, onnx, runtime = [pytest.importorskip(name) for name in dfm_check.PACKAGES]
    model = make_exporting_model(tmp_path, monkeypatch, fp16, archi=archi)
    faces = support.make_batch('face', 3, 64)[1]
    merged = {count: model.AE_merge(faces[:count]) for count in (1, 3)}
    model.export_dfm()
    path = tmp_path / 'p_SAEHD_model.dfm'
    assert [x.name for x in tmp_path.glob('*.dfm*')] == [path.name]
    dfm_support.check_interface(onnx, path, 'SAEHD', {'in_face:0': [0, 64, 64, 3]}, fp16)
    session = runtime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    for count, wanted in merged.items():
        dfm_support.compare(session, {'in_face:0': faces[:count]}, wanted, tolerance)
    nn.set_data_format('NHWC')


def test_the_export_graph_has_the_names_and_shapes_of_the_file(tmp_path, monkeypatch):
    """Without the converter: outputs in NHWC from a graph that is NCHW inside."""
    model = make_exporting_model(tmp_path, monkeypatch, False, archi='df-ud')
    export.build_export_graph(model)
    tensors = [nn.tf.get_default_graph().get_tensor_by_name(x) for x in ['in_face:0'] + NAMES]
    assert [x.shape.as_list() for x in tensors] == [
        [None, 64, 64, 3], [None, 64, 64, 1], [None, 64, 64, 3], [None, 64, 64, 1]]
    assert nn.data_format == 'NCHW'
    graph_def = nn.tf.get_default_graph().as_graph_def()
    identities = {x.name: x for x in graph_def.node if x.name + ':0' in NAMES}
    assert all(x.op == 'Identity' and x.device == '' for x in identities.values())
    nn.set_data_format('NHWC')


def test_a_gray_model_exports_three_channels(tmp_path, monkeypatch):
    """As live programs expect; gray is weighed in the graph (spec 60 section 2.10)."""
    module = support.get_model_module()
    monkeypatch.setattr(module.Model, 'channels', 1)
    model = make_exporting_model(tmp_path, monkeypatch, False, archi='liae-ud')
    export.build_export_graph(model)
    graph = nn.tf.get_default_graph()
    assert graph.get_tensor_by_name('in_face:0').shape.as_list() == [None, 64, 64, 3]
    assert graph.get_tensor_by_name('out_celeb_face:0').shape.as_list() == [None, 64, 64, 3]
    nn.set_data_format('NHWC')

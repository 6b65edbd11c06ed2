"""models/Model_SAEHD/export.py: the .dfm file that live face-swap programs open (spec 21 section
12)."""
import numpy as np
import pytest
import saehd_support as support

from core.interact import interact as io
from core.leras import nn
from models.Model_SAEHD import export

NAMES = ['out_face_mask:0', 'out_celeb_face:0', 'out_celeb_face_mask:0']


def make_exporting_model(folder, monkeypatch, fp16: bool, **options):
    """A model as the exporter makes it, with weights that are set by name."""
    module = support.get_model_module()
    support.start_engine()
    support.quiet_prompts(monkeypatch)
    monkeypatch.setattr(io, 'input_bool', lambda *args, **kwargs: fp16)
    monkeypatch.setattr(module, 'load_or_init_weights',
                        lambda model, *args, **kwargs: support.set_weights(model))
    arguments = support.write_model_folder(folder, support.make_options(**options))
    return module.Model(is_exporting=True, cpu_only=True, saved_models_path=folder,
                        force_model_name=arguments['force_model_name'])


@pytest.mark.parametrize('archi, fp16, tolerance', [('df-ud', False, 1e-4), ('liae', True, 2e-2)])
def test_the_file_gives_what_merging_gives(archi, fp16, tolerance, tmp_path, monkeypatch):
    pytest.importorskip('tf2onnx')
    runtime = pytest.importorskip('onnxruntime')
    onnx = pytest.importorskip('onnx')
    model = make_exporting_model(tmp_path, monkeypatch, fp16, archi=archi)
    faces = support.make_batch('face', 2, 64)[1]
    swapped, dst_mask, swapped_mask = model.AE_merge(faces)
    model.export_dfm()
    path = tmp_path / 'p_SAEHD_model.dfm'

    graph = onnx.load(str(path)).graph
    assert graph.doc_string == 'converted from SAEHD'
    assert [x.name for x in graph.input] == ['in_face:0']
    assert [x.name for x in graph.output] == NAMES

    def list_dims(value):
        return [x.dim_value for x in value.type.tensor_type.shape.dim]
    assert list_dims(graph.input[0])[1:] == [64, 64, 3]
    assert [list_dims(x)[1:] for x in graph.output] == [[64, 64, 1], [64, 64, 3], [64, 64, 1]]
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_value == 0      # any batch size
    half = [x for x in graph.initializer if x.data_type == onnx.TensorProto.FLOAT16]
    assert bool(half) == fp16

    session = runtime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    for count in (1, 2):
        results = session.run(NAMES, {'in_face:0': faces[:count]})
        for got, wanted in zip(results, (dst_mask, swapped, swapped_mask)):
            assert got.dtype == np.float32 and got.shape == wanted[:count].shape
            np.testing.assert_allclose(got, wanted[:count], atol=tolerance)


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


def test_a_gray_model_exports_one_channel(tmp_path, monkeypatch):
    module = support.get_model_module()
    monkeypatch.setattr(module.Model, 'channels', 1)
    model = make_exporting_model(tmp_path, monkeypatch, False, archi='liae-ud')
    export.build_export_graph(model)
    graph = nn.tf.get_default_graph()
    assert graph.get_tensor_by_name('in_face:0').shape.as_list() == [None, 64, 64, 1]
    assert graph.get_tensor_by_name('out_celeb_face:0').shape.as_list() == [None, 64, 64, 1]
    nn.set_data_format('NHWC')

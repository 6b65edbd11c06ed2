"""models/Model_XSeg/export.py: the network as ONNX file (spec 22 section C6)."""
import gated_support
import numpy as np
import pytest
import saehd_support as support
import xseg_support
from core import persist
from core.leras import nn
from models.Model_XSeg import export


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Folder of a trained narrow network, and the mask it gives for two pictures."""
    support.start_engine()
    xseg_support.narrow_network(monkeypatch)
    options = dict(face_type='wf', pretrain=False, batch_size=2)
    (tmp_path / 'XSeg_default_options.dat').write_bytes(persist.dumps(options))
    model = gated_support.make_model('XSeg', tmp_path, monkeypatch)
    model.train_one_iter()
    assert model.save()
    pictures = gated_support.make_batch('face', 2, 256)['target']
    masks = model.view(pictures)[0]
    model.finalize()
    yield pictures, masks
    nn.set_data_format('NHWC')


def make_exporting_model(folder, monkeypatch):
    model = gated_support.make_model('XSeg', folder, monkeypatch, is_training=False,
                                     is_exporting=True)
    assert nn.data_format == 'NCHW'
    return model


def test_the_export_graph_has_the_names_and_shapes_of_the_file(trained, tmp_path, monkeypatch):
    export.build_export_graph(make_exporting_model(tmp_path, monkeypatch))
    graph = nn.tf.get_default_graph()
    assert graph.get_tensor_by_name('in_face:0').shape.as_list() == [None, 256, 256, 3]
    mask = graph.get_tensor_by_name('out_mask:0')
    assert mask.shape.as_list() == [None, 256, 256, 1] and mask.op.device == ''
    assert not any('opt' in x.name.split('/')[0] for x in nn.tf.global_variables())


def test_the_file_gives_the_masks_of_training(trained, tmp_path, monkeypatch):
    pytest.importorskip('tf2onnx')
    runtime = pytest.importorskip('onnxruntime')
    onnx = pytest.importorskip('onnx')
    pictures, masks = trained     # of another layout: the norms enlarge rounding
    make_exporting_model(tmp_path, monkeypatch).export_dfm()
    path = tmp_path / 'XSeg_model.onnx'
    loaded = onnx.load(str(path))
    assert [x.version for x in loaded.opset_import if x.domain == ''] == [13]
    assert loaded.graph.doc_string == 'converted from XSeg'
    session = runtime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    assert [x.name for x in session.get_inputs()] == ['in_face:0']
    got, = session.run(['out_mask:0'], {'in_face:0': pictures})
    np.testing.assert_allclose(got, masks, atol=5e-3)

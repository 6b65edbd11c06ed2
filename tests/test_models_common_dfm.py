"""models/common/dfm.py: freezing and conversion, checked by running the file."""
import os
import sys

import numpy as np
import pytest
import saehd_support as support

from core.errors import UserError
from core.leras import nn
from models.common import dfm

KERNEL = np.random.RandomState(0).normal(0, 0.3, (3, 3, 3, 2)).astype(np.float32)


@pytest.fixture
def frozen():
    """GraphDef of a convolution `out` of `in_face`, and a function that runs the session."""
    support.start_engine()
    tf = nn.tf
    face = tf.placeholder(tf.float32, (None, 8, 8, 3), name='in_face')
    weight = tf.get_variable('kernel', initializer=KERNEL)
    unused = tf.get_variable('unused', initializer=np.zeros(7, np.float32))
    result = tf.identity(tf.nn.relu(tf.nn.conv2d(face, weight, [1, 1, 1, 1], 'SAME')), name='out')
    nn.tf_sess.run([weight.initializer, unused.initializer])
    return dfm.freeze_graph(['out']), lambda x: nn.tf_sess.run(result, {face: x})


def test_frozen_graph_holds_constants_and_only_what_the_output_needs(frozen):
    graph_def, _ = frozen
    kinds = {node.op for node in graph_def.node}
    assert not kinds & {'VariableV2', 'VarHandleOp', 'Variable'}
    assert not any(node.name.startswith('unused') for node in graph_def.node)
    assert {'in_face', 'out', 'kernel'} <= {node.name for node in graph_def.node}


def test_without_tf2onnx_the_package_is_named(frozen, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tf2onnx', None)
    with pytest.raises(UserError, match='tf2onnx'):
        dfm.convert_to_onnx(frozen[0], 'x', ['in_face:0'], ['out:0'], tmp_path / 'x.dfm', 12)
    assert not list(tmp_path.iterdir())


def test_the_file_computes_what_the_graph_does_at_any_batch_size(frozen, tmp_path):
    pytest.importorskip('tf2onnx')
    runtime = pytest.importorskip('onnxruntime')
    onnx = pytest.importorskip('onnx')
    graph_def, run = frozen
    path = tmp_path / 'x.dfm'
    dfm.convert_to_onnx(graph_def, 'SAEHD', ['in_face:0'], ['out:0'], path, dfm.DFM_OPSET)
    assert [x.name for x in tmp_path.iterdir()] == ['x.dfm']
    model = onnx.load(str(path))
    assert model.graph.doc_string == 'converted from SAEHD'
    assert [(x.domain, x.version) for x in model.opset_import if x.domain == ''] == [('', 12)]
    session = runtime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    for samples in (1, 3):
        face = np.random.RandomState(samples).rand(samples, 8, 8, 3).astype(np.float32)
        got, = session.run(['out:0'], {'in_face:0': face})
        np.testing.assert_allclose(got, run(face), atol=1e-5)


def test_a_file_that_cannot_be_written_leaves_the_old_one(frozen, tmp_path, monkeypatch):
    pytest.importorskip('tf2onnx')
    path = tmp_path / 'x.dfm'
    path.write_bytes(b'old')

    def fail(file_descriptor):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(UserError, match='No space left'):
        dfm.convert_to_onnx(frozen[0], 'x', ['in_face:0'], ['out:0'], path, 12)
    assert path.read_bytes() == b'old'

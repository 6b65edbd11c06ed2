"""models/common/dfm.py: freezing, conversion and the check before a file is written."""
import os
import sys

import numpy as np
import pytest
import saehd_support as support

from core.errors import UserError
from core.leras import nn
from core.provenance import DFM_METADATA
from models.common import dfm, dfm_check

KERNEL = np.random.RandomState(0).normal(0, 0.3, (3, 3, 3, 2)).astype(np.float32)


@pytest.fixture
def exported():
    """Function: an Export of a convolution `out` of `in_face`; changes: fields of Export."""
    support.start_engine()
    tf = nn.tf
    face = tf.placeholder(tf.float32, (None, 8, 8, 3), name='in_face')
    weight = tf.get_variable('kernel', initializer=KERNEL)
    unused = tf.get_variable('unused', initializer=np.zeros(7, np.float32))
    result = tf.identity(tf.nn.relu(tf.nn.conv2d(face, weight, [1, 1, 1, 1], 'SAME')), name='out')
    nn.tf_sess.run([weight.initializer, unused.initializer])

    def describe(**changes):
        fields = dict(
            name='SAEHD', inputs=['in_face:0'], outputs=['out:0'], opset=dfm.DFM_OPSET,
            compute=lambda case: [nn.tf_sess.run(result, {face: case['in_face:0']})],
            cases=[{'in_face:0': dfm_check.draw_faces(count, 8)} for count in (1, 3)],
            tolerance=dfm_check.TOLERANCE)
        return dfm.Export(**dict(fields, **changes))
    return describe


@pytest.fixture
def packages():
    return [pytest.importorskip(name) for name in dfm_check.PACKAGES]


def test_frozen_graph_holds_constants_and_only_what_the_output_needs(exported):
    kinds = {node.op: node.name for node in dfm.freeze_graph(['out']).node}
    names = {node.name for node in dfm.freeze_graph(['out']).node}
    assert not set(kinds) & {'VariableV2', 'VarHandleOp', 'Variable'}
    assert not any(name.startswith('unused') for name in names)
    assert {'in_face', 'out', 'kernel'} <= names


@pytest.mark.parametrize('missing', dfm_check.PACKAGES)
def test_a_missing_package_is_named_with_the_remedy(missing, exported, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=missing) as error:
        dfm.export_onnx(tmp_path / 'x.dfm', exported())
    assert 'pip install tf2onnx onnx onnxruntime' in '\n'.join(error.value.remedies)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('opset', [dfm.DFM_OPSET, dfm.XSEG_OPSET])
def test_the_file_computes_what_the_graph_does_at_any_batch_size(
        opset, exported, packages, tmp_path):
    _, onnx, runtime = packages
    path, export = tmp_path / 'x.dfm', exported(opset=opset)
    assert dfm.export_onnx(path, export) < 1e-5
    assert [x.name for x in tmp_path.iterdir()] == ['x.dfm']
    model = onnx.load(str(path))
    assert model.graph.doc_string == 'converted from SAEHD'
    assert [(x.domain, x.version) for x in model.opset_import if x.domain == ''] == [('', opset)]
    assert model.ir_version <= dfm.MAX_IR_VERSION
    assert {x.key: x.value for x in model.metadata_props} == DFM_METADATA
    session = runtime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    for samples in (2, 5):
        case = {'in_face:0': np.random.RandomState(samples).rand(samples, 8, 8, 3).astype('f')}
        np.testing.assert_allclose(session.run(['out:0'], case), export.compute(case), atol=1e-5)


def spoil(results):
    """The largest error that is not allowed, at one pixel of one picture."""
    results[0][-1, 3, 3, 0] += 2 * dfm_check.TOLERANCE
    return results


@pytest.mark.parametrize('harm', [
    spoil, lambda results: [results[0] * np.nan], lambda results: [results[0][..., :1]]])
def test_results_that_differ_stop_the_export(harm, exported, packages, tmp_path):
    export = exported()
    path = tmp_path / 'x.dfm'
    with pytest.raises(UserError, match='failed its check'):
        dfm.export_onnx(path, export._replace(compute=lambda case: harm(export.compute(case))))
    assert not list(tmp_path.iterdir())
    path.write_bytes(b'old')
    with pytest.raises(UserError, match='failed its check'):
        dfm.export_onnx(path, export._replace(compute=lambda case: harm(export.compute(case))))
    assert path.read_bytes() == b'old'


def test_a_weight_that_differs_in_the_file_is_found(exported, packages, tmp_path, monkeypatch):
    convert = dfm.convert_to_onnx

    def convert_wrongly(graph_def, export):
        model = convert(graph_def, export)
        kernel = next(x for x in model.graph.initializer if len(x.dims) == 4)
        values = packages[1].numpy_helper.to_array(kernel) * np.float32(1.01)
        kernel.CopyFrom(packages[1].numpy_helper.from_array(values, kernel.name))
        return model
    monkeypatch.setattr(dfm, 'convert_to_onnx', convert_wrongly)
    with pytest.raises(UserError, match='differ from the model'):
        dfm.export_onnx(tmp_path / 'x.dfm', exported())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('harm', [
    # the shape of a mask that TensorRT refuses (spec 81 item 14)
    lambda model: setattr(model.graph.output[0].type.tensor_type.shape.dim[1], 'dim_value', 1),
    lambda model: setattr(model.graph.output[0].type.tensor_type.shape.dim[0], 'dim_value', 1),
    lambda model: setattr(model.graph.input[0], 'name', 'face'),
    lambda model: model.graph.node.pop()])
def test_a_file_of_another_form_is_found(harm, exported, packages, tmp_path, monkeypatch):
    convert = dfm.convert_to_onnx

    def convert_wrongly(graph_def, export):
        model = convert(graph_def, export)
        harm(model)
        return model
    monkeypatch.setattr(dfm, 'convert_to_onnx', convert_wrongly)
    with pytest.raises(UserError, match='failed its check'):
        dfm.export_onnx(tmp_path / 'x.dfm', exported())
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_leaves_the_old_one(
        exported, packages, tmp_path, monkeypatch):
    path = tmp_path / 'x.dfm'
    path.write_bytes(b'old')

    def fail(file_descriptor):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(UserError, match='No space left'):
        dfm.export_onnx(path, exported())
    assert path.read_bytes() == b'old'

"""Freezing a session graph and converting it to ONNX (spec 21 section 12)."""
from pathlib import Path

from core import persist
from core.errors import UserError
from core.leras import nn

DFM_OPSET = 12


def freeze_graph(output_names):
    """GraphDef in which variables are constants; only what the named ops need is kept."""
    tf = nn.tf
    return tf.graph_util.convert_variables_to_constants(
        nn.tf_sess, tf.get_default_graph().as_graph_def(), list(output_names))


def convert_to_onnx(graph_def, name: str, inputs, outputs, path: Path, opset: int) -> None:
    """Writes `path` in one piece; inputs and outputs are tensor names, which the file keeps.

    UserError when tf2onnx is not installed or the file cannot be written."""
    try:
        import tf2onnx
    except ImportError as error:
        raise UserError('Export needs the package tf2onnx ({}).'.format(error), [
            'Install it into the environment that runs this program: pip install tf2onnx onnx',
            'With Python 3.6 and TensorFlow 2.6 install tf2onnx 1.13.']) from error
    tf = nn.tf
    # tf2onnx opens its own sessions on the default graph
    with tf.Graph().as_default():
        model, _ = tf2onnx.convert.from_graph_def(
            graph_def, name=name, input_names=list(inputs), output_names=list(outputs),
            opset=opset)
    persist.write_bytes(path, model.SerializeToString())

"""Freezing a session graph and writing it as ONNX, checked before it is written (spec 21 section
12, spec 50 section 12)."""
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence

import numpy as np

from core import persist
from core.interact import interact as io
from core.leras import nn
from core.provenance import DFM_METADATA

from . import dfm_check

DFM_OPSET = 12
XSEG_OPSET = 13
MAX_IR_VERSION = 8      # of programs that open such files

# Names that live face-swap programs look for, in the order of the file.
DFM_OUTPUTS = ('out_face_mask', 'out_celeb_face', 'out_celeb_face_mask')

FACE_CHANNELS = 3
BGR_WEIGHTS = (0.114, 0.587, 0.299)     # of gray

# One run to compare: every input's array by tensor name; n of the batch may be any.
Case = Dict[str, np.ndarray]

Export = NamedTuple('Export', [
    ('name', str),                  # of the graph: the model class
    ('inputs', Sequence[str]),      # tensor names with :0, as the file keeps them
    ('outputs', Sequence[str]),
    ('opset', int),
    # what the file has to reproduce: outputs in order, computed by the model's own graph
    ('compute', Callable[[Case], List[np.ndarray]]),
    ('cases', Sequence[Case]),      # at least two sizes of the batch
    ('tolerance', float),
])


def freeze_graph(output_names: Sequence[str]) -> Any:
    """GraphDef in which variables are constants; only what the named ops need is kept."""
    tf = nn.tf
    return tf.graph_util.convert_variables_to_constants(
        nn.tf_sess, tf.get_default_graph().as_graph_def(), list(output_names))


def convert_to_onnx(graph_def: Any, export: Export) -> Any:
    """ONNX ModelProto; inputs and outputs keep their tensor names."""
    tf2onnx = dfm_check.import_packages()['tf2onnx']
    tf = nn.tf
    # tf2onnx opens its own sessions on the default graph
    with tf.Graph().as_default():
        model, _ = tf2onnx.convert.from_graph_def(
            graph_def, name=export.name, input_names=list(export.inputs),
            output_names=list(export.outputs), opset=export.opset)
    model.ir_version = min(model.ir_version, MAX_IR_VERSION)
    return model


def export_onnx(path: Path, export: Export,
                metadata: Mapping[str, str] = DFM_METADATA) -> float:
    """Writes `path` in one piece after it was checked; returns the largest difference between the
    file and the model. metadata: what the file says of itself (metadata_props).

    The inputs and outputs are ops of the default graph. UserError when a package is missing, when
    the file differs from the model by more than `export.tolerance`, or cannot be written; then
    nothing is written, and a file of an earlier export stays."""
    packages = dfm_check.import_packages()
    shapes = list_shapes(list(export.inputs) + list(export.outputs))
    model = convert_to_onnx(freeze_graph([x.split(':')[0] for x in export.outputs]), export)
    packages['onnx'].helper.set_model_props(model, dict(metadata))
    dfm_check.check_interface(model, export, shapes)
    content = model.SerializeToString()
    differences = dfm_check.measure_differences(content, export)
    for row in dfm_check.describe_differences(differences):
        io.log_info(row)
    largest = float(np.max([difference for _, _, difference in differences]))
    dfm_check.check_difference(largest, export.tolerance, path)
    persist.write_bytes(path, content)
    io.log_info('{}: {:.1f} MB, checked in onnxruntime, largest difference {:.2g} (allowed '
                '{:g}).'.format(path.name, len(content) / 1e6, largest, export.tolerance))
    return largest


def list_shapes(tensor_names: Sequence[str]) -> Dict[str, List[Any]]:
    """Static shapes of the default graph's tensors, None where they are free."""
    graph = nn.tf.get_default_graph()
    return {name: graph.get_tensor_by_name(name).shape.as_list() for name in tensor_names}


def export_face_model(model: Any, export: Export) -> Path:
    """<name>_model.dfm in the model folder; returns its path."""
    path = Path(model.get_strpath_storage_for_file('model.dfm'))
    io.log_info('Writing {}'.format(path))
    export_onnx(path, export)
    return path


def create_face_input(model: Any) -> Any:
    """The placeholder `in_face`, (None, R, R, 3) BGR, as the networks take it: NCHW, of as many
    channels as the model has. Gray is weighed in the graph, so that every live program can open
    the file of a gray model (spec 60 section 2.10)."""
    tf = nn.tf
    face = tf.placeholder(nn.floatx, (None, model.resolution, model.resolution, FACE_CHANNELS),
                          name='in_face')
    if model.channels == 1:
        face = tf.reduce_sum(face * tf.constant(BGR_WEIGHTS, nn.floatx), -1, keepdims=True)
    return tf.transpose(face, (0, 3, 1, 2))


def finish_outputs(merged: Any, channels: int) -> Any:
    """A merging side's results, NCHW, as the file has them: NHWC, the face of three channels."""
    tf = nn.tf
    merged = merged._replace(**{field: tf.transpose(tensor, (0, 2, 3, 1))
                                for field, tensor in merged._asdict().items()})
    if channels == 1:
        merged = merged._replace(src_dst=tf.tile(merged.src_dst, (1, 1, 1, FACE_CHANNELS)))
    return merged


def name_dfm_outputs(merged: Any) -> None:
    """Gives a merging side's results, (n, R, R, c) each, their names in the file. To be called
    outside of every device scope."""
    for tensor, name in zip((merged.dst_mask, merged.src_dst, merged.src_dst_mask), DFM_OUTPUTS):
        nn.tf.identity(tensor, name=name)


def compute_merged(model: Any, face: np.ndarray, *arguments: Any) -> List[np.ndarray]:
    """What the model's own merging graph gives for faces (n, R, R, 3), in the order of
    `DFM_OUTPUTS`, NHWC."""
    if model.channels == 1:
        face = (face @ np.array(BGR_WEIGHTS, np.float32))[..., None]
    batch = nn.to_data_format(face, model.model_data_format, 'NHWC')
    swapped, dst_mask, swapped_mask = [
        nn.to_data_format(x, 'NHWC', model.model_data_format)
        for x in model.AE_merge(batch, *arguments)]
    if model.channels == 1:
        swapped = np.repeat(swapped, FACE_CHANNELS, -1)
    return [dst_mask, swapped, swapped_mask]

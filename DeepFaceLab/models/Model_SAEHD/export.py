"""Export to the .dfm format of live face-swap programs: ONNX (spec 21 section 12)."""
from pathlib import Path

from core.interact import interact as io
from core.leras import nn
from models.common import dfm
from models.common.towers import name_default_device

OUTPUTS = ('out_face_mask', 'out_celeb_face', 'out_celeb_face_mask')


def export_model(model) -> Path:
    """Writes <name>_model.dfm into the model folder and returns its path.

    Input `in_face:0` (n, R, R, channels); outputs, in this order: destination mask, swapped
    face, its mask, (n, R, R, 1 or channels); float32 in 0..1, NHWC, n free."""
    path = Path(model.get_strpath_storage_for_file('model.dfm'))
    io.log_info('Dumping .dfm to {}'.format(path))
    build_export_graph(model)
    graph_def = dfm.freeze_graph(OUTPUTS)
    dfm.convert_to_onnx(graph_def, model.model_class_name, ['in_face:0'],
                        [name + ':0' for name in OUTPUTS], path, dfm.DFM_OPSET)
    return path


def build_export_graph(model) -> None:
    """The merging side once more, NCHW inside and NHWC outside."""
    tf = nn.tf
    nn.set_data_format('NCHW')
    devices = nn.getCurrentDeviceConfig().devices
    with tf.device(name_default_device(devices)):
        face = tf.placeholder(
            nn.floatx, (None, model.resolution, model.resolution, model.channels),
            name='in_face')
        merged = model.layout.merge(model, tf.transpose(face, (0, 3, 1, 2)))
        src_dst, dst_mask, src_dst_mask = [tf.transpose(x, (0, 2, 3, 1)) for x in merged]
    for tensor, name in zip((dst_mask, src_dst, src_dst_mask), OUTPUTS):
        tf.identity(tensor, name=name)

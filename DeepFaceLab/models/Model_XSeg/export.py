"""Export of the segmentation network to ONNX (spec 22 section C6)."""
from pathlib import Path

from core.interact import interact as io
from core.leras import nn
from models.common import dfm, dfm_check
from models.common.towers import CPU

INPUT, OUTPUT = 'in_face', 'out_mask'


def export_model(model) -> Path:
    """Writes XSeg_model.onnx into the model folder and returns its path.

    Input `in_face:0` (n, 256, 256, 3) BGR, output `out_mask:0` (n, 256, 256, 1); float32 in 0..1,
    NHWC, n free."""
    path = Path(model.get_strpath_storage_for_file('model.onnx'))
    io.log_info('Writing {}'.format(path))
    build_export_graph(model)
    compute = build_twin(model)
    cases = [{INPUT + ':0': dfm_check.draw_faces(count, model.resolution)}
             for count in dfm_check.BATCH_SIZES]
    dfm.export_onnx(path, dfm.Export(
        model.model_class_name, [INPUT + ':0'], [OUTPUT + ':0'], dfm.XSEG_OPSET,
        lambda case: compute(case[INPUT + ':0']), cases, dfm_check.TOLERANCE))
    return path


def build_export_graph(model) -> None:
    """The network once more, NCHW inside and NHWC outside."""
    tf = nn.tf
    nn.set_data_format('NCHW')
    with tf.device(CPU):
        face = tf.placeholder(nn.floatx, (None, model.resolution, model.resolution, 3),
                              name=INPUT)
        _, mask = model.model.flow(tf.transpose(face, (0, 3, 1, 2)))
        mask = tf.transpose(mask, (0, 2, 3, 1))
    tf.identity(mask, name=OUTPUT)


def build_twin(model):
    """Function pictures -> [masks] of a second network with the same weights, NHWC throughout.

    The first one is NCHW to its layers, which not every processor can compute."""
    tf, network = nn.tf, model.model.model
    nn.set_data_format('NHWC')
    with tf.device(CPU):
        face = tf.placeholder(nn.floatx, (None, model.resolution, model.resolution, 3))
        twin = nn.XSeg(*network.args, name='twin', **network.kwargs)
        _, mask = twin(face)
    twin.set_weights(network.get_weights_np())
    return lambda pictures: nn.tf_sess.run([mask], feed_dict={face: pictures})

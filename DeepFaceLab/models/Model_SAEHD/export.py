"""Export to the .dfm format of live face-swap programs: ONNX (spec 21 section 12)."""
from pathlib import Path

from core.leras import nn
from models.common import dfm, dfm_check
from models.common.towers import name_default_device

INPUT = 'in_face:0'
OUTPUTS = dfm.DFM_OUTPUTS


def export_model(model) -> Path:
    """Writes <name>_model.dfm into the model folder and returns its path.

    Input `in_face:0` (n, R, R, 3); outputs, in this order: destination mask, swapped face, its
    mask, (n, R, R, 1 or 3), three equal channels of a gray model; float32 in 0..1, NHWC, n free."""
    build_export_graph(model)
    cases = [{INPUT: dfm_check.draw_faces(count, model.resolution)}
             for count in dfm_check.BATCH_SIZES]
    return dfm.export_face_model(model, dfm.Export(
        model.model_class_name, [INPUT], [name + ':0' for name in OUTPUTS], dfm.DFM_OPSET,
        lambda case: dfm.compute_merged(model, case[INPUT]), cases,
        dfm_check.get_tolerance(model.settings.use_fp16)))


def build_export_graph(model) -> None:
    """The merging side once more, NCHW inside and NHWC outside."""
    nn.set_data_format('NCHW')
    devices = nn.getCurrentDeviceConfig().devices
    with nn.tf.device(name_default_device(devices)):
        merged = model.layout.merge(model, dfm.create_face_input(model))
        merged = dfm.finish_outputs(merged, model.channels)
    dfm.name_dfm_outputs(merged)

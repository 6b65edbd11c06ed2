"""Export to the .dfm format of live face-swap programs: ONNX (spec 22 section A4)."""
from pathlib import Path
from typing import Any

import numpy as np

from core.leras import nn
from models.common import dfm, dfm_check
from models.common.towers import name_default_device

from . import graph

FACE, MORPH = 'in_face:0', 'morph_value:0'
# Every case takes another way through the slices of the codes, the empty ones included.
MORPH_VALUES = (0.0, 0.5, 1.0)


def export_model(model: Any) -> Path:
    """Writes <name>_model.dfm into the model folder and returns its path.

    Inputs `in_face:0` (n, R, R, 3) and `morph_value:0` (1,); outputs, in this order: destination
    mask, swapped face, its mask, (n, R, R, 1 or 3); float32 in 0..1, NHWC, n free."""
    build_export_graph(model)
    cases = [{FACE: dfm_check.draw_faces(count, model.resolution),
              MORPH: np.array([morph_value], np.float32)}
             for count in dfm_check.BATCH_SIZES for morph_value in MORPH_VALUES]
    return dfm.export_face_model(model, dfm.Export(
        model.model_class_name, [FACE, MORPH], [name + ':0' for name in dfm.DFM_OUTPUTS],
        dfm.DFM_OPSET, lambda case: dfm.compute_merged(model, case[FACE], float(case[MORPH][0])),
        cases, dfm_check.get_tolerance(model.settings.use_fp16)))


def build_export_graph(model: Any) -> None:
    """The merging side once more, NCHW inside and NHWC outside."""
    tf = nn.tf
    nn.set_data_format('NCHW')
    devices = nn.getCurrentDeviceConfig().devices
    with tf.device(name_default_device(devices)):
        face = dfm.create_face_input(model)
        morph_value = tf.placeholder(nn.floatx, (1,), name='morph_value')
        merged = graph.merge(model, model.settings, face, morph_value)
        merged = dfm.finish_outputs(merged, model.channels)
    dfm.name_dfm_outputs(merged)

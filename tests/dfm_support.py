"""Shared by the export tests of SAEHD and AMP: what a .dfm file has to be."""
import numpy as np
import saehd_support as support

from core.interact import interact as io
from core.provenance import DFM_METADATA
from models.common import gan_model

NAMES = ['out_face_mask:0', 'out_celeb_face:0', 'out_celeb_face_mask:0']


def make_exporting_model(module, class_name: str, folder, monkeypatch, fp16: bool, options: dict):
    """A model as the exporter makes it, with weights that are set by name."""
    support.start_engine()
    support.quiet_prompts(monkeypatch)
    monkeypatch.setattr(io, 'input_bool', lambda *args, **kwargs: fp16)
    monkeypatch.setattr(gan_model, 'load_or_init_weights',
                        lambda model, *args, **kwargs: support.set_weights(model))
    arguments = support.write_model_folder(folder, options, class_name=class_name)
    return module.Model(is_exporting=True, cpu_only=True, saved_models_path=folder,
                        force_model_name=arguments['force_model_name'])


def check_interface(onnx, path, class_name: str, inputs: dict, fp16: bool) -> None:
    """inputs: {name: dims without those of the batch}"""
    model = onnx.load(str(path))
    graph = model.graph
    assert graph.doc_string == 'converted from ' + class_name
    assert [(x.domain, x.version) for x in model.opset_import if x.domain == ''] == [('', 12)]
    assert model.ir_version <= 8
    assert {x.key: x.value for x in model.metadata_props} == DFM_METADATA
    assert [x.name for x in graph.output] == NAMES
    assert [list_dims(x)[1:] for x in graph.output] == [[64, 64, 1], [64, 64, 3], [64, 64, 1]]
    assert {x.name: list_dims(x) for x in graph.input} == inputs
    assert all(list_dims(x)[0] == 0 for x in graph.output)      # any batch size
    half = [x for x in graph.initializer if x.data_type == onnx.TensorProto.FLOAT16]
    assert bool(half) == fp16


def list_dims(value) -> list:
    """0 for a free one."""
    return [x.dim_value for x in value.type.tensor_type.shape.dim]


def compare(session, case: dict, merged, tolerance: float) -> None:
    """merged: what the merging side gives, NHWC: swapped face, destination's mask, its mask."""
    swapped, dst_mask, swapped_mask = merged
    for got, wanted in zip(session.run(NAMES, case), (dst_mask, swapped, swapped_mask)):
        assert got.dtype == np.float32 and got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, atol=tolerance)

"""models/Model_AMP/export.py: the .dfm file with a morph value (spec 22 section A4)."""
import amp_support
import dfm_support
import numpy as np
import pytest
import saehd_support as support

from core.leras import nn
from models.common import dfm_check


@pytest.mark.parametrize('fp16, tolerance', [(False, 1e-4), (True, 2e-2)])
def test_the_file_gives_what_merging_gives(fp16, tolerance, tmp_path, monkeypatch):
    _, onnx, runtime = [pytest.importorskip(name) for name in dfm_check.PACKAGES]
    model = dfm_support.make_exporting_model(
        amp_support.get_model_module(), 'AMP', tmp_path, monkeypatch, fp16,
        amp_support.make_options())
    layout = model.model_data_format
    faces = support.make_batch('face', 3, 64)[1]
    cases = [(count, morph_value) for count in (1, 3) for morph_value in (0.0, 0.37, 1.0)]
    merged = [[nn.to_data_format(x, 'NHWC', layout) for x in model.AE_merge(
        nn.to_data_format(faces[:count], layout, 'NHWC'), morph_value)]
        for count, morph_value in cases]
    assert np.abs(merged[0][0] - merged[2][0]).max() > 0.01     # the morph value is seen

    model.export_dfm()
    path = tmp_path / 'p_AMP_model.dfm'
    assert [x.name for x in tmp_path.glob('*.dfm*')] == [path.name]
    dfm_support.check_interface(onnx, path, 'AMP', {
        'in_face:0': [0, 64, 64, 3], 'morph_value:0': [1]}, fp16)
    session = runtime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    for (count, morph_value), wanted in zip(cases, merged):
        dfm_support.compare(session, {
            'in_face:0': faces[:count], 'morph_value:0': np.array([morph_value], np.float32)},
            wanted, tolerance)
    nn.set_data_format('NHWC')

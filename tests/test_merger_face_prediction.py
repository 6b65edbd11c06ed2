import numpy as np
import pytest

from core.errors import UserError
from merge_support import StubNetworks, Vectors
from merger import MergerConfigMasked
from merger.face_geometry import FaceGeometry
from merger.face_prediction import call_predictor, predict

VECTORS = Vectors()
DST = np.random.RandomState(5).rand(64, 64, 3).astype(np.float32)


def run(dst=DST, channels=3, **settings):
    config = MergerConfigMasked(**settings)
    geometry = FaceGeometry(config, VECTORS.inputs["landmarks"], (64, 64, channels), (360, 480))
    stubs = StubNetworks(VECTORS.inputs, 64, is_fork=True)
    return predict(geometry, config, dst, stubs.predict, channels, stubs.enhance), stubs


def test_predictions_are_clipped_and_in_their_order():
    prediction, stubs = run()
    assert (stubs.faces[0] == DST).all() and stubs.morph_factors == [None]
    assert VECTORS.inputs["S64_prd_bgr"].max() > 1
    assert (prediction.prd == np.clip(VECTORS.inputs["S64_prd_bgr"], 0, 1)).all()
    assert (prediction.prd_mask == np.clip(VECTORS.inputs["S64_prd_mask"], 0, 1)).all()
    assert (prediction.dst_mask == np.clip(VECTORS.inputs["S64_dst_mask"], 0, 1)).all()
    assert prediction.dst is DST


def test_morph_factor():
    assert run(is_morphable=True, morph_power=40)[1].morph_factors == [0.4]
    assert run(is_morphable=True, morph_power=40, two_pass_mode=1)[1].morph_factors == [0.4, 1.0]


def test_two_passes():
    once, _ = run()
    for mode in (1, 2):
        twice, stubs = run(two_pass_mode=mode)
        assert len(stubs.faces) == 2 and (stubs.faces[1] == once.prd).all()
        assert (twice.prd != once.prd).any()
        # the stub swaps the masks in its second call
        assert (twice.prd_mask == (once.prd_mask if mode == 1 else once.dst_mask)).all()


def test_pre_sharpening_changes_what_is_compared_too():
    for settings, is_changed in ((dict(pre_sharpen_power=50), False),
                                 (dict(pre_sharpen_mode=1), False),
                                 (dict(pre_sharpen_mode=1, pre_sharpen_power=50), True)):
        prediction, stubs = run(**settings)
        assert (prediction.dst != DST).any() == is_changed
        assert (stubs.faces[0] == prediction.dst).all()
        assert prediction.dst.min() >= 0 and prediction.dst.max() <= 1


def test_super_resolution_mixes():
    large = np.random.RandomState(5).rand(256, 256, 3).astype(np.float32)
    half, stubs = run(large, super_resolution_power=50)
    none_of_it = run()[0].network_output
    assert stubs.faces[0].shape == (64, 64, 3) and half.prd.shape == (256, 256, 3)
    assert half.prd_mask.shape == half.dst_mask.shape == (256, 256)
    full, _ = run(large, super_resolution_power=100)
    assert (half.prd != full.prd).any() and (half.network_output == none_of_it).all()


@pytest.mark.parametrize("shape", ((8, 8), (8, 8, 1)))
def test_models_of_one_channel(shape):
    seen = []

    def predictor(face):
        seen.append(face)
        return np.full(shape, 0.3), np.ones(shape), np.zeros(shape)    # doubles
    face = np.full((8, 8, 3), 0.6, np.float32)
    bgr, prd_mask, dst_mask = call_predictor(predictor, face, 1, None)
    assert seen[0].shape == (8, 8, 1) and np.allclose(seen[0], 0.6)
    assert bgr.dtype == prd_mask.dtype == dst_mask.dtype == np.float32
    assert bgr.shape == (8, 8, 3) and prd_mask.shape == dst_mask.shape == (8, 8)


@pytest.mark.parametrize("broken", range(3))
def test_a_collapsed_model_is_an_error_and_no_picture(broken):
    """Not a number would become black or white pixels in every frame."""
    outputs = [np.full((8, 8, 3), 0.5, np.float32)] + [np.ones((8, 8), np.float32)] * 2
    outputs[broken] = outputs[broken].copy()
    outputs[broken][3, 4] = np.nan
    with pytest.raises(UserError, match="no numbers"):
        call_predictor(lambda face: outputs, np.zeros((8, 8, 3), np.float32), 3, None)

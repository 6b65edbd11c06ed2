"""demo/modes.py: ways of merging, measured on a rendered frame with predictors that are known."""
import cv2
import numpy as np
import pytest

from demo import modes, workspace
from demo.measure import read_frame, read_landmarks
from facelib import FaceType, LandmarksProcessor

SIDE = 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("w")
    for name in ("unseen/aligned", "unseen/truth"):
        (folder / name).mkdir(parents=True)
    workspace.render_frame(folder, "unseen", 0)
    return folder


def crop(folder, path):
    landmarks = read_landmarks(workspace.aligned_path(folder, "unseen", 0))
    matrix = LandmarksProcessor.get_transform_mat(landmarks, SIDE, FaceType.WHOLE_FACE)
    return np.clip(cv2.warpAffine(read_frame(path), matrix, (SIDE, SIDE)), 0, 1)


def measure(folder, prediction):
    ones = np.ones((SIDE, SIDE), np.float32)
    found = modes.measure_modes(folder, "unseen", [0], lambda face: (prediction, ones, ones), SIDE,
                                FaceType.WHOLE_FACE)
    return {mode.label: result for mode, result in found.items()}


def test_the_best_prediction_makes_frames_like_the_truth(folder):
    found = measure(folder, crop(folder, workspace.truth_path(folder, "unseen", 0)))
    untouched = found.pop(modes.UNTOUCHED.label)
    assert untouched.to_truth < 0.9 and found[modes.RAW.label].to_truth > 0.85
    for result in found.values():
        assert result.to_truth > untouched.to_truth and result.to_ideal > 0.95, found


def test_a_prediction_of_the_destination_changes_nothing(folder):
    found = measure(folder, crop(folder, workspace.frame_path(folder, "unseen", 0)))
    untouched = found[modes.UNTOUCHED.label]
    assert found["overlay, no colour transfer"].to_truth == pytest.approx(
        untouched.to_truth, abs=0.06)


def test_a_gray_prediction_is_worse(folder):
    found = measure(folder, np.full((SIDE, SIDE, 3), 0.5, np.float32))
    for mode in (modes.RAW, modes.OVERLAY):
        assert max(found[mode.label]) < found[modes.UNTOUCHED.label].to_truth


def test_every_mode_has_settings():
    for mode in modes.MODES:
        cfg = modes.make_config(mode, FaceType.FULL)
        assert cfg.mode == mode.mode and cfg.mask_mode == 4
    assert modes.make_config(modes.OVERLAY, FaceType.FULL).color_transfer_mode == 1
    assert modes.make_config(modes.RAW, FaceType.FULL).color_transfer_mode == 0

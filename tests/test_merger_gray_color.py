"""merger/gray_color.py, and merging with a model of one channel in all modes (spec 60 section
17.3)."""
import cv2
import numpy as np
import pytest
from merge_support import FlatNetworks, Vectors

from core.cv2ex import to_bgr, to_gray
from facelib import FaceType
from merger import MergeMasked, MergerConfigMasked
from merger.FrameInfo import FrameInfo
from merger.gray_color import color_result, to_lab
from merger.MergerConfig import mode_str_dict

VECTORS = Vectors()
FRAME = np.random.RandomState(3).randint(0, 256, (60, 80, 3)).astype(np.uint8)


def make_merged(mask, level=120):
    merged = np.concatenate([to_bgr(to_gray(FRAME)), mask[..., None]], -1)
    return np.where((mask > 0)[..., None] & (np.arange(4) < 3), np.uint8(level), merged)


def test_light_comes_from_the_merge_and_colours_from_the_frame():
    mask = np.zeros((60, 80), np.uint8)
    mask[10:40, 20:50] = 255
    frame = cv2.GaussianBlur(FRAME, (0, 0), 8)      # colours that every L can have
    result = color_result(make_merged(mask), frame)
    assert (result[..., 3] == mask).all()
    outside = mask == 0
    assert (result[outside][:, :3] == frame[outside]).all()
    lab, wanted = to_lab(result[..., :3]), to_lab(frame)
    gray = to_lab(np.full((1, 1, 3), 120, np.uint8))[0, 0, 0]
    np.testing.assert_allclose(lab[mask > 0][:, 0], gray, atol=0.6)
    np.testing.assert_allclose(lab[mask > 0][:, 1:], wanted[mask > 0][:, 1:], atol=1.5)


def test_half_a_mask_fades():
    mask = np.full((60, 80), 128, np.uint8)
    gray = to_bgr(to_gray(FRAME))
    merged = np.concatenate([gray, mask[..., None]], -1)
    light = [to_lab(picture)[..., 0] for picture in (FRAME, gray,
                                                     color_result(merged, FRAME)[..., :3])]
    wanted = light[1] + (1 - 128 / 255.0) * (light[0] - light[1])
    assert np.median(abs(light[2] - wanted)) < 0.3


def test_a_mask_of_nothing_leaves_the_frame():
    result = color_result(np.zeros((60, 80, 4), np.uint8), FRAME)
    assert (result[..., :3] == FRAME).all() and not result[..., 3].any()


def merge(tmp_path, networks=None, picture=None, **settings):
    path = tmp_path / "1.png"
    cv2.imwrite(str(path), VECTORS.inputs["frame"] if picture is None else picture)
    config = MergerConfigMasked(face_type=FaceType.FULL, **settings)
    networks = networks or FlatNetworks(channels=1, colour=(0.5,))
    return MergeMasked(*networks.as_arguments(), config,
                       FrameInfo(path, [VECTORS.inputs["landmarks"]]))


@pytest.mark.parametrize("mode", sorted(mode_str_dict))
@pytest.mark.parametrize("color_transfer_mode", [0, 1, 5])
def test_every_mode_and_colour_transfer_of_a_gray_model(tmp_path, mode, color_transfer_mode):
    result = merge(tmp_path, mode=mode, color_transfer_mode=color_transfer_mode, mask_mode=4)
    assert (result[..., :3] == result[..., :1]).all()
    assert result[..., 3].any()


@pytest.mark.parametrize("mask_mode", range(11))
def test_every_mask_of_a_gray_model(tmp_path, mask_mode):
    result = merge(tmp_path, mode="overlay", mask_mode=mask_mode)
    assert (result[..., :3] == result[..., :1]).all() and result[..., 3].any()


@pytest.mark.parametrize("settings", [
    dict(image_denoise_power=30), dict(bicubic_degrade_power=30), dict(color_degrade_power=30),
    dict(motion_blur_power=20), dict(blursharpen_amount=10, sharpen_mode=1)])
def test_every_change_of_the_frame_with_a_gray_model(tmp_path, settings):
    result = merge(tmp_path, mode="overlay", **settings)
    assert (result[..., :3] == result[..., :1]).all()


def test_a_colour_frame_keeps_its_colours_with_the_switch(tmp_path, monkeypatch):
    gray = merge(tmp_path, mode="overlay", mask_mode=4)
    monkeypatch.setenv("DFL_MERGE_GRAY_IN_COLOR", "1")
    colored = merge(tmp_path, mode="overlay", mask_mode=4)
    assert (colored[..., 3] == gray[..., 3]).all()
    outside = gray[..., 3] == 0
    assert (colored[outside][:, :3] == VECTORS.inputs["frame"][outside]).all()
    assert (merge(tmp_path, mode="raw-predict")[..., :3].max(-1) >= 0).all()

import cv2
import numpy as np
import pytest

from merge_support import FlatNetworks, Vectors, place_landmarks
from merger import FrameInfo, MergerConfigMasked
from merger import face_composite
from merger.MergeMasked import MergeMaskedFace

VECTORS = Vectors()
FRAME = VECTORS.inputs["frame"]
LANDMARKS = VECTORS.inputs["landmarks"]


def merge(info=None, landmarks=LANDMARKS, **settings):
    settings.setdefault("color_transfer_mode", 0)
    return MergeMaskedFace(*FlatNetworks().as_arguments(), MergerConfigMasked(**settings),
                           info or FrameInfo(), FRAME, FRAME.astype(np.float32) / 255.0,
                           landmarks)


def test_overlay_is_a_blend_by_the_mask():
    image, mask = merge()
    frame = FRAME.astype(np.float32) / 255
    np.testing.assert_allclose(image, frame * (1 - mask) + np.float32([.2, .4, .8]) * mask,
                               atol=1e-3)


def test_enlarged_faces_have_no_black_rim(monkeypatch):
    """The face pass covers the unscaled square; beyond it the plain composite stays."""
    settings = dict(mask_mode=0, output_face_scale=-20, blursharpen_amount=-5)
    plain, mask = merge(mask_mode=0, output_face_scale=-20)
    image, same_mask = merge(**settings)
    inside = mask[..., 0] > 0.999
    assert (mask == same_mask).all() and inside.sum() > 10000
    np.testing.assert_allclose(image[inside], plain[inside], atol=0.02)

    monkeypatch.setenv("DFL_MERGE_BLACK_RIM", "1")
    reference = merge(**settings)[0]
    black = (reference.max(axis=-1) < 0.05) & inside
    assert 0.2 < black.sum() / inside.sum() < 0.5
    # where the square covers, but for its rim of two pixels of the crop, nothing differs
    square = cv2.erode((inside & ~black).astype(np.uint8), np.ones((19, 19))) > 0
    assert (image[square] == reference[square]).all() and square.sum() > 10000


def test_cloning_that_fails_is_reported_and_blended(monkeypatch, capsys):
    def fail(*args):
        raise cv2.error("seamlessClone of the test")
    blended = merge(mode="overlay")[0]
    monkeypatch.setattr(face_composite.cv2, "seamlessClone", fail)
    image, _ = merge(mode="seamless")
    assert (image == blended).all()
    assert "seamlessClone of the test" in capsys.readouterr().out


def test_cloning_out_of_memory_ends_the_worker(monkeypatch):
    def fail(*args):
        error = cv2.error("Failed to allocate 123 bytes")
        error.code = cv2.Error.StsNoMem
        raise error
    monkeypatch.setattr(face_composite.cv2, "seamlessClone", fail)
    with pytest.raises(MemoryError):
        merge(mode="seamless")

    def fail_in_numpy(*args):
        raise MemoryError("array")
    monkeypatch.setattr(face_composite.cv2, "seamlessClone", fail_in_numpy)
    with pytest.raises(MemoryError):
        merge(mode="seamless")


def test_cloning_in_the_window_is_cloning_in_the_frame(monkeypatch):
    """Against the whole-frame call of the chapter."""
    seen = []
    clone = cv2.seamlessClone

    def keep(source, window_frame, mask, centre, flag):
        seen.append((source, window_frame, mask.copy(), centre, flag))  # 4.14 changes the mask
        return clone(source, window_frame, mask, centre, flag)
    monkeypatch.setattr(face_composite.cv2, "seamlessClone", keep)
    settings = dict(mode="seamless", erode_mask_modifier=20, blur_mask_modifier=20)
    for x, y in ((240, 165), (10, 20), (479, 350)):
        del seen[:]
        landmarks = place_landmarks(VECTORS.inputs, 120, x, y)
        image, mask = merge(landmarks=landmarks, **settings)
        source, window_frame, window_mask, centre, flag = seen[0]
        height, width = window_mask.shape
        offsets = [(top, left) for top in range(FRAME.shape[0] - height + 1)
                   for left in range(FRAME.shape[1] - width + 1)
                   if (FRAME[top, left:left + width] == window_frame[0]).all()]
        (top, left), = offsets
        whole_source, whole_mask = np.zeros_like(FRAME), np.zeros(FRAME.shape[:2], np.uint8)
        whole_source[top:top + height, left:left + width] = source
        whole_mask[top:top + height, left:left + width] = window_mask
        whole = clone(whole_source, FRAME, whole_mask, (centre[0] + left, centre[1] + top), flag)
        frame = FRAME.astype(np.float32) / 255
        wanted = frame * (1 - mask) + whole.astype(np.float32) / 255 * mask
        assert (image == wanted).all()


def test_a_clone_mask_takes_the_lowest_threshold_that_passes():
    mask = np.float32([0.05, 0.1, 0.11, 0.9]).reshape(1, 4, 1)
    assert face_composite.get_clone_mask(mask).tolist() == [[0, 0, 255, 255]]
    assert face_composite.get_clone_mask(mask * 0.1) is None


def test_motion_blur_needs_motion():
    info = FrameInfo()
    plain = merge()[0]
    still = merge(info, motion_blur_power=50)[0]
    np.testing.assert_allclose(still, plain, atol=0.15)  # only resampled
    info.motion_power, info.motion_deg = 30, 0
    moved = merge(info, motion_blur_power=50)[0]
    assert np.abs(moved - still).max() > 0.02


def test_the_face_pass_only_when_something_asks_for_it():
    def needs(**settings):
        settings.setdefault("color_transfer_mode", 0)
        return face_composite.needs_face_pass(MergerConfigMasked(**settings))
    assert not needs() and not needs(color_transfer_mode=1) and not needs(mode="seamless")
    assert needs(mode="seamless", color_transfer_mode=1) and needs(mode="seamless-hist-match")
    for field in ("motion_blur_power", "blursharpen_amount", "image_denoise_power",
                  "bicubic_degrade_power"):
        assert needs(**{field: 1})
    assert not needs(color_degrade_power=50)


def test_debug_view_shows_both_ends_of_the_network():
    image, _ = merge(debug_mode=True)
    plain, _ = merge()
    side = FRAME.shape[0] // 4
    assert (image[:-side] == plain[:-side]).all()
    np.testing.assert_allclose(image[-side:, :side], np.float32([[[.2, .4, .8]]]) + np.zeros(
        (side, side, 3), np.float32), atol=1e-6)
    assert (image[-side:, -side:] != plain[-side:, -side:]).any()


def test_numbers_of_numpy_change_nothing():
    """Settings of other versions are NumPy's integers, which would make everything float64."""
    settings = dict(erode_mask_modifier=5, blur_mask_modifier=10, motion_blur_power=50,
                    output_face_scale=-10, super_resolution_power=30, image_denoise_power=15,
                    bicubic_degrade_power=20, color_degrade_power=40, sharpen_mode=1,
                    blursharpen_amount=-15, hist_match_threshold=200, mode="seamless-hist-match",
                    is_morphable=True, morph_power=70, pre_sharpen_mode=1, pre_sharpen_power=20)
    info = FrameInfo()
    info.motion_power = 20.0
    plain = merge(info, **settings)
    numpy = merge(info, **{key: np.int64(value) if type(value) is int else value
                           for key, value in settings.items()})
    for a, b in zip(plain, numpy):
        assert b.dtype == np.float32 and (a == b).all()

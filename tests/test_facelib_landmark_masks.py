"""Masks drawn from landmarks (spec 40 sections 3.6 to 3.8 and 3.11)."""
import hashlib
import time

import cv2
import numpy as np
import pytest
from data_support import GOLDEN, load_json, make_landmarks

from facelib import LandmarksProcessor as LP

SETS = load_json("facelib_vectors.json")["sets"]


@pytest.fixture(params=sorted(SETS))
def vectors(request):
    return SETS[request.param]


def aligned(vectors, name="full_face_256"):
    return np.array(vectors["aligned"][name]["landmarks"])


def test_expand_eyebrows(vectors):
    points = aligned(vectors)
    for case in vectors["expand_eyebrows"]:
        result = LP.expand_eyebrows(points, case["eyebrows_expand_mod"])
        assert result.dtype.kind == "i"
        assert result.tolist() == case["output"]
    with pytest.raises(Exception, match="68"):
        LP.expand_eyebrows(points[:51])


def test_hull_mask(vectors):
    for case in vectors["hull_mask"]:
        mask = LP.get_image_hull_mask(tuple(case["image_shape"]),
                                      aligned(vectors, case["input"].split()[-1]),
                                      case["eyebrows_expand_mod"])
        assert mask.dtype == np.float32 and list(mask.shape) == case["shape"]
        digest = hashlib.sha256(np.ascontiguousarray(mask.astype(np.uint8)).tobytes()).hexdigest()
        assert digest == case["sha256_of_uint8_0_1"]


def check_samples(img, expected):
    assert list(img.shape) == expected["shape"]
    for x, y, value in expected["samples_x_y_value"]:
        np.testing.assert_allclose(img[y, x], value, rtol=0, atol=1e-6)
    assert abs(img.astype(np.float64).sum() - expected["sum"]) < 1e-4 * img.shape[2]
    assert abs(img.max() - expected["max"]) < 1e-6


def test_soft_masks(vectors):
    points = aligned(vectors)
    check_samples(LP.get_image_eye_mask((256, 256, 3), points), vectors["eye_mask"])
    check_samples(LP.get_image_mouth_mask((256, 256, 3), points), vectors["mouth_mask"])
    hull = LP.get_image_hull_mask((256, 256, 3), points)
    check_samples(LP.blur_image_hull_mask(hull), vectors["blur_image_hull_mask_full_256"])


def test_float32_landmarks_of_the_reference_run():
    golden = np.load(str(GOLDEN / "data_cv455.npz"))
    for k in range(3):
        points = golden["lm/%d/points" % k]
        for name in ("hull", "eye", "mouth"):
            mask = getattr(LP, "get_image_%s_mask" % name)((512, 512, 3), points)
            assert (mask[::4, ::4] == golden["lm/%d/%s" % (k, name)]).all()
        for mod in (0.5, 1.0, 1.7):
            assert (LP.expand_eyebrows(points, mod) == golden["lm/%d/brows/%s" % (k, mod)]).all()


def test_eyebrows_move_by_the_modifier_and_nothing_else_does():
    landmarks = make_landmarks(256)
    before = landmarks.copy()
    still, up = LP.expand_eyebrows(landmarks, 0), LP.expand_eyebrows(landmarks, 2)
    assert (landmarks == before).all()
    assert (still == np.trunc(landmarks)).all()
    others = [i for i in range(68) if not 17 <= i <= 26]
    assert (up[others] == still[others]).all()
    assert (up[17:27, 1] < still[17:27, 1]).all()
    negative = LP.expand_eyebrows(landmarks - 300, 0)
    assert (negative == np.trunc(landmarks - 300)).all()  # toward zero


def full_frame_soft_mask(shape, landmarks, groups):
    """The soft mask as it is defined, on the whole frame."""
    mask = np.zeros(shape[:2] + (1,), np.float32)
    points = landmarks.astype(np.int32)
    for group in groups:
        cv2.fillConvexPoly(mask, cv2.convexHull(points[group]), (1,))
    k = shape[0] // 32
    mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k)), iterations=1)
    b = shape[0] // 16
    b += 1 - b % 2
    return cv2.GaussianBlur(mask, (b, b), 0)[..., None]


@pytest.mark.parametrize("size", [64, 130, 257, 512])
@pytest.mark.parametrize("shift", [0, -0.45, 0.4])
def test_soft_masks_equal_the_whole_frame(size, shift):
    landmarks = make_landmarks(size, seed=size) + np.float32([shift * size, shift * size / 2])
    shape = (size, size, 3)
    eyes = LP.get_image_eye_mask(shape, landmarks)
    expected = full_frame_soft_mask(shape, landmarks, [slice(36, 42), slice(42, 48)])
    np.testing.assert_array_equal(eyes, expected)
    mouth = LP.get_image_mouth_mask(shape, landmarks)
    np.testing.assert_array_equal(mouth, full_frame_soft_mask(shape, landmarks, [slice(60, 68)]))


def test_soft_masks_of_odd_inputs():
    landmarks = make_landmarks(24)
    assert LP.get_image_eye_mask((24, 24, 3), landmarks).max() > 0  # below 32 px
    assert LP.get_image_eye_mask((64, 64, 3), landmarks + 1000).max() == 0
    with pytest.raises(Exception, match="68"):
        LP.get_image_mouth_mask((64, 64, 3), landmarks[:60])
    with pytest.raises(ValueError):
        LP.blur_image_hull_mask(np.zeros((8, 8, 1), np.float32))


def test_absurd_landmarks_take_no_time():
    """OpenCV goes through all rows from a polygon's first one on: half a minute for 2**31."""
    landmarks = make_landmarks(64).astype(np.float64)
    start = time.process_time()
    for far in (landmarks * [1, -1e8], landmarks - 2e9, landmarks + 1e300, landmarks * np.nan):
        with np.errstate(invalid="ignore"):
            LP.get_image_hull_mask((64, 64, 3), far)
            LP.get_image_eye_mask((64, 64, 3), far)
    LP.get_image_hull_mask((64, 64, 3), landmarks, eyebrows_expand_mod=1e12)
    assert time.process_time() - start < 2


def test_mouth_is_the_inner_lips():
    landmarks = make_landmarks(256)
    before = LP.get_image_mouth_mask((256, 256, 3), landmarks)
    landmarks[48:60] += 20
    assert (LP.get_image_mouth_mask((256, 256, 3), landmarks) == before).all()
    landmarks[60:68] += 20
    assert not (LP.get_image_mouth_mask((256, 256, 3), landmarks) == before).all()


@pytest.mark.parametrize("side", [1, 3, 8])
def test_tiny_hulls_are_blurred_without_an_error(side):
    mask = np.zeros((16, 16, 1), np.float32)
    mask[4:4 + side, 4:4 + side] = 1
    blurred = LP.blur_image_hull_mask(mask)
    assert blurred.shape == (16, 16, 1) and blurred.dtype == np.float32

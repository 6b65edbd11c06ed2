"""Alignment matrices and landmark conversions (spec 40 sections 3.4, 3.5, 3.12, 3.14, 3.15)."""
import cv2
import numpy as np
import pytest
from data_support import GOLDEN, MATRIX_ATOL, load_json, make_landmarks

from core import mathlib
from facelib import FaceType
from facelib import LandmarksProcessor as LP

SETS = load_json("facelib_vectors.json")["sets"]


@pytest.fixture(params=sorted(SETS))
def vectors(request):
    return SETS[request.param]


def aligned(vectors, name="full_face_256"):
    return np.array(vectors["aligned"][name]["landmarks"])


def test_transform_mat(vectors):
    landmarks = np.array(vectors["landmarks"])
    assert len(vectors["get_transform_mat"]) == 21
    for case in vectors["get_transform_mat"]:
        mat = LP.get_transform_mat(landmarks, case["output_size"],
                                   FaceType.fromString(case["face_type"]), scale=case["scale"])
        assert mat.dtype == np.float64
        np.testing.assert_allclose(mat, case["mat"], rtol=0, atol=1e-6)


def test_transform_mat_takes_lists_and_float32(vectors):
    landmarks = np.array(vectors["landmarks"])
    mat = LP.get_transform_mat(landmarks.tolist(), 256, FaceType.FULL)
    assert (mat == LP.get_transform_mat(landmarks, 256, FaceType.FULL)).all()
    mat = LP.get_transform_mat(landmarks.astype(np.float32), 256, FaceType.FULL)
    np.testing.assert_allclose(mat, vectors["get_transform_mat_float32_input_full_256"],
                               rtol=0, atol=MATRIX_ATOL)


@pytest.mark.parametrize("face_type", [FaceType.MARK_ONLY, FaceType.CUSTOM])
def test_face_types_without_a_crop(face_type):
    with pytest.raises(ValueError):
        LP.get_transform_mat(make_landmarks(256), 256, face_type)


def test_rect_and_aligned_landmarks(vectors):
    landmarks = np.array(vectors["landmarks"])
    rect = LP.get_rect_from_landmarks(landmarks)
    np.testing.assert_allclose(rect, vectors["get_rect_from_landmarks"], rtol=0, atol=1e-4)
    for name, expected in vectors["aligned"].items():
        face_type, size = name.rsplit("_", 1)
        mat = LP.get_transform_mat(landmarks, int(size), FaceType.fromString(face_type))
        points = LP.transform_points(landmarks, mat)
        np.testing.assert_allclose(points, expected["landmarks"], rtol=0, atol=1e-3)


def test_mirror(vectors):
    points = aligned(vectors)
    mirrored = LP.mirror_landmarks(points, 256)
    np.testing.assert_allclose(mirrored[:5], vectors["mirror_landmarks_val256_first5"], atol=1e-9)
    np.testing.assert_allclose(LP.mirror_landmarks(mirrored, 256), points, atol=1e-9)


def test_float32_landmarks_of_the_reference_run():
    golden = np.load(str(GOLDEN / "data_cv455.npz"))
    types = (FaceType.HALF, FaceType.MID_FULL, FaceType.FULL, FaceType.FULL_NO_ALIGN,
             FaceType.WHOLE_FACE, FaceType.HEAD, FaceType.HEAD_NO_ALIGN)
    for k in range(3):
        points = golden["lm/%d/points" % k]
        for face_type in types:
            for size in (256, 640):
                expected = golden["lm/%d/mat/%s/%d" % (k, FaceType.toString(face_type), size)]
                np.testing.assert_allclose(LP.get_transform_mat(points, size, face_type),
                                           expected, rtol=0, atol=MATRIX_ATOL)


# -- properties

def crop_corners(mat, size=256):
    return mathlib.transform_points(np.float64([(0, 0), (size, 0), (size, size), (0, size)]), mat,
                                    True)


def side(corners):
    return np.linalg.norm(corners[1] - corners[0])


def test_crops_reach_as_far_as_their_padding(vectors):
    landmarks = np.array(vectors["landmarks"])
    reach = {face_type: side(crop_corners(LP.get_transform_mat(landmarks, 256, face_type)))
             for face_type in LP.FaceType_to_padding_remove_align}
    for face_type, (padding, _) in LP.FaceType_to_padding_remove_align.items():
        share = 1 + 2 * np.sqrt(2) * padding
        assert abs(reach[face_type] / reach[FaceType.HALF] - share) < 1e-4


def test_no_align_drops_the_rotation_and_keeps_area_and_centre(vectors):
    landmarks = np.array(vectors["landmarks"])
    turned = crop_corners(LP.get_transform_mat(landmarks, 256, FaceType.FULL))
    upright = crop_corners(LP.get_transform_mat(landmarks, 256, FaceType.FULL_NO_ALIGN))
    np.testing.assert_allclose(turned.mean(axis=0), upright.mean(axis=0), atol=1e-2)
    assert abs(side(turned) - side(upright)) < 1e-2
    assert abs(upright[0, 1] - upright[1, 1]) < 1e-2 and upright[1, 0] > upright[0, 0]


def test_whole_face_and_head_move_to_the_forehead(vectors):
    landmarks = np.array(vectors["landmarks"])
    half = crop_corners(LP.get_transform_mat(landmarks, 256, FaceType.HALF))
    up = half[0] - half[3]
    centre = half.mean(axis=0)
    lift = {}
    for face_type in (FaceType.FULL, FaceType.WHOLE_FACE, FaceType.HEAD, FaceType.HEAD_NO_ALIGN):
        moved = crop_corners(LP.get_transform_mat(landmarks, 256, face_type)).mean(axis=0) - centre
        lift[face_type] = moved.dot(up) / up.dot(up)
    np.testing.assert_allclose([lift[FaceType.FULL], lift[FaceType.WHOLE_FACE],
                                lift[FaceType.HEAD], lift[FaceType.HEAD_NO_ALIGN]],
                               [0, 0.07, 0.5, 0], atol=1e-4)


def test_a_turned_head_is_shifted_sideways():
    for name, direction in (("B_yaw25_pitchm10_roll15", 1), ("C_yawm40_pitch15_rollm30", -1)):
        landmarks = np.array(SETS[name]["landmarks"])
        half = crop_corners(LP.get_transform_mat(landmarks, 256, FaceType.HALF))
        head = crop_corners(LP.get_transform_mat(landmarks, 256, FaceType.HEAD))
        across = half[1] - half[0]
        shift = (head.mean(axis=0) - half.mean(axis=0)).dot(across) / across.dot(across)
        yaw = SETS[name]["estimate_averaged_yaw_normalised"]
        assert abs(shift - yaw * abs(np.tanh(2 * yaw)) / 2) < 1e-4 and shift * yaw > 0
        assert np.sign(yaw) == direction * np.sign(SETS["B_yaw25_pitchm10_roll15"][
            "estimate_averaged_yaw_normalised"])


def test_scale_and_size():
    landmarks = make_landmarks(256).astype(np.float64)
    plain = crop_corners(LP.get_transform_mat(landmarks, 256, FaceType.FULL))
    zoomed = crop_corners(LP.get_transform_mat(landmarks, 256, FaceType.FULL, scale=2.0))
    assert abs(side(plain) / side(zoomed) - 2) < 1e-4
    double = LP.get_transform_mat(landmarks, 512, FaceType.FULL)
    np.testing.assert_allclose(double, 2 * LP.get_transform_mat(landmarks, 256, FaceType.FULL),
                               rtol=1e-5)


def test_what_cv2_makes_of_the_matrix():
    """The targets are the corners of the picture at `size`: a crop of itself is the identity."""
    landmarks = make_landmarks(200).astype(np.float64)
    mat = LP.get_transform_mat(landmarks, 256, FaceType.FULL)
    aligned_points = mathlib.transform_points(landmarks, mat)
    again = LP.get_transform_mat(aligned_points, 256, FaceType.FULL)
    np.testing.assert_allclose(again, [[1, 0, 0], [0, 1, 0]], atol=1e-3)
    assert cv2.invertAffineTransform(mat).shape == (2, 3)


def test_averaged_yaw_of_any_input():
    landmarks = make_landmarks(256)
    yaw = LP.estimate_averaged_yaw(landmarks)
    assert type(yaw) is float and abs(LP.estimate_averaged_yaw(landmarks.tolist()) - yaw) < 1e-4
    # The nose moved to one side.
    moved = landmarks.copy()
    moved[27:30, 0] += 5
    assert abs(LP.estimate_averaged_yaw(moved) - (yaw - 10)) < 1e-4


def test_mirror_leaves_its_input(vectors):
    points = aligned(vectors)
    before = points.copy()
    mirrored = LP.mirror_landmarks(points, 256)
    assert (points == before).all()
    for right, left in LP.mirror_idxs:
        assert mirrored[left, 1] == points[right, 1]
        assert mirrored[left, 0] == 256 - points[right, 0] - 1
    middle = [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]
    assert (mirrored[middle, 0] == 256 - points[middle, 0] - 1).all()


def test_98_landmarks():
    points = np.stack([np.arange(98), np.arange(98) * 2], -1).astype(np.float64)
    result = LP.convert_98_to_68(points)
    assert result.shape == (68, 2)
    assert result[0].tolist() == [0, 0] and result[1].tolist() == [2, 4]
    assert result[8].tolist() == [16, 32] and result[16].tolist() == [32, 64]
    assert result[18].tolist() == [37.5, 75.0] and result[67].tolist() == [95, 190]

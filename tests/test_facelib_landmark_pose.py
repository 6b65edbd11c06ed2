"""Head pose (spec 40 section 3.14)."""
import numpy as np
import pytest
from data_support import GOLDEN, load_json, make_landmarks

from facelib import FaceType
from facelib import LandmarksProcessor as LP

SETS = load_json("facelib_vectors.json")["sets"]


@pytest.fixture(params=sorted(SETS))
def vectors(request):
    return SETS[request.param]


def aligned(vectors, name="full_face_256"):
    return np.array(vectors["aligned"][name]["landmarks"])


def test_pose(vectors):
    landmarks = np.array(vectors["landmarks"])
    for name, expected in vectors["aligned"].items():
        points = aligned(vectors, name)
        np.testing.assert_allclose(LP.estimate_pitch_yaw_roll(points, size=256),
                                   expected["estimate_pitch_yaw_roll_size256"], atol=1e-4)
        mat = LP.get_transform_mat(landmarks, 512, FaceType.fromString(name.rsplit("_", 1)[0]))
        np.testing.assert_allclose(
            LP.estimate_pitch_yaw_roll(LP.transform_points(landmarks, mat), size=512),
            expected["estimate_pitch_yaw_roll_512px_size512"], atol=1e-4)
        assert abs(LP.calc_face_pitch(points) - expected["calc_face_pitch"]) < 1e-9
        assert abs(LP.estimate_averaged_yaw(points) - expected["estimate_averaged_yaw"]) < 1e-9


def test_float32_landmarks_of_the_reference_run():
    golden = np.load(str(GOLDEN / "data_cv455.npz"))
    for k in range(3):
        points = golden["lm/%d/points" % k]
        points = LP.transform_points(points, LP.get_transform_mat(points, 256, FaceType.FULL))
        np.testing.assert_allclose(LP.estimate_pitch_yaw_roll(points, size=256),
                                   golden["lm/%d/pyr" % k], rtol=0, atol=1e-4)
        pitch = LP.calc_face_pitch(points)
        assert type(pitch) is float
        np.testing.assert_allclose(pitch, golden["lm/%d/cface" % k][0], rtol=0, atol=2e-4)
        np.testing.assert_allclose(LP.estimate_averaged_yaw(points),
                                   golden["lm/%d/avgyaw" % k][0], rtol=0, atol=2e-4)


def turned_head(yaw, size=256):
    """The mean head turned about the vertical axis, drawn without perspective."""
    c, s = np.cos(yaw), np.sin(yaw)
    head = LP.landmarks_68_3D.astype(np.float64)
    flat = np.stack([c * head[:, 0] + s * head[:, 2], head[:, 1]], axis=-1)
    return flat / 80 * size * 0.35 + size / 2


def test_angles_are_plain_numbers_within_a_right_angle():
    for yaw in np.linspace(-1.2, 1.2, 9):
        angles = LP.estimate_pitch_yaw_roll(turned_head(yaw))
        assert all(type(angle) is float and abs(angle) <= np.pi / 2 for angle in angles)


def test_yaw_follows_the_turn():
    """Sorting by yaw and drawing evenly over it need no more than this."""
    yaws = [LP.estimate_pitch_yaw_roll(turned_head(yaw))[1] for yaw in np.linspace(-0.8, 0.8, 9)]
    steps = np.diff(yaws)
    assert (steps > 0.05).all() or (steps < -0.05).all()


def test_pitch_of_the_jaw():
    landmarks = np.zeros((68, 2))
    landmarks[[6, 8, 10], 1] = 10, 16, 12
    assert LP.calc_face_pitch(landmarks) == 16 - ((10 - 16) + (12 - 16)) / 2
    assert LP.calc_face_pitch(landmarks.tolist()) == 21


def test_lists_count_like_arrays():
    landmarks = make_landmarks(256).astype(np.float64)
    assert LP.estimate_pitch_yaw_roll(landmarks.tolist()) == LP.estimate_pitch_yaw_roll(landmarks)

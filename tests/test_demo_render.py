"""demo/render.py, shade.py, backdrop.py, motion.py: pictures of the demo's characters."""
import numpy as np
import pytest

from demo.backdrop import paint_backdrop
from demo.motion import FPS, get_scene
from demo.render import render_face
from demo.scene import Background, Expression, Light, Pose
from facelib import FaceType, LandmarksProcessor

SMALL = (160, 120)


def test_the_same_arguments_give_the_same_picture():
    a = render_face("src", Pose(yaw=20), size=SMALL)
    b = render_face("src", Pose(yaw=20), size=SMALL)
    np.testing.assert_array_equal(a.image, b.image)
    assert a.image.shape == (120, 160, 3) and a.image.dtype == np.uint8
    assert a.mask.shape == (120, 160) and set(np.unique(a.mask)) == {0, 255}
    assert a.landmarks.shape == (68, 2)


@pytest.mark.parametrize("yaw", [-35.0, 0.0, 35.0])
def test_landmarks_lie_on_the_face_and_tell_the_pose(yaw):
    face = render_face("dst", Pose(yaw=yaw, pitch=5), size=120)
    hull = LandmarksProcessor.get_image_hull_mask(face.image.shape, face.landmarks)[..., 0] > 0.5
    shown = face.mask > 0
    assert (hull & shown).sum() / hull.sum() > 0.85
    pitch, estimated, roll = LandmarksProcessor.estimate_pitch_yaw_roll(face.landmarks, 120)
    # both signs: DFL's yaw is negative for a face turned to the picture's right
    assert abs(estimated) < 0.1 if yaw == 0 else np.sign(estimated) == -np.sign(yaw)


def test_aligned_to_another_face_the_crop_is_the_same():
    target = render_face("dst", Pose(yaw=15, roll=8, x=10, scale=0.9), size=SMALL)
    own = render_face("src", Pose(yaw=15, roll=8), size=SMALL, align_to=target.landmarks)
    matrices = [LandmarksProcessor.get_transform_mat(face.landmarks, 64, FaceType.WHOLE_FACE)
                for face in (target, own)]
    np.testing.assert_allclose(matrices[0], matrices[1], atol=2e-3)


def test_light_falls_from_where_it_stands():
    def brightness(azimuth):
        face = render_face("src", light=Light(azimuth=azimuth), size=SMALL)
        shown = face.image.astype(float).sum(axis=2) * (face.mask > 0)
        middle = int(face.landmarks[30, 0])
        return shown[:, middle:].sum() / shown[:, :middle].sum()
    assert brightness(60) > 1.2 * brightness(-60)


def test_the_backdrop_drifts():
    size = (80, 60)
    still = paint_backdrop(Background(seed=4), Light(), size)
    assert still.shape == (60, 80, 3) and 0 <= still.min() and still.max() <= 1
    np.testing.assert_array_equal(still, paint_backdrop(Background(seed=4), Light(), size))
    assert np.abs(still - paint_backdrop(Background(seed=4, phase=0.5), Light(), size)).max() > .02
    assert np.abs(still - paint_backdrop(Background(seed=5), Light(), size)).max() > 0.02


def test_a_take_moves_smoothly_and_covers_its_range():
    poses = np.array([get_scene("src", i).pose[:3] for i in range(20 * FPS)])
    step = np.abs(np.diff(poses, axis=0)).max(axis=0)
    assert (step < 8).all(), "degrees from frame to frame"
    assert poses[:, 0].min() < -25 and poses[:, 0].max() > 25
    expressions = np.array([get_scene("src", i).expression for i in range(20 * FPS)])
    limits = dict(mouth_open=(0, 1), smile=(-.5, 1), pucker=(0, 1), brow_raise=(-1, 1),
                  brow_frown=(0, 1), blink_right=(0, 1), blink_left=(0, 1), gaze_x=(-1, 1),
                  gaze_y=(-1, 1))
    for name, (low, high) in limits.items():
        values = expressions[:, Expression._fields.index(name)]
        assert values.min() >= low and values.max() <= high
        assert values.max() - values.min() > 0.3, name


def test_scenes_are_fixed_and_unseen_ones_are_others():
    assert get_scene("dst", 7) == get_scene("dst", 7)
    trained = np.array([get_scene("dst", i).pose[:3] for i in range(300)])
    for i in range(24):
        away = np.abs(trained - get_scene("unseen", i).pose[:3]).max(axis=1)
        assert away.min() > 0.05, "degrees"

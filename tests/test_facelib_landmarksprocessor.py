"""The landmark geometry under one name (spec 40 section 1)."""
import sys

import numpy as np

import facelib
from facelib import LandmarksProcessor as LP

FUNCTIONS = ["alpha_to_color", "blur_image_hull_mask", "calc_face_pitch", "convert_98_to_68",
             "draw_landmarks", "draw_rect_landmarks", "estimate_averaged_yaw",
             "estimate_pitch_yaw_roll", "expand_eyebrows", "get_cmask", "get_face_struct_mask",
             "get_image_eye_mask", "get_image_hull_mask", "get_image_mouth_mask",
             "get_rect_from_landmarks", "get_transform_mat", "mirror_landmarks",
             "transform_points", "umeyama"]
TABLES = ["FaceType_to_padding_remove_align", "landmarks_2D", "landmarks_2D_new",
          "landmarks_68_3D", "landmarks_68_pt", "mirror_idxs", "mouth_center_landmarks_2D"]


def test_is_a_module_with_every_public_name():
    assert sys.modules["facelib.LandmarksProcessor"] is LP is facelib.LandmarksProcessor
    assert all(callable(getattr(LP, name)) for name in FUNCTIONS)
    assert all(hasattr(LP, name) for name in TABLES + ["FaceType", "cv2", "np", "npla",
                                                       "imagelib", "mathlib"])
    assert set(FUNCTIONS + TABLES) <= set(LP.__all__)


def test_types_of_transformed_points():
    """Observable since crops are drawn with whole numbers (spec 40 section 3.3)."""
    mat = np.float64([[0.5, 0.1, 3.3], [-0.1, 0.5, 7.7]])
    points = [(10, 20), (30, 41)]
    exact = np.float64(points).dot(mat[:, :2].T) + mat[:, 2]
    for dtype, expected in ((np.float64, np.float64), (np.float32, np.float32)):
        result = LP.transform_points(np.array(points, dtype), mat)
        assert result.dtype == expected
        np.testing.assert_allclose(result, exact, rtol=1e-6)
    for whole in (points, np.array(points, np.int64), np.array(points, np.int32)):
        result = LP.transform_points(whole, mat)
        assert result.dtype == np.int32 and (result == np.rint(exact)).all()
    assert LP.transform_points([(1.5, 2.5)], mat).shape == (2,)
    back = LP.transform_points(LP.transform_points(np.float64(points), mat), mat, invert=True)
    np.testing.assert_allclose(back, points, atol=1e-9)

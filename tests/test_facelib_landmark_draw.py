"""Drawing of landmarks and crops (spec 40 sections 3.9 and 3.13)."""
import cv2
import numpy as np
import pytest
from data_support import make_landmarks

from facelib import FaceType
from facelib import LandmarksProcessor as LP

SHAPE = (128, 128, 3)


def drawn(**kwargs):
    img = np.zeros(SHAPE, np.uint8)
    LP.draw_landmarks(img, make_landmarks(128), **kwargs)
    return img


def test_lines_of_the_parts():
    """Open and closed polylines, as section 3.13 lists them."""
    points = make_landmarks(128).astype(np.int32)
    expected = np.zeros(SHAPE, np.uint8)
    for part in (points[17:22], points[0:17], points[22:27],
                 np.concatenate([points[27:36], points[30:31]])):
        cv2.polylines(expected, [part], False, (0, 255, 0), 1, cv2.LINE_AA)
    for part in (points[36:42], points[42:48], points[48:68]):
        cv2.polylines(expected, [part], True, (0, 255, 0), 1, cv2.LINE_AA)
    assert (drawn(draw_circles=False) == expected).all()
    for i, (x, y) in enumerate(points.tolist()):
        cv2.circle(expected, (x, y), 2 if i < 17 else 1, (0, 255, 0), lineType=cv2.LINE_AA)
    difference = np.abs(drawn().astype(int) - expected)  # circles may lie over each other
    assert (difference > 0).mean() < 0.002


def test_color_and_thickness():
    img = drawn(color=(9, 0, 200))
    assert img[..., 1].max() == 0 and (img == (9, 0, 200)).all(axis=2).any()
    assert (drawn(thickness=3) > 0).sum() > 1.5 * (drawn() > 0).sum()
    gray = np.zeros((128, 128, 1), np.float32)
    LP.draw_landmarks(gray, make_landmarks(128), (1,))
    assert gray.max() == 1


def test_the_inside_is_darkened_on_request():
    img = np.full(SHAPE, 200, np.uint8)
    LP.draw_landmarks(img, make_landmarks(128), color=(200, 200, 200), transparent_mask=True)
    hull = LP.get_image_hull_mask(SHAPE, make_landmarks(128))
    assert (img == np.where(hull > 0, 100, 200)).all()


def test_68_landmarks_are_needed():
    with pytest.raises(Exception, match="68"):
        LP.draw_landmarks(np.zeros(SHAPE, np.uint8), make_landmarks(128)[:51])


def test_structure_mask():
    landmarks = make_landmarks(128)
    mask = LP.get_face_struct_mask(SHAPE, landmarks)
    assert mask.shape == (128, 128, 1) and mask.dtype == np.float32 and mask.max() == 1
    lines = np.zeros((128, 128, 1), np.float32)
    LP.draw_landmarks(lines, landmarks, (1,), draw_circles=False, thickness=2)
    assert (mask == lines).all() and 0 < mask.mean() < 0.5
    # The modifier is part of the interface and does nothing.
    assert (LP.get_face_struct_mask(SHAPE, landmarks, 3.0) == mask).all()
    assert LP.get_face_struct_mask(SHAPE, landmarks, color=(1, 0, 1)).shape == SHAPE


@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_alpha_to_color(shape, dtype):
    alpha = np.array([0, 1, 1, 0], dtype).reshape(shape)
    color = LP.alpha_to_color(alpha, (2, 4))
    assert color.dtype == np.float32 and color.shape == (2, 2, 2)
    assert color.tolist() == [[[0, 0], [2, 4]], [[2, 4], [0, 0]]]
    half = LP.alpha_to_color(np.float64([[0.1]]), (1,))
    assert half[0, 0, 0] == np.float32(0.1)


def test_boxes_and_crops():
    landmarks = make_landmarks(128)
    img = np.zeros(SHAPE, np.uint8)
    LP.draw_rect_landmarks(img, (5, 6, 100, 110), landmarks, FaceType.HALF, face_size=64,
                           landmarks_color=(0, 255, 0))
    assert (img[6, 5:100] == (255, 0, 0)).all(axis=1).any()
    assert (img == (0, 255, 0)).all(axis=2).any()
    mat = LP.get_transform_mat(landmarks, 64, FaceType.HALF)
    corners = [(0, 0), (0, 63), (63, 63), (63, 0)]
    arrow = [(3, 0), (6, 6), (0, 6)]
    for polygon in (corners, arrow):
        # Whole numbers in, rounded whole numbers out.
        points = LP.transform_points(polygon, mat, True)
        exact = LP.transform_points(np.float64(polygon), mat, True)
        assert points.dtype.kind == "i" and np.abs(points - exact).max() <= 0.5 + 1e-9
        for x, y in points.tolist():
            if 0 <= x < 128 and 0 <= y < 128:
                assert (img[y, x] == (0, 0, 255)).all()


def test_frames_without_a_crop():
    with pytest.raises(ValueError):
        LP.draw_rect_landmarks(np.zeros(SHAPE, np.uint8), (1, 2, 3, 4), make_landmarks(128),
                               FaceType.MARK_ONLY)

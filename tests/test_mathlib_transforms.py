import cv2
import numpy as np
import pytest

from core import mathlib
from imagelib_support import load_vectors

TABLE = load_vectors()["mathlib"]


def test_table():
    for x, power in TABLE["get_power_of_two"].items():
        assert mathlib.get_power_of_two(int(x)) == power
    area = mathlib.polygon_area(np.array([0, 4, 4, 0]), np.array([0, 0, 3, 3]))
    assert area == TABLE["polygon_area x=[0,4,4,0] y=[0,0,3,3]"]
    np.testing.assert_allclose(mathlib.rotate_point((1, 1), (2, 1), 90),
                               TABLE["rotate_point((1,1),(2,1),90)"], atol=1e-7)
    key = "transform_mat([[0.31,0.012,-9.3],[-0.013,0.312,-20.1]],128,0.1,0.05,10,1.1)"
    out = mathlib.transform_mat(np.array([[.31, .012, -9.3], [-.013, .312, -20.1]]),
                                128, .1, .05, 10, 1.1)
    np.testing.assert_allclose(out, TABLE[key], rtol=2e-6, atol=1e-6)


def make_rotation(x, y, z):
    def turn(i, j, angle):
        m = np.eye(3)
        m[i, i] = m[j, j] = np.cos(angle)
        m[i, j], m[j, i] = -np.sin(angle), np.sin(angle)
        return m
    return turn(0, 1, z).dot(turn(2, 0, y)).dot(turn(1, 2, x))


def test_euler_angles():
    for angles in ((.1, .2, .3), (-1, .5, 2), (0, -1.5, .1)):
        out = mathlib.rotationMatrixToEulerAngles(make_rotation(*angles))
        np.testing.assert_allclose(out, angles, atol=1e-9)
    locked = mathlib.rotationMatrixToEulerAngles(make_rotation(.4, np.pi / 2, 0))
    np.testing.assert_allclose(locked, (.4, np.pi / 2, 0), atol=1e-7)


def test_polygon_area_has_no_sign():
    x, y = np.array([0, 0, 4, 4]), np.array([0, 3, 3, 0])
    assert mathlib.polygon_area(x, y) == mathlib.polygon_area(x[::-1], y[::-1]) == 12


def test_rotate_point_type():
    assert mathlib.rotate_point((0, 0), (1, 0), 30).dtype == np.float32


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_transform_points_and_back(dtype):
    mat = cv2.getRotationMatrix2D((30, 20), 25, 1.3)
    pts = np.random.RandomState(0).rand(7, 2).astype(dtype) * 100
    out = mathlib.transform_points(pts, mat)
    assert out.dtype == dtype and out.shape == (7, 2)
    np.testing.assert_allclose(out, pts.dot(mat[:, :2].T) + mat[:, 2], rtol=1e-5)
    np.testing.assert_allclose(mathlib.transform_points(out, mat, invert=True), pts, atol=1e-4)


def test_transform_points_of_one_point_and_integers():
    mat = np.array([[1.25, 0, .3], [0, 1.25, .3]])
    assert mathlib.transform_points([(2., 4.)], mat).shape == (2,)
    for points in ([(1, 2), (5, 7)], np.array([(1, 2), (5, 7)])):
        out = mathlib.transform_points(points, mat)
        assert out.dtype == np.int32
        np.testing.assert_array_equal(out, [(2, 3), (7, 9)])    # 1.55 2.8, 6.55 9.05


def test_transform_mat_neutral_and_parts():
    mat = cv2.getRotationMatrix2D((30, 20), 25, .4)
    np.testing.assert_allclose(mathlib.transform_mat(mat, 64, 0, 0, 0, 1), mat, atol=1e-4)
    centre = mathlib.transform_points(np.float32([(32, 32)]), mat, invert=True)
    for args in ((0, 0, 15, 1), (0, 0, 0, 1.3), (0, 0, -40, .7)):
        out = mathlib.transform_mat(mat, 64, *args)
        np.testing.assert_allclose(mathlib.transform_points(centre[None], out), (32, 32),
                                   atol=1e-3)
        assert abs(np.sqrt(np.linalg.det(out[:, :2])) - .4 / args[3]) < 1e-4
    upright = np.array([[.5, 0, 0], [0, .5, 0]])
    moved = mathlib.transform_mat(upright, 64, .25, -.5, 0, 1)
    np.testing.assert_allclose(moved, [[.5, 0, -16], [0, .5, 32]], atol=1e-4)

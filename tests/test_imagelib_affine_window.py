import cv2
import numpy as np
import pytest

from core.imagelib.affine_window import crop_from_window, find_window, warp_window
from core.imagelib.common import restore_channel_axis

IS_ROUNDING = cv2.__version__.startswith("4.")  # OpenCV 5 does not round sampling positions
ATOL = 0 if IS_ROUNDING else 0.25               # of noise in 0..1


def make_matrix(rnd, size, height, width):
    """A face somewhere in a frame, or beside it: frame -> crop."""
    scale, angle = size / rnd.uniform(20, 300), rnd.uniform(-np.pi, np.pi)
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = rnd.uniform(-20, [width + 20, height + 20])
    return np.c_[rotation, size / 2 - rotation.dot(centre)]


@pytest.mark.parametrize("seed", range(12))
def test_parts_are_those_of_the_whole(seed):
    rnd = np.random.RandomState(seed)
    size = [48, 64, 127][seed % 3]
    height, width = rnd.randint(60, 400, 2)
    matrix = make_matrix(rnd, size, height, width)
    window = find_window(matrix, size, (height, width))
    x0, y0, x1, y1 = window
    assert 0 <= x0 <= x1 <= width and 0 <= y0 <= y1 <= height

    crop = rnd.rand(*((size, size, 3) if seed % 2 else (size, size))).astype(np.float32)
    whole = cv2.warpAffine(crop, matrix, (int(width), int(height)),
                           flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    pasted = np.zeros_like(whole)
    if x1 > x0 and y1 > y0:
        pasted[y0:y1, x0:x1] = warp_window(crop, matrix, window)
    np.testing.assert_allclose(pasted, whole, atol=ATOL)

    frame = rnd.rand(height, width, 3).astype(np.float32)
    wanted = cv2.warpAffine(frame, matrix, (size, size), flags=cv2.INTER_CUBIC)
    got = crop_from_window(np.ascontiguousarray(frame[y0:y1, x0:x1]), window, matrix, size)
    np.testing.assert_allclose(got, wanted, atol=ATOL)


# Of faces whose crops have positions right between two steps of 1/32 pixel.
TIES = (
    [[0.5307999913182627, 0.07534368896747096, -75.5947207581007],
     [-0.07534355191241163, 0.5307999913182626, -145.14780747229145]],
    [[2.083901222803426, 0.2957962508495338, -605.4950287971566],
     [-0.29579625084953154, 2.083899110350288, -163.00192460564818]],
    [[0.23499356698606005, 0.03335582316365204, -89.19396122645749],
     [-0.03335583659486371, 0.23499355355484844, 53.692850151160954]],
    [[0.23291383076961752, 0.03306062945084557, -72.2161119903745],
     [-0.03306063604810916, 0.23291383076961752, 31.757712631240473]])


@pytest.mark.parametrize("matrix", TIES)
def test_ties_of_rounding_fall_as_in_the_whole(matrix):
    frame = np.random.RandomState(8).rand(360, 480).astype(np.float32)
    matrix = np.float64(matrix)
    window = find_window(matrix, 64, frame.shape)
    x0, y0, x1, y1 = window
    got = crop_from_window(np.ascontiguousarray(frame[y0:y1, x0:x1]), window, matrix, 64)
    assert (got == crop_from_window(frame, (0, 0, 480, 360), matrix, 64)).all()
    if IS_ROUNDING:
        whole = cv2.warpAffine(frame, matrix, (64, 64), flags=cv2.INTER_CUBIC)
        assert (got == whole).all()


def test_every_window_gives_the_same_pixels():
    rnd = np.random.RandomState(3)
    crop = rnd.rand(32, 32, 3).astype(np.float32)
    matrix = make_matrix(rnd, 32, 100, 100)
    whole = warp_window(crop, matrix, (0, 0, 100, 100))
    for x0, y0, x1, y1 in ((7, 9, 70, 81), (33, 0, 34, 100), (0, 99, 100, 100)):
        assert (warp_window(crop, matrix, (x0, y0, x1, y1)) == whole[y0:y1, x0:x1]).all()


def test_a_crop_beside_the_frame():
    matrix = np.array([[1.0, 0, 500], [0, 1, 0]])   # its pixels lie at x -500 .. -468
    window = find_window(matrix, 32, (50, 60))
    assert window[0] == window[2]
    crop = crop_from_window(np.zeros((50, 0, 3), np.float32), window, matrix, 32)
    assert crop.shape == (32, 32, 3) and not crop.any()


def test_matrices_beyond_all_numbers_of_pixels_are_harmless():
    crop = np.ones((16, 16), np.float32)
    out = warp_window(crop, np.array([[1e12, 0, 0], [0, 1e12, 1e15]]), (0, 0, 8, 8))
    assert restore_channel_axis(out, crop).shape == (8, 8) and not out[1:, 1:].any()

import numpy as np
import pytest

from core.errors import UserError
from facelib import FaceType, LandmarksProcessor
from merge_support import Vectors, place_landmarks
from merger import MergerConfigMasked
from merger.face_geometry import FaceGeometry, get_crop_size, get_custom_mat
from merger.FrameInfo import AlignedFace
from merger.frame_pixels import FramePixels, is_empty

VECTORS = Vectors()
LANDMARKS = VECTORS.inputs["landmarks"]
FRAME = FramePixels(VECTORS.inputs["frame"])


def make(landmarks=LANDMARKS, **settings):
    return FaceGeometry(MergerConfigMasked(**settings), landmarks, (64, 64, 3), FRAME.shape)


@pytest.mark.parametrize("scale", (-50, -7, 0, 3, 50))
def test_matrices_are_those_of_the_landmarks(scale):
    for face_type in (FaceType.HALF, FaceType.WHOLE_FACE, FaceType.HEAD):
        geometry = make(face_type=face_type, output_face_scale=scale, super_resolution_power=10)
        assert geometry.S == 64 and geometry.O == geometry.M == 256
        k = 1 + 0.01 * scale
        for mat, size, by in ((geometry.read_mat, 256, 1), (geometry.paste_mat, 256, k),
                              (geometry.mask_mat, 256, k), (geometry.get_mat(77), 77, 1)):
            wanted = LandmarksProcessor.get_transform_mat(LANDMARKS, size, face_type, by)
            assert (mat == wanted).all()


def test_sizes():
    geometry = make()
    assert (geometry.S, geometry.O, geometry.M) == (64, 64, 256)
    config = MergerConfigMasked(super_resolution_power=1)
    assert get_crop_size(config, (np.int64(96), np.int64(96), 3)) == 384
    assert type(get_crop_size(config, (np.int64(96), 96, 3))) is int


def test_the_window_holds_both_squares():
    plain, small, large = make(), make(output_face_scale=40), make(output_face_scale=-40)
    assert small.window == plain.window == plain.read_window
    assert all(a < b for a, b in zip(large.window[:2], plain.window[:2]))
    assert all(a > b for a, b in zip(large.window[2:], plain.window[2:]))
    assert is_empty(make(place_landmarks(VECTORS.inputs, 80, -1000, 100)).window)


def test_what_is_pasted_lies_within_the_window():
    geometry = make()
    crop = np.ones((64, 64), np.float32)
    pasted = geometry.paste(crop, geometry.paste_mat)
    x0, y0, x1, y1 = geometry.window
    assert pasted.shape == (y1 - y0, x1 - x0) and pasted.max() > 0.99
    for edge in (pasted[0], pasted[-1], pasted[:, 0], pasted[:, -1]):
        assert not edge.any()
    face = geometry.crop_frame(FRAME)
    back = geometry.crop_composite(FRAME.get_floats(geometry.window))
    assert face.shape == (64, 64, 3) and (face == back).all()
    assert geometry.crop_frame(FRAME, 256).shape == (256, 256, 3)


def test_a_face_beside_the_frame_is_black():
    geometry = make(place_landmarks(VECTORS.inputs, 80, 2000, 100))
    assert not geometry.crop_frame(FRAME).any() and not geometry.crop_hull().any()
    assert geometry.paste(np.ones((64, 64, 3), np.float32), geometry.paste_mat).size == 0


@pytest.mark.parametrize("landmarks", (
    np.full((68, 2), 7.0), np.full((68, 2), np.inf), np.full((68, 2), np.nan)))
def test_landmarks_that_are_no_face(landmarks):
    with pytest.raises(UserError), np.errstate(all="ignore"):
        make(landmarks)


def test_custom_faces():
    matrix = np.float64([[2, 0, -20], [0, 2, -60]])           # frame 10..60, 30..80 of 100 px
    mat = get_custom_mat(AlignedFace(matrix, 100), 50, 1.0)
    np.testing.assert_allclose(mat, [[1, 0, -10], [0, 1, -30]], atol=1e-5)
    mat = get_custom_mat(AlignedFace(matrix, 100), 50, 2.0)   # half the side about (35, 55)
    np.testing.assert_allclose(mat, [[2, 0, -45], [0, 2, -85]], atol=1e-4)
    with pytest.raises(UserError):
        get_custom_mat(None, 50, 1.0)

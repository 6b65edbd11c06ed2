"""mainscripts/faceset_files.py: pictures of every kind, and what is no face is named."""
import cv2
import numpy as np
import pytest
from faceset_tools_support import CMYK, write_gray_face, write_other_pictures, write_useless_files

from core.errors import UserError
from DFLIMG import DFLIMG
from mainscripts import faceset_files


def test_pictures_of_every_kind_have_three_channels_of_8_bits(tmp_path):
    names = write_other_pictures(tmp_path)
    for name in names:
        picture = faceset_files.read_picture(tmp_path / name)
        assert picture.ndim == 3 and picture.shape[2] == 3 and picture.dtype == np.uint8, name
    deep = cv2.imread(str(tmp_path / "deep.png"), cv2.IMREAD_UNCHANGED)
    assert (faceset_files.read_picture(tmp_path / "deep.png") == deep // 257).all()
    gray = faceset_files.read_picture(tmp_path / "gray.png")
    assert (gray[..., 0] == gray[..., 2]).all()
    assert faceset_files.read_picture(CMYK).std() > 10


def test_what_is_no_picture_is_named(tmp_path, facesets):
    for name in write_useless_files(tmp_path, facesets.src / "00000_0.jpg"):
        with pytest.raises(UserError, match=name):
            faceset_files.read_picture(tmp_path / name)
        with pytest.raises(UserError, match=name):
            faceset_files.open_face(tmp_path / name)
    (tmp_path / "folder.jpg").mkdir()
    for path in (tmp_path / "none.jpg", tmp_path / "folder.jpg"):
        with pytest.raises(UserError, match="cannot be read"):
            faceset_files.read_picture(path)
        with pytest.raises(UserError, match="cannot be read"):
            faceset_files.open_face(path)
    deep = np.zeros((4, 4), np.float32)
    (tmp_path / "float.tif").write_bytes(cv2.imencode(".tif", deep)[1].tobytes())
    with pytest.raises(UserError, match="float32"):
        faceset_files.read_picture(tmp_path / "float.tif")


def test_a_picture_without_its_end_is_no_picture(tmp_path):
    """Whatever this version of OpenCV makes of it."""
    path = write_gray_face(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes()[:-100])
    for keeps_gray in (False, True):
        with pytest.raises(UserError, match="a.jpg is cut off"):
            faceset_files.read_picture(path, keeps_gray=keeps_gray)


def test_pictures_that_are_no_faces_are_named(tmp_path):
    for name in write_other_pictures(tmp_path):
        with pytest.raises(UserError, match=name + " is no aligned face"):
            faceset_files.open_face(tmp_path / name)


@pytest.mark.parametrize("landmarks", [None, [[1, 2]], "text", [[float("nan")] * 2] * 68])
def test_faces_without_usable_landmarks(tmp_path, landmarks):
    path = write_gray_face(tmp_path / "a.jpg")
    face = DFLIMG.load(path)
    face.set_landmarks(landmarks)
    face.save()
    with pytest.raises(UserError, match="a.jpg"):
        faceset_files.open_face(path)
    assert faceset_files.open_face(path, has_landmarks=False).has_data()


def test_a_gray_face(tmp_path):
    path = write_gray_face(tmp_path / "a.jpg")
    face, picture = faceset_files.read_face_pixels(path)
    assert picture.shape == face.get_shape() == (64, 64, 3)
    assert faceset_files.read_picture(path, keeps_gray=True).shape == (64, 64)
    assert faceset_files.read_landmarks(face).shape == (68, 2)


def test_writing_a_face(tmp_path):
    data = {"face_type": "head", "xseg_mask": None}
    picture = np.full((32, 32, 3), 99, np.uint8)
    faceset_files.write_face(tmp_path / "a.jpg", picture, data)
    face = DFLIMG.load(tmp_path / "a.jpg")
    assert face.get_dict() == {"face_type": "head"} and (face.get_img() == 99).all()
    assert data == {"face_type": "head", "xseg_mask": None}

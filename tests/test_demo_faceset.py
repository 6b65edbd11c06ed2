"""demo/faceset.py: a rendered face saved as the extractor would."""
import cv2
import numpy as np

from core.imagelib import SegIEPolyType
from demo.faceset import outline_face, save_aligned_face
from demo.render import render_face
from demo.scene import Pose
from DFLIMG import DFLIMG
from facelib import FaceType, LandmarksProcessor


def test_the_aligned_face_knows_where_it_came_from(tmp_path):
    face = render_face("dst", Pose(yaw=20, roll=-5), size=(240, 180))
    path = tmp_path / "00001_0.jpg"
    save_aligned_face(face, path, "00001.png", size=128)
    read = DFLIMG.load(path)
    assert read.get_shape() == (128, 128, 3) and read.get_source_filename() == "00001.png"
    assert read.get_face_type() == FaceType.toString(FaceType.WHOLE_FACE)
    assert list(read.get_dict()) == ["face_type", "landmarks", "source_filename", "source_rect",
                                     "source_landmarks", "image_to_face_mat", "seg_ie_polys"]
    np.testing.assert_allclose(read.get_source_landmarks(), face.landmarks)
    matrix = read.get_image_to_face_mat()
    np.testing.assert_allclose(matrix, LandmarksProcessor.get_transform_mat(
        face.landmarks, 128, FaceType.WHOLE_FACE))
    places = face.landmarks.dot(matrix[:, :2].T) + matrix[:, 2]
    np.testing.assert_allclose(read.get_landmarks(), places, atol=1e-3)
    # the picture is the frame seen through the matrix, but for JPEG
    crop = cv2.warpAffine(face.image, matrix, (128, 128), flags=cv2.INTER_LINEAR)
    assert np.abs(read.get_img().astype(float) - crop).mean() < 4


def test_the_polygon_is_the_outline_of_the_shown_face(tmp_path):
    face = render_face("src", Pose(yaw=-25), size=(240, 180))
    polys = outline_face(face.mask)
    assert [poly.get_type() for poly in polys.get_polys()] == [SegIEPolyType.INCLUDE]
    drawn = np.zeros(face.mask.shape + (1,), np.float32)
    polys.overlay_mask(drawn)
    both, either = (drawn[..., 0] > 0) & (face.mask > 0), (drawn[..., 0] > 0) | (face.mask > 0)
    assert both.sum() / either.sum() > 0.95


def test_no_face_no_polygon():
    assert not outline_face(np.zeros((20, 20), np.uint8)).has_polys()

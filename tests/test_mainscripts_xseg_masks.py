"""mainscripts/xseg_masks.py: a face's crop for the network and the mask's way back. Faces of usual
types: test_mainscripts_xsegutil.py."""
import numpy as np
import pytest

from core import persist
from core.errors import UserError
from DFLIMG import DFLJPG
from facelib import FaceType
from mainscripts import xseg_masks
from xseg_support import write_labelled_faces


@pytest.fixture(scope="module")
def face_path(tmp_path_factory):
    folder = write_labelled_faces(tmp_path_factory.mktemp("faces"), "src", 0, 1)
    return folder / "00000_0.jpg"


@pytest.fixture
def custom_face(face_path, tmp_path):
    """A whole-face crop that calls itself `mve_custom`."""
    path = tmp_path / "custom.jpg"
    path.write_bytes(face_path.read_bytes())
    face = DFLJPG.load(str(path))
    face.set_face_type("mve_custom")
    face.save()
    return path


class Bright:
    """A network to which the bright pixels are the face."""

    def extract(self, pictures):
        return (pictures.mean(axis=3, keepdims=True) > 0.5).astype(np.float32)


def test_mask_of_one_face(face_path):
    mask = xseg_masks.compute_mask(face_path, FaceType.WHOLE_FACE, Bright())
    picture = DFLJPG.load(str(face_path)).get_img()
    assert mask.shape == (256, 256) and mask.dtype == np.float32
    assert (mask == (picture.mean(axis=2) > 127.5)).mean() > 0.999


def test_custom_face_is_cropped_by_its_own_matrix(face_path, custom_face):
    """The same crop as of the face that tells its type."""
    for face_type in (FaceType.FULL, FaceType.HEAD):
        pictures = [xseg_masks.prepare_face(path, face_type).picture
                    for path in (face_path, custom_face)]
        assert np.abs(pictures[0] - pictures[1]).mean() < 1e-3
    assert xseg_masks.prepare_face(custom_face, None).matrix is None


def test_custom_face_without_a_matrix_is_seen_as_it_is(custom_face):
    face = DFLJPG.load(str(custom_face))
    del face.get_dict()["image_to_face_mat"]
    face.save()
    assert xseg_masks.prepare_face(custom_face, FaceType.FULL).matrix is None


@pytest.mark.parametrize("options, expected", [
    ({"face_type": "f"}, "f"), ({"face_type": "custom"}, "custom"), ({"face_type": "odd"}, None),
    ({}, None), (None, None), (["face_type"], None), ({"face_type": ["f"]}, None),
    ({"face_type": {}}, None)])
def test_face_type_of_a_model(tmp_path, options, expected):
    assert xseg_masks.read_face_type(tmp_path) is None
    (tmp_path / "XSeg_data.dat").write_bytes(persist.dumps({"iter": 1, "options": options}))
    assert xseg_masks.read_face_type(tmp_path) == expected


def test_folder_without_a_network(tmp_path):
    with pytest.raises(UserError, match="no folder"):
        xseg_masks.check_model_folder(tmp_path / "none")
    with pytest.raises(UserError, match="XSeg_256.npy is missing"):
        xseg_masks.check_model_folder(tmp_path)
    (tmp_path / "XSeg_256.npy").write_bytes(b"")
    xseg_masks.check_model_folder(tmp_path)

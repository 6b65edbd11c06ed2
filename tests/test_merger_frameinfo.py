import pickle
from pathlib import Path

import numpy as np

from merger import FrameInfo
from merger.FrameInfo import AlignedFace, describe_aligned


class Face:
    """As a DFLIMG object answers."""

    def __init__(self, matrix):
        self.matrix = matrix

    def get_image_to_face_mat(self):
        return self.matrix

    def get_shape(self):
        return (256, 256, 3)


def test_attributes_are_those_of_session_files():
    info = FrameInfo(Path("a.png"), [np.zeros((68, 2))])
    assert list(vars(info)) == ["filepath", "landmarks_list", "motion_deg", "motion_power"]
    assert (info.motion_deg, info.motion_power) == (0, 0)
    assert FrameInfo().landmarks_list == [] and FrameInfo().filepath is None


def test_only_matrix_and_size_of_an_aligned_face_are_kept():
    matrix = [[1, 0, 2], [0, 1, 3]]
    info = FrameInfo(None, [1, 2, 3], [Face(matrix), Face(None)])
    assert type(info.dfl_images_list[0]) is tuple and info.dfl_images_list[1] is None
    for record in (info, pickle.loads(pickle.dumps(info))):
        first, second, third = [aligned for _, aligned in record.get_faces()]
        assert isinstance(first, AlignedFace) and first.size == 256
        assert first.matrix.dtype == np.float64 and first.matrix.tolist() == matrix
        assert second is None and third is None
    assert describe_aligned(first) is first and describe_aligned(None) is None
    assert b"AlignedFace" not in pickle.dumps(info)


def test_records_of_other_versions():
    info = FrameInfo.__new__(FrameInfo)
    info.__dict__.update(filepath=None, landmarks_list=[5, 6])
    assert info.get_faces() == [(5, None), (6, None)]

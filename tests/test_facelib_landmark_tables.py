"""Constant tables of the landmark geometry (spec 40 section 3.1)."""
import hashlib

import numpy as np
import pytest

from facelib import FaceType
from facelib import LandmarksProcessor as LP

# Shape and SHA-256 of the float32 values, as the chapter's table has them.
TABLES = {"landmarks_2D": ((51, 2), "2c5378eba3d2545a"),
          "landmarks_2D_new": ((33, 2), "5acc9af56975693d"),
          "mouth_center_landmarks_2D": ((20, 2), "9b613e8c0e5b4717"),
          "landmarks_68_3D": ((68, 3), "adabe26c6e1139da")}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_points(name):
    table, (shape, digest) = getattr(LP, name), TABLES[name]
    assert table.shape == shape and table.dtype == np.float32
    data = np.ascontiguousarray(table.astype("<f4")).tobytes()
    assert hashlib.sha256(data).hexdigest()[:16] == digest


def test_alignment_leaves_the_mouth_out_except_its_corners():
    assert (LP.landmarks_2D_new == LP.landmarks_2D[list(range(0, 32)) + [37]]).all()


def test_parts_cover_every_landmark_once():
    assert LP.landmarks_68_pt == dict(mouth=(48, 68), right_eyebrow=(17, 22),
                                      left_eyebrow=(22, 27), right_eye=(36, 42),
                                      left_eye=(42, 48), nose=(27, 36), jaw=(0, 17))
    covered = [i for start, end in LP.landmarks_68_pt.values() for i in range(start, end)]
    assert sorted(covered) == list(range(68))


def test_mirrored_pairs():
    pairs = np.array(LP.mirror_idxs)
    assert pairs.shape == (29, 2) and len(np.unique(pairs)) == 58
    assert set(range(68)) - set(pairs.ravel().tolist()) == {8, 27, 28, 29, 30, 33, 51, 57, 62, 66}
    # On the mean head each pair lies left and right of the middle at about one height.
    head = LP.landmarks_68_3D
    for a, b in LP.mirror_idxs:
        assert head[a, 0] * head[b, 0] < 0 and abs(head[a, 1] - head[b, 1]) < 4


def test_paddings():
    assert LP.FaceType_to_padding_remove_align == {
        FaceType.HALF: (0.0, False), FaceType.MID_FULL: (0.0675, False),
        FaceType.FULL: (0.2109375, False), FaceType.FULL_NO_ALIGN: (0.2109375, True),
        FaceType.WHOLE_FACE: (0.40, False), FaceType.HEAD: (0.70, False),
        FaceType.HEAD_NO_ALIGN: (0.70, True)}

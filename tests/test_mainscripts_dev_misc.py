"""mainscripts/dev_misc.py: a labelled dataset becomes a faceset."""
import cv2
import numpy as np
import pytest
from faceset_support import render_frame
from faceset_tools_support import list_names

from core.errors import UserError
from core.mathlib import transform_points
from DFLIMG import DFLIMG
from mainscripts import dev_misc


def write_item(folder, number, frame):
    for end, picture in (("", frame.image), ("_seg", (frame.mask > 127).astype(np.uint8) * 6)):
        assert cv2.imwrite(str(folder / ("%06d%s.png" % (number, end))), picture)
    lines = ["%f %f" % tuple(point) for point in frame.landmarks] + ["1 1", "2 2"]
    (folder / ("%06d_ldmks.txt" % number)).write_text("\n".join(lines))


def test_import(tmp_path, capsys):
    folder = tmp_path / "data.set"
    folder.mkdir()
    frame = render_frame("src", 1)
    write_item(folder, 0, frame)
    write_item(folder, 1, frame)
    (folder / "000001_ldmks.txt").write_text("1 2\n3 four")
    (folder / "000002.png").write_bytes(b"")
    write_item(folder, 3, frame)
    (folder / "000003_ldmks.txt").rename(folder / "000003_points.txt")
    dev_misc.dev_test(str(folder))
    output = tmp_path / "data.set_aligned"
    assert list_names(output) == ["000000_0.jpg", "000003_0.jpg"]
    out = capsys.readouterr().out
    assert "000001_ldmks.txt" in out and "000002" in out and "2 faces" in out
    face = DFLIMG.load(output / "000000_0.jpg")
    assert face.get_img().shape == (1024, 1024, 3) and face.get_face_type() == "whole_face"
    matrix = face.get_image_to_face_mat()
    np.testing.assert_allclose(face.get_landmarks(), transform_points(frame.landmarks, matrix),
                               atol=1e-6)
    assert face.get_source_filename() == "000000.png"
    mask = cv2.warpAffine((frame.mask > 127).astype(np.float32), matrix, (1024, 1024))
    mask = cv2.resize(mask, (256, 256), interpolation=cv2.INTER_AREA) >= 0.5
    assert (face.get_xseg_mask()[..., 0] == mask).mean() > 0.99 and 0.2 < mask.mean() < 0.8


def test_refusals(tmp_path):
    with pytest.raises(UserError, match="no pictures"):
        dev_misc.dev_test(tmp_path / "none")
    (tmp_path / "0.png").write_bytes(b"")
    with pytest.raises(UserError, match="None of the 1"):
        dev_misc.dev_test(tmp_path)

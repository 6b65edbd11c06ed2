"""Face types, and that the package needs no TensorFlow (spec 40 sections 1 and 2)."""
import subprocess
import sys

import pytest

from facelib import FaceType
from facelib.FaceType import from_string_dict, to_string_dict


def test_values_and_strings():
    assert {t.name: int(t) for t in FaceType} == dict(
        HALF=0, MID_FULL=1, FULL=2, FULL_NO_ALIGN=3, WHOLE_FACE=4, CUSTOM=5, HEAD=10,
        HEAD_NO_ALIGN=20, MARK_ONLY=100)
    assert {FaceType.toString(t) for t in FaceType} == {
        "half_face", "midfull_face", "full_face", "full_face_no_align", "whole_face",
        "mve_custom", "head", "head_no_align", "mark_only"}
    for face_type in FaceType:
        assert FaceType.fromString(FaceType.toString(face_type).upper()) is face_type
        assert FaceType.toString(int(face_type)) == to_string_dict[face_type]
        assert from_string_dict[to_string_dict[face_type]] is face_type


def test_unknown_string():
    with pytest.raises(Exception, match="value error"):
        FaceType.fromString("face")
    with pytest.raises(KeyError):
        FaceType.toString(77)


def test_import_needs_no_tensorflow():
    code = ("import sys, facelib, samplelib, DFLIMG\n"
            "from facelib import FaceType, XSegNet, LandmarksProcessor, S3FDExtractor\n"
            "from facelib.FaceType import FaceType as same\n"
            "assert same is FaceType and isinstance(FaceType, type)\n"
            "bad = [m for m in sys.modules if m.split('.')[0] == 'tensorflow']\n"
            "assert not bad, bad")
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()

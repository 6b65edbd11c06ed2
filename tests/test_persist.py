"""core/persist.py: the door itself; what is behind it has tests of its own."""
import os
import subprocess
import sys

import numpy as np
import pytest

from conftest import TREE
from core import persist
from core.errors import UserError


def test_every_name_is_there():
    for name in persist.__all__:
        assert getattr(persist, name) is not None
    assert issubclass(persist.UnsafePickleError, UserError)
    assert issubclass(persist.CorruptFileError, UserError)


def test_file_round_trip(tmp_path):
    path = tmp_path / "модель_SAEHD_encoder.npy"
    content = {"weight:0": np.random.RandomState(0).rand(100, 300).astype(np.float32)}
    persist.write_stream(path, lambda file: persist.dump(content, file))
    result = persist.load(path)
    np.testing.assert_array_equal(result["weight:0"], content["weight:0"])
    assert os.listdir(str(tmp_path)) == [path.name]


def test_missing_file_is_not_damage(tmp_path):
    with pytest.raises(FileNotFoundError):
        persist.load(tmp_path / "none.npy")


@pytest.mark.parametrize("data", [b"", b"\0" * 5000, b"not a pickle", b"\x80\x04."])
def test_damaged_file_is_named(tmp_path, data):
    """5,000 zeros: what a power cut made of files of old."""
    (tmp_path / "x_SAEHD_data.dat").write_bytes(data)
    with pytest.raises(persist.CorruptFileError, match="x_SAEHD_data.dat"):
        persist.load(tmp_path / "x_SAEHD_data.dat")


def test_list_of_one_kind_of_file(tmp_path):
    persist.write_bytes(tmp_path / "x", persist.dumps(np.ones(2)))

    def find_nothing(module, name):
        raise KeyError((module, name))
    with pytest.raises(persist.UnsafePickleError, match="numpy.core.multiarray._reconstruct"):
        persist.load(tmp_path / "x", find_global=find_nothing)


def test_registered_class_is_admitted(monkeypatch):
    from core import pickle_format
    monkeypatch.setattr(pickle_format, "_registered", {})
    data = b"cfacelib.FaceType\nFaceType\n(I2\ntR."
    with pytest.raises(persist.UnsafePickleError, match="facelib.FaceType.FaceType"):
        persist.loads(data)
    persist.register_class("facelib.FaceType", "FaceType", lambda value: value * 10)
    assert persist.loads(data) == 20


def test_needs_no_heavy_package():
    code = ("import sys; from core import persist; "
            "assert not {'tensorflow', 'cv2', 'core.interact'} & set(sys.modules)")
    subprocess.check_call([sys.executable, "-c", code], cwd=str(TREE))

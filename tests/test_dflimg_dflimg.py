"""Entry point for face images, and the package's names (spec 30 sections 1 and 2.2)."""
import sys
from pathlib import Path

from data_support import crafted_pickle, load_fixture

import DFLIMG as package
from DFLIMG import DFLIMG, DFLJPG
from DFLIMG.jpeg_segments import insert_app15, join_segments, parse_segments


def test_names_of_the_package():
    assert isinstance(package.DFLIMG, type) and isinstance(package.DFLJPG, type)
    exported = {}
    exec("from DFLIMG import *", exported)
    exported.pop("__builtins__")
    assert exported == {"DFLIMG": DFLIMG, "DFLJPG": DFLJPG}
    # The classes hide the submodules, which stay importable by name.
    module = sys.modules["DFLIMG.DFLJPG"]
    for name in ("cv2", "np", "Path", "io", "imagelib", "traceback", "cv2_imread", "cv2_imwrite",
                 "cv2_resize", "struct_unpack", "SegIEPolys", "FaceType", "pickle", "struct"):
        assert hasattr(module, name), name


def test_suffix_decides(tmp_path):
    data = load_fixture("dfl_jpg_b64")
    for name, is_face in (("a.jpg", True), ("a.JPG", True), ("a.jpeg", True), ("a.png", False),
                          ("a.tif", False), ("a", False)):
        (tmp_path / name).write_bytes(data)
        assert (DFLIMG.load(tmp_path / name) is not None) == is_face


def test_loader_func_replaces_the_file(tmp_path):
    asked = []

    def load(filename):
        asked.append(filename)
        return load_fixture("dfl_jpg_b64")
    face = DFLIMG.load(Path("absent.jpg"), loader_func=load)
    assert asked == ["absent.jpg"] and face.filename == "absent.jpg"
    assert face.get_face_type() == "whole_face"
    # The pixels come from the same bytes, not from the disk.
    assert face.get_img().shape == (128, 128, 3)
    assert DFLIMG.load(Path("absent.png"), loader_func=load) is None and len(asked) == 1


def test_what_cannot_be_read_is_named(tmp_path, capsys):
    def fail(filename):
        raise RuntimeError("the network is gone")
    for load in (lambda: DFLIMG.load(tmp_path / "gone.jpg"),
                 lambda: DFLIMG.load(tmp_path / "gone.jpg", loader_func=fail)):
        assert load() is None
        assert "gone.jpg" in capsys.readouterr().out


def test_crafted_face_is_refused_by_name(tmp_path, capsys):
    path, marker = tmp_path / "a.jpg", tmp_path / "executed"
    segments, tail = parse_segments(load_fixture("plain_jpg_64x48_b64"))
    insert_app15(segments, crafted_pickle(marker))
    path.write_bytes(join_segments(segments, tail))
    assert DFLIMG.load(path) is None
    printed = capsys.readouterr().out
    assert not marker.exists()
    assert str(path) in printed and ".open" in printed

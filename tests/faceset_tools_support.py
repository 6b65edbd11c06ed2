"""Facesets for the tools' tests: folders of faces, files of no use, and what must not be lost."""
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

import faceset_support
from core import options

CMYK = Path(__file__).parent / "golden" / "tools" / "cmyk.jpg"


def copy_faces(source, folder, count=None):
    """A copy of a folder of faces."""
    folder = Path(str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(str(source)).glob("*.jpg"))[:count]:
        shutil.copy(str(path), str(folder))
    return folder


def count_contents(*folders):
    """How often each content occurs among the files of folders, sub-folders included."""
    return Counter(path.read_bytes() for folder in folders if folder.exists()
                   for path in folder.rglob("*") if path.is_file())


def read_tree(folder):
    """{relative path: content}"""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def list_names(folder):
    return sorted(path.name for path in folder.iterdir())


def answer(monkeypatch, **given):
    """Answer questions beforehand; what is not given takes its default."""
    monkeypatch.setenv("DFL_UNATTENDED", "y")
    monkeypatch.setattr(options, "_sources", options.OptionSources(flags=given))


def write_useless_files(folder, face):
    """Files with the names of pictures that are none: their names."""
    data = Path(str(face)).read_bytes()
    contents = {"empty.jpg": b"", "text.jpg": b"no picture at all",
                "in_its_data.jpg": data[:200], "huge.png": make_huge_png()}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return sorted(contents)


def make_huge_png():
    """A PNG of 3.6 billion pixels in a few bytes."""
    data = bytearray(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    return bytes(data)


def write_other_pictures(folder):
    """Pictures of every kind that are no faces: their names."""
    noise = np.random.RandomState(0).randint(0, 255, (80, 80, 4)).astype(np.uint8)
    for name, picture in (("deep.png", noise[..., :3].astype(np.uint16) * 257),
                          ("rgba.png", noise), ("gray.png", noise[..., 0]),
                          ("plain.jpg", noise[..., :3]), ("a b.tif", noise[..., :3])):
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, picture)[1].tobytes())
    shutil.copy(str(CMYK), str(folder))
    return ["a b.tif", "cmyk.jpg", "deep.png", "gray.png", "plain.jpg", "rgba.png"]


def write_gray_face(path):
    return faceset_support.write_face(path, faceset_support.render_frame("src", 0), gray=True)

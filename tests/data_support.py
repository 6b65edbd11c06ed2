"""Fixtures and tolerances that the tests of the data side share."""
import base64
import io
import json
import pickle
from pathlib import Path

import cv2
import numpy as np

GOLDEN = Path(__file__).resolve().parent / "golden" / "data"
FACES = GOLDEN / "faces"
FILES = GOLDEN / "files"

_CV_VERSION = tuple(int(x) for x in cv2.__version__.split(".")[:2])

# Differences per array that a correct implementation shows against OpenCV 4.5.5 (spec 31
# section 13). OpenCV 5 no longer rounds sampling positions to 1/32 pixel.
SAMPLE_ATOL = 0.05 if _CV_VERSION >= (5, 0) else 6e-6
# Matrices of float32 landmarks go through LAPACK in single precision.
MATRIX_ATOL = 1e-3


def load_json(name):
    return json.loads((GOLDEN / name).read_text())


def load_fixture(name):
    """Bytes of a base64 entry of the fixtures."""
    return base64.b64decode(load_json("dfl_fixtures.json")[name])


def write_fixture_faces(folder):
    """The two fixture faces as files, in order."""
    paths = []
    for index, name in enumerate(("dfl_jpg_b64", "dfl_jpg_2_b64")):
        path = Path(str(folder)) / ("0000%d_0.jpg" % index)
        path.write_bytes(load_fixture(name))
        paths.append(path)
    return paths


class CraftedPickle:
    """Unpickled the ordinary way, it creates the file `path`."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def crafted_pickle(marker):
    return pickle.dumps({"landmarks": CraftedPickle(marker)}, protocol=2)


def make_landmarks(size, seed=0):
    """A plausible face in the middle of a size x size picture, (68, 2) float32."""
    from facelib import LandmarksProcessor
    rnd = np.random.RandomState(seed)
    mean = LandmarksProcessor.landmarks_68_3D[:, :2].astype(np.float64)
    mean = mean / np.abs(mean).max() * size * 0.3
    return (mean + size / 2 + rnd.normal(0, size * 0.004, mean.shape)).astype(np.float32)


def make_picture(size, seed=0, channels=3):
    """Smooth random picture, uint8 (size, size, 3), or (size, size) for one channel."""
    rnd = np.random.RandomState(seed)
    coarse = rnd.rand(9, 9, channels).astype(np.float32)
    img = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    return (np.clip(img, 0, 1) * 255).astype(np.uint8)


def write_face(path, size=128, seed=0, channels=3, face_type="whole_face", **fields):
    """A face JPEG; extra fields go into its metadata."""
    from DFLIMG import DFLJPG
    cv2.imwrite(str(path), make_picture(size, seed, channels),
                [int(cv2.IMWRITE_JPEG_QUALITY), 95])
    face = DFLJPG.load(str(path))
    face.set_face_type(face_type)
    face.set_landmarks(make_landmarks(size, seed).tolist())
    face.set_source_filename("%05d.png" % seed)
    face.get_dict().update(fields)
    face.save()
    return Path(str(path))


def assert_same(a, b):
    """Equal in value, type, order of keys and structure."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            assert_same(x, y)
    elif type(a).__eq__ is object.__eq__ and hasattr(a, "__dict__"):
        assert_same(a.__dict__, b.__dict__)
    else:
        assert a == b or a != a


class CountingFile(io.BytesIO):
    """A file that counts the bytes that were read from it."""

    taken = 0

    def read(self, size=-1):
        data = super().read(size)
        self.taken += len(data)
        return data

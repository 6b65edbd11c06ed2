"""Requests and small sets of samples that the tests of samplelib share."""
import pickle
import struct

import numpy as np
from data_support import write_face

from facelib import FaceType
from samplelib import SampleLoader, SampleProcessor

ST, CT, MT = (SampleProcessor.SampleType, SampleProcessor.ChannelType,
              SampleProcessor.FaceMaskType)

SIZE = 64  # of outputs: the smallest that is warped at its own size


def image(**changes):
    """A request for a warped picture."""
    return dict(dict(sample_type=ST.FACE_IMAGE, channel_type=CT.BGR, warp=True, transform=True,
                     face_type=FaceType.WHOLE_FACE, resolution=SIZE), **changes)


def mask(mask_type=MT.FULL_FACE, **changes):
    """A request for a mask."""
    return dict(dict(sample_type=ST.FACE_MASK, channel_type=CT.G, face_mask_type=mask_type,
                     transform=True, face_type=FaceType.WHOLE_FACE, resolution=SIZE), **changes)


def load_samples(paths):
    return SampleLoader.load_face_samples([str(path) for path in paths])


def process(sample, outputs, seed=1, ct_sample=None, debug=False, **options):
    """One sample's outputs with a fixed seed."""
    np.random.seed(seed)
    row, = SampleProcessor.process([sample], SampleProcessor.Options(**options), outputs, debug,
                                   ct_sample=ct_sample)
    return row


def write_faceset(folder, count=3, **fields):
    """Faces 00000.jpg, 00001.jpg, ... of 96 pixels; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        write_face(folder / ("%05d.jpg" % i), size=96, seed=i, **fields)
    return folder


class Calls:
    """Counts the calls of functions that it replaces for the time of a test."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self.count = {}

    def watch(self, owner, name):
        function = getattr(owner, name)

        def counted(*args, **kwargs):
            self.count[name] += 1
            return function(*args, **kwargs)
        self.count[name] = 0
        self._monkeypatch.setattr(owner, name, counted)


def write_pak(folder, configs, files, absolute_end=True, version=1, data=None):
    """A pak made byte by byte, as section 5.1 describes it."""
    packed = pickle.dumps(configs, 4) if data is None else data
    start = 16 + len(packed) + 8 * (len(files) + 1)
    offsets = np.cumsum([0] + [len(file) for file in files]).tolist()
    if absolute_end:
        offsets[-1] += start
    content = struct.pack("<QQ", version, len(packed)) + packed
    content += struct.pack("<%dQ" % len(offsets), *offsets) + b"".join(files)
    path = folder / "faceset.pak"
    path.write_bytes(content)
    return path


def pak_config(filename, **changes):
    """What a pak keeps of one member."""
    return dict(dict(sample_type=1, filename=filename, face_type=2, shape=(40, 40, 3),
                     landmarks=np.zeros((68, 2)).tolist(), seg_ie_polys=None, xseg_mask=None,
                     xseg_mask_compressed=None, eyebrows_expand_mod=1.0, source_filename="0.png",
                     person_name=None), **changes)


def read_tree(folder):
    """Every file below a folder: relative path -> bytes."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}

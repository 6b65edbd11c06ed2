"""Every genuine file loads: as it is, in every protocol, under NumPy 1's and 2's module names."""
import pathlib
import pickle
import pickletools
import struct

import hostile_readers
import numpy as np
import pytest
from data_support import FILES, GOLDEN, assert_same
from hostile_readers import MERGER, MODELS, corpus, find_session_global, read_or_refuse

from core import persist
from DFLIMG.jpeg_segments import APP15, parse_segments
from facelib import FaceType
from models import model_store
from samplelib import Sample, SampleType

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


def pickles():
    """{name: bytes} of every genuine pickle: plain ones, metadata of faces, members of a pak."""
    found = {path.name: path.read_bytes() for folder in (MODELS, MERGER, FILES)
             for path in sorted(folder.iterdir()) if path.suffix in (".dat", ".npy")}
    for path in sorted(FILES.glob("*.jpg")) + sorted((GOLDEN / "faces").glob("*.jpg")):
        found[path.parent.name + "/" + path.name], = [
            segment["data"] for segment in parse_segments(path.read_bytes())[0]
            if segment["m_h"] == APP15]
    pak = (FILES / "faceset.pak").read_bytes()
    found["faceset.pak"] = pak[16:16 + struct.unpack_from("<Q", pak, 8)[0]]
    return found


PICKLES = pickles()


def load(data):
    return persist.loads(data, "x", find_session_global)


def rename_modules(data, old, new):
    """The pickle with module names of NumPy's private package exchanged, without frames."""
    pieces, opcodes = [], list(pickletools.genops(data))
    ends = [place for _, _, place in opcodes[1:]] + [len(data)]
    for (opcode, argument, place), end in zip(opcodes, ends):
        piece = data[place:end]
        if opcode.name == "FRAME":
            continue
        if opcode.name == "GLOBAL":
            module, name = argument.split(" ")
            piece = "c{}\n{}\n".format(module.replace(old, new), name).encode()
        elif opcode.name == "SHORT_BINUNICODE" and argument.startswith(old + "."):
            text = argument.replace(old, new).encode()
            piece = b"\x8c" + bytes([len(text)]) + text
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("name", sorted(PICKLES))
def test_under_both_names_of_numpy(name):
    data = PICKLES[name]
    as_one = rename_modules(data, "numpy._core", "numpy.core")
    as_two = rename_modules(as_one, "numpy.core", "numpy._core")
    assert b"numpy._core" in as_two or name == "session_posix_p3.dat"
    for variant in (as_one, as_two):
        assert_same(load(variant), load(data))


# what stands in for the merger's classes pickles under its own name
@pytest.mark.parametrize("name", sorted(name for name in PICKLES if "session" not in name))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_in_every_protocol(name, protocol):
    expected = load(PICKLES[name])
    assert_same(load(pickle.dumps(expected, protocol)), expected)
    if protocol <= 4:
        assert_same(load(persist.dumps(expected, protocol)), expected)


def test_every_reader_takes_its_files(tmp_path):
    seen = set()
    for reader, name, _, data in corpus(tmp_path):
        path = tmp_path / name
        path.write_bytes(data)
        hostile_readers.prepare(reader, path)
        assert read_or_refuse(reader, path), (reader, name)
        seen.add(reader)
    assert seen == set(hostile_readers.READERS)


@pytest.mark.parametrize("name", ["session_posix_p3.dat", "session_windows_p3.dat",
                                  "session_trained_p3.dat"])
def test_session_of_either_system(name):
    """A Windows path cannot be made on another system; a pure one can, and has the name."""
    session = load(PICKLES[name])
    assert sorted(session) == ["frames", "frames_done_idxs", "frames_idxs", "model_iter"]
    for frame in session["frames"]:
        path = frame.frame_info.filepath
        assert isinstance(path, pathlib.PurePath) and path.suffix == ".png"
        assert not isinstance(path, pathlib.Path)
    assert isinstance(session["frames"][0].cfg.face_type, FaceType)


def test_session_in_protocol_4():
    """It names the nested class in one piece."""
    data = (b"\x80\x04}\x8c\x06frames](\x8c%cmerger.InteractiveMergerSubprocessor"
            b"\x8c%cInteractiveMergerSubprocessor.Frame\x93)\x81}\x8c\x03idxK\x05sbes." % (36, 35))
    assert load(data)["frames"][0].idx == 5


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_enum_members_and_numbers_of_options(protocol):
    members = list(FaceType) + [SampleType.IMAGE, SampleType.FACE, SampleType.FACE_PERSON,
                                SampleType.FACE_TEMPORAL_SORTED, SampleType.QTY]
    numbers = [np.int64(3), np.int32(3), np.float64(0.5), np.bool_(True), 1 << 40, True]
    result = persist.loads(pickle.dumps({"a": members, "b": numbers}, protocol))
    assert all(x is y for x, y in zip(result["a"], members))
    assert_same(result["b"], numbers)
    by_number = b"\x80\x03cfacelib.FaceType\nFaceType\nK%c\x85R."    # as Python 3.6 writes it
    for member in FaceType:
        assert persist.loads(by_number % int(member)) is member


def test_what_the_files_mean():
    data = model_store.load_model_data(MODELS / "p_SAEHD_data_small.dat")
    assert data["iter"] > 0 and all(not isinstance(value, np.generic)
                                    for value in data["options"].values())
    assert model_store.load_default_options(MODELS / "SAEHD_default_options.dat")
    weights = persist.load(MODELS / "p_SAEHD_inter.npy")
    assert all(value.dtype == np.float32 for value in weights.values())
    assert Sample(filename="a", **{"landmarks": np.zeros((68, 2))}).landmarks.shape == (68, 2)


def test_a_long_loss_history():
    """Protocol 3 numbers every list of a long loss history."""
    history = [[0.5, 1.5]] * 3 + [[float(i), 2.0] for i in range(150000)]
    for protocol in (2, 3, 4):
        assert persist.loads(pickle.dumps({"loss_history": history}, protocol)) == {
            "loss_history": history}

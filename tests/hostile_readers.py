"""Every reader of files that come from strangers, and genuine files of its kind.

A reader is a function of a path that does everything the program does with such a file. It returns
when the file was read or was refused as it should be (a UserError that names it); anything else
comes out.
"""
import json
import pathlib
import pickle
from pathlib import Path

import numpy as np
from data_support import FILES, GOLDEN, load_fixture
from sample_support import pak_config, write_pak

from core import options, persist
from core.errors import UserError
from core.interact import interact as io
from core.leras import weights_file
from DFLIMG import DFLIMG
from facelib import FaceType
from merger import session_file
from models import model_store
from samplelib import PackedFaceset
from samplelib.SampleLoader import read_face_data

MODELS, MERGER = GOLDEN.parent / "models", GOLDEN.parent / "merger"


class Refused(Exception):
    """The reader refused a file in the way it should."""


def _refuse(path, messages):
    """What a reader that logs and returns nothing must have said."""
    if not any(str(path) in message for message in messages):
        raise AssertionError("%s was left out and not named: %r" % (path, messages))
    raise Refused()


class Log:
    """Collects what the console is told, once it takes the console's place."""

    def __init__(self):
        self.messages = []

    def take_over(self):
        for name in ("log_err", "log_info"):
            setattr(io, name, lambda text, *_, **__: self.messages.append(str(text)))

    def clear(self):
        del self.messages[:]


LOG = Log()


# -- faces and packs

FACE_GETTERS = ("get_face_type", "get_landmarks", "get_eyebrows_expand_mod", "get_source_filename",
                "get_source_rect", "get_source_landmarks", "get_image_to_face_mat",
                "has_seg_ie_polys", "get_seg_ie_polys", "has_xseg_mask",
                "get_xseg_mask_compressed", "get_xseg_mask", "get_img", "get_shape", "get_height",
                "has_data", "get_dict")


def ask_all(uses):
    """Call all; the last UserError comes out when all were called."""
    refused = None
    for use in uses:
        try:
            use()
        except UserError as error:
            refused = error
    if refused is not None:
        raise refused


def use_face(face):
    """Everything that programs ask of a face image."""
    ask_all([getattr(face, getter) for getter in FACE_GETTERS
             if getter != "get_landmarks" or "landmarks" in face.get_dict()])


def read_face(path):
    face = DFLIMG.load(path)
    if face is None:
        _refuse(path, LOG.messages)
    data, reason = read_face_data(str(path))
    if data is None and str(path) not in reason:
        raise AssertionError("not named: " + reason)
    use_face(face)


def use_sample(sample):
    """Everything that training asks of a sample."""
    ask_all([sample.load_image, sample.get_xseg_mask, sample.get_pitch_yaw_roll,
             sample.get_config,
             lambda: sample.seg_ie_polys.overlay_mask(np.zeros((64, 64, 1), np.float32))])


def read_pak(path):
    samples = PackedFaceset.load(path.parent)[:3]
    for sample in samples:
        face = DFLIMG.load(Path(sample.filename), loader_func=lambda _: sample.read_raw_file())
        if face is not None:
            try:
                use_face(face)
            except UserError as error:    # a member is named as a loose file is
                assert sample.filename in error.what
    ask_all([lambda sample=sample: use_sample(sample) for sample in samples])


# -- models

def read_weights(path):
    for key, value in weights_file.read_weights_file(path).items():
        weights_file.fit_value(value, WEIGHT_SHAPES.get(key, (3, 4)), str(key), path)


WEIGHT_SHAPES = {"conv/weight:0": (3, 3, 4, 8), "conv/bias:0": (8,), "iters:0": ()}


def read_data(path):
    model_store.load_model_data(path)


def read_default_options(path):
    if model_store.load_default_options(path) == {} and persist.load(path) != {}:
        _refuse(path, LOG.messages)


def read_journal(path):
    name = path.name[:-len(persist.MANIFEST_SUFFIX)]
    persist.recover_generation(path.parent, name)
    persist.verify_generation(path.parent, name)


ANSWERED = [options.Option("batch_size", "int", 4, "Batch", limits=(1, None)),
            options.Option("resolution", "int", 128, "Resolution", limits=(64, 640),
                           normalize=lambda value: value // 16 * 16),
            options.Option("gan_power", "float", 0.0, "GAN", limits=(0.0, 5.0)),
            options.Option("free", "float", 0.0, "Free"),
            options.Option("archi", "str", "df", "Archi"),
            options.Option("face_type", "str", "f", "Face type", choices=("f", "wf")),
            options.Option("masked_training", "bool", True, "Masked")]


def read_answers(path):
    answers, before = options.read_answers(path), options.current_sources()
    options.configure_sources(options.OptionSources(answers=answers, environ={},
                                                    answers_path=path))
    try:
        ask_all([lambda option=option: options.find_given(option) for option in ANSWERED])
    finally:
        options.configure_sources(before)


# -- metadata of a faceset, session of a merge

def read_meta(path):
    content = persist.load(path)
    if not isinstance(content, dict):
        raise Refused()


class Frame:
    """Stands for the merger's record of a frame."""


class FrameInfo(Frame):
    pass


class Owner:
    """Stands for the class in which `Frame` lies."""


class Config(Frame):
    pass


def get_frame(owner, name):
    if owner is not Owner or name != "Frame":
        raise persist.UnsafePickleError("A pickle asks for the attribute %.99r." % (name,))
    return Frame


SESSION_GLOBALS = {
    ("merger.FrameInfo", "FrameInfo"): FrameInfo,
    ("merger.MergerConfig", "MergerConfigMasked"): Config,
    ("merger.InteractiveMergerSubprocessor", "InteractiveMergerSubprocessor"): Owner,
    ("merger.InteractiveMergerSubprocessor", "InteractiveMergerSubprocessor.Frame"): Frame,
    ("builtins", "getattr"): get_frame, ("__builtin__", "getattr"): get_frame,
    ("facelib.FaceType", "FaceType"): FaceType,
    ("pathlib", "WindowsPath"): pathlib.PureWindowsPath,
    ("pathlib", "PosixPath"): pathlib.PurePosixPath,
}


def find_session_global(module, name):
    """The list of a merger session (spec 50 section 10), and of all other files."""
    if (module, name) in SESSION_GLOBALS:
        return SESSION_GLOBALS[module, name]
    return persist.find_allowed_global(module, name)


def read_session(path):
    session_file.load_session(path)


# -- genuine files

def make_weights():
    random = np.random.RandomState(1)
    return {"conv/weight:0": random.rand(3, 3, 4, 8).astype(np.float32),
            "conv/bias:0": np.zeros(8, np.float16), "iters:0": np.int64(7)}


def small_pak(folder):
    return write_pak(folder, [
        pak_config("a.jpg", face_type=FaceType.HEAD, shape=(40, 40, 3)), pak_config("b.jpg")],
        [(FILES / "00000_0.jpg").read_bytes(), (FILES / "00002_0.jpg").read_bytes()]).read_bytes()


def corpus(folder):
    """[(reader's name, file name, kind of mutation, bytes)]; `folder` is for scratch."""
    faces = [(FILES / ("0000%d_0.jpg" % i)).read_bytes() for i in range(4)]
    faces += [load_fixture("dfl_jpg_b64"), load_fixture("dfl_jpg_2_b64")]
    files = [("face", "face.jpg", "face", data) for data in faces]
    files += [("pak", "faceset.pak", "pak", data) for data in (
        (FILES / "faceset.pak").read_bytes(), small_pak(folder), load_fixture("faceset_pak_b64"),
        load_fixture("faceset_pak_person_b64"))]
    weights = [persist.dumps(make_weights())] + [
        pickle.dumps(make_weights(), protocol)
        for protocol in range(2, min(pickle.HIGHEST_PROTOCOL, 5) + 1)]
    files += [("weights", "net.npy", "pickle", data) for data in weights]
    files += [("data", "p_SAEHD_data.dat", "pickle",
               (MODELS / "p_SAEHD_data_small.dat").read_bytes()),
              ("default_options", "SAEHD_default_options.dat", "pickle",
               (MODELS / "SAEHD_default_options.dat").read_bytes()),
              ("meta", "meta.dat", "pickle", (FILES / "meta.dat").read_bytes())]
    files += [("session", "p_merger_session.dat", "pickle", path.read_bytes())
              for path in sorted(MERGER.glob("*.dat"))]
    files.append(("answers", "answers.json", "json", json.dumps(
        {"batch_size": 8, "resolution": 128, "gan_power": 0.1, "free": 1e3, "archi": "df-ud",
         "face_type": "wf", "masked_training": "y"}).encode()))
    record = {"size": 1, "crc32": 0x83DCEFB7}    # of b"1"
    files += [("journal", "m_generation.json", "json", json.dumps(
        {"state": state, "generation": 3, "files": {"m_a.npy": record, "m_data.dat": record}},
        indent=1).encode()) for state in ("pending", "committed")]
    return files


READERS = {"face": read_face, "pak": read_pak, "weights": read_weights, "data": read_data,
           "default_options": read_default_options, "meta": read_meta, "session": read_session,
           "answers": read_answers, "journal": read_journal}


def prepare(reader, path):
    """The files beside the one that is read."""
    LOG.clear()
    if reader == "journal":
        for name in ("m_a.npy.tmp", "m_data.dat"):
            path.with_name(name).write_bytes(b"1")


def read_or_refuse(reader, path):
    """True if the file was read, False if it was refused with a message that names it."""
    try:
        READERS[reader](path)
        return True
    except Refused:
        return False
    except UserError as error:
        if path.name not in error.what and str(path.parent) not in error.what:
            raise AssertionError("not named: %s" % (error,)) from error
        return False

"""mainscripts/FacesetEnhancer.py: a process a device, faces with their data, failures."""
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from facelib_network_support import load_table, write_weights
from faceset_tools_support import (answer, copy_faces, read_tree, write_gray_face,
                                   write_other_pictures, write_useless_files)

import facelib  # noqa: F401  holds the module that is looked up below
from core.errors import UserError
from core.leras import nn
from core.leras.device import Device
from DFLIMG import DFLIMG
from mainscripts import FacesetEnhancer

network_module = sys.modules["facelib.FaceEnhancer"]


class Brighter:
    """In the network's place."""

    def enhance(self, picture, is_tanh, preserve_size):
        assert picture.dtype == np.float32 and picture.max() <= 1 and not is_tanh and preserve_size
        return picture * 0.5 + 0.25


class OneProcess:
    """In the place of the workers."""

    def __init__(self, paths, output_folder, devices):
        self.paths, self.output_folder = paths, output_folder
        OneProcess.devices = devices

    def run(self):
        from mainscripts.file_workers import call_for_file
        return [call_for_file(FacesetEnhancer.enhance_file, path, (Brighter(), self.output_folder))
                for path in self.paths]


@pytest.fixture
def faces(tmp_path, facesets, monkeypatch):
    answer(monkeypatch)
    return copy_faces(facesets.src, tmp_path / "faces", 2)


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(FacesetEnhancer, "EnhanceSubprocessor", OneProcess)
    monkeypatch.setattr(FacesetEnhancer, "check_weights", lambda: None)


def test_faces_are_enhanced_and_merged(faces, stand_in):
    write_gray_face(faces / "gray.jpg")
    before = {path.name: DFLIMG.load(path) for path in sorted(faces.iterdir())}
    FacesetEnhancer.process_folder(faces, cpu_only=True)
    assert OneProcess.devices == []
    for name, old in before.items():
        face = DFLIMG.load(faces / name)
        assert list(face.get_dict()) == list(old.get_dict())
        pixels = old.get_img().reshape(64, 64, -1).astype(np.float32)
        expected = np.floor((pixels / 255 * 0.5 + 0.25) * 255)
        assert np.abs(face.get_img() - expected).mean() < 1.5
    assert not faces.with_name("faces_enhanced").exists()


@pytest.mark.parametrize("given", [dict(cpu_only="y"), dict(force_gpu_idxs="0")])
def test_the_device_is_taken_from_every_source(faces, stand_in, monkeypatch, given):
    """As --cpu-only and --force-gpu-idxs: nobody is asked."""
    answer(monkeypatch, **given)
    monkeypatch.setattr(nn, "ask_choose_device_idxs", None)
    monkeypatch.setattr(nn.DeviceConfig, "GPUIndexes", staticmethod(
        lambda indexes: SimpleNamespace(devices=["GPU %d" % index for index in indexes])))
    FacesetEnhancer.process_folder(faces)
    assert OneProcess.devices == ([] if "cpu_only" in given else ["GPU 0"])


def test_files_of_no_use_stay(faces, stand_in, monkeypatch, capsys):
    answer(monkeypatch, enhance_merge="n")
    names = write_useless_files(faces, faces / "00000_0.jpg") + write_other_pictures(faces)
    before = read_tree(faces)
    FacesetEnhancer.process_folder(faces, cpu_only=True)
    assert read_tree(faces) == before
    assert sorted(read_tree(faces.with_name("faces_enhanced"))) == ["00000_0.jpg", "00001_0.jpg"]
    out = capsys.readouterr().out
    assert all(name in out for name in names)


def test_refusals(faces, stand_in, tmp_path):
    with pytest.raises(UserError, match="no folder"):
        FacesetEnhancer.process_folder(tmp_path / "none", cpu_only=True)
    others = tmp_path / "others"
    others.mkdir()
    write_other_pictures(others)
    with pytest.raises(UserError, match="None of the files"):
        FacesetEnhancer.process_folder(others, cpu_only=True)
    (faces / "faceset.pak").write_bytes(b"")
    with pytest.raises(UserError, match="packed"):
        FacesetEnhancer.process_folder(faces, cpu_only=True)


def test_missing_weights_are_told_before_anything_else(faces, tmp_path, monkeypatch):
    monkeypatch.setattr("facelib.pretrained.FOLDER", tmp_path)
    with pytest.raises(UserError, match="FaceEnhancer.npy are missing"):
        FacesetEnhancer.process_folder(faces)
    assert not faces.with_name("faces_enhanced").exists()


def test_gpus_that_are_not_there(faces, stand_in):
    with pytest.raises(UserError, match="exist"):
        FacesetEnhancer.process_folder(faces, force_gpu_idxs=[0, 1])


@pytest.mark.parametrize("memory, is_small, tiles", [(2, True, 1), (3.9, False, 3), (80, False, 8)])
def test_tiles_as_the_memory_allows(memory, is_small, tiles, tmp_path):
    size = int(memory * (1 << 30))
    run = FacesetEnhancer.EnhanceSubprocessor([], tmp_path, [Device(1, "GPU", "x", size, size)])
    (_, _, client_dict), = run.process_info_generator()
    assert client_dict == {"output_folder": tmp_path, "gpu_index": 1, "is_small": is_small,
                           "tiles_at_once": tiles}


@pytest.mark.slow
def test_the_network_in_a_worker(faces, tmp_path, monkeypatch):
    """The real one, with weights of no training: it writes a face, whatever it looks like."""
    write_weights(tmp_path / "FaceEnhancer.npy", load_table("FaceEnhancer"))
    monkeypatch.setattr(network_module, "FOLDER", tmp_path)
    cli = FacesetEnhancer.EnhanceSubprocessor.Cli.__new__(
        FacesetEnhancer.EnhanceSubprocessor.Cli)
    nn.close_session()
    cli.on_initialize({"gpu_index": None, "is_small": True, "tiles_at_once": 1,
                       "output_folder": tmp_path})
    path = cli.process_data((0, faces / "00000_0.jpg"))
    nn.close_session()
    face = DFLIMG.load(path)
    assert face.get_img().shape == (64, 64, 3) and len(face.get_landmarks()) == 68


def test_a_face_that_ends_its_worker_is_named(faces):
    paths = sorted(faces.iterdir())
    run = FacesetEnhancer.EnhanceSubprocessor(paths, faces, [])
    (name, _, client_dict), = run.process_info_generator()
    assert name == "CPU" and client_dict["gpu_index"] is None
    first = run.get_data({})
    run.on_data_return({}, first)
    assert run.get_data({}) is first and first == (0, paths[0])     # its attempts are counted
    run.on_data_failed({}, first)
    run.on_result({}, run.get_data({}), faces / "x.jpg")
    assert run.get_data({}) is None
    assert run.get_result()[0].reason.startswith(str(paths[0]))

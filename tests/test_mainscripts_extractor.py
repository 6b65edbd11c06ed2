"""mainscripts/Extractor.py: whole extractions with worker processes and stand-in networks."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import extract_support as support
import numpy as np
import pytest

from core import options
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from DFLIMG import DFLIMG
from facelib import FaceType
from mainscripts import Extractor, extract_networks, extract_start
from mainscripts.extract_host import ExtractSubprocessor
from mainscripts.extract_record import RECORD_NAME, ExtractRecord
from mainscripts.extract_stages import FrameData


@pytest.fixture
def log(monkeypatch):
    lines = []
    for name in ("log_info", "log_err"):
        monkeypatch.setattr(io, name, lambda text, *args, **kwargs: lines.append(str(text)))
    return lines


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    """The networks without weights; nobody is asked anything that is not expected."""
    monkeypatch.setattr(extract_networks, "check_files", lambda face_type: None)
    monkeypatch.setattr(extract_networks, "S3FDNetworks", support.SquareNetworks)
    monkeypatch.setattr(options, "_sources", options.OptionSources(environ={}))


def give(monkeypatch, **flags):
    monkeypatch.setattr(options, "_sources", options.OptionSources(flags=flags, environ={}))


def extract(folder, **changes):
    arguments = dict(detector="s3fd", input_path=folder / "frames", output_path=folder / "aligned",
                     output_debug=False, face_type="whole_face", max_faces_from_image=0,
                     image_size=96, jpeg_quality=90, cpu_only=True)
    return Extractor.main(**dict(arguments, **changes))


def read_faces(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.jpg"))}


def count_faces(folder):
    """Names alone: a restarted child takes faces of unfinished frames away while this counts."""
    return sum(1 for _ in folder.glob("*.jpg"))


def test_frames_become_faces_whatever_the_number_of_workers(tmp_path, log, monkeypatch):
    support.write_frames(tmp_path / "frames", 11, [(40, 60, 64), (180, 60, 96)])
    result = extract(tmp_path, output_debug=True)
    assert result == dict(images=11, faces=22, failed=0)
    assert "Images found:        11" in log and "Faces detected:      22" in log
    faces = read_faces(tmp_path / "aligned")
    assert sorted(faces) == ["%05d_%d.jpg" % (i, k) for i in range(1, 12) for k in (0, 1)]
    # the largest is the first
    face = DFLIMG.load(tmp_path / "aligned" / "00003_0.jpg")
    assert face.get_source_rect().tolist() == [180, 60, 276, 156]
    assert face.get_source_filename() == "00003.png"
    assert len(list((tmp_path / "aligned_debug").glob("*.jpg"))) == 11
    give(monkeypatch, extract_workers="2", extract_batch="1")
    assert extract(tmp_path, output_path=tmp_path / "other",
                   max_faces_from_image=1)["faces"] == 11
    singles = read_faces(tmp_path / "other")
    assert singles == {name: faces[name] for name in singles} and len(singles) == 11


def spoil(folder):
    """Ten frames, one of each kind that may come along."""
    paths = support.write_frames(folder, 10)
    image = support.draw_frame(0, [(100, 60, 96)])
    paths[0].write_bytes(b"")
    paths[1].write_bytes(paths[1].read_bytes()[:3000])
    cv2.imwrite(str(paths[2]), image.astype(np.uint16) * 257)
    cv2.imwrite(str(paths[3]), cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    cv2.imwrite(str(paths[4]), np.dstack([image, np.full(image.shape[:2], 9, np.uint8)]))
    paths[5].write_bytes(b"no picture at all")
    # 60000 x 60000 pixels, says its header
    header = bytearray(paths[6].read_bytes())
    header[16:24] = (60000).to_bytes(4, "big") * 2
    paths[6].write_bytes(bytes(header))
    paths[7].rename(folder / "\u00fcn\u00efcode name \u4eba.png")
    jpeg = folder / "00009.jpg"
    paths[8].unlink()
    cv2.imwrite(str(jpeg), image)
    jpeg.write_bytes(jpeg.read_bytes()[:-3000])
    (folder / "notes.txt").write_text("not a picture")
    return folder


def test_bad_frames_are_named_and_the_others_extracted(tmp_path, log):
    spoil(tmp_path / "a folder \u00e9" / "frames")
    result = extract(tmp_path / "a folder \u00e9")
    assert result == dict(images=10, faces=4, failed=5)
    for name in ("00001.png", "00002.png", "00006.png", "00007.png", "00009.jpg"):
        assert any(name in line and "cannot be read" in line for line in log), name
    faces = sorted(read_faces(tmp_path / "a folder \u00e9" / "aligned"))
    assert faces == ["00003_0.jpg", "00005_0.jpg", "00010_0.jpg",
                     "\u00fcn\u00efcode name \u4eba_0.jpg"]
    face = DFLIMG.load(tmp_path / "a folder \u00e9" / "aligned" / faces[-1])
    assert face.get_source_filename() == "\u00fcn\u00efcode name \u4eba.png"


def test_cmyk_frame(tmp_path, log):
    """A JPEG of four channels, made of three by hand: Adobe's order, inverted."""
    Image = pytest.importorskip("PIL.Image")
    image = support.draw_frame(0, [(100, 60, 96)])
    (tmp_path / "frames").mkdir()
    Image.fromarray(image[..., ::-1]).convert("CMYK").save(
        str(tmp_path / "frames" / "a.jpg"), quality=100)
    support.write_frames(tmp_path / "frames", 1)
    assert extract(tmp_path)["failed"] == 0


def mark_frame(path, color):
    image = cv2.imread(str(path))
    image[0, 0] = color
    cv2.imwrite(str(path), image)


def test_frame_that_raises_is_given_up_alone(tmp_path, log, monkeypatch):
    paths = support.write_frames(tmp_path / "frames", 8)
    mark_frame(paths[5], support.RAISES)
    monkeypatch.setattr(extract_networks, "S3FDNetworks", support.CrashingNetworks)
    assert extract(tmp_path) == dict(images=8, faces=7, failed=1)
    text = "\n".join(log)
    assert "00006.png" in text and "this frame is not liked" in text
    # it is tried again; what is done stays, and what the user has deleted since stays deleted
    record = ExtractRecord(tmp_path / "aligned")
    assert record.is_interrupted() and len(record.frames) == 7
    (tmp_path / "aligned" / "00001_0.jpg").unlink()
    monkeypatch.setattr(extract_networks, "S3FDNetworks", support.SquareNetworks)
    monkeypatch.setattr(io, "input_bool", lambda text, default, help_message=None: default)
    assert extract(tmp_path) == dict(images=8, faces=8, failed=0)
    assert "7 of 8 frames are done already." in log
    assert len(read_faces(tmp_path / "aligned")) == 7


@pytest.mark.slow
def test_frame_that_kills_the_worker_is_given_up_alone(tmp_path, log, monkeypatch):
    paths = support.write_frames(tmp_path / "frames", 6)
    mark_frame(paths[2], support.KILLS)
    monkeypatch.setattr(extract_networks, "S3FDNetworks", support.CrashingNetworks)
    assert extract(tmp_path) == dict(images=6, faces=5, failed=1)
    assert any("00003.png" in line for line in log)


@pytest.mark.parametrize("count, message", [(0, "no pictures"), (3, "no face in the 3 frames")])
def test_nothing_found_is_an_error(count, message, tmp_path, log):
    (tmp_path / "frames").mkdir()
    support.write_frames(tmp_path / "frames", count, faces=[])
    with pytest.raises(UserError, match=message):
        extract(tmp_path)


def test_all_frames_bad_is_an_error(tmp_path, log):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "a.png").write_bytes(b"")
    with pytest.raises(UserError, match="None of the 1 frames"):
        extract(tmp_path)


def test_detector_without_its_files_stops_before_anything(tmp_path, log, monkeypatch):
    from facelib import mediapipe_place
    from facelib.pretrained import check_weights_file
    support.write_frames(tmp_path / "frames", 2)
    (tmp_path / "aligned").mkdir()
    (tmp_path / "aligned" / "a_0.jpg").write_bytes(b"x")
    monkeypatch.setattr(extract_networks, "check_files",
                        lambda face_type: check_weights_file(tmp_path / "S3FD.npy", "or other"))
    monkeypatch.setattr(mediapipe_place, "FOLDER", tmp_path)
    for detector, message in (("s3fd", "S3FD.npy are missing"), ("manual", "S3FD.npy are missing"),
                              ("mediapipe", "MediaPipe is not installed")):
        with pytest.raises(UserError, match=message):
            extract(tmp_path, detector=detector)
    assert (tmp_path / "aligned" / "a_0.jpg").exists()
    # the only one that is there
    monkeypatch.setattr(mediapipe_place, "find_python", lambda: tmp_path / "python")
    networks = extract_start.choose_networks("s3fd", FaceType.FULL)
    assert networks.func.__name__ == "MediaPipeNetworks"
    assert networks.keywords == {"python": tmp_path / "python"}     # workers know no settings
    assert any("S3FD.npy are missing. MediaPipe finds" in line for line in log)


def test_folders_that_cannot_be_used(tmp_path, log):
    with pytest.raises(UserError, match="frames is not there"):
        extract(tmp_path)
    support.write_frames(tmp_path / "frames", 2)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be made"):
        extract(tmp_path, output_path=tmp_path / "file" / "aligned")
    (tmp_path / "aligned").mkdir()
    (tmp_path / "aligned" / RECORD_NAME).mkdir()     # as a folder without the right to write
    with pytest.raises(UserError, match="cannot be written"):
        extract(tmp_path)
    (tmp_path / "aligned" / RECORD_NAME).rmdir()
    (tmp_path / "aligned" / "00001_0.jpg.tmp").mkdir()
    with pytest.raises(UserError, match="00001_0.jpg cannot be written"):
        extract(tmp_path)
    assert io.pg_bar is None


def test_earlier_faces_are_deleted_only_with_a_yes(tmp_path, log, monkeypatch):
    support.write_frames(tmp_path / "frames", 2)
    extract(tmp_path)
    (tmp_path / "aligned" / "mine.png").write_bytes(b"x")
    asked = []
    monkeypatch.setattr(io, "input_bool", lambda text, *args, **kwargs: asked.append(text))
    give(monkeypatch, extract_overwrite="n")
    with pytest.raises(UserError, match="aligned stay"):
        extract(tmp_path)
    assert (tmp_path / "aligned" / "mine.png").exists()
    give(monkeypatch, extract_overwrite="y")
    extract(tmp_path)
    assert not asked and not (tmp_path / "aligned" / "mine.png").exists()


def test_faces_beside_their_frames(tmp_path, log, monkeypatch):
    """Nothing is deleted, a face of an earlier run is no frame, and no frame is overwritten."""
    both = tmp_path / "both"
    frames = support.write_frames(both, 2)
    folders = dict(input_path=both, output_path=both / ".." / "both")
    assert extract(tmp_path, **folders)["images"] == 2
    before = read_faces(both)
    ExtractRecord(both).path.unlink()     # as if it had been interrupted, or made by others
    assert extract(tmp_path, **folders)["images"] == 2
    assert read_faces(both) == before and all(path.is_file() for path in frames)
    taken = both / "00002_1.jpg"
    cv2.imwrite(str(taken), support.draw_frame(7, []))
    content = taken.read_bytes()
    with pytest.raises(UserError, match="00002.png would take the place of 00002_1.jpg"):
        extract(tmp_path, **folders)
    assert taken.read_bytes() == content


def test_frames_in_the_folder_of_the_debug_pictures(tmp_path, log):
    frames = support.write_frames(tmp_path / "aligned_debug", 2)
    with pytest.raises(UserError, match="folder of the debug pictures"):
        extract(tmp_path, input_path=tmp_path / "aligned_debug")
    assert all(path.is_file() for path in frames)


def test_many_faces_are_continued(tmp_path, log, monkeypatch):
    monkeypatch.setattr(extract_start, "MANY_OUTPUTS", 3)
    support.write_frames(tmp_path / "frames", 6)
    extract(tmp_path)
    for name in ("00005_0.jpg", "00002_0.jpg"):
        (tmp_path / "aligned" / name).unlink()      # the user has gone through them
    support.write_frames(tmp_path / "more", 8)
    for number in (7, 8):
        (tmp_path / "more" / ("%05d.png" % number)).rename(
            tmp_path / "frames" / ("%05d.png" % number))
    give(monkeypatch, extract_continue="y")
    extract(tmp_path)
    assert sorted(read_faces(tmp_path / "aligned")) == [
        "%05d_0.jpg" % i for i in (1, 3, 4, 6, 7, 8)]
    with pytest.raises(UserError, match="image_size 96 instead of 64"):
        extract(tmp_path, image_size=64)
    # faces of an older version: from the frame of the third last on
    (tmp_path / "aligned" / RECORD_NAME).unlink()
    before = read_faces(tmp_path / "aligned")
    (tmp_path / "aligned" / "00008_0.jpg").unlink()
    (tmp_path / "aligned" / "00007_0.jpg").unlink()
    extract(tmp_path)
    assert sorted(read_faces(tmp_path / "aligned")) == sorted(
        list(before) + ["00005_0.jpg"])
    record = ExtractRecord(tmp_path / "aligned")
    assert record.is_complete and len(record.frames) == 8


def test_names_with_underscores_are_continued(tmp_path, log, monkeypatch):
    monkeypatch.setattr(extract_start, "MANY_OUTPUTS", 1)
    for path in support.write_frames(tmp_path / "frames", 3):
        path.rename(path.with_name("shot_1_" + path.name))
    extract(tmp_path)
    (tmp_path / "aligned" / RECORD_NAME).unlink()
    give(monkeypatch, extract_continue="y")
    assert extract(tmp_path)["faces"] == 3      # one is made anew, two are there
    (tmp_path / "aligned" / "zzz.jpg").write_bytes(b"")
    (tmp_path / "aligned" / RECORD_NAME).unlink()
    with pytest.raises(UserError, match="cannot be continued"):
        extract(tmp_path)


def test_debug_pictures_that_were_deleted_name_the_frames(tmp_path):
    folders = extract_start.Folders(tmp_path / "f", tmp_path / "a", tmp_path / "a_debug")
    frames = support.write_frames(tmp_path / "f", 4)
    with pytest.raises(UserError, match="a_debug is not there"):
        extract_start.select_deleted(frames, folders)
    folders.debug.mkdir()
    for number in (1, 2, 4):
        (folders.debug / ("%05d.jpg" % number)).write_bytes(b"")
    assert [path.name for path in extract_start.select_deleted(frames, folders)] == ["00003.png"]
    assert Extractor.DeletedFilesSearcherSubprocessor(
        frames, list(folders.debug.iterdir())).run() == [frames[2]]
    (folders.debug / "00003.jpg").write_bytes(b"")
    with pytest.raises(UserError, match="nothing to mark"):
        extract_start.select_deleted(frames, folders)


def test_only_the_final_stage(tmp_path):
    """As scripts with landmarks of their own use it."""
    paths = support.write_frames(tmp_path / "frames", 3)
    (tmp_path / "out").mkdir()
    data = [FrameData(path, [[100, 60, 196, 156]], [support.make_face([100, 60, 196, 156])])
            for path in paths]
    data[1].force_output_path = tmp_path
    result = ExtractSubprocessor(data, "final", image_size=64, jpeg_quality=90,
                                 face_type=FaceType.FULL, final_output_path=tmp_path / "out").run()
    assert [frame.faces_detected for frame in result] == [1, 1, 1]
    assert [frame.filepath for frame in result] == paths
    assert (tmp_path / "00002_0.jpg").is_file() and len(read_faces(tmp_path / "out")) == 2


def test_workers_of_devices(monkeypatch):
    devices = [nn.DeviceConfig([])]
    del devices
    from core.leras.device import Device
    config = nn.DeviceConfig([Device(0, "GPU", "A", 8 << 30, 8 << 30),
                              Device(2, "GPU", "B", 2 << 30, 2 << 30)])
    data = [FrameData(Path("%d.png" % i)) for i in range(100)]
    names = ExtractSubprocessor(data, "all", device_config=config).list_workers()
    assert [(name, place.device_type, place.index, place.memory_gb) for name, place in names] == [
        ("A", "GPU", 0, 8.0), ("B", "GPU", 2, 2.0)]
    for cores, count in ((1, 1), (2, 1), (8, 2), (64, 8)):
        monkeypatch.setattr("multiprocessing.cpu_count", lambda: cores)
        assert len(ExtractSubprocessor(data, "all").list_workers()) == count
    monkeypatch.setattr("multiprocessing.cpu_count", lambda: 4)
    assert len(ExtractSubprocessor(data, "final").list_workers()) == 4


@pytest.mark.slow
def test_real_networks_in_a_worker(tmp_path, log, monkeypatch):
    """S3FD and FAN from files of half precision: the square is found, landmarks lie around
    it."""
    from face_square_support import draw_square
    (tmp_path / "frames").mkdir()
    support.write_test_weights(tmp_path)
    monkeypatch.setenv("DFL_TEST_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(extract_networks, "S3FDNetworks", support.WeightsFromFolder)
    cv2.imwrite(str(tmp_path / "frames" / "a.png"), draw_square(256, 256, 96, 64))
    assert extract(tmp_path)["faces"] == 1
    face = DFLIMG.load(tmp_path / "aligned" / "a_0.jpg")
    np.testing.assert_allclose(face.get_source_rect(), [96, 64, 192, 169], atol=2)
    landmarks = face.get_source_landmarks()
    assert landmarks.shape == (68, 2) and np.isfinite(landmarks).all()
    assert (np.abs(landmarks - (144, 112)) < 150).all()


KILLED = """
import sys; sys.path.insert(0, {tests!r})
import tree_setup, pathlib
import extract_support as support
from core import options
from mainscripts import Extractor, extract_networks
if __name__ == "__main__":
    extract_networks.check_files = lambda face_type: None
    extract_networks.S3FDNetworks = support.SlowNetworks
    options.configure_sources(options.OptionSources(flags={{"extract_batch": "1"}}))
    folder = pathlib.Path({folder!r})
    Extractor.main("s3fd", folder / "frames", folder / "aligned", True, face_type="whole_face",
                   max_faces_from_image=0, image_size=96, jpeg_quality=90, cpu_only=True)
"""


def start_child(folder):
    script = folder / "child.py"
    script.write_text(KILLED.format(tests=str(Path(__file__).parent), folder=str(folder)))
    return subprocess.Popen([sys.executable, str(script)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env=dict(os.environ, DFL_UNATTENDED="y", DFL_INTERACT="headless"))


def kill_at_random(tmp_path, kills):
    frames = support.write_frames(tmp_path / "frames", 4 + 8 * kills,
                                  [(40, 60, 64), (180, 60, 96)])
    sources = {path: path.read_bytes() for path in frames}
    random = np.random.RandomState(kills)
    for _ in range(kills):
        child = start_child(tmp_path)
        deadline = time.time() + 60
        done = count_faces(tmp_path / "aligned")
        while child.poll() is None and count_faces(tmp_path / "aligned") <= done \
                and time.time() < deadline:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.5))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        time.sleep(0.5)     # the workers end by themselves
        assert {path: path.read_bytes() for path in frames} == sources
    child = start_child(tmp_path)
    output = child.communicate()[0].decode("utf-8", "replace")
    assert child.returncode == 0, output
    assert "frames are done already" in output
    assert {path: path.read_bytes() for path in frames} == sources
    faces = read_faces(tmp_path / "aligned")
    assert len(faces) == 2 * len(frames) and not list((tmp_path / "aligned").glob("*.tmp"))
    assert all(DFLIMG.load(tmp_path / "aligned" / name).has_data() for name in faces)
    assert len(read_faces(tmp_path / "aligned_debug")) == len(frames)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_killed_extraction_goes_on(tmp_path):
    kill_at_random(tmp_path, 1)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_killed_at_five_random_moments(tmp_path):
    kill_at_random(tmp_path, 5)


@pytest.mark.parametrize("environ", [{"DFL_CPU_ONLY": "y"}, {"DFL_FORCE_GPU_IDXS": "0"}])
def test_the_device_is_taken_from_every_source(monkeypatch, environ):
    """As --cpu-only and --force-gpu-idxs: nobody is asked."""
    monkeypatch.setattr(options, "_sources", options.OptionSources(environ=environ))
    monkeypatch.setattr(nn, "ask_choose_device_idxs", None)
    monkeypatch.setattr(nn.DeviceConfig, "GPUIndexes", staticmethod(
        lambda indexes: SimpleNamespace(devices=["GPU %d" % index for index in indexes])))
    devices = extract_start.choose_devices(False, None, "s3fd").devices
    assert list(devices) == ([] if "DFL_CPU_ONLY" in environ else ["GPU 0"])

"""One sample: fields, pixels, masks, pak members (spec 30 section 3)."""
import cv2
import numpy as np
import pytest
from data_support import make_landmarks, make_picture, write_face
from sample_support import load_samples

from core import persist
from core.imagelib import SegIEPolys
from facelib import FaceType, LandmarksProcessor
from samplelib import Sample, SampleType
from samplelib.Sample import UnreadableSampleError


def test_types():
    assert {name: int(member) for name, member in SampleType.__members__.items()} == dict(
        IMAGE=0, FACE_BEGIN=1, FACE=1, FACE_PERSON=2, FACE_TEMPORAL_SORTED=3, FACE_END=3, QTY=4)
    # Paks hold members by this name.
    assert persist.loads(persist.dumps(SampleType.FACE)) is SampleType.FACE
    assert SampleType.__module__ == "samplelib.Sample"


def test_fields_and_defaults():
    sample = Sample()
    assert sample.__slots__ == [
        "sample_type", "filename", "face_type", "shape", "landmarks", "seg_ie_polys", "xseg_mask",
        "xseg_mask_compressed", "eyebrows_expand_mod", "source_filename", "person_name",
        "pitch_yaw_roll", "_filename_offset_size"]
    assert sample.sample_type is SampleType.IMAGE and sample.eyebrows_expand_mod == 1.0
    assert isinstance(sample.seg_ie_polys, SegIEPolys) and not sample.seg_ie_polys.has_polys()
    for name in ("filename", "face_type", "shape", "landmarks", "xseg_mask", "source_filename",
                 "xseg_mask_compressed", "person_name", "pitch_yaw_roll", "_filename_offset_size"):
        assert getattr(sample, name) is None
    assert not sample.has_xseg_mask() and sample.get_xseg_mask() is None
    with pytest.raises(AttributeError):
        sample.of_an_older_release = 1


def test_arguments_come_in_the_order_of_the_fields():
    polys = SegIEPolys()
    sample = Sample(SampleType.FACE, "a.jpg", FaceType.HALF, (8, 9, 3), [[1, 2]], polys, None,
                    np.uint8([1]), 0.0, "f.png", "person", (1, 2, 3), of_an_older_release=1)
    values = [getattr(sample, name) for name in sample.__slots__]
    assert values[:4] == [SampleType.FACE, "a.jpg", FaceType.HALF, (8, 9, 3)]
    assert values[4].tolist() == [[1, 2]] and sample.seg_ie_polys is polys
    assert values[8:12] == [0.0, "f.png", "person", (1, 2, 3)]


def test_raw_masks_are_kept_encoded_and_without_loss():
    noise = np.random.RandomState(0).rand(300, 300).astype(np.float32)
    sample = Sample(xseg_mask=noise)
    assert sample.xseg_mask is None and len(sample.xseg_mask_compressed) > 50000
    value = sample.get_xseg_mask()
    assert value.shape == (300, 300, 1) and value.dtype == np.float32
    assert (value[..., 0] == (noise * 255).astype(np.uint8) / np.float32(255)).all()
    # The encoded one wins where both are given.
    both = Sample(xseg_mask=noise, xseg_mask_compressed=Sample(
        xseg_mask=np.ones((4, 4, 1))).xseg_mask_compressed)
    assert both.get_xseg_mask().shape == (4, 4, 1) and both.has_xseg_mask()


def test_damaged_mask_names_the_sample():
    with pytest.raises(UnreadableSampleError, match="a.jpg"):
        Sample(filename="a.jpg", xseg_mask_compressed=np.zeros(9, np.uint8)).get_xseg_mask()


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels(tmp_path, channels):
    path = write_face(tmp_path / "a.jpg", size=40, channels=channels)
    sample, = load_samples([path])
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).reshape(40, 40, channels)
    img, bgr = sample.load_image(), sample.load_bgr()
    assert img.dtype == np.uint8 and (img == stored).all()
    assert bgr.dtype == np.float32 and (bgr == stored.astype(np.float32) / 255).all()
    assert sample.shape == (40, 40, 3)  # of gray files, too


def test_pixels_of_other_files(tmp_path):
    alpha, deep = tmp_path / "a.png", tmp_path / "b.png"
    cv2.imwrite(str(alpha), np.dstack([make_picture(8), np.full((8, 8), 9, np.uint8)]))
    cv2.imwrite(str(deep), np.full((8, 8, 3), 51000, np.uint16))
    assert Sample(filename=str(alpha)).load_image().shape == (8, 8, 4)
    np.testing.assert_allclose(Sample(filename=str(deep)).load_bgr(), 200)


def test_unreadable_files_are_named(tmp_path):
    path = tmp_path / "a.jpg"
    for prepare in (lambda: None, lambda: path.write_bytes(b""),
                    lambda: path.write_bytes(b"no picture")):
        prepare()
        with pytest.raises(UnreadableSampleError, match="a.jpg") as error:
            Sample(filename=str(path)).load_bgr()
        assert error.value.remedies


def test_pak_members_are_read_from_their_range(tmp_path):
    face = write_face(tmp_path / "a.jpg", size=40).read_bytes()
    pak = tmp_path / "faceset.pak"
    pak.write_bytes(b"head" + face + b"tail")
    sample = Sample(filename="a.jpg")
    sample.set_filename_offset_size(str(pak), 4, len(face))
    assert sample.read_raw_file() == face == sample.read_raw_file("ignored")
    assert sample.load_image().shape == (40, 40, 3)
    assert str(pak) in sample.describe_file() and "a.jpg" in sample.describe_file()
    pak.unlink()
    with pytest.raises(UnreadableSampleError, match="faceset.pak"):
        sample.load_image()


def test_raw_file_of_a_loose_sample(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    sample = Sample(filename=str(tmp_path / "a"))
    assert sample.read_raw_file() == b"abc" == sample.read_raw_file(str(tmp_path / "a"))


def test_pose_is_solved_once_with_the_files_width(monkeypatch):
    landmarks = make_landmarks(96)
    sample = Sample(landmarks=landmarks, shape=(80, 96, 3))
    expected = LandmarksProcessor.estimate_pitch_yaw_roll(landmarks, size=96)
    assert sample.get_pitch_yaw_roll() == expected
    monkeypatch.setattr(LandmarksProcessor, "estimate_pitch_yaw_roll", None)
    assert sample.get_pitch_yaw_roll() == expected


def test_config_makes_the_same_sample():
    sample = Sample(SampleType.FACE, "a.jpg", FaceType.HEAD, (8, 9, 3), make_landmarks(8),
                    [(1, [[1, 2], [3, 4]])], np.ones((4, 4, 1)), None, 1.5, "f.png", "p")
    config = sample.get_config()
    assert list(config) == [
        "sample_type", "filename", "face_type", "shape", "landmarks", "seg_ie_polys", "xseg_mask",
        "xseg_mask_compressed", "eyebrows_expand_mod", "source_filename", "person_name"]
    assert isinstance(config["landmarks"], list) and isinstance(config["seg_ie_polys"], dict)
    again = Sample(**persist.loads(persist.dumps(config)))
    assert (again.landmarks == sample.landmarks).all() and again.face_type is FaceType.HEAD
    assert again.seg_ie_polys.identical(sample.seg_ie_polys)
    assert (again.get_xseg_mask() == 1).all() and again.person_name == "p"
    with pytest.raises(AttributeError):
        Sample(filename="a.jpg").get_config()


def test_landmarks_without_a_pose_name_the_file(monkeypatch):
    def fail(*_):    # some points do it, which ones depends on the OpenCV version
        raise cv2.error("no pose")
    monkeypatch.setattr(cv2, "solvePnP", fail)
    sample = Sample(filename="a.jpg", shape=(64, 64, 3), landmarks=np.zeros((68, 2)))
    with pytest.raises(UnreadableSampleError, match="a.jpg"):
        sample.get_pitch_yaw_roll()

"""facelib/MediaPipeExtractor.py: the mapping of points, the process, and how near it comes."""
import importlib.util
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from core import options
from core.errors import UserError
from facelib import FaceType, LandmarksProcessor, MediaPipeExtractor, mediapipe_place
from facelib.mediapipe_points import (JAW, convert_478_to_68, join_mirrored,
                                      spread_points)
from facelib.mediapipe_worker import get_overlap

needs_mediapipe = pytest.mark.skipif(
    not mediapipe_place.is_available(),
    reason="MediaPipe is not installed: python dfl.py extras mediapipe")

REGIONS = dict(jaw=(0, 17), brows=(17, 27), nose=(27, 36), eyes=(36, 48), mouth=(48, 68))
# Of the distance between the eyes: what the README says, and a little more.
LIMITS = dict(jaw=0.11, brows=0.075, nose=0.055, eyes=0.035, mouth=0.06)
FRAMES = 12         # of each character


def test_line_is_divided_evenly():
    line = np.array([[0, 0], [1, 0], [4, 0], [4, 4]], np.float64)
    assert spread_points(line, 5).tolist() == [[0, 0], [2, 0], [4, 0], [4, 2], [4, 4]]


def test_points_keep_their_sides():
    """A mesh that is mirrored gives mirrored landmarks."""
    rng = np.random.RandomState(0)
    mesh = rng.uniform(0, 100, (478, 2))
    points = convert_478_to_68(mesh)
    assert points.shape == (68, 2) and points.dtype == np.float64
    np.testing.assert_array_equal(points[36], mesh[33])
    np.testing.assert_array_equal(points[45], mesh[263])
    assert len(set(JAW[0] + JAW[1])) == 23      # the chin is in both
    mirrored = LandmarksProcessor.mirror_landmarks(points, 100)
    np.testing.assert_allclose(join_mirrored(points, mirrored, 100), points)


def test_overlap():
    assert get_overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert get_overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert get_overlap((0, 0, 2, 2), (2, 2, 3, 3)) == 0


def give(monkeypatch, **flags):
    monkeypatch.setattr(options, "_sources", options.OptionSources(flags=flags, environ={}))


def test_missing_environment_says_how_to_make_it(tmp_path, monkeypatch):
    give(monkeypatch)
    monkeypatch.setattr(mediapipe_place, "FOLDER", tmp_path)
    assert not mediapipe_place.is_available()
    with pytest.raises(UserError, match="MediaPipe is not installed") as error:
        MediaPipeExtractor.MediaPipeExtractor()
    assert "dfl.py extras mediapipe" in str(error.value) and "S3FD.npy" in str(error.value)


def test_environment_that_is_half_made_does_not_count(tmp_path, monkeypatch):
    give(monkeypatch)
    monkeypatch.setattr(mediapipe_place, "FOLDER", tmp_path)
    for name in ("bin/python", "Scripts/python.exe"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("")
    assert not mediapipe_place.is_available()
    (tmp_path / mediapipe_place.STAMP).write_text("{}")
    assert mediapipe_place.is_available()


def test_python_without_mediapipe_is_told(monkeypatch):
    give(monkeypatch, mediapipe_python=sys.executable)
    with pytest.raises(UserError, match="does not start: .*mediapipe"):
        MediaPipeExtractor.MediaPipeExtractor()
    give(monkeypatch, mediapipe_python="/nowhere")
    with pytest.raises(UserError, match="no file /nowhere"):
        mediapipe_place.is_available()


@pytest.fixture(scope="module")
def networks():
    networks = MediaPipeExtractor.MediaPipeNetworks()
    yield networks
    networks.close()


def render(character, number, size=(480, 360)):
    from demo.motion import get_scene
    from demo.render import render_face
    return render_face(character, *get_scene(character, number), size=size)


def compare(points, truth):
    """(errors of the 68 in distances between the eyes, turn in degrees, scale) of an alignment."""
    eyes = np.linalg.norm(truth[36:42].mean(0) - truth[42:48].mean(0))
    ours, wanted = [LandmarksProcessor.get_transform_mat(x, 256, FaceType.WHOLE_FACE)
                    for x in (points, truth)]
    turns = [np.degrees(np.arctan2(m[1, 0], m[0, 0])) for m in (ours, wanted)]
    scale = np.hypot(*ours[:, 0]) / np.hypot(*wanted[:, 0])
    return np.linalg.norm(points - truth, axis=1) / eyes, turns[0] - turns[1], scale


@needs_mediapipe
def test_rendered_faces_are_found_where_they_are(networks):
    errors, turns, scales = [], [], []
    for character in ("src", "dst"):
        for number in range(0, 20 * FRAMES, 20):
            face = render(character, number)
            rects, = networks.detect([face.image])
            assert len(rects) == 1, (character, number)
            points, = networks.locate([(face.image, rects)], True)[0]
            result = compare(points, face.landmarks)
            errors.append(result[0])
            turns.append(abs(result[1]))
            scales.append(abs(result[2] - 1))
    errors = np.array(errors)
    regions = {name: errors[:, first:last].mean() for name, (first, last) in REGIONS.items()}
    print("mean %.4f, %s, turn %.2f, scale %.3f" % (errors.mean(), " ".join(
        "%s %.4f" % item for item in sorted(regions.items())), max(turns), max(scales)))
    assert errors.mean() <= 0.06
    assert all(regions[name] <= limit for name, limit in LIMITS.items()), regions
    assert max(turns) <= 3 and max(scales) <= 0.08


@needs_mediapipe
def test_small_and_several_faces(networks):
    """A face of a seventh of the frame, beside another one; none in the dark."""
    image = np.full((720, 1280, 3), 40, np.uint8)
    faces = [render("src", 0), render("dst", 0)]
    for face, x, scale in zip(faces, (60, 800), (1.0, 0.6)):
        small = cv2.resize(face.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        image[200:200 + small.shape[0], x:x + small.shape[1]] = small
    rects, nothing = networks.detect([image, np.zeros_like(image)])
    assert len(rects) == 2 and nothing == []
    areas = [(r[2] - r[0]) * (r[3] - r[1]) for r in rects]
    assert areas == sorted(areas, reverse=True)
    assert rects[0][0] < 540 < rects[1][0]
    points = networks.locate([(image, rects), (image, [[0, 600, 100, 700], [2000, 0, 2100, 90]])],
                             True)
    assert all(x is not None for x in points[0]) and points[1] == [None, None]


@needs_mediapipe
def test_portrait_of_scikit_image(networks):
    spec = importlib.util.find_spec("skimage")
    if spec is None:
        pytest.skip("scikit-image is not installed")
    image = cv2.imread(str(Path(spec.submodule_search_locations[0]) / "data" / "astronaut.png"))
    rects, = networks.detect([image])
    assert len(rects) == 1
    points, = networks.locate([(image, rects)], True)[0]
    matrix = LandmarksProcessor.get_transform_mat(points, 512, FaceType.WHOLE_FACE)
    aligned = LandmarksProcessor.transform_points(points, matrix)
    right, left = aligned[36:42].mean(0), aligned[42:48].mean(0)
    angle = np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0]))
    print("eyes at %.2f degrees" % angle)
    assert abs(angle) <= 2


@needs_mediapipe
def test_process_that_has_ended_is_told():
    extractor = MediaPipeExtractor.MediaPipeExtractor()
    extractor._process.kill()
    extractor._process.wait()
    with pytest.raises(RuntimeError, match="has ended"):
        extractor.find(np.zeros((64, 64, 3), np.uint8))

"""facelib/FANExtractor.py: network, crops, landmarks, batches, second pass."""
import json
import sys

import cv2
import numpy as np
import pytest
from facelib_network_support import GOLDEN, assert_outputs, load_case, load_table, write_weights

from core.errors import UserError
from core.leras import nn
from core.mathlib import transform_points
from facelib import FaceType, FANExtractor, LandmarksProcessor, fan_points

module = sys.modules["facelib.FANExtractor"]    # the class hides it in the package
TABLE = load_table("FAN")
VECTORS = json.loads((GOLDEN / "detector_vectors.json").read_text())


@pytest.fixture(scope="module")
def fan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_weights(folder / "2DFAN.npy", TABLE, gain=0.25)
    nn.initialize(nn.DeviceConfig.CPU(), data_format="NHWC")
    nn.reset_session()
    previous, module.FOLDER = module.FOLDER, folder
    try:
        yield FANExtractor(place_model_on_cpu=True)
    finally:
        module.FOLDER = previous
        nn.close_session()


def test_network_check(fan):
    weights = fan.model.get_weights()
    assert [(w.name[len("FAN/"):], tuple(w.shape.as_list())) for w in weights] == TABLE
    assert sum(int(np.prod(shape)) for _, shape in TABLE) == 23874320
    picture = np.random.RandomState(1234).uniform(0, 1, (1, 256, 256, 3)).astype(np.float32)
    assert_outputs([fan.model.run([picture])], load_case("fan"))


def make_frame(seed, width, height):
    rng = np.random.RandomState(seed)
    return cv2.resize(rng.randint(0, 256, (6, 8, 3)).astype(np.uint8), (width, height))


def test_batches_equal_single_pictures(fan):
    """Heat maps within 1e-5 of what these weights give at most (12), and the same landmarks."""
    frames = [make_frame(i, *size) for i, size in enumerate(((220, 180), (180, 260)) * 2)]
    rects = [[[40, 30, 140, 150]], [[20, 60, 160, 200], [-30, -20, 90, 110]], [],
             [[500, 500, 600, 600], [30, 30, 90, 90]]]
    together = fan.extract_batch(list(zip(frames, rects)))
    assert [len(found) for found in together] == [1, 2, 0, 2]
    assert together[3][0] is None       # outside
    for frame, boxes, found in zip(frames, rects, together):
        for ours, single in zip(found, fan.extract(frame, boxes)):
            assert (ours is None) == (single is None)
            if ours is not None:
                assert ours.shape == (68, 2) and ours.dtype == np.float64
                np.testing.assert_allclose(ours, single, atol=1e-9)
    crops = np.stack([frame[:128, :128].repeat(2, 0).repeat(2, 1) for frame in frames]) / 255.0
    maps = fan.model.run([crops])
    for i in range(len(crops)):
        np.testing.assert_allclose(maps[i:i + 1], fan.model.run([crops[i:i + 1]]), rtol=0,
                                   atol=1e-5 * np.abs(maps).max())


class PointsByPlace:
    """In the network's place: the brightest pixel of a crop is every landmark, times the offsets
    of a face around it."""

    def __init__(self):
        self.batches = []

    def run(self, inputs):
        batch, = inputs
        assert batch.dtype == np.float32 and batch.max() <= 1
        self.batches.append(len(batch))
        face = LandmarksProcessor.landmarks_2D
        jaw = np.stack([np.linspace(0, 1, 17), np.linspace(.5, 1.2, 17)], -1)
        offsets = (np.concatenate([jaw, face]) - .5) * 24
        maps = np.zeros((len(batch), 68, 64, 64), np.float32)
        for i, crop in enumerate(batch):
            y, x = np.argwhere(crop.sum(-1) >= crop.sum(-1).max()).mean(0) / 4
            for j, (dx, dy) in enumerate(offsets):
                maps[i, j, int(np.clip(y + dy, 0, 63)), int(np.clip(x + dx, 0, 63))] = 1
        return maps


def make_stand_in():
    fan = FANExtractor.__new__(FANExtractor)
    fan.model = PointsByPlace()
    return fan


def draw_dot(x, y):
    image = np.zeros((200, 240, 3), np.uint8)
    image[y - 2:y + 3, x - 2:x + 3] = (255, 128, 0)
    return image


class BoxesInCrops:
    """In the detector's place."""

    def __init__(self, answers):
        self.answers, self.seen = answers, []

    def extract_batch(self, images, is_bgr=True):
        assert not is_bgr and all(image.shape == (256, 256, 3) for image in images)
        self.seen.append(images)
        return self.answers[:len(images)]


class BoxFinder:
    """A detector as scripts have it."""

    def __init__(self, box):
        self.box = box

    def extract(self, input_image, is_bgr=True, is_remove_intersects=False):
        assert not is_bgr and input_image.shape == (256, 256, 3)
        return [self.box]


def test_second_pass_replaces_faces_that_are_found_once():
    image, rect = draw_dot(120, 100), [70, 50, 170, 150]
    first, = make_stand_in().extract(image, [rect])
    matrix = LandmarksProcessor.get_transform_mat(first, 256, FaceType.FULL)
    box = [30, 30, 226, 226]
    detector = BoxesInCrops([[box], [], [box, box]])
    fan = make_stand_in()
    again, none, twice = fan.extract(image, [rect] * 3, second_pass_extractor=detector)
    np.testing.assert_array_equal(none, first)
    np.testing.assert_array_equal(twice, first)
    crop = cv2.warpAffine(image[..., ::-1].copy(), matrix, (256, 256))
    np.testing.assert_array_equal(detector.seen[0][0], crop)
    inner, = make_stand_in().extract(crop, [box], is_bgr=False, multi_sample=True)
    np.testing.assert_allclose(again, transform_points(inner, matrix, True), atol=1e-9)
    assert fan.model.batches == [3, 5]      # three crops; five of the face that is looked at again
    single = BoxFinder(box)     # a detector that takes one picture
    np.testing.assert_array_equal(
        make_stand_in().extract(image, [rect], second_pass_extractor=single)[0], again)
    assert np.abs(again - first).max() < 12


def test_degenerate_landmarks_stay_as_they_are():
    class OnePoint(PointsByPlace):
        def run(self, inputs):
            return np.zeros((len(inputs[0]), 68, 64, 64), np.float32)
    fan = make_stand_in()
    fan.model = OnePoint()
    found, = fan.extract(draw_dot(100, 100), [[50, 50, 150, 150]], BoxesInCrops([]))
    assert np.ptp(found, axis=0).max() == 0


def test_nothing_to_do():
    fan = make_stand_in()
    assert fan.extract(draw_dot(50, 50), []) == [] and fan.model.batches == []
    assert fan.extract(draw_dot(50, 50), [[10, 10, 10, 10], [90, 90, 10, 10]]) == [None, None]


def test_transform_of_the_reference():
    for case in VECTORS["fan_transform"]:
        ours = fan_points.transform(case["point"], case["center"], case["scale"],
                                    case["resolution"])
        np.testing.assert_allclose(ours, case["out"], atol=1e-12)


def test_crops_of_the_reference():
    image = np.random.RandomState(7).randint(0, 256, (180, 220, 3)).astype(np.uint8)
    for case in VECTORS["fan_crop"]["cases"]:
        centre, scale = fan_points.describe_rect(case["rect"])
        assert (centre.tolist(), scale) == (case["center"], case["scale"])
        crop = fan_points.crop(image, centre, scale)
        assert list(crop.shape) == case["shape"] and crop.dtype == np.uint8
        # OpenCV versions round a resized pixel differently now and then.
        assert abs(int(crop.sum()) - case["sum"]) <= 1e-5 * case["sum"]
        for name, (y, x) in (("px_0_0", (0, 0)), ("px_128_128", (128, 128)),
                             ("px_255_255", (255, 255))):
            assert np.abs(crop[y, x].astype(int) - case[name]).max() <= 1


def test_landmarks_of_the_reference_maps():
    case = VECTORS["fan_get_pts_from_predict"]
    maps = np.random.RandomState(9).uniform(0, 1, (68, 64, 64)).astype(np.float32)
    ours = fan_points.get_pts_from_predict(maps, case["center"], case["scale"])
    np.testing.assert_allclose(ours, case["points"], atol=1e-9)


@pytest.mark.parametrize("is_3d, name", [(False, "2DFAN.npy"), (True, "3DFAN.npy")])
def test_missing_file_is_named(is_3d, name, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(UserError, match=name + " are missing") as error:
        FANExtractor(landmarks_3D=is_3d)
    assert "--detector mediapipe" in str(error.value)

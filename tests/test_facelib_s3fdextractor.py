"""facelib/S3FDExtractor.py: network, boxes, batches, missing files."""
import json
import sys

import cv2
import numpy as np
import pytest
from face_square_support import draw_square, write_square_weights
from facelib_network_support import GOLDEN, assert_outputs, load_case, load_table, write_weights

from core import persist
from core.errors import UserError
from core.leras import nn
from core.leras.weights_file import WeightsMismatchError
from facelib import S3FDExtractor, s3fd_boxes

module = sys.modules["facelib.S3FDExtractor"]   # the class hides it in the package
TABLE = load_table("S3FD")
VECTORS = json.loads((GOLDEN / "detector_vectors.json").read_text())


def start(monkeypatch, folder):
    nn.initialize(nn.DeviceConfig.CPU(), data_format="NHWC")
    nn.reset_session()
    monkeypatch.setattr(module, "FOLDER", folder)


@pytest.fixture(scope="module")
def random_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_weights(folder / "S3FD.npy", TABLE)
    return folder


def test_network_check(random_file, monkeypatch):
    start(monkeypatch, random_file)
    detector = S3FDExtractor(place_model_on_cpu=True)
    weights = detector.model.get_weights()
    assert [(w.name[len("S3FD/"):], tuple(w.shape.as_list())) for w in weights] == TABLE
    assert sum(int(np.prod(shape)) for _, shape in TABLE) == 22459110
    picture = np.random.RandomState(1234).randint(0, 256, (1, 96, 128, 3)).astype(np.float32)
    assert_outputs(detector.model.run([picture]), load_case("s3fd"))


def test_batches_equal_single_pictures(random_file, monkeypatch):
    """Maps within 1e-5, boxes alike, for twenty frames of three sizes."""
    start(monkeypatch, random_file)
    detector = S3FDExtractor()
    rng = np.random.RandomState(5)
    images = [cv2.resize(rng.randint(0, 256, (7, 9, 3)).astype(np.uint8), size)
              for size in ((200, 160), (160, 200), (130, 128))[:3] for _ in range(7)][:20]
    assert detector.extract_batch(images) == [detector.extract(image) for image in images]
    pictures = np.stack([s3fd_boxes.shrink(image, s3fd_boxes.choose_network_size(200, 160))
                         for image in images[:7]])
    together = detector.model.run([pictures])
    for i in range(len(pictures)):
        for ours, single in zip(together, detector.model.run([pictures[i:i + 1]])):
            # The heads of the last maps give hundreds with these weights: relative there.
            np.testing.assert_allclose(ours[i:i + 1], single, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_bright_square_is_the_face(dtype, tmp_path, monkeypatch):
    write_square_weights(tmp_path / "S3FD.npy", dtype)
    start(monkeypatch, tmp_path)
    with S3FDExtractor(place_model_on_cpu=True) as detector:
        picture = draw_square(512, 384, 192, 128)
        # Coordinates are truncated before and after they are doubled: up to 2 pixels.
        found = detector.extract(picture)
        np.testing.assert_allclose(found, [[192, 128, 288, 224 + 9]], atol=2)
        assert all(type(x) is int for x in found[0])
        assert detector.extract(picture, is_bgr=False) == found
        two = np.maximum(picture, draw_square(512, 384, 352, 224))
        assert len(detector.extract(two)) == 2
        assert detector.extract(np.zeros_like(picture)) == []


def test_boxes_of_the_reference_maps():
    vectors = VECTORS["s3fd_refine"]
    maps = []
    for h, w in vectors["map_sizes_h_w"]:
        maps += [np.zeros((1, h, w, 2), np.float32), np.zeros((1, h, w, 4), np.float32)]
    for scale, row, col, prob, loc in vectors["hits_scale_row_col_prob_loc"]:
        maps[2 * scale][0, row, col, 1] = prob
        maps[2 * scale + 1][0, row, col] = loc
    detector = S3FDExtractor.__new__(S3FDExtractor)
    assert detector.refine(maps) == vectors["boxes_ltrb_int"]
    assert detector.refine([np.zeros_like(x) for x in maps]) == []


def test_suppression_of_the_reference():
    vectors = VECTORS["s3fd_nms"]
    detector = S3FDExtractor.__new__(S3FDExtractor)
    assert detector.refine_nms(np.array(vectors["dets"]), vectors["thresh"]) == vectors["keep"]
    assert detector.refine_nms(np.zeros((0, 5)), 0.3) == []


def suppress_plainly(dets, thresh):
    order, keep = list(np.argsort(dets[:, 4], kind="mergesort")[::-1]), []
    while order:
        i = order.pop(0)
        keep.append(i)
        rest = []
        for j in order:
            w = min(dets[i, 2], dets[j, 2]) - max(dets[i, 0], dets[j, 0]) + 1
            h = min(dets[i, 3], dets[j, 3]) - max(dets[i, 1], dets[j, 1]) + 1
            common = max(0, w) * max(0, h)
            areas = [(d[2] - d[0] + 1) * (d[3] - d[1] + 1) for d in (dets[i], dets[j])]
            if common / (sum(areas) - common) <= thresh:
                rest.append(j)
        order = rest
    return keep


def test_suppression_equals_the_plain_loop():
    rng = np.random.RandomState(0)
    corner, sides = rng.uniform(0, 100, (300, 2)), rng.uniform(10, 60, (300, 2))
    dets = np.concatenate([corner, corner + sides, rng.uniform(0, 1, (300, 1))], 1)
    assert s3fd_boxes.suppress_overlaps(dets, 0.3) == suppress_plainly(dets, 0.3)


def test_boxes_that_are_no_faces_change_nothing():
    """As if all candidates had been compared, and the weak ones dropped at the end."""
    rng, maps = np.random.RandomState(1), []
    for i in range(s3fd_boxes.MAPS):
        h, w = max(1, 96 >> i), max(1, 128 >> i)
        maps += [rng.uniform(0, 0.55, (h, w, 2)).astype(np.float32),
                 rng.normal(0, 1, (h, w, 4)).astype(np.float32)]
    dets = s3fd_boxes.decode_maps(maps)
    dets = dets[s3fd_boxes.suppress_overlaps(dets, s3fd_boxes.NMS_THRESHOLD)]
    expected = [[int(x) for x in det[:4]] for det in dets if det[4] >= s3fd_boxes.MIN_SCORE]
    assert len(expected) > 20 and s3fd_boxes.refine_boxes(maps) == expected


@pytest.mark.parametrize("size, expected", [
    ((1920, 1080), (640, 360, 3.0)), ((1280, 720), (640, 360, 2.0)), ((512, 384), (256, 192, 2.0)),
    ((1278, 700), (639, 350, 2.0)), ((100, 60), (64, 38, 100 / 64))])
def test_size_for_the_network(size, expected):
    assert tuple(s3fd_boxes.choose_network_size(*size)) == pytest.approx(expected)


def test_small_boxes_are_left_out_and_intersecting_ones_on_request():
    boxes = [[0, 0, 19, 40], [0, 0, 20, 20], [10, 10, 50, 50], [100, 100, 160, 160]]
    assert s3fd_boxes.finish_boxes(boxes, 2.0, False) == [
        [200, 200, 320, 332], [20, 20, 100, 108], [0, 0, 40, 44]]
    assert s3fd_boxes.finish_boxes(boxes, 2.0, True) == [[200, 200, 320, 332], [20, 20, 100, 108]]


def test_missing_file_is_named_with_both_ways_out(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(UserError, match="S3FD.npy are missing") as error:
        S3FDExtractor()
    text = str(error.value)
    assert str(tmp_path) in text and "_internal/DeepFaceLab/facelib" in text
    assert "--detector mediapipe" in text and "extras mediapipe" in text


def test_file_of_another_network_is_refused(tmp_path, monkeypatch):
    start(monkeypatch, tmp_path)
    content = {key: np.zeros(shape, np.float16) for key, shape in TABLE[:-1]}
    persist.write_bytes(tmp_path / "S3FD.npy", persist.dumps(content))
    with pytest.raises(WeightsMismatchError, match="conv7_2_mbox_loc/bias"):
        S3FDExtractor()


def test_data_format_of_others_stays(tmp_path, monkeypatch):
    write_square_weights(tmp_path / "S3FD.npy", np.float16)
    start(monkeypatch, tmp_path)
    nn.set_data_format("NCHW")
    try:
        assert len(S3FDExtractor().extract(draw_square(256, 256, 96, 96))) == 1
        assert nn.data_format == "NCHW"
    finally:
        nn.set_data_format("NHWC")

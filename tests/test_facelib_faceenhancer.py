"""facelib/FaceEnhancer.py: its network against the reference's figures, its tiles."""
import sys

import cv2
import numpy as np
import pytest
from facelib_network_support import assert_outputs, load_case, load_table, write_weights

from core.errors import UserError
from core.leras import nn
from facelib import FaceEnhancer

module = sys.modules["facelib.FaceEnhancer"]    # the class hides it in the package
TABLE = load_table("FaceEnhancer")


@pytest.fixture(scope="module")
def enhancer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_weights(folder / "FaceEnhancer.npy", TABLE)
    nn.initialize(nn.DeviceConfig.CPU(), data_format="NHWC")
    nn.reset_session()
    previous, module.FOLDER = module.FOLDER, folder
    try:
        yield FaceEnhancer(place_model_on_cpu=True, run_on_cpu=True)
    finally:
        module.FOLDER = previous
        nn.close_session()


def test_weights_are_those_of_the_file(enhancer):
    weights = enhancer.model.get_weights()
    assert [(w.name[len("FaceEnhancer/"):], tuple(w.shape.as_list())) for w in weights] == TABLE
    assert all(w.name.startswith("FaceEnhancer/") for w in weights)
    assert sum(int(np.prod(shape)) for _, shape in TABLE) == 33111401


def test_network_check(enhancer):
    picture = np.random.RandomState(1234).uniform(-1, 1, (1, 192, 192, 3)).astype(np.float32)
    result = enhancer.model.run([picture, [[0.2]], [[1.0]]])
    assert_outputs([result], load_case("fe"))


def test_data_format_of_others_stays(tmp_path, monkeypatch):
    """Also when the weights are missing, which is told with what to do."""
    nn.initialize(nn.DeviceConfig.CPU(), data_format="NCHW")
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with nn.tf.Graph().as_default():
        with pytest.raises(UserError, match="FaceEnhancer.npy are missing") as error:
            FaceEnhancer(place_model_on_cpu=True, run_on_cpu=True)
    assert any("existing install" in remedy for remedy in error.value.remedies)
    assert nn.data_format == "NCHW"
    nn.set_data_format("NHWC")


class Enlarger:
    """In the network's place: enlarges a tile as a network does that adds nothing, but for a value
    of its own for each tile."""

    def __init__(self, gain=0.0):
        self.tiles, self.runs, self.gain = [], [], gain

    def run(self, inputs):
        tiles, strength, kind = inputs
        count = len(tiles)
        assert tiles.shape[1:] == (192, 192, 3) and tiles.dtype == np.float32
        assert np.array_equal(strength, [[0.2]] * count) and np.array_equal(kind, [[1.0]] * count)
        self.runs.append(count)
        gains = []
        for tile in tiles:
            self.tiles.append(tile)
            gains.append(self.gain * len(self.tiles))
        return (np.repeat(np.repeat(tiles, 4, 1), 4, 2)
                + np.reshape(gains, (-1, 1, 1, 1))).astype(np.float32)


def make_enhancer(model, tiles_at_once=1):
    result = FaceEnhancer.__new__(FaceEnhancer)
    result.model, result.tiles_at_once = model, tiles_at_once
    return result


def make_smooth(h, w):
    y, x = np.mgrid[:h, :w].astype(np.float32)
    return np.stack([y / h, x / w, (x + y) / (h + w)], -1) * 0.8 + 0.1


@pytest.mark.parametrize("size, starts", [(192, [0]), (193, [0, 1]), (288, [0, 96]),
                                          (300, [0, 96, 108]), (512, [0, 96, 192, 288, 320])])
def test_starts(size, starts):
    assert module.find_starts(size) == starts


@pytest.mark.parametrize("h, w", [(192, 192), (200, 300), (300, 193), (64, 250), (37, 41)])
def test_tiles_make_one_picture(h, w):
    model, picture = Enlarger(), make_smooth(h, w)
    result = make_enhancer(model).enhance(picture, preserve_size=False)
    assert result.shape == (4 * h, 4 * w, 3) and result.dtype == np.float32
    np.testing.assert_allclose(result, np.repeat(np.repeat(picture, 4, 0), 4, 1), atol=1e-5)
    rows, columns = (len(module.find_starts(max(192, side))) for side in (h, w))
    assert len(model.tiles) == rows * columns
    small = make_enhancer(Enlarger()).enhance(picture)
    assert small.shape == picture.shape and np.abs(small - picture).max() < 0.01


def test_several_tiles_in_one_run():
    one, several = Enlarger(gain=0.1), Enlarger(gain=0.1)
    picture = make_smooth(200, 300)
    np.testing.assert_array_equal(make_enhancer(one).enhance(picture),
                                  make_enhancer(several, 4).enhance(picture))
    assert one.runs == [1] * 6 and several.runs == [4, 2]


def test_padding_is_gray_with_the_smaller_half_in_front():
    model = Enlarger()
    make_enhancer(model).enhance(np.ones((189, 192, 3), np.float32))
    tile, = model.tiles
    assert (tile[:1] == 0).all() and (tile[1:190] == 1).all() and (tile[190:] == 0).all()


def test_values_around_zero_are_not_clipped():
    picture = make_smooth(192, 192) * 4 - 2
    result = make_enhancer(Enlarger()).enhance(picture, is_tanh=True)
    assert result.min() < -1.5 and result.max() > 1.1
    clipped = make_enhancer(Enlarger()).enhance(picture)
    assert clipped.min() == 0 and clipped.max() == 1


def blend_as_before(tiles, h, w):
    """The weighted mean of tiles with the weights of older versions, written out."""
    ramp = np.concatenate([np.linspace(0, 1, 384), np.linspace(1, 0, 384)])
    total, weight, number = np.zeros((4 * h, 4 * w)), np.zeros((4 * h, 4 * w)), 0
    for y in module.find_starts(h):
        for x in module.find_starts(w):
            mask = np.outer(ramp, ramp)
            total[4 * y:4 * y + 768, 4 * x:4 * x + 768] += tiles[number] * mask
            weight[4 * y:4 * y + 768, 4 * x:4 * x + 768] += mask
            number += 1
    return total / np.where(weight == 0, 1, weight)


@pytest.mark.parametrize("border", [0, FaceEnhancer.BORDER_WEIGHT])
def test_only_the_outermost_line_differs_from_before(border, monkeypatch):
    monkeypatch.setattr(FaceEnhancer, "BORDER_WEIGHT", border)
    h, w = 200, 300
    result = make_enhancer(Enlarger(gain=0.1)).enhance(
        np.zeros((h, w, 3), np.float32), is_tanh=True, preserve_size=False)[..., 0]
    count = len(module.find_starts(h)) * len(module.find_starts(w))
    before = blend_as_before([0.1 * (i + 1) for i in range(count)], h, w)
    np.testing.assert_allclose(result[1:-1, 1:-1], before[1:-1, 1:-1], atol=1e-5)
    assert (result[0] == 0).all() if border == 0 else (result[0] > 0.09).all()


def test_constant_picture_stays_constant_at_its_edges():
    flat = np.full((200, 210, 3), 0.8, np.float32)
    np.testing.assert_allclose(make_enhancer(Enlarger()).enhance(flat), 0.8, atol=1e-5)


@pytest.mark.slow
def test_real_network_on_two_tiles(enhancer):
    """An input as a merger gives it."""
    face = cv2.GaussianBlur(np.random.RandomState(0).uniform(0, 1, (192, 200, 3)).astype(
        np.float32), (0, 0), 2)
    result = enhancer.enhance(face, is_tanh=True)
    assert result.shape == face.shape and result.dtype == np.float32
    assert np.isfinite(result).all() and np.abs(result).max() < 6
    enhancer.tiles_at_once = 2
    np.testing.assert_allclose(enhancer.enhance(face, is_tanh=True), result, atol=1e-5)

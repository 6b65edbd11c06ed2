import cv2
import numpy as np
import pytest

from core import imagelib
from core.imagelib import warp
from imagelib_support import (Draws, assert_close, assert_picture, load_pictures, load_vectors,
                              make_smooth)

RANGES = dict(rotation_range=[-10, 10], scale_range=[-.15, .15],
              tx_range=[-.05, .05], ty_range=[-.05, .05])
CASES = load_vectors()["gen_warp_params"]["cases"]


def make_params(w, seed, flip=True, warp_seed=None):
    return imagelib.gen_warp_params(
        w, flip, rnd_state=np.random.RandomState(seed),
        warp_rnd_state=np.random.RandomState(seed if warp_seed is None else warp_seed), **RANGES)


def make_ramp(size):
    """Channel 0 falls off along x, channel 1 along y, channel 2 is flat."""
    img = np.full((size, size, 3), .5, np.float32)
    img[..., 0] = np.linspace(0, 1, size)[None, :]
    img[..., 1] = np.linspace(1, 0, size)[:, None]
    return img


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["w_arg"]))
def test_params_equal_the_table(case):
    params = make_params(case["w_arg"], case["seed"], case["flip_arg"])
    assert (params["flip"], params["w"], params["rw"]) == (case["flip"], case["w"], case["rw"])
    np.testing.assert_allclose(params["rmat"], case["rmat"], rtol=1e-12)
    np.testing.assert_allclose(params["umat"], case["umat"], rtol=1e-12)
    assert list(params["mapx"].shape) == case["map_shape"]
    assert params["mapx"].dtype == params["mapy"].dtype == np.float32
    np.testing.assert_allclose(params["mapx"][::8, ::8], case["mapx_every_8th"], atol=1e-5)


@pytest.mark.parametrize("side", [64, 65, 80, 96, 100, 128, 129, 200, 224, 256, 512])
def test_the_quick_maps_are_the_same(side):
    for seed in range(12):
        pair = (draw(side, np.random.RandomState(seed))
                for draw in (warp.draw_elastic_maps, warp.draw_elastic_field))
        for map_, quick in zip(*pair):
            assert quick.dtype == np.float32 and quick.flags.c_contiguous
            np.testing.assert_array_equal(quick, map_)


def test_maps_are_symmetric_and_half_a_pixel_off():
    params = make_params(128, 7)
    np.testing.assert_array_equal(params["mapy"], params["mapx"].T)

    class NoNoise(object):
        def __init__(self):
            self.rnd = np.random.RandomState(0)

        def randint(self, n):
            return self.rnd.randint(n)

        def standard_normal(self, size=None):
            return np.zeros(size)

        normal = standard_normal

    mapx, _ = warp.draw_elastic_maps(128, NoNoise())
    np.testing.assert_allclose(mapx, np.tile(np.arange(128) + .5, (128, 1)), atol=1e-4)


def test_flip_draw_happens_only_when_asked():
    one, two = np.random.RandomState(3), np.random.RandomState(3)
    imagelib.gen_warp_params(64, False, rnd_state=one, warp_rnd_state=np.random.RandomState(0))
    imagelib.gen_warp_params(64, True, rnd_state=two, warp_rnd_state=np.random.RandomState(0))
    two_again = np.random.RandomState(3)
    for _ in range(4):
        two_again.uniform()
    assert one.rand() == two_again.rand()
    two_again = np.random.RandomState(3)
    for _ in range(4):
        two_again.uniform()
    two_again.randint(10)
    assert two.rand() == two_again.rand()


@pytest.mark.parametrize("case", load_vectors()["warp_by_params"]["cases"],
                         ids=lambda case: "%d%d" % (case["can_warp"], case["can_transform"]))
def test_warped_ramp_equals_the_table(case):
    img = imagelib.warp_by_params(make_params(128, 1), make_ramp(128), case["can_warp"],
                                  case["can_transform"], True, case["border_replicate"])
    assert_close(case["every_16th"], img[::16, ::16], "warp")


@pytest.mark.parametrize("w", (64, 128))
@pytest.mark.parametrize("seed", (0, 1))
def test_warped_pictures_equal_the_reference(w, seed):
    pictures = load_pictures()
    params = make_params(w, seed + 5, warp_seed=seed + 100)
    img = make_smooth("w", w)
    for can_warp, can_transform, can_flip in ((1, 1, 1), (0, 1, 1), (1, 0, 0)):
        key = "warp/%d_%d_%d%d%d" % (w, seed, can_warp, can_transform, can_flip)
        out = imagelib.warp_by_params(params, img.copy(), can_warp, can_transform, can_flip, True)
        assert_picture(pictures[key], out, "warp", key)
    mask = (img[..., :1] > .5).astype(np.float32)
    out = imagelib.warp_by_params(params, mask, True, True, True, False,
                                  cv2_inter=cv2.INTER_LINEAR)
    key = "warp/%d_%d_mask" % (w, seed)
    assert_picture(pictures[key], out, "warp", key)


@pytest.mark.parametrize("shape", ((48, 48), (48, 48, 1), (48, 48, 3)))
def test_small_images_keep_their_size_and_get_a_channel_axis(shape):
    img = np.random.RandomState(0).rand(*shape).astype(np.float32)
    out = imagelib.warp_by_params(make_params(48, 5), img, True, True, True, True)
    assert out.shape == (48, 48, shape[2] if len(shape) == 3 else 1)
    untouched = imagelib.warp_by_params(make_params(48, 5), img, False, False, False, True)
    np.testing.assert_array_equal(untouched.reshape(shape), img)


def test_one_channel_is_a_plane_of_three():
    img = make_smooth("gray", 64, 1)
    params = make_params(64, 9)
    gray = imagelib.warp_by_params(params, img, True, True, True, True)
    colour = imagelib.warp_by_params(params, np.repeat(img, 3, -1), True, True, True, True)
    np.testing.assert_allclose(gray[..., 0], colour[..., 1], atol=1e-6)


def test_border_outside_of_the_affine_transform():
    params = make_params(64, 1)
    white = np.ones((64, 64, 3), np.float32)
    black_edge = imagelib.warp_by_params(params, white, False, True, False, False)
    white_edge = imagelib.warp_by_params(params, white, False, True, False, True)
    assert black_edge.min() < .1 and white_edge.min() > .99


def test_gen_pts_move_by_at_most_a_tenth():
    src, dst = warp.gen_pts(200, 100, np.random.RandomState(4))
    assert src.shape == dst.shape and src.shape[1] == 2 and 4 <= len(src) <= 7
    assert src.dtype.kind == dst.dtype.kind == "i"
    assert (np.abs(src - dst) <= [20, 10]).all() and (src < [200, 100]).all()


def test_mls_follows_rigid_motions_of_the_points():
    vy, vx = np.mgrid[0:24, 0:32].astype(np.float32)
    src = np.array([(3, 3), (26, 4), (15, 20), (6, 18)])
    moved = warp.mls_rigid_deformation(vy, vx, src, src + (3, -2))
    assert moved.shape == (2, 24, 32) and moved.dtype == np.float32
    np.testing.assert_allclose(moved[0], vy + 2, atol=1e-3)
    np.testing.assert_allclose(moved[1], vx - 3, atol=1e-3)

    centre = np.array([16, 12])
    turned = (src - centre).dot([[0, 1], [-1, 0]]) + centre   # (x, y) -> (-y, x)
    back = warp.mls_rigid_deformation(vy, vx, src, turned)
    np.testing.assert_allclose(back[1], (vy - 12) + 16, atol=2e-3)
    np.testing.assert_allclose(back[0], -(vx - 16) + 12, atol=2e-3)


def test_mls_takes_control_points_to_each_other_and_integer_grids():
    vy, vx = np.mgrid[0:24, 0:32]
    src = np.array([(2, 3), (28, 4), (15, 20), (6, 18)])
    dst = src + [(2, 1), (-1, 0), (0, -2), (1, 1)]
    field = warp.mls_rigid_deformation(vy, vx, src, dst)
    assert field.dtype == np.float64
    at_points = field[:, dst[:, 1], dst[:, 0]].T[:, ::-1]
    np.testing.assert_allclose(at_points, src, atol=.21)
    # Vertices on an exact void (all weight on one point, no arm) are filled, never nan.
    assert np.isfinite(field).all()


@pytest.mark.parametrize("flip", (True, False))
def test_draws_and_their_ranges(flip):
    rnd, warp_rnd = Draws(0), Draws(1)
    imagelib.gen_warp_params(128, flip, (-7, 9), (-.15, .25), (-.1, .2), (-.3, .4),
                             rnd_state=rnd, warp_rnd_state=warp_rnd)
    assert rnd.asked == [("uniform", -7, 9), ("uniform", 1 / 1.15, 1.25), ("uniform", -.1, .2),
                         ("uniform", -.3, .4)] + [("randint", 10)] * flip
    assert warp_rnd.asked[0] == ("randint", 3)


def test_four_of_ten_are_mirrored():
    class Given:
        def uniform(self, low, high):
            return low

        def randint(self, count):
            return self.number
    rnd, flips = Given(), []
    for rnd.number in range(10):
        flips.append(warp.draw_affine(64, True, (0, 0), (0, 0), (0, 0), (0, 0), rnd)["flip"])
    assert flips == [True] * 4 + [False] * 6

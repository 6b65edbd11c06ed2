"""Coloured soft mask of the parts of a face (spec 40 section 3.10)."""
import numpy as np
import pytest
from data_support import load_json, make_landmarks

from facelib import FaceType
from facelib import LandmarksProcessor as LP

SETS = load_json("facelib_vectors.json")["sets"]


@pytest.fixture(params=sorted(SETS))
def vectors(request):
    return SETS[request.param]


def test_vectors(vectors):
    points = LP.transform_points(
        np.array(vectors["landmarks"]),
        LP.get_transform_mat(np.array(vectors["landmarks"]), 96, FaceType.FULL))
    expected = vectors["cmask_full_96"]
    mask = LP.get_cmask((96, 96, 3), points)
    assert list(mask.shape) == expected["shape"] and str(mask.dtype) == expected["dtype"]
    for x, y, value in expected["samples_x_y_value"]:
        np.testing.assert_allclose(mask[y, x], value, rtol=0, atol=1e-4)
    np.testing.assert_allclose(mask.sum((0, 1)), expected["channel_sums"], rtol=1e-5)


def distance_to(points, pixel, closed):
    """Distance of one pixel to a polyline, segment by segment."""
    pairs = list(zip(points, points[1:])) + ([(points[-1], points[0])] if closed else [])
    result = []
    for a, b in pairs:
        pa, ba = pixel - a, b - a
        share = np.clip(pa.dot(ba) / ba.dot(ba), 0, 1)
        result.append(np.linalg.norm(pa - ba * share))
    return min(result)


def expected_color(points, pixel, hull, w):
    """BGR of one pixel as section 3.10 defines it."""
    def fade(distance, fall):
        return 1 - np.clip(distance / max(fall, 1), 0, 1)
    p = points.astype(np.float64)
    eyes = min(distance_to(p[42:48], pixel, True), distance_to(p[36:42], pixel, True))
    brows = min(distance_to(p[22:27], pixel, False), distance_to(p[17:22], pixel, False))
    mouth = distance_to(p[48:60], pixel, True)
    t = max(w // 96, 1)
    a = distance_to(p[[27, 28, 29, 30, 33]], pixel, False) - t
    q = distance_to(p[31:36], pixel, False) - t
    x = np.clip(0.5 + 0.5 * (q - a) / (3 * t), 0, 1)
    nose = fade((a - q) * x + q - 3 * t * x * (1 - x), w / 12)
    eyes = fade(eyes - max(w // 64, 1), w // 32)
    brows = fade(brows - max(w // 256, 1), w // 32)
    mouth = fade(mouth - max(w // 64, 1), w // 32)
    eyes *= 1 - mouth
    nose *= 1 - eyes
    skin = hull * (1 - eyes) * (1 - brows) * (1 - nose) * (1 - mouth)
    mouth *= 1 - nose
    brows *= (1 - nose) * (1 - eyes)
    return hull * (skin * np.array([0, 1, 0]) + mouth * np.array([0, 0, 1])
                   + nose * np.array([0, 1, 1]) + brows * np.array([0, 0, 1])
                   + eyes * np.array([1, 0, 0]))


@pytest.mark.parametrize("size, mouth_up", [(20, 0), (200, 0), (200, 0.35)])
def test_pixels_follow_the_definition(size, mouth_up):
    """Also where the parts lie over each other: with the mouth moved up to the eyes."""
    points = make_landmarks(size, seed=1)
    points[48:60, 1] -= mouth_up * size
    mask = LP.get_cmask((size, size, 3), points)
    hull = LP.get_image_hull_mask((size, size, 3), points)
    rnd = np.random.RandomState(0)
    around = points[rnd.randint(17, 68, 60)] + rnd.normal(0, size / 40, (60, 2))
    for x, y in np.clip(around.astype(int), 0, size - 1):
        np.testing.assert_allclose(
            mask[y, x], expected_color(points, np.array([x, y]), hull[y, x, 0], size), atol=1e-9)


def test_eyebrow_modifier_moves_the_outline():
    points = make_landmarks(128)
    low, high = (LP.get_cmask((128, 128, 3), points, mod) for mod in (0.0, 2.0))
    assert (high > 0).any(axis=2).sum() > (low > 0).any(axis=2).sum()

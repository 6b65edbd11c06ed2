"""Mode plain against the reference's vectors, and against what is made for several outputs."""
import cv2
import numpy as np
import pytest
import test_samplelib_sampleprocessor as vectors
from data_support import make_landmarks, write_face
from sample_support import Calls, image, load_samples, mask

from core import imagelib
from facelib import LandmarksProcessor
from facelib.landmark_masks import EYE_GROUPS, MOUTH_GROUPS
from samplelib import SampleProcessor
from samplelib.plain_render import draw_soft_mask


@pytest.mark.parametrize("number", range(len(vectors.CASES)))
def test_vectors_of_the_reference(tmp_path, monkeypatch, number):
    monkeypatch.setenv("DFL_FEED", "plain")
    vectors.test_fixture_vectors(tmp_path, number)


@pytest.mark.parametrize("size", [33, 96, 224, 321, 512])
def test_masks_over_the_whole_picture_are_those_of_the_box(size):
    offsets = [0, -0.4 * size, 2 * size] + [0.031 * i * size for i in range(-8, 9)]
    for seed, offset in enumerate(offsets, 1):
        landmarks = make_landmarks(size, seed) + offset
        for draw, groups in ((LandmarksProcessor.get_image_eye_mask, EYE_GROUPS),
                             (LandmarksProcessor.get_image_mouth_mask, MOUTH_GROUPS)):
            expected = draw((size, size, 3), landmarks)
            assert (draw_soft_mask((size, size, 1), landmarks, groups) == expected).all()


def test_outputs_share_the_decoded_picture_only(tmp_path, monkeypatch):
    sample, = load_samples([write_face(tmp_path / "a.jpg", size=96)])
    calls = Calls(monkeypatch)
    calls.watch(cv2, "imdecode")
    calls.watch(imagelib, "gen_warp_params")
    calls.watch(LandmarksProcessor, "get_image_hull_mask")
    np.random.seed(1)
    SampleProcessor.process([sample], SampleProcessor.Options(),
                            [image(), image(warp=False), mask(), mask()], False, feed="plain")
    assert calls.count == dict(imdecode=1, gen_warp_params=4, get_image_hull_mask=2)

"""utils/: what plug-ins of the MVE fork import (spec 82 section A), on rendered faces."""
from pathlib import Path

import cv2
import numpy as np
import pytest

from facelib import FaceType, LandmarksProcessor
from samplelib import SampleLoader, SampleType
from utils.label_face import label_face_filename
from utils.train_status_export import data_format_change, prepare_sample


@pytest.fixture(scope='module')
def sample(facesets):
    return SampleLoader.load(SampleType.FACE, facesets.src)[0]


@pytest.mark.parametrize('dtype, white', [(np.float32, 1), (np.uint8, 255)])
def test_label_is_drawn_in_white_on_a_copy(dtype, white):
    face = np.zeros((64, 200, 3), dtype)
    labelled = label_face_filename(face, '00001_0.jpg')
    assert labelled.dtype == dtype and (face == 0).all() and labelled.max() > 0.9 * white
    expected = face.copy()
    cv2.putText(expected, '00001_0.jpg', (5, 54), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (white,) * 3, 1,
                cv2.LINE_AA)
    np.testing.assert_array_equal(labelled, expected)
    rows = np.flatnonzero(labelled.any(axis=(1, 2)))
    assert 38 <= rows.min() and rows.max() <= 60
    flipped = label_face_filename(face[:, ::-1], 'x')       # a view that OpenCV cannot draw into
    assert flipped.any()
    assert label_face_filename(face, '\udcff.jpg').any()     # OpenCV alone ends the process


def test_data_format_change():
    image = np.arange(24).reshape(2, 4, 3)
    assert data_format_change(image).shape == (1, 3, 2, 4)
    np.testing.assert_array_equal(data_format_change(image)[0, 1], image[..., 1])
    assert data_format_change(image[..., 0]).shape == (1, 1, 2, 4)


def test_sample_of_the_models_type_and_size_is_handed_through(sample):
    bgr, mask, mask_em = prepare_sample(sample, {}, 64, FaceType.WHOLE_FACE)
    stored = cv2.imread(sample.filename).astype(np.float32) / 255
    np.testing.assert_array_equal(bgr, stored)
    hull = LandmarksProcessor.get_image_hull_mask((64, 64, 3), sample.landmarks)
    np.testing.assert_array_equal(mask, np.clip(hull, 0, 1))
    assert mask.shape == mask_em.shape == (64, 64, 1)
    np.testing.assert_array_equal(mask, mask_em)
    assert {x.dtype for x in (bgr, mask, mask_em)} == {np.dtype(np.float32)}


@pytest.mark.parametrize('key', ['eyes_prio', 'mouth_prio'])
def test_priorities_raise_eyes_and_mouth(sample, key):
    _, face, _ = prepare_sample(sample, {}, 64, FaceType.WHOLE_FACE)
    _, mask, mask_em = prepare_sample(sample, {key: True}, 64, FaceType.WHOLE_FACE)
    assert set(np.unique(mask_em)) == {0.0, 1.0}
    np.testing.assert_array_equal(mask_em, face > 0)
    eyes = LandmarksProcessor.get_image_eye_mask((64, 64, 3), sample.landmarks)
    mouth = LandmarksProcessor.get_image_mouth_mask((64, 64, 3), sample.landmarks)
    only_eyes, in_mouth = (eyes > 0.5) & (mouth == 0), mouth > 0.5
    assert (mask[only_eyes] > 1).all() and (mask[only_eyes] <= 2).all() and only_eyes.any()
    assert (mask[in_mouth] > 2).all() and in_mouth.any()
    outside = (eyes <= 0.1) & (mouth <= 0.1)
    np.testing.assert_array_equal(mask[outside], face[outside])


@pytest.mark.parametrize('face_type, resolution', [(FaceType.FULL, 64), (FaceType.FULL, 96),
                                                   (FaceType.WHOLE_FACE, 96)])
def test_another_type_is_warped_and_another_size_resized(sample, face_type, resolution):
    bgr, mask, mask_em = prepare_sample(sample, {}, resolution, face_type)
    size = (resolution, resolution)
    assert bgr.shape == size + (3,) and mask.shape == mask_em.shape == size + (1,)
    stored = cv2.imread(sample.filename).astype(np.float32) / 255
    if face_type == FaceType.WHOLE_FACE:
        expected = cv2.resize(stored, size, interpolation=cv2.INTER_LINEAR)
    else:
        matrix = LandmarksProcessor.get_transform_mat(sample.landmarks, resolution, face_type)
        expected = cv2.warpAffine(stored, matrix, size, flags=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(bgr, expected)


def test_a_custom_sample_is_never_aligned(sample, monkeypatch):
    monkeypatch.setattr(sample, 'face_type', FaceType.CUSTOM, raising=True)
    bgr, _, _ = prepare_sample(sample, {}, 48, FaceType.HEAD)
    stored = cv2.imread(sample.filename).astype(np.float32) / 255
    np.testing.assert_array_equal(bgr, cv2.resize(stored, (48, 48)))


def test_an_applied_mask_is_the_face_mask(tmp_path, facesets):
    from DFLIMG import DFLJPG
    path = tmp_path / '00000_0.jpg'
    path.write_bytes(Path(str(sorted(facesets.src.glob('*.jpg'))[0])).read_bytes())
    face = DFLJPG.load(str(path))
    disc = np.zeros((32, 32, 1), np.float32)
    disc[8:24, 8:24] = 1
    face.set_xseg_mask(disc)
    face.save()
    sample = SampleLoader.load(SampleType.FACE, tmp_path)[0]
    _, mask, _ = prepare_sample(sample, {}, 64, FaceType.WHOLE_FACE)
    assert mask.shape == (64, 64, 1) and 0 <= mask.min() and mask.max() <= 1
    assert (mask[20:44, 20:44] > 0.9).all() and mask[:12].max() < 0.1

"""What the outputs of one sample share (spec 30 sections 6.2 and 8.3, architecture rule 5)."""
import cv2
import numpy as np
import pytest
from data_support import make_landmarks, write_face
from sample_support import CT, MT, ST, Calls, image, load_samples, mask, process

from core import imagelib
from facelib import FaceType, LandmarksProcessor
from samplelib import Sample, prepared_sample
from samplelib.prepared_sample import (PreparedSample, image_to_float, make_full_face_mask,
                                       raise_eyes_and_mouth)


@pytest.fixture
def face(tmp_path):
    sample, = load_samples([write_face(tmp_path / "a.jpg", size=96, seed=3)])
    return sample


def with_changes(sample, **changes):
    fields = dict(sample_type=sample.sample_type, filename=sample.filename,
                  face_type=sample.face_type, shape=sample.shape, landmarks=sample.landmarks)
    return Sample(**dict(fields, **changes))


# -- once a sample, whatever the number of outputs

EVERY_KIND = [image(), image(warp=False), image(channel_type=CT.G), image(channels=1),
              image(random_hsv_shift_amount=0.1), image(ct_mode="rct"), image(ct_mode="rct"),
              image(ct_mode="mkl"), mask(MT.FULL_FACE), mask(MT.EYES), mask(MT.EYES_MOUTH),
              mask(MT.FULL_FACE_EYES), mask(MT.NONE), mask(MT.FULL_FACE, warp=True),
              image(face_type=FaceType.FULL), mask(face_type=FaceType.FULL),
              dict(sample_type=ST.LANDMARKS_ARRAY), dict(sample_type=ST.IMAGE, resolution=64),
              dict(sample_type=ST.PITCH_YAW_ROLL, resolution=64)]


def watch(monkeypatch):
    calls = Calls(monkeypatch)
    calls.watch(cv2, "imdecode")
    calls.watch(prepared_sample, "draw_affine")
    calls.watch(prepared_sample, "draw_elastic_field")
    calls.watch(imagelib, "color_transfer")
    for name in ("get_image_hull_mask", "get_image_eye_mask", "get_image_mouth_mask",
                 "get_transform_mat", "estimate_pitch_yaw_roll"):
        calls.watch(LandmarksProcessor, name)
    return calls.count


def test_everything_is_made_once(face, tmp_path, monkeypatch):
    other, = load_samples([write_face(tmp_path / "b.jpg", size=80, seed=9)])
    count = watch(monkeypatch)
    process(face, EVERY_KIND * 2, ct_sample=other)
    assert count == dict(
        imdecode=2,           # the face and the colour sample
        draw_affine=3,        # twice more for the HSV shifts, which draw behind it
        draw_elastic_field=1,
        color_transfer=2,     # rct and mkl
        get_image_hull_mask=1, get_image_eye_mask=1, get_image_mouth_mask=1,
        get_transform_mat=1,  # to the other face type
        estimate_pitch_yaw_roll=1)


def test_nothing_is_made_that_no_output_needs(face, monkeypatch):
    count = watch(monkeypatch)
    process(face, [image()], ct_sample=face)
    assert count == dict(imdecode=1, draw_affine=1, draw_elastic_field=1, color_transfer=0,
                         get_image_hull_mask=0, get_image_eye_mask=0, get_image_mouth_mask=0,
                         get_transform_mat=0, estimate_pitch_yaw_roll=0)


def test_an_applied_mask_is_decoded_once(face, monkeypatch):
    masked = with_changes(face, xseg_mask=np.ones((32, 32, 1), np.float32))
    count = watch(monkeypatch)
    process(masked, EVERY_KIND)
    assert count["imdecode"] == 2 and count["get_image_hull_mask"] == 0


def test_geometry_is_drawn_per_resolution_and_seed_shift(face, monkeypatch):
    count = watch(monkeypatch)
    process(face, [image(), image(rnd_seed_shift=1), image(warp_rnd_seed_shift=1), mask(),
                   image(resolution=80), mask(resolution=80)])
    assert count["draw_affine"] == 3 and count["draw_elastic_field"] == 4


def test_no_maps_are_drawn_for_what_is_not_warped(face, monkeypatch):
    count = watch(monkeypatch)
    process(face, [image(warp=False), mask()])
    assert count["draw_affine"] == 1 and count["draw_elastic_field"] == 0


def test_transfers_that_draw_are_made_for_each_output(face, monkeypatch):
    count = watch(monkeypatch)
    first, second = process(face, [image(ct_mode="sot", warp=False)] * 2, ct_sample=face)
    assert count["color_transfer"] == 2 and not (first == second).all()


def test_outputs_change_nothing_that_others_share(face):
    """Pictures that are handed out are the caller's own."""
    np.random.seed(1)
    prepared = PreparedSample(face, options(), 5, (np.random.RandomState(), ) * 2)
    before = {mask_type: prepared.source_mask(mask_type).copy() for mask_type in MT}
    img = prepared.image(3).copy()
    for value in process(face, [image(warp=False, transform=False, resolution=96),
                                mask(transform=False, resolution=96)]):
        value[...] = 7
    for mask_type in MT:
        assert (prepared.source_mask(mask_type) == before[mask_type]).all()
    assert (prepared.image(3) == img).all()


def options():
    from samplelib import SampleProcessor
    return SampleProcessor.Options()


# -- pictures

def test_table_of_floats_is_exact():
    img = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert (image_to_float(img) == img.astype(np.float32) / 255.0).all()
    assert image_to_float(img).shape == (16, 16, 1)


# -- masks

def test_masks(face):
    full, eyes, eyes_mouth, none, levels = process(
        face, [mask(t, transform=False) for t in (MT.FULL_FACE, MT.EYES, MT.EYES_MOUTH, MT.NONE,
                                                  MT.FULL_FACE_EYES)], random_flip=False)
    assert all(value.shape == (64, 64, 1) for value in (full, eyes, eyes_mouth, none, levels))
    assert none.max() == 0 and eyes_mouth.max() == 1
    assert eyes_mouth.sum() > eyes.sum() > 0 and full.max() == 1
    assert 2 < levels.max() <= 3
    assert (levels[full == 0] == 0).all()


def test_levels_of_the_eyes_mask():
    face, eyes, mouth = (np.float32(x).reshape(1, -1, 1) for x in
                         ([1, 1, 1, 0, 0.5, 1], [0, 0.5, 0.5, 1, 0.05, 0.1], [0, 0, 0.2, 1, 0, 0]))
    expected = [1, 1.5, 2.2, 0, 0.5, 1]
    np.testing.assert_allclose(raise_eyes_and_mouth(face, eyes, mouth).ravel(), expected,
                               rtol=1e-6)


def test_xseg_mask_replaces_the_hull(face):
    hull, = process(face, [mask(transform=False)], random_flip=False)
    left = np.zeros((40, 40, 1), np.float32)
    left[:, :20] = 1
    with_mask = Sample(sample_type=face.sample_type, filename=face.filename, xseg_mask=left,
                       face_type=face.face_type, shape=face.shape, landmarks=face.landmarks)
    value, = process(with_mask, [mask(transform=False)], random_flip=False)
    assert value[:, :28].min() > 1 - 1e-6 and value[:, 36:].max() == 0
    assert not (value == hull).all()


def test_full_face_mask_of_its_own():
    landmarks = make_landmarks(64)
    sample = Sample(landmarks=landmarks, eyebrows_expand_mod=1.5, shape=(64, 64, 3))
    hull = make_full_face_mask(sample, (64, 64, 3))
    assert (hull == LandmarksProcessor.get_image_hull_mask((64, 64, 3), landmarks, 1.5)).all()
    assert not (hull == LandmarksProcessor.get_image_hull_mask((64, 64, 3), landmarks)).all()
    # Bicubic resampling overshoots, the mask does not.
    stripes = np.float32(np.arange(16) % 2)[None, :, None].repeat(16, axis=0)
    sample = Sample(landmarks=landmarks, xseg_mask=stripes, shape=(64, 64, 3))
    value = make_full_face_mask(sample, (64, 64, 3))
    assert value.shape == (64, 64, 1) and value.min() == 0 and value.max() == 1


def test_labelled_polygons_are_no_training_mask(face):
    labelled = with_changes(face, seg_ie_polys=[(1, [[0, 0], [90, 0], [90, 90]])])
    for a, b in zip(process(face, [mask()]), process(labelled, [mask()])):
        assert (a == b).all()


# -- face types

def test_custom_faces_are_only_resized(face):
    custom = Sample(sample_type=face.sample_type, filename=face.filename, landmarks=face.landmarks,
                    face_type=FaceType.CUSTOM, shape=face.shape)
    resized, = process(custom, [image(warp=False, transform=False, face_type=FaceType.FULL)],
                       random_flip=False)
    expected = np.clip(cv2.resize(face.load_bgr(), (64, 64), interpolation=cv2.INTER_CUBIC), 0, 1)
    assert (resized == expected).all()


def test_mask_only_faces_have_no_crop(face):
    for output in (image(), mask(), mask(MT.NONE)):
        with pytest.raises(NotImplementedError, match="mark_only"):
            process(with_changes(face, face_type=FaceType.MARK_ONLY), [output])


def test_height_is_not_examined(tmp_path):
    """Files are square; one whose width fits is taken as it is."""
    sample, = load_samples([write_face(tmp_path / "a.jpg", size=64)])
    value, = process(sample, [image(warp=False, transform=False)], random_flip=False)
    assert (value == sample.load_bgr()).all()

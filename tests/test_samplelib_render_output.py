"""Every kind and option of an output (spec 30 section 6.2)."""
import cv2
import numpy as np
import pytest
from data_support import make_picture, write_face
from sample_support import CT, MT, ST, image, load_samples, mask, process

from DFLIMG import DFLJPG
from facelib import FaceType
from samplelib import Sample, render_output


@pytest.fixture
def face(tmp_path):
    sample, = load_samples([write_face(tmp_path / "a.jpg", size=96, seed=3)])
    return sample


@pytest.fixture
def gray_face(tmp_path):
    sample, = load_samples([write_face(tmp_path / "g.jpg", size=96, seed=3, channels=1)])
    return sample


# -- geometry shared by the outputs

def test_equal_seeds_register_image_and_target(face):
    warped, target = process(face, [image(), image(warp=False)])
    again, shifted = process(face, [image(), image(rnd_seed_shift=5)])
    assert (warped == again).all()
    assert not (warped == target).all() and not (warped == shifted).all()
    same_affine, = process(face, [image(warp=False, warp_rnd_seed_shift=7)])
    assert (same_affine == target).all()
    other_warp, = process(face, [image(warp_rnd_seed_shift=7)])
    assert not (other_warp == warped).all()


def test_flip(face):
    plain, = process(face, [image(warp=False, transform=False)], random_flip=False)
    seen = set()
    for seed in range(12):
        value, yaw = process(face, [image(warp=False, transform=False),
                                    dict(sample_type=ST.PITCH_YAW_ROLL, resolution=64)],
                             seed=seed)
        flipped = bool((value == plain[:, ::-1]).all())
        assert flipped or (value == plain).all()
        assert yaw[1] == (-1 if flipped else 1) * face.get_pitch_yaw_roll()[1]
        seen.add(flipped)
    assert seen == {True, False}


def test_borders(face):
    replicated, = process(face, [image(warp=False)], scale_range=[-0.5, -0.4], random_flip=False)
    black, = process(face, [image(warp=False, border_replicate=False)], scale_range=[-0.5, -0.4],
                     random_flip=False)
    assert black[0, 0].max() == 0 and replicated[0, 0].max() > 0


# -- options

@pytest.mark.parametrize("channel_type, channels", [(CT.BGR, 3), (CT.G, 1), (CT.GGG, 3),
                                                    (CT.LAB_RAND_TRANSFORM, 3)])
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_channel_types_and_formats(face, gray_face, channel_type, channels, data_format):
    shape = (64, 64, channels) if data_format == "NHWC" else (channels, 64, 64)
    for sample in (face, gray_face):
        value, = process(sample, [image(channel_type=channel_type, data_format=data_format)])
        assert value.shape == shape and value.dtype == np.float32
        assert 0 <= value.min() and value.max() <= 1


def test_gray_is_that_of_the_colour_output(face):
    bgr, gray, ggg = process(face, [image(), image(channel_type=CT.G),
                                    image(channel_type=CT.GGG)])
    assert (gray[..., 0] == cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)).all()
    assert (ggg == np.repeat(gray, 3, axis=2)).all()


@pytest.mark.parametrize("channel_type", [CT.BGR, CT.G])
@pytest.mark.parametrize("ct_mode", [None, "rct", "lct", "mkl", "idt", "sot"])
def test_one_channel(face, gray_face, channel_type, ct_mode):
    """channels=1: a colour file and its gray copy train the same."""
    outputs = [image(channel_type=channel_type, channels=1, ct_mode=ct_mode,
                     random_hsv_shift_amount=0.1),
               image(channel_type=channel_type, channels=1, warp=False), mask()]
    rows = [process(sample, outputs, ct_sample=ct_sample)
            for sample in (face, gray_face) for ct_sample in (face, gray_face)]
    for row in rows:
        assert [value.shape for value in row] == [(64, 64, 1)] * 3
        assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in row)
    assert (rows[0][2] == rows[2][2]).all()


def test_gray_from_a_colour_file_equals_the_gray_file(tmp_path):
    face, = load_samples([write_face(tmp_path / "c.jpg", size=96, seed=4)])
    gray = cv2.cvtColor(face.load_image(), cv2.COLOR_BGR2GRAY)
    path = write_face(tmp_path / "g.jpg", size=96, seed=4, channels=1)
    cv2.imwrite(str(tmp_path / "plain.jpg"), gray, [int(cv2.IMWRITE_JPEG_QUALITY), 100])
    plain = DFLJPG.load(str(tmp_path / "plain.jpg"))
    plain.set_dict(DFLJPG.load(str(path)).get_dict())
    plain.save()
    gray_face, = load_samples([tmp_path / "plain.jpg"])
    outputs = [image(channels=1, channel_type=CT.G), image(channels=1, warp=False)]
    for a, b in zip(process(face, outputs), process(gray_face, outputs)):
        assert np.abs(a - b).max() <= 3 / 255


def test_gray_channel_of_the_environment(face, monkeypatch):
    weighted, = process(face, [image(channels=1)])
    monkeypatch.setenv("user_bw_get_color_channel", "2")
    red, = process(face, [image(channels=1)])
    bgr, = process(face, [image()])
    np.testing.assert_allclose(red[..., 0], bgr[..., 2], atol=1e-5)
    assert np.abs(red - weighted).max() > 0.01


def test_nearest_resize_and_tanh(face):
    small, plain, tanh, debug_tanh = (
        process(face, [image(nearest_resize_to=32)])[0], process(face, [image()])[0],
        process(face, [image(normalize_tanh=True)])[0],
        process(face, [image(normalize_tanh=True)], debug=True)[0])
    assert small.shape == (32, 32, 3) and (small == plain[::2, ::2]).all()
    np.testing.assert_allclose(tanh, plain * 2 - 1, atol=1e-6)
    assert debug_tanh.min() >= 0


def test_hsv_shift_takes_numpy_scalars(face):
    shifted, = process(face, [image(random_hsv_shift_amount=np.float64(0.2))])
    plain, = process(face, [image()])
    assert shifted.dtype == np.float32 and np.abs(shifted - plain).max() > 0.01


def test_landmarks_and_angles(face):
    landmarks, angles, shares = process(
        face, [dict(sample_type=t, resolution=64) for t in
               (ST.LANDMARKS_ARRAY, ST.PITCH_YAW_ROLL, ST.PITCH_YAW_ROLL_SIGMOID)],
        random_flip=False)
    assert landmarks.dtype == np.float64
    np.testing.assert_allclose(landmarks * 96, face.landmarks)
    assert angles == face.get_pitch_yaw_roll()[:2]
    np.testing.assert_allclose(shares, [a / np.pi / 2 + 0.5 for a in angles])


def test_plain_image(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), make_picture(64))
    value, = process(Sample(filename=str(path)), [dict(sample_type=ST.IMAGE, resolution=32)],
                     random_flip=False)
    expected = cv2.resize(make_picture(64).astype(np.float32) / 255, (32, 32),
                          interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(value, expected, atol=1e-6)


def test_debug_draws_landmarks(face, gray_face):
    for sample, color in ((face, [0, 1, 0]), (gray_face, [1])):
        value, = process(sample, [image(warp=False, transform=False, resolution=96,
                                        channels=len(color))], debug=True, random_flip=False)
        assert (np.abs(value - np.float32(color)).max(axis=2) < 1e-6).sum() > 30


# -- MVE's sample options (spec 82)

LOSSES = ("random_downsample", "random_noise", "random_blur", "random_jpeg")


@pytest.mark.parametrize("channels", [None, 1])
@pytest.mark.parametrize("name", LOSSES)
def test_quality_is_lost_where_it_is_asked_for(face, gray_face, name, channels):
    for sample in (face, gray_face):
        plain, lost, target = process(sample, [image(channels=channels),
                                               image(channels=channels, **{name: True}),
                                               image(channels=channels)])
        assert lost.shape == plain.shape and lost.dtype == np.float32
        assert 0 <= lost.min() and lost.max() <= 1
        assert (plain == target).all() and np.abs(lost - plain).mean() > 0.003


def test_quality_is_lost_before_hsv_and_warp(face, monkeypatch):
    """Degradations see the aligned picture and their result goes on through the pipeline."""
    seen = []
    monkeypatch.setattr(render_output, "degrade", lambda img, names: seen.append((img, names))
                        or np.full_like(img, 0.5))
    value, = process(face, [image(random_blur=True, random_jpeg=True, warp=False)],
                     random_flip=False)
    expected = cv2.resize(face.load_bgr(), (64, 64), interpolation=cv2.INTER_CUBIC)
    assert (seen[0][0] == expected).all() and seen[0][1] == ["random_blur", "random_jpeg"]
    assert np.abs(value - 0.5).max() < 1e-6
    value, = process(face, [image(random_blur=True, random_hsv_shift_amount=0.5, warp=False)])
    assert np.abs(value - 0.5).max() > 0.02


@pytest.mark.parametrize("option", [True, [{"enabled": True}, {"shadow_low": 0.1}]])
def test_input_and_target_get_the_same_shadow(face, gray_face, option):
    changed = []
    for sample in (face, gray_face):
        for seed in range(8):
            plain, one, two = process(sample, [
                image(warp=False), image(warp=False, random_shadow=option),
                image(warp=False, random_shadow=option)], seed=seed)
            assert (one == two).all() and one.shape == plain.shape
            changed.append(not (one == plain).all())
    assert any(changed) and not all(changed)
    plain, off = process(face, [image(), image(random_shadow=[{"enabled": False}])])
    assert (plain == off).all()


@pytest.mark.parametrize("channels", [None, 1])
@pytest.mark.parametrize("mode", ["fs-aug", "cc-aug"])
def test_colour_augmentations_need_no_colour_sample(face, gray_face, mode, channels):
    for sample in (face, gray_face):
        plain, one, two = process(sample, [image(channels=channels, warp=False),
                                           image(channels=channels, warp=False, ct_mode=mode),
                                           image(channels=channels, warp=False, ct_mode=mode)])
        assert (one == two).all() and not (one == plain).all() and one.shape == plain.shape
        # A colour sample changes nothing.
        with_sample, = process(sample, [image(channels=channels, warp=False, ct_mode=mode)],
                               ct_sample=face)
        assert (with_sample == one).all()


def test_all_options_together(face):
    options = dict({name: True for name in LOSSES}, random_shadow=True, ct_mode="cc-aug",
                   random_hsv_shift_amount=0.1)
    for data_format, shape in (("NHWC", (64, 64, 3)), ("NCHW", (3, 64, 64))):
        value, = process(face, [image(data_format=data_format,
                                      channel_type=CT.LAB_RAND_TRANSFORM, **options)])
        assert value.shape == shape and value.dtype == np.float32
        assert 0 <= value.min() and value.max() <= 1


def test_colours_turned_in_lab_alike_for_input_and_target(face):
    plain, one, two, tanh = process(face, [
        image(warp=False), image(warp=False, channel_type=CT.LAB_RAND_TRANSFORM),
        image(warp=False, channel_type=CT.LAB_RAND_TRANSFORM),
        image(warp=False, channel_type=CT.LAB_RAND_TRANSFORM, normalize_tanh=True)])
    assert (one == two).all() and np.abs(one - plain).max() > 0.01
    np.testing.assert_allclose(tanh, one * 2 - 1, atol=1e-6)


def test_raised_eyes_are_not_renormalised(face):
    levels, eyes_mouth = process(face, [mask(MT.FULL_FACE_EYES, transform=False),
                                        mask(MT.EYES_MOUTH, transform=False)], random_flip=False)
    assert 2 < levels.max() <= 3 and eyes_mouth.max() == 1
    assert ((levels > 1) == (eyes_mouth > 0)).mean() > 0.9


# -- what has no output

def test_faces_without_a_crop_or_landmarks(face):
    face.face_type = FaceType.MARK_ONLY
    with pytest.raises(NotImplementedError):
        process(face, [mask()])
    with pytest.raises(NotImplementedError):
        process(face, [image()])
    face.landmarks = None
    with pytest.raises(ValueError, match="landmarks"):
        process(face, [image()])


def test_unknown_colour_transfer(face):
    with pytest.raises(ValueError, match="ct_mode"):
        process(face, [image(ct_mode="none")], ct_sample=face)

"""One training sample of XSeg (spec 30 section 7.3)."""
import cv2
import numpy as np
import pytest
from data_support import make_landmarks, write_face
from sample_support import load_samples

from core import imagelib
from core.errors import UserError
from core.imagelib import sd
from facelib import FaceType, LandmarksProcessor
from samplelib import Sample, xseg_augment
from samplelib.xseg_augment import (augment_image_and_mask, compose_on_background,
                                    draws_background, load_image_and_mask)

SQUARE = [(1, [[20, 20], [70, 20], [70, 80], [20, 80]]), (0, [[40, 40], [50, 40], [45, 50]])]


@pytest.fixture
def face(tmp_path):
    sample, = load_samples([write_face(tmp_path / "a.jpg", size=96, seed=3, seg_ie_polys=SQUARE)])
    return sample


def with_changes(sample, **changes):
    fields = {name: getattr(sample, name) for name in
              ("sample_type", "filename", "face_type", "shape", "landmarks", "seg_ie_polys",
               "xseg_mask_compressed")}
    return Sample(**dict(fields, **changes))


# -- loading

def test_same_face_type_is_resized(face):
    img, mask = load_image_and_mask(face, 64, FaceType.WHOLE_FACE)
    expected = np.zeros((96, 96, 1), np.float32)
    face.seg_ie_polys.overlay_mask(expected)
    assert expected[45, 45] == 0 and expected[30, 30] == 1
    size = dict(dsize=(64, 64), interpolation=cv2.INTER_LANCZOS4)
    assert (img == cv2.resize(face.load_bgr(), **size)).all()
    assert (mask[..., 0] == cv2.resize(expected, **size)).all()
    assert mask.shape == (64, 64, 1) and img.dtype == mask.dtype == np.float32
    same, mask = load_image_and_mask(face, 96, FaceType.WHOLE_FACE)
    assert (same == face.load_bgr()).all() and (mask == expected).all()


def test_another_face_type_is_aligned(face):
    img, mask = load_image_and_mask(face, 64, FaceType.FULL)
    mat = LandmarksProcessor.get_transform_mat(face.landmarks, 64, FaceType.FULL)
    source = np.zeros((96, 96, 1), np.float32)
    face.seg_ie_polys.overlay_mask(source)
    for value, picture in ((img, face.load_bgr()), (mask[..., 0], source)):
        assert (value == cv2.warpAffine(picture, mat, (64, 64), flags=cv2.INTER_LANCZOS4,
                                        borderMode=cv2.BORDER_CONSTANT)).all()


def test_custom_faces_are_only_resized(face):
    custom = with_changes(face, face_type=FaceType.CUSTOM)
    for a, b in zip(load_image_and_mask(custom, 64, FaceType.FULL),
                    load_image_and_mask(face, 64, FaceType.WHOLE_FACE)):
        assert (a == b).all()


def test_gray_files_are_repeated(tmp_path):
    sample, = load_samples([write_face(tmp_path / "g.jpg", size=64, channels=1,
                                       seg_ie_polys=SQUARE)])
    img, mask = load_image_and_mask(sample, 64, FaceType.WHOLE_FACE)
    assert img.shape == (64, 64, 3) and mask.shape == (64, 64, 1)
    assert (img == img[..., :1]).all()


@pytest.mark.parametrize("side", [96, 256])
def test_an_applied_mask_of_any_size_lies_over_its_face(face, side):
    """The mask's matrix is meant for pixels of the picture."""
    left = np.zeros((side, side, 1), np.float32)
    left[:, :side // 2] = 0.6
    left[:, side // 2:] = 0.4
    sample = with_changes(face, seg_ie_polys=None, xseg_mask=left)
    _, mask = load_image_and_mask(sample, 96, FaceType.WHOLE_FACE)
    assert (mask[:, :47] == 1).all() and (mask[:, 49:] == 0).all()
    _, aligned = load_image_and_mask(sample, 64, FaceType.FULL)
    reference = np.zeros((96, 96), np.float32)
    reference[:, :48] = 1
    mat = LandmarksProcessor.get_transform_mat(face.landmarks, 64, FaceType.FULL)
    expected = cv2.warpAffine(reference, mat, (64, 64), flags=cv2.INTER_LANCZOS4)
    assert np.abs(aligned[..., 0] - expected).mean() < 0.02


def test_polygons_win_over_the_applied_mask(face):
    both = with_changes(face, xseg_mask=np.ones((96, 96, 1), np.float32))
    assert (load_image_and_mask(both, 64, FaceType.WHOLE_FACE)[1]
            == load_image_and_mask(face, 64, FaceType.WHOLE_FACE)[1]).all()


def test_a_face_without_any_mask_is_named(face):
    with pytest.raises(UserError, match="a.jpg"):
        load_image_and_mask(with_changes(face, seg_ie_polys=None), 64, FaceType.FULL)


# -- backgrounds

def test_half_of_the_samples_get_a_background():
    np.random.seed(0)
    assert 70 < sum(draws_background() for _ in range(200)) < 130


def ones(value, side=64):
    return np.full((side, side, 3), value, np.float32)


def test_the_face_stays_and_its_surroundings_are_mixed():
    mask = np.zeros((64, 64, 1), np.float32)
    mask[16:48, 16:48] = 1
    shares = []
    for seed in range(30):
        np.random.seed(seed)
        img = compose_on_background((ones(0.5), mask), (ones(0), np.zeros_like(mask)), 64)
        assert (img[16:48, 16:48] == 0.5).all()
        shares.append(float(img[0, 0, 0]) / 0.5)  # black or a tint of it lies under the picture
    assert min(shares) > 0.14 and max(shares) < 1.2


def test_the_face_of_the_background_does_not_show():
    """Where it was, the picture itself stays."""
    empty = np.zeros((64, 64, 1), np.float32)
    np.random.seed(1)
    img = compose_on_background((ones(0.5), empty), (ones(1), empty + 1), 64)
    np.testing.assert_allclose(img[24:40, 24:40], 0.5, atol=1e-6)


def test_background_draws_in_the_order_of_the_reference(monkeypatch):
    """Geometry, then HSV or levels, then the share."""
    rnd = np.random.RandomState(5)
    params = imagelib.gen_warp_params(64, True, [-180, 180], [-0.1, 0.1], [-0.1, 0.1], [-0.1, 0.1],
                                      rnd_state=rnd, warp_rnd_state=rnd)
    is_hsv = rnd.randint(2) == 0
    share = 0.15 + rnd.uniform() * 0.85
    seen = {}
    monkeypatch.setattr(imagelib, "apply_random_hsv_shift",
                        lambda img: seen.update(hsv=img) or img)
    monkeypatch.setattr(imagelib, "apply_random_rgb_levels",
                        lambda img: seen.update(levels=img) or img)
    np.random.seed(5)
    empty = np.zeros((64, 64, 1), np.float32)
    bg_img = np.random.RandomState(1).rand(64, 64, 3).astype(np.float32)
    img = compose_on_background((ones(0.5), empty), (bg_img, empty), 64)
    assert list(seen) == ["hsv" if is_hsv else "levels"]
    expected = imagelib.warp_by_params(params, bg_img, False, True, True, True)
    assert (list(seen.values())[0] == expected).all()
    np.testing.assert_allclose(img, 0.5 * share + expected * (1 - share), atol=1e-6)


# -- augmentation

def test_output_is_a_picture_and_a_binary_mask():
    rnd = np.random.RandomState(0)
    img = rnd.rand(64, 64, 3).astype(np.float32) * 2 - 0.5
    mask = cv2.GaussianBlur((rnd.rand(64, 64) > 0.5).astype(np.float32), (9, 9), 0)[..., None]
    pictures = []
    for seed in range(12):
        np.random.seed(seed)
        picture, binary = augment_image_and_mask(img, mask, 64)
        assert picture.shape == (64, 64, 3) and binary.shape == (64, 64, 1)
        assert picture.dtype == binary.dtype == np.float32
        assert 0 <= picture.min() and picture.max() <= 1
        assert set(np.unique(binary)) <= {0, 1}
        pictures.append(picture)
    assert not (pictures[0] == pictures[1]).all()
    np.random.seed(11)
    assert (augment_image_and_mask(img, mask, 64)[0] == pictures[11]).all()


def test_picture_and_mask_are_warped_alike(monkeypatch):
    monkeypatch.setattr(xseg_augment, "_degrade", lambda img, resolution: img)
    monkeypatch.setattr(xseg_augment, "_add_glow", lambda img, mask, resolution: img)
    mask = np.zeros((64, 64, 1), np.float32)
    cv2.circle(mask, (30, 34), 20, (1,), -1)
    for seed in range(8):
        np.random.seed(seed)
        picture, binary = augment_image_and_mask(np.repeat(mask, 3, axis=2), mask, 64)
        assert ((picture[..., :1] > 0.5) != binary).mean() < 0.01


def test_filters_are_chosen_and_drawn_in_the_order_of_the_reference(monkeypatch):
    """A filter's circle is drawn before the filter itself, whether or not it is applied."""
    calls = []
    for name in ("hsv_shift", "rgb_levels", "sharpen", "motion_blur", "gaussian_blur",
                 "nearest_resize", "bilinear_resize", "jpeg_compress"):
        def spy(img, *args, mask=None, name=name):
            assert mask == "circle"
            calls.append((name,) + args)
            return img
        monkeypatch.setattr(imagelib, "apply_random_" + name, spy)
    monkeypatch.setattr(sd, "random_circle_faded",
                        lambda size: calls.append("circle %s" % size) or "circle")
    seen = set()
    for seed in range(40):
        del calls[:]
        rnd = np.random.RandomState(seed)
        np.random.seed(seed)
        xseg_augment._degrade(ones(0.5), 64)
        circle = "circle [64, 64]"
        expected = [circle, ("hsv_shift",) if rnd.randint(2) == 0 else ("rgb_levels",)]
        if rnd.randint(2) == 0:
            expected += [circle, ("sharpen", 25, 5)]
        else:
            expected += [circle, ("motion_blur", 25, 5), circle, ("gaussian_blur", 25, 5)]
        resize = "nearest_resize" if rnd.randint(2) == 0 else "bilinear_resize"
        expected += [circle, (resize, 25, 75), circle, ("jpeg_compress", 25)]
        assert calls == expected
        seen |= {call[0] for call in calls if call != circle}
    assert len(seen) == 8


def test_glow_brightens_around_the_inside_with_an_odd_kernel(monkeypatch):
    kernels, blur = [], cv2.GaussianBlur
    monkeypatch.setattr(cv2, "GaussianBlur", lambda img, kernel, sigma: (
        kernels.append(kernel) or blur(img, kernel, sigma)))
    mask = np.zeros((64, 64, 1), np.float32)
    mask[20:40, 20:40] = 1
    np.random.seed(0)
    for _ in range(40):
        img = xseg_augment._add_glow(ones(0.2), mask, 64)
        assert img[30, 30, 0] > 0.22 and img.min() >= 0.2 - 1e-6
    sides = {kernel[0] for kernel in kernels}
    assert all(a == b for a, b in kernels) and all(side % 2 == 1 for side in sides)
    assert min(sides) >= 17 and 55 < max(sides) <= 65


def test_real_faces_go_through(face):
    face.landmarks = make_landmarks(96)
    np.random.seed(2)
    img, mask = load_image_and_mask(face, 64, FaceType.WHOLE_FACE)
    img = compose_on_background((img, mask), load_image_and_mask(face, 64, FaceType.WHOLE_FACE),
                                64)
    picture, binary = augment_image_and_mask(img, mask, 64)
    assert picture.std() > 0.02 and 0.1 < binary.mean() < 0.9

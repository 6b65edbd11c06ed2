"""Batches from the CelebAMask-HQ data set; a tiny one is made here (spec 30 section 7.5)."""
import sys

import cv2
import numpy as np
import pytest
from data_support import make_picture

from core import imagelib
from core.errors import UserError
from samplelib import SampleGeneratorBase, SampleGeneratorFaceCelebAMaskHQ

module = sys.modules["samplelib.SampleGeneratorFaceCelebAMaskHQ"]
MaskType = module.MaskType


def write_mask(folder, name, rows):
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[rows] = 255
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name), mask)


@pytest.fixture
def root(tmp_path):
    """Pictures 0 and 7 with masks in numbered subfolders, as the data set has them."""
    images = tmp_path / "CelebAMask-HQ" / "CelebA-HQ-img"
    masks = tmp_path / "CelebAMask-HQ" / "CelebAMask-HQ-mask-anno"
    images.mkdir(parents=True)
    for number in (0, 7, 9):
        cv2.imwrite(str(images / ("%d.jpg" % number)), make_picture(128, seed=number))
    write_mask(masks / "0", "00000_skin.png", slice(0, 48))
    write_mask(masks / "0", "00000_hair.png", slice(0, 16))
    write_mask(masks / "0", "00000_nose.png", slice(20, 24))
    write_mask(masks / "1", "00007_skin.png", slice(0, 64))
    write_mask(masks / "1", "00007_hat.png", slice(32, 64))
    write_mask(masks / "1", "00009_hair.png", slice(0, 64))  # a face without skin
    (images / "readme.jpg").write_bytes(b"")
    (masks / "Mask.png").write_bytes(b"")
    return tmp_path


def test_mask_types():
    assert {m.name: int(m) for m in MaskType} == dict(
        none=0, cloth=1, ear_r=2, eye_g=3, hair=4, hat=5, l_brow=6, l_ear=7, l_eye=8, l_lip=9,
        mouth=10, neck=11, neck_l=12, nose=13, r_brow=14, r_ear=15, r_eye=16, skin=17, u_lip=18)
    assert module.MaskType_to_name[17] == "skin" and module.MaskType_from_name["hair"] == 4
    assert len(module.MaskType_to_name) == len(module.MaskType_from_name) == 19


def test_a_worker_gives_pictures_and_masks(root):
    generator = SampleGeneratorFaceCelebAMaskHQ(root, batch_size=2, generators_count=1,
                                                data_format="NCHW")
    try:
        assert isinstance(generator, SampleGeneratorBase) and generator.is_initialized()
        pictures, masks = next(generator)
        assert pictures.shape == (2, 3, 256, 256) and masks.shape == (2, 1, 256, 256)
        assert pictures.dtype == masks.dtype == np.float32
        assert 0 <= pictures.min() <= pictures.max() <= 1 and set(np.unique(masks)) <= {0, 1}
    finally:
        generator.close()


def test_debug_whatever_resolution_is_asked_for(root):
    generator = SampleGeneratorFaceCelebAMaskHQ(root, True, 5, 128, 9)
    pictures, masks = next(generator)
    assert pictures.shape == (1, 256, 256, 3) and masks.shape == (1, 256, 256, 1)
    assert generator.generators_count == 1 and iter(generator) is generator


@pytest.fixture
def task(root):
    return SampleGeneratorFaceCelebAMaskHQ(root, True).generators[0].user_param


def test_masks_are_grouped_by_picture(task):
    assert task.ids == [0, 7]
    assert set(task.masks[0]) == {MaskType.skin, MaskType.hair, MaskType.nose}
    assert task.masks[7][MaskType.hat].endswith("00007_hat.png")


def test_the_mask_is_skin_without_hair_and_hat(task):
    for image_id, expected in ((0, slice(16, 48)), (7, slice(0, 32))):
        img, mask = task._load(image_id)
        rows = np.zeros(64, np.float32)
        rows[expected] = 1
        assert mask.shape == (64, 64, 1) and (mask[:, 0, 0] == rows).all()
        assert img.shape == (128, 128, 3) and img.dtype == mask.dtype == np.float32
        assert np.abs(img * 255 - make_picture(128, seed=image_id)).mean() < 4  # a JPEG of it


def test_gray_pictures_are_repeated(task):
    cv2.imwrite(task.images[0], make_picture(64, channels=1))
    img, _ = task._load(0)
    assert img.shape == (64, 64, 3) and (img == img[..., :1]).all()


def test_every_picture_once_an_epoch(task, monkeypatch):
    loaded = []
    load = task._load
    monkeypatch.setattr(task, "_load", lambda number: loaded.append(number) or load(number))
    for _ in range(4):
        task.draw_row()
    assert sorted(loaded[:2]) == sorted(loaded[2:]) == [0, 7]


def test_draws_in_the_order_of_the_reference(monkeypatch):
    """Geometry, HSV, motion blur, Gaussian blur, an unused chance, resize."""
    seen = {}
    monkeypatch.setattr(imagelib, "LinearMotionBlur",
                        lambda img, size, angle: seen.update(motion=(size, angle)) or img)
    blur, resize = cv2.GaussianBlur, cv2.resize
    monkeypatch.setattr(cv2, "GaussianBlur", lambda img, kernel, sigma: seen.update(
        gaussian=kernel) or blur(img, kernel, sigma))
    sizes = []
    monkeypatch.setattr(cv2, "resize", lambda img, size, **kwargs: sizes.append(size)
                        or resize(img, size, **kwargs))
    img = make_picture(64).astype(np.float32) / 255
    mask = np.ones((64, 64, 1), np.float32)
    kinds = set()
    for seed in range(16):
        seen.clear()
        rnd = np.random.RandomState(seed)
        params = imagelib.gen_warp_params(256, True, [-15, 15], [-0.10, 0.95], [-0.3, 0.3],
                                          [-0.3, 0.3], rnd_state=rnd, warp_rnd_state=rnd)
        rnd.randint(360), rnd.random_sample(), rnd.random_sample()
        expected = {}
        chance, size, angle = rnd.randint(100), rnd.randint(5) + 1, rnd.randint(360)
        if chance < 25:
            expected["motion"] = size, angle
        chance, side = rnd.randint(100), rnd.randint(5) * 2 + 1
        if chance < 25:
            expected["gaussian"] = side, side
        rnd.randint(100)
        small = 256 - int(rnd.rand() * int(256 * 0.75))
        del sizes[:]
        np.random.seed(seed)
        _, value = module._augment(img, mask)
        assert seen == expected
        assert (small, small) in sizes
        full = imagelib.warp_by_params(params, resize(mask, (256, 256)), True, True, True, False,
                                       cv2.INTER_LANCZOS4)
        assert (value == (full >= 0.5)).all()
        kinds |= set(seen)
    assert kinds == {"motion", "gaussian"}


def test_an_unreadable_file_is_named_and_replaced(task, capsys):
    with open(task.images[7], "wb") as f:
        f.write(b"damaged")
    batches = module.generate_celeba_batches(task)
    for _ in range(3):
        assert next(batches)[0].shape == (1, 256, 256, 3)
    assert capsys.readouterr().out.count("7.jpg") == 1


def test_no_data_set(root, tmp_path):
    with pytest.raises(UserError, match="CelebA-HQ-img"):
        SampleGeneratorFaceCelebAMaskHQ(tmp_path / "none")
    for path in (root / "CelebAMask-HQ" / "CelebAMask-HQ-mask-anno").rglob("*_skin.png"):
        path.unlink()
    with pytest.raises(UserError, match="no faces with skin masks"):
        SampleGeneratorFaceCelebAMaskHQ(root)

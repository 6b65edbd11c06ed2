"""Random loss of quality (spec 80 section 1.4)."""
import cv2
import numpy as np
import pytest
from data_support import make_picture

from samplelib import degrade as module
from samplelib.degrade import DEGRADATIONS, add_noise, blur, compress, degrade, downsample


def picture(channels=3, size=64):
    noise = np.random.RandomState(0).rand(size, size, channels).astype(np.float32)
    smooth = make_picture(size, seed=5, channels=channels).reshape(size, size, channels) / 255
    return (smooth * 0.6 + noise * 0.3 + 0.05).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name, function", DEGRADATIONS)
def test_each_changes_the_picture_and_draws_from_the_global_generator(name, function, channels):
    img = picture(channels)
    results = []
    for seed in (0, 0, 1):
        np.random.seed(seed)
        results.append(function(img))
    assert results[0].shape == img.shape and results[0].dtype == np.float32
    assert (results[0] == results[1]).all() and not (results[0] == results[2]).all()
    assert np.abs(results[0] - img).max() > 0.02 and (img == picture(channels)).all()


def detail(img):
    return np.abs(np.diff(img, axis=1)).mean()


def test_blur_removes_detail():
    np.random.seed(0)
    assert all(detail(blur(picture())) < 0.5 * detail(picture()) for _ in range(8))


def test_blur_is_of_both_kinds_with_odd_kernels(monkeypatch):
    motion, gaussian = [], []
    monkeypatch.setattr(module.imagelib, "LinearMotionBlur",
                        lambda img, size, angle: motion.append((size, angle)) or img)
    monkeypatch.setattr(cv2, "GaussianBlur",
                        lambda img, kernel, sigma: gaussian.append((kernel, sigma)) or img)
    np.random.seed(0)
    for _ in range(200):
        blur(picture(size=4))
    assert 60 < len(motion) < 140 and len(motion) + len(gaussian) == 200
    assert {size for size, _ in motion} == set(range(10, 20))
    assert all(0 <= angle < 360 for _, angle in motion)
    for (width, height), sigma in gaussian:
        assert width == height and width % 2 == 1 and 3 <= sigma <= 8
        assert abs(width - sigma * (2.9 if sigma < 5 else 2.6)) <= 1


def test_noise_has_the_strength_of_its_kind():
    flat = np.full((80, 80, 3), 0.5, np.float32)
    np.random.seed(0)
    kinds = set()
    for _ in range(40):
        noise = (add_noise(flat) - flat).astype(np.float64) * 255
        if noise.min() >= -1e-3:  # Poisson: one-sided, mean equals variance
            kinds.add("poisson")
            assert 14 < noise.mean() < 31 and abs(noise.var() / noise.mean() - 1) < 0.1
            continue
        kurtosis = (noise ** 4).mean() / noise.var() ** 2
        kinds.add("laplace" if kurtosis > 4 else "normal")
        scale = noise.std() / (np.sqrt(2) if kurtosis > 4 else 1)
        assert abs(noise.mean()) < 2 and 19 < scale < 41
    assert kinds == {"poisson", "laplace", "normal"}


def test_compression_clips_and_uses_every_quality(monkeypatch):
    img = picture() * 3 - 1
    np.random.seed(0)
    result = compress(img)
    assert result.min() >= 0 and result.max() <= 1
    assert np.abs(result - np.clip(img, 0, 1)).mean() < 0.15
    qualities, encode = [], cv2.imencode
    monkeypatch.setattr(cv2, "imencode", lambda suffix, pixels, args: (
        qualities.append(args[1]) or encode(suffix, pixels, args)))
    for _ in range(300):
        compress(picture(size=8))
    assert min(qualities) == 50 and max(qualities) == 84


def test_downsampling_goes_to_an_eighth_to_a_quarter(monkeypatch):
    sizes, resize = [], cv2.resize
    monkeypatch.setattr(cv2, "resize", lambda img, size, interpolation: (
        sizes.append((size, interpolation)) or resize(img, size, interpolation=interpolation)))
    np.random.seed(0)
    img = picture()
    del sizes[:]
    for _ in range(60):
        downsample(img)
    down, up = {size for size, _ in sizes[::2]}, {size for size, _ in sizes[1::2]}
    assert down == {(n, n) for n in range(8, 16)} and up == {(64, 64)}
    assert {interpolation for _, interpolation in sizes} == {cv2.INTER_CUBIC}


def test_all_are_applied_in_varying_order(monkeypatch):
    order = []
    monkeypatch.setattr(module, "DEGRADATIONS", tuple(
        (name, lambda img, name=name: order.append(name) or img) for name, _ in DEGRADATIONS))
    np.random.seed(0)
    names = ["random_blur", "random_jpeg", "random_noise"]
    for _ in range(20):
        degrade(picture(size=4), names)
    rounds = {tuple(order[i:i + 3]) for i in range(0, 60, 3)}
    assert all(sorted(one) == names for one in rounds) and len(rounds) > 3
    del order[:]
    degrade(picture(size=4), [])
    assert order == []

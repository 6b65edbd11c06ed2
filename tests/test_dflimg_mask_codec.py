"""Encoded segmentation masks (spec 30 section 2.8)."""
import cv2
import numpy as np
import pytest

from core.errors import UserError
from DFLIMG.mask_codec import (MAX_ENCODED_MASK, decode_mask, encode_mask, encode_mask_lossless,
                               mask_to_bytes, shrink_encoded_mask)


def noise(side):
    return np.random.RandomState(0).rand(side, side, 1).astype(np.float32)


def test_binary_mask_is_exact_and_png():
    mask = (noise(64) > 0.5).astype(np.float32)
    encoded = encode_mask(mask)
    assert encoded.dtype == np.uint8 and encoded.ndim == 1
    assert bytes(encoded[:4].tolist()) == b"\x89PNG"
    assert (decode_mask(encoded, "f") == mask).all()


def test_values_are_truncated_and_clipped():
    mask = np.float32([[0.0, 0.5, 0.999, 1.0], [-1, 2, 0.2, 0.3]])
    assert mask_to_bytes(mask)[..., 0].tolist() == [[0, 127, 254, 255], [0, 255, 51, 76]]


def test_large_mask_becomes_the_best_jpeg_that_fits():
    pixels = mask_to_bytes(noise(256))
    encoded = encode_mask(noise(256))
    assert len(encoded) <= MAX_ENCODED_MASK
    sizes = {q: len(cv2.imencode(".jpg", pixels, [int(cv2.IMWRITE_JPEG_QUALITY), q])[1])
             for q in (80, 90, 95, 100)}
    assert sizes[100] > MAX_ENCODED_MASK
    assert len(encoded) > MAX_ENCODED_MASK * 0.9  # close to the limit, not just any quality
    assert decode_mask(encoded, "f").shape == (256, 256, 1)


def test_mask_too_large_for_any_quality_is_halved():
    encoded = encode_mask(noise(1024))
    assert len(encoded) <= MAX_ENCODED_MASK
    assert decode_mask(encoded, "f").shape[0] in (256, 512)


def test_shrink():
    encoded = encode_mask(noise(128))
    smaller = shrink_encoded_mask(encoded, len(encoded) // 2)
    assert len(smaller) <= len(encoded) - len(encoded) // 2
    assert shrink_encoded_mask(encoded, len(encoded)) is None


def test_damaged_mask_names_the_file():
    with pytest.raises(UserError) as error:
        decode_mask(np.zeros(20, np.uint8), "00001_0.jpg")
    assert "00001_0.jpg" in str(error.value)


def test_lossless_encoding_has_no_limit():
    encoded = encode_mask_lossless(noise(400))
    assert len(encoded) > MAX_ENCODED_MASK
    assert (decode_mask(encoded, "f") * 255 == mask_to_bytes(noise(400))).all()


def test_pictures_of_three_channels_count_by_their_first():
    mask = np.dstack([noise(16)[..., 0], np.zeros((16, 16), np.float32)])
    assert (mask_to_bytes(mask) == mask_to_bytes(noise(16))).all()
    assert mask_to_bytes(noise(16)[..., 0]).shape == (16, 16, 1)


def test_masks_that_unpack_to_too_much_are_refused():
    bomb = cv2.imencode(".png", np.zeros((5000, 5000), np.uint8))[1].reshape(-1)
    assert len(bomb) < MAX_ENCODED_MASK
    deep = cv2.imencode(".png", np.zeros((16, 16), np.uint16))[1].reshape(-1)
    other = cv2.imencode(".bmp", np.zeros((16, 16), np.uint8))[1].reshape(-1)
    for encoded in (bomb, deep, other, np.zeros(0, np.uint8)):
        with pytest.raises(UserError, match="face.jpg"):
            decode_mask(encoded, "face.jpg")


@pytest.mark.parametrize("encode", [encode_mask, encode_mask_lossless])
@pytest.mark.parametrize("shape", [(3000, 3000, 1), (20, 1000000)])
def test_a_mask_of_more_pixels_than_readers_take_is_halved(encode, shape):
    """What is written can be read again."""
    mask = decode_mask(encode(np.ones(shape, np.float32)), "face.jpg")
    assert mask.min() == 1
    ratio = shape[0] / mask.shape[0]
    assert ratio in (2, 4) and mask.shape == (shape[0] // ratio, shape[1] // ratio, 1)


def test_the_limit_is_that_of_other_writers():
    assert MAX_ENCODED_MASK == 50000

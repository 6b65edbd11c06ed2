import zlib

import cv2
import numpy as np

from core import imagelib
# The function hides its module as an attribute of the package; names are taken by full path.
from core.imagelib.estimate_sharpness import (BETA, BLOCK_HEIGHT, BLOCK_WIDTH, THRESHOLD, WIDTH_JNB,
                                              compute, get_block_contrast, is_edge_block,
                                              marziliano_method, sobel,
                                              _calculate_sharpness_metric)
from imagelib_support import load_pictures, load_vectors, make_smooth

TABLE_IMAGE_CRCS = (2912470804, 3209869164, 2607213152)


def make_table_images():
    """The three images of the table: two sigmas drawn one after the other, and a soft step."""
    rnd = np.random.RandomState(5)
    images = [cv2.GaussianBlur(rnd.randint(0, 256, (160, 192, 3)).astype(np.uint8), (0, 0), sigma)
              for sigma in (2., 5.)]
    step = np.zeros((128, 128, 3), np.uint8)
    step[:, 40:] = 200
    return images + [cv2.GaussianBlur(step, (0, 0), 1.5)]


def test_table():
    # OpenCV below 4.5 blurs bytes otherwise, so the table's images are not quite the same there
    for img, row, crc in zip(make_table_images(), load_vectors()["sharpness"]["values"],
                             TABLE_IMAGE_CRCS):
        limit = 1e-12 if zlib.crc32(img.tobytes()) & 0xffffffff == crc else .02
        assert abs(imagelib.estimate_sharpness(img) - row["estimate_sharpness"]) < limit


def test_pictures_equal_the_reference():
    values = [imagelib.estimate_sharpness((make_smooth(n, 96) * 255).astype(np.uint8))
              for n in "ab"]
    # an input byte that another OpenCV rounds otherwise moves an edge's bucket at most
    np.testing.assert_allclose(values, load_pictures()["sharp"], atol=5e-3)


def test_gray_and_one_channel_inputs():
    img = make_table_images()[0]
    gray = cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)
    values = [imagelib.estimate_sharpness(x) for x in (img, gray, gray[..., None])]
    assert values[0] == values[1] == values[2] > 0


def test_small_and_flat_images_give_zero():
    assert imagelib.estimate_sharpness(np.zeros((40, 40, 3), np.uint8)) == 0
    assert imagelib.estimate_sharpness(np.full((128, 128), 90, np.uint8)) == 0
    assert imagelib.estimate_sharpness(np.zeros((1, 1), np.uint8)) == 0


def walk_widths(edges, img):
    """The metric's definition, pixel by pixel."""
    h, w = img.shape
    gy, gx = np.gradient(img)
    widths = np.zeros(img.shape)
    for row in range(1, h - 1):
        for col in range(1, w - 1):
            if not edges[row, col]:
                continue
            angle = 0.0
            if gx[row, col] != 0:
                angle = np.arctan2(gy[row, col], gx[row, col]) * (180 / np.pi)
            angle = 45 * np.round(angle / 45)
            if abs(angle) == 180:
                sign = 1
            elif angle == 0:
                sign = -1
            else:
                continue
            for left in range(101):
                inner = col - 2 - left
                if inner < 0 or sign * (img[row, inner] - img[row, inner + 1]) <= 0:
                    break
            for right in range(101):
                outer = col + 2 + right
                if outer >= w or sign * (img[row, outer] - img[row, outer - 1]) >= 0:
                    break
            widths[row, col] = (left + 1) + (right + 1)
    return widths


def test_widths_equal_the_walk():
    rnd = np.random.RandomState(0)
    noise = cv2.GaussianBlur(rnd.randint(0, 256, (40, 60)).astype(np.float64), (0, 0), 2)
    ramp = np.tile(np.concatenate((np.arange(150.), np.arange(150.)[::-1])), (5, 1))
    flat = np.round(noise / 40) * 40                     # plateaus and ties
    for img in (noise, noise[:, ::-1].copy(), ramp, ramp.max() - ramp, flat):
        for edges in (sobel(img), np.ones(img.shape, bool)):
            np.testing.assert_array_equal(marziliano_method(edges, img), walk_widths(edges, img))


def test_parts():
    assert (THRESHOLD, BETA, BLOCK_HEIGHT, BLOCK_WIDTH) == (.002, 3.6, 64, 64)
    assert WIDTH_JNB[50] == 5 and WIDTH_JNB[51] == 3 and len(WIDTH_JNB) == 256
    block = np.zeros((64, 64), bool)
    block.ravel()[:8] = True
    assert not is_edge_block(block, THRESHOLD)
    block.ravel()[8] = True
    assert is_edge_block(block, THRESHOLD)
    assert get_block_contrast(np.array([[3.2, 60.9]])) == 57
    assert compute(make_table_images()[0][..., 0]) > 0


def test_which_edges_count_as_sharp():
    """Buckets below 64 percent; 3 pixels are just noticeable, 5 where the contrast is at most 50.
    """
    edges = np.ones((64, 64), bool)
    for contrast, jnb in ((50, 5), (51, 3), (200, 3)):
        image = np.zeros((64, 64))
        image[0] = contrast
        widths = np.zeros((64, 64))
        bucket_63, bucket_64 = (jnb * (-np.log(1 - p)) ** (1 / BETA) for p in (.63, .64))
        widths[1], widths[2:5] = bucket_63, bucket_64
        assert abs(_calculate_sharpness_metric(image, edges, widths) - .25) < 1e-12

"""core/picture_header.py: sizes that a file declares, and whether it can hold them."""
import cv2
import numpy as np
import pytest
from mutation_pickles import declare_size
from mutation_support import make_progressive_bomb

from core.picture_header import is_size_plausible, read_picture_size


def encode(suffix, shape, value=0, *flags):
    return cv2.imencode(suffix, np.full(shape, value, np.uint8), list(flags))[1].tobytes()


@pytest.mark.parametrize("suffix, flags", [
    (".png", ()), (".jpg", ()), (".jpg", (int(cv2.IMWRITE_JPEG_PROGRESSIVE), 1)),
    (".jpg", (int(cv2.IMWRITE_JPEG_RST_INTERVAL), 4))])
@pytest.mark.parametrize("shape", [(5, 9), (33, 17, 3)])
def test_size(suffix, flags, shape):
    assert read_picture_size(encode(suffix, shape, 7, *flags)) == shape[:2]


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"\xff\xd8", b"\xff\xd8\xff" + bytes(50),
                                  b"\xff\xd8" + b"\xff" * 50, b"BM" + bytes(80)])
def test_no_size(data):
    assert read_picture_size(data) is None and is_size_plausible(data)


def test_fill_bytes_and_strange_markers_before_the_frame():
    data = encode(".jpg", (5, 9))
    assert read_picture_size(data[:2] + b"\xff\xff\xff\x01" + data[2:]) == (5, 9)
    assert read_picture_size(data[:2] + b"\xff\xfe\x00\x04ab" + data[2:]) == (5, 9)


@pytest.mark.parametrize("suffix, flags", [
    (".png", ()), (".jpg", ()), (".jpg", (int(cv2.IMWRITE_JPEG_PROGRESSIVE), 1)),
    (".png", (int(cv2.IMWRITE_PNG_BILEVEL), 1))])
def test_the_emptiest_of_genuine_pictures_are_plausible(suffix, flags):
    assert is_size_plausible(encode(suffix, (6000, 6000), 0, *flags))
    assert is_size_plausible(encode(suffix, (3000, 2000), 255, *flags))


def test_too_many_pixels_for_the_bytes():
    png = np.frombuffer(encode(".png", (16, 16)), np.uint8)
    assert not is_size_plausible(declare_size(png, 30000).tobytes())
    jpeg = bytearray(encode(".jpg", (16, 16, 3)))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5:frame + 9] = b"\x7f\xff" * 2
    assert not is_size_plausible(bytes(jpeg))


def test_the_same_scan_a_thousand_times():
    face = encode(".jpg", (16, 16, 3))
    assert is_size_plausible(make_progressive_bomb(face, 2))
    assert not is_size_plausible(make_progressive_bomb(face, 1000))

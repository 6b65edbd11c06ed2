import os

import numpy as np
import pytest

from core import cv2ex
from core.cv2ex import cv2

BGR = np.random.RandomState(0).randint(0, 256, (20, 30, 3)).astype(np.uint8)


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / 'папка 顔'
    folder.mkdir()
    return folder / 'face ü.png'


def test_star_export():
    names = {}
    exec("from core.cv2ex import *", names)
    assert {'cv2', 'np', 'Path', 'io', 'imagelib', 'traceback', 'cv2_imread', 'cv2_imwrite',
            'cv2_resize', 'cv2_imread_color_as_grayscale'} <= set(names)


@pytest.mark.parametrize('img', [
    BGR, BGR[..., 0], np.dstack([BGR, BGR[..., :1]]), BGR.astype(np.uint16) * 257])
def test_round_trip(path, img):
    """Colour, gray (two dimensions), alpha and 16 bits."""
    assert cv2ex.cv2_imwrite(path, img)
    read = cv2ex.cv2_imread(path)
    assert read.dtype == img.dtype
    np.testing.assert_array_equal(read, img)
    assert os.listdir(str(path.parent)) == [path.name]


def test_one_channel_with_axis_is_a_gray_file(path):
    cv2ex.cv2_imwrite(str(path), BGR[..., :1])
    assert cv2ex.cv2_imread(str(path)).shape == (20, 30)


def test_flags_loader_and_parameters(path):
    jpg = path.with_suffix('.jpg')
    cv2ex.cv2_imwrite(jpg, BGR, [cv2.IMWRITE_JPEG_QUALITY, 30])
    low = jpg.stat().st_size
    cv2ex.cv2_imwrite(jpg, BGR, [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert jpg.stat().st_size > low
    asked = []

    def load(filename):
        asked.append(filename)
        return bytearray(jpg.read_bytes())
    img = cv2ex.cv2_imread('any name', cv2.IMREAD_GRAYSCALE, loader_func=load)
    assert img.shape == (20, 30) and asked == ['any name']


def test_unreadable_files_give_none_and_a_line(path, capsys):
    assert cv2ex.cv2_imread(path) is None
    assert 'FileNotFoundError' in capsys.readouterr().out
    for content in (b'', b'no image'):
        path.write_bytes(content)
        assert cv2ex.cv2_imread(path) is None
        assert path.name in capsys.readouterr().out
        assert cv2ex.cv2_imread(path, verbose=False) is None
        assert capsys.readouterr().out == ''
    assert cv2ex.cv2_imread_color_as_grayscale(path, verbose=False) is None


def test_failing_write_is_reported_and_keeps_the_old_file(path, capsys, monkeypatch):
    assert cv2ex.cv2_imwrite(path.parent / 'missing' / 'x.png', BGR) is False
    assert 'Unable to write' in capsys.readouterr().out
    cv2ex.cv2_imwrite(path, BGR)
    old = path.read_bytes()

    def refuse(*_):
        raise OSError('refused')
    monkeypatch.setattr(os, 'replace', refuse)
    assert cv2ex.cv2_imwrite(path, BGR[:5]) is False
    assert path.read_bytes() == old and os.listdir(str(path.parent)) == [path.name]


def test_encoded_bytes_are_those_of_the_file(path):
    parameters = [cv2.IMWRITE_JPEG_QUALITY, 50]
    path = path.with_suffix('.jpg')
    cv2ex.cv2_imwrite(path, BGR, parameters)
    assert cv2ex.cv2_encode('.jpg', BGR, parameters) == path.read_bytes()


def test_unknown_suffix_raises(path):
    with pytest.raises(cv2.error):
        cv2ex.cv2_imwrite(path.with_suffix('.nothing'), BGR)


def test_resize_keeps_the_channel_axis():
    for channels in (1, 3, 4):
        img = np.zeros((8, 6, channels), np.float32)
        assert cv2ex.cv2_resize(img, (3, 4)).shape == (4, 3, channels)
    assert cv2ex.cv2_resize(np.zeros((8, 6), np.float32), (3, 4)).shape == (4, 3)
    same = cv2ex.cv2_resize(BGR, (10, 10), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(same, cv2.resize(BGR, (10, 10), interpolation=cv2.INTER_NEAREST))


def test_read_as_gray(path, monkeypatch):
    for name in ('user_bw_get_color_channel', 'DFL_GRAY_CHANNEL'):
        monkeypatch.delenv(name, raising=False)
    weighted = np.rint(BGR.astype(np.float64) @ [0.114, 0.587, 0.299])
    cv2ex.cv2_imwrite(path, BGR)
    gray = cv2ex.cv2_imread_color_as_grayscale(path)
    assert gray.dtype == np.uint8 and np.abs(gray - weighted).max() <= 1
    for channel in (0, 1, 2):
        monkeypatch.setenv('user_bw_get_color_channel', str(channel))
        np.testing.assert_array_equal(cv2ex.cv2_imread_color_as_grayscale(path), BGR[..., channel])
    # A gray file stays as it is.
    cv2ex.cv2_imwrite(path, BGR[..., 1])
    np.testing.assert_array_equal(cv2ex.cv2_imread_color_as_grayscale(path), BGR[..., 1])


def test_to_gray_and_to_bgr():
    for img in (BGR, BGR[..., 0], BGR[..., :1], np.dstack([BGR, BGR[..., :1]])):
        assert cv2ex.to_gray(img).shape == (20, 30, 1) and cv2ex.to_bgr(img).shape == (20, 30, 3)
    assert (cv2ex.to_bgr(BGR[..., 1]) == BGR[..., 1:2]).all()
    assert cv2ex.to_gray(BGR, 2)[3, 4, 0] == BGR[3, 4, 2]


def test_a_header_that_promises_gigabytes_is_not_believed(path, capsys):
    cv2ex.cv2_imwrite(path, np.zeros((16, 16), np.uint8))
    data = bytearray(path.read_bytes())
    data[16:24] = b"\0\0\x75\x30" * 2    # 30,000 x 30,000
    path.write_bytes(data)
    assert cv2ex.cv2_imread(path) is None
    assert path.name in capsys.readouterr().out

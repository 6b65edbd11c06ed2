import cv2
import numpy as np
import pytest

from core.errors import UserError
from merger.frame_pixels import (FramePixels, cut, is_empty, join_windows, move_window,
                                 read_frame)


def make_frame(channels=3, dtype=np.uint8):
    top = 256 if dtype == np.uint8 else 65536
    shape = (20, 30) if channels == 1 else (20, 30, channels)
    return np.random.RandomState(1).randint(0, top, shape).astype(dtype)


def test_windows():
    img = np.arange(12).reshape(3, 4)
    assert cut(img, (1, 0, 3, 2)).tolist() == [[1, 2], [5, 6]]
    assert is_empty((3, 0, 3, 5)) and is_empty((0, 5, 2, 5)) and not is_empty((0, 0, 1, 1))
    assert join_windows((0, 5, 2, 9), (1, 3, 8, 6)) == (0, 3, 8, 9)
    assert join_windows((4, 4, 4, 9), (1, 3, 8, 6)) == (1, 3, 8, 6)
    assert join_windows((1, 3, 8, 6), (4, 4, 4, 9)) == (1, 3, 8, 6)
    assert move_window((1, 2, 3, 4), -1, 10) == (0, 12, 2, 14)


def test_floats_of_a_window_are_those_of_the_frame():
    frame = make_frame()
    whole = frame.astype(np.float32) / 255.0
    window = (3, 5, 20, 9)
    for pixels in (FramePixels(frame), FramePixels(frame, whole)):
        part = pixels.get_floats(window)
        assert part.dtype == np.float32 and (part == whole[5:9, 3:20]).all()
        assert (pixels.get_floats(pixels.whole) == whole).all()
    # and they go back to the same bytes
    assert ((whole * 255).astype(np.uint8) == frame).all()


def test_kept_values_are_made_once():
    pixels, made = FramePixels(make_frame()), []
    for _ in range(3):
        assert pixels.get_kept("a", lambda: made.append(1) or 5) == 5
    assert made == [1]


@pytest.mark.parametrize("suffix", (".png", ".tif"))
def test_frames_of_all_kinds(tmp_path, suffix):
    path = str(tmp_path / ("a" + suffix))
    color, gray = make_frame(), make_frame(1)
    cv2.imwrite(path, color)
    assert (read_frame(path) == color).all()
    cv2.imwrite(path, gray)
    assert (read_frame(path) == gray[..., None].repeat(3, 2)).all()
    cv2.imwrite(path, make_frame(4))
    assert (read_frame(path) == make_frame(4)[..., :3]).all()
    deep = make_frame(3, np.uint16)
    cv2.imwrite(path, deep)
    read = read_frame(path)
    assert read.dtype == np.uint8 and read.flags.c_contiguous
    assert np.abs(read - deep / 257.0).max() <= 0.5
    cv2.imwrite(path, color)
    read = read_frame(path, is_gray=True)
    assert (read == cv2.cvtColor(color, cv2.COLOR_BGR2GRAY)[..., None]).all()


def test_frames_that_cannot_be_read(tmp_path):
    path = tmp_path / "broken.png"
    for data in (b"", b"\x89PNG\r\n\x1a\n broken"):
        path.write_bytes(data)
        with pytest.raises(UserError) as info:
            read_frame(path)
        assert "broken.png" in info.value.what and info.value.remedies
    with pytest.raises(UserError):
        read_frame(tmp_path / "none.png")
    path = tmp_path / "deep.tif"
    assert cv2.imwrite(str(path), make_frame().astype(np.float32))
    with pytest.raises(UserError) as info:
        read_frame(path)
    assert "float32" in info.value.what

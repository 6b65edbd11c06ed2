"""core/frame_image.py: frames that have lost their end. (Depths and channels are tested where
frames are merged: test_merger_frame_pixels.py.)"""
import cv2
import numpy as np
import pytest

from core.errors import UserError
from core.frame_image import is_cut_off, read_frame

PICTURE = np.random.RandomState(0).randint(0, 256, (40, 50, 3)).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_pictures_without_their_end_are_refused(suffix, tmp_path):
    data = cv2.imencode(suffix, PICTURE)[1].tobytes()
    path = tmp_path / ("a" + suffix)
    path.write_bytes(data)
    assert read_frame(path, must_be_whole=True).shape == PICTURE.shape
    path.write_bytes(data + b"something of a camera's")
    assert read_frame(path, must_be_whole=True).shape == PICTURE.shape
    path.write_bytes(data[:-100])
    with pytest.raises(UserError, match="cannot be read"):
        read_frame(path, must_be_whole=True)


def test_a_preview_has_an_end_of_its_own():
    whole = cv2.imencode(".jpg", PICTURE)[1].tobytes()
    preview = cv2.imencode(".jpg", PICTURE[:8, :8])[1].tobytes()
    assert not is_cut_off(whole[:2] + preview + whole[2:])
    assert is_cut_off(whole[:2] + preview + whole[2:-50])
    assert not is_cut_off(b"II*\x00 a TIFF") and not is_cut_off(b"")

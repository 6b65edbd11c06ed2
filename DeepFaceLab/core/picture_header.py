"""What a picture file says about its size, before anything is decoded.

A decoder reserves and fills what the header declares: a file of 10 KB can ask for gigabytes.
"""
import struct
from typing import Optional, Tuple

# Files are believed up to this many pixels, and beyond it if they are long enough to code them.
FREE_PIXELS = 1 << 22
_JPEG_PIXELS_PER_BYTE = 1024    # a bit for a block of 8 x 8, and some reserve
_JPEG_SCANS = 16                # a progressive picture is gone over some ten times
_SCAN_HEADER = b"\xff\xda"
_DEFLATE_RATIO = 1032           # the most that a PNG's compression can do

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}    # by colour type


def read_picture_size(data: bytes) -> Optional[Tuple[int, int]]:
    """(height, width) that the header of a PNG or JPEG declares; None for anything else."""
    if data[:8] == _PNG and len(data) >= 33:
        width, height = struct.unpack_from(">II", data, 16)
        return height, width
    return _read_jpeg_size(data) if data[:3] == b"\xff\xd8\xff" else None


def _read_jpeg_size(data: bytes) -> Optional[Tuple[int, int]]:
    place = 2
    while place + 9 <= len(data):
        if data[place] != 0xFF:    # decoders look for the next marker, too
            place = data.find(b"\xff", place)
            if place < 0:
                return None
            continue
        marker = data[place + 1]
        if marker in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return height, width
        if marker == 0xFF:
            place += 1
        elif marker in (0x00, 0x01, 0xD8) or 0xD0 <= marker <= 0xD7:
            place += 2
        else:
            place += 2 + max(2, struct.unpack_from(">H", data, place + 2)[0])
    return None


def is_size_plausible(data: bytes) -> bool:
    """False for a PNG or JPEG that declares far more pixels than its bytes can hold, or has them
    decoded over and over."""
    size = read_picture_size(data)
    if size is None:
        return True
    pixels = size[0] * size[1]
    if data[:8] == _PNG:
        bits = data[24] * _PNG_CHANNELS.get(data[25], 4)
        return pixels <= FREE_PIXELS or pixels * bits <= 8 * _DEFLATE_RATIO * len(data)
    allowed = max(FREE_PIXELS, _JPEG_PIXELS_PER_BYTE * len(data))
    return pixels <= allowed and pixels * data.count(_SCAN_HEADER) <= _JPEG_SCANS * allowed

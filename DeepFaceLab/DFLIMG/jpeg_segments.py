"""JPEG files as a list of segments: parse, write, read the frame size (spec 30 section 2.4).

A segment is a dict: `name` (None for markers without a known name), `m_h` (second marker byte),
`data` (payload; None for markers without a length) and `ex_data` (entropy-coded bytes that follow
a scan header, else None).
"""
import struct
from typing import Any, BinaryIO, Dict, List, Optional, Tuple

Segment = Dict[str, Any]

SOI, EOI, SOS, DRI = 0xD8, 0xD9, 0xDA, 0xDD
APP0, APP15 = 0xE0, 0xEF

# A payload and its two length bytes have to fit a 16-bit length.
MAX_PAYLOAD = 0xFFFF - 2

# A colour profile takes 255, all else some dozens; a file of 40 MB could hold 20 million, in 4 GB.
MAX_SEGMENTS = 10000

_NAMES = {SOI: "SOI", EOI: "EOI", SOS: "SOS", 0xDB: "DQT", DRI: "DRI", 0xC0: "SOF0", 0xC2: "SOF2",
          0xC4: "DHT"}
_NAMES.update({0xD0 + i: "RST%d" % i for i in range(8)})
_NAMES.update({APP0 + i: "APP%d" % i for i in range(16)})

_WITHOUT_LENGTH = frozenset(list(range(0xD0, 0xD8)) + [SOI, EOI])
# Start-of-frame markers; C4, C8 and CC stand among them but mean something else.
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class CorruptJpegError(Exception):
    """The bytes are no chain of JPEG segments."""

    def __init__(self, reason: str):
        super().__init__("Corrupted JPG file: " + reason)


def parse_segments(data: bytes) -> Tuple[List[Segment], bytes]:
    """Split a JPEG file into segments.

    Arguments:
        data: the whole file. It may end anywhere: the last segment is then short.

    Returns (segments, tail); the tail is what follows the end-of-image marker, or the bytes at the
    end of a cut file that are not a whole segment header. Raises CorruptJpegError.
    """
    segments: List[Segment] = []
    pos, end = 0, len(data)
    while pos < end:
        if data[pos] != 0xFF:
            raise CorruptJpegError("no marker at byte %d" % pos)
        start = pos
        pos += 1
        while pos < end and data[pos] == 0xFF:  # fill bytes
            pos += 1
        if pos == end:
            return segments, data[start:]
        if len(segments) == MAX_SEGMENTS:
            raise CorruptJpegError("more than %d segments" % MAX_SEGMENTS)
        marker = data[pos]
        pos += 1
        if marker == SOI and segments:
            raise CorruptJpegError("a second image starts at byte %d" % start)

        payload = entropy = None
        if marker not in _WITHOUT_LENGTH:
            if end - pos < 2:
                return segments, data[start:]
            length, = struct.unpack_from(">H", data, pos)
            if length < 2:
                raise CorruptJpegError("segment length %d at byte %d" % (length, pos))
            payload = data[pos + 2:pos + length]
            pos += length
        if marker == SOS:
            scan_end = data.find(b"\xff\xd9", pos)
            scan_end = end if scan_end < 0 else scan_end
            entropy = data[pos:scan_end]
            pos = max(pos, scan_end)
        segments.append({"name": _NAMES.get(marker), "m_h": marker, "data": payload,
                         "ex_data": entropy})
        if marker == EOI:
            return segments, data[pos:]
    return segments, b""


def read_header(file: BinaryIO) -> bytes:
    """The bytes in front of a JPEG file's pixels: to the end of its first scan header.

    `file`: buffered, at its start. What is no chain of segments ends the header as well:
    `parse_segments` says the same of the header as of the whole file.
    """
    header = bytearray()    # bytes would be copied for every marker
    for _ in range(MAX_SEGMENTS + 1):
        marker = file.read(2)
        header += marker
        while marker == b"\xff\xff":  # fill bytes
            marker = b"\xff" + file.read(1)
            header += marker[1:]
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] == EOI:
            break
        if marker[1] in _WITHOUT_LENGTH:
            continue
        length = file.read(2)
        if len(length) == 2:
            length += file.read(max(0, struct.unpack(">H", length)[0] - 2))
        header += length
        if len(length) < 2 or marker[1] == SOS:
            break
    return bytes(header)


def is_cut_off(data: bytes, segment: Segment) -> bool:
    """Whether the file `data` ends inside the payload of `segment`, its last one."""
    payload = segment["data"]
    if payload is None or not data.endswith(payload):
        return False
    head = len(data) - len(payload) - 2
    return head >= 0 and struct.unpack_from(">H", data, head)[0] > len(payload) + 2


def join_segments(segments: List[Segment], tail: bytes = b"") -> bytes:
    """The file of these segments. Raises ValueError for a payload over `MAX_PAYLOAD` bytes."""
    parts = []
    for segment in segments:
        parts.append(struct.pack("BB", 0xFF, segment["m_h"]))
        payload = segment["data"]
        if payload is not None:
            if len(payload) > MAX_PAYLOAD:
                raise ValueError("A JPEG segment holds %d bytes, not %d."
                                 % (MAX_PAYLOAD, len(payload)))
            parts.append(struct.pack(">H", len(payload) + 2))
            parts.append(payload)
        if segment["ex_data"] is not None:
            parts.append(segment["ex_data"])
    parts.append(tail)
    return b"".join(parts)


def read_shape(segments: List[Segment]) -> Optional[Tuple[int, int, int]]:
    """(height, width, 3) of the frame header, None without one.

    The 3 is part of the interface and stands there for gray files too.
    """
    for segment in segments:
        payload = segment["data"]
        if segment["m_h"] in _FRAME_HEADERS and payload is not None and len(payload) >= 5:
            _, height, width = struct.unpack_from(">BHH", payload)
            return height, width, 3
    return None


def insert_app15(segments: List[Segment], payload: bytes) -> None:
    """Put an APP15 segment behind the last APPn, or behind the first segment, in place."""
    index = 1
    for i, segment in enumerate(segments):
        if segment["m_h"] & 0xF0 == APP0:
            index = i + 1
    segments.insert(index, {"name": "APP15", "m_h": APP15, "data": payload, "ex_data": None})

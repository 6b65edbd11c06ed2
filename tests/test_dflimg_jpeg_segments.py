"""JPEG segment walk: ordinary files, and every odd one of spec 30 section 2.4."""
import io
import time
import struct

import pytest
from data_support import load_fixture, load_json

from DFLIMG.jpeg_segments import (MAX_SEGMENTS, CorruptJpegError, insert_app15, is_cut_off,
                                  join_segments, parse_segments, read_header, read_shape)


def plain():
    return load_fixture("plain_jpg_64x48_b64")


def names(segments):
    return [segment["name"] for segment in segments]


def with_segment(data, marker, payload):
    """`data` with a segment inserted behind its start marker."""
    head = b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload
    return data[:2] + head + data[2:]


@pytest.mark.parametrize("name", ["plain_jpg_64x48_b64", "dfl_jpg_b64", "dfl_jpg_2_b64"])
def test_join_reproduces_the_file(name):
    data = load_fixture(name)
    segments, tail = parse_segments(data)
    assert tail == b""
    assert join_segments(segments, tail) == data


@pytest.mark.parametrize("name", ["dfl_jpg", "dfl_jpg_2"])
def test_segments_equal_the_references(name):
    expected = load_json("dfl_fixtures.json")[name + "_expected"]["chunks"]
    segments, _ = parse_segments(load_fixture(name + "_b64"))
    found = [[s["name"], s["m_h"], None if s["data"] is None else len(s["data"]),
              None if s["ex_data"] is None else len(s["ex_data"])] for s in segments]
    assert found == expected


def test_shape_of_any_frame_header():
    data = plain()
    assert read_shape(parse_segments(data)[0]) == (64, 48, 3)
    extended = data.replace(b"\xff\xc0\x00\x11", b"\xff\xc1\x00\x11")
    assert extended != data
    assert read_shape(parse_segments(extended)[0]) == (64, 48, 3)


def test_empty_file_has_no_segments():
    assert parse_segments(b"") == ([], b"")


@pytest.mark.parametrize("tail", [b"\0" * 16, b"\xff\xff\xff", b"\xff\xd8\xff", b"rest"])
def test_bytes_behind_the_image_are_kept_apart(tail):
    segments, found = parse_segments(plain() + tail)
    assert found == tail
    assert names(segments)[-1] == "EOI"
    assert join_segments(segments, found) == plain() + tail


def test_cut_scan_keeps_every_segment_before_it():
    data = plain()
    for cut in (data[:-1], data[:-2], data[:-40], data[:-1][:-40] + b"\xff"):
        segments, tail = parse_segments(cut)
        assert read_shape(segments) == (64, 48, 3)
        assert join_segments(segments, tail) == cut


def test_cut_segment_is_short():
    data = plain()
    segments, _ = parse_segments(data[:12])
    assert names(segments) == ["SOI", "APP0"]
    assert len(segments[1]["data"]) == 6
    assert is_cut_off(data[:12], segments[1])
    whole, _ = parse_segments(data)
    assert not is_cut_off(data, whole[1])
    # Cut right behind the length.
    segments, _ = parse_segments(data[:6])
    assert segments[-1]["data"] == b"" and is_cut_off(data[:6], segments[-1])
    bare = b"\xff\xd8\xff\xfe\0\x02"
    assert not is_cut_off(bare, parse_segments(bare)[0][-1])


def test_single_byte_at_the_end_is_a_tail():
    segments, tail = parse_segments(plain()[:20] + b"\xff")
    assert tail == b"\xff" and names(segments) == ["SOI", "APP0"]


def test_restart_interval_has_a_length_like_others():
    data = with_segment(plain(), 0xDD, b"\0\x04")
    segments, tail = parse_segments(data)
    assert names(segments)[:2] == ["SOI", "DRI"] and segments[1]["data"] == b"\0\x04"
    assert read_shape(segments) == (64, 48, 3)
    assert join_segments(segments, tail) == data


def test_fill_bytes_are_skipped():
    data = plain()
    segments, _ = parse_segments(data[:2] + b"\xff\xff\xff" + data[2:])
    assert join_segments(segments) == data


def test_segment_without_payload_keeps_its_length():
    data = with_segment(plain(), 0xFE, b"")
    segments, tail = parse_segments(data)
    assert segments[1]["data"] == b"" and segments[1]["name"] is None
    assert join_segments(segments, tail) == data


@pytest.mark.parametrize("data", [b"GIF89a", b"\xff\xd8\x00\x00", b"\xff\xd8\xff\xd8",
                                  b"\xff\xd8\xff\xe0\x00\x01ab"])
def test_no_jpeg_is_refused(data):
    with pytest.raises(CorruptJpegError) as error:
        parse_segments(data)
    assert str(error.value).startswith("Corrupted JPG file")


def test_app15_goes_behind_the_last_app_segment():
    segments, _ = parse_segments(with_segment(plain(), 0xE1, b"Exif"))
    insert_app15(segments, b"x")
    assert names(segments)[:4] == ["SOI", "APP1", "APP0", "APP15"]
    bare = [segment for segment in parse_segments(plain())[0] if segment["name"] != "APP0"]
    insert_app15(bare, b"x")
    assert names(bare)[:2] == ["SOI", "APP15"]


def test_a_payload_over_the_limit_is_not_written():
    segments, _ = parse_segments(plain())
    insert_app15(segments, b"x" * 65534)
    with pytest.raises(ValueError):
        join_segments(segments)


def read_both(data):
    """(segments of the header, of the whole), each up to and with the first scan header."""
    results = []
    for content in (read_header(io.BytesIO(data)), data):
        try:
            segments, _ = parse_segments(content)
        except CorruptJpegError as error:
            results.append(str(error))
            continue
        names_ = names(segments)
        end = names_.index("SOS") + 1 if "SOS" in names_ else len(segments)
        results.append([(s["m_h"], s["data"]) for s in segments[:end]])
    return results


@pytest.mark.parametrize("name", ["plain_jpg_64x48_b64", "dfl_jpg_b64", "dfl_jpg_2_b64"])
def test_header_is_what_stands_in_front_of_the_pixels(name):
    data = load_fixture(name)
    header = read_header(io.BytesIO(data))
    assert data.startswith(header) and len(header) < len(data)
    of_header, of_file = read_both(data)
    assert of_header == of_file
    assert parse_segments(header)[0][-1]["name"] == "SOS"


def test_header_of_odd_and_damaged_files():
    data = plain()
    filled = data[:2] + b"\xff\xff" + data[2:]
    scan = data.index(b"\xff\xda")
    damaged = [b"", b"\xff", b"text", data[:1], data[:5], data[:20], data[:scan], data[:scan + 3],
               data[:scan + 8], filled, data[:2] + b"no marker", b"\xff\xd8\xff\xe0\0\0" + data,
               data[:2] + b"\xff\xd9" + data, with_segment(data, 0xE1, b"x" * 60000)]
    for content in damaged:
        of_header, of_file = read_both(content)
        assert of_header == of_file, content[:30]


def test_only_the_header_is_read():
    """A file of a megabyte behind its header costs no more than one block of it."""
    class Counting(io.BytesIO):
        def read(self, size=-1):
            assert size >= 0
            return super().read(size)
    file = Counting(plain() + bytes(1 << 20))
    header = read_header(file)
    assert file.tell() == len(header) < 1000


@pytest.mark.parametrize("unit", [b"\xff", b"\xff\xd0", b"\xff\xe1\0\2"])
def test_a_file_of_nothing_but_markers_takes_no_longer_than_its_bytes(unit):
    """A header that was copied for every marker would take a minute for these 3 MB."""
    data = b"\xff\xd8" + unit * (3000000 // len(unit))
    begun_at = time.process_time()
    assert data.startswith(read_header(io.BytesIO(data)))
    assert time.process_time() - begun_at < 10


@pytest.mark.parametrize("unit", [b"\xff\xd0", b"\xff\xe1\0\2"])
def test_more_segments_than_any_picture_has(unit):
    """Each takes a hundred times the memory of its bytes."""
    data = plain()
    segments, _ = parse_segments(data)
    some = data[:2] + unit * (MAX_SEGMENTS - len(segments)) + data[2:]
    assert len(parse_segments(some)[0]) == MAX_SEGMENTS
    assert some.startswith(read_header(io.BytesIO(some))) and read_both(some)[0][-1][0] == 0xDA
    many = data[:2] + unit * (MAX_SEGMENTS + 1) + data[2:]
    for content in (many, data[:2] + unit * (MAX_SEGMENTS + 1), data[:2] + unit * 50000):
        header = read_header(io.BytesIO(content))
        assert len(header) <= (MAX_SEGMENTS + 1) * len(unit)
        for part in (header, content):
            with pytest.raises(CorruptJpegError, match="more than 10000 segments"):
                parse_segments(part)

"""core/provenance.py: the mark is there for other readers, and pixels do not notice."""
import re
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from core import provenance
from core.errors import CorruptFileError
from core.ffmpeg import find_ffmpeg, run_ffmpeg

TERM = ("http://cv.iptc.org/newscodes/digitalsourcetype/"
        "compositeWithTrainedAlgorithmicMedia")
DESCRIPTION = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"
PROPERTY = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def make_picture(shape, dtype=np.uint8):
    return np.random.RandomState(0).randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def encode(suffix, image):
    return cv2.imencode(suffix, image)[1].tobytes()


def decode(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def read_term(packet):
    """DigitalSourceType of an XMP packet, by an XML parser."""
    root = ElementTree.fromstring(packet.decode("utf-8"))
    assert root.tag == "{adobe:ns:meta/}xmpmeta"
    return root.find(".//" + DESCRIPTION).get(PROPERTY)


def list_chunks(data):
    """(type, content) of a PNG's chunks, with their checksums checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, chunks = 8, []
    while place < len(data):
        length, = struct.unpack(">I", data[place:place + 4])
        body = data[place + 4:place + 8 + length]
        assert struct.pack(">I", zlib.crc32(body)) == data[place + 8 + length:place + 12 + length]
        chunks.append((body[:4], body[4:]))
        place += 12 + length
    return chunks


@pytest.mark.parametrize("shape, dtype", [((9, 7), np.uint8), ((9, 7, 3), np.uint8),
                                          ((9, 7, 4), np.uint8), ((9, 7, 4), np.uint16)])
def test_png(shape, dtype, tmp_path):
    image = make_picture(shape, dtype)
    marked = provenance.mark_png(encode(".png", image))
    assert np.array_equal(decode(marked), image) and decode(marked).dtype == dtype
    kinds = [kind for kind, _ in list_chunks(marked)]
    assert kinds[:2] == [b"IHDR", b"iTXt"] and kinds[-1] == b"IEND"
    keyword, _, rest = dict(list_chunks(marked))[b"iTXt"].partition(b"\0")
    assert keyword == b"XML:com.adobe.xmp" and rest[:4] == bytes(4)
    assert read_term(rest[4:]) == TERM
    (tmp_path / "x.png").write_bytes(marked)
    with Image.open(str(tmp_path / "x.png")) as picture:    # another library finds it, too
        assert read_term(picture.text["XML:com.adobe.xmp"].encode("utf-8")) == TERM


@pytest.mark.parametrize("shape", [(33, 17), (33, 17, 3)])
@pytest.mark.parametrize("exif", [b"", b"\xff\xe1\0\x16Exif\0\0II*\0\x08\0\0\0" + bytes(6)])
def test_jpeg(shape, exif, tmp_path):
    data = encode(".jpg", make_picture(shape))
    data = data[:20] + exif + data[20:]    # behind the JFIF segment
    marked = provenance.mark_jpeg(data)
    assert np.array_equal(decode(marked), decode(data))
    place = 20 + len(exif)
    assert marked[:place] == data[:place] and marked[-len(data) + place:] == data[place:]
    (tmp_path / "x.jpg").write_bytes(marked)
    with Image.open(str(tmp_path / "x.jpg")) as picture:
        packets = [body for name, body in picture.applist if name == "APP1" and body[:4] == b"http"]
    identifier, _, packet = packets[0].partition(b"\0")
    assert len(packets) == 1 and identifier == b"http://ns.adobe.com/xap/1.0/"
    assert read_term(packet) == TERM


@pytest.mark.parametrize("suffix", [".png", ".JPG", ".jpeg"])
def test_marked_once(suffix):
    data = encode(suffix, make_picture((9, 7, 3)))
    marked = provenance.mark_picture(suffix, data)
    assert not provenance.is_marked(data) and provenance.is_marked(marked)
    assert provenance.mark_picture(suffix, marked) == marked


def test_other_pictures_stay():
    data = encode(".tif", make_picture((9, 7, 3)))
    assert provenance.mark_picture(".tif", data) == data and not provenance.is_marked(data)


@pytest.mark.parametrize("mark", [provenance.mark_png, provenance.mark_jpeg])
@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"BM" + bytes(60)])
def test_what_is_no_picture(mark, data):
    with pytest.raises(CorruptFileError):
        mark(data)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_packet_of_another_program_is_not_thrown_away(suffix):
    marked = provenance.mark_picture(suffix, encode(suffix, make_picture((9, 7, 3))))
    foreign = marked.replace(b"compositeWith", b"somethingElse")
    with pytest.raises(CorruptFileError, match="another program"):
        provenance.mark_picture(suffix, foreign)


@pytest.mark.parametrize("suffix, codec", [(".mp4", "mpeg4"), (".mov", "mpeg4"),
                                           (".avi", "mpeg4"), (".webm", "libvpx-vp9")])
def test_video(suffix, codec, tmp_path):
    path = tmp_path / ("v" + suffix)
    run_ffmpeg(["-f", "lavfi", "-i", "color=c=red:s=32x32:d=0.2", "-c:v", codec,
                *provenance.video_metadata_arguments(), str(path)])
    before = path.read_bytes()
    provenance.mark_finished_video(path)
    listing = subprocess.run([find_ffmpeg(), "-hide_banner", "-i", str(path)],
                             stderr=subprocess.PIPE).stderr.decode("utf-8", "replace")
    comment = re.search(r"(?im)^\s*comment\s*:\s*(.*)$", listing).group(1).strip()
    assert TERM in comment
    after = path.read_bytes()
    assert after[:len(before)] == before
    run_ffmpeg(["-xerror", "-i", str(path), "-f", "null", "-"])    # decodes without a complaint
    if suffix == ".mp4":
        length, kind = struct.unpack(">I4s", after[len(before):len(before) + 8])
        assert length == len(after) - len(before) and kind == b"uuid"
        assert read_term(after[len(before) + 24:]) == TERM
    else:
        assert after == before


def test_dfm_metadata_is_text_with_the_term():
    assert provenance.DFM_METADATA["DigitalSourceType"] == TERM
    assert all(isinstance(part, str) for item in provenance.DFM_METADATA.items() for part in item)

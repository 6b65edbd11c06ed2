"""What this program makes says that it is synthetic, in a form that machines read.

Merged frames carry an XMP packet (PNG: iTXt chunk, JPEG: APP1 segment), final videos metadata of
their container, exported .dfm files `metadata_props`. Pixels and alpha are untouched. Aligned
faces and saved models are interchange files of other programs and are never marked.

The term is IPTC's for pictures put together with parts that a trained model made; the property is
Iptc4xmpExt:DigitalSourceType.
"""
import struct
import zlib
from pathlib import Path
from typing import Iterator, List, Tuple

from core.errors import CorruptFileError

DIGITAL_SOURCE_TYPE = ("http://cv.iptc.org/newscodes/digitalsourcetype/"
                       "compositeWithTrainedAlgorithmicMedia")
STATEMENT = "Synthetic media: faces were replaced by a trained model."

# `metadata_props` of an exported model: what holds for the pictures that it makes.
DFM_METADATA = {"DigitalSourceType": DIGITAL_SOURCE_TYPE,
                "provenance": "Pictures made with this model are synthetic media."}

# The end "r" says that the packet is not to be edited in place, so it needs no padding.
XMP_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' Iptc4xmpExt:DigitalSourceType="{}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>').format(DIGITAL_SOURCE_TYPE).encode("utf-8")

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEYWORD = b"XML:com.adobe.xmp"
_PNG_HEADER_END = len(_PNG) + 25    # IHDR: length, type, 13 bytes, CRC
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_SOI, _APP0, _APP1 = b"\xff\xd8", 0xE0, 0xE1
_MP4_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MP4_SUFFIXES = (".mp4", ".m4v")


def mark_picture(suffix: str, data: bytes) -> bytes:
    """A picture file's bytes with the mark; `suffix` .png, .jpg or .jpeg in any case, other kinds
    of pictures come back unchanged (they have no agreed place for it). CorruptFileError."""
    mark = {".png": mark_png, ".jpg": mark_jpeg, ".jpeg": mark_jpeg}.get(suffix.lower())
    return data if mark is None else mark(data)


def is_marked(data: bytes) -> bool:
    """Whether the head of a PNG or JPEG file says that the picture is synthetic."""
    if data.startswith(_PNG):
        texts = [body for kind, body in _iterate_chunks(data) if kind == b"iTXt"]
    else:
        texts = [body for _, body, _ in _iterate_app_segments(data)]
    return any(DIGITAL_SOURCE_TYPE.encode() in text for text in texts)


def mark_png(data: bytes) -> bytes:
    """PNG file with an XMP packet behind its header; unchanged if it is marked already.

    Raises CorruptFileError for what is no PNG, and for one that holds another XMP packet (a
    file can have one only; pictures encoded by this program have none).
    """
    if not data.startswith(_PNG) or data[12:16] != b"IHDR":
        raise CorruptFileError("This is no PNG file, so it cannot be marked as synthetic.")
    packets = [body for kind, body in _iterate_chunks(data)
               if kind == b"iTXt" and body.startswith(_PNG_KEYWORD + b"\0")]
    if _is_mark_among(packets):
        return data
    # Behind the keyword: not compressed, compression method, no language, no translated keyword.
    chunk = b"iTXt" + _PNG_KEYWORD + b"\0" + b"\0\0" + b"\0" + b"\0" + XMP_PACKET
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:_PNG_HEADER_END] + chunk + data[_PNG_HEADER_END:]


def mark_jpeg(data: bytes) -> bytes:
    """JPEG file with an XMP segment behind the JFIF and Exif ones; errors as `mark_png`."""
    if not data.startswith(_SOI + b"\xff"):
        raise CorruptFileError("This is no JPEG file, so it cannot be marked as synthetic.")
    packets, place = [], len(_SOI)
    for marker, body, end in _iterate_app_segments(data):
        if marker == _APP1 and body.startswith(_JPEG_XMP):
            packets.append(body)
        elif marker == _APP0 or (marker == _APP1 and body.startswith(b"Exif")):
            place = end    # readers expect these two first
    if _is_mark_among(packets):
        return data
    segment = _JPEG_XMP + XMP_PACKET
    return (data[:place] + struct.pack(">BBH", 0xFF, _APP1, len(segment) + 2) + segment
            + data[place:])


def video_metadata_arguments() -> List[str]:
    """ffmpeg's output arguments that put the mark into a container's metadata.

    `comment` is a key that mp4, mov, avi, mkv and webm all keep; the term's address stands in it.
    """
    return ["-metadata", "comment={} DigitalSourceType={}".format(STATEMENT, DIGITAL_SOURCE_TYPE)]


def mark_finished_video(path: Path) -> None:
    """Append the XMP packet to a finished mp4 as the `uuid` box that is kept for it.

    Other containers have the metadata of `video_metadata_arguments` alone. Players skip the box.
    """
    if path.suffix.lower() in _MP4_SUFFIXES:
        body = b"uuid" + _MP4_XMP + XMP_PACKET
        with open(str(path), "ab") as file:
            file.write(struct.pack(">I", len(body) + 4) + body)


def _is_mark_among(packets: List[bytes]) -> bool:
    if not packets:
        return False
    if any(DIGITAL_SOURCE_TYPE.encode() in packet for packet in packets):
        return True
    raise CorruptFileError("The picture holds an XMP packet of another program, and can have only "
                           "one.", ["save it without metadata, or switch the marking off"])


def _iterate_chunks(data: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """(type, content) of each whole chunk of a PNG file."""
    place = len(_PNG)
    while place + 12 <= len(data):
        length, = struct.unpack_from(">I", data, place)
        yield data[place + 4:place + 8], data[place + 8:place + 8 + length]
        place += 12 + length


def _iterate_app_segments(data: bytes) -> Iterator[Tuple[int, bytes, int]]:
    """(marker, content, end in the file) of the APPn segments that open a JPEG file."""
    place = len(_SOI)
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] & 0xF0 == _APP0:
        length, = struct.unpack_from(">H", data, place + 2)
        end = place + 2 + length
        yield data[place + 1], data[place + 4:end], end
        place = end

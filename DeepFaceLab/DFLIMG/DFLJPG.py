"""The face JPEG: pixels, and one APP15 segment with a pickled dict (spec 30 section 2)."""
import pickle
import struct
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import cv2
import numpy as np

from core import imagelib, persist
from core.cv2ex import cv2_imread, cv2_imwrite, cv2_resize
from core.errors import UserError
from core.imagelib import SegIEPolys
from core.interact import interact as io
from core.structex import struct_unpack
from facelib import FaceType

from . import face_fields, metadata
from .jpeg_segments import (APP15, MAX_PAYLOAD, Segment, insert_app15, is_cut_off, join_segments,
                            parse_segments, read_header, read_shape)
from .mask_codec import decode_mask, encode_mask, shrink_encoded_mask

# Plug-in code reaches these names through this module.
__all__ = ["DFLJPG", "FaceType", "Path", "SegIEPolys", "cv2", "cv2_imread", "cv2_imwrite",
           "cv2_resize", "imagelib", "io", "np", "pickle", "struct", "struct_unpack", "traceback"]


class DFLJPG:
    """A face JPEG in memory.

    Attributes: `filename`; `data`, the whole file; `chunks`, its segments; `tail`, what follows
    the image; `dfl_dict`, the metadata; `shape`, (height, width, 3) or None; `img`, the decoded
    pixels once `get_img` was called.
    """

    def __init__(self, filename: str):
        self.filename = filename
        self.data = b""
        self.length = 0
        self.chunks: List[Segment] = []
        self.tail = b""
        self.dfl_dict: Optional[Dict[str, Any]] = None
        self.shape = None
        self.img = None

    # -- reading

    @staticmethod
    def load_raw(filename: str,
                 loader_func: Optional[Callable[[str], bytes]] = None) -> "DFLJPG":
        """The file split into segments, metadata not read.

        Raises FileNotFoundError when it cannot be read, CorruptJpegError when it is no JPEG.
        """
        try:
            if loader_func is not None:
                data = loader_func(filename)
            else:
                data = Path(filename).read_bytes()
        except Exception as e:  # noqa: BLE001 - a loader may raise anything; one kind goes out
            raise FileNotFoundError(filename) from e
        return DFLJPG._parse(filename, data)

    @staticmethod
    def load(filename: str,
             loader_func: Optional[Callable[[str], bytes]] = None) -> Optional["DFLJPG"]:
        """The face image with its metadata, or None; never raises, what is wrong is logged.

        Metadata that names anything but the listed harmless types is refused without being
        executed. (spec 30 section 2.5)
        """
        try:
            inst = DFLJPG.load_raw(filename, loader_func=loader_func)
            inst.shape = read_shape(inst.chunks)
            inst.dfl_dict = inst._read_metadata()
            return inst
        except UserError as e:
            io.log_err(str(e))
        except FileNotFoundError:
            io.log_err("File not found or not readable: %s" % (filename,))
        except Exception as e:  # noqa: BLE001 - a bad file must not stop the work on the others
            io.log_err("%s: %s: %s" % (filename, type(e).__name__, e))
        return None

    @staticmethod
    def load_header(filename: str) -> "DFLJPG":
        """The face image without its pixels: only what stands in front of them is read.

        For metadata and shape; not to be saved. Raises OSError, CorruptJpegError, and UserError
        for face data that are refused or damaged.
        """
        with open(filename, "rb") as file:
            data = read_header(file)
            inst = DFLJPG._parse(filename, data)
            if not any(chunk["m_h"] == APP15 for chunk in inst.chunks):
                # Nobody writes them behind the pixels, but `load` would find them there.
                inst = DFLJPG._parse(filename, data + file.read())
        inst.shape = read_shape(inst.chunks)
        inst.dfl_dict = inst._read_metadata()
        return inst

    @staticmethod
    def _parse(filename: str, data: bytes) -> "DFLJPG":
        inst = DFLJPG(filename)
        inst.data = data
        inst.length = len(data)
        inst.chunks, inst.tail = parse_segments(data)
        return inst

    def _read_metadata(self) -> Dict[str, Any]:
        """The dict of the last APP15 segment that is ours; {} when there is none."""
        result: Dict[str, Any] = {}
        for chunk in self.chunks:
            if chunk["m_h"] != APP15:
                continue
            if chunk is self.chunks[-1] and is_cut_off(self.data, chunk):
                raise persist.CorruptFileError("%s: the file ends inside its face data."
                                               % (self.filename,))
            if metadata.is_pickle(chunk["data"]):
                result = metadata.decode(chunk["data"], self.filename)
            elif chunk["data"]:
                io.log_err("%s: its APP15 segment holds no face data, it is left as it is."
                           % (self.filename,))
        return result

    def has_data(self) -> bool:
        return bool(self.dfl_dict)

    # -- writing

    def save(self) -> None:
        """Write the file with the current metadata, in one atomic replacement.

        Raises UserError, with the file untouched, when it cannot be written.
        """
        data = self.dump()
        try:
            persist.write_bytes(Path(self.filename), data)
        except OSError as e:
            raise UserError("cannot save %s: %s" % (self.filename, e),
                            ["Check that the folder exists, is writable and has free space."]
                            ) from e

    def dump(self) -> bytes:
        """The file with the current metadata.

        Keys whose value is None are removed from the dict. An `xseg_mask` that makes the metadata
        too long for its segment is re-encoded; UserError when it does not fit even so, and for
        values that `load` would refuse.
        """
        dfl_dict = self.dfl_dict if self.dfl_dict is not None else {}
        for key in [key for key, value in dfl_dict.items() if value is None]:
            dfl_dict.pop(key)
        payload = self._encode_metadata(dfl_dict)
        self.chunks = [chunk for chunk in self.chunks
                       if not (chunk["m_h"] == APP15 and _is_ours(chunk["data"]))]
        insert_app15(self.chunks, payload)
        return join_segments(self.chunks, self.tail)

    def _encode_metadata(self, dfl_dict: Dict[str, Any]) -> bytes:
        payload = metadata.encode(dfl_dict)
        while len(payload) > MAX_PAYLOAD:
            mask = self._read(face_fields.read_encoded_mask, "xseg_mask",
                              dfl_dict.get("xseg_mask"))
            smaller = None if mask is None else shrink_encoded_mask(mask, len(payload)
                                                                    - MAX_PAYLOAD)
            if smaller is None:
                raise UserError("cannot save %s: its face data take %d bytes, a JPEG holds %d."
                                % (self.filename, len(payload), MAX_PAYLOAD),
                                ["Simplify the polygons of this face."])
            io.log_info("%s: the XSeg mask is stored smaller to fit the file." % (self.filename,))
            dfl_dict["xseg_mask"] = smaller
            payload = metadata.encode(dfl_dict)
        try:
            metadata.decode(payload, self.filename)
        except UserError as e:
            raise UserError("cannot save %s, which nobody could read then. %s"
                            % (self.filename, e.what),
                            ["Store only texts, numbers, lists and dicts of them, and arrays of "
                             "numbers."]) from e
        return payload

    # -- pixels

    def get_img(self) -> Optional[np.ndarray]:
        """Decoded pixels as stored: (h, w, 3) uint8 BGR, or (h, w) of a gray file; None if
        they cannot be decoded."""
        if self.img is None:
            if self.data:
                self.img = cv2_imread(self.filename, loader_func=lambda _: self.data)
            else:
                self.img = cv2_imread(self.filename)
        return self.img

    def get_shape(self):
        """(height, width, 3), from the frame header, else of the decoded pixels; or None."""
        if self.shape is None:
            img = self.get_img()
            if img is not None:
                self.shape = img.shape
        return self.shape

    def get_height(self) -> int:
        """Height in pixels, 0 when it is not known."""
        shape = self.get_shape()
        return 0 if shape is None else shape[0]

    # -- metadata (spec 30 section 2.7); CorruptFileError for a value that a key never has

    def get_dict(self) -> Optional[Dict[str, Any]]:
        """The metadata itself, not a copy."""
        return self.dfl_dict

    def set_dict(self, dict_data: Optional[Dict[str, Any]] = None) -> None:
        self.dfl_dict = dict_data

    def _read(self, read: Callable[[Any, str, str], Any], key: str, value: Any) -> Any:
        return read(value, key, self.filename)

    def get_face_type(self) -> str:
        """String of the alignment of this crop, see FaceType."""
        return self._read(face_fields.read_text, "face_type", self.dfl_dict.get(
            "face_type", FaceType.toString(FaceType.FULL)))

    def set_face_type(self, face_type: str) -> None:
        self.dfl_dict["face_type"] = face_type

    def get_landmarks(self) -> np.ndarray:
        """(68, 2) float64 in pixels of this image; KeyError when there are none."""
        return self._read(face_fields.read_numbers, "landmarks", self.dfl_dict["landmarks"])

    def set_landmarks(self, landmarks) -> None:
        self.dfl_dict["landmarks"] = landmarks

    def get_eyebrows_expand_mod(self) -> float:
        return self._read(face_fields.read_number, "eyebrows_expand_mod",
                          self.dfl_dict.get("eyebrows_expand_mod", 1.0))

    def set_eyebrows_expand_mod(self, eyebrows_expand_mod: float) -> None:
        self.dfl_dict["eyebrows_expand_mod"] = eyebrows_expand_mod

    def get_source_filename(self) -> Optional[str]:
        """Name (no folder) of the frame this face comes from."""
        return self._read(face_fields.read_file_name, "source_filename",
                          self.dfl_dict.get("source_filename", None))

    def set_source_filename(self, source_filename: str) -> None:
        self.dfl_dict["source_filename"] = source_filename

    def get_source_rect(self):
        """Detector's box l, t, r, b in the frame, or None."""
        rect = self.dfl_dict.get("source_rect", None)
        if rect is not None:
            self._read(face_fields.read_numbers, "source_rect", rect)
        return rect

    def set_source_rect(self, source_rect) -> None:
        self.dfl_dict["source_rect"] = source_rect

    def get_source_landmarks(self) -> np.ndarray:
        """(68, 2) in pixels of the frame; a 0-d object array when there are none."""
        landmarks = self.dfl_dict.get("source_landmarks", None)
        if landmarks is None:
            return np.array(None)
        return self._read(face_fields.read_numbers, "source_landmarks", landmarks)

    def set_source_landmarks(self, source_landmarks) -> None:
        self.dfl_dict["source_landmarks"] = source_landmarks

    def get_image_to_face_mat(self) -> Optional[np.ndarray]:
        """(2, 3) matrix from the frame to this crop, or None."""
        mat = self.dfl_dict.get("image_to_face_mat", None)
        return None if mat is None else self._read(face_fields.read_numbers,
                                                   "image_to_face_mat", mat)

    def set_image_to_face_mat(self, image_to_face_mat) -> None:
        self.dfl_dict["image_to_face_mat"] = image_to_face_mat

    # -- polygons and masks

    def has_seg_ie_polys(self) -> bool:
        return self.dfl_dict.get("seg_ie_polys", None) is not None

    def get_seg_ie_polys(self) -> SegIEPolys:
        """Labelled polygons in pixels of this image; empty when there are none."""
        return self._read(face_fields.read_polys, "seg_ie_polys",
                          self.dfl_dict.get("seg_ie_polys", None))

    def set_seg_ie_polys(self, seg_ie_polys: Optional[SegIEPolys]) -> None:
        if seg_ie_polys is not None:
            if not isinstance(seg_ie_polys, SegIEPolys):
                raise ValueError("seg_ie_polys must be SegIEPolys, not %s"
                                 % (type(seg_ie_polys).__name__,))
            seg_ie_polys = seg_ie_polys.dump() if seg_ie_polys.has_polys() else None
        self.dfl_dict["seg_ie_polys"] = seg_ie_polys

    def has_xseg_mask(self) -> bool:
        return self.dfl_dict.get("xseg_mask", None) is not None

    def get_xseg_mask_compressed(self) -> Optional[np.ndarray]:
        """The mask as an encoded PNG or JPEG file in a uint8 array, or None."""
        return self._read(face_fields.read_encoded_mask, "xseg_mask",
                          self.dfl_dict.get("xseg_mask", None))

    def get_xseg_mask(self) -> Optional[np.ndarray]:
        """Applied segmentation mask, (h, w, 1) float32 in 0..1, or None."""
        encoded = self.get_xseg_mask_compressed()
        return None if encoded is None else decode_mask(encoded, self.filename)

    def set_xseg_mask(self, mask_a: Optional[np.ndarray]) -> None:
        """Store a mask (h, w[, c]) of 0..1, encoded; None removes it."""
        self.dfl_dict["xseg_mask"] = None if mask_a is None else encode_mask(mask_a)


def _is_ours(payload: Optional[bytes]) -> bool:
    return not payload or metadata.is_pickle(payload)

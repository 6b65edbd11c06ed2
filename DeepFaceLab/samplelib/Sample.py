"""One face or picture of a training set (spec 30 section 3)."""
from enum import IntEnum
from typing import Any, Dict, Optional, Tuple

import cv2
import numpy as np

from core import debug_areas, persist
from core.cv2ex import cv2_imread
from core.errors import UserError
from core.imagelib import SegIEPolys
from core.imagelib.common import with_channel_axis
from DFLIMG.mask_codec import decode_mask, encode_mask_lossless
from facelib import FaceType, LandmarksProcessor


class SampleType(IntEnum):
    IMAGE = 0  # a picture without face data

    FACE_BEGIN = 1
    FACE = 1
    FACE_PERSON = 2
    FACE_TEMPORAL_SORTED = 3
    FACE_END = 3

    QTY = 4


# Configurations of packed facesets hold members by this dotted name.
persist.register_class("samplelib.Sample", "SampleType", SampleType)


class UnreadableSampleError(UserError):
    """A sample whose file is gone or whose pixels cannot be decoded; names the file."""


class Sample:
    """What the training set knows of one picture; the pixels stay on disk until asked for.

    Fields: `filename` is a full path for loose files, the bare name for members of a pak;
    `shape` is (h, w, 3); `landmarks` (68, 2) float64 in pixels of the picture;
    `xseg_mask_compressed` an encoded picture in a uint8 array; `_filename_offset_size` where the
    bytes of a pak member lie.
    """

    __slots__ = ["sample_type",
                 "filename",
                 "face_type",
                 "shape",
                 "landmarks",
                 "seg_ie_polys",
                 "xseg_mask",
                 "xseg_mask_compressed",
                 "eyebrows_expand_mod",
                 "source_filename",
                 "person_name",
                 "pitch_yaw_roll",
                 "_filename_offset_size"]

    def __init__(self, sample_type: Optional[SampleType] = None,
                 filename: Optional[str] = None,
                 face_type: Optional[FaceType] = None,
                 shape: Optional[Tuple[int, int, int]] = None,
                 landmarks=None,
                 seg_ie_polys=None,
                 xseg_mask: Optional[np.ndarray] = None,
                 xseg_mask_compressed: Optional[np.ndarray] = None,
                 eyebrows_expand_mod: Optional[float] = None,
                 source_filename: Optional[str] = None,
                 person_name: Optional[str] = None,
                 pitch_yaw_roll: Optional[Tuple[float, float, float]] = None,
                 **kwargs):
        # Configurations in old paks carry keys that mean nothing any more: kwargs takes them.
        self.sample_type = sample_type if sample_type is not None else SampleType.IMAGE
        self.filename = filename
        self.face_type = face_type
        self.shape = shape
        self.landmarks = np.array(landmarks) if landmarks is not None else None
        if isinstance(seg_ie_polys, SegIEPolys):
            self.seg_ie_polys = seg_ie_polys
        else:
            self.seg_ie_polys = SegIEPolys.load(seg_ie_polys)
        if xseg_mask is not None and xseg_mask_compressed is None:
            xseg_mask, xseg_mask_compressed = None, encode_mask_lossless(xseg_mask)
        self.xseg_mask = xseg_mask
        self.xseg_mask_compressed = xseg_mask_compressed
        self.eyebrows_expand_mod = eyebrows_expand_mod if eyebrows_expand_mod is not None else 1.0
        self.source_filename = source_filename
        self.person_name = person_name
        self.pitch_yaw_roll = pitch_yaw_roll
        self._filename_offset_size = None

    def has_xseg_mask(self) -> bool:
        return self.xseg_mask is not None or self.xseg_mask_compressed is not None

    def get_xseg_mask(self) -> Optional[np.ndarray]:
        """Applied segmentation mask, (h, w, 1) float32 in 0..1, or None; decoded at each call.

        Raises UnreadableSampleError naming the file.
        """
        if self.xseg_mask_compressed is None:
            return self.xseg_mask
        try:
            return decode_mask(self.xseg_mask_compressed, self.describe_file())
        except UserError as e:
            raise UnreadableSampleError("Cannot use a face. %s" % e.what, e.remedies) from e

    def get_pitch_yaw_roll(self) -> Tuple[float, float, float]:
        """Head pose in radians, solved once; UnreadableSampleError for landmarks without one."""
        if self.pitch_yaw_roll is None:
            try:
                self.pitch_yaw_roll = LandmarksProcessor.estimate_pitch_yaw_roll(
                    self.landmarks, size=self.shape[1])
            except cv2.error as e:    # all points in one place, for example
                raise UnreadableSampleError("The landmarks of %s are no face." % (
                    self.describe_file(),), ["Delete the file or extract that face again."]) from e
        return self.pitch_yaw_roll

    def set_filename_offset_size(self, filename: str, offset: int, size: int) -> None:
        """Read the picture's bytes from this range of a pak."""
        self._filename_offset_size = (filename, offset, size)

    def read_raw_file(self, filename: Optional[str] = None) -> bytes:
        """Bytes of the picture's file: the pak's range, else the whole of `filename`."""
        if self._filename_offset_size is not None:
            pak, offset, size = self._filename_offset_size
            with open(pak, "rb") as f:
                f.seek(offset)
                return f.read(size)
        with open(self.filename if filename is None else filename, "rb") as f:
            return f.read()

    def is_packed(self) -> bool:
        """Whether the picture is a member of a pak."""
        return self._filename_offset_size is not None

    def get_path(self) -> str:
        """The file on disk that holds the picture: its own, or the pak."""
        return self._filename_offset_size[0] if self.is_packed() else str(self.filename)

    def describe_file(self) -> str:
        """Where the picture is, for messages."""
        if self._filename_offset_size is not None:
            return "%s in %s" % (self.filename, self._filename_offset_size[0])
        return str(self.filename)

    def load_image(self) -> np.ndarray:
        """Pixels as stored, uint8 (h, w, c), c = 1 for a gray file.

        Raises UnreadableSampleError naming the file.
        """
        try:
            data = self.read_raw_file(self.filename)
            debug_areas.tell("io", "%s: %d bytes", self.describe_file(), len(data))
        except OSError as e:
            raise UnreadableSampleError("Cannot read the face %s: %s" % (self.describe_file(), e),
                                        ["Put the file back, or restart to load the faceset as "
                                         "it is now."]) from e
        img = cv2_imread(self.filename, loader_func=lambda _: data, verbose=False)
        if img is None:
            raise UnreadableSampleError("Cannot decode the face %s." % (self.describe_file(),),
                                        ["Delete the file or extract that face again."])
        return with_channel_axis(img)

    def load_bgr(self) -> np.ndarray:
        """Pixels as stored, float32 in 0..1: (h, w, 3) BGR, (h, w, 1) for a gray file."""
        return self.load_image().astype(np.float32) / 255.0

    def get_config(self) -> Dict[str, Any]:
        """What a pak keeps of this sample; needs landmarks."""
        return {"sample_type": self.sample_type,
                "filename": self.filename,
                "face_type": self.face_type,
                "shape": self.shape,
                "landmarks": self.landmarks.tolist(),
                "seg_ie_polys": self.seg_ie_polys.dump(),
                "xseg_mask": self.xseg_mask,
                "xseg_mask_compressed": self.xseg_mask_compressed,
                "eyebrows_expand_mod": self.eyebrows_expand_mod,
                "source_filename": self.source_filename,
                "person_name": self.person_name}

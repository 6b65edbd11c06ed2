"""What a face JPEG says of itself, read without its pixels (spec 30 section 4.2)."""
from typing import Any, Optional, Tuple

from core.errors import UserError
from DFLIMG import DFLJPG
from facelib import FaceType

_SUFFIXES = (".jpg", ".jpeg")

# face type string, shape, landmarks, polygons, encoded mask, eyebrow modifier, source file name
FaceData = Tuple[str, Any, Any, Any, Any, float, Optional[str]]


def read_face_data(filename: str) -> Tuple[Optional[FaceData], Optional[str]]:
    """(data, None) of a face image, or (None, why it is left out: a sentence that names it).

    Only the segments in front of the pixels are read: shape and landmarks stand there.
    """
    if not filename.lower().endswith(_SUFFIXES):
        return None, "%s is not a dfl image file: faces are JPEG files." % filename
    try:
        face = DFLJPG.load_header(filename)
        if not face.has_data():
            return None, "%s is not a dfl image file: it holds no face data." % filename
        return _take_fields(face, filename)
    except UserError as e:
        return None, str(e)
    except OSError as e:
        return None, "%s cannot be read: %s" % (filename, e.strerror or e)
    except Exception as e:  # noqa: BLE001 - one bad file must not stop the others
        return None, "%s has unusable face data: %s: %s" % (filename, type(e).__name__, e)


def _take_fields(face: DFLJPG, filename: str) -> Tuple[Optional[FaceData], Optional[str]]:
    FaceType.fromString(face.get_face_type())
    if face.get_dict().get("landmarks") is None:
        return None, "%s has no landmarks: extract that face again." % filename
    landmarks = face.get_landmarks()
    if landmarks.shape != (68, 2):
        return None, "%s has landmarks of the shape %s" % (filename, landmarks.shape)
    if face.shape is None:
        return None, "%s: its pixels cannot be decoded" % filename
    return (face.get_face_type(), face.shape, landmarks, face.get_seg_ie_polys(),
            face.get_xseg_mask_compressed(), face.get_eyebrows_expand_mod(),
            face.get_source_filename()), None

"""Face types: how far an aligned crop reaches around the face (spec 40 section 2)."""
from enum import IntEnum

from core import persist


class FaceType(IntEnum):
    """The order is meaningful: a larger value contains a smaller one.

    HALF is 0 and therefore falsy: compare an optional face type with `is None`.
    """
    HALF = 0
    MID_FULL = 1
    FULL = 2
    FULL_NO_ALIGN = 3
    WHOLE_FACE = 4
    CUSTOM = 5  # of the MVE fork: resized to the model's size, never aligned again (spec 82)
    HEAD = 10
    HEAD_NO_ALIGN = 20
    MARK_ONLY = 100  # landmarks in an uncropped frame

    @staticmethod
    def fromString(s: str) -> "FaceType":
        """The member whose metadata string is `s`, in any case; Exception when there is none."""
        face_type = from_string_dict.get(s.lower())
        if face_type is None:
            raise Exception("FaceType.fromString value error: %r is none of %s"
                            % (s, ", ".join(from_string_dict)))
        return face_type

    @staticmethod
    def toString(face_type: "FaceType") -> str:
        """The metadata string of a member or of its integer; KeyError when there is none."""
        return to_string_dict[face_type]


to_string_dict = {
    FaceType.HALF: "half_face",
    FaceType.MID_FULL: "midfull_face",
    FaceType.FULL: "full_face",
    FaceType.FULL_NO_ALIGN: "full_face_no_align",
    FaceType.WHOLE_FACE: "whole_face",
    FaceType.CUSTOM: "mve_custom",
    FaceType.HEAD: "head",
    FaceType.HEAD_NO_ALIGN: "head_no_align",
    FaceType.MARK_ONLY: "mark_only",
}

# What questions call them.
from_option_dict = {"h": FaceType.HALF, "mf": FaceType.MID_FULL, "f": FaceType.FULL,
                    "wf": FaceType.WHOLE_FACE, "head": FaceType.HEAD}

from_string_dict = {string: face_type for face_type, string in to_string_dict.items()}

# Configurations of packed facesets hold members by this dotted name.
persist.register_class("facelib.FaceType", "FaceType", FaceType)

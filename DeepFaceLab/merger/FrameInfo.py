"""What a merge job knows about its frame (spec 50 section 4.7)."""
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np


class AlignedFace(NamedTuple):
    """What merging a face of type CUSTOM needs of its aligned picture (spec 50 section 13.1).

    The fork of these faces keeps the whole file in every frame record, and so in every job.

    Attributes:
        matrix: (2, 3) float64, from pixels of the frame to pixels of the aligned picture.
        size: height of the aligned picture in pixels.
    """

    matrix: np.ndarray
    size: int


def describe_aligned(face: Any) -> Optional[AlignedFace]:
    """The `AlignedFace` of a DFLIMG object or of a (matrix, size); None when there is no matrix."""
    if face is None or isinstance(face, AlignedFace):
        return face
    if isinstance(face, tuple):
        return AlignedFace(*face)
    matrix = face.get_image_to_face_mat()
    if matrix is None:
        return None
    return AlignedFace(np.asarray(matrix, np.float64), int(face.get_shape()[0]))


class FrameInfo:
    """A frame's file, the landmarks of its faces and how the face moves there.

    The instance dict is stored in merger sessions: attribute names are file format. MVE's list of
    aligned faces is an attribute only where it is given, so that sessions of other faces stay
    those of the reference.

    Arguments:
        filepath: the frame.
        landmarks_list: (68, 2) landmarks in frame pixels, one a face.
        dfl_images_list: `AlignedFace` or DFLIMG objects, parallel to the landmarks.

    Attributes: motion_power is in frame pixels over two frames, motion_deg in degrees.
    """

    def __init__(self, filepath: Optional[Path] = None,
                 landmarks_list: Optional[List[np.ndarray]] = None,
                 dfl_images_list: Optional[List[Any]] = None) -> None:
        self.filepath = filepath
        self.landmarks_list = landmarks_list or []
        self.motion_deg = 0
        self.motion_power = 0
        if dfl_images_list:
            aligned = [describe_aligned(face) for face in dfl_images_list]
            # plain tuples: a session then names no class that others do not know
            self.dfl_images_list = [face and tuple(face) for face in aligned]

    def get_faces(self) -> List[Tuple[np.ndarray, Optional[AlignedFace]]]:
        """(landmarks, aligned face or None) of every face, in order."""
        aligned = [describe_aligned(face) for face in getattr(self, 'dfl_images_list', [])]
        aligned += [None] * (len(self.landmarks_list) - len(aligned))
        return list(zip(self.landmarks_list, aligned))

"""The mask of one face by a trained XSeg network: its crop there and back (spec 40 section 5.5, 51
section 19). The verb `xseg apply` and the editor share it; importing it imports no network."""
from pathlib import Path
from typing import Any, NamedTuple, Optional

import cv2
import numpy as np

from core import persist
from core.errors import UserError
from core.interact import interact as io
from DFLIMG import DFLJPG
from facelib import FaceType, LandmarksProcessor
from facelib.FaceType import from_option_dict
from mainscripts.faceset_files import open_face, read_picture

MODEL_NAME = "XSeg"
MASK_SIZE = 256
CUSTOM = "custom"       # face type of the MVE fork: faces as they are
WEIGHTS_NAME = "{}_{}.npy".format(MODEL_NAME, MASK_SIZE)


class Prepared(NamedTuple):
    """A face on its way through the network."""

    path: Path
    face: DFLJPG
    width: int
    picture: np.ndarray             # (256, 256, 3) float32 BGR 0..1
    matrix: Optional[np.ndarray]    # from the crop of the file to that of the model, if they differ


def check_model_folder(model_path: Path) -> None:
    """UserError unless the folder holds a trained network."""
    if not model_path.is_dir():
        raise UserError("There is no folder {}.".format(model_path),
                        ["give the folder of the XSeg model with --model-dir"])
    weights = model_path / WEIGHTS_NAME
    if not weights.is_file():
        raise UserError("There is no trained XSeg network: {} is missing.".format(weights), [
            "train one: main.py train --model XSeg, with this model folder",
            "or give the folder of a trained one with --model-dir"])


def read_face_type(model_path: Path) -> Optional[str]:
    """The option text of the face type that the model was trained with; None where its data does
    not tell it."""
    path = model_path / (MODEL_NAME + "_data.dat")
    if not path.is_file():
        return None
    data = persist.load(path)
    options = data.get("options") if isinstance(data, dict) else None
    stored = options.get("face_type") if isinstance(options, dict) else None
    if isinstance(stored, str) and (stored in from_option_dict or stored == CUSTOM):
        return stored
    io.log_info("{} does not tell the face type of the model.".format(path))
    return None


def prepare_face(path: Path, face_type: Optional[FaceType]) -> Prepared:
    """Read a face and crop it as the model was trained. face_type: of the model; None: as the
    face. UserError."""
    face = open_face(path)
    picture = read_picture(path).astype(np.float32) / 255.0
    height, width = picture.shape[:2]
    if height != width:
        raise UserError("{} is not square: {} x {} pixels.".format(path, width, height))
    matrix = find_model_matrix(face, width, face_type)
    if matrix is not None:
        # Bilinear, as the trained masks of old installs were made (spec 40 section 5.5).
        picture = cv2.warpAffine(picture, matrix, (width, width), flags=cv2.INTER_LINEAR)
    if width != MASK_SIZE:
        picture = cv2.resize(picture, (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_LANCZOS4)
    return Prepared(path, face, width, picture, matrix)


def find_model_matrix(face: DFLJPG, width: int,
                      face_type: Optional[FaceType]) -> Optional[np.ndarray]:
    """(2, 3) matrix from the crop of the file to that of the model; None where they are the same.
    """
    own_type = FaceType.fromString(face.get_face_type())
    if face_type is None or face_type == own_type:
        return None
    # Faces of the MVE fork that were cropped otherwise; only their own matrix tells how.
    own_matrix = face.get_image_to_face_mat() if own_type == FaceType.CUSTOM else None
    if own_type == FaceType.CUSTOM and own_matrix is None:
        return None
    landmarks = face.get_source_landmarks()
    if np.shape(landmarks) != (68, 2):
        raise UserError("{} is {}, the model {}, and it lacks the landmarks in its frame.".format(
            face.filename, FaceType.toString(own_type), FaceType.toString(face_type)))
    model_matrix = LandmarksProcessor.get_transform_mat(landmarks, width, face_type)
    if own_matrix is None:
        own_matrix = LandmarksProcessor.get_transform_mat(landmarks, width, own_type)
    corners = np.float32([(0, 0), (width, 0), (0, width)])
    in_frame = LandmarksProcessor.transform_points(corners, model_matrix, True)
    in_face = LandmarksProcessor.transform_points(in_frame, own_matrix)
    return cv2.getAffineTransform(np.float32(in_face), corners)


def finish_mask(prepared: Prepared, mask: np.ndarray) -> np.ndarray:
    """The network's (256, 256, 1) mask in the crop of the file, cut at 0.5: float32, 0 or 1."""
    if prepared.matrix is not None:
        side = prepared.width
        mask = cv2.resize(mask, (side, side), interpolation=cv2.INTER_LANCZOS4)
        mask = cv2.warpAffine(mask, prepared.matrix, (side, side),
                              flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LANCZOS4)
        mask = cv2.resize(mask, (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_LANCZOS4)
    return (np.asarray(mask) >= 0.5).astype(np.float32)


def compute_mask(path: Path, face_type: Optional[FaceType], xseg: Any) -> np.ndarray:
    """What `xseg apply` would store for a face: (256, 256) float32, 0 or 1. UserError.

    xseg: an XSegNet.
    """
    prepared = prepare_face(path, face_type)
    mask = finish_mask(prepared, xseg.extract(prepared.picture[None])[0])
    return mask.reshape(MASK_SIZE, MASK_SIZE)

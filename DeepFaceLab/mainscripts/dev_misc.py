"""The verb `dev_test`: a labelled research dataset as a faceset (spec 41 section 13).

FaceSynthetics: `<n>.png`, `<n>_ldmks.txt` (a landmark a line, the first 68 are ours) and
`<n>_seg.png` (a class a pixel).
"""
from pathlib import Path
from typing import Union

import cv2
import numpy as np

from core import pathex, persist
from core.cv2ex import cv2_imread
from core.errors import UserError
from core.interact import interact as io
from core.mathlib import transform_points
from DFLIMG import DFLJPG
from facelib import FaceType, LandmarksProcessor
from mainscripts.faceset_files import encode_face, read_picture
from mainscripts.file_workers import FileFailure, check_written, map_files

FACE_TYPE = FaceType.WHOLE_FACE
SIZE, QUALITY, MASK_SIZE = 1024, 95, 256
FACE_CLASSES = (1, 2, 3, 4, 5, 6, 9, 10, 11)
SEGMENTS_END, LANDMARKS_END = "_seg", "_ldmks"
OUTPUT_END = "_aligned"
_PICTURES = 32      # files worth a process


def dev_test(input_dir: Union[str, Path]) -> None:
    """Write the faces of the dataset with their masks to `<folder>_aligned` beside it. UserError
    when there are none."""
    folder = Path(input_dir).absolute()
    paths = [path for path in pathex.get_image_paths(folder, [".png"], return_Path_class=True)
             if not path.stem.endswith(SEGMENTS_END)]
    if not paths:
        raise UserError("There are no pictures <n>.png in {}.".format(folder),
                        ["give the folder of FaceSynthetics"])
    output = folder.with_name(folder.name + OUTPUT_END)
    persist.make_folder(output)
    results = map_files("Importing", import_face, paths, output, files_per_process=_PICTURES)
    check_written(results)
    count = sum(1 for result in results if not isinstance(result, FileFailure))
    if count == 0:
        raise UserError("None of the {} pictures could be imported.".format(len(paths)))
    io.log_info("{} faces in {}".format(count, output))


def import_face(path: Path, output: Path) -> None:
    """Write the aligned face of one picture. UserError."""
    landmarks = read_landmarks(path)
    picture = read_picture(path)
    segments = cv2_imread(path.with_name(path.stem + SEGMENTS_END + ".png"), verbose=False)
    if segments is None or segments.shape[:2] != picture.shape[:2]:
        raise UserError("{} has no {}{}.png of its size.".format(path, path.stem, SEGMENTS_END))
    matrix = LandmarksProcessor.get_transform_mat(landmarks, SIZE, FACE_TYPE)
    face = DFLJPG(str(path))
    face.set_dict({})
    face.set_face_type(FaceType.toString(FACE_TYPE))
    face.set_landmarks(np.array(transform_points(landmarks, matrix)).tolist())
    face.set_source_filename(path.name)
    face.set_source_rect(np.array(LandmarksProcessor.get_rect_from_landmarks(landmarks)).astype(int))
    face.set_source_landmarks(landmarks.tolist())
    face.set_image_to_face_mat(matrix)
    face.set_xseg_mask(_make_mask(segments, matrix))
    crop = cv2.warpAffine(picture, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR)
    persist.write_bytes(output / (path.stem + "_0.jpg"),
                        encode_face(path, crop, face.get_dict(), QUALITY))


def _make_mask(segments: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(256, 256) float32 of 0 and 1: the face in the crop, of an (h, w[, c]) picture of classes."""
    classes = segments if segments.ndim == 2 else segments[..., 0]
    mask = np.isin(classes, FACE_CLASSES).astype(np.float32)
    mask = cv2.warpAffine(mask, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR)
    mask = cv2.resize(mask, (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA)
    return (mask >= 0.5).astype(np.float32)


def read_landmarks(path: Path) -> np.ndarray:
    """(68, 2) float64 of the text beside a picture. UserError."""
    found = [path.with_name(path.stem + LANDMARKS_END + ".txt")]
    if not found[0].is_file():      # the whole dataset is not listed again for each of its pictures
        found = [other for other in pathex.get_file_paths(path.parent)
                 if other.suffix == ".txt" and other.stem.startswith(path.stem + "_")]
    if not found:
        raise UserError("{} has no landmarks {}_*.txt.".format(path, path.stem))
    try:
        lines = found[0].read_text(encoding="utf-8").split("\n")
        points = np.array([[float(word) for word in line.split()[:2]] for line in lines[:68]])
    except (OSError, ValueError) as error:
        raise UserError("{} cannot be read: {}.".format(found[0], error)) from error
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise UserError("{} does not hold 68 landmarks.".format(found[0]))
    return points

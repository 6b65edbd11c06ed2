"""What happens to a frame on its way to aligned faces: boxes, landmarks, crops (spec 41 section
6.2). No networks: those are handed in (mainscripts/extract_networks.py).
"""
import os
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from core import mathlib
from core.cv2ex import cv2_encode, to_gray
from core.errors import UserError
from core.file_names import is_plain_file_name
from core.frame_image import read_frame
from core.imagelib import cut_odd_image
from core.mathlib import transform_points
from DFLIMG import DFLJPG
from facelib import FaceType, LandmarksProcessor

ROTATIONS = (0, 90, 270, 180)   # the order in which a frame is looked at until there is a face
MIN_FRAME_SIDE = 128            # pixels; faces are not looked for in smaller frames
MAX_CROP_TO_RECT = 4            # areas; landmarks that want a larger crop than this are wrong
DEBUG_QUALITY = 50
TEMP_SUFFIX = ".tmp"


class WriteError(UserError):
    """A file cannot be written: no other could be either."""


class FrameData:
    """A frame and what is known of its faces. Public as ExtractSubprocessor.Data."""

    def __init__(self, filepath: Optional[Path] = None, rects: Optional[Sequence] = None,
                 landmarks: Optional[Sequence] = None, landmarks_accurate: bool = True,
                 manual: bool = False, force_output_path: Optional[Path] = None,
                 final_output_files: Optional[List[Path]] = None) -> None:
        self.filepath = filepath
        self.rects: List[Any] = list(rects) if rects is not None else []
        self.rects_rotation = 0
        self.landmarks_accurate = landmarks_accurate
        self.manual = manual
        self.landmarks: List[Any] = list(landmarks) if landmarks is not None else []
        self.force_output_path = force_output_path
        self.final_output_files: List[Path] = (list(final_output_files)
                                               if final_output_files is not None else [])
        self.faces_detected = 0
        self.error = ""     # why it was not processed
        self.is_given_up = False    # its workers failed; it may be fine


class FaceOutput(NamedTuple):
    """How faces are written.

    face_type, image_size (pixels), jpeg_quality (1..100); folder of the faces; debug_folder: of
    the frames with what was found drawn into them, or None; is_gray: one-channel faces.
    """

    face_type: FaceType
    image_size: int
    jpeg_quality: int
    folder: Optional[Path]
    debug_folder: Optional[Path] = None
    is_gray: bool = False


def read_even_frame(path: Path) -> np.ndarray:
    """A frame's picture (h,w,3) uint8 whose sides are even: an odd one loses its last line.
    UserError for one that cannot be read, or has nothing left; and for a name that faces cannot
    keep, without which nobody would take them."""
    if not is_plain_file_name(path.name):
        raise UserError("The faces of %s cannot keep its name: rename the frame, or start in a "
                        "locale like C.UTF-8 if it is the letters beyond ASCII." % path)
    image = read_frame(path, must_be_whole=True)
    height, width = image.shape[:2]
    if min(height, width) < 2:
        raise UserError("The frame %s is %d x %d pixels." % (path, width, height))
    return np.ascontiguousarray(cut_odd_image(image))


def rotate_view(image: np.ndarray, rotation: int) -> np.ndarray:
    """(h,w,3) turned by 0, 90, 180 or 270 degrees."""
    if rotation == 0:
        return image
    if rotation == 90:
        return np.ascontiguousarray(image.swapaxes(0, 1)[:, ::-1])
    if rotation == 180:
        return np.ascontiguousarray(image[::-1, ::-1])
    return np.ascontiguousarray(image.swapaxes(0, 1)[::-1])


def rotate_points_back(points: Any, rotation: int, width: int, height: int) -> np.ndarray:
    """(n, 2) x, y of the turned view in pixels of the frame (width, height)."""
    points = np.asarray(points)
    x, y = points[..., 0], points[..., 1]
    if rotation == 90:
        x, y = y, height - 1 - x
    elif rotation == 180:
        x, y = width - 1 - x, height - 1 - y
    elif rotation == 270:
        x, y = width - 1 - y, x
    return np.stack([x, y], -1)


def rotate_rect_back(rect: Sequence[float], rotation: int, width: int, height: int) -> List:
    """l, t, r, b of the turned view in the frame, ordered."""
    left, top, right, bottom = rect
    corners = rotate_points_back([(left, top), (right, bottom)], rotation, width, height)
    (x0, y0), (x1, y1) = corners.tolist()
    return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]


def find_rects(frames: Sequence[FrameData], images: Sequence[np.ndarray], networks: Any,
               max_faces: int) -> None:
    """The boxes stage of several frames, in place; max_faces: the largest ones stay, 0: all.

    A frame without a face is looked at turned, too; `rects` are of the view `rects_rotation`.
    """
    waiting = [i for i, image in enumerate(images) if min(image.shape[:2]) >= MIN_FRAME_SIDE]
    for frame in frames:
        frame.rects, frame.rects_rotation = [], 0
    for rotation in ROTATIONS:
        if not waiting:
            return
        found = networks.detect([rotate_view(images[i], rotation) for i in waiting])
        for i, rects in zip(waiting, found):
            frames[i].rects = list(rects[:max_faces] if max_faces > 0 else rects)
            frames[i].rects_rotation = rotation if rects else 0
        waiting = [i for i in waiting if not frames[i].rects]


def find_landmarks(frames: Sequence[FrameData], images: Sequence[np.ndarray],
                   networks: Any) -> None:
    """The landmarks stage of several frames, in place: `rects` and `landmarks` of the frame as it
    is."""
    for is_accurate in (True, False):
        chosen = [(frame, image) for frame, image in zip(frames, images)
                  if frame.rects and bool(frame.landmarks_accurate) == is_accurate]
        if not chosen:
            continue
        views = [(rotate_view(image, frame.rects_rotation), frame.rects)
                 for frame, image in chosen]
        for (frame, image), found in zip(chosen, networks.locate(views, is_accurate)):
            height, width = image.shape[:2]
            rotation = frame.rects_rotation
            frame.rects = [rotate_rect_back(rect, rotation, width, height)
                           for rect in frame.rects]
            frame.landmarks = [None if points is None
                               else rotate_points_back(points, rotation, width, height)
                               for points in found]


def find_matrix(landmarks: np.ndarray, size: int, face_type: FaceType) -> Optional[np.ndarray]:
    """(2, 3) from the frame to the aligned face; None for points that are no face."""
    points = np.asarray(landmarks, np.float64)
    if not np.isfinite(points).all() or np.linalg.matrix_rank(points - points.mean(0),
                                                              tol=1e-3) < 2:
        return None
    return LandmarksProcessor.get_transform_mat(landmarks, size, face_type)


def save_faces(data: FrameData, image: np.ndarray, output: FaceOutput) -> FrameData:
    """The final stage: an aligned face a pair of box and landmarks, with its metadata.

    image: (h,w,3) uint8. Sets `final_output_files` and `faces_detected`. WriteError.
    """
    debug_image = image.copy() if output.debug_folder is not None else None
    folder = data.force_output_path if data.force_output_path is not None else output.folder
    files = []
    for rect, landmarks in zip(data.rects, data.landmarks):
        if landmarks is None:
            continue
        face = _cut_face(data, image, rect, landmarks, output)
        if face is None:
            continue
        pixels, face_landmarks, matrix = face
        path = Path(folder) / ("%s_%d.jpg" % (data.filepath.stem, len(files)))
        _write(path, _encode_face(data, pixels, rect, landmarks, face_landmarks, matrix, path,
                                  output))
        files.append(path)
        if debug_image is not None and matrix is not None:
            LandmarksProcessor.draw_rect_landmarks(debug_image, rect, landmarks, output.face_type,
                                                   output.image_size, transparent_mask=True)
    if debug_image is not None:
        path = Path(output.debug_folder) / (data.filepath.stem + ".jpg")
        _write(path, cv2_encode(".jpg", debug_image, [cv2.IMWRITE_JPEG_QUALITY, DEBUG_QUALITY]))
    data.final_output_files = files
    data.faces_detected = len(files)
    return data


def _cut_face(data: FrameData, image: np.ndarray, rect: Sequence[float], landmarks: np.ndarray,
              output: FaceOutput) -> Optional[Tuple[np.ndarray, np.ndarray, Any]]:
    """(pixels, landmarks in them, matrix or None where there is no crop); None for no face."""
    if output.face_type == FaceType.MARK_ONLY:
        return image, np.asarray(landmarks), None
    size = output.image_size
    matrix = find_matrix(landmarks, size, output.face_type)
    if matrix is None:
        return None
    if not data.manual and output.face_type <= FaceType.FULL_NO_ALIGN:
        last = size - 1
        outline = transform_points([(0, 0), (0, last), (last, last), (last, 0)], matrix, True)
        left, top, right, bottom = rect
        # Files of older versions have boxes that are inverted.
        rect_area = abs((right - left) * (bottom - top))
        if mathlib.polygon_area(outline[:, 0], outline[:, 1]) > MAX_CROP_TO_RECT * rect_area:
            return None
    # Bilinear, as existing facesets were made (spec 40 section 5.5).
    pixels = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR)
    return pixels, transform_points(landmarks, matrix), matrix


def _encode_face(data: FrameData, pixels: np.ndarray, rect: Sequence[float],
                 landmarks: np.ndarray, face_landmarks: np.ndarray, matrix: Optional[np.ndarray],
                 path: Path, output: FaceOutput) -> bytes:
    """The whole file: it is written once."""
    pixels = to_gray(pixels) if output.is_gray else pixels
    encoded = cv2_encode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, output.jpeg_quality])
    face = DFLJPG.load_raw(str(path), loader_func=lambda _: encoded)
    face.set_dict({})
    face.set_face_type(FaceType.toString(output.face_type))
    face.set_landmarks(np.asarray(face_landmarks).tolist())
    face.set_source_filename(data.filepath.name)
    face.set_source_rect(np.array([int(x) for x in rect]))
    face.set_source_landmarks(np.asarray(landmarks).tolist())
    face.set_image_to_face_mat(matrix)
    return face.dump()


def _write(path: Path, content: bytes) -> None:
    """Replace a file; a killed process leaves the old one, the new one or none. WriteError."""
    temp = path.with_name(path.name + TEMP_SUFFIX)
    try:
        # No fsync: faces are many and can be made again; extract_record.py looks at their ends.
        with open(str(temp), "wb") as file:
            file.write(content)
        os.replace(str(temp), str(path))
    except OSError as error:
        raise WriteError("%s cannot be written: %s." % (path, error.strerror or error), [
            "Free some disk space, or check that the folder may be written to.",
            "Start again and continue: frames that are done are kept."]) from error

"""Tiny facesets of the two rendered characters: real face JPEGs in a second, with true landmarks.

Tests take them from the session fixture `facesets` (conftest.py) and leave them as they are.
"""
from collections import namedtuple
from pathlib import Path

import cv2
import numpy as np

FRAME_SIZE = 160    # pixels of a rendered frame
FACE_SIZE = 64      # pixels of an aligned face
FACES_COUNT = 8     # of each character

Facesets = namedtuple('Facesets', ('src', 'dst'))   # folders


def render_frame(character: str, number: int):
    """Frame `number` of a character ('src' or 'dst'): pose, expression and light vary with it."""
    from demo.render import render_face
    from demo.scene import Background, Expression, Light, Pose
    turn = 2 * np.pi * number / FACES_COUNT
    return render_face(
        character, size=FRAME_SIZE,
        pose=Pose(yaw=22 * np.sin(turn), pitch=8 * np.cos(turn), roll=4 * np.sin(2 * turn)),
        expression=Expression(mouth_open=max(0.0, np.sin(3 * turn)), smile=np.cos(turn) / 2,
                              gaze_x=np.sin(turn) / 2),
        light=Light(azimuth=-35 + 50 * np.cos(turn)), background=Background(seed=number))


def align_face(frame, size: int, face_type: str):
    """(crop uint8 BGR, landmarks in pixels of the crop, matrix from the frame to the crop)"""
    from core.mathlib import transform_points
    from facelib import FaceType, LandmarksProcessor
    matrix = LandmarksProcessor.get_transform_mat(frame.landmarks, size,
                                                  FaceType.fromString(face_type))
    crop = cv2.warpAffine(frame.image, matrix, (size, size), flags=cv2.INTER_CUBIC)
    return crop, np.array(transform_points(frame.landmarks, matrix), np.float64), matrix


def write_face(path, frame, size: int = FACE_SIZE, face_type: str = 'whole_face',
               gray: bool = False) -> Path:
    """A rendered frame's face as the extractor writes it; gray: a one-component JPEG."""
    from DFLIMG import DFLJPG
    crop, landmarks, matrix = align_face(frame, size, face_type)
    if gray:
        crop = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    path = Path(str(path))
    encoded = cv2.imencode('.jpg', crop, [int(cv2.IMWRITE_JPEG_QUALITY), 95])[1]
    path.write_bytes(encoded.tobytes())
    face = DFLJPG.load(str(path))
    face.set_face_type(face_type)
    face.set_landmarks(landmarks.tolist())
    face.set_source_filename(path.stem.split('_')[0] + '.png')
    face.set_source_rect([0, 0, FRAME_SIZE, FRAME_SIZE])
    face.set_source_landmarks(frame.landmarks.tolist())
    face.set_image_to_face_mat(matrix.tolist())
    face.save()
    return path


def write_faceset(folder, character: str, count: int = FACES_COUNT, **changes) -> Path:
    """A folder with `count` aligned faces of a character; changes: arguments of write_face."""
    folder = Path(str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write_face(folder / ('%05d_0.jpg' % number), render_frame(character, number), **changes)
    return folder


def write_facesets(root, **changes) -> Facesets:
    """Both characters' facesets under `root`."""
    return Facesets(*[write_faceset(Path(str(root)) / name, name, **changes)
                      for name in Facesets._fields])

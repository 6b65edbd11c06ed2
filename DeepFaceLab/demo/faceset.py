"""A rendered frame's face as the extractor would save it, with true landmarks and polygon."""
from pathlib import Path

import cv2
import numpy as np

from core.cv2ex import cv2_imwrite
from core.imagelib import SegIEPolys, SegIEPolyType
from core.mathlib import transform_points
from DFLIMG import DFLJPG
from facelib import FaceType, LandmarksProcessor

from .render import RenderedFace

ALIGNED_SIZE = 256
ALIGNED_TYPE = FaceType.WHOLE_FACE
JPEG_QUALITY = 90
OUTLINE_TOLERANCE = 0.75  # pixels of the aligned face


def save_aligned_face(face: RenderedFace, path: Path, source_filename: str,
                      size: int = ALIGNED_SIZE) -> None:
    """Write the aligned DFL JPEG (whole face, `size` pixels) of a rendered frame.

    The polygon is the outline of the visible face. Dict keys in the extractor's order.
    """
    matrix = LandmarksProcessor.get_transform_mat(face.landmarks, size, ALIGNED_TYPE)
    # bilinear, as the extractor crops (spec 30 section 2.8)
    image = cv2.warpAffine(face.image, matrix, (size, size), flags=cv2.INTER_LINEAR)
    cv2_imwrite(str(path), image, [int(cv2.IMWRITE_JPEG_QUALITY), JPEG_QUALITY])

    dflimg = DFLJPG.load(str(path))
    dflimg.set_face_type(FaceType.toString(ALIGNED_TYPE))
    dflimg.set_landmarks(transform_points(face.landmarks, matrix).tolist())
    dflimg.set_source_filename(source_filename)
    dflimg.set_source_rect(LandmarksProcessor.get_rect_from_landmarks(face.landmarks))
    dflimg.set_source_landmarks(face.landmarks.tolist())
    dflimg.set_image_to_face_mat(matrix)
    dflimg.set_seg_ie_polys(outline_face(cv2.warpAffine(face.mask, matrix, (size, size))))
    dflimg.save()


def outline_face(mask: np.ndarray) -> SegIEPolys:
    """Polygon around the largest region of an (h, w) uint8 mask; empty when there is none."""
    polys = SegIEPolys()
    found = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_EXTERNAL,
                             cv2.CHAIN_APPROX_NONE)
    contours = found[-2]  # OpenCV 3 returns the picture first
    if len(contours) != 0:
        outline = cv2.approxPolyDP(max(contours, key=cv2.contourArea), OUTLINE_TOLERANCE, True)
        if len(outline) >= 3:
            poly = polys.add_poly(SegIEPolyType.INCLUDE)
            poly.set_points(outline[:, 0].astype(np.float32))
    return polys

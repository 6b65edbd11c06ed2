"""Finds 68 landmarks in boxes of faces with the network FAN (spec 40 section 5)."""
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from core.leras import nn
from core.mathlib import transform_points

from . import fan_points
from .fan_points import WEIGHTS_NAMES
from .FaceType import FaceType
from .LandmarksProcessor import get_transform_mat
from .pretrained import (FOLDER, OTHER_DETECTOR, check_weights_file, load_pretrained,
                         nhwc_graph)

BATCH = 16      # crops in one run of the network
SECOND_SIZE = 256   # of the aligned crop that a second pass looks at

Landmarks = Optional[np.ndarray]


class FaceSamples(NamedTuple):
    """The crops of one box: what is read from them is averaged."""

    crops: List[np.ndarray]
    samples: List[Tuple[np.ndarray, float]]


class FANExtractor(object):
    """Loads the network; TensorFlow is started if it is not yet.

    landmarks_3D        2D projections of a head's landmarks in place of its outline
    place_model_on_cpu  weights in the computer's memory

    UserError without the weights of an existing install (see facelib/pretrained.py).
    """

    def __init__(self, landmarks_3D: bool = False, place_model_on_cpu: bool = False) -> None:
        path = FOLDER / WEIGHTS_NAMES[bool(landmarks_3D)]
        check_weights_file(path, OTHER_DETECTOR)
        with nhwc_graph():
            from .fan_network import FANNetwork     # a class of layers: after initialize
            with nn.tf.device("/CPU:0" if place_model_on_cpu else ""):
                self.model = FANNetwork(name="FAN")
                load_pretrained(self.model, path, OTHER_DETECTOR)
            self.model.build_for_run([(nn.tf.float32, (None, fan_points.CROP, fan_points.CROP,
                                                       3))])

    def extract(self, input_image: np.ndarray, rects: Sequence[Sequence[float]],
                second_pass_extractor: Any = None, is_bgr: bool = True,
                multi_sample: bool = False) -> List[Landmarks]:
        """Landmarks (68, 2) float64 in pixels of the picture for each box, None where the box
        lies outside.

        Arguments:
            input_image: (h,w,3) uint8.
            rects: boxes l, t, r, b.
            second_pass_extractor: an S3FDExtractor; a face that it finds once more in the aligned
                crop gets its landmarks from there, which is more accurate.
            multi_sample: the mean of five crops in place of one.
        """
        return self.extract_batch([(input_image, rects)], second_pass_extractor, is_bgr,
                                  multi_sample)[0]

    def extract_batch(self, items: Sequence[Tuple[np.ndarray, Sequence[Sequence[float]]]],
                      second_pass_extractor: Any = None, is_bgr: bool = True,
                      multi_sample: bool = False) -> List[List[Landmarks]]:
        """`extract` of several pictures with their boxes; all crops run together."""
        images = [np.ascontiguousarray(image[..., ::-1]) if is_bgr and len(rects) else image
                  for image, rects in items]
        faces = [(image, rect) for image, (_, rects) in zip(images, items) for rect in rects]
        found = self._find(faces, multi_sample)
        if second_pass_extractor is not None:
            self._look_again([image for image, _ in faces], found, second_pass_extractor)
        rest = iter(found)
        return [[next(rest) for _ in rects] for _, rects in items]

    def _find(self, faces: Sequence[Tuple[np.ndarray, Any]],
              multi_sample: bool) -> List[Landmarks]:
        """Landmarks of (RGB picture, box) pairs."""
        prepared = [_cut_samples(image, rect, multi_sample) for image, rect in faces]
        crops = [crop for face in prepared if face is not None for crop in face.crops]
        maps = iter(self._run(crops))
        result: List[Landmarks] = []
        for face in prepared:
            if face is None:
                result.append(None)
                continue
            result.append(np.mean([fan_points.get_pts_from_predict(next(maps), centre, scale)
                                   for centre, scale in face.samples], 0))
        return result

    def _run(self, crops: List[np.ndarray]) -> List[np.ndarray]:
        """Heat maps (68, 64, 64) of crops (256, 256, 3) uint8."""
        maps: List[np.ndarray] = []
        for start in range(0, len(crops), BATCH):
            batch = np.stack(crops[start:start + BATCH]).astype(np.float32) / 255.0
            maps.extend(self.model.run([batch]))
        return maps

    def _look_again(self, images: List[np.ndarray], found: List[Landmarks],
                    detector: Any) -> None:
        """The second pass, in place: faces that the detector does not find exactly once in their
        aligned crop keep what they have."""
        aligned = [(i,) + crop for i, crop in
                   ((i, _align(images[i], found[i])) for i in range(len(found)))
                   if crop is not None]
        crops = [crop for _, crop, _ in aligned]
        if hasattr(detector, "extract_batch"):
            boxes = detector.extract_batch(crops, is_bgr=False)
        else:   # of a script
            boxes = [detector.extract(crop, is_bgr=False) for crop in crops]
        chosen = [(i, crop, matrix, rects[0]) for (i, crop, matrix), rects in zip(aligned, boxes)
                  if len(rects) == 1]
        landmarks = self._find([(crop, rect) for _, crop, _, rect in chosen], multi_sample=True)
        for (i, _, matrix, _), points in zip(chosen, landmarks):
            if points is not None:
                found[i] = transform_points(points, matrix, True)


def _cut_samples(image: np.ndarray, rect: Any, multi_sample: bool) -> Optional[FaceSamples]:
    """None for a box without an inside, or outside the picture."""
    samples = fan_points.list_samples(rect, multi_sample)
    if samples[0][1] <= 0:
        return None
    crops = [fan_points.crop(image, centre, scale) for centre, scale in samples]
    if any(crop is None for crop in crops):
        return None
    return FaceSamples(crops, samples)


def _align(image: np.ndarray, landmarks: Landmarks) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """(crop, matrix to it) of the full face; None if the landmarks span no face."""
    if landmarks is None or np.linalg.matrix_rank(landmarks - landmarks.mean(0), tol=1.0) < 2:
        return None
    matrix = get_transform_mat(landmarks, SECOND_SIZE, FaceType.FULL)
    # Bilinear, as existing facesets were made (spec 40 section 5.5).
    return cv2.warpAffine(image, matrix, (SECOND_SIZE, SECOND_SIZE),
                          flags=cv2.INTER_LINEAR), matrix

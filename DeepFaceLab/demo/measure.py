"""How well a model has learned the swap, measured against the rendered ground truth."""
from pathlib import Path
from typing import List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from core.cv2ex import cv2_imread
from core.errors import UserError
from DFLIMG import DFLIMG
from facelib import LandmarksProcessor

from . import workspace

SSIM_SIDE = 11  # pixels of the Gaussian window
SSIM_SIGMA = 1.5
SSIM_C1, SSIM_C2 = 0.01 ** 2, 0.03 ** 2  # for values 0..1


class UnseenFace(NamedTuple):
    """A destination face that was not trained on, in the model's crop; float32 0..1, NHWC.

    Attributes: face, truth (r, r, 3); hull (r, r) bool, where the face is.
    """

    face: np.ndarray
    truth: np.ndarray
    hull: np.ndarray


def load_unseen_faces(folder: Path, resolution: int, face_type) -> List[UnseenFace]:
    """The unseen faces of a rendered workspace, cropped as the merger crops a frame."""
    faces = []
    for index in range(workspace.UNSEEN_COUNT):
        landmarks = read_landmarks(workspace.aligned_path(folder, "unseen", index))
        frame = read_frame(workspace.frame_path(folder, "unseen", index))
        truth = read_frame(workspace.truth_path(folder, "unseen", index))
        matrix = LandmarksProcessor.get_transform_mat(landmarks, resolution, face_type)
        hull = LandmarksProcessor.get_image_hull_mask(frame.shape, landmarks)
        hull = cv2.warpAffine(hull, matrix, (resolution, resolution))
        face, ideal = [crop_face(picture, matrix, resolution) for picture in (frame, truth)]
        faces.append(UnseenFace(face, ideal, hull > 0.5))
    return faces


def read_landmarks(aligned_path: Path) -> np.ndarray:
    """(68, 2) in pixels of the frame, from its aligned face."""
    aligned = DFLIMG.load(aligned_path)
    if aligned is None:
        raise UserError("{} cannot be read.".format(aligned_path),
                        ["delete the workspace and render it again"])
    return aligned.get_source_landmarks()


def read_frame(path: Path) -> np.ndarray:
    """(h, w, 3) float32 BGR 0..1."""
    image = cv2_imread(path)
    if image is None:
        raise UserError("{} cannot be read.".format(path),
                        ["delete the workspace and render it again"])
    return image.astype(np.float32) / 255.0


def crop_face(frame: np.ndarray, matrix: np.ndarray, resolution: int) -> np.ndarray:
    """(resolution, resolution, 3): a frame's face as the merger crops it."""
    crop = cv2.warpAffine(frame, matrix, (resolution, resolution), flags=cv2.INTER_CUBIC)
    return np.clip(crop, 0, 1)


def map_ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(h, w) structural similarity of two (h, w, c) float images 0..1, mean over the channels."""
    def blur(image):
        blurred = cv2.GaussianBlur(image, (SSIM_SIDE, SSIM_SIDE), SSIM_SIGMA,
                                   borderType=cv2.BORDER_REFLECT_101)
        return blurred.reshape(image.shape)  # OpenCV drops the axis of a single channel
    a, b = a.astype(np.float64), b.astype(np.float64)
    mean_a, mean_b = blur(a), blur(b)
    variance_a, variance_b = blur(a * a) - mean_a ** 2, blur(b * b) - mean_b ** 2
    covariance = blur(a * b) - mean_a * mean_b
    similarity = ((2 * mean_a * mean_b + SSIM_C1) * (2 * covariance + SSIM_C2)
                  / ((mean_a ** 2 + mean_b ** 2 + SSIM_C1)
                     * (variance_a + variance_b + SSIM_C2)))
    return similarity.mean(axis=-1)


def measure_swaps(faces: Sequence[UnseenFace], swaps: Sequence[np.ndarray]) -> float:
    """Mean SSIM inside the hulls of the swaps, (r, r, 3) float 0..1, to the ground truth."""
    return float(np.mean([map_ssim(swap, face.truth)[face.hull].mean()
                          for face, swap in zip(faces, swaps)]))


def measure_frame(picture: np.ndarray, truth: np.ndarray, landmarks: np.ndarray) -> float:
    """Mean SSIM of two (h, w, 3) float frames 0..1 where the face of the landmarks is."""
    hull = LandmarksProcessor.get_image_hull_mask(truth.shape, landmarks)[..., 0] > 0.5
    return float(map_ssim(picture, truth)[hull].mean())


def measure_losses(loss_history: Sequence[Sequence[float]]) -> Tuple[float, ...]:
    """(src, dst): mean of the last 20 losses as a share of the mean of the first 3."""
    losses = np.asarray(loss_history, np.float64)
    return tuple(losses[-20:].mean(axis=0) / losses[:3].mean(axis=0))

"""File names on preview tiles (spec 82 section A)."""
import cv2
import numpy as np


def label_face_filename(face: np.ndarray, filename: str) -> np.ndarray:
    """Copy of `face` (h, w, c), float or uint8, with the text in its lower left corner."""
    labelled = np.array(face, order="C")
    white = 255 if labelled.dtype == np.uint8 else 1
    # Bytes of a name that are no text would end the process in OpenCV.
    filename = filename.encode("utf-8", "replace").decode("utf-8")
    cv2.putText(labelled, filename, (5, labelled.shape[0] - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.5,
                (white,) * 3, 1, cv2.LINE_AA)
    return labelled

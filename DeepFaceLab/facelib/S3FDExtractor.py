"""Finds the boxes of faces with the network S3FD (spec 40 section 4)."""
from typing import Any, Dict, List, Sequence

import numpy as np

from core.leras import nn

from . import s3fd_boxes
from .pretrained import (FOLDER, OTHER_DETECTOR, check_weights_file, load_pretrained,
                         nhwc_graph)
from .s3fd_boxes import WEIGHTS_NAME, Box, NetworkSize

BATCH = 8       # pictures in one run of the network


class S3FDExtractor(object):
    """Loads the network; TensorFlow is started if it is not yet.

    place_model_on_cpu: weights in the computer's memory. UserError without the weights of an
    existing install (see facelib/pretrained.py).
    """

    def __init__(self, place_model_on_cpu: bool = False) -> None:
        check_weights_file(FOLDER / WEIGHTS_NAME, OTHER_DETECTOR)
        with nhwc_graph():
            from .s3fd_network import S3FDNetwork   # a class of layers: after initialize
            with nn.tf.device("/CPU:0" if place_model_on_cpu else ""):
                self.model = S3FDNetwork(name="S3FD")
                load_pretrained(self.model, FOLDER / WEIGHTS_NAME, OTHER_DETECTOR)
            self.model.build_for_run([(nn.tf.float32, (None, None, None, 3))])

    def __enter__(self) -> "S3FDExtractor":
        return self

    def __exit__(self, exc_type: Any = None, exc_value: Any = None,
                 traceback: Any = None) -> bool:
        return False

    def extract(self, input_image: np.ndarray, is_bgr: bool = True,
                is_remove_intersects: bool = False) -> List[Box]:
        """The faces of one picture (h,w,3) uint8: [l, t, r, b] each, whole pixels, the largest
        first; they may reach over the edges.

        is_remove_intersects: of two that overlap and follow each other only the first stays.
        """
        return self.extract_batch([input_image], is_bgr, is_remove_intersects)[0]

    def extract_batch(self, images: Sequence[np.ndarray], is_bgr: bool = True,
                      is_remove_intersects: bool = False) -> List[List[Box]]:
        """`extract` of several pictures; those that the network sees at the same size run
        together."""
        sizes = [s3fd_boxes.choose_network_size(image.shape[1], image.shape[0])
                 for image in images]
        groups: Dict[NetworkSize, List[int]] = {}
        for i, size in enumerate(sizes):
            groups.setdefault(size, []).append(i)
        result: List[List[Box]] = [[] for _ in images]
        for size, members in groups.items():
            for start in range(0, len(members), BATCH):
                part = members[start:start + BATCH]
                pictures = np.stack([s3fd_boxes.shrink(images[i], size) for i in part])
                boxes = self._find(pictures[..., ::-1] if is_bgr else pictures)
                for i, found in zip(part, boxes):
                    result[i] = s3fd_boxes.finish_boxes(found, size.factor, is_remove_intersects)
        return result

    def _find(self, pictures: np.ndarray) -> List[List[Box]]:
        """Boxes in (n,h,w,3) uint8 RGB pictures of the network's size."""
        outputs = self.model.run([pictures])
        return [self.refine([output[i:i + 1] for output in outputs])
                for i in range(len(pictures))]

    def refine(self, olist: Sequence[np.ndarray]) -> List[Box]:
        """The network's outputs for one picture, (1,h,w,2) and (1,h,w,4), to boxes in it."""
        return s3fd_boxes.refine_boxes([output[0] for output in olist])

    def refine_nms(self, dets: np.ndarray, thresh: float) -> List[int]:
        """Rows of (n, 5) l, t, r, b, score that stay."""
        if len(dets) == 0:
            return []
        return s3fd_boxes.suppress_overlaps(np.asarray(dets), thresh)

"""A worker process of extraction: decodes ahead, finds faces in batches, writes behind (spec 41
section 6.2)."""
import os
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, List, Optional, Tuple

import numpy as np

from core.errors import UserError
from core.joblib import Subprocessor

from . import extract_stages
from .extract_stages import FrameData, WriteError

THREADS = 4     # that decode, align and encode beside the networks

# What a worker is given: `stages` is a set of these.
RECTS, LANDMARKS, FINAL = "rects", "landmarks", "final"


class ExtractCli(Subprocessor.Cli):
    """Items are lists of FrameData; the result is the same list, filled in.

    client_dict: stages; batch_size; max_faces_from_image; output (FaceOutput); networks_class and
    place (extract_networks.py), None without a network.
    """

    def on_initialize(self, client_dict: dict) -> None:
        self.stages = client_dict["stages"]
        self.batch_size = client_dict["batch_size"]
        self.max_faces = client_dict["max_faces_from_image"]
        self.output = client_dict["output"]
        place = client_dict["place"]
        self.networks = None
        if client_dict["networks_class"] is not None:
            if place.threads:
                # Before TensorFlow is imported.
                os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(place.threads))
            self.networks = client_dict["networks_class"](place, self.output.face_type)
        self.pool = ThreadPoolExecutor(THREADS)
        self._last: Tuple[Any, Optional[np.ndarray]] = (None, None)     # path, picture

    def on_finalize(self) -> None:
        self.pool.shutdown()
        close = getattr(self.networks, "close", None)
        if close is not None:
            close()

    def get_data_name(self, data: List[FrameData]) -> str:
        return ", ".join(frame.filepath.name for frame in data)

    def process_data(self, data: List[FrameData]) -> List[FrameData]:
        batches = [data[i:i + self.batch_size] for i in range(0, len(data), self.batch_size)]
        reading = self._start_reading(batches[0])
        finals: List[Future] = []
        for number, batch in enumerate(batches):
            images = [future.result() for future in reading]
            if number + 1 < len(batches):
                reading = self._start_reading(batches[number + 1])
            frames = [frame for frame, image in zip(batch, images) if image is not None]
            images = [image for image in images if image is not None]
            self._find_faces(frames, images)
            if FINAL in self.stages:
                finals += [self.pool.submit(extract_stages.save_faces, frame, image, self.output)
                           for frame, image in zip(frames, images)]
        try:
            for future in finals:
                future.result()
        except WriteError as error:
            # The host ends the run: it would be the same for every frame.
            data[0].error = "%s%s" % (WRITE_MARK, error)
        return data

    def _find_faces(self, frames: List[FrameData], images: List[np.ndarray]) -> None:
        if not frames:
            return
        if RECTS in self.stages:
            extract_stages.find_rects(frames, images, self.networks, self.max_faces)
        if LANDMARKS in self.stages:
            extract_stages.find_landmarks(frames, images, self.networks)

    def _start_reading(self, frames: List[FrameData]) -> List[Future]:
        return [self.pool.submit(self._read, frame) for frame in frames]

    def _read(self, frame: FrameData) -> Optional[np.ndarray]:
        """The frame's picture with even sides; None, with the reason in `error`."""
        path, image = self._last    # marking by hand looks at the same frame again and again
        if path == frame.filepath:
            return image
        try:
            image = extract_stages.read_even_frame(frame.filepath)
        except UserError as error:
            frame.error = error.what
            return None
        except MemoryError:
            frame.error = "There is not enough memory for %s.\n%s" % (frame.filepath,
                                                                    traceback.format_exc())
            return None
        if frame.manual:
            self._last = (frame.filepath, image)
        return image


WRITE_MARK = "\0write\0"    # in front of the text of an error that ends the run


def get_write_error(frames: List[FrameData]) -> Optional[str]:
    """The text of such an error, if a worker's result holds one."""
    if frames and frames[0].error.startswith(WRITE_MARK):
        return frames[0].error[len(WRITE_MARK):]
    return None

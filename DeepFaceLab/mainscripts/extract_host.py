"""The main process of extraction: hands frames to the workers and keeps what comes back (spec 41
section 6.2)."""
import multiprocessing
from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, Iterator, List, Optional, Sequence, Tuple

from core.errors import UserError
from core.interact import interact as io
from core.joblib import Subprocessor
from core.leras import nn
from facelib import FaceType

from . import extract_networks
from .extract_networks import NetworkPlace
from .extract_stages import FaceOutput, FrameData, find_landmarks, find_rects, save_faces
from .extract_worker import FINAL, LANDMARKS, RECTS, ExtractCli, get_write_error

FRAME_TIMEOUT = 120     # s; a worker's first item gets five times as long
MAX_WORKERS = 8
CORES_A_WORKER = 4      # on the CPU: a network uses several, and every worker holds its weights
# Frames in a run of the network, and runs in one item, of which the next is decoded meanwhile. The
# CPU gains nothing from larger runs (tests/bench/bench_extract.py).
CPU_BATCH, CPU_BATCHES = 1, 4
GPU_BATCH, GPU_BATCHES = 8, 2
FRAMES_AT_ONCE = 16     # of an item without networks

TYPE_ALL, TYPE_RECTS, TYPE_LANDMARKS = "all", "rects-s3fd", "landmarks"
TYPE_MANUAL, TYPE_FINAL = "landmarks-manual", "final"


def list_stages(type_name: str) -> List[str]:
    """The stages of a type, by what its name holds."""
    return [stage for stage in (RECTS, LANDMARKS, FINAL)
            if stage in type_name or type_name == TYPE_ALL]


class _Stages(ExtractCli):
    """The worker, with the single steps under the names that scripts call."""

    @staticmethod
    def rects_stage(data: FrameData, image: Any, max_faces_from_image: int,
                    rects_extractor: Any) -> FrameData:
        find_rects([data], [image], _Extractors(rects_extractor, None), max_faces_from_image)
        return data

    @staticmethod
    def landmarks_stage(data: FrameData, image: Any, landmarks_extractor: Any,
                        rects_extractor: Any) -> FrameData:
        find_landmarks([data], [image], _Extractors(rects_extractor, landmarks_extractor))
        return data

    @staticmethod
    def final_stage(data: FrameData, image: Any, face_type: FaceType, image_size: int,
                    jpeg_quality: int, output_debug_path: Optional[Path] = None,
                    final_output_path: Optional[Path] = None) -> FrameData:
        return save_faces(data, image, FaceOutput(face_type, image_size, jpeg_quality,
                                                  final_output_path, output_debug_path))


class _Extractors:
    """Two extractors as a pair of networks."""

    def __init__(self, rects_extractor: Any, landmarks_extractor: Any) -> None:
        self._rects = rects_extractor
        self._landmarks = landmarks_extractor

    def detect(self, images: Sequence) -> List:
        return [self._rects.extract(image) for image in images]

    def locate(self, views: Sequence, is_accurate: bool) -> List:
        return [self._landmarks.extract(image, rects, self._rects if is_accurate else None,
                                        is_bgr=True) for image, rects in views]


class ExtractSubprocessor(Subprocessor):
    """Takes frames through one or all stages; `run` returns them in the order of the input.

    type: 'all', 'rects-s3fd', 'landmarks' or 'final'; other arguments as of `Extractor.main`.
    A frame that cannot be read or processed comes back with 0 faces and its reason in `error`.
    on_done: called with each frame that is done, in the order in which they are.
    """

    Data = FrameData
    Cli = _Stages

    def __init__(self, input_data: Sequence[FrameData], type: str,
                 image_size: Optional[int] = None, jpeg_quality: Optional[int] = None,
                 face_type: Optional[FaceType] = None, output_debug_path: Optional[Path] = None,
                 manual_window_size: int = 0, max_faces_from_image: int = 0,
                 final_output_path: Optional[Path] = None, device_config: Any = None,
                 is_gray: bool = False, networks_class: Any = None, batch_size: int = 0,
                 workers_count: int = 0,
                 on_done: Optional[Callable[[FrameData], None]] = None) -> None:
        self.input_data = list(input_data)
        self.type = type
        self.stages = list_stages(type)
        self.max_faces_from_image = max_faces_from_image or 0
        self.output = FaceOutput(face_type, image_size, jpeg_quality, final_output_path,
                                 output_debug_path, is_gray)
        self.device_config = device_config if device_config is not None else nn.DeviceConfig.CPU()
        self.has_networks = RECTS in self.stages or LANDMARKS in self.stages
        self.networks_class = None
        if self.has_networks:
            self.networks_class = networks_class or extract_networks.S3FDNetworks
        is_cpu = self.device_config.cpu_only
        self.batch_size = batch_size or (CPU_BATCH if is_cpu else GPU_BATCH)
        self.workers_count = workers_count
        self.item_size = FRAMES_AT_ONCE
        if self.has_networks:
            self.item_size = self.batch_size * (CPU_BATCHES if is_cpu else GPU_BATCHES)
        self.on_done = on_done
        self.pending: Deque[List[FrameData]] = deque(
            self.input_data[i:i + self.item_size]
            for i in range(0, len(self.input_data), self.item_size))
        self.done = {}      # path -> FrameData
        super().__init__("Extractor", self.Cli, FRAME_TIMEOUT * self.item_size)

    def on_check_run(self) -> bool:
        return len(self.input_data) > 0

    def run(self) -> List[FrameData]:
        try:
            return super().run()
        finally:
            if io.pg_bar is not None:   # stopped by an error
                io.progress_bar_close()

    # Workers

    def process_info_generator(self) -> Iterator[Tuple[str, dict, dict]]:
        for name, place in self.list_workers():
            yield name, {}, self.make_client_dict(place)

    def list_workers(self) -> List[Tuple[str, NetworkPlace]]:
        """(name, place) of each: one a GPU, else several on the CPU."""
        if self.has_networks and not self.device_config.cpu_only:
            return [(device.name, NetworkPlace(device.tf_dev_type, device.index,
                                               device.total_mem_gb, 0))
                    for device in self.device_config.devices]
        cores = multiprocessing.cpu_count()
        count = cores if not self.has_networks else cores // CORES_A_WORKER
        count = self.workers_count or max(1, min(MAX_WORKERS, count))
        count = min(count, max(1, len(self.pending)))
        threads = max(1, cores // count) if count > 1 else 0
        return [("CPU%d" % i, NetworkPlace("CPU", 0, 0.0, threads)) for i in range(count)]

    def make_client_dict(self, place: NetworkPlace) -> dict:
        return dict(stages=self.stages, batch_size=self.batch_size,
                    max_faces_from_image=self.max_faces_from_image, output=self.output,
                    networks_class=self.networks_class, place=place)

    def on_clients_initialized(self) -> None:
        io.progress_bar(None, len(self.input_data))

    def on_clients_finalized(self) -> None:
        io.progress_bar_close()

    # Items

    def get_data(self, host_dict: dict) -> Optional[List[FrameData]]:
        return self.pending.popleft() if self.pending else None

    def on_data_return(self, host_dict: dict, data: List[FrameData]) -> None:
        """One frame of several may be to blame: they are tried one by one."""
        if len(data) == 1:
            self.pending.appendleft(data)   # the same list: its attempts are counted
            return
        for frame in reversed(data):
            self.pending.appendleft([frame])

    def on_data_failed(self, host_dict: dict, data: List[FrameData]) -> None:
        for frame in data:
            frame.is_given_up = True
            frame.error = frame.error or "It could not be processed, see above."
        self._keep(data)

    def on_result(self, host_dict: dict, data: List[FrameData], result: List[FrameData]) -> None:
        text = get_write_error(result)
        if text is not None:
            raise UserError(text)
        self._keep(result)

    def _keep(self, frames: List[FrameData]) -> None:
        for frame in frames:
            if frame.error:
                io.log_err("%s: %s" % (frame.filepath.name, frame.error))
            self.done[str(frame.filepath)] = frame
            if self.on_done is not None:
                self.on_done(frame)
        io.progress_bar_inc(len(frames))

    def get_result(self) -> List[FrameData]:
        return [self.done.get(str(frame.filepath), frame) for frame in self.input_data]

"""The verb `facesettool enhance`: detail for every face by a network (spec 41 section 10)."""
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

from core import persist
from core.errors import UserError
from core.imagelib.common import to_uint8
from core.interact import interact as io
from core.joblib import Subprocessor
from core.leras import nn
from core.options import Option
from mainscripts.faceset_files import encode_face, list_pictures, open_face, read_picture
from mainscripts.file_workers import FileFailure, call_for_file, report_failures
from mainscripts.processed_folder import make_output_folder, merge_back
from models.device_choice import choose_device, is_device_told

OUTPUT_END = "_enhanced"
SMALL_MEMORY = 2        # GB; such a GPU does not hold the weights as well
MAX_TILES = 8           # of a face at once on a GPU, as many as it has GB
_SECONDS = 600          # for one face

MERGE = Option("enhance_merge", "bool", True, "Merge the results back into the faceset?",
               help="Yes: they replace the originals. No: they stay in a folder _enhanced beside.")
OPTIONS = (MERGE,)


def process_folder(dirpath: Path, cpu_only: bool = False,
                   force_gpu_idxs: Union[None, str, Sequence[int]] = None) -> None:
    """Enhance the faces of a folder on the chosen devices; asks whether to merge back.

    Files that cannot be enhanced are named and stay as they are. UserError when none could be, and
    without the network's weights.
    """
    dirpath = Path(dirpath)
    paths = list_pictures(dirpath, "facesettool enhance")
    check_weights()
    devices = _choose_devices(cpu_only, force_gpu_idxs)
    output_folder = make_output_folder(dirpath, OUTPUT_END)
    results = EnhanceSubprocessor(paths, output_folder, devices).run()
    report_failures(results)
    merge_back(results, dirpath, output_folder, MERGE)


def check_weights() -> None:
    """UserError without the file of the network: before anybody is asked."""
    from facelib.FaceEnhancer import WEIGHTS_NAME
    from facelib.pretrained import FOLDER
    if not (FOLDER / WEIGHTS_NAME).is_file():
        raise UserError("The weights {} are missing.".format(FOLDER / WEIGHTS_NAME), [
            "copy {} there from an existing install: _internal/DeepFaceLab/facelib/".format(
                WEIGHTS_NAME)])


def _choose_devices(cpu_only: bool, force_gpu_idxs: Any) -> List[Any]:
    """The GPUs to compute on; none: the CPU."""
    if is_device_told(cpu_only, force_gpu_idxs):
        return list(choose_device(cpu_only, force_gpu_idxs, False).devices)
    return list(nn.DeviceConfig.GPUIndexes(nn.ask_choose_device_idxs(suggest_all_gpu=True)).devices)


class EnhanceSubprocessor(Subprocessor):
    """A process a GPU; one for the CPU, whose cores TensorFlow shares out by itself.

    `run()`: for every path the written file or a FileFailure.
    """

    def __init__(self, paths: Sequence[Path], output_folder: Path, devices: Sequence[Any]) -> None:
        super().__init__("Enhancing", EnhanceSubprocessor.Cli, no_response_time_sec=_SECONDS)
        self.paths = list(paths)
        self.output_folder = output_folder
        self.devices = list(devices)
        self.results: List[Any] = [None] * len(self.paths)
        self.pending = list(enumerate(self.paths))[::-1]

    def process_info_generator(self) -> Iterator[Tuple[str, Dict, Dict]]:
        for device in self.devices:
            is_small = device.total_mem_gb <= SMALL_MEMORY
            tiles = 1 if is_small else min(MAX_TILES, int(device.total_mem_gb))
            yield device.name, {}, {"output_folder": self.output_folder, "is_small": is_small,
                                    "gpu_index": device.index, "tiles_at_once": tiles}
        if not self.devices:
            yield "CPU", {}, {"output_folder": self.output_folder, "is_small": True,
                              "gpu_index": None, "tiles_at_once": 1}

    def on_clients_initialized(self) -> None:
        io.progress_bar(self.name, len(self.paths))

    def on_clients_finalized(self) -> None:
        io.progress_bar_close()

    def get_data(self, host_dict: Dict) -> Optional[Tuple[int, Path]]:
        return self.pending.pop() if self.pending else None

    def on_data_return(self, host_dict: Dict, data: Tuple[int, Path]) -> None:
        self.pending.append(data)

    def on_data_failed(self, host_dict: Dict, data: Tuple[int, Path]) -> None:
        self.results[data[0]] = FileFailure("{} could not be enhanced.".format(data[1]))

    def on_result(self, host_dict: Dict, data: Tuple[int, Path], result: Any) -> None:
        self.results[data[0]] = result
        io.progress_bar_inc(1)

    def get_result(self) -> List[Any]:
        return self.results

    class Cli(Subprocessor.Cli):
        def on_initialize(self, client_dict: Dict) -> None:
            from facelib import FaceEnhancer
            index = client_dict["gpu_index"]
            is_cpu = index is None
            nn.initialize(nn.DeviceConfig.CPU() if is_cpu else nn.DeviceConfig.GPUIndexes([index]))
            self.output_folder = client_dict["output_folder"]
            self.enhancer = FaceEnhancer(place_model_on_cpu=client_dict["is_small"],
                                         run_on_cpu=is_cpu,
                                         tiles_at_once=client_dict["tiles_at_once"])

        def process_data(self, data: Tuple[int, Path]) -> Any:
            return call_for_file(enhance_file, data[1], (self.enhancer, self.output_folder))

        def get_data_name(self, data: Tuple[int, Path]) -> str:
            return str(data[1])


def enhance_file(path: Path, argument: Tuple[Any, Path]) -> Path:
    """Write the enhanced face, argument: (enhancer, output folder); the path of the file."""
    enhancer, output_folder = argument
    face = open_face(path, has_landmarks=False)
    picture = read_picture(path).astype(np.float32) / 255.0
    picture = to_uint8(enhancer.enhance(picture, is_tanh=False, preserve_size=True))
    output = output_folder / path.name
    persist.write_bytes(output, encode_face(path, picture, face.get_dict()))
    return output

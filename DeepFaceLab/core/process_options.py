"""Settings of a whole process: where it runs, its priority, its devices, its patience with workers.

They are read from the environment (or `--set`) where they are used and are never asked.
"""
from typing import Any

from core.options import FALSE_WORDS, Option, find_given


class Switch(Option):
    """A bool that every text but a form of no turns on: launchers of old only look whether the
    variable is there (spec 60 section 17.1)."""

    def __init__(self, key: str, default: bool, prompt: str, help: str, env=()) -> None:
        super().__init__(key, "bool", default, prompt, help, env=env)

    def parse(self, value: Any) -> bool:
        return str(value).strip().lower() not in FALSE_WORDS


INTERACT = Option(
    "interact", "str", None, "Where questions and windows appear",
    help="Overrules the detection of a screen.", choices=("desktop", "headless", "colab"))

LOWEST_PRIORITY = Switch(
    "lowest_priority", True, "Lowest process priority",
    help="Let every other program go first.", env=("set_lowest_priority",))

GRAY_CHANNEL = Option(
    "gray_channel", "int", None, "Colour plane that stands for gray",
    help="0 B, 1 G, 2 R; without it gray is the weighted sum of the three.", limits=(0, 2),
    env=("user_bw_get_color_channel",))

DEVICE_LIST_TIMEOUT = Option(
    "device_list_timeout", "float", 60.0, "Seconds for the list of GPUs",
    help="A driver that needs longer is reported and the CPU is used. 0 waits for ever.",
    limits=(0, 600), env=("device_list_timeout", "DEVICE_LIST_TIMEOUT", "DFL_DEVICE_TIMEOUT"))

FORCE_DEVICES = Switch(
    "force_devices", False, "Take the devices from the environment",
    help="Skips the list of GPUs, which hangs on some machines: forced_gpu_id and max_gpu_memory "
         "tell the devices.", env=("force_gpu_data", "FORCE_GPU_DATA"))

FORCED_GPU_ID = Option(
    "forced_gpu_id", "str", "Unknown CUDA GPU", "Names of the forced devices",
    help="Several are separated by ;", env=("forced_gpu_id", "FORCED_GPU_ID"))

MAX_GPU_MEMORY = Option(
    "max_gpu_memory", "str", "1556925644", "Memory of the forced devices in bytes",
    help="Several are separated by ;", env=("max_gpu_memory", "MAX_GPU_MEMORY"))

FORCED_GPU_TYPE = Option(
    "forced_gpu_type", "str", "GPU", "Type of the forced devices",
    help="GPU, or DML for DirectML. Several are separated by ;",
    env=("forced_gpu_type", "FORCED_GPU_TYPE"))

KEEP_CUDA_VISIBLE_DEVICES = Switch(
    "keep_cuda_visible_devices", False, "Respect CUDA_VISIBLE_DEVICES",
    help="Without it the variable is removed, so that GPU numbers mean the same in every tool.")

TF_ALLOW_GROWTH = Switch(
    "tf_allow_growth", True, "GPU memory as it is needed",
    help="Off: TensorFlow takes nearly all memory of the GPU at the start.",
    env=("tf_allow_growth", "TF_ALLOW_GROWTH"))

ALLOW_TF32 = Switch(
    "allow_tf32", True, "TF32 arithmetic on GPUs that have it",
    help="TF32: products of rounded numbers, much faster on Ampere and newer, on by itself since "
         "TensorFlow 2.4. Off: full float32. TensorFlow 1.15 does not have it.")

VISIBLE_DEVICES = Option(
    "visible_devices", "str", None, "GPUs that this program may see",
    help="GPUs that this program may see, as CUDA_VISIBLE_DEVICES has them: numbers or UUIDs "
         "with commas between them. They are then numbered from 0 again.")

UNATTENDED = Switch(
    "unattended", False, "Nobody is there to answer",
    help="Every question takes its default at once and standard input is not read.")

WORKER_INIT_TIMEOUT = Option(
    "worker_init_timeout", "float", 600.0, "Seconds for a tool's worker to get ready",
    help="A worker that needs longer is ended and left out. 0 waits for ever.", limits=(0, None))

WORKER_START_TIMEOUT = Option(
    "worker_start_timeout", "float", 120.0, "Seconds for a sample worker's first batch",
    help="An idle worker that needs longer has stalled, one that computes gets ten times as "
         "long. 0 waits for ever.", limits=(0, None))

WORKER_TIMEOUT = Option(
    "worker_timeout", "float", 60.0, "Seconds for a sample worker's next batch",
    help="As for the first batch. 0 waits for ever.", limits=(0, None))

FACESET_INDEX = Switch(
    "faceset_index", True, "Keep an index of a faceset",
    help="A folder of 256 faces or more gets a file faceset.index, from which the next start "
         "takes what has not changed; it may be deleted.")

RANDOM_SEED = Option(
    "random_seed", "int", None, "Seed of everything random",
    help="What the patch deterministic starts all random numbers with; it sets 1 when none is "
         "given. With a seed one worker a side makes the samples, in an order that comes again.",
    limits=(0, 2 ** 31 - 1))

PROCESS_OPTIONS = (INTERACT, LOWEST_PRIORITY, GRAY_CHANNEL, DEVICE_LIST_TIMEOUT, FORCE_DEVICES,
                   FORCED_GPU_ID, MAX_GPU_MEMORY, FORCED_GPU_TYPE, KEEP_CUDA_VISIBLE_DEVICES,
                   VISIBLE_DEVICES, TF_ALLOW_GROWTH, ALLOW_TF32, UNATTENDED, WORKER_INIT_TIMEOUT,
                   WORKER_START_TIMEOUT, WORKER_TIMEOUT, FACESET_INDEX, RANDOM_SEED)


def get_setting(option: Option):
    """The given value, else the default. UserError naming the source of a value that is wrong."""
    given = find_given(option)
    return option.default if given is None else given

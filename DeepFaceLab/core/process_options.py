"""Settings of a whole process: where it runs, its priority, its devices, its patience with workers.

They are read from the environment (or `--set`) where they are used and are never asked.
"""
import os
from typing import Any, List, Mapping

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

UI_SCALE = Option(
    "ui_scale", "float", None, "How much larger text in windows is",
    help="1 is right for 96 dots an inch. Without it the desktop's scale is taken.",
    limits=(0.5, 4))

WINDOW_TOOLKIT = Option(
    "window_toolkit", "str", None, "What draws the windows of training and merging",
    help="Without it OpenCV, or PyQt5 where it is installed and OpenCV has no windows or such that "
         "zoom by themselves, as in the wheels for Linux.", choices=("opencv", "qt"))

LOWEST_PRIORITY = Switch(
    "lowest_priority", True, "Lowest process priority",
    help="Let every other program go first.", env=("set_lowest_priority",))

GRAY_CHANNEL = Option(
    "gray_channel", "int", None, "Colour plane that stands for gray",
    help="0 B, 1 G, 2 R; without it gray is the weighted sum of the three.", limits=(0, 2),
    env=("user_bw_get_color_channel",))

GRAY_INPUT = Switch(
    "gray_input", False, "Faces are gray files",
    help="Not needed: the model knows its channels, and every file is looked at. For community "
         "models of the SAEHDBW fork, which ask the variable use_bw_input.",
    env=("use_bw_input",))

GRAY_FROM_COLOR = Switch(
    "gray_from_color", False, "Faces are colour files of which a gray model makes gray",
    help="Not needed either; color_input_and_grayscale_model of the SAEHDBW fork.",
    env=("color_input_and_grayscale_model",))

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


def split_list(text: str) -> List[str]:
    """`a; b` -> ['a', 'b']"""
    return [part.strip() for part in text.split(";") if part.strip()]


def check_sizes(text: str) -> str:
    """ValueError unless every part is a number of bytes."""
    for part in split_list(text):
        if not part.isdecimal():
            raise ValueError("{!r} is not a number of bytes; 8 GB are 8589934592".format(part))
    return text


MAX_GPU_MEMORY = Option(
    "max_gpu_memory", "str", "1556925644", "Memory of the forced devices in bytes",
    help="Several are separated by ;", normalize=check_sizes,
    env=("max_gpu_memory", "MAX_GPU_MEMORY"))


def check_types(text: str) -> str:
    """In capitals; ValueError for a type that TensorFlow has no devices of."""
    for part in split_list(text):
        if part.upper() not in ("GPU", "DML"):
            raise ValueError("{!r} is no type of device; GPU is CUDA, DML is DirectML".format(part))
    return text.upper()


FORCED_GPU_TYPE = Option(
    "forced_gpu_type", "str", "GPU", "Type of the forced devices",
    help="GPU, or DML for DirectML. Several are separated by ;", normalize=check_types,
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

FEED = Option(
    "feed", "str", "fast", "How training samples are made",
    help="fast: crops and masks are kept in memory, and pictures sampled plane by plane, within "
         "5e-7 of plain. exact: kept in memory, equal to plain to the bit. plain: everything anew "
         "for each draw, for comparisons.", choices=("plain", "exact", "fast"))

FEED_MEMORY = Option(
    "feed_memory", "int", None, "Megabytes in which the feed keeps crops and masks",
    help="Of each side, source and destination. Without it a fifth of the free memory a side; "
         "0 keeps nothing.", limits=(0, None))

FEED_CACHE = Option(
    "feed_cache", "str", None, "Folder in which the feed keeps crops and masks on disk",
    help="The next start takes them from there and decodes nothing again; without it they are kept "
         "in memory only. A file a faceset, as large as feed_memory allows; it may be deleted. "
         "Meant for an SSD.")

RANDOM_SEED = Option(
    "random_seed", "int", None, "Seed of everything random",
    help="What the patch deterministic starts all random numbers with; it sets 1 when none is "
         "given. With a seed one worker a side makes the samples, in an order that comes again.",
    limits=(0, 2 ** 31 - 1))

PROVENANCE = Switch(
    "provenance", True, "Mark results as synthetic",
    help="Merged frames and videos say in their metadata that they are synthetic; pixels do not "
         "change. Off (--no-provenance) is for pipelines that add their own statement.")

DEBUG_AREAS = ("merge", "ct", "train", "view", "layers", "samples", "io")


def check_areas(text: str) -> str:
    """`merge, ct` -> `merge,ct`; `all` names every area. ValueError for another name."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in DEBUG_AREAS + ("all",)]
    if unknown:
        raise ValueError("there is no area {}, but {}, all".format(
            unknown[0], ", ".join(DEBUG_AREAS)))
    return ",".join(DEBUG_AREAS) if "all" in names else ",".join(names)


DEBUG = Option(
    "debug", "str", "", "Areas that say what they do",
    help="Names with commas between them: merge, ct (colour transfer), train, view (previews), "
         "layers, samples (of batches 1, 2, 4, 8, ... of each worker), io (faces read), or all. "
         "Lines begin with the name of their area.",
    normalize=check_areas)


def make_debug_switch(area: str, what: str, env) -> Switch:
    return Switch("debug_" + area, False, "Say " + what,
                  help="The same as debug={}.".format(area), env=env)


# The SAEHDBW names of spec 60 section 17.1, by area.
DEBUG_SWITCHES = {
    "merge": make_debug_switch("merge", "how each frame is merged",
                               ("merger_debug", "debug_merge_masked")),
    "ct": make_debug_switch("ct", "what colours are transferred", ("debug_color_transfer",)),
    "train": make_debug_switch("train", "losses and time of each iteration",
                               ("debug_on_train_one_iter",)),
    "view": make_debug_switch("view", "what a preview shows", ("debug_AE_view",)),
    "layers": make_debug_switch("layers", "what layers a network has", ("debug_dense_py",)),
    "samples": make_debug_switch("samples", "what a batch holds", (
        "print_samples_info", "print_debug_generate_next_samples",
        "print_debug_one_iter_filenames")),
    "io": make_debug_switch("io", "which faces are read", ("print_load_bgr",)),
}

PROCESS_OPTIONS = (INTERACT, UI_SCALE, WINDOW_TOOLKIT, LOWEST_PRIORITY, GRAY_CHANNEL, GRAY_INPUT,
                   GRAY_FROM_COLOR, DEVICE_LIST_TIMEOUT, FORCE_DEVICES, FORCED_GPU_ID,
                   MAX_GPU_MEMORY, FORCED_GPU_TYPE, KEEP_CUDA_VISIBLE_DEVICES, VISIBLE_DEVICES,
                   TF_ALLOW_GROWTH, ALLOW_TF32, UNATTENDED, WORKER_INIT_TIMEOUT,
                   WORKER_START_TIMEOUT, WORKER_TIMEOUT, FACESET_INDEX, FEED, FEED_MEMORY,
                   FEED_CACHE, RANDOM_SEED, PROVENANCE, DEBUG) + tuple(DEBUG_SWITCHES.values())

# What changes the pixels that worker processes read.
WORKER_OPTIONS = (GRAY_CHANNEL,)


def share_with_workers() -> None:
    """Worker processes know the environment only: put there what `--set` and answers give."""
    for option in WORKER_OPTIONS:
        given = find_given(option)
        if given is not None:
            os.environ[option.env[0]] = str(given)


# Environment names of old launchers that nothing reads (spec 60 section 17.1).
OBSOLETE_NAMES = (
    "apply_reshape_test", "alter_iter_font_size", "merge_bw_special_imwrite",
    "debug_model_saehdbw")


def list_obsolete(environ: Mapping[str, str]) -> List[str]:
    """Lines that name what of OBSOLETE_NAMES is set."""
    return ["%s : obsolete, without effect (environment)" % name for name in OBSOLETE_NAMES
            if environ.get(name)]


def get_setting(option: Option):
    """The given value, else the default. UserError naming the source of a value that is wrong."""
    given = find_given(option)
    return option.default if given is None else given

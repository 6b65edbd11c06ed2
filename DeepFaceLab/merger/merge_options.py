"""Switches of merging that are read from the environment (or `--set`) and never asked."""
import numpy as np

from core.options import Option
from core.process_options import Switch, get_setting

BLACK_RIM = Switch(
    "merge_black_rim", False, "Black rim around enlarged faces",
    help="As the reference merges faces of a negative output_face_scale that are sharpened or "
         "blurred: black beyond the square that was predicted. Off: the face goes on there.")

COLOR_SEED = Option(
    "merge_color_seed", "int", None, "Seed of the colour transfers idt, sot and mix",
    help="With a seed every frame takes the same random directions, and the colours do not "
         "flicker; without one each frame takes those of its name.",
    limits=(0, 2 ** 31 - 1))

COLOR_OUTPUT = Switch(
    "merge_gray_in_color", False, "Colour frames from a gray model",
    help="The face of a gray model gives the light, the frame keeps its colours: L of Lab is "
         "exchanged inside the mask. Off: merged frames are gray.")

EXTENSION = Option(
    "merge_file_extension", "str", ".png", "Kind of the merged frames",
    help="Masks are .png always. A video of .jpg frames: videoed video-from-sequence --ext jpg.",
    choices=(".png", ".jpg", "png", "jpg"), normalize=lambda text: "." + text.lstrip("."),
    env=("merge_file_extension", "DFL_MERGE_EXT"))

JPG_QUALITY = Option(
    "merge_file_jpg_quality", "int", 90, "Quality of merged .jpg frames", limits=(1, 100),
    help="Of frames that are .jpg.", env=("merge_file_jpg_quality", "DFL_MERGE_JPG_QUALITY"))

MVE_MASK_MODES = Switch(
    "merge_mve_mask_modes", False, "Mask modes are numbered as MVE does",
    help="For scripts that were written for MVE: 9 is XSeg-prd+XSeg-dst, 10 the product of all "
         "four.")

MERGE_OPTIONS = (BLACK_RIM, COLOR_SEED, COLOR_OUTPUT, EXTENSION, JPG_QUALITY,
                 MVE_MASK_MODES)


def keeps_black_rim() -> bool:
    return get_setting(BLACK_RIM)


def is_frame_gray(channels: int) -> bool:
    """Whether a model of so many channels makes gray frames, face-less ones too."""
    return channels == 1 and not get_setting(COLOR_OUTPUT)


def seed_frame() -> None:
    """Start the random numbers of a frame, where a seed is given."""
    seed = get_setting(COLOR_SEED)
    if seed is not None:
        np.random.seed(seed)

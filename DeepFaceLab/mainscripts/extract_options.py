"""What an extraction asks, as options: prompt, `--set`, answers file and environment (spec 41
section 6.1). The flags of the command line win over them."""
from typing import Any, Optional

from core.errors import UserError
from core.interact import interact as io
from core.options import Option, ask, find_given
from core.process_options import Switch, get_setting  # noqa: F401
from facelib import FaceType

S3FD, MANUAL, MEDIAPIPE = "s3fd", "manual", "mediapipe"
DETECTORS = (S3FD, MANUAL, MEDIAPIPE)       # by the number that the question takes
FACE_TYPES = {"f": FaceType.FULL, "wf": FaceType.WHOLE_FACE, "head": FaceType.HEAD}
MIN_SIZE, MAX_SIZE = 256, 2048
SIZE, HEAD_SIZE = 512, 768

CONTINUE = Option(
    "extract_continue", "bool", True, "Continue extraction?",
    help="Frames that are done are kept. No: all faces of the output folder are deleted.",
    condition="an extraction was interrupted, or the folder holds more than 128 pictures")
OVERWRITE = Option(
    "extract_overwrite", "bool", True, "Delete the pictures of the output folder?",
    help="No: nothing is done.", condition="there are pictures and they are not continued")
FACE_TYPE = Option(
    "extract_face_type", "str", "wf", "Face type", choices=tuple(FACE_TYPES),
    help="How much of the head a face shows: full face, whole face with the forehead, head. "
         "Facesets of whole faces serve every model but head.")
MAX_FACES = Option(
    "extract_max_faces", "int", 0, "Max number of faces from image",
    help="The largest ones are kept; 0 keeps all. 1 to 3 are quick to look through.",
    limits=(0, None))
IMAGE_SIZE = Option(
    "extract_image_size", "int", None, "Image size",
    help="Side of an aligned face in pixels; 512, and 768 for heads. What is larger than the face "
         "in the frame adds nothing.", limits=(MIN_SIZE, MAX_SIZE))
JPEG_QUALITY = Option(
    "extract_jpeg_quality", "int", 90, "Jpeg quality",
    help="A larger number makes larger and better files.", limits=(1, 100))
DETECTOR = Option(
    "extract_detector", "str", S3FD, "Choose detector type.", choices=DETECTORS,
    help="s3fd finds faces with the weights of an existing install, mediapipe with the package of "
         "that name; manual: you mark each face in a window.")
DEBUG = Option(
    "extract_debug", "bool", False, "Write debug images to aligned_debug?",
    help="Every frame with its landmarks. A frame whose picture you delete there can be marked by "
         "hand afterwards.")
GRAY = Switch(
    "extract_gray", False, "Gray faces",
    help="Faces are stored with one channel; detection sees the colours.",
    env=("extract_to_bw",))
BATCH = Option(
    "extract_batch", "int", 0, "Frames in one run of a network",
    help="0: 8 on a GPU, 1 on the CPU.", limits=(0, 64))
WORKERS = Option(
    "extract_workers", "int", 0, "Processes on the CPU",
    help="0: one for every four cores, at most 8; each holds the networks, 400 MB and more.",
    limits=(0, 64))

OPTIONS = (CONTINUE, OVERWRITE, FACE_TYPE, MAX_FACES, IMAGE_SIZE, JPEG_QUALITY, DETECTOR, DEBUG,
           GRAY, BATCH, WORKERS)


def choose(option: Option, given: Any, default: Any = None) -> Any:
    """What the command line gives, else the option's answer."""
    return ask(option, io, default) if given is None else given


def choose_size(given: Optional[int], face_type: FaceType, default: Optional[int]) -> int:
    """Side of a face in pixels. UserError for a size that no picture has."""
    if default is None:
        default = HEAD_SIZE if face_type >= FaceType.HEAD else SIZE
    size = choose(IMAGE_SIZE, given, default)
    if size < 1:
        raise UserError("--image-size %d is no size of a picture." % size,
                        ["%d to %d are usual" % (MIN_SIZE, MAX_SIZE)])
    return size


def choose_quality(given: Optional[int], default: Optional[int]) -> int:
    quality = choose(JPEG_QUALITY, given, default)
    if not 1 <= quality <= 100:
        raise UserError("--jpeg-quality takes 1 to 100, not %d." % quality)
    return quality


def choose_detector(given: Optional[str]) -> str:
    """A name of DETECTORS; the question takes its number."""
    if given is None:
        given = find_given(DETECTOR)
    if given is None:
        for number, name in enumerate(DETECTORS):
            io.log_info("[%d] %s" % (number, name))
        given = DETECTORS[io.input_int(DETECTOR.prompt, 0, [0, len(DETECTORS) - 1],
                                       help_message=DETECTOR.help)]
    if given not in DETECTORS:
        raise UserError("There is no detector %r." % (given,), ["one of " + ", ".join(DETECTORS)])
    return given


def choose_gray() -> bool:
    return bool(get_setting(GRAY))

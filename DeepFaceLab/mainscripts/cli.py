"""The argument parser of main.py: every subcommand, one argument a line (spec 41 section 1.2).

Flags, destinations, defaults and choices are an interface (launchers and community scripts pass
them verbatim); the help texts are not. What a verb does with them is in mainscripts/verbs.py.
"""
import argparse
from pathlib import Path
from typing import List, Optional, Sequence

from core import gray_tree
from core.process_options import FEED
from mainscripts import verbs
from mainscripts.cli_arguments import (
    ListEnvironment, StandAlone, add_answers, add_devices, add_flag, add_int, add_model,
    add_patches, add_path, add_provenance, add_setting)

DETECTORS = ["s3fd", "manual", "mediapipe"]
FACE_TYPES = ["half_face", "full_face", "whole_face", "head", "mark_only"]
SORT_METHODS = ["blur", "motion-blur", "face-yaw", "face-pitch", "face-source-rect-size", "hist",
                "hist-dissim", "brightness", "hue", "black", "origname", "oneface",
                "final-by-blur", "final-by-size", "absdiff", "final", "final-fast"]
# Always accepted, so that every launcher parses; verbs.py answers for one that is not there.
OWN_MODELS = ["AMP", "Quick96", "SAEHD", "XSeg"]


def list_models() -> List[str]:
    """Sorted names of models/Model_<NAME>, community plug-ins included, and our own, gray ones
    too."""
    folder = Path(__file__).resolve().parent.parent / "models"
    found = [path.name[len("Model_"):] for path in folder.glob("Model_*") if path.is_dir()]
    return sorted(set(found) | set(OWN_MODELS) | set(gray_tree.MODELS))


def add_extract(verb) -> None:
    p = verb("extract", verbs.run_extract, "find the faces of frames and save them aligned")
    p.add_argument("--detector", choices=DETECTORS,
                   help="s3fd and mediapipe find faces, manual lets you do it")
    add_path(p, "--input-dir", "folder with the frames", required=True)
    add_path(p, "--output-dir", "folder for the aligned faces", required=True)
    p.add_argument("--output-debug", action="store_true", dest="output_debug", default=None,
                   help="also write each frame with its landmarks to <output-dir>_debug")
    p.add_argument("--no-output-debug", action="store_false", dest="output_debug", default=None,
                   help="do not write them, and do not ask")
    p.add_argument("--face-type", choices=FACE_TYPES, help="how much of the head a face shows")
    add_int(p, "--max-faces-from-image", "keep the largest N faces of a frame, 0 keeps all")
    add_int(p, "--image-size", "side of an aligned face in pixels")
    add_int(p, "--jpeg-quality", "1 to 100")
    add_flag(p, "--manual-fix", "then mark by hand the frames in which no face was found")
    add_flag(p, "--manual-output-debug-fix",
             "mark by hand the frames whose debug picture was deleted")
    add_int(p, "--manual-window-size", "side of the window for marking in pixels", default=1368)
    add_devices(p)
    add_answers(p)


def add_sort(verb) -> None:
    p = verb("sort", verbs.run_sort, "rename the faces of a folder into an order")
    add_path(p, "--input-dir", "folder with aligned faces", required=True)
    p.add_argument("--by", choices=SORT_METHODS, dest="sort_by_method",
                   help="the order; asked when not given")
    add_answers(p)


def add_util(verb) -> None:
    p = verb("util", verbs.run_util, "small operations on a faceset, done in the order given here")
    input_dir = add_path(p, "--input-dir", "folder with aligned faces", required=True)
    add_flag(p, "--add-landmarks-debug-images", "write <name>_debug.jpg with the landmarks")
    add_flag(p, "--recover-original-aligned-filename", "rename back to the name of extraction")
    add_flag(p, "--save-faceset-metadata", "keep the DFL data of all faces in meta.dat")
    add_flag(p, "--restore-faceset-metadata", "put the data of meta.dat back into edited faces")
    add_flag(p, "--pack-faceset", "put all faces into one faceset.pak")
    add_flag(p, "--unpack-faceset", "write the files of faceset.pak again")
    add_flag(p, "--export-faceset-mask", "write <name>_mask.jpg with the mask of each face")
    add_flag(p, "--faceset-info", "count the faces by type and size, and those with masks")
    add_answers(p)
    p.add_argument("--list-env", action=ListEnvironment,
                   help="show every option with its environment names, and stop")
    add_model_stats(p, input_dir)


def add_model_stats(p, input_dir: argparse.Action) -> None:
    """An operation on a model; its faces are those of --input-dir where no others are given."""
    group = p.add_argument_group("looking into a model")
    group.add_argument("--model-stats", metavar="NAME", action=StandAlone, waives=[input_dir],
                       help="show what goes through the layers of a saved model, e.g. me_SAEHD")
    add_path(group, "--model-dir", "folder of the saved models")
    add_path(group, "--training-data-src-dir", "folder with aligned source faces")
    add_path(group, "--training-data-dst-dir", "folder with aligned destination faces")
    add_int(group, "--batches", "training batches to look at (4)", default=4)
    add_path(group, "--json", "write the figures to this file")
    add_path(group, "--plot", "draw them into this PNG")
    add_devices(group)


def add_train(verb, models: Sequence[str]) -> None:
    p = verb("train", verbs.run_train, "train a model")
    add_path(p, "--training-data-src-dir", "folder with aligned source faces", required=True)
    add_path(p, "--training-data-dst-dir", "folder with aligned destination faces", required=True)
    add_path(p, "--pretraining-data-dir", "folder with many different aligned faces")
    add_path(p, "--pretrained-model-dir", "folder with a model to start a new one from")
    add_path(p, "--model-dir", "folder of the saved models", required=True)
    add_model(p, models)
    add_flag(p, "--debug", "feed the samples from the main process and check them")
    add_flag(p, "--no-preview", "no preview window")
    p.add_argument("--force-model-name", default=None,
                   help="name of the saved model to continue or make, without asking")
    p.add_argument("--src-pak-name", metavar="NAME",
                   help="take NAME.pak of the source folder in place of faceset.pak")
    p.add_argument("--dst-pak-name", metavar="NAME", help="the same of the destination folder")
    add_flag(p, "--gen-snapshot", "let the model write its training snapshot, and stop (MVE)")
    add_devices(p)
    add_flag(p, "--silent-start", "continue the newest model on the best GPU without asking")
    p.add_argument("--execute-program", action="append", nargs="+", default=[],
                   metavar=("SECONDS", "CODE"),
                   help="run Python text SECONDS after the start; every -SECONDS when negative")
    add_answers(p)
    add_setting(p, FEED)
    add_patches(p)
    add_flag(p, "--restore-last-good",
              "first go back to the newest save or backup that is whole and finite")
    add_flag(p, "--dry-run", "show the options, files and devices that training would use, and "
                             "stop; nothing is written")
    add_path(p, "--status-file", "append how it goes to this file, one JSON object a line")
    add_flag(p, "--web", "a page that shows and steers the training in a browser; its address is "
                         "printed")


def add_exportdfm(verb, models: Sequence[str]) -> None:
    p = verb("exportdfm", verbs.run_exportdfm, "export a trained model as .dfm")
    add_path(p, "--model-dir", "folder of the saved models", required=True)
    add_model(p, models)
    p.add_argument("--force-model-name", default=None,
                   help="name of the saved model, without asking")
    add_answers(p)


def add_merge(verb, models: Sequence[str]) -> None:
    p = verb("merge", verbs.run_merge, "put the swapped faces into the frames")
    add_path(p, "--input-dir", "folder with the destination frames", required=True)
    add_path(p, "--output-dir", "folder for the merged frames", required=True)
    add_path(p, "--output-mask-dir", "folder for their masks", required=True)
    add_path(p, "--aligned-dir", "folder with the aligned destination faces")
    add_path(p, "--model-dir", "folder of the saved models", required=True)
    add_model(p, models)
    p.add_argument("--force-model-name", default=None,
                   help="name of the saved model, without asking")
    p.add_argument("--pak-name", metavar="NAME",
                   help="take NAME.pak of the aligned folder in place of faceset.pak")
    add_devices(p)
    add_answers(p)
    add_patches(p)
    add_provenance(p)


def add_videoed(verb) -> None:
    group = verb("videoed", None, "video files and image sequences")
    p = group("extract-video", verbs.run_extract_video, "write the frames of a video")
    add_path(p, "--input-file", "the video; name.* takes the first file with that stem",
             required=True)
    add_path(p, "--output-dir", "folder for the frames", required=True)
    p.add_argument("--output-ext", default=None, help="png or jpg")
    add_int(p, "--fps", "frames to take of each second, 0 takes all")
    add_answers(p)

    p = group("cut-video", verbs.run_cut_video, "cut a piece out of a video")
    add_path(p, "--input-file", "the video", required=True)
    p.add_argument("--from-time", default=None, help="start, for example 00:00:10.500")
    p.add_argument("--to-time", default=None, help="end, for example 00:00:20.000")
    add_int(p, "--audio-track-id", "which audio track to keep, from 0")
    add_int(p, "--bitrate", "video bitrate in megabits a second")
    add_answers(p)

    p = group("denoise-image-sequence", verbs.run_denoise, "denoise frames in place")
    add_path(p, "--input-dir", "folder with the frames", required=True)
    add_int(p, "--factor", "strength, 1 to 20")
    add_answers(p)

    p = group("video-from-sequence", verbs.run_video_from_sequence, "make a video of frames")
    add_path(p, "--input-dir", "folder with the frames", required=True)
    add_path(p, "--output-file", "the video to write", required=True)
    add_path(p, "--reference-file", "video to take frame rate and sound from; name.* is allowed")
    p.add_argument("--ext", default="png", help="extension of the frames")
    add_int(p, "--fps", "frames a second, when there is no reference")
    add_int(p, "--bitrate", "video bitrate in megabits a second")
    add_flag(p, "--include-audio", "copy the sound of the reference")
    add_flag(p, "--lossless", "encode without loss")
    add_answers(p)
    add_provenance(p)


def add_facesettool(verb) -> None:
    group = verb("facesettool", None, "change the pixels of a faceset")
    p = group("enhance", verbs.run_enhance, "add detail to the faces with a network")
    add_path(p, "--input-dir", "folder with aligned faces", required=True)
    add_devices(p)
    add_answers(p)
    p = group("resize", verbs.run_resize, "change the size or the face type")
    add_path(p, "--input-dir", "folder with aligned faces", required=True)
    add_answers(p)


def add_dev_test(verb) -> None:
    p = verb("dev_test", verbs.run_dev_test, "import a labelled research dataset")
    add_path(p, "--input-dir", "folder of the dataset", required=True)


def add_xseg(verb) -> None:
    group = verb("xseg", None, "masks: draw, train on, apply")
    p = group("editor", verbs.run_xseg_editor, "draw mask polygons")
    add_path(p, "--input-dir", "folder with aligned faces", required=True)
    add_path(p, "--model-dir", "folder of an XSeg model that suggests masks; without it that of "
                               "the workspace")
    add_answers(p)
    p = group("apply", verbs.run_xseg_apply, "compute the mask of each face with an XSeg model")
    add_path(p, "--input-dir", "folder with aligned faces", required=True)
    add_path(p, "--model-dir", "folder of the XSeg model", required=True)
    add_answers(p)
    p = group("remove", verbs.run_xseg_remove, "delete the computed masks")
    add_path(p, "--input-dir", "folder with aligned faces", required=True)
    add_answers(p)
    p = group("remove_labels", verbs.run_xseg_remove_labels, "delete the drawn polygons")
    add_path(p, "--input-dir", "folder with aligned faces", required=True)
    add_answers(p)
    p = group("fetch", verbs.run_xseg_fetch, "copy the faces that have polygons")
    add_path(p, "--input-dir", "folder with aligned faces", required=True)
    add_answers(p)


def add_own_verbs(verb) -> None:
    """What DFL does not have: the demo, the doctor, the README's tables."""
    p = verb("demo-workspace", verbs.run_demo_workspace,
             "render a workspace of two artificial characters, with ground truth")
    add_path(p, "--output-dir", "the workspace to make", required=True)
    p.add_argument("--src-count", type=int, default=500, help="source faces (500)")
    p.add_argument("--dst-count", type=int, default=300, help="destination faces (300)")

    p = verb("demo-train", verbs.run_demo_train, "train a small SAEHD on the rendered workspace")
    add_path(p, "--workspace", "made by demo-workspace", required=True)
    add_flag(p, "--quick", "300 iterations instead of 1,200")
    add_int(p, "--resolution", "face size of the model in pixels")
    p.add_argument("--minutes", type=float, help="train this long instead of a step count")

    p = verb("demo-merge", verbs.run_demo_merge,
             "put the demo's face into its frames, make the video, measure")
    add_path(p, "--workspace", "with a model of demo-train", required=True)

    p = verb("clear-workspace", verbs.run_clear_workspace,
             "move data_src, data_dst and model into a dated folder, and make empty ones")
    add_path(p, "--workspace", "the workspace", required=True)
    add_flag(p, "--yes", "do not ask")

    p = verb("doctor", verbs.run_doctor, "show versions, devices, limits and known remedies; "
                                         "with --model the saves of a model; with --fit what a "
                                         "model takes of a device's memory")
    p.add_argument("--model", help="name of a saved model, e.g. me_SAEHD: check all its saves")
    add_path(p, "--model-dir", "folder of the saved models")
    p.add_argument("--restore", metavar="SAVE",
                   help="go back to this save, e.g. previous or 03; what it replaces is kept")
    p.add_argument("--fit", metavar="SIZE",
                   help="plan the memory of a step for a GPU of this size, e.g. 2GB: of the model "
                        "of --model, else of a new SAEHD with the options of --set and --answers")
    add_flag(p, "--calibrate", "run one step of that model on the device, and keep what it took "
                               "beside the plan")
    add_devices(p)
    add_answers(p)
    add_patches(p)

    p = verb("option-tables", verbs.run_option_tables, "option tables of the README")
    add_path(p, "--readme", "check the tables of this file; prints them when not given")
    add_flag(p, "--write", "bring the file up to date")


def make_verb_adder(subparsers):
    """`verb(name, func, text)` -> its parser; with func None a group: another such adder."""

    def verb(name, func, text):
        parser = subparsers.add_parser(name, help=text, description=text)
        if func is not None:
            parser.set_defaults(func=func)
            return parser
        # A group without its verb shows the main help, like no arguments at all.
        parser.set_defaults(func=None)
        return make_verb_adder(parser.add_subparsers(metavar="verb"))

    return verb


def build_parser(models: Optional[Sequence[str]] = None) -> argparse.ArgumentParser:
    """The whole parser. `models`: choices of --model, by default those of the models folder."""
    models = list_models() if models is None else list(models)
    parser = argparse.ArgumentParser(prog="main.py")
    parser.set_defaults(func=None)
    verb = make_verb_adder(parser.add_subparsers(metavar="verb"))
    add_extract(verb)
    add_sort(verb)
    add_util(verb)
    add_train(verb, models)
    add_exportdfm(verb, models)
    add_merge(verb, models)
    add_videoed(verb)
    add_facesettool(verb)
    add_dev_test(verb)
    add_xseg(verb)
    add_own_verbs(verb)
    return parser


def parse_arguments(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Namespace with `func`; without a verb it prints the help and exits with 0."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.func is None:
        parser.print_help()
        parser.exit(0)
    return arguments

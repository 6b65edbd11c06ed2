"""One function a verb: parsed arguments -> keyword arguments of one script (spec 41 section 1.2).

Scripts are imported here, when called, so that `--help` and a wrong argument answer at once. A
script that this version does not have is a clear error with its own exit code.
"""
import importlib
import importlib.util
import sys
from argparse import Namespace
from pathlib import Path
from typing import List, Optional

from core import gray_tree
from core.errors import UserError
from core.tree_files import is_own_module
from mainscripts import changed_options

NOT_BUILT_EXIT_CODE = 3
SUMMARIZING = ("train",)    # verbs that show their whole configuration themselves


class NotBuiltError(UserError):
    """A verb or model that is part of the command line, but not of this version."""

    exit_code = NOT_BUILT_EXIT_CODE


def has_module(name: str) -> bool:
    """Whether a module of the tree (dotted name) exists; imports its packages, not itself. What an
    older tree left behind does not count."""
    if not is_own_module(name):
        return False
    package = name.rpartition(".")[0]
    if package and not has_module(package):
        return False
    return importlib.util.find_spec(name) is not None


def find_script(verb: str, module: str) -> None:
    if not has_module(module):
        raise NotBuiltError("`{}` is not part of this version yet.".format(verb),
                            ["`main.py --help` lists every verb",
                             "use this step of your existing DeepFaceLab: the files are the same"])


def start(verb: str, module: str, devices: bool = False):
    """The script of a verb, imported; before that what every verb does first: step back behind the
    user's other programs and, where it computes, list the devices (in a child process; seconds).
    Then one line of what is not default, of the script's `OPTIONS` and those of every process.

    A script that is missing raises NotBuiltError before anything else.
    """
    find_script(verb, module)
    from core import osex

    osex.set_process_lowest_prio()
    if devices:
        from core.leras import nn

        nn.initialize_main_env()
    script = importlib.import_module(module)
    if verb not in SUMMARIZING:
        changed_options.tell(getattr(script, "OPTIONS", ()))
    return script


def check_model(name: str) -> None:
    if not has_module("models.Model_" + name):
        remedies = ["a community model goes into models/Model_{}".format(name)]
        if name in gray_tree.MODELS:
            remedies.insert(0, "gray models are in the folder {} beside this tree".format(
                gray_tree.NAME))
        raise NotBuiltError("Model {} is not part of this version yet.".format(name), remedies)


def optional_path(value: Optional[str]) -> Optional[Path]:
    return None if value is None else Path(value)


def parse_gpu_idxs(value: Optional[str]) -> Optional[List[int]]:
    """"0,1" -> [0, 1]; None stays None (which asks)."""
    if value is None:
        return None
    try:
        return [int(part) for part in value.split(",") if part.strip()]
    except ValueError as error:
        raise UserError("--force-gpu-idxs takes numbers with commas between them, got {!r}".format(
            value), ["for example: --force-gpu-idxs 0,1"]) from error


def parse_execute_programs(values) -> list:
    """[["60", "code", ...], ...] -> [[60, "code"], ...]: seconds and program text."""
    programs = []
    for tokens in values:
        try:
            programs.append([int(tokens[0]), tokens[1]])
        except (ValueError, IndexError) as error:
            raise UserError("--execute-program takes seconds and program text, got {}".format(
                tokens), ['for example: --execute-program 3600 "model_save()"']) from error
    return programs


def run_extract(args: Namespace):
    # Marking by hand draws no network's boxes, but the landmarks still come from one.
    script = start("extract", "mainscripts.Extractor", devices=True)
    script.main(detector=args.detector,
                input_path=Path(args.input_dir),
                output_path=Path(args.output_dir),
                output_debug=args.output_debug,
                manual_fix=args.manual_fix,
                manual_output_debug_fix=args.manual_output_debug_fix,
                manual_window_size=args.manual_window_size,
                face_type=args.face_type,
                max_faces_from_image=args.max_faces_from_image,
                image_size=args.image_size,
                jpeg_quality=args.jpeg_quality,
                cpu_only=args.cpu_only,
                force_gpu_idxs=parse_gpu_idxs(args.force_gpu_idxs))


def run_sort(args: Namespace):
    script = start("sort", "mainscripts.Sorter")
    script.main(input_path=Path(args.input_dir), sort_by_method=args.sort_by_method)


# Order of the operations when several are given; each takes the folder as a Path.
UTIL_OPERATIONS = [
    ("add_landmarks_debug_images", "mainscripts.Util", "add_landmarks_debug_images"),
    ("recover_original_aligned_filename", "mainscripts.Util", "recover_original_aligned_filename"),
    ("save_faceset_metadata", "mainscripts.Util", "save_faceset_metadata_folder"),
    ("restore_faceset_metadata", "mainscripts.Util", "restore_faceset_metadata_folder"),
    ("pack_faceset", "samplelib.PackedFaceset", "PackedFaceset.pack"),
    ("unpack_faceset", "samplelib.PackedFaceset", "PackedFaceset.unpack"),
    ("export_faceset_mask", "mainscripts.Util", "export_faceset_mask"),
    ("faceset_info", "mainscripts.Util", "show_faceset_info"),
]


def run_util(args: Namespace):
    given = [entry for entry in UTIL_OPERATIONS if getattr(args, entry[0])]
    if args.model_stats is not None:
        if given:
            raise UserError("--model-stats looks at a model, the others change a faceset.",
                            ["give them in two commands"])
        return run_model_stats(args)
    if not given:
        raise UserError("`util` was told to do nothing.",
                        ["add --" + name.replace("_", "-") for name, _, _ in UTIL_OPERATIONS]
                        + ["or --model-stats with the name of a model"])
    for dest, module, function in given:
        target = start("util --" + dest.replace("_", "-"), module)
        for name in function.split("."):
            target = getattr(target, name)
        target(Path(args.input_dir))


def run_model_stats(args: Namespace):
    src, dst = [given or args.input_dir
                for given in (args.training_data_src_dir, args.training_data_dst_dir)]
    if args.model_dir is None or src is None or dst is None:
        raise UserError("--model-stats needs --model-dir and faces.", [
            "--training-data-src-dir and --training-data-dst-dir: those of the training",
            "or --input-dir: one folder for both sides"])
    gpu_idxs = parse_gpu_idxs(args.force_gpu_idxs)
    script = start("util --model-stats", "mainscripts.ModelStats", devices=True)
    return script.main(model=args.model_stats,
                       folder=Path(args.model_dir),
                       src_path=Path(src),
                       dst_path=Path(dst),
                       batches=args.batches,
                       json_path=optional_path(args.json),
                       plot_path=optional_path(args.plot),
                       cpu_only=args.cpu_only,
                       force_gpu_idxs=gpu_idxs)


def configure_options(args: Namespace) -> None:
    """Hands `--set`, `--answers` and the environment to the questions (core/options.py).

    Verbs without these arguments ask nothing, or what the environment answers.
    """
    if "set_options" not in args:
        return
    from core import debug_areas, options, process_options

    answers = options.read_answers(Path(args.answers)) if args.answers else {}
    flags = options.parse_assignments(args.set_options)
    patches = getattr(args, "patches", [])
    if patches:
        flags["patches"] = ",".join(([flags["patches"]] if "patches" in flags else []) + patches)
    if getattr(args, "no_provenance", False):
        flags["provenance"] = "n"
    options.configure_sources(options.OptionSources(flags=flags, answers=answers,
                                                    answers_path=args.answers))
    for option in process_options.PROCESS_OPTIONS:     # what an old launcher has wrong is told
        options.current_sources().peek(option)         # here, not by every worker
    debug_areas.share_with_workers()
    process_options.share_with_workers()


def report_unused_options(args: Namespace) -> None:
    """Says which `--set` and `--answers` no question of this run has looked for."""
    if "set_options" not in args:
        return
    from core import options

    unused = options.current_sources().unused_keys()
    if unused:
        print("Not asked for in this run: {}.".format(", ".join(unused)), file=sys.stderr)


def run_train(args: Namespace):
    check_model(args.model_name)
    programs = parse_execute_programs(args.execute_program)
    gpu_idxs = parse_gpu_idxs(args.force_gpu_idxs)
    script = start("train", "mainscripts.Trainer", devices=True)
    script.main(model_class_name=args.model_name,
                saved_models_path=Path(args.model_dir),
                training_data_src_path=Path(args.training_data_src_dir),
                training_data_dst_path=Path(args.training_data_dst_dir),
                pretraining_data_path=optional_path(args.pretraining_data_dir),
                pretrained_model_path=optional_path(args.pretrained_model_dir),
                no_preview=args.no_preview,
                force_model_name=args.force_model_name,
                force_gpu_idxs=gpu_idxs,
                cpu_only=args.cpu_only,
                silent_start=args.silent_start,
                execute_programs=programs,
                debug=args.debug,
                restore_last_good=args.restore_last_good,
                dry_run=args.dry_run,
                status_file=optional_path(args.status_file),
                web=args.web,
                src_pak_name=args.src_pak_name,
                dst_pak_name=args.dst_pak_name,
                gen_snapshot=args.gen_snapshot)


def run_exportdfm(args: Namespace):
    check_model(args.model_name)
    script = start("exportdfm", "mainscripts.ExportDFM", devices=True)
    script.main(model_class_name=args.model_name,
                saved_models_path=Path(args.model_dir),
                force_model_name=args.force_model_name)


def run_merge(args: Namespace):
    from core.process_options import PROVENANCE, get_setting

    check_model(args.model_name)
    gpu_idxs = parse_gpu_idxs(args.force_gpu_idxs)
    script = start("merge", "mainscripts.Merger", devices=True)
    script.main(model_class_name=args.model_name,
                saved_models_path=Path(args.model_dir),
                force_model_name=args.force_model_name,
                input_path=Path(args.input_dir),
                output_path=Path(args.output_dir),
                output_mask_path=Path(args.output_mask_dir),
                aligned_path=optional_path(args.aligned_dir),
                force_gpu_idxs=gpu_idxs,
                cpu_only=args.cpu_only,
                pak_name=args.pak_name,
                has_provenance=get_setting(PROVENANCE))


def run_extract_video(args: Namespace):
    script = start("videoed extract-video", "mainscripts.VideoEd")
    script.extract_video(args.input_file, args.output_dir, args.output_ext, args.fps)


def run_cut_video(args: Namespace):
    script = start("videoed cut-video", "mainscripts.VideoEd")
    script.cut_video(args.input_file, args.from_time, args.to_time, args.audio_track_id,
                     args.bitrate)


def run_denoise(args: Namespace):
    # By keyword: the function's second positional argument is the extension, not the factor.
    script = start("videoed denoise-image-sequence", "mainscripts.VideoEd")
    script.denoise_image_sequence(args.input_dir, factor=args.factor)


def run_video_from_sequence(args: Namespace):
    script = start("videoed video-from-sequence", "mainscripts.VideoEd")
    script.video_from_sequence(input_dir=args.input_dir,
                               output_file=args.output_file,
                               reference_file=args.reference_file,
                               ext=args.ext,
                               fps=args.fps,
                               bitrate=args.bitrate,
                               include_audio=args.include_audio,
                               lossless=args.lossless or script.is_lossless_given())


def run_enhance(args: Namespace):
    gpu_idxs = parse_gpu_idxs(args.force_gpu_idxs)
    script = start("facesettool enhance", "mainscripts.FacesetEnhancer", devices=True)
    script.process_folder(Path(args.input_dir), cpu_only=args.cpu_only, force_gpu_idxs=gpu_idxs)


def run_resize(args: Namespace):
    script = start("facesettool resize", "mainscripts.FacesetResizer")
    script.process_folder(Path(args.input_dir))


def run_dev_test(args: Namespace):
    script = start("dev_test", "mainscripts.dev_misc")
    script.dev_test(args.input_dir)


def run_xseg_editor(args: Namespace):
    """Exit code of the editor: 0, or 1 when the folder holds a packed faceset."""
    script = start("xseg editor", "XSegEditor.XSegEditor")
    if args.model_dir is None:
        return script.start(Path(args.input_dir))
    return script.start(Path(args.input_dir), model_dirpath=Path(args.model_dir))


def run_xseg_apply(args: Namespace):
    script = start("xseg apply", "mainscripts.XSegUtil", devices=True)
    script.apply_xseg(Path(args.input_dir), Path(args.model_dir))


def run_xseg_remove(args: Namespace):
    start("xseg remove", "mainscripts.XSegUtil").remove_xseg(Path(args.input_dir))


def run_xseg_remove_labels(args: Namespace):
    start("xseg remove_labels", "mainscripts.XSegUtil").remove_xseg_labels(Path(args.input_dir))


def run_xseg_fetch(args: Namespace):
    start("xseg fetch", "mainscripts.XSegUtil").fetch_xseg(Path(args.input_dir))


def run_demo_workspace(args: Namespace):
    script = start("demo-workspace", "mainscripts.DemoWorkspace")
    script.main(output_path=Path(args.output_dir),
                src_count=args.src_count,
                dst_count=args.dst_count)


def run_demo_train(args: Namespace):
    script = start("demo-train", "demo.train", devices=True)
    return script.run_demo(workspace_path=Path(args.workspace),
                           quick=args.quick,
                           resolution=args.resolution,
                           minutes=args.minutes)


def run_demo_merge(args: Namespace):
    script = start("demo-merge", "demo.merge", devices=True)
    return script.run_merge(workspace_path=Path(args.workspace))


def run_clear_workspace(args: Namespace):
    script = start("clear-workspace", "mainscripts.ClearWorkspace")
    return script.main(Path(args.workspace), args.yes)


# These two look and compute nothing: no lower priority, no devices listed in advance.

def run_doctor(args: Namespace):
    if args.fit is not None or args.calibrate:
        return run_doctor_fit(args)
    if args.model is None and args.model_dir is None and args.restore is None:
        from mainscripts import Doctor

        return Doctor.main()
    if args.model is None or args.model_dir is None:
        raise UserError("The saves of a model are found with --model and --model-dir.",
                        ["for example: doctor --model me_SAEHD --model-dir workspace/model"])
    from mainscripts import DoctorModel

    return DoctorModel.main(args.model, Path(args.model_dir), args.restore)


def run_doctor_fit(args: Namespace):
    if args.fit is not None and args.calibrate:
        raise UserError("--fit plans for a device that is not there, --calibrate measures one "
                        "that is.", ["choose one of them"])
    if (args.model is None) != (args.model_dir is None) or args.restore is not None:
        raise UserError("A saved model is found with --model and --model-dir, and is not restored "
                        "here.", ["leave both away to plan a new model"])
    from mainscripts import DoctorFit

    folder = optional_path(args.model_dir)
    if args.fit is not None:
        return DoctorFit.fit(args.fit, args.model, folder, args.cpu_only)
    return DoctorFit.calibrate(args.model, folder, args.cpu_only,
                               parse_gpu_idxs(args.force_gpu_idxs))


def run_option_tables(args: Namespace):
    from mainscripts import OptionTables

    return OptionTables.main(readme_path=optional_path(args.readme), write=args.write)

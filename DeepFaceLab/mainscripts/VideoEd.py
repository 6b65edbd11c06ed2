"""The verbs of `videoed`: video -> frames -> video (spec 41 section 12).

Everything is made under another name and takes its place when it is whole: a step that fails or
is interrupted leaves the frames and videos of before.
"""
import re
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence, Union

from core import options, pathex, persist, provenance
from core.errors import UserError
from core.ffmpeg import feed_ffmpeg, run_ffmpeg, write_whole
from core.interact import interact as io
from core.options import Option
from core.process_options import PROVENANCE, get_setting
from core.video_probe import probe_video
from mainscripts import video_arguments
from mainscripts.frame_sequence import (check_size, has_odd_side, keep_mark, link_or_copy,
                                        list_frames, read_frames, read_size, refuse_faces)

PathLike = Union[str, Path]

EXTRACT_FPS = Option(
    "extract_fps", "int", 0, "Frames of each second",
    help="How many frames of each second are written, for example 5 of a long source; 0: all of "
         "them.", limits=(0, None))
OUTPUT_EXT = Option(
    "output_ext", "str", "png", "Kind of pictures",
    help="png is lossless and ten times as large as jpg.", choices=("png", "jpg"))
FROM_TIME = Option("from_time", "str", "00:00:00.000", "Begin of the piece")
TO_TIME = Option("to_time", "str", "00:00:00.000", "End of the piece")
AUDIO_TRACK_ID = Option("audio_track_id", "int", 0, "Audio track", limits=(0, None),
                        help="From 0; a video without it is cut without sound.")
CUT_BITRATE = Option("cut_bitrate", "int", 25, "Megabits per second", limits=(1, None))
FACTOR = Option("factor", "int", 7, "Strength of the denoising", limits=(1, 20))
FRAME_EXT = Option("ext", "str", "png", "Kind of pictures",
                   help="Asked as ever; all pictures of the folder become the video.")
LOSSLESS = Option("lossless", "bool", False, "Encode without loss")
FPS = Option("fps", "int", 25, "Frames per second", limits=(1, None),
             condition="without a reference video, whose frame rate is taken")
BITRATE = Option("bitrate", "int", 16, "Megabits per second", limits=(1, None),
                 condition="not lossless")
OPTIONS = (EXTRACT_FPS, OUTPUT_EXT, FROM_TIME, TO_TIME, AUDIO_TRACK_ID, CUT_BITRATE, FACTOR,
           FRAME_EXT, LOSSLESS, FPS, BITRATE)

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)$")
_WORK_FOLDER = "_unfinished"


def extract_video(input_file: PathLike, output_dir: PathLike, output_ext: Optional[str] = None,
                  fps: Optional[int] = None) -> None:
    """Write the frames of a video as 00001.png (or .jpg) and so on.

    They replace the pictures of that kind in `output_dir`. `input_file` may end in `.*`.
    """
    video, folder = find_video(input_file), Path(output_dir)
    fps = choose(EXTRACT_FPS, fps)
    ext = choose(OUTPUT_EXT, output_ext)
    info = probe_video(video)
    persist.make_folder(folder)
    with open_work_folder(folder) as work:
        with show_frames("Extracting", info.estimate_frames(fps)) as on_frame:
            run_ffmpeg(video_arguments.extract_frames(video, work, ext, fps), on_frame)
        frames = pathex.get_image_paths(work, return_Path_class=True)
        if not frames:
            raise UserError("{} has no frames.".format(video), ["check that it plays"])
        for old in pathex.get_image_paths(folder, ["." + ext], return_Path_class=True):
            if old.is_file():
                persist.remove_file(old)
        for frame in frames:
            persist.replace_file(frame, folder / frame.name)
    io.log_info("{} frames in {}".format(len(frames), folder))


def cut_video(input_file: PathLike, from_time: Optional[str] = None, to_time: Optional[str] = None,
              audio_track_id: Optional[int] = None, bitrate: Optional[int] = None) -> None:
    """Write the piece between two times to <name>_cut beside the video.

    Times are seconds or [hours:]minutes:seconds, each with decimals.
    """
    video = find_video(input_file)
    # ffmpeg takes no blanks around a time; a batch file's `set` keeps them
    from_time = choose(FROM_TIME, from_time).strip()
    to_time = choose(TO_TIME, to_time).strip()
    track = choose(AUDIO_TRACK_ID, audio_track_id)
    bitrate = choose(CUT_BITRATE, bitrate)
    seconds = parse_time(to_time) - parse_time(from_time)
    if seconds <= 0:
        raise UserError("The piece from {} to {} is empty.".format(from_time, to_time),
                        ["give a --to-time that is later than --from-time"])
    info = probe_video(video)
    output = video.with_name(video.stem + "_cut" + video.suffix)
    with write_whole(output) as unfinished:
        with show_frames("Cutting", info.estimate_frames(seconds=seconds)) as on_frame:
            run_ffmpeg(video_arguments.cut_piece(video, unfinished, from_time, to_time, track,
                                                 bitrate), on_frame)
    io.log_info("The piece: {}".format(output))


def denoise_image_sequence(input_dir: PathLike, ext: Optional[str] = None,
                           factor: Optional[int] = None) -> None:
    """Denoise the pictures of a folder in place, in time as well (ffmpeg's hqdn3d).

    ext: only those with this suffix (without a dot); otherwise all must have the same one.
    """
    folder = Path(input_dir)
    paths = list_frames(folder, ext)
    refuse_faces(paths)
    expected = read_size(paths[0])
    for path in paths[1:]:
        check_size(path, read_size(path), expected)
    factor = choose(FACTOR, factor)
    suffix = paths[0].suffix.lower()
    with open_work_folder(folder) as work:
        source, target = work / "in", work / "out"
        persist.make_folder(source)
        persist.make_folder(target)
        for number, path in enumerate(paths, 1):
            link_or_copy(path, source / "{:06d}{}".format(number, suffix))
        with show_frames("Denoising", len(paths)) as on_frame:
            run_ffmpeg(video_arguments.denoise_frames(source, target, suffix, factor), on_frame,
                       is_strict=True)
        done = pathex.get_image_paths(target, return_Path_class=True)
        if len(done) != len(paths):
            raise UserError("ffmpeg read {} of the {} pictures in {}.".format(
                len(done), len(paths), folder), ["look for damaged pictures; none was changed"])
        for path, new in zip(paths, done):
            keep_mark(path, new)
        replace_frames(paths, done, pathex.get_image_paths(source, return_Path_class=True))


def video_from_sequence(input_dir: PathLike, output_file: PathLike,
                        reference_file: Optional[PathLike] = None, ext: Optional[str] = None,
                        fps: Optional[int] = None, bitrate: Optional[int] = None,
                        include_audio: bool = False, lossless: Optional[bool] = None) -> None:
    """Make a video of all pictures of a folder, in the order of their names.

    reference_file: video (`name.*` allowed) whose frame rate is taken in place of `fps`, and with
    `include_audio` its first sound track. The suffix of `output_file` decides the container; webm
    gets VP9 and Opus, all others H.264 and AAC.
    """
    folder, output = Path(input_dir), Path(output_file)
    reference = None if reference_file is None else find_video(reference_file)
    paths = list_frames(folder)
    choose(FRAME_EXT, ext)
    lossless = choose(LOSSLESS, lossless)
    info = None if reference is None else probe_video(reference)
    if info is None:
        rate = str(choose(FPS, fps))
    elif info.frame_rate is None:
        raise UserError("The reference {} has no pictures.".format(reference),
                        ["give the video that the frames come from"])
    else:
        rate = info.frame_rate
    bitrate = None if lossless else choose(BITRATE, bitrate)
    audio_index = find_audio(info, include_audio)
    size = read_size(paths[0])
    is_odd = has_odd_side(size)
    is_marked = get_setting(PROVENANCE)
    persist.make_folder(output.parent)
    with write_whole(output) as unfinished:
        feed_ffmpeg(video_arguments.encode_pipe(
            unfinished, rate, bitrate, reference, audio_index,
            paths[0].suffix.lower() in (".jpg", ".jpeg"), is_odd,
            provenance.video_metadata_arguments() if is_marked else ()),
            read_frames(paths, size),
            is_strict=audio_index is None)  # a click in the sound must not stop everything
        if is_marked:
            provenance.mark_finished_video(unfinished)
    io.log_info("The video: {}".format(output))


def replace_frames(paths: Sequence[Path], new: Sequence[Path], old: Sequence[Path]) -> None:
    """Put new frames in the place of `paths`, all or none: `old` are other names of those."""
    try:
        for path, frame in zip(paths, new):
            persist.replace_file(frame, path)
    except BaseException:
        for path, frame, original in zip(paths, new, old):
            if not frame.exists():      # it has taken its place
                persist.replace_file(original, path)
        raise


def is_lossless_given() -> bool:
    """For launchers without --lossless, which are not asked: whether another source says it."""
    return bool(options.find_given(LOSSLESS))


def choose(option: Option, given: Any) -> Any:
    """`given`, checked, or with None the answer to the option's question."""
    if given is None:
        return options.ask(option, io)
    try:
        return option.finish(option.parse(given))
    except ValueError as error:
        raise UserError("{} = {!r} does not fit: {}.".format(option.key, given, error)) from error


def find_video(path: PathLike) -> Path:
    """The file; for `name.*` the first of that stem. UserError when there is none."""
    path = Path(path)
    found = (pathex.get_first_file_by_stem(path.parent, path.stem) if path.suffix == ".*"
             else path if path.is_file() else None)
    if found is None:
        raise UserError("There is no file {}.".format(path),
                        ["put the video there", "or correct the path"])
    return found


def parse_time(text: str) -> float:
    """Seconds of "12.5", "01:12.5" or "00:01:12.500". UserError for anything else."""
    match = _CLOCK.match(text)
    if match is None:
        raise UserError("{!r} is no time.".format(text),
                        ["write hours:minutes:seconds, for example 00:01:12.500"])
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


def find_audio(info, include_audio: bool) -> Optional[int]:
    """Index of the sound to copy from the reference, None for a silent video."""
    if not include_audio:
        return None
    if info is None or info.audio_index is None:
        io.log_info("The video gets no sound: {}.".format(
            "there is no reference video" if info is None else "the reference has none"))
        return None
    return info.audio_index


@contextmanager
def open_work_folder(folder: Path) -> Iterator[Path]:
    """An empty folder inside `folder`, on the same drive; gone at the end in any case."""
    work = folder / _WORK_FOLDER
    persist.remove_tree(work)
    persist.make_folder(work)
    try:
        yield work
    finally:
        persist.remove_tree(work)


@contextmanager
def show_frames(text: str, total: Optional[int]) -> Iterator:
    """A progress bar; yields the function that takes the number of frames done so far."""
    shown = 0

    def on_frame(done: int) -> None:
        nonlocal shown
        io.progress_bar_inc(done - shown)
        shown = done

    io.progress_bar(text, total)
    try:
        yield on_frame
    finally:
        io.progress_bar_close()

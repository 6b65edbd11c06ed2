"""A workspace of two artificial characters: frames, aligned faces, videos, ground truth.

    data_src/00001.png ...   data_src/aligned/00001_0.jpg ...   data_src.mp4
    data_dst/00001.png ...   data_dst/aligned/00001_0.jpg ...   data_dst.mp4
    truth/00001.png ...      the source character in the place of each destination frame's face
    unseen/, unseen/aligned/, unseen/truth/   more destination frames, in neither video
    model/

A truth frame shows what a perfect swap would: its aligned crop is that of the destination frame.
"""
import json
import multiprocessing
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

from core import ffmpeg, persist
from core.cv2ex import cv2_imwrite
from core.errors import UserError
from core.interact import interact as io
from core.joblib import Subprocessor

from .faceset import save_aligned_face
from .motion import FPS, get_scene
from .render import render_face

FRAME_SIZE = (480, 360)  # width, height
FRAME_NAME = "%05d.png"  # from 1, as frames are extracted from a video
UNSEEN_COUNT = 24
MARKER = "demo_workspace.json"
MARKER_FORMAT = 1


class TakeFolders(NamedTuple):
    """Who plays a take, and where it goes in the workspace. `truth` None: there is none."""

    character: str
    frames: str
    truth: Any


TAKES = {"src": TakeFolders("src", "data_src", None),
         "dst": TakeFolders("dst", "data_dst", "truth"),
         "unseen": TakeFolders("dst", "unseen", "unseen/truth")}


def render_workspace(folder: Path, src_count: int, dst_count: int) -> None:
    """Make the workspace, or what is missing of it.

    src_count, dst_count: frames, and so faces, of either video, at least 1. A folder that holds
    something else is refused; an interrupted workspace of the same counts is finished.
    """
    if src_count < 1 or dst_count < 1:
        raise UserError("A workspace needs at least one face of either character.",
                        ["--src-count 500 --dst-count 300 are the usual numbers"])
    ffmpeg.find_ffmpeg()  # rather now than after minutes
    counts = {"src": src_count, "dst": dst_count, "unseen": UNSEEN_COUNT}
    if claim_folder(folder, counts):
        io.log_info("{} is complete already.".format(folder))
        return
    jobs = [(take, index) for take in TAKES for index in range(counts[take])
            if not is_rendered(folder, take, index)]
    io.log_info("Rendering {} of {} frames into {}".format(
        len(jobs), sum(counts.values()), folder))
    render_jobs(folder, jobs)
    for take in ("src", "dst"):
        frames = folder / TAKES[take].frames
        ffmpeg.encode_frames(frames, FRAME_NAME, folder / (frames.name + ".mp4"), FPS)
    write_marker(folder, counts, is_complete=True)


def claim_folder(folder: Path, counts: Dict[str, int]) -> bool:
    """Make the folders; True when the workspace is complete. UserError for a folder of others."""
    marker = folder / MARKER
    if marker.exists():
        found = read_marker(marker)
        if found.get("counts") != counts:
            raise UserError("{} was rendered with other numbers of faces ({}).".format(
                folder, found.get("counts")), ["choose another folder", "or delete this one"])
        if found.get("is_complete"):
            return True
    elif folder.exists() and any(folder.iterdir()):
        raise UserError("{} is not empty and was not made by this program.".format(folder),
                        ["choose an empty or a new folder"])
    for take in TAKES.values():
        persist.make_folder(folder / take.frames / "aligned")
        if take.truth is not None:
            persist.make_folder(folder / take.truth)
    persist.make_folder(folder / "model")
    write_marker(folder, counts, is_complete=False)
    return False


def read_marker(marker: Path) -> Dict[str, Any]:
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError("{} is damaged: {}.".format(marker, error),
                        ["delete this folder and render it again"]) from error
    if not isinstance(found, dict) or found.get("format") != MARKER_FORMAT:
        raise UserError("{} was rendered by another version.".format(marker.parent),
                        ["delete this folder and render it again"])
    return found


def write_marker(folder: Path, counts: Dict[str, int], is_complete: bool) -> None:
    content = {"format": MARKER_FORMAT, "counts": counts, "is_complete": is_complete}
    persist.write_text(folder / MARKER, json.dumps(content, indent=1, sort_keys=True) + "\n")


def count_frames(folder: Path, take: str) -> int:
    """Frames of a take of a rendered workspace. UserError when it is none, or not complete."""
    marker = folder / MARKER
    found = read_marker(marker) if marker.exists() else {}
    if not found.get("is_complete"):
        raise UserError("{} is no complete demo workspace.".format(folder),
                        ["render it: main.py demo-workspace --output-dir {}".format(folder)])
    return found["counts"][take]


def frame_path(folder: Path, take: str, index: int) -> Path:
    return folder / TAKES[take].frames / (FRAME_NAME % (index + 1))


def aligned_path(folder: Path, take: str, index: int) -> Path:
    return folder / TAKES[take].frames / "aligned" / ("%05d_0.jpg" % (index + 1))


def truth_path(folder: Path, take: str, index: int) -> Path:
    return folder / TAKES[take].truth / (FRAME_NAME % (index + 1))


def is_rendered(folder: Path, take: str, index: int) -> bool:
    # the frame is written last
    return frame_path(folder, take, index).exists()


def render_frame(folder: Path, take: str, index: int) -> None:
    """Render one frame of a take: its truth, its aligned face, then the frame itself."""
    scene = get_scene(take, index)
    face = render_face(TAKES[take].character, *scene, size=FRAME_SIZE)
    if TAKES[take].truth is not None:
        truth = render_face("src", *scene, size=FRAME_SIZE, align_to=face.landmarks)
        write_picture(truth_path(folder, take, index), truth.image)
    path = frame_path(folder, take, index)
    save_aligned_face(face, aligned_path(folder, take, index), path.name)
    write_picture(path, face.image)


def write_picture(path: Path, image) -> None:
    if not cv2_imwrite(path, image):
        raise UserError("{} could not be written.".format(path),
                        ["free some space on that disk (a demo workspace takes 300 MB)"])


def render_jobs(folder: Path, jobs: List[Tuple[str, int]]) -> None:
    """Render (take, index) pairs, with a progress bar, on all cores when there are many."""
    if len(jobs) < FrameRenderer.FEWEST_JOBS or multiprocessing.cpu_count() < 2:
        for take, index in io.progress_bar_generator(jobs, "Rendering"):
            render_frame(folder, take, index)
    else:
        renderer = FrameRenderer(folder, jobs)
        renderer.run()
        if renderer.failed_data:
            raise UserError("{} frames could not be rendered, see above.".format(
                len(renderer.failed_data)), ["start again: only what is missing is rendered"])


class FrameRenderer(Subprocessor):
    """Renders frames in one process a core."""

    FEWEST_JOBS = 24  # below, starting processes takes longer than it saves

    def __init__(self, folder: Path, jobs: List[Tuple[str, int]]) -> None:
        super().__init__("FrameRenderer", FrameRenderer.Cli)
        self.folder = folder
        self.jobs = jobs
        self.pending = list(reversed(jobs))

    def process_info_generator(self):
        for i in range(min(multiprocessing.cpu_count(), 8)):
            yield "CPU%d" % i, {}, {"folder": str(self.folder)}

    def on_clients_initialized(self) -> None:
        io.progress_bar("Rendering", len(self.jobs))

    def on_clients_finalized(self) -> None:
        io.progress_bar_close()

    def get_data(self, host_dict):
        return self.pending.pop() if self.pending else None

    def on_data_return(self, host_dict, data) -> None:
        self.pending.append(data)

    def on_result(self, host_dict, data, result) -> None:
        io.progress_bar_inc(1)

    class Cli(Subprocessor.Cli):
        def on_initialize(self, client_dict) -> None:
            self.folder = Path(client_dict["folder"])

        def process_data(self, data) -> bool:
            render_frame(self.folder, *data)
            return True

        def get_data_name(self, data) -> str:
            return "frame {1} of {0}".format(*data)

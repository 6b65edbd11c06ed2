"""The verb `demo-merge`: swapped faces in the demo's frames, their video, how good they are."""
import time
from pathlib import Path
from typing import List, NamedTuple

import numpy as np

from core import options
from core.cv2ex import cv2_imwrite
from core.errors import UserError
from core.interact import interact as io

from . import workspace
from .contact_sheet import draw_rows
from .measure import measure_frame, read_frame, read_landmarks
from .modes import BLUR, ERODE, MASK_MODE, OVERLAY
from .train import MODEL_CLASS, MODEL_NAME

MERGED, MASKS = "merged", "merged_mask"     # in data_dst, where every launcher expects them
SHOWN = 8                   # frames on the contact sheet
MEASURED_EVERY = 5          # frames of the video
TILE = (320, 240)           # pixels of a frame on the sheet
COLUMNS = ["destination", "merged", "ground truth"]
BITRATE = 16                # megabits a second
MERGE_OPTIONS = {"merge_interactive": False, "merge_mode": OVERLAY.mode, "mask_mode": MASK_MODE,
                 "erode_mask_modifier": ERODE, "blur_mask_modifier": BLUR,
                 "color_transfer_mode": OVERLAY.color_transfer}


class MergedVideo(NamedTuple):
    """Where the results of a demo workspace are."""

    frames: Path
    masks: Path
    video: Path
    mask_video: Path
    sheet: Path


def locate_results(folder: Path) -> MergedVideo:
    data_dst = folder / "data_dst"
    return MergedVideo(data_dst / MERGED, data_dst / MASKS, folder / "result.mp4",
                       folder / "result_mask.mp4", folder / "result.png")


def run_merge(workspace_path: Path) -> int:
    """Merge the destination's frames with the trained demo model, make the videos, measure, draw.

    The exit code: 0, or 1 when merging left the frames less like the ground truth than they were.
    """
    folder = Path(workspace_path)
    count = workspace.count_frames(folder, "dst")
    begun = time.time()
    results = locate_results(folder)
    merge_frames(folder, results)
    make_videos(folder, results)
    indices = range(0, count, MEASURED_EVERY)
    merged, untouched = measure_video(folder, results, indices)
    picked = np.linspace(0, count - 1, min(SHOWN, count // 2 * 2)).round().astype(int)
    if not cv2_imwrite(results.sheet, draw_sheet(folder, results, picked)):
        raise UserError("{} could not be written.".format(results.sheet), ["free some space"])

    io.log_info("{} frames merged, {:.0f} s".format(count, time.time() - begun))
    io.log_info("SSIM of the merged faces to the ground truth  {:.3f} (of the frames before: "
                "{:.3f})".format(merged, untouched))
    io.log_info("The video: {}".format(results.video))
    io.log_info("Its mask: {}".format(results.mask_video))
    io.log_info("Some of its frames: {}".format(results.sheet))
    if merged > untouched:
        return 0
    io.log_err("MISSED: the merged faces are less like the ground truth than the frames were. "
               "Train longer, then merge again.")
    return 1


def merge_frames(folder: Path, results: MergedVideo) -> None:
    """All frames of the destination with the answers that a launcher would be given."""
    from mainscripts import Merger

    options.configure_sources(options.OptionSources(flags={"unattended": "y"},
                                                    answers=dict(MERGE_OPTIONS)))
    Merger.main(model_class_name=MODEL_CLASS, saved_models_path=folder / "model",
                force_model_name=MODEL_NAME, input_path=folder / "data_dst",
                output_path=results.frames, output_mask_path=results.masks,
                aligned_path=folder / "data_dst" / "aligned")


def make_videos(folder: Path, results: MergedVideo) -> None:
    from mainscripts import VideoEd

    reference = folder / "data_dst.mp4"
    VideoEd.video_from_sequence(results.frames, results.video, reference, ext="png",
                                bitrate=BITRATE, lossless=False)
    VideoEd.video_from_sequence(results.masks, results.mask_video, reference, ext="png",
                                lossless=True)


def measure_video(folder: Path, results: MergedVideo, indices) -> List[float]:
    """[of the merged frames, of the frames before]: mean SSIM to the ground truth in the face."""
    similar = []
    for index in indices:
        frame_path = workspace.frame_path(folder, "dst", index)
        truth = read_frame(workspace.truth_path(folder, "dst", index))
        landmarks = read_landmarks(workspace.aligned_path(folder, "dst", index))
        similar.append([measure_frame(read_frame(path), truth, landmarks)
                        for path in (results.frames / frame_path.name, frame_path)])
    return np.mean(similar, axis=0).tolist()


def draw_sheet(folder: Path, results: MergedVideo, picked) -> np.ndarray:
    rows = []
    for index in picked:
        path = workspace.frame_path(folder, "dst", index)
        rows.append([read_frame(path), read_frame(results.frames / path.name),
                     read_frame(workspace.truth_path(folder, "dst", index))])
    return draw_rows(rows, COLUMNS, TILE)

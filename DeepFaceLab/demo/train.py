"""The verb `demo-train`: trains a small SAEHD on a rendered workspace and shows what it learned."""
import time
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

import models
from core import options, persist
from core.cv2ex import cv2_imwrite
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from models import model_files

from . import workspace
from .contact_sheet import draw_contact_sheet
from .measure import load_unseen_faces, measure_losses, measure_swaps
from .modes import OVERLAY, RAW, make_predictor, measure_modes

MODEL_NAME = "demo"
MODEL_CLASS = "SAEHD"
RESOLUTION = 64
# Clipping also makes every gradient wait for all others: the update no longer races with the
# back-propagation that still reads the weights, and a short run learns steadily (spec 10 14.2).
MODEL_OPTIONS = {
    "archi": "df-ud", "face_type": "wf", "clipgrad": True, "ae_dims": 64, "e_dims": 32,
    "d_dims": 32, "d_mask_dims": 16, "batch_size": 4, "adabelief": True, "random_warp": True,
    "random_src_flip": False, "random_dst_flip": False, "autobackup_hour": 0,
    "write_preview_history": False, "target_iter": 0, "pretrain": False,
}
SHOWN = 8  # faces on the contact sheet
MERGED_EVERY = 4  # unseen frames that are merged in every mode
PROGRESS_UNIT = 0.1  # seconds a step of the bar when training goes by time


class Goal(NamedTuple):
    """How long to train, and what has to be reached: share of the first losses, SSIM."""

    iterations: int
    src_loss: float
    dst_loss: float
    ssim: float


FULL_GOAL = Goal(1200, 0.30, 0.25, 0.52)
# A quick run has seen a quarter of that; its losses have no limit of their own.
QUICK_GOAL = Goal(300, 1.0, 1.0, 0.38)


def run_demo(workspace_path: Path, quick: bool = False, resolution: Optional[int] = None,
             minutes: Optional[float] = None) -> int:
    """Train, save, measure, draw; the exit code: 0, or 1 when the goal was missed.

    resolution: pixels of the model, 64 unless given; minutes: train this long in place of a number
    of iterations. With either there is no goal, the figures are only printed.
    """
    folder = Path(workspace_path)
    if not (folder / workspace.MARKER).exists():
        raise UserError("{} is no demo workspace.".format(folder),
                        ["render one: main.py demo-workspace --output-dir {}".format(folder)])
    if minutes is not None and not 0 < minutes < float("inf"):
        raise UserError("--minutes is {}.".format(minutes), ["give a number above 0"])
    goal = QUICK_GOAL if quick else FULL_GOAL
    begun = time.time()
    model = create_model(folder, resolution or RESOLUTION)
    try:
        train_model(model, goal.iterations, minutes)
        model.save()
        losses = measure_losses(model.get_loss_history())
        faces = load_unseen_faces(folder, model.resolution, model.face_type)
        swaps = swap_faces(model, [face.face for face in faces])
        modes = measure_modes(folder, "unseen", range(0, len(faces), MERGED_EVERY),
                              make_predictor(model), model.resolution, model.face_type)
        iterations = model.get_iter()
    finally:
        model.finalize()
    ssim = measure_swaps(faces, swaps)
    picked = np.linspace(0, len(faces) - 1, SHOWN).round().astype(int)
    picture_path = folder / "preview.png"
    if not cv2_imwrite(picture_path, draw_contact_sheet(faces, swaps, picked)):
        raise UserError("{} could not be written.".format(picture_path), ["free some space"])

    io.log_info("{} iterations, {:.0f} s".format(iterations, time.time() - begun))
    has_goal = resolution is None and minutes is None
    reached = report_result(losses, ssim, goal if has_goal else None)
    report_modes(modes)
    io.log_info("The swap on faces it was not trained on: {}".format(picture_path))
    return 0 if reached else 1


def create_model(folder: Path, resolution: int):
    """A new SAEHD with the demo's options; an earlier demo model of the workspace is replaced."""
    model_folder = folder / "model"
    persist.make_folder(model_folder)
    if model_files.list_model_entries(model_folder, MODEL_NAME, MODEL_CLASS):
        io.log_info("The demo model of an earlier run is replaced.")
        model_files.delete_model(model_folder, MODEL_NAME, MODEL_CLASS)
    options.configure_sources(options.OptionSources(
        flags={}, answers=dict(MODEL_OPTIONS, resolution=resolution)))
    return models.import_model(MODEL_CLASS)(
        is_training=True, saved_models_path=model_folder,
        training_data_src_path=folder / "data_src" / "aligned",
        training_data_dst_path=folder / "data_dst" / "aligned",
        no_preview=True, force_model_name=MODEL_NAME, silent_start=True)


def train_model(model, iterations: int, minutes: Optional[float]) -> None:
    """Train with a progress bar that counts iterations, or tenths of a second with `minutes`."""
    if minutes is None:
        for _ in io.progress_bar_generator(range(iterations), "Training"):
            model.train_one_iter()
        return
    begun, shown = time.time(), 0
    total = max(1, int(minutes * 60 / PROGRESS_UNIT))
    io.progress_bar("Training", total)
    try:
        while shown < total:
            model.train_one_iter()
            now = min(total, int((time.time() - begun) / PROGRESS_UNIT))
            io.progress_bar_inc(now - shown)
            shown = now
    finally:
        io.progress_bar_close()


def swap_faces(model, faces: Sequence[np.ndarray]) -> List[np.ndarray]:
    """What the model makes of (r, r, 3) float faces of the destination: (r, r, 3) float 0..1."""
    swaps = []
    for face in faces:
        batch = nn.to_data_format(face[None], model.model_data_format, "NHWC")
        swapped = model.AE_view(batch, batch)[3]
        swaps.append(np.clip(nn.to_data_format(swapped, "NHWC", model.model_data_format)[0], 0, 1))
    return swaps


def report_result(losses: Sequence[float], ssim: float, goal: Optional[Goal]) -> bool:
    """Print what was measured, and whether it is what such a run reaches."""
    rows = [("src loss, last 20 / first 3", losses[0], goal and goal.src_loss, -1),
            ("dst loss, last 20 / first 3", losses[1], goal and goal.dst_loss, -1),
            ("SSIM of the swap to the ground truth", ssim, goal and goal.ssim, 1)]
    reached = True
    for name, value, limit, sign in rows:
        verdict = ""
        if limit is not None:
            is_good = value * sign >= limit * sign
            reached = reached and is_good
            verdict = " ({} {:.2f}: {})".format("at least" if sign > 0 else "at most", limit,
                                                "reached" if is_good else "MISSED")
        io.log_info("{:<38}{:.3f}{}".format(name, value, verdict))
    return reached


def report_modes(modes) -> None:
    """Print what every way of merging makes of frames that were not trained on."""
    io.log_info("SSIM in the face, merged      to the truth   to the truth merged so")
    for mode, result in modes.items():
        io.log_info("{:<30}{:>12.3f}{:>25.3f}".format(mode.label, *result))
    is_helpful = modes[OVERLAY].to_ideal >= modes[RAW].to_ideal
    io.log_info("{} is {} the raw prediction.".format(
        OVERLAY.label, "not below" if is_helpful else "BELOW"))

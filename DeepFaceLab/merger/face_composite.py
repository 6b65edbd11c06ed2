"""The predicted face in its frame: the merge modes (spec 50 section 5, steps 20 to 35)."""
import traceback
from typing import Any, NamedTuple, Optional

import cv2
import numpy as np

from core import imagelib
from core.imagelib.affine_window import Window
from core.interact import interact as io

from . import face_color, face_mask, frame_degrade
from .face_geometry import FaceGeometry
from .face_prediction import Prediction
from .frame_pixels import FramePixels, cut
from .merge_options import keeps_black_rim

SEEN = 0.1        # mask values from here on count as face
LEAST_EXTENT = 4  # pixels; a smaller face is left alone


class MergedFace(NamedTuple):
    """One face merged into a frame.

    Attributes:
        image: (h, w, 3) float32 in 0..1, the window; or the face's crop when there is none.
        mask: (h, w, 1) float32, of the same size.
        window: (x0, y0, x1, y1) of the frame, or None: `image` is a crop (raw-predict).
        background: (H, W, 3) float32, the frame outside the window; None: as it was.
    """

    image: np.ndarray
    mask: np.ndarray
    window: Optional[Window]
    background: Optional[np.ndarray] = None


def compose_face(geometry: FaceGeometry, cfg: Any, frame_info: Any, frame: FramePixels,
                 prediction: Prediction, mask: np.ndarray) -> MergedFace:
    """Put a predicted face into its frame by `cfg.mode`; `mask` is (M, M), see `select_mask`."""
    is_raw = 'raw' in cfg.mode
    if not is_raw:
        mask = face_mask.shape_mask(mask, cfg, geometry.S)
    if cfg.mode == 'raw-predict':
        return MergedFace(np.clip(prediction.prd, 0, 1), face_mask.get_crop_mask(geometry, mask),
                          None)

    window_mask = face_mask.paste_mask(geometry, mask)
    here = frame.get_floats(geometry.window)
    if cfg.mode == 'original':
        return MergedFace(here, window_mask, geometry.window)
    if cfg.mode == 'raw-rgb':
        return MergedFace(lay_over(geometry, here, prediction.prd), window_mask, geometry.window)
    if is_raw:
        raise ValueError("There is no mode %r." % (cfg.mode,))

    if is_too_small(window_mask):
        merged = MergedFace(here, window_mask, geometry.window)
    else:
        crop_mask = face_mask.get_crop_mask(geometry, mask)
        merged = blend_face(geometry, cfg, frame_info, frame, prediction, window_mask, crop_mask)
    if getattr(cfg, 'debug_mode', False):
        merged = draw_debug_view(merged, frame, prediction)
    return merged


def lay_over(geometry: FaceGeometry, here: np.ndarray, prd: np.ndarray) -> np.ndarray:
    """The whole crop over the window. Its rim is covered twice and a little dark (KEEP)."""
    face = geometry.paste(prd, geometry.paste_mat)
    cover = geometry.paste(np.ones_like(prd), geometry.paste_mat)
    return np.clip(here * (1 - cover) + face * cover, 0, 1)


def is_too_small(window_mask: np.ndarray) -> bool:
    """Whether there is no face to speak of: nothing is merged then."""
    rows, cols = np.where(window_mask[..., 0] >= SEEN)
    if len(rows) == 0:
        return True
    return min(cols.max() - cols.min(), rows.max() - rows.min()) < LEAST_EXTENT


def blend_face(geometry: FaceGeometry, cfg: Any, frame_info: Any, frame: FramePixels,
               prediction: Prediction, window_mask: np.ndarray,
               crop_mask: np.ndarray) -> MergedFace:
    """overlay, hist-match, seamless and seamless-hist-match."""
    prd, dst = prediction.prd, prediction.dst
    area = face_color.get_area(crop_mask)
    is_seamless = 'seamless' in cfg.mode
    if not is_seamless:
        prd = face_color.transfer_color(cfg.color_transfer_mode, prd, dst, area,
                                        prediction.is_gray)
    if cfg.mode == 'hist-match':
        prd = face_color.match_histogram(prd, dst, area, cfg.masked_hist_match,
                                         cfg.hist_match_threshold)

    out = np.clip(geometry.paste(prd, geometry.paste_mat), 0, 1)
    if is_seamless:
        out = clone_seamless(out, cut(frame.bgr_uint8, geometry.window), window_mask)
    out = frame.get_floats(geometry.window) * (1 - window_mask) + out * window_mask

    background = None
    if needs_face_pass(cfg):
        face = finish_face(geometry.crop_composite(out), prediction, area, cfg, frame_info)
        background = frame_degrade.degrade_frame(frame, int(cfg.image_denoise_power),
                                                 int(cfg.bicubic_degrade_power))
        behind = (frame.get_floats(geometry.window) if background is None
                  else cut(background, geometry.window))
        face = paste_finished(geometry, face, out, cfg.output_face_scale)
        out = np.clip(behind * (1 - window_mask) + face * window_mask, 0, 1)

    merged = MergedFace(out, window_mask, geometry.window,
                        None if background is None else np.clip(background, 0, 1))
    if cfg.color_degrade_power != 0:
        whole = frame_degrade.reduce_frame_colors(assemble(merged, frame),
                                                  int(cfg.color_degrade_power))
        merged = merged._replace(image=cut(whole, geometry.window), background=whole)
    return merged


def clone_seamless(out: np.ndarray, here_uint8: np.ndarray,
                   window_mask: np.ndarray) -> np.ndarray:
    """Poisson cloning of the pasted face, (h, w, 3) float32; where it fails, `out` as it is.

    Raises MemoryError: the merger gives the frame to another worker.
    """
    mask = get_clone_mask(window_mask)
    if mask is None:
        io.log_err("The mask is too thin to clone the face, it is blended instead.")
        return out
    left, top, width, height = cv2.boundingRect(mask)
    centre = (int(left + width / 2), int(top + height / 2))
    try:
        cloned = cv2.seamlessClone((out * 255).astype(np.uint8), here_uint8, mask, centre,
                                   cv2.NORMAL_CLONE)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError("seamlessClone") from error
        io.log_err("The face cannot be cloned, it is blended instead.\n"
                   + traceback.format_exc())
        return out
    return cloned.astype(np.float32) / 255.0


def get_clone_mask(window_mask: np.ndarray) -> Optional[np.ndarray]:
    """(h, w) uint8 of 0 and 255: above the lowest tenth that the mask passes at all.

    For one call of `cv2.seamlessClone` only: some versions write into their mask.
    """
    for i in range(1, 10):
        threshold = i / 10.0
        above = window_mask > threshold
        if above.any():
            return (above[..., 0] * 255).astype(np.uint8)
    return None


def needs_face_pass(cfg: Any) -> bool:
    """Whether the composite's face is cut out once more and worked on."""
    return bool(('seamless' in cfg.mode and cfg.color_transfer_mode != 0)
                or cfg.mode == 'seamless-hist-match' or cfg.motion_blur_power != 0
                or cfg.blursharpen_amount != 0 or cfg.image_denoise_power != 0
                or cfg.bicubic_degrade_power != 0)


def finish_face(face: np.ndarray, prediction: Prediction, area: np.ndarray, cfg: Any,
                frame_info: Any) -> np.ndarray:
    """Colours after cloning, motion blur and sharpening of the composite's face (O, O, 3)."""
    if 'seamless' in cfg.mode:
        face = face_color.transfer_color(cfg.color_transfer_mode, face, prediction.dst, area,
                                         prediction.is_gray)
    if cfg.mode == 'seamless-hist-match':
        face = imagelib.color_hist_match(face, prediction.dst, cfg.hist_match_threshold)
    if cfg.motion_blur_power != 0:
        # frame pixels of the motion, taken as crop pixels (KEEP)
        length = int(frame_info.motion_power * (int(cfg.motion_blur_power) / 100.0))
        if length >= 1:
            length = int(np.clip(length + 1, 2, 50))
            if cfg.super_resolution_power != 0:
                length *= 2
            face = imagelib.LinearMotionBlur(face, length, frame_info.motion_deg)
    if cfg.blursharpen_amount != 0:
        face = imagelib.blursharpen(face, cfg.sharpen_mode, 3, int(cfg.blursharpen_amount))
    return face


def paste_finished(geometry: FaceGeometry, face: np.ndarray, out: np.ndarray,
                   output_face_scale: int) -> np.ndarray:
    """The finished (O, O, 3) face over the window.

    It covers the unscaled square only. A face that was enlarged keeps the plain composite `out`
    beyond it, where the reference leaves black (spec 50 section 5 step 32, FIX).
    """
    pasted = geometry.paste(face, geometry.read_mat)
    if output_face_scale >= 0 or keeps_black_rim():
        return pasted
    cover = geometry.paste(np.ones(face.shape[:2], np.float32), geometry.read_mat)
    bare = (1 - cover)[..., None]  # along the rim also below 0 and above 1, as `pasted` is
    bare[np.abs(bare) < 1e-3] = 0  # the kernel's table sums to 1 only nearly
    return pasted + out * bare


def assemble(merged: MergedFace, frame: FramePixels) -> np.ndarray:
    """The whole frame with a merged face, (H, W, 3) float32; a copy."""
    whole = merged.background
    whole = frame.get_floats(frame.whole) if whole is None else whole
    whole = np.array(whole)
    cut(whole, merged.window)[...] = merged.image
    return whole


def draw_debug_view(merged: MergedFace, frame: FramePixels,
                    prediction: Prediction) -> MergedFace:
    """What the network saw and said, in the lower corners of the frame (MVE)."""
    whole = assemble(merged, frame)
    side = min(int(whole.shape[0] / 4), whole.shape[1])
    for picture, place in ((prediction.network_output, slice(0, side)),
                           (prediction.network_input, slice(whole.shape[1] - side, None))):
        whole[whole.shape[0] - side:, place] = cv2.resize(picture, (side, side))
    return merged._replace(image=cut(whole, merged.window), background=whole)

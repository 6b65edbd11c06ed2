"""Colours of the predicted face (spec 50 section 5, steps 26, 27 and 32)."""
import numpy as np

from core import debug_areas, imagelib
from core.cv2ex import to_bgr

RCT, LCT, MKL, MKL_M, IDT, IDT_M, SOT_M, MIX_M = range(1, 9)
SOT_STEPS, SOT_BATCH = 10, 30


def get_area(crop_mask: np.ndarray) -> np.ndarray:
    """Where the mask is, (O, O, 1): every value above 0 becomes 1; what lies below 0 stays."""
    area = crop_mask.copy()
    area[area > 0] = 1
    return area


def transfer_color(mode: int, target: np.ndarray, reference: np.ndarray,
                   area: np.ndarray, is_gray: bool = False) -> np.ndarray:
    """Give `target` the colours of `reference` by a mode of `ctm_dict`, 0 for none.

    Arguments:
        target, reference: (O, O, 3) float32.
        area: (O, O, 1). In the modes of a mask everything outside is black and counts (KEEP).
        is_gray: all three planes are equal, and stay so: the closed forms of one channel (spec 60
            section 5).
    """
    if mode == 0:
        return target
    debug_areas.tell("ct", "merge mode %d: target, reference %s", mode,
                     debug_areas.ArraysText(target, reference))
    if is_gray:
        return to_bgr(transfer_color(mode, target[..., :1], reference[..., :1], area))
    if mode == RCT:
        return imagelib.reinhard_color_transfer(target, reference, target_mask=area,
                                                source_mask=area)
    if mode == LCT:
        return imagelib.linear_color_transfer(target, reference)
    if mode == MKL:
        return imagelib.color_transfer_mkl(target, reference)
    if mode == IDT:
        return imagelib.color_transfer_idt(target, reference)
    target, reference = target * area, reference * area
    if mode == MKL_M:
        return imagelib.color_transfer_mkl(target, reference)
    if mode == IDT_M:
        return imagelib.color_transfer_idt(target, reference)
    if mode == SOT_M:
        moved = imagelib.color_transfer_sot(target, reference, steps=SOT_STEPS,
                                            batch_size=SOT_BATCH)
        return np.clip(moved, 0, 1)
    if mode == MIX_M:
        return imagelib.color_transfer_mix(target, reference)
    raise ValueError("There is no colour transfer mode %r." % (mode,))


def match_histogram(prd: np.ndarray, dst: np.ndarray, area: np.ndarray, is_masked: bool,
                    threshold: int) -> np.ndarray:
    """The histogram of `dst` for `prd`, both (O, O, 3); what is masked out counts as white."""
    counted = area if is_masked else np.ones_like(area)
    white = np.ones_like(area) - counted
    source = prd * counted + white
    source[source > 1] = 1
    # The reference forgets to cap this one (KEEP).
    target = dst * counted + white
    return imagelib.color_hist_match(source, target, threshold).astype(np.float32)

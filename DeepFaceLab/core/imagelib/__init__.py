"""Pixels: warps, colour transfer, filters, masks, text (spec 31 section 1).

Several functions share their module's name and hide it as an attribute of this package; such a
module stays importable by its full path. `sd` is imported explicitly.
"""
from enum import IntEnum

import cv2
import numpy as np

from .blursharpen import LinearMotionBlur, blursharpen, gaussian_sharpen
from .color_transfer import (bw_hist_match, color_hist_match, color_transfer, color_transfer_idt,
                             color_transfer_mix, color_transfer_mkl, color_transfer_sot,
                             linear_color_transfer, reinhard_color_transfer)
from .common import cut_odd_image, normalize_channels, overlay_alpha_image, random_crop
from .draw import draw_polygon, draw_rect
from .equalize_and_stack_square import equalize_and_stack_square
from .estimate_sharpness import estimate_sharpness
from .filters import (apply_random_bilinear_resize, apply_random_gaussian_blur,
                      apply_random_hsv_shift, apply_random_jpeg_compress,
                      apply_random_motion_blur, apply_random_nearest_resize,
                      apply_random_overlay_triangle, apply_random_relight,
                      apply_random_rgb_levels, apply_random_sharpen)
from .morph import morph_by_points
from .reduce_colors import reduce_colors, reduce_colors_bw
from .SegIEPolys import SegIEPoly, SegIEPolys, SegIEPolyType
from .text import get_draw_text_lines, get_text_image
from .warp import gen_warp_params, warp_by_params

__all__ = [
    "estimate_sharpness", "equalize_and_stack_square", "get_text_image", "get_draw_text_lines",
    "draw_polygon", "draw_rect", "morph_by_points", "gen_warp_params", "warp_by_params",
    "reduce_colors", "reduce_colors_bw", "color_transfer", "color_transfer_mix",
    "color_transfer_sot", "color_transfer_mkl", "color_transfer_idt", "color_hist_match",
    "bw_hist_match", "reinhard_color_transfer", "linear_color_transfer", "random_crop",
    "normalize_channels", "cut_odd_image", "overlay_alpha_image", "SegIEPolys", "SegIEPoly",
    "SegIEPolyType", "LinearMotionBlur", "blursharpen", "gaussian_sharpen",
    "apply_random_rgb_levels",
    "apply_random_overlay_triangle", "apply_random_hsv_shift", "apply_random_sharpen",
    "apply_random_motion_blur", "apply_random_gaussian_blur", "apply_random_nearest_resize",
    "apply_random_bilinear_resize", "apply_random_jpeg_compress", "apply_random_relight",
    "np", "cv2", "IntEnum",
]

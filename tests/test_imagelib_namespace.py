"""The names that scripts and plug-in models import."""
import importlib
import subprocess
import sys

import pytest

PACKAGE_NAMES = """
estimate_sharpness equalize_and_stack_square get_text_image get_draw_text_lines draw_polygon
draw_rect morph_by_points gen_warp_params warp_by_params reduce_colors color_transfer
color_transfer_mix color_transfer_sot color_transfer_mkl color_transfer_idt color_hist_match
reinhard_color_transfer linear_color_transfer random_crop normalize_channels cut_odd_image
overlay_alpha_image SegIEPolys SegIEPoly SegIEPolyType LinearMotionBlur blursharpen
apply_random_rgb_levels apply_random_overlay_triangle apply_random_hsv_shift apply_random_sharpen
apply_random_motion_blur apply_random_gaussian_blur apply_random_nearest_resize
apply_random_bilinear_resize apply_random_jpeg_compress apply_random_relight np cv2 IntEnum
bw_hist_match reduce_colors_bw
""".split()

MODULE_NAMES = {
    "core.imagelib.warp": "mls_rigid_deformation gen_pts gen_warp_params warp_by_params",
    "core.imagelib.color_transfer":
        "lab_image_stats _scale_array channel_hist_match color_transfer color_transfer_mix "
        "color_transfer_sot color_transfer_mkl color_transfer_idt color_hist_match "
        "reinhard_color_transfer linear_color_transfer bw_hist_match",
    "core.imagelib.filters":
        "apply_random_resize _min_resize _d_resize _get_image_gradient "
        "_generate_lighting_effects apply_random_relight apply_random_rgb_levels",
    "core.imagelib.morph": "applyAffineTransform morphTriangle morph_by_points",
    "core.imagelib.text":
        "pil_fonts _get_pil_font draw_text draw_text_lines get_text_image get_draw_text_lines",
    "core.imagelib.sd":
        "circle_faded random_circle_faded bezier random_bezier_split_faded random_faded "
        "dist_to_edges np npla",
    "core.imagelib.sd.draw": "vector2_dot vector2_dot2 vector2_cross",
    "core.imagelib.estimate_sharpness":
        "sobel _simple_thinning compute marziliano_method _calculate_sharpness_metric "
        "is_edge_block get_block_contrast THRESHOLD BETA BLOCK_HEIGHT BLOCK_WIDTH WIDTH_JNB",
    "core.imagelib.SegIEPolys": "SegIEPolys SegIEPoly SegIEPolyType",
    "core.imagelib.blursharpen": "LinearMotionBlur blursharpen",
    "core.imagelib.common": "random_crop normalize_channels cut_odd_image overlay_alpha_image",
    "core.imagelib.draw": "draw_polygon draw_rect",
    "core.imagelib.reduce_colors": "reduce_colors reduce_colors_bw",
    "core.imagelib.equalize_and_stack_square": "equalize_and_stack_square",
    "core.mathlib":
        "get_power_of_two rotationMatrixToEulerAngles polygon_area rotate_point transform_points "
        "transform_mat umeyama",
    "core.mathlib.umeyama": "umeyama",
}


def test_package_names():
    imagelib = importlib.import_module("core.imagelib")
    missing = [name for name in PACKAGE_NAMES if not hasattr(imagelib, name)]
    assert not missing
    for name in ("estimate_sharpness", "color_transfer", "blursharpen", "reduce_colors",
                 "equalize_and_stack_square", "SegIEPolys"):
        assert callable(getattr(imagelib, name)), name       # not the module of the same name


@pytest.mark.parametrize("path", sorted(MODULE_NAMES))
def test_module_names(path):
    module = importlib.import_module(path)
    missing = [name for name in MODULE_NAMES[path].split() if not hasattr(module, name)]
    assert not missing


def test_star_import_gives_the_package_names():
    namespace = {}
    exec("from core.imagelib import *", namespace)      # noqa: S102
    assert not [name for name in PACKAGE_NAMES if name not in namespace]


def test_workers_import_it_without_heavy_packages():
    code = ("import sys; sys.path.insert(0, %r)\n"
            "import core.imagelib, core.mathlib\n"
            "print([m for m in ('tensorflow', 'scipy', 'skimage', 'numexpr', 'PIL') "
            "if m in sys.modules])" % next(p for p in sys.path if p.endswith("DeepFaceLab")))
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"[]"

"""Two lists of what must hold, item by item: acceptance of the gray models (spec 60 section 17.4)
and tests of the installer (spec 70 section 11.9). ITEMS names the test of each; what had no other
place is here.
"""
import ast
from pathlib import Path

import cv2
import numpy as np
import pytest
from sample_support import CT, MT, image, mask, write_faceset

from core import imagelib
from merger import face_color
from samplelib import SampleGeneratorFace, SampleProcessor

HERE = Path(__file__).resolve().parent
ITEMS = {
    "60 17.4 1 weight files load and save byte-compatible": [
        "test_saehdbw_vectors.test_files_of_the_fork_are_loaded_and_saved_alike",
        "test_saehdbw_vectors.test_discriminators_have_the_shapes_of_the_tables"],
    "60 17.4 2 forward and loss values": [
        "test_saehdbw_vectors.test_forward_and_loss_values_are_those_of_the_fork"],
    "60 17.4 3 sizes on disk": [
        "test_saehdbw_sizes.test_formula_gives_the_noted_size",
        "test_saehdbw_sizes.test_saved_files_have_the_noted_size"],
    "60 17.4 4 launchers with only their paths changed, and without the flags": [
        "test_saehdbw_launchers.test_17_4_4_launchers_from_resize_to_video",
        "test_saehdbw_launchers.test_17_4_4_launcher_with_a_tree_of_another_name",
        "test_saehdbw_launchers.test_17_4_4_without_the_flags",
        "test_gray_tree.test_both_roots_merge_alike"],
    "60 17.4 5 gray files and their colour originals train the same": [
        "test_acceptance_lists.test_17_4_5_gray_folder_and_colour_original_give_equal_tensors",
        "test_samplelib_render_output.test_gray_from_a_colour_file_equals_the_gray_file"],
    "60 17.4 6 closed forms of LCT and SOT": [
        "test_acceptance_lists.test_17_4_6_lct_of_one_channel_is_its_closed_form",
        "test_acceptance_lists.test_17_4_6_sot_of_one_channel_is_rank_matching"],
    "60 17.4 7 models go to the fork and come from it": [
        "test_saehdbw_fork.test_17_4_7_a_model_trained_here_merges_in_the_fork",
        "test_saehdbw_fork.test_17_4_7_a_model_of_the_fork_merges_here"],
    "70 11.9 the three builds": [
        "test_patches_install.test_builds_are_told_apart",
        "test_patches_install.test_install_use_uninstall_leaves_equal_bytes_and_times"],
    "70 11.9 the fork variants": [
        "test_patches_install.test_forks_are_told_apart",
        "test_patches_install.test_interpreter_folder_of_other_forks",
        "test_patches_install_variants.test_install_of_a_fork_comes_back"],
    "70 11.9 every refusal": [
        "test_patches_install.test_refuses_what_is_not_an_install",
        "test_patches_install_variants.test_more_than_one_install_around_it_must_be_named",
        "test_patches_install.test_refuses_a_path_that_no_script_can_have",
        "test_patches_install.test_refuses_links_in_its_way",
        "test_patches_install.test_refuses_without_room_or_with_long_paths",
        "test_patches_install.test_refuses_where_nothing_can_be_written",
        "test_patches_install.test_refuses_while_programs_of_the_install_run",
        "test_patches_install.test_refuses_replace_while_a_verb_is_not_built",
        "test_patches_install.test_refuses_a_changed_manifest_and_a_foreign_tree",
        "test_patches_install_variants.test_manifest_of_another_program_is_refused",
        "test_patches_install.test_damaged_block_is_refused",
        "test_patches_install.test_wrong_arguments_end_with_1",
        "test_patches_install_guard.test_guard_refuses"],
    "70 11.9 interrupted at each journal step": [
        "test_patches_install.test_killed_at_every_step_is_named_and_repaired",
        "test_patches_install.test_killed_at_random_moments",
        "test_patches_install.test_torn_last_line_of_the_journal"],
    "70 11.9 read-only file": [
        "test_patches_install.test_read_only_file_is_replaced_and_comes_back",
        "test_patches_install.test_read_only_package_gives_files_that_can_be_replaced"],
    "70 11.9 locked file": ["test_patches_install.test_locked_file_undoes_everything"],
    "70 11.9 edited setenv.bat": [
        "test_patches_install.test_edited_setenv_comes_back",
        "test_patches_install_guard.test_block_comes_off_as_it_went_on"],
    "70 11.9 workspace as junction and missing": [
        "test_patches_install.test_workspace_may_be_a_link_or_missing"],
    "70 11.9 root with each special character": [
        "test_patches_install.test_installs_into_a_folder_with",
        "test_patches_install.test_refuses_a_path_that_no_script_can_have"],
    "70 11.9 two installs in parallel": [
        "test_patches_install.test_two_installs_at_once",
        "test_patches_install_variants.test_two_processes_at_once"],
    "70 11.9 install, use, uninstall": [
        "test_patches_install.test_install_use_uninstall_leaves_equal_bytes_and_times",
        "test_patches_install.test_uninstall_without_purge_leaves_the_backup_folder_besides"],
    "70 11.9 the scripts themselves": [
        "test_bat_wine.test_script_calls_what_the_table_says_and_returns_its_code",
        "test_bat_wine.test_installer_scripts_find_install_and_interpreter",
        "test_bat_install.test_install_verify_and_uninstall",
        "test_bat_install.test_codes_of_what_goes_wrong",
        "test_bat_real.test_train_merge_and_video_under_wine"],
    "70 11.8 restore to factory": [
        "test_patches_install_factory.test_uninstalling_to_factory_takes_changed_scripts_away",
        "test_patches_install_factory.test_factory_after_an_uninstall_that_left_a_script"],
}


def list_tests(module):
    """Names of the test functions of a module of this folder; nothing is imported."""
    program = ast.parse((HERE / (module + ".py")).read_text(encoding="utf-8"))
    return {node.name for node in program.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("item", sorted(ITEMS))
def test_item_has_its_tests(item):
    assert ITEMS[item]
    for name in ITEMS[item]:
        module, _, function = name.partition(".")
        assert function.startswith("test_") and function in list_tests(module), name


def draw(folder, requests, seed, monkeypatch):
    """One batch of one channel for each request, from a folder by a worker."""
    monkeypatch.setenv("DFL_RANDOM_SEED", str(seed))
    np.random.seed(seed)
    generator = SampleGeneratorFace(
        folder, batch_size=4, generators_count=1, output_sample_types=requests,
        sample_process_options=SampleProcessor.Options(random_flip=True))
    try:
        return generator.generate_next()
    finally:
        generator.close()


def test_17_4_5_gray_folder_and_colour_original_give_equal_tensors(tmp_path, monkeypatch):
    """Before geometry within 2 levels; warped, the cubic overshoots of the differences besides.
    The gray folder is what the resizer makes of the colour one."""
    from mainscripts import FacesetResizer
    color, gray = [write_faceset(tmp_path / name, 4) for name in ("color", "gray")]
    with monkeypatch.context() as patch:
        patch.setenv("only_convert_to_grayscale", "1")
        patch.setenv("DFL_UNATTENDED", "y")
        FacesetResizer.process_folder(gray)
    for path in gray.glob("*.jpg"):
        assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).ndim == 2
    plain = dict(warp=False, transform=False, channel_type=CT.G, channels=1, resolution=96)
    moved = dict(channel_type=CT.G, channels=1)
    requests = [image(**plain), image(**moved), image(warp=False, **moved), mask(),
                mask(MT.EYES_MOUTH)]
    first, second = [draw(folder, requests, 5, monkeypatch) for folder in (color, gray)]
    assert [x.shape for x in first] == [(4, 96, 96, 1)] + [(4, 64, 64, 1)] * 4
    assert first[0].std() > 0.05
    np.testing.assert_allclose(first[0], second[0], rtol=0, atol=2 / 255)
    for a, b in zip(first[1:3], second[1:3]):
        np.testing.assert_allclose(a, b, rtol=0, atol=3 / 255)
        assert np.abs(a - b).mean() < 0.6 / 255
    for a, b in zip(first[3:], second[3:]):
        np.testing.assert_array_equal(a, b)


def make_pictures(seed, levels=None):
    """Source and reference (64, 64, 1), with ties where `levels` are few."""
    state = np.random.RandomState(seed)
    pictures = [state.uniform(.1, .6, (64, 64, 1)), state.uniform(.3, .9, (64, 64, 1)) ** 2]
    if levels is not None:
        pictures = [np.round(picture * levels) / levels for picture in pictures]
    return [picture.astype(np.float32) for picture in pictures]


@pytest.mark.parametrize("seed", range(3))
def test_17_4_6_lct_of_one_channel_is_its_closed_form(seed):
    source, reference = make_pictures(seed)
    x, s = [picture.astype(np.float64) for picture in (source, reference)]
    wanted = np.clip((x - x.mean()) * np.sqrt((s.var() + 1e-5) / (x.var() + 1e-5)) + s.mean(),
                     0, 1)
    np.testing.assert_allclose(imagelib.linear_color_transfer(source, reference), wanted, rtol=0,
                               atol=1e-6)


def match_ranks(source, reference):
    """The i-th smallest value becomes the i-th smallest of the reference; then the bilateral
    filter of the change, as of every SOT (spec 60 section 5)."""
    moved = np.empty(source.size, np.float32)
    moved[np.argsort(source.ravel(), kind="stable")] = np.sort(reference.ravel())
    change = moved.reshape(source.shape) - source
    return source + cv2.bilateralFilter(change, 0, 5.0, 16.0)[..., None]


@pytest.mark.parametrize("steps, batch, levels, tolerance", [
    (10, 5, None, 1e-6), (10, 5, 255, 1e-2), (10, 30, None, 1e-6), (10, 30, 255, 1e-2)])
def test_17_4_6_sot_of_one_channel_is_rank_matching(steps, batch, levels, tolerance):
    """10 x 5 is that of training, 10 x 30 that of merging; pictures of bytes have ties, whose order
    is that of NumPy's sort, another in every step."""
    for seed in range(3):
        source, reference = make_pictures(seed, levels)
        np.random.seed(seed)
        moved = imagelib.color_transfer_sot(source, reference, steps=steps, batch_size=batch)
        np.testing.assert_allclose(moved, match_ranks(source, reference), rtol=0, atol=tolerance)
    assert (face_color.SOT_STEPS, face_color.SOT_BATCH) == (10, 30)

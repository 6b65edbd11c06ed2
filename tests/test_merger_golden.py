"""The reference's merging, case by case (tests/golden/merge/README.md)."""
import cv2
import numpy as np
import pytest

from merge_support import (SEED, StubNetworks, Vectors, cut_roi, hash_floats, make_config,
                           measure_case, run_case)

VECTORS = Vectors()
IS_REFERENCE_BUILD = cv2.__version__.startswith("4.5.5") and np.__version__.startswith("1.19.")
# Block means of all others agree to float rounding, on every OpenCV: these depend on libraries.
ANY_VERSION = 2e-6
VERSION_DEPENDENT = {
    "overlay_m4_idt", "overlay_m4_idtm", "overlay_m4_sotm", "overlay_m4_mixm",  # sums, 8-bit Lab
    "seamless_m4", "seamless_m4_rct", "seamlesshist_m4", "combined_seamless",   # Poisson solver
    "hist_m4_masked_t238", "hist_m4_unmasked_t200",                             # equal values
    "overlay_m4_motion80", "overlay_m4_motion100_sr30",                         # kernel's rotation
    "overlay_m4_color60", "overlay_m4_color100", "combined_overlay",            # Pillow's palette
    "mve_presharp120", "overlay_m4_box20", "overlay_m4_gauss50",                # amplify rounding
}
# Every operation but the solutions of linear systems is the same on all processors.
NEEDS_LAPACK = {"overlay_m4_lct", "overlay_m4_mkl", "overlay_m4_mklm", "overlay_m4_idt",
                "overlay_m4_idtm", "overlay_m4_mixm", "combined_overlay"}


@pytest.fixture
def black_rim(monkeypatch):
    return lambda is_on: monkeypatch.setenv("DFL_MERGE_BLACK_RIM", "1" if is_on else "0")


@pytest.mark.parametrize("name", sorted(VECTORS.cases))
def test_case(name, black_rim):
    case = VECTORS.cases[name]
    image, mask, stubs = run_case(VECTORS, case, black_rim)
    assert list(image.shape) == case["out_shape"] and str(image.dtype) == case["out_dtype"]
    assert mask.shape == image.shape[:2] + (1,) and mask.dtype == np.float32
    calls = (len(stubs.faces), len(stubs.xseg_faces), len(stubs.enhanced))
    if case["tree"] == "original":  # the other tree's calls of XSeg were not counted
        assert calls == tuple(case[key + "_calls"] for key in ("predictor", "xseg", "enhancer"))

    measured = measure_case(VECTORS, case, image, mask)
    assert measured["outside_equal"] == case.get("outside_roi_equals_frame")
    for key, limit in case["suggested_tolerance"].items():
        assert measured[key] <= limit, key
    assert measured["mask_pool_max"] <= ANY_VERSION
    if name not in VERSION_DEPENDENT:
        assert measured["pool_max"] <= ANY_VERSION
    if IS_REFERENCE_BUILD and name not in NEEDS_LAPACK:
        assert measured["hash_equal"]


@pytest.mark.parametrize("name", sorted(VECTORS.pipeline))
def test_whole_frame(name, tmp_path):
    from merger import FrameInfo, MergeMasked
    case = VECTORS.pipeline[name]
    frame = VECTORS.inputs["frame"]
    path = tmp_path / "00001.png"
    assert cv2.imwrite(str(path), frame)
    faces = [VECTORS.inputs[key] for key in ("landmarks", "landmarks_second_face")]
    info = FrameInfo(path, faces[:case["faces"]])
    np.random.seed(SEED)
    result = MergeMasked(*StubNetworks(VECTORS.inputs, 64).as_arguments(), make_config(case), info)

    assert result.dtype == np.uint8
    kept = VECTORS.pictures[name + "|rgba_u8"].astype(int)
    difference = np.abs(VECTORS.thin(cut_roi(case, result)).astype(int) - kept)
    if name == "file_rawpredict_wrap":
        wrapped = difference[..., 3] > 1
        assert wrapped.sum() > 0 and difference[..., :3].max() <= 1
        # the reference's alpha wrapped around there: it is clipped
        assert (VECTORS.thin(result)[..., 3][wrapped] == 255).all()
        assert (kept[..., 3][wrapped] < 10).all()
        return
    assert difference.max() <= (0 if IS_REFERENCE_BUILD else 1)
    assert difference.mean() <= max(3 * case["cross_version_mean"], 0.001)
    outside = result.copy()
    cut_roi(case, outside)[...] = 0
    bare = np.concatenate([frame, np.zeros(frame.shape[:2] + (1,), np.uint8)], -1)
    cut_roi(case, bare)[...] = 0
    assert (outside == bare).all()
    if IS_REFERENCE_BUILD:
        import hashlib
        assert hashlib.sha256(result.tobytes()).hexdigest() == case["sha256"]


INPUTS = [("FULL_S64", "overlay_m4"), ("FULL_S64_sr", "overlay_m4_sr60"),
          ("WHOLE_FACE_S64", "wf_overlay_m8_rct_ero10_blur40"), ("HEAD_S64", "head_overlay_m7"),
          ("HALF_S64", "half_overlay_m1"), ("MID_FULL_S64", "midfull_overlay_m1_rct"),
          ("FULL_S128", "s128_overlay_m4_rct_blur60")]


@pytest.mark.parametrize("key, name", INPUTS)
def test_what_the_predictor_sees(key, name, black_rim):
    _, _, stubs = run_case(VECTORS, VECTORS.cases[name], black_rim)
    face = stubs.faces[0]
    assert face.dtype == np.float32 and 0 <= face.min() and face.max() <= 1
    kept = VECTORS.intermediates["predictor_input|" + key]
    np.testing.assert_allclose(VECTORS.thin(face), kept, atol=1e-6)


def test_what_the_other_networks_see(black_rim):
    def mean4(img):
        return img.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    _, _, stubs = run_case(VECTORS, VECTORS.cases["overlay_m8"], black_rim)
    for face, side in zip(stubs.xseg_faces, ("prd", "dst")):
        kept = VECTORS.intermediates["overlay_m8|xseg_input_%s_pool4" % side]
        np.testing.assert_allclose(VECTORS.thin(mean4(face)), kept, atol=1e-6)
    _, _, stubs = run_case(VECTORS, VECTORS.cases["wf_overlay_m8_rct_ero10_blur40"], black_rim)
    np.testing.assert_allclose(VECTORS.thin(mean4(stubs.xseg_faces[1])),
                               VECTORS.intermediates["wf_m8|xseg_input_dst_pool4"], atol=1e-6)
    _, _, stubs = run_case(VECTORS, VECTORS.cases["overlay_m4_sr60"], black_rim)
    kept = VECTORS.intermediates["overlay_m4_sr60|enhancer_input"]
    assert (VECTORS.thin(stubs.enhanced[0]) == kept).all()


@pytest.mark.parametrize("face_type", ("HALF", "MID_FULL", "FULL", "WHOLE_FACE", "HEAD"))
def test_matrices(face_type):
    from merger.face_geometry import FaceGeometry
    for scale in ("0.8", "1", "1.1"):
        config = make_config({"face_type": face_type, "tree": "original", "cfg": {
            "output_face_scale": int(round(100 * float(scale) - 100))}})
        geometry = FaceGeometry(config, VECTORS.inputs["landmarks"], (64, 64, 3), (360, 480))
        kept = VECTORS.intermediates["geometry|mat_%s_%s" % (face_type, scale)]
        np.testing.assert_allclose(geometry.paste_mat, kept, rtol=1e-5)
        kept = VECTORS.intermediates["geometry|mat_%s_1" % face_type]
        np.testing.assert_allclose(geometry.read_mat, kept, rtol=1e-5)


def test_hull():
    from facelib import LandmarksProcessor
    landmarks, kept = VECTORS.inputs["landmarks"], VECTORS.intermediates
    hull = LandmarksProcessor.get_image_hull_mask((360, 480, 3), landmarks)
    assert (hull[..., 0] == kept["geometry|hull"]).all()
    expanded = LandmarksProcessor.expand_eyebrows(landmarks)
    assert (expanded == kept["geometry|eyebrow_expanded"]).all()


def test_stale_vectors_would_be_seen(black_rim):
    """The comparison notices one step of a byte in the picture, and a shifted mask."""
    case = VECTORS.cases["overlay_m4"]
    image, mask, _ = run_case(VECTORS, case, black_rim)
    assert hash_floats(image) != hash_floats(image + np.float32(1e-7))
    assert measure_case(VECTORS, case, image + np.float32(0.01), mask)["pool_max"] > 0.009
    shifted = measure_case(VECTORS, case, image, np.roll(mask, 2, axis=1))
    assert shifted["mask_max"] > case["suggested_tolerance"]["mask_max"]

import sys

import cv2
import numpy as np
import pytest

import merger
from core.errors import UserError
from facelib import FaceType
from merge_support import FlatNetworks, StubNetworks, Vectors, no_shortcuts, place_landmarks
from merger import FrameInfo, MergeMasked, MergerConfigMasked
from merger.FrameInfo import AlignedFace
from merger.MergeMasked import MergeMaskedFace, combine_crops, to_bytes, xseg_input_size

VECTORS = Vectors()
FRAME = VECTORS.inputs["frame"]


def make_config(**settings):
    settings.setdefault("color_transfer_mode", 0)
    return MergerConfigMasked(**settings)


def merge_floats(landmarks, config, frame=FRAME, networks=None, info=None, dfl_img=None):
    return MergeMaskedFace(*(networks or FlatNetworks()).as_arguments(), config,
                           info or FrameInfo(), frame, frame.astype(np.float32) / 255.0,
                           landmarks, dfl_img)


def merge_file(path, frame, faces, config, networks=None):
    assert cv2.imwrite(str(path), frame)
    return MergeMasked(*(networks or FlatNetworks()).as_arguments(), config,
                       FrameInfo(path, faces))


def test_names():
    """As attributes of the package the names are functions, in sys.modules modules."""
    assert callable(merger.MergeMasked) and callable(merger.MergeFaceAvatar)
    assert isinstance(merger.FrameInfo, type)
    module = sys.modules["merger.MergeMasked"]
    assert module.MergeMasked is merger.MergeMasked and xseg_input_size == 256
    assert isinstance(module.is_windows, bool)
    assert sys.modules["merger.FrameInfo"].FrameInfo is merger.FrameInfo


def test_faces_are_blended_one_after_the_other(tmp_path):
    """Every face comes from the bare frame; soft edges of the second are applied twice (KEEP)."""
    faces = [place_landmarks(VECTORS.inputs, 120, x, 170) for x in (200, 260)]
    config = make_config(blur_mask_modifier=30)
    singles = [merge_floats(face, config) for face in faces]
    (image, mask), (image2, mask2) = singles
    wanted = image * (1 - mask2) + image2 * mask2
    wanted_mask = np.clip(mask + mask2, 0, 1)
    assert (np.minimum(mask, mask2) > 0).any()    # they overlap
    result = merge_file(tmp_path / "1.png", FRAME, faces, config)
    assert (result == to_bytes(np.concatenate([wanted, wanted_mask], -1))).all()
    # the order counts
    assert (result != merge_file(tmp_path / "1.png", FRAME, faces[::-1], config)).any()


def test_a_face_far_from_the_other_changes_nothing_there(tmp_path):
    faces = [place_landmarks(VECTORS.inputs, 60, x, 100) for x in (80, 380)]
    alone = [merge_file(tmp_path / "1.png", FRAME, [face], make_config()) for face in faces]
    both = merge_file(tmp_path / "1.png", FRAME, faces, make_config())
    assert (both[:, :240] == alone[0][:, :240]).all()
    assert (both[..., 3] == np.maximum(alone[0], alone[1])[..., 3]).all()
    for level in (0, 255):                 # soft edges of the second face are applied twice
        known = alone[1][:, 240:, 3] == level
        assert (both[:, 240:][known] == alone[1][:, 240:][known]).all() and known.any()


def test_the_first_faces_degraded_background_stays(tmp_path):
    faces = [place_landmarks(VECTORS.inputs, 60, x, 100) for x in (80, 380)]
    config = make_config(bicubic_degrade_power=60)
    first = merge_floats(faces[0], config)[0]
    both = merge_file(tmp_path / "1.png", FRAME, faces, config)
    assert (both[200:, :, :3] == to_bytes(first)[200:]).all()
    assert (both[200:, :, :3] != FRAME[200:]).any()


@pytest.mark.parametrize("faces", (1, 2))
def test_untouched_pixels_survive(tmp_path, faces):
    landmarks = [place_landmarks(VECTORS.inputs, 80, x, 100) for x in (100, 300)][:faces]
    frame = np.arange(256, dtype=np.uint8).repeat(120 * 3 * 4)[:200 * 400 * 3].reshape(200, 400, 3)
    result = merge_file(tmp_path / "1.png", frame, landmarks, make_config())
    bare = result[..., 3] == 0
    assert 0.3 < bare.mean() < 0.99
    mask = merge_floats(landmarks[0], make_config(), frame)[1][..., 0]
    untouched = bare & (mask == 0)
    assert (result[..., :3][untouched & (np.arange(400) < 200)]
            == frame[untouched & (np.arange(400) < 200)]).all()


@pytest.mark.parametrize("x, y", ((0, 170), (479, 170), (240, 0), (240, 359), (0, 0)))
@pytest.mark.parametrize("mode", ("overlay", "seamless", "hist-match", "raw-rgb"))
def test_a_face_that_leaves_the_frame(x, y, mode):
    landmarks = place_landmarks(VECTORS.inputs, 140, x, y)
    config = make_config(mode=mode, mask_mode=2, color_transfer_mode=1)
    image, mask = merge_floats(landmarks, config)
    assert image.shape == FRAME.shape and np.isfinite(image).all()
    assert 0 <= image.min() and image.max() <= 1 and mask.max() > 0.9
    # the same as in a larger frame whose rest is black, but for what the networks saw
    assert (image[mask[..., 0] == 0] == (FRAME / np.float32(255))[mask[..., 0] == 0]).all() \
        or mode == "raw-rgb"


@pytest.mark.parametrize("mode", ("original", "overlay", "seamless", "raw-rgb", "raw-predict"))
def test_a_face_beside_the_frame(mode, tmp_path):
    landmarks = place_landmarks(VECTORS.inputs, 100, 2000, 2000)
    config = make_config(mode=mode, mask_mode=1, motion_blur_power=20)
    image, mask = merge_floats(landmarks, config)
    if mode != "raw-predict":
        assert (image == FRAME.astype(np.float32) / 255).all() and not mask.any()
    result = merge_file(tmp_path / "1.png", FRAME, [landmarks], config)
    assert result.shape[2] == 4
    if mode != "raw-predict":
        assert (result[..., :3] == FRAME).all() and not result[..., 3].any()


def test_a_face_of_a_few_pixels_is_left_alone():
    landmarks = place_landmarks(VECTORS.inputs, 2.5, 240, 170)
    image, mask = merge_floats(landmarks, make_config())
    assert (image == FRAME.astype(np.float32) / 255).all() and mask.max() > 0


@pytest.mark.parametrize("landmarks", (
    np.full((68, 2), 100, np.float32), np.full((68, 2), np.nan, np.float32),
    np.zeros((68, 2), np.float32)))
def test_landmarks_without_an_area(landmarks):
    with pytest.raises(UserError) as info:
        with np.errstate(all="ignore"):
            merge_floats(landmarks, make_config())
    assert "landmarks" in info.value.what and info.value.remedies


def test_a_mode_that_does_not_exist():
    config = make_config()
    config.mode = "raw-something"
    with pytest.raises(ValueError):
        merge_floats(VECTORS.inputs["landmarks"], config)
    config = make_config(mask_mode=11)
    with pytest.raises(ValueError):
        merge_floats(VECTORS.inputs["landmarks"], config)


def test_no_landmarks_no_file(tmp_path):
    with pytest.raises(ValueError):
        merge_file(tmp_path / "1.png", FRAME, [], make_config())
    with pytest.raises(UserError) as info:
        MergeMasked(*FlatNetworks().as_arguments(), make_config(),
                    FrameInfo(tmp_path / "none.png", [VECTORS.inputs["landmarks"]]))
    assert "none.png" in info.value.what


@pytest.mark.parametrize("make", (
    lambda gray: gray, lambda gray: cv2.cvtColor(gray, cv2.COLOR_GRAY2BGRA),
    lambda gray: gray.astype(np.uint16) * 257))
def test_frames_of_other_kinds_merge_alike(tmp_path, make):
    gray = cv2.cvtColor(FRAME, cv2.COLOR_BGR2GRAY)
    faces = [VECTORS.inputs["landmarks"]]
    wanted = merge_file(tmp_path / "1.png", cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), faces,
                        make_config())
    result = merge_file(tmp_path / "2.png", make(gray), faces, make_config())
    assert (result == wanted).all()


@pytest.mark.parametrize("suffix", (".png", ".jpg"))
def test_a_frame_that_lost_its_end_is_an_error(tmp_path, suffix):
    """Some decoders make up the rest of a JPEG: a gray half of the frame."""
    path = tmp_path / ("1" + suffix)
    merge_file(path, FRAME, [VECTORS.inputs["landmarks"]], make_config())
    path.write_bytes(path.read_bytes()[:-path.stat().st_size // 4])
    with pytest.raises(UserError, match="cannot be read"):
        MergeMasked(*FlatNetworks().as_arguments(), make_config(),
                    FrameInfo(path, [VECTORS.inputs["landmarks"]]))


def test_raw_predict_of_two_faces():
    class Face:
        def __init__(self, value, mask):
            self.image = np.full((4, 4, 3), value, np.float32)
            self.mask = np.full((4, 4, 1), mask, np.float32)
    image, mask = combine_crops([Face(0.2, 0.7), Face(0.6, 0.5)])
    assert np.allclose(image, 0.4) and np.allclose(mask, 1)
    image, mask = combine_crops([Face(0.2, 1.2)])
    assert np.allclose(mask, 1.2)              # one face's mask is not clipped before the bytes
    assert (to_bytes(np.float32([-0.1, 0, 0.9999, 1.1])) == [0, 0, 254, 255]).all()


@pytest.mark.parametrize("power, side", ((0, 64), (40, 256)))
def test_raw_predict_has_the_size_of_the_crop(tmp_path, power, side):
    from merger.face_geometry import get_crop_size
    config = make_config(mode="raw-predict", super_resolution_power=power)
    faces = [place_landmarks(VECTORS.inputs, 100, x, 170) for x in (150, 300)]
    result = merge_file(tmp_path / "1.png", FRAME, faces, config)
    assert result.shape == (side, side, 4) and get_crop_size(config, (64, 64, 3)) == side


def test_a_model_of_one_channel(tmp_path):
    """It sees one channel, the result is gray whatever the frame was."""
    networks = FlatNetworks(channels=1, colour=(0.5,))
    result = merge_file(tmp_path / "1.png", FRAME, [VECTORS.inputs["landmarks"]], make_config(),
                        networks)
    assert networks.faces[0].shape == (64, 64, 1)
    assert (result[..., 0] == result[..., 1]).all() and (result[..., 0] == result[..., 2]).all()
    assert result[..., 3].max() == 255


def test_a_seed_makes_random_colours_come_again(tmp_path, monkeypatch):
    config = make_config(color_transfer_mode=7)
    faces = [VECTORS.inputs["landmarks"]]
    networks = FlatNetworks()
    networks.predict = lambda face: (VECTORS.inputs["S64_prd_bgr"], VECTORS.inputs["S64_prd_mask"],
                                     VECTORS.inputs["S64_dst_mask"])

    def merge():
        return merge_file(tmp_path / "1.png", FRAME, faces, config, networks)
    assert (merge() != merge()).any()
    monkeypatch.setenv("DFL_MERGE_COLOR_SEED", "5")
    assert (merge() == merge()).all()


def test_custom_faces_take_their_aligned_square():
    """The aligned picture's matrix decides, the landmarks do not."""
    matrix = np.float64([[1.5, 0, -150], [0, 1.5, -90]])      # 200 px: frame 100..233, 60..193
    config = make_config(face_type=FaceType.CUSTOM, mask_mode=0)
    landmarks = place_landmarks(VECTORS.inputs, 100, 400, 300)
    image, mask = merge_floats(landmarks, config, dfl_img=AlignedFace(matrix, 200))
    rows, cols = np.where(mask[..., 0] > 0.5)
    assert abs(cols.min() - 100) <= 1 and abs(cols.max() - 233) <= 1
    assert abs(rows.min() - 60) <= 1 and abs(rows.max() - 193) <= 1
    np.testing.assert_allclose(image[126, 166], (0.2, 0.4, 0.8), atol=1e-3)
    # a positive scale shrinks the square about its centre, as with other face types
    config.output_face_scale = 25
    _, mask = merge_floats(landmarks, config, dfl_img=AlignedFace(matrix, 200))
    rows, cols = np.where(mask[..., 0] > 0.5)
    assert abs(cols.max() - cols.min() - 133.3 / 1.25) <= 2
    assert abs(cols.max() + cols.min() - 333) <= 2
    # XSeg of the frame's face works, too
    config.mask_mode = 7
    assert merge_floats(landmarks, config, dfl_img=AlignedFace(matrix, 200))[1].max() == 1
    with pytest.raises(UserError):
        merge_floats(landmarks, config)


def draw_settings(rnd):
    """Settings of all kinds, whatever they are together."""
    from merger.MergerConfig import mode_str_dict
    return make_config(
        face_type=FaceType([0, 1, 2, 4, 10][rnd.randint(5)]), mode=sorted(mode_str_dict)[
            rnd.randint(7)], mask_mode=rnd.randint(11), color_transfer_mode=rnd.randint(5),
        erode_mask_modifier=rnd.randint(2) * rnd.randint(-60, 60),
        blur_mask_modifier=rnd.randint(2) * rnd.randint(100),
        output_face_scale=rnd.randint(2) * rnd.randint(-50, 51),
        super_resolution_power=40 * (rnd.randint(4) == 0), motion_blur_power=rnd.randint(2) * 50,
        image_denoise_power=(0, 0, 15, 110)[rnd.randint(4)],
        bicubic_degrade_power=30 * (rnd.randint(3) == 0), sharpen_mode=rnd.randint(3),
        blursharpen_amount=(0, 0, 5, -5)[rnd.randint(4)], debug_mode=rnd.randint(8) == 0)


@pytest.mark.skipif(not cv2.__version__.startswith("4."), reason="OpenCV 5 samples otherwise")
@pytest.mark.parametrize("seed", range(16))
def test_windows_change_no_pixel(seed):
    """The same bits as warping and blending all of the frame."""
    rnd = np.random.RandomState(seed)
    config = draw_settings(rnd)
    landmarks = place_landmarks(VECTORS.inputs, rnd.uniform(10, 250), *rnd.uniform(-60, [540, 420]))
    info = FrameInfo()
    info.motion_power, info.motion_deg = 20, 30

    def merge():
        return merge_floats(landmarks, config, networks=StubNetworks(VECTORS.inputs, 64),
                            info=info)
    image, mask = merge()
    with no_shortcuts():
        wanted, wanted_mask = merge()
    assert (image == wanted).all() and (mask == wanted_mask).all()

"""Stub networks, reference cases and comparisons of the merger's tests (tests/golden/merge)."""
import contextlib
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np

GOLDEN = Path(__file__).resolve().parent / "golden" / "merge"
ROUNDING = 0.5 / 255  # reference pictures are kept as bytes
SEED = 1234
# The fork counts two mask modes the other way round (spec 50 section 13.3).
FORK_MASK_MODES = {9: 10, 10: 9}


class Vectors:
    """The reference cases of a folder: the reduced ones of the tests, or the complete ones.

    Attributes: cases, pipeline: records of cases.json; stride: every how manieth pixel is kept.
    """

    def __init__(self, folder=GOLDEN):
        folder = Path(str(folder))
        records = json.loads((folder / "cases.json").read_text())
        self.cases = {case["name"]: case for case in records["cases"]}
        self.pipeline = {case["name"]: case for case in records["pipeline"]}
        self.stride = records.get("stride", 1)
        self.inputs = self._load(folder / "inputs.npz")
        self.pictures = self._load(folder / "cases.npz")
        self.pictures.update(self._load(folder / "pipeline.npz"))
        self.intermediates = self._load(folder / "intermediates.npz")

    @staticmethod
    def _load(path):
        with np.load(str(path)) as data:
            return {key: data[key] for key in data.files}

    def thin(self, picture):
        """The kept pixels of a picture."""
        return picture[self.stride // 2::self.stride, ::self.stride]


class StubNetworks:
    """The three networks of one face: they return what is given and keep what they were shown."""

    def __init__(self, inputs, size, is_fork=False):
        self.inputs, self.size, self.is_fork = inputs, size, is_fork
        self.faces, self.morph_factors, self.xseg_faces, self.enhanced = [], [], [], []

    def predict(self, face, **options):
        assert set(options) <= {"func_morph_factor"} and (self.is_fork or not options)
        self.faces.append(face.copy())
        self.morph_factors.append(options.get("func_morph_factor"))
        bgr, prd_mask, dst_mask = (self.inputs["S%d_%s" % (self.size, name)].copy()
                                   for name in ("prd_bgr", "prd_mask", "dst_mask"))
        if self.is_fork and len(self.faces) == 2:
            return bgr * np.float32(0.9) + np.float32(0.05), dst_mask, prd_mask
        return bgr, prd_mask, dst_mask

    def segment(self, face):
        self.xseg_faces.append(face.copy())
        return self.inputs["xseg_first_call" if len(self.xseg_faces) % 2 else
                           "xseg_second_call"].copy()

    def enhance(self, face, is_tanh=False, preserve_size=True):
        assert is_tanh is True and preserve_size is False
        self.enhanced.append(face.copy())
        height, width = face.shape[:2]
        large = cv2.resize(face, (4 * width, 4 * height), interpolation=cv2.INTER_CUBIC)
        return large * np.float32(0.9) + np.float32(0.05)

    def as_arguments(self):
        """The first four arguments of the merging functions."""
        return self.predict, (self.size, self.size, 3), self.enhance, self.segment


def make_config(case):
    from facelib import FaceType
    from merger import MergerConfigMasked
    settings = dict(case["cfg"])
    if case["tree"] == "MVE":
        number = settings.get("mask_mode")
        settings["mask_mode"] = FORK_MASK_MODES.get(number, number)
    return MergerConfigMasked(face_type=FaceType[case.get("face_type", "FULL")],
                              default_mode="overlay", **settings)


def run_case(vectors, case, switch_black_rim):
    """(image, mask, StubNetworks) of a case; `switch_black_rim(bool)` sets that option."""
    from merger import FrameInfo
    from merger.MergeMasked import MergeMaskedFace
    stubs = StubNetworks(vectors.inputs, case["S"], case["tree"] == "MVE")
    info = FrameInfo()
    info.motion_power, info.motion_deg = case["motion_power"], case["motion_deg"]
    frame = vectors.inputs["frame"]
    switch_black_rim(case["cfg"].get("output_face_scale", 0) < 0)
    np.random.seed(SEED)
    image, mask = MergeMaskedFace(*stubs.as_arguments(), make_config(case), info, frame,
                                  frame.astype(np.float32) / 255.0, vectors.inputs["landmarks"])
    return image, mask, stubs


def pool8(picture):
    """Means of 8 x 8 blocks; a rest is left out."""
    height, width, channels = picture.shape
    picture = picture[:height - height % 8, :width - width % 8].astype(np.float64)
    return picture.reshape(height // 8, 8, width // 8, 8, channels).mean(axis=(1, 3))


def hash_floats(picture):
    return hashlib.sha256(np.ascontiguousarray(picture, np.float32).tobytes()).hexdigest()


def cut_roi(case, picture):
    y0, y1, x0, x1 = case["roi_y0_y1_x0_x1"]
    return picture[y0:y1, x0:x1]


def measure_case(vectors, case, image, mask):
    """How far image and mask are from the reference.

    Keys: those of `suggested_tolerance`, without the rounding of the kept bytes; pool_max of the
    block means of unrounded values, mask_pool_max; hash_equal of both pictures; outside_equal.
    """
    result = {"hash_equal": hash_floats(image) == case["out_sha256"]
              and hash_floats(mask) == case["mask_sha256"]}
    roi, roi_mask = cut_roi(case, image), cut_roi(case, mask)
    name = case["name"] + "|"
    for key, value in (("pool_max", roi), ("mask_pool_max", roi_mask)):
        kept = vectors.pictures[name + ("out" if value is roi else "mask") + "_pool8"]
        result[key] = float(np.abs(pool8(value) - kept).max())
    if name + "out_fullpool8" in vectors.pictures:
        difference = np.abs(pool8(image) - vectors.pictures[name + "out_fullpool8"])
        result["pool_max"] = max(result["pool_max"], float(difference.max()))

    out_error = _byte_errors(vectors, roi, name + "out_u8")
    mask_error = _byte_errors(vectors, roi_mask, name + "mask_u8")
    inside = vectors.thin(roi_mask)[..., 0] > 0
    result["out_max"] = float(out_error.max())
    # The frame's other pixels count, too: they are equal.
    count = max(out_error.size, image.size // vectors.stride ** 2)
    beyond = int(count * 0.001)
    worst = np.sort(out_error, axis=None)[::-1]
    result["out_p999"] = float(worst[min(beyond, worst.size - 1)])
    result["out_mean_in_mask"] = float(out_error[inside].mean()) if inside.any() else 0.0
    result["mask_max"] = float(mask_error.max())
    result["mask_mean"] = float(mask_error.sum() / (count / image.shape[2]))
    result["outside_equal"] = is_outside_equal(vectors, case, image)
    return result


def _byte_errors(vectors, roi, key):
    kept = vectors.pictures[key].astype(np.float64) / 255
    error = np.abs(np.clip(vectors.thin(roi), 0, 1) - kept)
    return np.maximum(error - ROUNDING, 0)


def is_outside_equal(vectors, case, image):
    frame = vectors.inputs["frame"].astype(np.float32) / 255.0
    if image.shape != frame.shape:
        return None
    image = image.copy()
    cut_roi(case, image)[...] = cut_roi(case, frame)
    return bool((image == frame).all())


def write_reduced(source, target, stride):
    """Make the tests' small vectors of the complete ones."""
    source, target = Path(str(source)), Path(str(target))
    records = json.loads((source / "cases.json").read_text())
    records["stride"] = stride
    for case in records["cases"] + records["pipeline"]:
        for key in ("stats", "out_stats", "mask_stats", "observed_cross_version_diff"):
            case.pop(key, None)
    (target / "cases.json").write_text(json.dumps(records, indent=0, sort_keys=True) + "\n")
    whole = Vectors(source)
    whole.stride = stride
    np.savez_compressed(str(target / "inputs.npz"), **whole.inputs)
    reduced = {key: whole.thin(value) if key.endswith("_u8") else value
               for key, value in whole.pictures.items()}
    np.savez_compressed(str(target / "pipeline.npz"), **{
        key: value for key, value in reduced.items() if key.split("|")[0] in whole.pipeline})
    np.savez_compressed(str(target / "cases.npz"), **{
        key: value for key, value in reduced.items() if key.split("|")[0] in whole.cases})
    np.savez_compressed(str(target / "intermediates.npz"), **{
        key: whole.thin(value) if value.dtype == np.float32 and value.ndim == 3 and
        value.shape[0] >= 64 else value for key, value in whole.intermediates.items()})


class FlatNetworks:
    """Networks of any size that predict one colour and a round mask."""

    def __init__(self, size=64, colour=(0.2, 0.4, 0.8), channels=3):
        self.size, self.channels, self.colour = size, channels, colour
        self.faces = []

    def predict(self, face, func_morph_factor=None):
        self.faces.append(face)
        grid = (np.arange(self.size) + 0.5) / self.size - 0.5
        round_mask = np.clip(4 - 10 * np.hypot(grid[:, None], grid), 0, 1).astype(np.float32)
        colour = np.float32(self.colour if self.channels == 3 else self.colour[:1])
        return np.ones(face.shape, np.float32) * colour, round_mask, round_mask.copy()

    def segment(self, face):
        return np.ones((256, 256, 1), np.float32)

    def enhance(self, face, is_tanh=False, preserve_size=True):
        return cv2.resize(face, (4 * self.size, 4 * self.size))

    def as_arguments(self):
        return self.predict, (self.size, self.size, self.channels), self.enhance, self.segment


def place_landmarks(inputs, height, x, y):
    """The landmarks of the vectors as a face of about `height` pixels around (x, y)."""
    landmarks = inputs["landmarks"] - inputs["landmarks"].mean(axis=0)
    return (landmarks * (height / np.ptp(landmarks[:, 1])) + [x, y]).astype(np.float32)


@contextlib.contextmanager
def no_shortcuts():
    """Whole frames in place of windows, OpenCV's functions in place of ours (OpenCV 4: equal)."""
    from merger import face_geometry, face_mask

    def find_whole(matrix, size, shape):
        return 0, 0, shape[1], shape[0]

    def warp_whole(crop, matrix, window):
        return cv2.warpAffine(crop, matrix, (window[2], window[3]),
                              flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)

    def erode(mask, size):
        return cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))

    def dilate(mask, size):
        return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))

    def crop_whole(img, window, matrix, size):
        return cv2.warpAffine(img, matrix, (size, size), flags=cv2.INTER_CUBIC)
    replaced = []
    for module, name, function in ((face_geometry, 'find_window', find_whole),
                                   (face_geometry, 'warp_window', warp_whole),
                                   (face_geometry, 'crop_from_window', crop_whole),
                                   (face_mask, 'erode_ellipse', erode),
                                   (face_mask, 'dilate_ellipse', dilate)):
        replaced.append((module, name, getattr(module, name)))
        setattr(module, name, function)
    try:
        yield
    finally:
        for module, name, function in replaced:
            setattr(module, name, function)

"""SAEHDBW in plain NumPy, as another program reads it: weight files by name, networks of spec 60
section 2.3 with the layers of spec 10. Shares no code with the program; one face at a time."""
import io
import pickle
import pickletools
from pathlib import Path

import numpy as np

# What pickle of Python 3.6 with NumPy 1.19, the fork's, can import.
OLD_NAMES = {("numpy.core.multiarray", "_reconstruct"), ("numpy.core.multiarray", "scalar"),
             ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"),
             ("collections", "OrderedDict")}


class RecordingUnpickler(pickle.Unpickler):
    """Keeps what a pickle imports, as (module, name)."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.imports = set()

    def find_class(self, module, name):
        self.imports.add((module, name))
        return super().find_class(module, name)


def list_imports(content: bytes) -> set:
    """{(module, name)} that a pickle imports."""
    unpickler = RecordingUnpickler(content)
    unpickler.load()
    return unpickler.imports


def get_protocol(content: bytes) -> int:
    return max(value for opcode, value, _ in pickletools.genops(content) if opcode.name == "PROTO")


def read_files(folder, name: str = "p") -> dict:
    """{network: {key: float64 array}} of the files that the predictor needs."""
    prefix, files = name + "_SAEHDBW_", {}
    for path in Path(str(folder)).glob(prefix + "*.npy"):
        part = path.stem[len(prefix):]
        if part.startswith(("encoder", "inter", "decoder")):
            files[part] = {key: np.asarray(value, np.float64)
                           for key, value in pickle.loads(path.read_bytes()).items()}
    return files


def convolve(x, weights: dict, name: str, stride: int = 1):
    """(h, w, c) -> (h / stride, w / stride, c'), zeros around, bias added."""
    kernel, bias = weights[name + "/weight:0"], weights[name + "/bias:0"]
    size = kernel.shape[0]
    pad = size // 2
    padded = np.pad(x, ((pad, pad), (pad, pad), (0, 0)), "constant")
    rows, columns = [(side + 2 * pad - size) // stride + 1 for side in x.shape[:2]]
    out = np.zeros((rows, columns, kernel.shape[3]))
    for i in range(size):
        for j in range(size):
            out += padded[i:i + stride * (rows - 1) + 1:stride,
                          j:j + stride * (columns - 1) + 1:stride] @ kernel[i, j]
    return out + bias


def rectify(x, slope: float):
    return np.where(x > 0, x, slope * x)


def squash(x):
    return 1 / (1 + np.exp(-x))


def spread(x):
    """Four channels become a square of four pixels."""
    h, w, c = x.shape
    return x.reshape(h, w, 2, 2, c // 4).transpose(0, 2, 1, 3, 4).reshape(2 * h, 2 * w, c // 4)


def upscale(x, weights: dict, name: str):
    return spread(rectify(convolve(x, weights, name + "/conv1"), 0.1))


def add_residual(x, weights: dict, name: str):
    inner = rectify(convolve(x, weights, name + "/conv1"), 0.2)
    return rectify(x + convolve(inner, weights, name + "/conv2"), 0.2)


def encode(x, weights: dict):
    """(R, R, 1) -> normalised flat code (`u`)."""
    is_deep = "res1/conv1/weight:0" in weights
    names = (["down1", "res1", "down2", "down3", "down4", "down5", "res5"] if is_deep
             else ["down1/downs_%d" % number for number in range(4)])
    for name in names:
        if name.startswith("res"):
            x = add_residual(x, weights, name)
        else:
            x = rectify(convolve(x, weights, name + "/conv1", stride=2), 0.1)
    flat = x.transpose(2, 0, 1).ravel()
    return flat / np.sqrt(np.mean(flat ** 2) + 1e-6)


def apply_inter(code, weights: dict, side: int):
    for name in ("dense1", "dense2"):
        code = code @ weights[name + "/weight:0"] + weights[name + "/bias:0"]
    x = code.reshape(-1, side, side).transpose(1, 2, 0)
    return upscale(x, weights, "upscale1") if "upscale1/conv1/weight:0" in weights else x


def decode(z, weights: dict):
    """(face (R, R, 1), mask (R, R)) of a network with the letter `d`."""
    x, number = z, 0
    while "upscale%d/conv1/weight:0" % number in weights:
        x = add_residual(upscale(x, weights, "upscale%d" % number), weights, "res%d" % number)
        number += 1
    heads = [convolve(x, weights, name) for name in ("out_conv", "out_conv1", "out_conv2",
                                                     "out_conv3")]
    m, number = z, 0
    while "upscalem%d/conv1/weight:0" % number in weights:
        m = upscale(m, weights, "upscalem%d" % number)
        number += 1
    return (squash(spread(np.concatenate(heads, -1))),
            squash(convolve(m, weights, "out_convm"))[..., 0])


def make_predictor(files: dict):
    """face (R, R[, 1]) float32 -> (face (R, R, 1), mask of the swapped face, mask of its own)."""
    def predict(face):
        x = np.asarray(face, np.float64).reshape(face.shape[0], face.shape[1], 1)
        code, side = encode(x, files["encoder"]), face.shape[0] // 32
        if "inter" in files:
            z = apply_inter(code, files["inter"], side)
            swapped, own = decode(z, files["decoder_src"]), decode(z, files["decoder_dst"])
        else:
            both, second = [apply_inter(code, files[name], side)
                            for name in ("inter_AB", "inter_B")]
            swapped = decode(np.concatenate([both, both], -1), files["decoder"])
            own = decode(np.concatenate([second, both], -1), files["decoder"])
        return tuple(x.astype(np.float32) for x in (*swapped, own[1]))
    return predict

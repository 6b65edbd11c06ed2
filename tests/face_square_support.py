"""A detector whose "face" is a bright square of 96 pixels on black, in the weights of S3FD's file.

Channel 0 carries the brightness through the whole network. The third map's cells lie 16 pixels
apart in the halved picture; one says "face" if it and its eight neighbours are bright, and its box
is shrunk from the prior's 64 pixels to 48.
"""
import numpy as np
from facelib_network_support import load_table

from core import persist

SQUARE = 96     # pixels of the source picture; its place is a multiple of 32
NEVER = 20.0    # logit of "no face"


def make_square_weights():
    weights = {key: np.zeros(shape, np.float32) for key, shape in load_table("S3FD")}
    for key, value in weights.items():
        name = key.split("/")[0]
        if name.endswith("_norm"):
            value[...] = 1
        elif name.endswith("_conf") and key.endswith("bias:0"):
            value[0] = NEVER
        elif name.startswith("conv") and "norm" not in name and key.endswith("weight:0"):
            value[value.shape[0] // 2, value.shape[1] // 2, 0, 0] = 1
    weights["conv5_3_norm_mbox_conf/weight:0"][:, :, 0, 1] = 1
    # Where three of the nine are missing, -6 would make it an even chance.
    weights["conv5_3_norm_mbox_conf/bias:0"][:] = (0, -6.5)
    weights["conv5_3_norm_mbox_loc/bias:0"][2:] = np.log(0.75) / 0.2
    return weights


def write_square_weights(path, dtype=np.float32):
    persist.write_bytes(path, persist.dumps(
        {key: value.astype(dtype) for key, value in make_square_weights().items()}))


def draw_square(width, height, left, top):
    """(h,w,3) uint8 with a bright square whose corner is at multiples of 32."""
    image = np.zeros((height, width, 3), np.uint8)
    image[top:top + SQUARE, left:left + SQUARE] = 255
    return image

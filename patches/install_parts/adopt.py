"""What a tree of ours takes along from the original: weights, and community models where they are
asked for (spec 70 section 10)."""
import os
from typing import Iterable, List

from .hashing import is_byte_code, list_files

# Files of the networks, and how many numbers each holds (spec 40 section 8).
WEIGHTS = {"facelib/S3FD.npy": 22459110, "facelib/2DFAN.npy": 23874320,
           "facelib/3DFAN.npy": 23874320, "facelib/FaceEnhancer.npy": 33111401}
SMALLEST_NUMBER = 2     # bytes: half precision


def list_weights(original: str) -> List[str]:
    """Relative paths of the weights that the tree `original` has."""
    return [path for path in WEIGHTS
            if os.path.isfile(os.path.join(original, *path.split("/")))]


def list_complaints(original: str) -> List[str]:
    """A sentence for each weight file that is too small to hold its network: a download that
    stopped, or the stand-in that a clone without large files has."""
    return ["{} of the original tree is not whole ({} bytes); what needs it will refuse it.".format(
        path, os.path.getsize(os.path.join(original, *path.split("/"))))
        for path in list_weights(original)
        if os.path.getsize(os.path.join(original, *path.split("/")))
        < SMALLEST_NUMBER * WEIGHTS[path]]


def list_plugins(original: str, known: Iterable[str]) -> List[str]:
    """Names of models/Model_* of the tree `original` that are not among the `known` ones."""
    models = os.path.join(original, "models")
    return sorted(name for name in (os.listdir(models) if os.path.isdir(models) else [])
                  if name.startswith("Model_") and name not in set(known))


def list_files_of(original: str, plugins: Iterable[str]) -> List[str]:
    """Relative paths of the files of these models, without what Python made of them."""
    return ["models/{}/{}".format(name, path) for name in plugins
            for path in list_files(os.path.join(original, "models", name))
            if not is_byte_code(path)]

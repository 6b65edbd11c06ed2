"""What the look over a pickle before it is read adds to its load, as a ratio of one run.

    python3 tests/bench/bench_pickle_scan.py [--weights-mb 650] [--iterations 1000000]

CPU seconds, best of three: a weights file, the data.dat of a long training, the metadata of a face.
"""
import argparse
import io
import os
import pickle
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tree_setup  # noqa: E402,F401  first: it makes the tree importable

import numpy as np  # noqa: E402

from core import persist, pickle_scan  # noqa: E402


def measure(function, times):
    """CPU seconds of the fastest of three rounds of so many calls."""
    rounds = []
    for _ in range(3):
        start = time.process_time()
        for _ in range(times):
            function()
        rounds.append((time.process_time() - start) / times)
    return min(rounds)


def report(name, open_file, times=1):
    def scan():
        with open_file() as file:
            pickle_scan.scan_pickle(file)

    def load():
        with open_file() as file:
            persist.load_file(file)
    scanned, loaded = measure(scan, times), measure(load, times)
    print("%-40s scan %9.5f s  load %9.5f s  with / without the scan %.3f" % (
        name, scanned, loaded, loaded / (loaded - scanned)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights-mb", type=int, default=650)
    parser.add_argument("--iterations", type=int, default=1000000)
    arguments = parser.parse_args()
    chance = np.random.RandomState(0)

    path = Path(tempfile.mkdtemp()) / "weights.npy"
    weights = {"block_%d/conv/weight:0" % i: chance.rand(1 << 18).astype(np.float32)
               for i in range(arguments.weights_mb)}
    with open(str(path), "wb") as file:
        persist.dump(weights, file)
    del weights
    report("weights of %d MB" % (os.path.getsize(str(path)) >> 20), lambda: open(str(path), "rb"))
    path.unlink()
    path.parent.rmdir()

    data = {"iter": 1, "options": {}, "loss_history": chance.rand(arguments.iterations, 2).tolist()}
    for protocol in (3, 4):
        pickled = pickle.dumps(data, protocol)
        report("data.dat, %d iterations, protocol %d" % (arguments.iterations, protocol),
               lambda pickled=pickled: io.BytesIO(pickled))
    face = persist.dumps({"landmarks": chance.rand(68, 2).tolist(), "face_type": "whole_face",
                          "source_landmarks": chance.rand(68, 2).tolist(),
                          "image_to_face_mat": np.eye(3)[:2], "source_rect": np.arange(4)}, 3)
    report("metadata of a face", lambda: io.BytesIO(face), 300)


if __name__ == "__main__":
    main()

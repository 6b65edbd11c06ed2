"""Whether the whole Quick96, XSeg or AMP learns: 60 steps on the demo's faces.

usage: bench_learning.py {Quick96,XSeg,AMP} [--steps 60] [--batch 4]

The model as its users get it, real sample workers. Prints the mean of the last ten losses as a
share of the first; exit code 1 above 0.7.
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tree_setup import TREE  # noqa: F401  paths and environment, before TensorFlow

import gated_support
import numpy as np
import pytest
import xseg_support
from faceset_support import Facesets

FACES = 8               # of each character
LIMIT = 0.7


def write_options(name: str, folder: Path) -> None:
    """AMP's questions have defaults that no processor trains; the others have few."""
    if name == 'AMP':
        import amp_support
        amp_support.write_defaults(folder, batch_size=int(os.environ['DFL_BATCH_SIZE']))


def train(name: str, root: Path, steps: int, monkeypatch) -> np.ndarray:
    """Losses of `steps` steps, (steps, 1 or 2)."""
    facesets = Facesets(*[xseg_support.write_labelled_faces(root / side, side, 0, FACES)
                          for side in Facesets._fields])
    (root / 'model').mkdir()
    write_options(name, root / 'model')
    model = gated_support.make_learning_model(name, facesets, root / 'model', monkeypatch)
    try:
        for _ in range(steps):
            model.train_one_iter()
        return np.array(model.get_loss_history())
    finally:
        model.finalize()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('model', choices=['Quick96', 'XSeg', 'AMP'])
    parser.add_argument('--steps', type=int, default=60)
    parser.add_argument('--batch', type=int, default=4)
    arguments = parser.parse_args()
    os.environ['DFL_BATCH_SIZE'] = str(arguments.batch)
    monkeypatch = pytest.MonkeyPatch()
    with tempfile.TemporaryDirectory() as root:
        try:
            losses = train(arguments.model, Path(root), arguments.steps, monkeypatch)
        finally:
            monkeypatch.undo()
    fall = gated_support.measure_fall(losses)
    print('%s, %d steps of batch %d: the last ten losses are %s of the first; limit %.2f' % (
        arguments.model, len(losses), arguments.batch,
        ' and '.join('%.2f' % x for x in np.atleast_1d(fall)), LIMIT))
    return 0 if (fall <= LIMIT).all() else 1


if __name__ == '__main__':
    sys.exit(main())

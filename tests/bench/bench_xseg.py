"""How well XSeg learns rendered faces: the whole network on labelled faces of both characters.

usage: bench_xseg.py [--minutes 10] [--faces 30] [--batch 4] [--goal 0.90]

Half of the faces are of each character, with the outline of the visible face as polygon. Held-out
faces come from other moments of the same scenes. Prints the loss and, at the end, the mean IoU of
masks cut at 0.5 with the polygons; exit code 1 below the goal.
"""
import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tree_setup import TREE  # noqa: F401  paths and environment, before TensorFlow

import numpy as np

from xseg_support import load_labelled_faces, predict_masks, write_labelled_faces

HELD_OUT = 10           # faces of each character that are not trained on
STRIDE = 7              # moments of a scene between two faces
REPORT_SEC = 60
EARLY = 60              # steps after which the fall of the loss is told too


def write_facesets(root: Path, count: int) -> None:
    """root/src and root/dst to train on, root/unseen_src and root/unseen_dst to measure on."""
    for character in ('src', 'dst'):
        trained = range(0, count * STRIDE, STRIDE)
        unseen = range(STRIDE // 2, HELD_OUT * STRIDE * 2, STRIDE * 2)
        for folder, moments in ((character, trained), ('unseen_' + character, unseen)):
            for moment in moments:
                write_labelled_faces(root / folder, character, moment, 1)


def measure_iou(model, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """IoU of every face, (n,)."""
    found = predict_masks(model, images) > 0.5
    both, either = (found & masks).sum(axis=(1, 2)), (found | masks).sum(axis=(1, 2))
    return both / np.maximum(1.0, either)


def create_model(root: Path, batch_size: int):
    import models
    from core import options
    from core.leras import nn
    options.configure_sources(options.OptionSources(flags={}, answers=dict(
        face_type='wf', batch_size=batch_size, pretrain=False, lean_updates=False)))
    nn.setCurrentDeviceConfig(nn.DeviceConfig.CPU())
    (root / 'model').mkdir()
    return models.import_model('XSeg')(
        is_training=True, saved_models_path=root / 'model', training_data_src_path=root / 'src',
        training_data_dst_path=root / 'dst', no_preview=True, cpu_only=True)


def train(model, seconds: float) -> None:
    begun = told = time.time()
    while time.time() - begun < seconds:
        iteration, _ = model.train_one_iter()
        if time.time() - told > REPORT_SEC:
            told = time.time()
            print('%4.0f s  iteration %d  loss %.4f' % (
                told - begun, iteration, np.mean(model.get_loss_history()[-10:])), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--minutes', type=float, default=10)
    parser.add_argument('--faces', type=int, default=30)
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument('--goal', type=float, default=0.90)
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp())
    try:
        write_facesets(root, arguments.faces // 2)
        model = create_model(root, arguments.batch)
        try:
            train(model, arguments.minutes * 60)
            unseen = [load_labelled_faces(root / ('unseen_' + x)) for x in ('src', 'dst')]
            scores = np.concatenate([measure_iou(model, *faces) for faces in unseen])
            losses = np.array(model.get_loss_history())
        finally:
            model.finalize()
    finally:
        shutil.rmtree(str(root))
    print('%d iterations of batch %d; loss %.4f at first, %.4f at last (mean of 10)' % (
        len(losses), arguments.batch, losses[0, 0], losses[-10:].mean()))
    if len(losses) >= EARLY:
        print('mean loss of steps %d to %d: %.2f of the first' % (
            EARLY - 9, EARLY, losses[EARLY - 10:EARLY].mean() / losses[0, 0]))
    print('mean IoU of %d unseen faces %.4f, lowest %.4f; goal %.2f' % (
        len(scores), scores.mean(), scores.min(), arguments.goal))
    return 0 if scores.mean() >= arguments.goal else 1


if __name__ == '__main__':
    sys.exit(main())

"""Does a model train as well in half precision as in float32? Called by `bench_precision.py
--parity`.

One process draws batches of the demo's faces through the real sample workers into a file; then
each run trains on exactly these, in a process of its own: float32 from three seeds, and each half
precision from the first seed. A run's figure is the mean of each loss over its last steps.
"""
import json
import os
import sys
import tempfile
from pathlib import Path

from bench_train import DEFAULT_TREE, OPTIONS, PATCHES
from measured_child import run_child

HERE = Path(__file__).resolve()

MODEL = dict(OPTIONS, resolution=64, ae_dims=32, e_dims=16, d_dims=16, d_mask_dims=16,
             batch_size=4)
FACES = (60, 40)        # rendered frames of each character
BATCHES = 200           # drawn once; runs walk over them in a circle
LAST_SHARE = 0.2        # of the steps: whose losses count
PREVIEW_ROWS = 4
ALLOWED = 0.02          # relative difference; the spread of float32 seeds, if that is larger
SEEDS = (1, 2, 3)
BASE = 'float32'


def compare(steps, precisions, picture):
    """Train every run, print the comparison. Returns {'losses': ..., 'differences': ...,
    'allowed': ..., 'is_close': bool}; `picture`: path of the previews side by side, or None."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        print('parity: %d batches of the demo\'s faces' % BATCHES, flush=True)
        run_task(task='feed', folder=str(folder))
        runs = [(BASE, seed) for seed in SEEDS] + [(name, SEEDS[0]) for name in precisions]
        losses = {}
        for name, seed in runs:
            result = run_task(task='train', folder=str(folder), precision=name, seed=seed,
                              steps=steps)
            losses[(name, seed)] = result['losses']
            print('%-8s seed %d: src %.4f dst %.4f, %.0f s' % (
                (name, seed) + tuple(result['losses']) + (result['seconds'],)), flush=True)
        if picture:
            join_previews(folder, [BASE] + list(precisions), picture)
    return judge(losses, precisions)


def judge(losses, precisions):
    """Relative differences to float32 of the same seed against what is allowed."""
    base = losses[(BASE, SEEDS[0])]
    seeds = [losses[(BASE, seed)] for seed in SEEDS]
    spread = max((max(x) - min(x)) / b for x, b in zip(zip(*seeds), base))
    allowed = max(ALLOWED, spread)
    differences = {name: max(abs(x - b) / b for x, b in zip(losses[(name, SEEDS[0])], base))
                   for name in precisions}
    print('spread of the float32 seeds %.2f %%, allowed %.2f %%' % (100 * spread, 100 * allowed))
    for name, difference in differences.items():
        print('%-8s differs by %.2f %%: %s' % (
            name, 100 * difference, 'close' if difference <= allowed else 'NOT close'))
    return {'losses': {'%s/%d' % key: value for key, value in losses.items()},
            'differences': differences, 'allowed': allowed,
            'is_close': all(x <= allowed for x in differences.values())}


def join_previews(folder, names, picture):
    """The runs' previews beside each other, each under its name."""
    import cv2
    import numpy as np
    columns = []
    for name in names:
        preview = cv2.imread(str(folder / (name + '.png')))
        head = np.full((20, preview.shape[1], 3), 255, np.uint8)
        cv2.putText(head, name, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
        columns.append(np.concatenate([head, preview]))
    cv2.imwrite(str(picture), np.concatenate(columns, axis=1))


# -- in the child

def run_task(**job):
    """Run one task in a fresh process; what it found."""
    return run_child(HERE, [json.dumps(job)], dict(
        TF_ENABLE_ONEDNN_OPTS='1', TF_DETERMINISTIC_OPS='1', TF_NUM_INTRAOP_THREADS='2',
        PYTHONPATH=os.pathsep.join([str(DEFAULT_TREE), str(PATCHES)]),
        DFL_RANDOM_SEED=job.get('seed', 1)))


def draw_feed(folder):
    """Write feed.npz: warped, target, mask and eyes-mouth mask of both sides, BATCHES of them."""
    import numpy as np
    from demo.workspace import render_workspace
    render_workspace(folder / 'workspace', *FACES)
    data = folder / 'workspace'
    model = make_model(folder, 'feed', data / 'data_src' / 'aligned',
                       data / 'data_dst' / 'aligned')
    drawn = [[array for side in model.generate_next_samples() for array in side]
             for _ in range(BATCHES)]
    model.finalize()
    np.savez(str(folder / 'feed.npz'),
             **{str(i): np.stack(arrays) for i, arrays in enumerate(zip(*drawn))})


def train(folder, precision, seed, steps):
    """Mean losses (src, dst) of the last steps; writes the preview."""
    import time

    import cv2
    import dfl_patches
    import numpy as np
    from core.leras import nn
    nn.initialize(nn.DeviceConfig.CPU())
    dfl_patches.apply_selected(nn, ['deterministic'] + [precision] * (precision != BASE))
    module = import_model_module()
    with np.load(str(folder / 'feed.npz')) as arrays:
        feed = [arrays[str(i)] for i in range(8)]
    module.SampleGeneratorFace = make_feed_class(feed)
    empty = folder / 'empty'
    empty.mkdir(exist_ok=True)
    model = make_model(folder, '%s-%d' % (precision, seed), empty, empty)
    begun = time.time()
    for _ in range(steps):
        model.train_one_iter()
    seconds = time.time() - begun
    if seed == SEEDS[0]:
        samples = tuple([array[:PREVIEW_ROWS] for array in side]
                        for side in (feed_batch(feed, 0, 0), feed_batch(feed, 0, 4)))
        _, preview = model.onGetPreview(samples)[0][:2]
        cv2.imwrite(str(folder / (precision + '.png')),
                    np.clip(preview * 255, 0, 255).astype(np.uint8))
    last = model.get_loss_history()[-max(1, int(steps * LAST_SHARE)):]
    model.finalize()
    return dict(losses=[float(x) for x in np.mean(last, axis=0)], seconds=seconds)


def feed_batch(feed, number, first):
    """The four arrays of a side's batch `number`; first: 0 for src, 4 for dst."""
    return [array[number % len(array)] for array in feed[first:first + 4]]


def make_feed_class(feed):
    """A sample generator that walks over the drawn batches; the first made is the source's."""
    from samplelib import SampleGeneratorBase

    class FeedGenerator(SampleGeneratorBase):
        made = []

        def __init__(self, *args, **kwargs):
            SampleGeneratorBase.__init__(self, batch_size=kwargs['batch_size'])
            self.first = 4 * (len(self.made) % 2)
            self.made.append(self)
            self.drawn = -1
            self.initialized = True

        def is_initialized(self):
            return True

        def __iter__(self):
            return self

        def __next__(self):
            self.drawn += 1
            return feed_batch(feed, self.drawn, self.first)
    return FeedGenerator


def import_model_module():
    import importlib
    return importlib.import_module('models.Model_SAEHD.Model')


def make_model(folder, name, src, dst):
    """A new model with default answers."""
    from core import persist
    from core.interact import interact as io
    from core.leras import nn
    for question in ('input_int', 'input_number', 'input_bool', 'input_str'):
        setattr(io, question, lambda text, default_value=None, *a, **k: default_value)
    io.input_in_time = lambda *a, **k: False
    io.input_skip_pending = lambda *a, **k: None
    root = folder / name
    root.mkdir()
    (root / 'SAEHD_default_options.dat').write_bytes(persist.dumps(MODEL))
    nn.setCurrentDeviceConfig(nn.DeviceConfig.CPU())
    return import_model_module().Model(
        is_training=True, saved_models_path=root, training_data_src_path=Path(src),
        training_data_dst_path=Path(dst), no_preview=True, force_model_name='bench', cpu_only=True)


def main():
    job = json.loads(sys.argv[1])
    folder = Path(job['folder'])
    if job['task'] == 'feed':
        draw_feed(folder)
        result = {}
    else:
        result = train(folder, job['precision'], job['seed'], job['steps'])
    print('\n' + json.dumps(result))


if __name__ == '__main__':      # sample workers are spawned
    main()

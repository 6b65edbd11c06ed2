"""Trains one tiny SAEHD with and without half precision; started by test_patches_half_precision.py
in a process of its own, because oneDNN is chosen when TensorFlow is imported.

    half_precision_child.py FOLDER STEPS

Last line: {patch: {"losses": [[src, dst], ...], "files": {file: {key: [shape, dtype]}}}}
"""
import json
import sys
from pathlib import Path

import tree_setup  # noqa: F401  first: before anything imports TensorFlow
import dfl_patches
import saehd_support as support
from core import persist
from core.interact import interact as io
from core.leras import nn


def train(folder, patch, steps):
    """The losses and what the saved weights files hold."""
    support.start_engine()
    dfl_patches.apply_selected(nn, [] if patch == 'none' else [patch])
    module = support.get_model_module()
    options = support.make_options(clipgrad=True)
    module.SampleGeneratorFace = support.make_generator_class(options['resolution'])
    model = module.Model(is_training=True, **support.write_model_folder(folder, options))
    support.set_weights(model)
    for _ in range(steps):
        model.train_one_iter()
    model.save()
    losses = [[float(x) for x in step] for step in model.get_loss_history()]
    files = {path.name: {key: [list(value.shape), str(value.dtype)]
                         for key, value in persist.load(path).items()}
             for path in sorted(folder.glob('p_SAEHD_*.npy'))}
    return dict(losses=losses, files=files)


def main():
    folder, steps = Path(sys.argv[1]), int(sys.argv[2])
    for question in ('input_int', 'input_number', 'input_bool', 'input_str'):
        setattr(io, question, lambda text, default_value=None, *a, **k: default_value)
    io.input_in_time = lambda *a, **k: False
    io.input_skip_pending = lambda *a, **k: None
    results = {patch: train(folder / patch, patch, steps) for patch in ('none', 'bf16', 'fp16')}
    print('\n' + json.dumps(results))


if __name__ == '__main__':
    main()

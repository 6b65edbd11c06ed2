"""Tests of the model base drive `plugins/Model_Tiny`, a plug-in with one real network, on the
CPU."""
from pathlib import Path

import models
from core.interact import interact as io
from core.leras import nn

PLUGINS = Path(__file__).resolve().parent / 'plugins'


def add_plugins():
    """Let `models.import_model('Tiny')` find the plug-in, as if its folder lay in models/."""
    if str(PLUGINS) not in models.__path__:
        models.__path__.append(str(PLUGINS))


def answer_with_defaults(monkeypatch):
    """Every question takes its default; nobody presses Enter in time. Returns the questions
    asked."""
    asked = []

    def answer(text, default_value=None, *args, **kwargs):
        asked.append((text, default_value))
        return default_value
    for name in ('input_int', 'input_number', 'input_bool', 'input_str'):
        monkeypatch.setattr(io, name, answer)
    monkeypatch.setattr(io, 'input_in_time', lambda *args, **kwargs: False)
    monkeypatch.setattr(io, 'input_skip_pending', lambda: None)
    return asked


def make_folders(root):
    folders = {name: Path(root) / name for name in ('model', 'src', 'dst')}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    return folders


def make_model(root, model_class=None, **keywords):
    """A Tiny model in `root`/model, in a fresh graph."""
    add_plugins()
    folders = make_folders(root)
    arguments = dict(is_training=True, saved_models_path=folders['model'],
                     training_data_src_path=folders['src'], training_data_dst_path=folders['dst'],
                     no_preview=True, force_model_name='t', cpu_only=True)
    arguments.update(keywords)
    nn.initialize(nn.DeviceConfig.CPU())
    nn.reset_session()
    nn.tf.set_random_seed(1)    # TF_DETERMINISTIC_OPS asks for one
    return (model_class or models.import_model('Tiny'))(**arguments)


def train(model, count):
    for _ in range(count):
        model.train_one_iter()

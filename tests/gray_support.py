"""Shared by the tests of the gray tree: its models on the CPU, weights and pictures by formula."""
import gzip
import json
import sys

import numpy as np
import saehd_support as support
from tree_setup import REPOSITORY

from core import gray_tree, persist

GRAY_TREE = REPOSITORY / "DeepFaceLab_SAEHDBW"
GOLDEN = REPOSITORY / "tests" / "golden"
ARCHIS = ('df-ud', 'df-udt', 'liae-ud', 'liae-udt')


def load_tables() -> dict:
    """{archi: weight table}"""
    with gzip.open(str(GOLDEN / "leras" / "gray_weights.json.gz"), "rt", encoding="utf-8") as file:
        return json.load(file)


def load_json(name: str) -> dict:
    return json.loads((GOLDEN / "gray" / name).read_text(encoding="utf-8"))


def get_model_module(name: str = 'SAEHDBW'):
    """The module Model.py of a gray model; as an attribute of its package the class hides it."""
    import models
    gray_tree.add_tree(GRAY_TREE)
    return sys.modules[models.import_model(name).__module__]


def make_model(folder, monkeypatch, name: str = 'SAEHDBW', resolution: int = 64, **arguments):
    """A model on fixed gray batches; options come from the folder's data.dat."""
    module = get_model_module(name)
    support.start_engine()
    monkeypatch.setenv('dfl_model_parameters_string', '')    # the model sets it
    support.quiet_prompts(monkeypatch)
    monkeypatch.setattr(module, 'SampleGeneratorFace',
                        support.make_generator_class(resolution, 1))
    keywords = dict(support.list_arguments(folder), is_training=True)
    keywords.update(arguments)
    return module.Model(**keywords)


def start_model(folder, monkeypatch, name: str = 'SAEHDBW', **changes):
    """A new SAEHDBW with given options, which come in as default options."""
    options = support.make_options(**changes)
    (folder / (name + '_default_options.dat')).write_bytes(persist.dumps(options))
    return make_model(folder, monkeypatch, name, options['resolution'])


def make_weight(number: int, shape) -> np.ndarray:
    """The `number`-th weight of a model, float32, as the forward vectors have it."""
    index = np.arange(int(np.prod(shape)), dtype=np.uint64)
    h = (index * 2654435761 + number * 40503 + 1) & 0xffffffff
    h ^= h >> np.uint64(15)
    h = (h * 2246822519) & 0xffffffff
    h ^= h >> np.uint64(13)
    u = h / 2.0 ** 32 - 0.5
    scale = 0.1 if len(shape) == 1 else np.sqrt(24 / np.prod(shape[:-1]))
    return (u * scale).reshape(shape).astype(np.float32)


def make_batch() -> list:
    """Arguments of the training functions: one sample a side, NHWC, as the forward vectors."""
    y, x = np.mgrid[0:64, 0:64].astype(np.float64)
    src = 0.5 + 0.4 * np.sin(0.11 * x + 0.07 * y + 0.3)
    dst = 0.5 + 0.4 * np.sin(0.05 * x + 0.13 * y + 1.1)
    mask = ((x - 31.5) / 24) ** 2 + ((y - 31.5) / 28) ** 2 < 1
    eyes_mouth = (abs(y - 24) < 4) & (abs(x - 31.5) < 14)
    src, dst, mask, eyes_mouth = [
        picture[None, ..., None].astype(np.float32) for picture in (src, dst, mask, eyes_mouth)]
    return [src, src, mask, eyes_mouth, dst, dst, mask, eyes_mouth]


def write_model(folder, **options) -> None:
    """A trained SAEHDBW `p` whose weights are those of the formula, as another program saves it:
    files only."""
    import pickle
    options = support.make_options(**options)
    support.write_model_folder(folder, options, class_name='SAEHDBW')
    numbers = iter(range(1000))
    for table in load_tables()[options['archi']]['models']:
        if table['scope'] in ('D_src', 'dis', 'src_dst_opt'):
            continue
        arrays = {row[0]: make_weight(next(numbers), row[1]) for row in table['weights']}
        (folder / ('p_SAEHDBW_%s.npy' % table['scope'])).write_bytes(pickle.dumps(arrays, 4))

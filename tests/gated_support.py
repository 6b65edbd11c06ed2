"""Models whose optimizers cannot clip, made repeatable: every gradient before the first update,
batches, weights and learning-rate dropout as in the reference vectors of Quick96 and XSeg."""
import functools
import importlib
import sys

import numpy as np
import saehd_support as support
from core.leras import nn

from saehd_support import draw_blob, draw_eyes_mouth, make_weight, random_state

GENERATORS = ('SampleGeneratorFace', 'SampleGeneratorFaceXSeg')


def get_model_module(name: str):
    """The module models/Model_<name>/Model.py; its package shows the class under that name."""
    importlib.import_module('models.Model_' + name)
    return sys.modules['models.Model_%s.Model' % name]


def gate_updates(monkeypatch, lr_dropout=None) -> None:
    """The reference's update races with the back-propagation that still reads the weights (spec 10
    section 14.2). lr_dropout replaces that of the model: 1.0 is none."""
    support.start_engine()
    for optimizer_class in (nn.RMSprop, nn.AdaBelief):
        gate_optimizer(optimizer_class, monkeypatch, lr_dropout)


def gate_optimizer(optimizer_class, monkeypatch, lr_dropout) -> None:
    make_update_op, construct = optimizer_class.get_update_op, optimizer_class.__init__

    def get_update_op(self, grads_vars):
        grads_vars = list(grads_vars)
        with nn.tf.control_dependencies([gradient for gradient, _ in grads_vars]):
            return make_update_op(self, [(nn.tf.identity(gradient), variable)
                                         for gradient, variable in grads_vars])

    def initialise(self, *args, **kwargs):
        if lr_dropout is not None:
            kwargs['lr_dropout'] = lr_dropout
        construct(self, *args, **kwargs)
    monkeypatch.setattr(optimizer_class, 'get_update_op', get_update_op)
    monkeypatch.setattr(optimizer_class, '__init__', initialise)


def make_batch(name: str, samples: int, side: int) -> dict:
    """warped, target (n, side, side, 3) and mask, eyes_mouth (n, side, side, 1), float32 NHWC; the
    arrays of the reference's vectors."""
    state, batch = random_state(name), dict(warped=[], target=[], mask=[], eyes_mouth=[])
    for _ in range(samples):
        image = np.stack([
            sum(state.uniform(.2, .8) * draw_blob(side, state.uniform(.2, .8),
                                                  state.uniform(.2, .8), state.uniform(.05, .3))
                for _ in range(6)) for _ in range(3)], -1)
        image = np.clip(image, 0, 1).astype(np.float32)
        batch['target'].append(image)
        warped = np.roll(image, state.randint(-3, 4), 0) + state.normal(0, .02, image.shape)
        batch['warped'].append(np.clip(warped, 0, 1).astype(np.float32))
        radius = .25 + state.uniform(-.03, .03)
        batch['mask'].append((draw_blob(side, .5, .5, radius) > .4).astype(np.float32)[..., None])
        batch['eyes_mouth'].append(draw_eyes_mouth(side))
    return {key: np.stack(arrays) for key, arrays in batch.items()}


def make_generator_class():
    """A sample generator that walks over three fixed batches of what it is asked for, and keeps
    what it was created with."""
    from samplelib import SampleGeneratorBase

    class FixedGenerator(SampleGeneratorBase):
        created = []

        def __init__(self, *args, **kwargs):
            SampleGeneratorBase.__init__(self, kwargs['debug'], kwargs['batch_size'])
            self.tag, self.drawn = 'g%d_' % len(self.created), 0
            self.args, self.kwargs = args, kwargs
            # XSeg's generator is told the resolution only: pictures and masks
            self.types = kwargs.get('output_sample_types') or [
                dict(kwargs), dict(kwargs, face_mask_type='mask')]
            self.created.append(self)

        def __next__(self):
            self.drawn += 1
            return [self.make_output(wanted) for wanted in self.types]

        def make_output(self, wanted):
            batch = make_batch(self.tag + str(self.drawn % 3), self.batch_size,
                               wanted['resolution'])
            mask_type = wanted.get('face_mask_type')
            if mask_type:
                is_em = getattr(mask_type, 'name', '') == 'EYES_MOUTH'
                output = batch['eyes_mouth' if is_em else 'mask']
            else:
                output = batch['warped' if wanted.get('warp') else 'target']
                if getattr(wanted.get('channel_type'), 'name', '') == 'G':
                    output = output[..., 1:2]
            if wanted['data_format'] == 'NCHW':
                output = np.transpose(output, (0, 3, 1, 2))
            return np.ascontiguousarray(output)
    return FixedGenerator


def make_start_value(weight):
    """By the name of the variable; states of optimizers are zero."""
    shape = weight.shape.as_list()
    if weight.dtype.base_dtype.is_integer or any(
            slot in weight.name for slot in ('/acc_', '/ms_', '/vs_')):
        return np.zeros(shape)
    value = make_weight(weight.name, shape)
    if len(shape) < 2 and weight.name.endswith('/weight:0'):
        value = value + np.float32(1.0)
    return value


def set_weights(model) -> None:
    for part, _ in model.get_model_filename_list():
        nn.batch_set_value([(weight, make_start_value(weight)) for weight in part.get_weights()])


def make_model(name: str, folder, monkeypatch, **kwargs):
    """A model on fixed batches in an empty graph; prompts answer with their defaults."""
    module = get_model_module(name)
    support.start_engine()
    support.quiet_prompts(monkeypatch)
    generator_class = make_generator_class()
    for generator in GENERATORS:
        if hasattr(module, generator):
            monkeypatch.setattr(module, generator, generator_class)
    arguments = dict(support.list_arguments(folder), is_training=True)
    arguments.update(kwargs)
    return module.Model(**arguments)


def make_learning_model(name: str, facesets, folder, monkeypatch):
    """A model on real faces through the real sample workers, one for each generator."""
    module = get_model_module(name)
    support.start_engine()
    support.quiet_prompts(monkeypatch)
    for generator in GENERATORS:
        if hasattr(module, generator):
            monkeypatch.setattr(module, generator, functools.partial(
                create_with_one_worker, getattr(module, generator)))
    return module.Model(is_training=True, **dict(
        support.list_arguments(folder), training_data_src_path=facesets.src,
        training_data_dst_path=facesets.dst))


def create_with_one_worker(generator_class, *args, **kwargs):
    return generator_class(*args, **dict(kwargs, generators_count=1))


def reset_generators(model) -> None:
    for generator in model.get_training_data_generators():
        generator.drawn = 0


def read_golden(folder):
    """{name: array} of the reference's steps for this TensorFlow; None if there are none."""
    name = {'2.6.': 'steps_tf26.npz', '2.21': 'steps_tf221.npz'}.get(nn.tf.version.VERSION[:4])
    if name is None:
        return None
    with np.load(str(folder / name)) as arrays:
        return {key: arrays[key] for key in arrays.files}


def describe_file(content: dict) -> list:
    """Rows of a weights file: key, shape, type."""
    return ['%s %s %s' % (key, list(value.shape), value.dtype) for key, value in content.items()]


def count_statistics(content: dict) -> np.ndarray:
    """(mean, deviation) of every array of a weights file."""
    return np.array([[float(np.mean(x)), float(np.std(x))] for x in content.values()])


# Drawing pictures of 256 pixels takes longer than a small network's step.
make_batch = functools.lru_cache(maxsize=64)(make_batch)


def measure_fall(losses: np.ndarray, last: int = 10) -> np.ndarray:
    """Mean of the last losses as a share of the first."""
    return losses[-last:].mean(axis=0) / losses[0]

"""Shared by the SAEHD tests: an engine on the CPU, prompts that answer with their default, fixed
batches in place of sample generators, models from hand-made folders."""
import pickle
import sys
import zlib

import numpy as np

import models
from core.interact import interact as io
from core.leras import nn

OPTIONS = dict(
    resolution=64, face_type='wf', models_opt_on_gpu=False, archi='df-ud', ae_dims=32, e_dims=16,
    d_dims=16, d_mask_dims=16, masked_training=True, eyes_mouth_prio=False, uniform_yaw=False,
    blur_out_mask=False, adabelief=True, lr_dropout='n', random_warp=True, random_hsv_power=0.0,
    true_face_power=0.0, face_style_power=0.0, bg_style_power=0.0, ct_mode='none',
    clipgrad=True, pretrain=False, autobackup_hour=0, write_preview_history=False,
    target_iter=0, random_src_flip=False, random_dst_flip=False, batch_size=2, gan_power=0.0,
    gan_patch_size=8, gan_dims=16)


def make_options(**changes) -> dict:
    return dict(OPTIONS, **changes)


def get_model_module():
    """The module models/Model_SAEHD/Model.py; as an attribute of its package the class hides it."""
    return sys.modules[models.import_model('SAEHD').__module__]


def start_engine() -> None:
    """nn on the CPU with an empty graph and a new session."""
    nn.initialize(nn.DeviceConfig.CPU())
    nn.setCurrentDeviceConfig(nn.DeviceConfig.CPU())
    nn.reset_session()
    nn.tf.set_random_seed(1)
    np.random.seed(0)


def quiet_prompts(monkeypatch) -> list:
    """Every prompt answers with its default; returns the list of (kind, default) as they come."""
    asked = []

    def answer_with_default(kind):
        def answer(label, default_value=None, *args, **kwargs):
            asked.append((kind, default_value))
            return default_value
        return answer
    for kind in ('int', 'number', 'bool', 'str'):
        monkeypatch.setattr(io, 'input_' + kind, answer_with_default(kind))
    monkeypatch.setattr(io, 'input_in_time', lambda *args, **kwargs: False)
    monkeypatch.setattr(io, 'input_skip_pending', lambda *args, **kwargs: None)
    return asked


def random_state(name: str):
    return np.random.RandomState(zlib.crc32(name.encode()) & 0x7fffffff)


def draw_blob(side: int, x: float, y: float, sigma: float):
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma * sigma))


def draw_eyes_mouth(side: int):
    """(side, side, 1) float32: 1 on both eyes and the mouth."""
    eyes_mouth = ((draw_blob(side, .35, .4, .05) > .5) | (draw_blob(side, .65, .4, .05) > .5)
                  | (draw_blob(side, .5, .7, .07) > .5))
    return eyes_mouth.astype(np.float32)[..., None]


def make_batch(name: str, samples: int, side: int, channels: int = 3) -> list:
    """[warped, target, mask, eyes-mouth mask], float32 NHWC: smooth images under a round mask.

    The same arrays as those of the reference step vectors."""
    state, batch = random_state(name), ([], [], [], [])
    for _ in range(samples):
        image = np.stack([
            sum(state.uniform(.2, .8) * draw_blob(side, state.uniform(.2, .8),
                                                  state.uniform(.2, .8), state.uniform(.05, .3))
                for _ in range(6)) for _ in range(channels)], -1)
        image = np.clip(image, 0, 1).astype(np.float32)
        warped = np.roll(image, state.randint(-3, 4), 0) + state.normal(0, .02, image.shape)
        batch[0].append(np.clip(warped, 0, 1).astype(np.float32))
        batch[1].append(image)
        batch[2].append((draw_blob(side, .5, .5, .25) > .4).astype(np.float32)[..., None])
        batch[3].append(draw_eyes_mouth(side))
    return [np.stack(x) for x in batch]


def make_weight(name: str, shape):
    values = random_state(name).standard_normal(shape)
    if len(shape) >= 2:
        values = values / np.sqrt(max(1, int(np.prod(shape[:-1]))))
    else:
        values = values * 0.05
    return values.astype(np.float32)


def make_generator_class(resolution: int, channels: int = 3):
    """A sample generator that walks over three fixed batches; keeps what it was created with."""
    from samplelib import SampleGeneratorBase

    class FixedGenerator(SampleGeneratorBase):
        created = []

        def __init__(self, *args, **kwargs):
            SampleGeneratorBase.__init__(
                self, debug=kwargs['debug'], batch_size=kwargs['batch_size'])
            self.tag = 'src' if len(self.created) % 2 == 0 else 'dst'
            self.drawn, self.args, self.kwargs = 0, args, kwargs
            self.initialized = True
            self.created.append(self)

        def is_initialized(self):
            return True

        def __iter__(self):
            return self

        def __next__(self):
            self.drawn += 1
            return make_batch('%s%d' % (self.tag, self.drawn % 3), self.batch_size,
                              resolution, channels)
    return FixedGenerator


def write_model_folder(folder, options: dict, iteration: int = 1, class_name: str = 'SAEHD'):
    """A folder with data.dat of a model `p` and empty facesets; returns constructor arguments."""
    folder.mkdir(parents=True, exist_ok=True)
    data = dict(iter=iteration, options=options, loss_history=[], sample_for_preview=None,
                choosed_gpu_indexes=None)
    (folder / ('p_%s_data.dat' % class_name)).write_bytes(pickle.dumps(data, 4))
    return list_arguments(folder)


def list_arguments(folder) -> dict:
    for name in ('src', 'dst', 'pretrain'):
        (folder / name).mkdir(exist_ok=True)
    return dict(saved_models_path=folder, training_data_src_path=folder / 'src',
                training_data_dst_path=folder / 'dst', pretraining_data_path=folder / 'pretrain',
                no_preview=True, force_model_name='p', cpu_only=True)


def set_weights(model) -> None:
    """Weights of every part by variable name; optimizer states zero."""
    for part, _ in model.model_filename_list:
        pairs = []
        for weight in part.get_weights():
            shape = weight.shape.as_list()
            is_slot = weight.dtype.base_dtype.is_integer or any(
                x in weight.name for x in ('/ms_', '/vs_', '/acc_'))
            pairs.append((weight, np.zeros(shape) if is_slot
                          else make_weight(weight.name, shape)))
        nn.batch_set_value(pairs)

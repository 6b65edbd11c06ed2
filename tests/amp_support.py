"""Shared by the AMP tests: options of a small model, and shuffles that can be repeated."""
import gated_support
from core import persist
from core.leras import nn

OPTIONS = dict(
    resolution=64, face_type='wf', models_opt_on_gpu=False, ae_dims=32, inter_dims=48, e_dims=16,
    d_dims=16, d_mask_dims=16, uniform_yaw=False, blur_out_mask=False, lr_dropout='n',
    random_warp=True, ct_mode='none', clipgrad=False, autobackup_hour=0,
    write_preview_history=False, target_iter=0, random_src_flip=False, random_dst_flip=False,
    batch_size=2, gan_power=0.0, gan_patch_size=8, gan_dims=16)


def make_options(**changes) -> dict:
    return dict(OPTIONS, **changes)


def get_model_module():
    return gated_support.get_model_module('AMP')


def write_defaults(folder, **changes) -> None:
    """A folder in which a new model takes these options when every question gets its default."""
    (folder / 'AMP_default_options.dat').write_bytes(persist.dumps(make_options(**changes)))


def seed_shuffles(monkeypatch) -> None:
    """Seeds counted from 1, whatever was in the graph before, as the reference vectors have."""
    shuffle, seeds = nn.tf.random.shuffle, iter(range(1, 1000))
    monkeypatch.setattr(nn.tf.random, 'shuffle',
                        lambda value, name=None: shuffle(value, seed=next(seeds)))

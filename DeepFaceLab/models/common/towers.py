"""Devices, placeholders and the split of a batch over devices (spec 21 sections 2, 4 and 6).

Nothing here knows a network or a loss. Everything of the engine is looked up through `nn` when
a function runs, so that drivers and patches can replace it.
"""
from collections import namedtuple

from core.leras import nn

CPU = '/CPU:0'

# One training batch of both sides, in the order in which placeholders and slices are created.
# Images (n, R, R, c) or (n, c, R, R), masks the same with one channel, float32 in 0..1.
FaceBatch = namedtuple('FaceBatch', (
    'warped_src', 'warped_dst', 'target_src', 'target_dst',
    'target_srcm', 'target_srcm_em', 'target_dstm', 'target_dstm_em'))

# One side's share of a FaceBatch.
Side = namedtuple('Side', ('warped', 'target', 'mask', 'em'))


def choose_data_format(devices, debug: bool) -> str:
    """'NCHW' when there is any device and it is not a debug run, else 'NHWC'."""
    return 'NCHW' if len(devices) != 0 and not debug else 'NHWC'


def split_batch(batch_size: int, device_count: int) -> tuple:
    """(number of towers, samples per tower): every tower gets the same share, at least one."""
    towers = max(1, device_count)
    return towers, max(1, batch_size // towers)


def name_tower_device(devices, index: int) -> str:
    """Device scope of tower `index`; chosen devices are numbered anew from 0 by the session."""
    if len(devices) == 0:
        return CPU
    return '/{}:{}'.format(devices[index].tf_dev_type, index)


def name_default_device(devices) -> str:
    """Where a graph without towers (merging, export) is placed."""
    return nn.tf_default_device_name if len(devices) != 0 else CPU


def create_placeholders(resolution: int, channels: int) -> FaceBatch:
    """Eight float32 placeholders on the CPU, named after their fields (spec 21 section 2)."""
    tf = nn.tf
    image = nn.get4Dshape(resolution, resolution, channels)
    mask = nn.get4Dshape(resolution, resolution, 1)
    with tf.device(CPU):
        return FaceBatch(*[
            tf.placeholder(nn.floatx, image if index < 4 else mask, name=name)
            for index, name in enumerate(FaceBatch._fields)])


def slice_batch(tensors, tower: int, samples: int) -> list:
    """Samples [tower * samples, (tower + 1) * samples) of every tensor, taken on the CPU.

    All four axes are indexed: it is the form of the slices in older graphs."""
    with nn.tf.device(CPU):
        share = slice(tower * samples, (tower + 1) * samples)
        return [tensor[share, :, :, :] for tensor in tensors]


def feed_batch(model, warped_src, target_src, target_srcm, target_srcm_em,
               warped_dst, target_dst, target_dstm, target_dstm_em) -> dict:
    """Arrays of a batch to the model's placeholders, in the order of arguments of the training
    functions (spec 21 section 6)."""
    return {model.warped_src: warped_src, model.target_src: target_src,
            model.target_srcm: target_srcm, model.target_srcm_em: target_srcm_em,
            model.warped_dst: warped_dst, model.target_dst: target_dst,
            model.target_dstm: target_dstm, model.target_dstm_em: target_dstm_em}


def take_src(batch: FaceBatch) -> Side:
    return Side(batch.warped_src, batch.target_src, batch.target_srcm, batch.target_srcm_em)


def take_dst(batch: FaceBatch) -> Side:
    return Side(batch.warped_dst, batch.target_dst, batch.target_dstm, batch.target_dstm_em)


def join_predictions(model, predictions) -> None:
    """Whole-batch predictions as attributes of `model`, from one Predictions a tower."""
    def join(field: str):
        return nn.concat([getattr(pred, field) for pred in predictions], 0)
    model.pred_src_src = join('src_src')
    model.pred_dst_dst = join('dst_dst')
    model.pred_src_dst = join('src_dst')
    model.pred_src_srcm = join('src_mask')
    model.pred_dst_dstm = join('dst_mask')
    model.pred_src_dstm = join('src_dst_mask')


def join_losses(model, src_losses, dst_losses) -> None:
    """Loss vectors of the whole batch, shape (batch,), from one vector a tower."""
    model.src_loss = nn.tf.concat(src_losses, 0)
    model.dst_loss = nn.tf.concat(dst_losses, 0)

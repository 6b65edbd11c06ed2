"""AMP's loss terms and their sums (spec 22 section A3).

Every function returns one value per sample, shape (b,). Images (b, R, R, c), masks (b, R, R, 1),
float32 in 0..1, either data format. The order of creation and of addition is the contract.
"""
from collections import namedtuple
from typing import Any, Sequence

from core.leras import nn
from models.common import losses as terms

DST_OUTSIDE_WEIGHT = 0.1

# Images inside the feathered masks and outside of them.
Views = namedtuple('Views', (
    'src_target', 'dst_target', 'src_target_outside', 'dst_target_outside',
    'src_pred', 'dst_pred', 'src_pred_outside', 'dst_pred_outside'))

# One side: the whole images, those inside the feathered mask, masks.
Reconstruction = namedtuple('Reconstruction', (
    'target', 'pred', 'seen_target', 'seen_pred', 'mask', 'pred_mask', 'em'))

# A discriminator's logits of what the model drew and of the targets, center output and
# full-resolution output each.
Logits = namedtuple('Logits', ('src_pred', 'dst_pred', 'src_target', 'dst_target'))


def measure_reconstructions(src: Reconstruction, dst: Reconstruction, resolution: int) -> tuple:
    """(source's, destination's) structure + pixels + eyes and mouth + mask, term by term for both
    sides in turn."""
    def measure(term: Any, losses: Sequence[Any] = ()) -> list:
        added = []
        for index, side in enumerate((src, dst)):
            value = term(side)
            added.append(losses[index] + value if losses else value)
        return added
    losses = measure(lambda side: terms.measure_structure_two_scales(
        side.seen_target, side.seen_pred, resolution))
    losses = measure(lambda side: terms.measure_pixels(side.seen_target, side.seen_pred), losses)
    losses = measure(lambda side: terms.measure_eyes_mouth(side.target, side.pred, side.em),
                     losses)
    losses = measure(lambda side: terms.measure_mask(side.mask, side.pred_mask), losses)
    return tuple(losses)


def add_dst_outside(loss: Any, outside_pred: Any, outside_target: Any) -> Any:
    """Adds a weak hold on what lies around the destination's face, and on its smoothness."""
    square = nn.tf.square(outside_pred - outside_target)
    loss += terms.mean_per_sample(DST_OUTSIDE_WEIGHT * square)
    loss += terms.measure_roughness(outside_pred)
    return loss


def judge_patches(discriminator: Any, views: Views) -> Logits:
    src_pred, dst_pred = discriminator(views.src_pred), discriminator(views.dst_pred)
    return Logits(src_pred, dst_pred, discriminator(views.src_target),
                  discriminator(views.dst_target))


def accept(logits: Any) -> Any:
    """Small where a discriminator takes its input for real."""
    return terms.measure_verdict(nn.tf.ones_like(logits), logits)


def reject(logits: Any) -> Any:
    """Small where a discriminator takes its input for drawn."""
    return terms.measure_verdict(nn.tf.zeros_like(logits), logits)


def measure_discriminator(logits: Logits) -> Any:
    loss = accept(logits.src_target[0]) + accept(logits.src_target[1])
    for pair, measure in ((logits.src_pred, reject), (logits.dst_target, accept),
                          (logits.dst_pred, reject)):
        for output in pair:
            loss = loss + measure(output)
    return loss * (1.0 / 8)


def measure_gan(logits: Logits) -> Any:
    """Generator: what both faces were drawn as should pass for real."""
    loss = accept(logits.src_pred[0]) + accept(logits.src_pred[1])
    for output in logits.dst_pred:
        loss = loss + accept(output)
    return loss

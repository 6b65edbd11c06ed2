"""Loss terms of SAEHD against an independent evaluation in NumPy float64."""
from types import SimpleNamespace

import numpy as np
import pytest
import saehd_support as support
from core.leras import nn
from loss_numpy import blur, dssim, fill_outside, soften
from models.Model_SAEHD import graph, losses
from models.common import losses as terms
from models.common.layouts import Predictions
from models.common.towers import Side

SAMPLES = 2


def reconstruct(target, pred, seen_target, seen_pred, mask, pred_mask, em, settings):
    side = settings.resolution
    wide, narrow = int(side / 11.6), int(side / 23.2)
    if side < 256:
        loss = 10 * dssim(seen_target, seen_pred, wide).mean(axis=1)
    else:
        loss = 5 * (dssim(seen_target, seen_pred, wide)
                    + dssim(seen_target, seen_pred, narrow)).mean(axis=1)
    loss = loss + 10 * ((seen_target - seen_pred) ** 2).mean(axis=(1, 2, 3))
    if settings.eyes_mouth_prio:
        loss = loss + 300 * np.abs(em * (target - pred)).mean(axis=(1, 2, 3))
    return loss + 10 * ((mask - pred_mask) ** 2).mean(axis=(1, 2, 3))


def evaluate(src, dst, pred, settings):
    """(source's loss, destination's loss) per sample, from NumPy arrays in float64."""
    side = settings.resolution
    targets = [src.target, dst.target]
    if settings.blur_out_mask:
        targets = [fill_outside(x.target, x.mask, side) for x in (src, dst)]
    soft_src, soft_dst = soften(src.mask, side), soften(dst.mask, side)
    seen = (soft_src, soft_dst) if settings.masked_training else (1, 1)
    src_loss = reconstruct(targets[0], pred.src_src, targets[0] * seen[0],
                           pred.src_src * seen[0], src.mask, pred.src_mask, src.em, settings)
    dst_loss = reconstruct(targets[1], pred.dst_dst, targets[1] * seen[1],
                           pred.dst_dst * seen[1], dst.mask, pred.dst_mask, dst.em, settings)
    if settings.face_style_power != 0:
        a = blur(pred.src_dst_fixed_code * pred.src_dst_mask, side // 8)
        b = blur(pred.dst_dst * pred.dst_mask, side // 8)
        means = (a.mean(axis=(1, 2)) - b.mean(axis=(1, 2))) ** 2
        deviations = (np.sqrt(a.var(axis=(1, 2)) + 1e-5)
                      - np.sqrt(b.var(axis=(1, 2)) + 1e-5)) ** 2
        weight = 10000 * settings.face_style_power / 100 / a.shape[-1]
        src_loss = src_loss + (means + deviations).sum(axis=1) * weight
    if settings.bg_style_power != 0:
        power = settings.bg_style_power / 100
        a, b = pred.src_dst * (1 - soft_src), targets[1] * (1 - soft_src)
        src_loss = src_loss + 10 * power * (
            dssim(a, b, int(side / 11.6)).mean(axis=1) + ((a - b) ** 2).mean(axis=(1, 2, 3)))
    return src_loss, dst_loss


def make_case(side: int, channels: int):
    src = Side(*support.make_batch('src1', SAMPLES, side, channels))
    dst = Side(*support.make_batch('dst1', SAMPLES, side, channels))
    state = np.random.RandomState(5)

    def disturb(x):
        return np.clip(x + state.normal(0, .1, x.shape), 0, 1).astype(np.float32)
    pred = Predictions(
        disturb(src.target), disturb(src.mask), disturb(dst.target), disturb(dst.mask),
        disturb(src.target), disturb(dst.mask), disturb(src.target), None, None)
    return src, dst, pred


def to_double(fields):
    return type(fields)(*[x if x is None else x.astype(np.float64) for x in fields])


def to_constants(fields):
    return type(fields)(*[x if x is None else nn.tf.constant(x) for x in fields])


@pytest.mark.parametrize('side, channels, changes', [
    (64, 3, {}),
    (64, 3, dict(eyes_mouth_prio=True, blur_out_mask=True, face_style_power=10.0,
                 bg_style_power=20.0)),
    (64, 1, dict(masked_training=False, eyes_mouth_prio=True, face_style_power=10.0)),
    (256, 3, dict(blur_out_mask=True, bg_style_power=1.0)),
])
def test_losses_agree_with_numpy(side, channels, changes):
    support.start_engine()
    settings = SimpleNamespace(**support.make_options(resolution=side, **changes))
    src, dst, pred = make_case(side, channels)

    tower_src, tower_dst = graph.prepare_targets(
        to_constants(src), to_constants(dst), settings)
    tensors = to_constants(pred)
    views = graph.mask_images(tower_src, tower_dst, tensors, settings)
    src_loss, dst_loss = graph.measure_losses(
        tower_src, tower_dst, tensors, views, settings)
    ours = nn.tf_sess.run([src_loss, dst_loss])

    expected = evaluate(to_double(src), to_double(dst), to_double(pred), settings)
    for name, got, wanted in zip(('src', 'dst'), ours, expected):
        assert got.shape == (SAMPLES,)
        np.testing.assert_allclose(got, wanted, rtol=5e-5, err_msg=name)


def test_gan_terms_agree_with_numpy():
    """Discriminator and generator sums from known logits; regularisers from known images."""
    support.start_engine()
    state = np.random.RandomState(2)
    logits = [state.normal(0, 2, shape).astype(np.float32) for shape in (
        (SAMPLES, 2, 2, 1), (SAMPLES, 8, 8, 1), (SAMPLES, 2, 2, 1), (SAMPLES, 8, 8, 1))]
    answers = iter([logits[:2], logits[2:]])
    verdicts = losses.judge_patches(
        lambda image: [nn.tf.constant(x) for x in next(answers)], 'prediction', 'target')
    got = nn.tf_sess.run([losses.measure_patch_discriminator(verdicts),
                          losses.measure_gan(verdicts)])

    def entropy(x, label):
        x = x.astype(np.float64)
        return (np.log1p(np.exp(x)) - label * x).mean(axis=(1, 2, 3))
    pred_center, pred_full, real_center, real_full = logits
    np.testing.assert_allclose(got[0], 0.5 * (
        entropy(real_center, 1) + entropy(pred_center, 0)
        + entropy(real_full, 1) + entropy(pred_full, 0)), rtol=1e-5)
    np.testing.assert_allclose(
        got[1], entropy(pred_center, 1) + entropy(pred_full, 1), rtol=1e-5)

    image, outside, target = [
        state.uniform(0, 1, (SAMPLES, 8, 8, 3)).astype(np.float32) for _ in range(3)]
    total = terms.add_gan_regularisers(
        nn.tf.zeros((SAMPLES,)), *[nn.tf.constant(x) for x in (image, outside, target)])
    variation = sum((np.diff(image.astype(np.float64), axis=axis) ** 2).sum(axis=(1, 2, 3))
                    for axis in (1, 2))
    wanted = 1e-6 * variation + 0.02 * ((outside - target) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(nn.tf_sess.run(total), wanted, rtol=1e-5)

"""SAEHD's own loss terms and their sums (spec 21 sections 5.2 to 5.5).

Every function returns one value per sample, shape (b,). Images (b, R, R, c), masks (b, R, R, 1),
float32 in 0..1, either data format. The order of creation and of addition is the contract of
spec 21 section 5.
"""
from collections import namedtuple

from core.leras import nn
from models.common import losses as terms

FACE_STYLE_WEIGHT = 10000
BG_STRUCTURE_WEIGHT = 10.0
BG_PIXEL_WEIGHT = 10.0

# One side of the reconstruction: what the image terms see (`seen_*`: inside the feathered mask
# when masked_training is on) and the whole image and mask.
Reconstruction = namedtuple('Reconstruction', (
    'target', 'pred', 'seen_target', 'seen_pred', 'mask', 'pred_mask', 'em'))


def measure_reconstruction(side: Reconstruction, settings):
    """Structure + pixels [+ eyes and mouth] + mask of the source or of the destination."""
    loss = terms.measure_structure_by_resolution(
        side.seen_target, side.seen_pred, settings.resolution)
    loss += terms.measure_pixels(side.seen_target, side.seen_pred)
    if settings.eyes_mouth_prio:
        loss += terms.measure_eyes_mouth(side.target, side.pred, side.em)
    loss += terms.measure_mask(side.mask, side.pred_mask)
    return loss


def measure_face_style(pred, settings):
    """Colour statistics of the swapped face against the destination's reconstruction, each
    inside its predicted mask (spec 21 section 5.3). Gradients reach the decoder only."""
    tf = nn.tf
    weight = FACE_STYLE_WEIGHT * (settings.face_style_power / 100.0)
    inside = pred.src_dst_fixed_code * tf.stop_gradient(pred.src_dst_mask)
    style = tf.stop_gradient(pred.dst_dst * pred.dst_mask)
    return nn.style_loss(inside, style, gaussian_blur_radius=settings.resolution // 8,
                         loss_weight=weight)


def add_bg_style(loss, pred, dst_target, style_anti_mask, settings):
    """Adds structure and pixels of the swapped face against the destination outside the face."""
    power = settings.bg_style_power / 100.0
    target = dst_target * style_anti_mask
    drawn = pred.src_dst * style_anti_mask
    window = terms.get_wide_window(settings.resolution)
    loss += terms.measure_structure(drawn, target, window, BG_STRUCTURE_WEIGHT * power)
    weight = BG_PIXEL_WEIGHT * power
    loss += terms.mean_per_sample(weight * nn.tf.square(drawn - target))
    return loss


def add_styles(loss, pred, dst_target, style_anti_mask, settings):
    """Both style terms, part of the source's loss; dst_target (b, R, R, c) unmasked."""
    if settings.face_style_power != 0:
        loss += measure_face_style(pred, settings)
    if settings.bg_style_power != 0:
        loss = add_bg_style(loss, pred, dst_target, style_anti_mask, settings)
    return loss


# Verdicts on the codes of the two faces, with their label tensors (spec 21 section 5.4).
CodeVerdicts = namedtuple('CodeVerdicts', ('src', 'src_ones', 'src_zeros', 'dst', 'dst_ones'))


def judge_codes(discriminator, src_code, dst_code) -> CodeVerdicts:
    tf = nn.tf
    src = discriminator(src_code)
    src_ones, src_zeros = tf.ones_like(src), tf.zeros_like(src)
    dst = discriminator(dst_code)
    return CodeVerdicts(src, src_ones, src_zeros, dst, tf.ones_like(dst))


def measure_true_face(verdicts: CodeVerdicts):
    """Generator: the source's code should pass for the destination's."""
    return terms.measure_verdict(verdicts.src_ones, verdicts.src)


def measure_code_discriminator(verdicts: CodeVerdicts):
    return (terms.measure_verdict(verdicts.dst_ones, verdicts.dst)
            + terms.measure_verdict(verdicts.src_zeros, verdicts.src)) * 0.5


# Verdicts of the patch discriminator: center output and full-resolution output each.
PatchVerdicts = namedtuple('PatchVerdicts', (
    'pred_center', 'pred_full', 'pred_center_ones', 'pred_center_zeros', 'pred_full_ones',
    'pred_full_zeros', 'real_center', 'real_full', 'real_center_ones', 'real_full_ones'))


def judge_patches(discriminator, seen_pred, seen_target) -> PatchVerdicts:
    tf = nn.tf
    pred_center, pred_full = discriminator(seen_pred)
    pred_labels = (tf.ones_like(pred_center), tf.zeros_like(pred_center),
                   tf.ones_like(pred_full), tf.zeros_like(pred_full))
    real_center, real_full = discriminator(seen_target)
    return PatchVerdicts(pred_center, pred_full, *(
        pred_labels + (real_center, real_full,
                       tf.ones_like(real_center), tf.ones_like(real_full))))


def measure_patch_discriminator(v: PatchVerdicts):
    return ((terms.measure_verdict(v.real_center_ones, v.real_center)
             + terms.measure_verdict(v.pred_center_zeros, v.pred_center)) * 0.5
            + (terms.measure_verdict(v.real_full_ones, v.real_full)
               + terms.measure_verdict(v.pred_full_zeros, v.pred_full)) * 0.5)


def measure_gan(v: PatchVerdicts):
    """Generator: the prediction should pass for a real face."""
    return (terms.measure_verdict(v.pred_center_ones, v.pred_center)
            + terms.measure_verdict(v.pred_full_ones, v.pred_full))

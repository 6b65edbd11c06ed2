"""SAEHD's graphs: the training step tower by tower, and the merging side (spec 21 sections 4-6).

The order in which tensors are created is the reference's, to the op (spec 21 section 5.1).
"""
from collections import namedtuple

from core.leras import nn
from models.common import losses as terms
from models.common import predictions, towers
from . import losses

# What a tower hands over: its predictions, loss vectors (b,) and lists of (gradient, variable).
Tower = namedtuple('Tower', (
    'pred', 'src_loss', 'dst_loss', 'gradients', 'code_gradients', 'patch_gradients'))

# Images as the losses see them; `*_seen`: inside the feathered mask when masked_training is on,
# `*_outside`: the rest. style_anti_mask: where the background style acts.
Views = namedtuple('Views', (
    'src_target', 'src_pred', 'dst_target', 'dst_pred', 'src_target_outside',
    'src_pred_outside', 'style_anti_mask'))


def build_training_graph(model, settings, plan) -> None:
    """Towers, joined outputs and update ops, all as attributes of `model`."""
    built = [build_tower(model, settings, plan, index) for index in range(len(plan.towers))]
    with nn.tf.device(plan.joined):
        towers.join_predictions(model, [tower.pred for tower in built])
    with nn.tf.device(plan.models):
        towers.join_losses(model, [tower.src_loss for tower in built],
                           [tower.dst_loss for tower in built])
        create_update_ops(model, settings, built)


def build_tower(model, settings, plan, index: int) -> Tower:
    """One device's share of the batch, from the networks to the gradients."""
    with nn.tf.device(plan.towers[index]):
        batch = towers.FaceBatch(*towers.slice_batch(model.placeholders, index, plan.samples))
        src, dst = prepare_targets(towers.take_src(batch), towers.take_dst(batch), settings)
        pred = model.layout.predict(model, src.warped, dst.warped)
        views = mask_images(src, dst, pred, settings)

        src_loss, dst_loss = measure_losses(src, dst, pred, views, settings)
        loss = src_loss + dst_loss
        loss, code_gradients = add_true_face(model, settings, loss, pred)
        loss, patch_gradients = add_gan(model, settings, loss, pred, views)
        gradients = nn.gradients(loss, model.src_dst_trainable_weights)
    return Tower(pred, src_loss, dst_loss, gradients, code_gradients, patch_gradients)


def prepare_targets(src: towers.Side, dst: towers.Side, settings) -> tuple:
    """Both sides with what blur_out_mask makes of their targets."""
    sides = [(side, 1 - side.mask) for side in (src, dst)]
    if not settings.blur_out_mask:
        return src, dst
    return tuple(side._replace(target=terms.blur_outside(
        side.target, side.mask, anti_mask, settings.resolution)) for side, anti_mask in sides)


def mask_images(src: towers.Side, dst: towers.Side, pred, settings) -> Views:
    """Feathered masks and the images inside and outside of them (spec 21 section 5.1 step 5)."""
    tf = nn.tf
    radius = max(1, settings.resolution // 32)
    src_mask = terms.feather_mask(src.mask, radius)
    src_anti_mask = 1 - src_mask
    dst_mask = terms.feather_mask(dst.mask, radius)
    # The style region was meant to follow the predicted masks; the reference replaces it by
    # the source's target mask in the next line, and so must we. The unused blur keeps op names.
    nn.gaussian_blur(pred.src_dst_mask * pred.dst_mask, radius)
    style_mask = tf.stop_gradient(tf.clip_by_value(src_mask, 0, 1.0))
    style_anti_mask = 1 - style_mask

    dst_target_inside = dst.target * dst_mask
    src_target_outside = src.target * src_anti_mask
    src_pred_outside = pred.src_src * src_anti_mask
    if settings.masked_training:
        src_target, dst_target = src.target * src_mask, dst_target_inside
        src_pred, dst_pred = pred.src_src * src_mask, pred.dst_dst * dst_mask
    else:
        src_target, dst_target = src.target, dst.target
        src_pred, dst_pred = pred.src_src, pred.dst_dst
    return Views(src_target, src_pred, dst_target, dst_pred, src_target_outside,
                 src_pred_outside, style_anti_mask)


def measure_losses(src: towers.Side, dst: towers.Side, pred, views: Views, settings) -> tuple:
    """(source's loss with its style terms, destination's loss), shape (b,) each."""
    src_loss = losses.measure_reconstruction(losses.Reconstruction(
        src.target, pred.src_src, views.src_target, views.src_pred,
        src.mask, pred.src_mask, src.em), settings)
    src_loss = losses.add_styles(src_loss, pred, dst.target, views.style_anti_mask, settings)
    dst_loss = losses.measure_reconstruction(losses.Reconstruction(
        dst.target, pred.dst_dst, views.dst_target, views.dst_pred,
        dst.mask, pred.dst_mask, dst.em), settings)
    return src_loss, dst_loss


def add_true_face(model, settings, loss, pred) -> tuple:
    """(loss with the true-face term, gradients of the code discriminator or None)"""
    if settings.true_face_power == 0:
        return loss, None
    verdicts = losses.judge_codes(model.code_discriminator, pred.src_code, pred.dst_code)
    loss += settings.true_face_power * losses.measure_true_face(verdicts)
    gradients = nn.gradients(losses.measure_code_discriminator(verdicts),
                             model.code_discriminator.get_weights())
    return loss, gradients


def add_gan(model, settings, loss, pred, views: Views) -> tuple:
    """(loss with the GAN terms, gradients of the patch discriminator or None); source only"""
    if settings.gan_power == 0:
        return loss, None
    verdicts = losses.judge_patches(model.D_src, views.src_pred, views.src_target)
    gradients = nn.gradients(losses.measure_patch_discriminator(verdicts),
                             model.D_src.get_weights())
    loss += settings.gan_power * losses.measure_gan(verdicts)
    if settings.masked_training:
        loss = terms.add_gan_regularisers(
            loss, pred.src_src, views.src_pred_outside, views.src_target_outside)
    return loss, gradients


def create_update_ops(model, settings, built) -> None:
    """One op per optimizer: gradients averaged over the towers, then its update."""
    def update(optimizer, gradients):
        return optimizer.get_update_op(nn.average_gv_list(gradients))
    model.src_dst_update_op = update(model.src_dst_opt, [x.gradients for x in built])
    if settings.true_face_power != 0:
        model.D_code_update_op = update(model.D_code_opt, [x.code_gradients for x in built])
    if settings.gan_power != 0:
        model.D_src_dst_update_op = update(
            model.D_src_dst_opt, [x.patch_gradients for x in built])


def build_merging_graph(model, devices) -> None:
    """The destination's way through the networks, as attributes of `model`."""
    with nn.tf.device(towers.name_default_device(devices)):
        merged = model.layout.merge(model, model.warped_dst)
    model.pred_src_dst, model.pred_dst_dstm, model.pred_src_dstm = merged


def list_training_fetches(model, settings) -> dict:
    """{callable of `bind_training_functions`: what it fetches}, those that update weights."""
    fetches = {'src_dst_train': [model.src_loss, model.dst_loss, model.src_dst_update_op]}
    if settings.true_face_power != 0:
        fetches['D_train'] = [model.D_code_update_op]
    if settings.gan_power != 0:
        fetches['D_src_dst_train'] = [model.D_src_dst_update_op]
    return fetches


def bind_training_functions(model, settings) -> None:
    """The callables that the loop, previews and plug-ins use (spec 21 section 6).

    Arguments are arrays of the batch. Tensors, ops and the session are looked up when called."""
    def src_dst_train(warped_src, target_src, target_srcm, target_srcm_em,
                      warped_dst, target_dst, target_dstm, target_dstm_em):
        fetches = list_training_fetches(model, settings)['src_dst_train']
        src_loss, dst_loss, _ = nn.tf_sess.run(fetches, feed_dict=towers.feed_batch(
            model, warped_src, target_src, target_srcm, target_srcm_em,
            warped_dst, target_dst, target_dstm, target_dstm_em))
        return src_loss, dst_loss
    model.src_dst_train = src_dst_train

    if settings.true_face_power != 0:
        def D_train(warped_src, warped_dst):
            nn.tf_sess.run(list_training_fetches(model, settings)['D_train'], feed_dict={
                model.warped_src: warped_src, model.warped_dst: warped_dst})
        model.D_train = D_train

    if settings.gan_power != 0:
        def D_src_dst_train(warped_src, target_src, target_srcm, target_srcm_em,
                            warped_dst, target_dst, target_dstm, target_dstm_em):
            fetches = list_training_fetches(model, settings)['D_src_dst_train']
            nn.tf_sess.run(fetches, feed_dict=towers.feed_batch(
                model, warped_src, target_src, target_srcm, target_srcm_em,
                warped_dst, target_dst, target_dstm, target_dstm_em))
        model.D_src_dst_train = D_src_dst_train

    predictions.bind_view_function(model)

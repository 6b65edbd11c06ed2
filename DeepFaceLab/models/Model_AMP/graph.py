"""AMP's graphs: the training step tower by tower, and the merging side (spec 22 section A3).

The order in which tensors are created is the reference's, to the op.
"""
from collections import namedtuple
from typing import Any

from core.leras import nn
from models.common import losses as terms
from models.common import towers
from models.common.layouts import Merged

from . import losses
from .networks import get_code_side

# What the networks make of one tower's warped faces. Images (b, R, R, c) and masks (b, R, R, 1)
# of layout `nn.data_format`, float32 in 0..1; src_dst: morphed as far as `morph_value_t` says.
Predictions = namedtuple('Predictions', (
    'src_src', 'src_mask', 'dst_dst', 'dst_mask', 'src_dst', 'src_dst_mask'))

# What a tower hands over: predictions, loss vectors (b,) and lists of (gradient, variable).
Tower = namedtuple('Tower', ('pred', 'src_loss', 'dst_loss', 'gradients', 'patch_gradients'))


def build_training_graph(model: Any, settings: Any, plan: Any) -> None:
    """Towers, joined outputs and update ops, all as attributes of `model`."""
    built = [build_tower(model, settings, plan, index) for index in range(len(plan.towers))]
    with nn.tf.device(plan.joined):
        towers.join_predictions(model, [tower.pred for tower in built])
    with nn.tf.device(plan.models):
        towers.join_losses(model, [tower.src_loss for tower in built],
                           [tower.dst_loss for tower in built])
        create_update_ops(model, settings, built)


def build_tower(model: Any, settings: Any, plan: Any, index: int) -> Tower:
    """One device's share of the batch, from the networks to the gradients."""
    with nn.tf.device(plan.towers[index]):
        batch = towers.FaceBatch(*towers.slice_batch(model.placeholders, index, plan.samples))
        src, dst = towers.take_src(batch), towers.take_dst(batch)
        pred = predict(model, settings, src.warped, dst.warped, plan.samples)
        src, dst, views = mask_images(src, dst, pred, settings)

        src_loss, dst_loss = losses.measure_reconstructions(
            losses.Reconstruction(src.target, pred.src_src, views.src_target, views.src_pred,
                                  src.mask, pred.src_mask, src.em),
            losses.Reconstruction(dst.target, pred.dst_dst, views.dst_target, views.dst_pred,
                                  dst.mask, pred.dst_mask, dst.em), settings.resolution)
        loss = losses.add_dst_outside(
            src_loss + dst_loss, views.dst_pred_outside, views.dst_target_outside)
        loss, patch_gradients = add_gan(model, settings, loss, pred, views)
        gradients = nn.gradients(loss, model.G_weights)
    return Tower(pred, src_loss, dst_loss, gradients, patch_gradients)


def predict(model: Any, settings: Any, warped_src: Any, warped_dst: Any,
            samples: int) -> Predictions:
    """The networks' work for one tower of `samples` faces a side."""
    src_encoded, dst_encoded = model.encoder(warped_src), model.encoder(warped_dst)
    src_of_src, dst_of_src = model.inter_src(src_encoded), model.inter_dst(src_encoded)
    src_of_dst, dst_of_dst = model.inter_src(dst_encoded), model.inter_dst(dst_encoded)

    share = draw_shares(settings, samples)
    src_code = src_of_src * share + dst_of_src * (1 - share)
    src_dst_code = morph_codes(model, settings, src_of_dst, dst_of_dst)

    src_src, src_mask = model.decoder(src_code)
    dst_dst, dst_mask = model.decoder(dst_of_dst)
    src_dst, src_dst_mask = model.decoder(src_dst_code)
    return Predictions(src_src, src_mask, dst_dst, dst_mask, src_dst, src_dst_mask)


def draw_shares(settings: Any, samples: int) -> Any:
    """Which channels a source face takes from its own inter: 1 in a share of `morph_factor` of
    them, 0 elsewhere, drawn anew for every sample of every step. (samples, inter_dims, 1, 1), or
    with the channels last."""
    tf = nn.tf
    own = int(settings.inter_dims * settings.morph_factor)
    with tf.device(towers.CPU):
        rows = []
        for _ in range(samples):
            ones = tf.tile(tf.constant([1], tf.float32), (own,))
            zeros = tf.tile(tf.constant([0], tf.float32), (settings.inter_dims - own,))
            rows.append(tf.random.shuffle(tf.concat([ones, zeros], 0)))
        shares = tf.stack(rows, 0)
        shares = (shares[..., None, None] if nn.data_format == 'NCHW'
                  else shares[:, None, None, :])
        return tf.stop_gradient(shares)


def morph_codes(model: Any, settings: Any, src_code: Any, dst_code: Any,
                morph_value: Any = None) -> Any:
    """The first channels of the source's code, a share of `morph_value`, and the rest of the
    destination's. morph_value: shape (1,) in 0..1, the model's placeholder by default."""
    tf = nn.tf
    if morph_value is None:
        morph_value = model.morph_value_t
    channels, side = settings.inter_dims, get_code_side(settings)
    count = tf.cast(channels * morph_value[0], tf.int32)

    def place(value: Any, elsewhere: list) -> list:
        """[n, then three axes in the current layout]"""
        n, height, width = elsewhere
        return ([n, value, height, width] if nn.data_format == 'NCHW'
                else [n, height, width, value])
    return tf.concat((
        tf.slice(src_code, [0, 0, 0, 0], place(count, [-1, side, side])),
        tf.slice(dst_code, place(count, [0, 0, 0]), place(channels - count, [-1, side, side]))),
        nn.conv2d_ch_axis)


def mask_images(src: towers.Side, dst: towers.Side, pred: Predictions, settings: Any) -> tuple:
    """(source, destination with what blur_out_mask makes of their targets, Views)"""
    radius = settings.resolution // 32
    src_anti, dst_anti = 1 - src.mask, 1 - dst.mask
    src_mask, dst_mask = [nn.gaussian_blur(side.mask, radius) for side in (src, dst)]
    src_mask, dst_mask = terms.clip_feather(src_mask), terms.clip_feather(dst_mask)
    src_outside, dst_outside = 1 - src_mask, 1 - dst_mask
    if settings.blur_out_mask:
        src, dst = [side._replace(target=terms.blur_outside(
            side.target, side.mask, anti_mask, settings.resolution))
            for side, anti_mask in ((src, src_anti), (dst, dst_anti))]
    return src, dst, losses.Views(
        src.target * src_mask, dst.target * dst_mask,
        src.target * src_outside, dst.target * dst_outside,
        pred.src_src * src_mask, pred.dst_dst * dst_mask,
        pred.src_src * src_outside, pred.dst_dst * dst_outside)


def add_gan(model: Any, settings: Any, loss: Any, pred: Predictions, views: Any) -> tuple:
    """(loss with the GAN terms, gradients of the discriminator or None)"""
    if settings.gan_power == 0:
        return loss, None
    logits = losses.judge_patches(model.GAN, views)
    gradients = nn.gradients(losses.measure_discriminator(logits), model.GAN.get_weights())
    loss += losses.measure_gan(logits) * settings.gan_power
    loss = terms.add_gan_regularisers(
        loss, pred.src_src, views.src_pred_outside, views.src_target_outside)
    return loss, gradients


def create_update_ops(model: Any, settings: Any, built: list) -> None:
    """One op per optimizer: gradients averaged over the towers, then its update."""
    model.src_dst_update_op = model.src_dst_opt.get_update_op(
        nn.average_gv_list([tower.gradients for tower in built]))
    if settings.gan_power != 0:
        model.GAN_update_op = model.GAN_opt.get_update_op(
            nn.average_gv_list([tower.patch_gradients for tower in built]))


def merge(model: Any, settings: Any, warped_dst: Any, morph_value: Any = None) -> Merged:
    """The destination's way through the networks; morph_value: see `morph_codes`."""
    encoded = model.encoder(warped_dst)
    src_code, dst_code = model.inter_src(encoded), model.inter_dst(encoded)
    src_dst_code = morph_codes(model, settings, src_code, dst_code, morph_value)
    src_dst, src_dst_mask = model.decoder(src_dst_code)
    _, dst_mask = model.decoder(dst_code)
    return Merged(src_dst, dst_mask, src_dst_mask)


def build_merging_graph(model: Any, settings: Any, devices: Any) -> None:
    with nn.tf.device(towers.name_default_device(devices)):
        merged = merge(model, settings, model.warped_dst)
    model.pred_src_dst, model.pred_dst_dstm, model.pred_src_dstm = merged


def list_training_fetches(model: Any, settings: Any) -> dict:
    """{callable of `bind_training_functions`: what it fetches}, those that update weights."""
    fetches = {'train': [model.src_loss, model.dst_loss, model.src_dst_update_op]}
    if settings.gan_power != 0:
        fetches['GAN_train'] = [model.GAN_update_op]
    return fetches


def bind_training_functions(model: Any, settings: Any) -> None:
    """The callables that the loop, previews and plug-ins use.

    Arguments are arrays of the batch. Tensors, ops and the session are looked up when called."""
    def train(warped_src, target_src, target_srcm, target_srcm_em,
              warped_dst, target_dst, target_dstm, target_dstm_em):
        src_loss, dst_loss, _ = nn.tf_sess.run(
            list_training_fetches(model, settings)['train'], feed_dict=towers.feed_batch(
                model, warped_src, target_src, target_srcm, target_srcm_em,
                warped_dst, target_dst, target_dstm, target_dstm_em))
        return src_loss, dst_loss
    model.train = train

    if settings.gan_power != 0:
        def GAN_train(warped_src, target_src, target_srcm, target_srcm_em,
                      warped_dst, target_dst, target_dstm, target_dstm_em):
            nn.tf_sess.run(
                list_training_fetches(model, settings)['GAN_train'], feed_dict=towers.feed_batch(
                    model, warped_src, target_src, target_srcm, target_srcm_em,
                    warped_dst, target_dst, target_dstm, target_dstm_em))
        model.GAN_train = GAN_train

    def AE_view(warped_src, warped_dst, morph_value):
        fetches = [model.pred_src_src, model.pred_dst_dst, model.pred_dst_dstm,
                   model.pred_src_dst, model.pred_src_dstm]
        return nn.tf_sess.run(fetches, feed_dict={
            model.warped_src: warped_src, model.warped_dst: warped_dst,
            model.morph_value_t: [morph_value]})
    model.AE_view = AE_view


def bind_merging_function(model: Any) -> None:
    def AE_merge(warped_dst, morph_value):
        fetches = [model.pred_src_dst, model.pred_dst_dstm, model.pred_src_dstm]
        return nn.tf_sess.run(fetches, feed_dict={
            model.warped_dst: warped_dst, model.morph_value_t: [morph_value]})
    model.AE_merge = AE_merge

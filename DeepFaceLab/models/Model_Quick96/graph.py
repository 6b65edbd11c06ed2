"""Quick96's graphs: networks, the training step tower by tower, the merging side (spec 22 part B).

The order in which tensors are created is the reference's, to the op.
"""
from collections import namedtuple
from types import SimpleNamespace

from core.leras import nn
from models.common import losses, predictions, towers
from models.common.layouts import DFLayout, collect_weights

RESOLUTION, BATCH_SIZE = 96, 4
ARCHI_OPTS = 'ud'
SIZES = SimpleNamespace(resolution=RESOLUTION, ae_dims=128, e_dims=64, d_dims=64, d_mask_dims=16)
LEARNING_RATE, LR_DROPOUT = 2e-4, 0.3
MASK_BLUR = max(1, RESOLUTION // 32)
OPTIMIZER = 'src_dst_opt'
LAYOUT = DFLayout()

# One training batch of both sides, in the order of placeholders and slices.
# Images (n, 96, 96, c) or (n, c, 96, 96), masks the same with one channel, float32 in 0..1.
FaceBatch = namedtuple('FaceBatch', (
    'warped_src', 'warped_dst', 'target_src', 'target_dst', 'target_srcm', 'target_dstm'))
IMAGES_COUNT = 4

# What a tower hands over: its predictions, loss vectors (b,), list of (gradient, variable).
Tower = namedtuple('Tower', ('pred', 'src_loss', 'dst_loss', 'gradients'))

# Images as the losses see them, multiplied with the blurred masks.
Views = namedtuple('Views', ('src_target', 'src_pred', 'dst_target', 'dst_pred'))


def create_placeholders(channels: int) -> FaceBatch:
    """Six float32 placeholders without names, on the CPU."""
    image, mask = [nn.get4Dshape(RESOLUTION, RESOLUTION, count) for count in (channels, 1)]
    with nn.tf.device(towers.CPU):
        return FaceBatch(*[
            nn.tf.placeholder(nn.floatx, image if index < IMAGES_COUNT else mask)
            for index in range(len(FaceBatch._fields))])


def create_networks(model) -> None:
    """Networks as attributes of `model`; their variables are built at the first use."""
    archi = nn.DeepFakeArchi(RESOLUTION, opts=ARCHI_OPTS)
    LAYOUT.create(model, archi, SIZES)


def create_optimizer(model, plan) -> None:
    """Builds the networks' variables, then the optimizer with its slots and dropout masks."""
    model.src_dst_trainable_weights = collect_weights(model, LAYOUT.net_names)
    model.src_dst_opt = nn.RMSprop(lr=LEARNING_RATE, lr_dropout=LR_DROPOUT, name=OPTIMIZER)
    model.src_dst_opt.initialize_variables(
        model.src_dst_trainable_weights, vars_on_cpu=plan.slots == towers.CPU)


def list_saved_parts(model) -> list:
    """[[saveable, file name], ...] in the order of saving."""
    names = LAYOUT.net_names + ((OPTIMIZER,) if model.is_training else ())
    return [[getattr(model, name), name + '.npy'] for name in names]


def build_training_graph(model, plan) -> None:
    """Towers, joined outputs and the update op, all as attributes of `model`."""
    built = [build_tower(model, plan, index) for index in range(len(plan.towers))]
    with nn.tf.device(plan.models):
        def join(field: str):
            return nn.concat([getattr(tower.pred, field) for tower in built], 0)
        model.pred_src_src, model.pred_dst_dst = join('src_src'), join('dst_dst')
        model.pred_src_dst = join('src_dst')
        model.pred_src_srcm, model.pred_dst_dstm = join('src_mask'), join('dst_mask')
        model.pred_src_dstm = join('src_dst_mask')
        model.src_loss = nn.average_tensor_list([tower.src_loss for tower in built])
        model.dst_loss = nn.average_tensor_list([tower.dst_loss for tower in built])
        model.src_dst_update_op = model.src_dst_opt.get_update_op(
            nn.average_gv_list([tower.gradients for tower in built]))


def build_tower(model, plan, index: int) -> Tower:
    """One device's share of the batch, from the networks to the gradients."""
    with nn.tf.device(plan.towers[index]):
        batch = FaceBatch(*towers.slice_batch(model.placeholders, index, plan.samples))
        pred = LAYOUT.predict(model, batch.warped_src, batch.warped_dst, has_styles=False)
        views = mask_images(batch, pred)
        src_loss = measure_reconstruction(
            views.src_target, views.src_pred, batch.target_srcm, pred.src_mask)
        dst_loss = measure_reconstruction(
            views.dst_target, views.dst_pred, batch.target_dstm, pred.dst_mask)
        gradients = nn.gradients(src_loss + dst_loss, model.src_dst_trainable_weights)
    return Tower(pred, src_loss, dst_loss, gradients)


def mask_images(batch: FaceBatch, pred) -> Views:
    """Targets and predictions inside the blurred masks; unlike SAEHD's, these are blurred only:
    half of the border lies inside the face."""
    src_mask = nn.gaussian_blur(batch.target_srcm, MASK_BLUR)
    dst_mask = nn.gaussian_blur(batch.target_dstm, MASK_BLUR)
    dst_target = batch.target_dst * dst_mask
    # no loss reads what lies outside and the swapped face: it keeps the names of later ops
    batch.target_dst * (1.0 - dst_mask)
    src_target = batch.target_src * src_mask
    src_pred, dst_pred = pred.src_src * src_mask, pred.dst_dst * dst_mask
    pred.src_dst * dst_mask
    pred.src_dst * (1.0 - dst_mask)
    return Views(src_target, src_pred, dst_target, dst_pred)


def measure_reconstruction(target, pred, target_mask, pred_mask):
    """Structure + pixels + mask of one side, shape (b,)."""
    loss = losses.measure_structure(
        target, pred, losses.get_wide_window(RESOLUTION), losses.STRUCTURE_WEIGHT)
    loss += losses.measure_pixels(target, pred)
    loss += losses.measure_mask(target_mask, pred_mask)
    return loss


def build_merging_graph(model, devices) -> None:
    """The destination's way through the networks, as attributes of `model`."""
    with nn.tf.device(towers.name_default_device(devices)):
        merged = LAYOUT.merge(model, model.warped_dst)
    model.pred_src_dst, model.pred_dst_dstm, model.pred_src_dstm = merged


def list_training_fetches(model) -> dict:
    """{callable of `bind_training_functions`: what it fetches}, those that update weights."""
    return {'src_dst_train': [model.src_loss, model.dst_loss, model.src_dst_update_op]}


def bind_training_functions(model) -> None:
    """The callables that the loop, previews and plug-ins use. Arguments are arrays of the batch.
    Tensors, ops and the session are looked up when called."""
    def src_dst_train(warped_src, target_src, target_srcm, warped_dst, target_dst, target_dstm):
        """(mean of the source's loss, mean of the destination's)"""
        src_loss, dst_loss, _ = nn.tf_sess.run(
            list_training_fetches(model)['src_dst_train'], feed_dict={
                model.warped_src: warped_src, model.target_src: target_src,
                model.target_srcm: target_srcm, model.warped_dst: warped_dst,
                model.target_dst: target_dst, model.target_dstm: target_dstm})
        return src_loss.mean(), dst_loss.mean()
    model.src_dst_train = src_dst_train

    predictions.bind_view_function(model)

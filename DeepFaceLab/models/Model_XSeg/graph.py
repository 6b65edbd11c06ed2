"""XSeg's training graph, tower by tower (spec 22 section C3)."""
from collections import namedtuple

from core.leras import nn
from models.common import losses, towers

# What a tower hands over: masks (b, 256, 256, 1), loss vector (b,), list of (gradient, variable).
Tower = namedtuple('Tower', ('pred', 'loss', 'gradients'))


def build_training_graph(model, plan) -> None:
    """Towers, joined outputs and the update op, all as attributes of `model`."""
    built = [build_tower(model, plan, index) for index in range(len(plan.towers))]
    # beside the weights: on the CPU this makes training stop with some GPUs
    with nn.tf.device(plan.models):
        model.pred = nn.concat([tower.pred for tower in built], 0)
        model.loss = nn.concat([tower.loss for tower in built], 0)
        model.update_op = model.opt.get_update_op(
            nn.average_gv_list([tower.gradients for tower in built]))


def build_tower(model, plan, index: int) -> Tower:
    """One device's share of the batch, from the network to the gradients."""
    net = model.model
    with nn.tf.device(plan.towers[index]):
        images, targets = towers.slice_batch((net.input_t, net.target_t), index, plan.samples)
        logits, pred = net.flow(images, pretrain=model.pretrain)
        if model.pretrain:
            loss = measure_redrawing(targets, pred, model.resolution)
        else:
            loss = losses.measure_verdict(targets, logits)
        gradients = nn.gradients(loss, net.get_weights())
    return Tower(pred, loss, gradients)


def measure_redrawing(target, pred, resolution: int):
    """Structure on two scales + pixels, shape (b,); the target is the gray picture."""
    loss = losses.measure_structure_two_scales(target, pred, resolution)
    loss += losses.measure_pixels(target, pred)
    return loss


def list_training_fetches(model) -> dict:
    """{callable of `bind_training_functions`: what it fetches}, those that update weights."""
    return {'train': [model.loss, model.update_op]}


def bind_training_functions(model) -> None:
    """`train` and `view`; tensors, ops and the session are looked up when called."""
    def train(input_np, target_np):
        """Pictures and masks of a batch -> loss vector."""
        loss, _ = nn.tf_sess.run(list_training_fetches(model)['train'], feed_dict={
            model.model.input_t: input_np, model.model.target_t: target_np})
        return loss
    model.train = train

    def view(input_np):
        """Pictures of a batch -> [masks]."""
        return nn.tf_sess.run([model.pred], feed_dict={model.model.input_t: input_np})
    model.view = view

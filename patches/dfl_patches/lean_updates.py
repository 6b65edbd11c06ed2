"""Weights are updated one after the other, each as soon as its gradient is there.

Nothing in the reference's graph orders the updates, so all gradients and all temporaries of the
optimizer live at once, and a weight may change while ops still have to read it (spec 10 14.2).
This patch changes no op; it adds control edges to what `get_update_op` has made:

- the backward ops and the update ops of one weight are a phase, and the phases follow each other
  in the order of back-propagation, one branch of the networks after the other;
- what writes a weight waits for the loss and for every op that still reads the weight.

With gradient clipping the norm needs all gradients before the first update, and so does the finite
check of fp16's loss scale: then only the temporaries are ordered, and the patch says so. So it is
where gradients belong to more than one step, or the order would be a circle.
"""
import functools
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from .errors import PatchError
from .graph_walk import (SHAPE_OPS, find_cycle, find_first_ops, get_variable_op, is_in_branch,
                         list_consumers, list_readers, sort_ancestors, sort_by_backpropagation)
from .replacing import Replacements
from .weight_updates import (Update, add_edges, collect_updates, order_in_branch,
                             wait_for_gradient, wrap_updates)

NAME = "lean_updates"
SUMMARY = "updates each weight as soon as its gradient is there: less memory, no race"
CONFLICTS = ()

# Attribute of a tf.Graph: ((ops of the loss, ops of its gradients), ...). It lives with the graph.
_LOSSES_ATTRIBUTE = "_dfl_patches_losses"

# how large weights may be together that wait for their update, relative to the largest weight
_WINDOW = 0.25

_replaced = Replacements()


def apply(nn: Any) -> None:
    """Chains the updates of every optimizer class that is registered or derived from one."""
    if _replaced:
        return
    _replaced.replace(nn, "gradients", _make_gradients)
    wrap_updates(nn, _replaced, functools.partial(_chain_updates, nn))


def remove(nn: Any) -> None:
    """Puts back what was there; graphs that were built stay as they are."""
    _replaced.restore()


def is_applied() -> bool:
    """Whether graphs that are built now get ordered updates."""
    return bool(_replaced)


def _make_gradients(old: Callable) -> Callable:
    def gradients(loss: Any, vars: Any, *args: Any, **kwargs: Any) -> Any:
        """As before; remembers which loss the gradients belong to."""
        pairs = old(loss, vars, *args, **kwargs)
        losses = loss if isinstance(loss, (list, tuple)) else [loss]
        graph = losses[0].graph
        known = getattr(graph, _LOSSES_ATTRIBUTE, ())
        setattr(graph, _LOSSES_ATTRIBUTE, tuple(known) + (
            ([x.op for x in losses], [g.op for g, _ in pairs if g is not None]),))
        return pairs
    return gradients


def _chain_updates(nn: Any, optimizer: Any, grads_vars: Sequence[Tuple[Any, Any]],
                   made: Sequence[Any]) -> None:
    found = collect_updates(grads_vars, made)
    if len(found) > 1 and _needs_all_gradients(found):
        print("Patch lean_updates: %s looks at all gradients before its first update (their norm, "
              "or whether they are finite), so they all live at once; only the temporaries of the "
              "updates are ordered." % optimizer.name)
    for may_order_backward in (True, False):
        extra: Dict[Any, List[Any]] = {}
        order_in_branch([update for update in found if update.is_in_branch], extra)
        updates = [update for update in found if not update.is_in_branch]
        if updates:
            _order_updates(nn, optimizer, updates, extra, may_order_backward)
        late = find_cycle([op for update in found for op in update.write + update.others], extra)
        if late is None:
            add_edges(extra)
            return
    raise PatchError(
        "The patch lean_updates cannot order the updates of %s: %s would wait for itself." % (
            optimizer.name, late.name),
        ["train this model without lean_updates"])


def _order_updates(nn: Any, optimizer: Any, updates: Sequence[Update],
                   extra: Dict[Any, List[Any]], may_order_backward: bool) -> None:
    """Adds to `extra` what these updates have to wait for."""
    known_losses = getattr(nn.tf.get_default_graph(), _LOSSES_ATTRIBUTE, ())
    within = set(sort_ancestors([op for x in updates for op in x.write + x.others]))
    known = [(ops, gradients) for ops, gradients in known_losses
             if any(g in within for g in gradients)]
    is_own = bool(known) and all(g in within for _, gradients in known for g in gradients)
    losses = [op for ops, _ in known for op in ops if not is_in_branch(op)]
    before_loss = set(sort_ancestors(losses))
    within |= before_loss | set(sort_ancestors([g for _, gradients in known for g in gradients]))
    for update in updates:
        _find_late_readers(update, within, before_loss)
        for write in update.write:
            extra[write] = losses + update.readers
        _order_temporaries(update, extra)
    if is_own and may_order_backward:
        _order_phases(nn, updates, within, before_loss, extra)
        return
    # an edge at an op that another step needs too would let that step update these weights
    print("Patch lean_updates: %s %s; only the temporaries of its updates are ordered." % (
        optimizer.name, "has a backward pass of an order of its own" if is_own else
        "shares its gradients with another step, or has them from elsewhere than nn.gradients"))


def _needs_all_gradients(updates: Sequence[Update]) -> bool:
    first = set(sort_ancestors(updates[0].write))
    return all(update.gradient.op in first for update in updates)


def _find_late_readers(update: Update, within: Set[Any], before_loss: Set[Any]) -> None:
    """What reads the weight and is neither before its update nor before the loss.

    An op that leads to the update through a tensor's shape only does not count as before it: the
    graph optimizer may know the shape.
    """
    own = set(sort_ancestors(update.write, lambda op: op in before_loss or op.type in SHAPE_OPS
                             or op.type in ("ZerosLike", "OnesLike")))
    written = set(update.write)
    for reader in list_readers(get_variable_op(update.variable), within):
        if reader in own or reader in before_loss:
            continue
        # reads the new value on purpose
        if written.isdisjoint(sort_ancestors([reader], lambda op: op in before_loss)):
            update.readers.append(reader)


def _order_temporaries(update: Update, extra: Dict[Any, List[Any]]) -> None:
    """Within an update: nothing before the gradient, and a slot is written before its new value is
    used for the step, which can then take its memory."""
    made = set(update.made)
    wait_for_gradient(update, extra)
    for write in update.others:
        value = [tensor.op for tensor in list(write.inputs)[1:]]
        needed = set(sort_ancestors(value, lambda op: op not in made))
        for tensor in list(write.inputs)[1:]:
            for op in tensor.consumers():
                if op in made and op not in needed and op is not write and not is_in_branch(op):
                    extra.setdefault(op, []).append(write)


def _order_phases(nn: Any, updates: Sequence[Update], within: Set[Any], before_loss: Set[Any],
                  extra: Dict[Any, List[Any]]) -> None:
    """Adds to `extra` the order of the phases.

    They begin behind the loss: what a preview shows, or another loss needs, waits for no update.

    The backward ops of a weight begin when those of the weight before it are done, its update
    when the update before it is done. An update so runs beside the backward ops of the next
    weights, as long as the weights that wait for their update are small.
    """
    window = max(_get_size(update) for update in updates) * _WINDOW
    done: Set[Any] = set(before_loss)
    gate: Optional[Any] = None            # the backward ops of all weights before
    finished: List[Tuple[Any, float]] = []    # (update of a weight and all before, its size)
    for update in _sort_updates(updates):
        # the gradient of a padding makes the tensor smaller: at once, not with what uses it
        sliced = [op for reader in update.readers for op in list_consumers(reader, within)
                  if op.type == "Slice"]
        backward = update.readers + sliced
        if not is_in_branch(update.gradient.op):
            backward = backward + [update.gradient.op]
            # the weight's gradient frees an activation: before that of the layer's input
            for reader in update.readers:
                if reader not in done:
                    extra.setdefault(reader, []).append(update.gradient.op)
        phase = sort_ancestors(backward + update.write + update.others, lambda op: op in done)
        done.update(phase)
        made = set(update.made)
        earlier = [gate] if gate is not None else []
        for op in find_first_ops([op for op in phase if op not in made]):
            extra.setdefault(op, []).extend(earlier + _list_due(finished, window))
        if finished:
            for op in find_first_ops(update.made):
                extra.setdefault(op, []).append(finished[-1][0])
        gate = _make_gate(nn, update, backward + earlier)
        finished.append((_make_gate(nn, update, update.write + update.others
                                    + [op for op, _ in finished[-1:]]), _get_size(update)))


def _get_size(update: Update) -> float:
    return float(update.variable.shape.num_elements() or 0)


def _list_due(finished: Sequence[Tuple[Any, float]], window: float) -> List[Any]:
    """The last update that has to be finished so that those behind it fit into the window."""
    size = 0.0
    for op, own in reversed(finished):
        size += own
        if size > window:
            return [op]
    return []


def _make_gate(nn: Any, update: Update, ops: Sequence[Any]) -> Any:
    """An op that waits for others, on the weight's device."""
    tf = nn.tf
    with tf.name_scope(None), tf.device(None), tf.device(update.variable.device):
        with tf.control_dependencies(None), tf.control_dependencies(ops):
            return tf.no_op(name="lean_updates/done")


def _sort_updates(updates: List[Update]) -> List[Update]:
    """Updates in the order in which their gradients can be made, one branch after the other."""
    order = sort_by_backpropagation([op for update in updates for op in update.write])
    place = {op: number for number, op in enumerate(order)}
    return sorted(updates, key=lambda update: max(place[op] for op in update.write))

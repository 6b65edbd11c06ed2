"""Weights are updated one after the other, each as soon as its gradient is there.

Nothing in the reference's graph orders the updates, so all gradients and all temporaries of the
optimizer live at once, and a weight may change while ops still have to read it (spec 10 14.2).
This patch changes no op; it adds control edges to what `get_update_op` has made:

- the backward ops and the update ops of one weight are a phase, and the phases follow each other
  in the order of back-propagation, one branch of the networks after the other;
- what writes a weight waits for the loss and for every op that still reads the weight.

With gradient clipping the norm needs all gradients before the first update: then only the
temporaries are ordered, and the patch says so.
"""
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from .errors import PatchError
from .graph_walk import (SHAPE_OPS, find_cycle, get_written_variable, has_float_output, is_in_branch,
                         list_consumers, list_inputs, list_readers, sort_ancestors,
                         sort_by_backpropagation)
from .replacing import Replacements

NAME = "lean_updates"
SUMMARY = "updates each weight as soon as its gradient is there: less memory, no race"
CONFLICTS = ()

# Attribute of a tf.Graph: ((ops of the loss, ops of its gradients), ...). It lives with the graph.
_LOSSES_ATTRIBUTE = "_dfl_patches_losses"

# how large weights may be together that wait for their update, relative to the largest weight
_WINDOW = 0.25

_replaced = Replacements()
_running: List[Any] = []    # optimizers inside get_update_op: a subclass calls its base's


def apply(nn: Any) -> None:
    """Chains the updates of every optimizer class that is registered or derived from one."""
    if _replaced:
        return
    _replaced.replace(nn, "gradients", _make_gradients)
    for owner in _list_optimizer_classes(nn):
        _replace_update(nn, owner)
    _replaced.replace(nn.OptimizerBase, "__init_subclass__", lambda old: _make_subclass_hook(nn))


def remove(nn: Any) -> None:
    """Puts back what was there; graphs that were built stay as they are."""
    _replaced.restore()


def _replace_update(nn: Any, owner: type) -> None:
    _replaced.replace(owner, "get_update_op", lambda old: _make_get_update_op(nn, old))


def _list_optimizer_classes(nn: Any) -> List[type]:
    """Classes with a `get_update_op` of their own."""
    found: List[type] = []
    waiting = [value for value in vars(nn).values() if isinstance(value, type)]
    while waiting:
        owner = waiting.pop(0)
        if owner in found or not hasattr(owner, "get_update_op"):
            if owner is not nn.OptimizerBase:
                continue
        if "get_update_op" in vars(owner) and owner not in found:
            found.append(owner)
        waiting.extend(type.__subclasses__(owner))
    return found


def _make_subclass_hook(nn: Any) -> Any:
    def patch_subclass(cls: type, **kwargs: Any) -> None:
        """A plug-in defines an optimizer after the patch was applied."""
        super(nn.OptimizerBase, cls).__init_subclass__(**kwargs)
        if "get_update_op" in vars(cls):
            _replace_update(nn, cls)
    return classmethod(patch_subclass)


def _make_gradients(old: Callable) -> Callable:
    def gradients(loss: Any, vars: Any, *args: Any, **kwargs: Any) -> Any:
        """As before; remembers which loss the gradients belong to."""
        pairs = old(loss, vars, *args, **kwargs)
        losses = loss if isinstance(loss, (list, tuple)) else [loss]
        graph = losses[0].graph
        known = getattr(graph, _LOSSES_ATTRIBUTE, ())
        setattr(graph, _LOSSES_ATTRIBUTE, tuple(known) + (
            ([x.op for x in losses], [g.op for g, _ in pairs]),))
        return pairs
    return gradients


def _make_get_update_op(nn: Any, old: Callable) -> Callable:
    def get_update_op(self: Any, grads_vars: Sequence[Tuple[Any, Any]], *args: Any,
                      **kwargs: Any) -> Any:
        """As before, with the weights updated one after the other."""
        if self in _running:
            return old(self, grads_vars, *args, **kwargs)
        grads_vars = list(grads_vars)
        graph = nn.tf.get_default_graph()
        count = len(graph.get_operations())
        _running.append(self)
        try:
            result = old(self, grads_vars, *args, **kwargs)
        finally:
            _running.remove(self)
        made = graph.get_operations()[count:]
        _chain_updates(nn, str(self.name), grads_vars, made, getattr(graph, _LOSSES_ATTRIBUTE, ()))
        return result
    return get_update_op


class _Update(object):
    """The update of one weight."""

    def __init__(self, variable: Any, gradient: Any, write: List[Any]) -> None:
        self.variable = variable
        self.gradient = gradient
        self.write = write              # ops that write the weight
        self.others = []                # ops that write its slots
        self.made = []                  # all ops of the optimizer that only this weight needs
        self.readers = []               # ops that read the weight and may come late


def _chain_updates(nn: Any, name: str, grads_vars: Sequence[Tuple[Any, Any]],
                   made: Sequence[Any], known_losses: Sequence[Tuple[list, list]]) -> None:
    updates = _collect_updates(grads_vars, made)
    if not updates:
        return
    within = set(sort_ancestors([op for x in updates for op in x.write + x.others]))
    losses = [op for ops, gradients in known_losses if any(g in within for g in gradients)
              for op in ops if not is_in_branch(op)]
    before_loss = set(sort_ancestors(losses))
    within |= before_loss
    if len(updates) > 1 and _needs_all_gradients(updates):
        print("Patch lean_updates: %s clips by the norm of all gradients, so they all live at "
              "once; only the temporaries of the updates are ordered." % name)

    extra: Dict[Any, List[Any]] = {}
    for update in updates:
        _find_late_readers(update, within, before_loss)
        for write in update.write:
            extra[write] = losses + update.readers
        _order_temporaries(update, extra)
    _order_phases(nn, updates, within, extra)

    late = find_cycle([op for update in updates for op in update.write + update.others], extra)
    if late is not None:
        raise PatchError(
            "The patch lean_updates cannot order the updates of %s: %s would wait for itself." % (
                name, late.name),
            ["train this model without lean_updates"])
    for op, inputs in extra.items():
        there = set(op.control_inputs)
        op._add_control_inputs([x for x in dict.fromkeys(inputs) if x not in there])


def _collect_updates(grads_vars: Sequence[Tuple[Any, Any]], made: Sequence[Any]
                     ) -> List[_Update]:
    """The updates of the weights that `made` writes, with the writes of their slots."""
    writes: Dict[Any, List[Any]] = {}
    for op in made:
        variable = get_written_variable(op)
        if variable is not None and not is_in_branch(op):
            writes.setdefault(variable, []).append(op)
    updates = []
    for gradient, variable in grads_vars:
        written = _get_variable_op(variable)
        if written in writes:
            updates.append(_Update(variable, gradient, writes.pop(written)))

    fresh = set(made)
    users: Dict[Any, Set[int]] = {}   # op of `made` -> numbers of the updates that need it
    for number, update in enumerate(updates):
        for op in sort_ancestors(update.write, lambda op: op not in fresh):
            users.setdefault(op, set()).add(number)
    for ops in writes.values():
        for op in ops:
            # a slot belongs to the weight that its new value is made for
            numbers = [users[x.op] for x in op.inputs if len(users.get(x.op, ())) == 1]
            if numbers:
                updates[next(iter(numbers[0]))].others.append(op)
    for op, numbers in users.items():
        if len(numbers) == 1:
            updates[next(iter(numbers))].made.append(op)
    return updates


def _get_variable_op(variable: Any) -> Any:
    handle = getattr(variable, "handle", None)
    return variable.op if handle is None else handle.op


def _needs_all_gradients(updates: Sequence[_Update]) -> bool:
    first = set(sort_ancestors(updates[0].write))
    return all(update.gradient.op in first for update in updates)


def _find_late_readers(update: _Update, within: Set[Any], before_loss: Set[Any]) -> None:
    """What reads the weight and is neither before its update nor before the loss.

    An op that leads to the update through a tensor's shape only does not count as before it: the
    graph optimizer may know the shape.
    """
    own = set(sort_ancestors(update.write, lambda op: op in before_loss or op.type in SHAPE_OPS
                             or op.type in ("ZerosLike", "OnesLike")))
    written = set(update.write)
    for reader in list_readers(_get_variable_op(update.variable), within):
        if reader in own or reader in before_loss:
            continue
        # reads the new value on purpose
        if written.isdisjoint(sort_ancestors([reader], lambda op: op in before_loss)):
            update.readers.append(reader)


def _order_temporaries(update: _Update, extra: Dict[Any, List[Any]]) -> None:
    """Within an update: nothing before the gradient, and a slot is written before its new value is
    used for the step, which can then take its memory."""
    made = set(update.made)
    if update.gradient.op not in made and not is_in_branch(update.gradient.op):
        for op in _find_first_ops(update.made):
            if op is not update.gradient.op:
                extra.setdefault(op, []).append(update.gradient.op)
    for write in update.others:
        needed = set(sort_ancestors([write], lambda op: op not in made and op is not write))
        for tensor in list(write.inputs)[1:]:
            for op in tensor.consumers():
                if op in made and op not in needed and not is_in_branch(op):
                    extra.setdefault(op, []).append(write)


def _order_phases(nn: Any, updates: List[_Update], within: Set[Any],
                  extra: Dict[Any, List[Any]]) -> None:
    """Adds to `extra` the order of the phases.

    The backward ops of a weight begin when those of the weight before it are done, its update
    when the update before it is done. An update so runs beside the backward ops of the next
    weights, as long as the weights that wait for their update are small.
    """
    window = max(_get_size(update) for update in updates) * _WINDOW
    done: Set[Any] = set()
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
        for op in _find_first_ops([op for op in phase if op not in made]):
            extra.setdefault(op, []).extend(earlier + _list_due(finished, window))
        if finished:
            for op in _find_first_ops(update.made):
                extra.setdefault(op, []).append(finished[-1][0])
        gate = _make_gate(nn, update, backward + earlier)
        finished.append((_make_gate(nn, update, update.write + update.others
                                    + [op for op, _ in finished[-1:]]), _get_size(update)))


def _get_size(update: _Update) -> float:
    return float(update.variable.shape.num_elements() or 0)


def _list_due(finished: Sequence[Tuple[Any, float]], window: float) -> List[Any]:
    """The last update that has to be finished so that those behind it fit into the window."""
    size = 0.0
    for op, own in reversed(finished):
        size += own
        if size > window:
            return [op]
    return []


def _make_gate(nn: Any, update: _Update, ops: Sequence[Any]) -> Any:
    """An op that waits for others, on the weight's device."""
    tf = nn.tf
    with tf.name_scope(None), tf.device(None), tf.device(update.variable.device):
        with tf.control_dependencies(None), tf.control_dependencies(ops):
            return tf.no_op(name="lean_updates/done")


def _sort_updates(updates: List[_Update]) -> List[_Update]:
    """Updates in the order in which their gradients can be made, one branch after the other."""
    order = sort_by_backpropagation([op for update in updates for op in update.write])
    place = {op: number for number, op in enumerate(order)}
    return sorted(updates, key=lambda update: max(place[op] for op in update.write))


def _find_first_ops(phase: Sequence[Any]) -> List[Any]:
    """The ops of a phase that make floats and wait for no other such op of it."""
    first: List[Any] = []
    covered: Set[Any] = set()
    for op in phase:
        if any(x in covered for x in list_inputs(op)):
            covered.add(op)
        elif _may_wait(op):
            first.append(op)
            covered.add(op)
    return first


def _may_wait(op: Any) -> bool:
    if op.type in ("Const", "Placeholder", "PlaceholderWithDefault", "Variable", "VariableV2",
                   "VarHandleOp", "Identity") or is_in_branch(op):
        return False
    return has_float_output(op) or get_written_variable(op) is not None

"""What an optimizer's `get_update_op` has put into the graph, sorted by weight.

Patches that order updates wrap `get_update_op` of every optimizer class by `wrap_updates`, and add
control edges to what it has made; no op changes.
"""
from typing import Any, Callable, Dict, Iterable, List, Sequence, Set, Tuple

from .graph_walk import (find_first_ops, get_variable_op, get_written_variable, is_in_branch,
                         sort_ancestors)
from .replacing import Replacements

# of tensors that a branch takes from outside
_SWITCHES = ("Switch", "RefSwitch")


class Update(object):
    """The update of one weight."""

    def __init__(self, variable: Any, gradient: Any, write: List[Any]) -> None:
        self.variable = variable
        self.gradient = gradient
        self.write = write              # ops that write the weight
        self.others: List[Any] = []     # ops that write its slots
        self.made: List[Any] = []       # all ops of the optimizer that only this weight needs
        self.readers: List[Any] = []    # ops that read the weight and may come late

    @property
    def is_in_branch(self) -> bool:
        """Whether it only runs under a condition (a loss scale's finite check)."""
        return is_in_branch(self.write[0])


def wrap_updates(nn: Any, replacements: Replacements,
                 handle: Callable[[Any, List[Tuple[Any, Any]], List[Any]], None]) -> None:
    """Call `handle(optimizer, grads_vars, made ops)` after each outermost `get_update_op` of every
    optimizer class that is registered, derived from one, or defined later."""
    running: List[Any] = []     # optimizers inside get_update_op: a subclass calls its base's

    def make_get_update_op(old: Callable) -> Callable:
        def get_update_op(self: Any, grads_vars: Iterable[Tuple[Any, Any]], *args: Any,
                          **kwargs: Any) -> Any:
            if self in running:
                return old(self, grads_vars, *args, **kwargs)
            grads_vars = list(grads_vars)
            graph = nn.tf.get_default_graph()
            count = len(graph.get_operations())
            running.append(self)
            try:
                result = old(self, grads_vars, *args, **kwargs)
            finally:
                running.remove(self)
            handle(self, grads_vars, graph.get_operations()[count:])
            return result
        return get_update_op

    def make_subclass_hook(old: Callable) -> Any:
        def patch_subclass(cls: type, **kwargs: Any) -> None:
            """A plug-in defines an optimizer after the patch was applied."""
            super(nn.OptimizerBase, cls).__init_subclass__(**kwargs)
            if "get_update_op" in vars(cls):
                replacements.replace(cls, "get_update_op", make_get_update_op)
        return classmethod(patch_subclass)

    for owner in _list_optimizer_classes(nn):
        replacements.replace(owner, "get_update_op", make_get_update_op)
    replacements.replace(nn.OptimizerBase, "__init_subclass__", make_subclass_hook)


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


def collect_updates(grads_vars: Sequence[Tuple[Any, Any]], made: Sequence[Any]) -> List[Update]:
    """The updates of the weights that `made` writes, with the writes of their slots."""
    writes: Dict[Any, List[Any]] = {}
    for op in made:
        variable = get_written_variable(op)
        if variable is not None:
            writes.setdefault(variable, []).append(op)
    updates = []
    for gradient, variable in grads_vars:
        written = get_variable_op(variable)
        if gradient is not None and written in writes:
            updates.append(Update(variable, gradient, writes.pop(written)))

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


def wait_for_gradient(update: Update, extra: Dict[Any, List[Any]]) -> None:
    """Adds to `extra` (op -> ops it has to wait for): nothing of an update before its gradient.

    AdaBelief and RMSprop multiply their state by a constant; these products need no gradient, so
    they would all be made when the step begins and wait for it."""
    if update.gradient.op in update.made or is_in_branch(update.gradient.op):
        return
    for op in find_first_ops(update.made):
        if op is not update.gradient.op:
            extra.setdefault(op, []).append(update.gradient.op)


def order_in_branch(updates: Sequence[Update], extra: Dict[Any, List[Any]]) -> None:
    """Adds to `extra`: each update of a branch waits for the one before.

    An edge may not lead into another branch, so only ops of the same one are ordered."""
    before: List[Any] = []
    for update in updates:
        context = update.write[0]._get_control_flow_context()
        inside = [op for op in update.made if op._get_control_flow_context() is context
                  and op.inputs and op.type not in _SWITCHES]
        for op in inside:
            if not any(tensor.op in inside for tensor in op.inputs):
                extra.setdefault(op, []).extend(before)
        before = [op for op in update.write + update.others
                  if op._get_control_flow_context() is context]


def add_edges(extra: Dict[Any, List[Any]]) -> None:
    """Make each op of `extra` wait for its list."""
    for op, inputs in extra.items():
        there = set(op.control_inputs)
        op._add_control_inputs([x for x in dict.fromkeys(inputs) if x not in there])


def delay_updates(nn: Any, replacements: Replacements) -> None:
    """Every update of every optimizer waits for its gradient (`wait_for_gradient`)."""
    def delay(optimizer: Any, grads_vars: List[Tuple[Any, Any]], made: List[Any]) -> None:
        extra: Dict[Any, List[Any]] = {}
        for update in collect_updates(grads_vars, made):
            if not update.is_in_branch:
                wait_for_gradient(update, extra)
        add_edges(extra)
    wrap_updates(nn, replacements, delay)

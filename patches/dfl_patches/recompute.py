"""Activations are made again when back-propagation needs them, instead of being kept.

The forward graph is cut into segments. What crosses a border is kept; what a gradient needs of a
segment's inside is made again by copies of its ops, and only the inputs of the gradient's ops are
turned to the copies. So the backward graph is the same, op for op, and no value changes. (On
TensorFlow 2.6 the session's constant folding reorders products with constants when an op has one
reader less: there gradients may differ by a rounding.)

The copies of a segment wait for the gradient that comes into it, and for the backward ops of the
segment before it: without that TensorFlow runs them at once, or finds them equal to the originals
and merges both. Ops that must not run twice (random numbers, assignments, reads of variables,
placeholders, branches, loops) are never copied: the copies take their outputs.

Every copy that reads a weight comes before the gradient of that weight is handed out, so it never
sees a weight of the next step.
"""
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from . import lean_updates
from .errors import PatchError
from .graph_walk import (SHAPE_OPS, find_first_ops, get_variable_op, is_in_branch, list_readers,
                         list_reads, sort_ancestors, sort_by_backpropagation)
from .recompute_segments import Forward, Segment, choose_segments
from .replacing import Replacements
from .weight_updates import delay_updates

NAME = "recompute"
SUMMARY = "makes activations again in the backward pass: about half the memory, a bit more time"
CONFLICTS = ()

_replaced = Replacements()
_chooser: List[Callable[[Forward], Sequence[Segment]]] = [choose_segments]


def apply(nn: Any) -> None:
    """Gradients that are built from now on make their activations again, and the optimizer's
    products of its state, which need no gradient, are not made when the step begins."""
    if not _replaced:
        _replaced.replace(nn, "gradients", lambda old: _make_gradients(nn, old))
        delay_updates(nn, _replaced)


def remove(nn: Any) -> None:
    """Puts back what was there; graphs that were built stay as they are."""
    _replaced.restore()


def set_chooser(choose: Optional[Callable[[Forward], Sequence[Segment]]] = None) -> None:
    """What chooses the segments of graphs built from now on; None: `choose_segments`.

    choose(forward) gets the ops that lead to the loss, with their sizes, and returns segments:
    ranges of them that do not overlap. Ops outside all segments keep what they make.
    """
    _chooser[0] = choose or choose_segments


def _make_gradients(nn: Any, old: Callable) -> Callable:
    def gradients(loss: Any, vars: Any, *args: Any, **kwargs: Any) -> Any:
        """As before, from activations that are made again."""
        losses = [x.op for x in (loss if isinstance(loss, (list, tuple)) else [loss])]
        graph = losses[0].graph
        before = graph.get_operations()
        pairs = old(loss, vars, *args, **kwargs)
        backward = graph.get_operations()[len(before):]
        return _Rewriter(nn, before, losses, backward, pairs).rewrite()
    return gradients


class _Rewriter(object):
    """Turns one backward graph to copies of forward ops."""

    def __init__(self, nn: Any, before: Sequence[Any], losses: Sequence[Any],
                 backward: Sequence[Any], pairs: Sequence[Tuple[Any, Any]]) -> None:
        self.nn = nn
        self.losses = losses
        self.pairs = pairs
        self.within = set(backward)
        ancestors = set(sort_ancestors(losses))
        self.forward = Forward([op for op in before if op in ancestors], losses, self.within)
        self.copies: Dict[Any, Any] = {}

    def rewrite(self) -> List[Tuple[Any, Any]]:
        """The pairs of gradients and variables."""
        order = self._sort_backward()
        place = {op: number for number, op in enumerate(order)}
        jobs = []
        owner = self._number_segments(_chooser[0](self.forward))
        for uses in self._collect_uses(owner).values():
            uses = [use for use in uses if use[1] in place]
            if uses:
                jobs.append((min(place[op] for _, op, _ in uses), uses))
        jobs.sort(key=lambda job: job[0])
        waiting: List[Any] = []
        ends = [first for first, _ in jobs[1:]] + [len(order)]
        for (first, uses), end in zip(jobs, ends):
            due = [op for op in waiting if place[op] < first]
            waiting = [op for op in waiting if place[op] >= first]
            self._rewrite_segment(uses, order[first:max(end, first + 1)], due, owner)
            waiting += list(dict.fromkeys(op for _, op, _ in uses))
        return self._guard_weights()

    def _sort_backward(self) -> List[Any]:
        """The backward ops, weight after weight: its gradient, then what else reads it. This is
        the order in which lean_updates lets them run."""
        def is_outside(op: Any) -> bool:
            return op not in self.within
        variables = {g.op: get_variable_op(v) for g, v in self.pairs if g is not None}
        roots: List[Any] = []
        for root in sort_by_backpropagation(list(variables), is_outside):
            roots.append(root)
            roots += list_readers(
                variables[root], self.within | set(list_reads(variables[root])))
        return sort_ancestors(roots, is_outside)

    def _number_segments(self, segments: Sequence[Segment]) -> Dict[Any, int]:
        """{op: number of its segment}"""
        owner: Dict[Any, int] = {}
        for number, segment in enumerate(segments):
            for op in self.forward.ops[segment.start:segment.stop]:
                if op in owner:
                    raise PatchError("Two segments of recompute share the op %s." % op.name,
                                     ["choose segments that do not overlap"])
                owner[op] = number
        return owner

    def _collect_uses(self, owner: Dict[Any, int]) -> Dict[int, list]:
        """{segment: [(tensor, backward op, number of the input)]} of what is made again."""
        uses: Dict[int, list] = {}
        for op, number in owner.items():
            for tensor in op.outputs:
                if not self._is_made_again(tensor, owner):
                    continue
                for user in tensor.consumers():
                    if user not in self.within or user.type in SHAPE_OPS:
                        continue
                    uses.setdefault(number, []).extend(
                        (tensor, user, i) for i, x in enumerate(user.inputs) if x is tensor)
        return uses

    def _is_made_again(self, tensor: Any, owner: Dict[Any, int]) -> bool:
        """Whether a tensor of a segment is not kept."""
        op = tensor.op
        return self.forward.can_copy(op) and not self.forward.is_pinned(tensor) and all(
            owner.get(user) == owner[op] for user in self.forward.get_users(tensor))

    def _rewrite_segment(self, uses: list, backward: Sequence[Any], due: Sequence[Any],
                         owner: Dict[Any, int]) -> None:
        """backward: the ops from the first use on to the next segment's. They and the copies
        begin when `due` and what comes into the first of them are done."""
        tf = self.nn.tf
        first = backward[0]
        incoming = [x.op for x in first.inputs if x.op in self.within and not is_in_branch(x.op)]
        after = [op for op in self.losses + incoming + list(due) if not is_in_branch(op)]
        with tf.name_scope(None), tf.name_scope("recompute"), tf.control_dependencies(None):
            with tf.device(None), tf.device(first.device):
                with tf.control_dependencies(after):
                    start = tf.no_op(name="start")
            for tensor, user, number in uses:
                copy = self._copy(tensor.op, start, owner)
                user._update_input(number, copy.outputs[tensor.value_index])
        if not lean_updates.is_applied():    # that orders the backward ops itself
            for op in find_first_ops(backward):
                op._add_control_inputs([start])

    def _copy(self, op: Any, start: Any, owner: Dict[Any, int]) -> Any:
        """The copy of an op, made with those that it needs."""
        stack = [op]
        while stack:
            op = stack[-1]
            inner = [x.op for x in op.inputs if owner.get(x.op) == owner[op]
                     and self._is_made_again(x, owner)]
            missing = [x for x in inner if x not in self.copies]
            if missing and op not in self.copies:
                stack += missing
                continue
            stack.pop()
            if op not in self.copies:
                self.copies[op] = self._copy_one(op, set(inner), start)
        return self.copies[op]

    def _copy_one(self, op: Any, inner: Set[Any], start: Any) -> Any:
        tf = self.nn.tf
        inputs = [self.copies[x.op].outputs[x.value_index] if x.op in inner else x
                  for x in op.inputs]
        attributes = {key: value for key, value in op.node_def.attr.items()
                      if not key.startswith("_") or key == "_class"}
        with tf.device(None), tf.device(op.device):
            # one edge at the roots is enough, and leaves the others as the originals are
            with tf.control_dependencies([] if inner else [start]):
                copy = op.graph.create_op(
                    op.type, inputs, [x.dtype for x in op.outputs], name=op.name,
                    attrs=attributes, op_def=op.op_def)
        for made, original in zip(copy.outputs, op.outputs):
            made.set_shape(original.shape)
        return copy

    def _guard_weights(self) -> List[Tuple[Any, Any]]:
        """The pairs, each gradient behind all copies that read its variable."""
        tf = self.nn.tf
        copies = set(self.copies.values())
        guarded = []
        for gradient, variable in self.pairs:
            if gradient is None:    # some trees hand that on
                guarded.append((gradient, variable))
                continue
            source = get_variable_op(variable)
            reads = set(list_reads(source))
            late = [op for op in list_readers(source, copies | reads) if op in copies]
            if late:
                known = set(sort_ancestors(
                    [gradient.op], lambda op: op not in self.within and op not in copies))
                late = [op for op in late if op not in known]
            if late:
                with tf.control_dependencies(None), tf.control_dependencies(late):
                    with tf.device(gradient.device):
                        gradient = tf.identity(gradient)
            guarded.append((gradient, variable))
        return guarded

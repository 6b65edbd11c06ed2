"""Where the forward graph is cut: what a cut keeps, what a segment makes again, and the choice."""
from collections import namedtuple
from typing import Any, Dict, List, Sequence, Set, Tuple

from .graph_walk import BRANCH_OPS, SHAPE_OPS, VARIABLES, has_float_output, is_in_branch

# Ops start to stop - 1 of Forward.ops. label: where in the model they are.
Segment = namedtuple("Segment", "start stop label")

NOMINAL_BATCH = 8      # stands for unknown dimensions: only ratios of sizes count
_MULTIPLYING = ("Conv2D", "MatMul", "BatchMatMul", "BatchMatMulV2", "DepthwiseConv2dNative",
                "Conv2DBackpropInput")
# what one per cent more multiplications in the forward pass may save, in per cent of the bytes
_PRICE_OF_TIME = 0.5
_TRIED_SIZES = 32


class Forward(object):
    """The ops that lead to a loss, in the order of their creation.

    ops     every op comes after what it needs (loops aside)
    """

    def __init__(self, ops: Sequence[Any], losses: Sequence[Any], backward: Set[Any]) -> None:
        self.ops = list(ops)
        self.number = {op: i for i, op in enumerate(self.ops)}
        self._losses = set(losses)
        self._backward = backward
        self._users: Dict[Any, List[Any]] = {}
        self._constant: Set[Any] = set()
        self._copyable: Set[Any] = set()
        for op in self.ops:
            if op.type == "Const" or (op.inputs and not op.op_def.is_stateful
                                      and all(x.op in self._constant for x in op.inputs)):
                self._constant.add(op)
            elif _is_pure(op):
                self._copyable.add(op)
            if op.type in SHAPE_OPS:
                continue
            for tensor in op.inputs:
                self._users.setdefault(_key(tensor), []).append(op)

    def can_copy(self, op: Any) -> bool:
        """Whether `op` may run twice, and is worth it."""
        return op in self._copyable

    def get_users(self, tensor: Any) -> List[Any]:
        """The forward ops that read the values of a tensor."""
        return self._users.get(_key(tensor), [])

    def is_pinned(self, tensor: Any) -> bool:
        """Whether a tensor is there anyway: it is a loss, or used within a branch."""
        return tensor.op in self._losses or any(
            user in self._backward and is_in_branch(user) for user in tensor.consumers())

    def is_used_backward(self, tensor: Any) -> bool:
        """Whether the gradient reads the values of a tensor."""
        return any(user in self._backward and user.type not in SHAPE_OPS
                   for user in tensor.consumers())


def _key(tensor: Any) -> Tuple[Any, int]:
    return tensor.op, tensor.value_index


def _is_pure(op: Any) -> bool:
    if not has_float_output(op) or op.op_def is None or op.op_def.is_stateful:
        return False
    if op.type in BRANCH_OPS or op._get_control_flow_context() is not None:
        return False
    if any(x._is_ref_dtype for x in [y.dtype for y in list(op.outputs) + list(op.inputs)]):
        return False
    if any(x.op.type in VARIABLES for x in op.inputs) or op.type == "Placeholder":
        return False
    return len(op.inputs) != 0 and not op.control_inputs


def get_bytes(tensor: Any) -> int:
    """Size of a tensor at the nominal batch; 0 if its rank is not known."""
    if tensor.shape.ndims is None:
        return 0
    count = tensor.dtype.base_dtype.size
    for side in tensor.shape.as_list():
        count *= NOMINAL_BATCH if side is None else side
    return count


def _count_multiplications(op: Any) -> int:
    if op.type not in _MULTIPLYING:
        return 0
    weight = op.inputs[1].shape.as_list() if op.inputs[1].shape.ndims is not None else []
    per_output = 1
    for side in weight[:-1]:
        per_output *= side or 1
    if op.type == "DepthwiseConv2dNative":
        per_output //= max(1, weight[2] or 1)
    return per_output * (get_bytes(op.outputs[0]) // 4)


# A possible segment that ends at a cut: the cut that it begins at, bytes that it keeps, bytes
# and multiplications that it makes again.
_Choice = namedtuple("_Choice", "begin kept inside work")


def choose_segments(forward: Forward) -> List[Segment]:
    """Segments of which the kept tensors and the largest inside together are small.

    For every tried size of an inside the cuts that keep least are found from cut to cut.
    """
    cuts = _list_cuts(forward)
    total = sum(get_bytes(x) for op in forward.ops if forward.can_copy(op) for x in op.outputs
                if forward.is_used_backward(x))
    work = sum(_count_multiplications(op) for op in forward.ops) or 1
    if len(cuts) < 3 or total == 0:
        return []
    choices = [_list_choices(forward, cuts, end, total // 3) for end in range(len(cuts))]
    price = _PRICE_OF_TIME * total / work
    best = None
    for step in range(_TRIED_SIZES):
        limit = total / 3 / 1.13 ** step
        cost, begins, inside = _find_cheapest(choices, limit, price)
        if best is None or cost + inside / 2 < best[0]:
            best = cost + inside / 2, begins
    segments = []
    end = len(cuts) - 1
    while end > 0:
        begin = best[1][end]
        segments.append(Segment(cuts[begin], cuts[end],
                                _make_label(forward.ops[cuts[begin]:cuts[end]])))
        end = begin
    return segments[::-1]


def _list_cuts(forward: Forward) -> List[int]:
    """Numbers of ops before which a segment may begin: behind every large tensor."""
    sizes = [max([get_bytes(x) for x in op.outputs] or [0]) if forward.can_copy(op) else 0
             for op in forward.ops]
    least = max(sizes or [0]) // 64
    cuts = [i + 1 for i, size in enumerate(sizes) if size > least]
    return sorted(set([0] + cuts + [len(forward.ops)]))


def _list_choices(forward: Forward, cuts: Sequence[int], end: int, limit: int) -> List[_Choice]:
    """The segments that end at cut number `end`, from the shortest on, up to the limit."""
    choices: List[_Choice] = []
    made_again: Set[Any] = set()     # ops that the segment would copy
    kept = inside = work = 0
    begin = end - 1
    for i in range(cuts[end] - 1, -1, -1):
        op = forward.ops[i]
        if forward.can_copy(op):
            is_needed = False
            for tensor in op.outputs:
                users = forward.get_users(tensor)
                is_used = forward.is_used_backward(tensor)
                if any(forward.number[user] >= cuts[end] for user in users):
                    kept += get_bytes(tensor)
                elif is_used or any(user in made_again for user in users):
                    is_needed = True
                    inside += get_bytes(tensor) if is_used else 0
            if is_needed:
                made_again.add(op)
                work += _count_multiplications(op)
        if begin >= 0 and i == cuts[begin]:
            choices.append(_Choice(begin, kept, inside, work))
            begin -= 1
            if inside > limit:
                break
    return choices


def _find_cheapest(choices: Sequence[Sequence[_Choice]], limit: float, price: float
                   ) -> Tuple[float, List[int], int]:
    """(bytes kept with the price of the work, where the segment before each cut begins, largest
    inside)"""
    costs, begins, largest = [0.0], [0], [0]
    for end in range(1, len(choices)):
        best = None
        for number, choice in enumerate(choices[end]):
            if number > 0 and choice.inside > limit:
                break
            cost = costs[choice.begin] + choice.kept + price * choice.work
            if best is None or cost < best[0]:
                best = cost, choice.begin, max(largest[choice.begin], choice.inside)
        costs.append(best[0])
        begins.append(best[1])
        largest.append(best[2])
    return costs[-1], begins, largest[-1]


def _make_label(ops: Sequence[Any]) -> str:
    """The common scope of the weights that are read, or `loss`."""
    names = [x.op.name.split("/")[:-1] for op in ops for x in op.inputs
             if x.op.type in ("Identity", "ReadVariableOp") and x.op.inputs
             and x.op.inputs[0].op.type in VARIABLES]
    if not names:
        return "loss"
    shared = list(names[0])
    for name in names[1:]:
        while shared and name[:len(shared)] != shared:
            shared.pop()
    return "/".join(shared) or "/".join(names[0])

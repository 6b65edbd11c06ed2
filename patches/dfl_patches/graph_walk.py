"""Walks over a TensorFlow graph that the patches of memory share. Nothing here changes a graph."""
from typing import Any, Callable, Dict, Iterable, List, Sequence, Set

# Outputs that may be the memory of an input: who reads such an output reads the input.
ALIASES = frozenset((
    "Bitcast", "BroadcastTo", "Cast", "CheckNumerics", "ConcatV2", "DebugGradientIdentity",
    "EnsureShape", "Enter", "Exit", "ExpandDims", "Identity", "IdentityN", "Merge",
    "NextIteration", "Pack", "PlaceholderWithDefault", "PreventGradient", "RefEnter", "RefExit",
    "RefIdentity", "RefMerge", "RefNextIteration", "RefSwitch", "Reshape", "Slice", "Snapshot",
    "Split", "SplitV", "Squeeze", "StopGradient", "StridedSlice", "Switch", "Tile", "Transpose",
    "Unpack"))
# They read no value, only a shape, and run as soon as their input is there.
SHAPE_OPS = frozenset(("Shape", "ShapeN", "Size", "Rank"))
# They begin, join or end branches and loops.
BRANCH_OPS = frozenset(("Enter", "Exit", "LoopCond", "Merge", "NextIteration", "Switch"))
VARIABLES = frozenset(("Variable", "VariableV2", "VarHandleOp"))


def list_inputs(op: Any) -> List[Any]:
    """The ops that run before `op`: those of its inputs, then its control inputs."""
    return [tensor.op for tensor in op.inputs] + list(op.control_inputs)


def list_sources(op: Any) -> List[Any]:
    """The ops whose outputs `op` takes."""
    return [tensor.op for tensor in op.inputs]


def sort_ancestors(roots: Iterable[Any], stop: Callable[[Any], bool] = lambda op: False,
                   list_below: Callable[[Any], List[Any]] = list_inputs) -> List[Any]:
    """`roots` and everything they need, each after what it needs, one branch after the other.

    Ops for which `stop` is true are left out with all that only they need. The edge that closes
    a loop is not followed.
    """
    order: List[Any] = []
    seen: Set[Any] = set()
    for root in roots:
        if root in seen or stop(root):
            continue
        seen.add(root)
        stack = [(root, iter(list_below(root)))]
        while stack:
            op, inputs = stack[-1]
            for below in inputs:
                if below not in seen and not stop(below):
                    seen.add(below)
                    stack.append((below, iter(list_below(below))))
                    break
            else:
                stack.pop()
                order.append(op)
    return order


def sort_by_backpropagation(roots: Sequence[Any], stop: Callable[[Any], bool] = lambda op: False
                            ) -> List[Any]:
    """The roots in the order in which back-propagation can make them.

    The way to the deepest root goes through one branch of the networks after the other; another
    root comes as soon as all that it needs of this way is there. What a weight that is used in
    several branches gets from the first of them is so not made before the others get there.
    Control edges do not count, so the order stays the same when a patch has added some.
    """
    everything = sort_ancestors(roots, stop, list_sources)
    known = set(everything)
    depth: Dict[Any, int] = {}
    for op in everything:
        depth[op] = 1 + max([depth.get(x, 0) for x in list_sources(op)] or [0])
    found = [op for op in dict.fromkeys(roots) if op in known]
    deepest = max(found, key=lambda op: depth[op])
    backbone = sort_ancestors([deepest], lambda op: op not in known, list_sources)
    latest: Dict[Any, int] = {op: number for number, op in enumerate(backbone)}
    for op in everything:
        if op not in latest:
            latest[op] = max([latest.get(x, -1) for x in list_sources(op)] or [-1])
    return sorted(found, key=lambda op: (latest[op], depth[op]))


def is_in_branch(op: Any) -> bool:
    """Whether `op` belongs to a branch or a loop: it may never run, or run more than once."""
    context = op._get_control_flow_context()
    if context is not None and op.type in ("Exit", "RefExit"):
        context = context.outer_context
    return context is not None


def has_float_output(op: Any) -> bool:
    """Whether `op` makes a tensor that can be large; shapes and indices are integers."""
    return any(tensor.dtype.is_floating for tensor in op.outputs)


def list_consumers(op: Any, within: Set[Any]) -> List[Any]:
    """Ops of `within` that take an output of `op`."""
    return [consumer for tensor in op.outputs for consumer in tensor.consumers()
            if consumer in within]


def list_readers(variable: Any, within: Set[Any]) -> List[Any]:
    """Ops of `within` that read the memory of a variable op, directly or through aliases.

    A reader inside a branch is replaced by the ops that follow behind the branch, because
    nothing outside may wait for an op that does not run.
    """
    readers: List[Any] = []
    seen: Set[Any] = set()
    waiting = list_consumers(variable, within)
    while waiting:
        op = waiting.pop()
        if op in seen or op.type in SHAPE_OPS or is_write(op):
            continue
        seen.add(op)
        if not is_in_branch(op):
            readers.append(op)
        if op.type in ALIASES or op.type == "ReadVariableOp" or is_in_branch(op):
            waiting.extend(list_consumers(op, within))
    return readers


def get_variable_op(variable: Any) -> Any:
    """The op of a tf.Variable that holds its memory."""
    handle = getattr(variable, "handle", None)
    return variable.op if handle is None else handle.op


def list_reads(variable: Any) -> List[Any]:
    """The ops that turn a variable op into a tensor."""
    return [op for tensor in variable.outputs for op in tensor.consumers()
            if op.type in ("Identity", "ReadVariableOp")]


def get_written_variable(op: Any) -> Any:
    """The variable op that `op` writes, or None. A branch takes the variable through a switch."""
    if not op.inputs or op.type.startswith("Ref"):
        return None
    target = op.inputs[0].op
    while target.type in ("Switch", "RefSwitch"):
        target = target.inputs[0].op
    if target.type not in VARIABLES:
        return None
    if target.type == "VarHandleOp":
        is_reader = op.type in ("ReadVariableOp", "VarIsInitializedOp", "VariableShape",
                                "ResourceGather", "ResourceGatherNd", "Switch", "Identity")
        return None if is_reader else target
    is_ref = op.op_def is not None and op.op_def.input_arg and op.op_def.input_arg[0].is_ref
    return target if is_ref and op.type != "IsVariableInitialized" else None


def is_write(op: Any) -> bool:
    return get_written_variable(op) is not None


def find_cycle(roots: Sequence[Any], extra: Dict[Any, Sequence[Any]]) -> Any:
    """An op that would wait for itself if each op of `extra` waited for its list too, or None."""
    state: Dict[Any, int] = {}    # 1: being visited, 2: done
    for root in roots:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(list_inputs(root) + list(extra.get(root, ()))))]
        while stack:
            op, inputs = stack[-1]
            for below in inputs:
                if below.type in ("NextIteration", "RefNextIteration"):
                    continue
                if state.get(below) == 1:
                    return below
                if below not in state:
                    state[below] = 1
                    stack.append(
                        (below, iter(list_inputs(below) + list(extra.get(below, ())))))
                    break
            else:
                stack.pop()
                state[op] = 2
    return None


def find_first_ops(ops: Sequence[Any]) -> List[Any]:
    """Of sorted ops those that make floats or write, and wait for no other such op of them."""
    first: List[Any] = []
    covered: Set[Any] = set()
    for op in ops:
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
    return has_float_output(op) or is_write(op)

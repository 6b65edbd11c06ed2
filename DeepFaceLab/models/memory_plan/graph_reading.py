"""The ops of a graph that a session would run, with the sizes of what they hand on.

The batch is unknown to a graph that is built for training; here it is put in, by reading the graph
into a scratch graph whose placeholders have it.
"""
from collections import namedtuple
from typing import Any, Container, Dict, Iterable, List, Sequence, Tuple

from core.leras import nn

from . import kernels

# One op. inputs: (index of the op, its output) of each input. waits: indices of control inputs.
# sizes: bytes of each output. forward: inputs whose buffer output 0 may take. workspace: bytes
# while it runs. is_kept: its outputs outlive the step (weights) or are there before it (constants).
Op = namedtuple('Op', ('name', 'type', 'device', 'inputs', 'waits', 'sizes', 'elements', 'types',
                       'workspace', 'work', 'is_kept', 'is_alias'))

HOST_TYPES = frozenset(('Shape', 'ShapeN', 'Size', 'Rank', 'BroadcastGradientArgs', 'ConcatOffset',
                        'Const'))


Batch = namedtuple('Batch', ('built', 'wanted'))     # samples of a step

# What decides the workspaces of a CPU's kernels; bytes of its last-level cache.
Processor = namedtuple('Processor', ('is_onednn', 'cache_bytes'))


def read_ops(graph: Any, scratch: Any, fetched: Sequence[str], default_device: str,
             processor: Processor) -> List[Op]:
    """Ops of a step in the order of creation, without those that are never run, that equal another
    (TensorFlow merges them) or whose value is known before the first step.

    graph: as it was built. scratch: its `copy_with_batch`. fetched: names of the fetched ops.
    default_device: of ops that name none."""
    ops = list_needed(scratch, fetched)
    known = find_known_before(ops, graph)
    return number_ops(ops, merge_equal(ops), known, Devices(scratch, default_device), processor)


def copy_with_batch(graph: Any, batch: Batch) -> Any:
    """A graph of the same ops in which the batch is known: as the first side of each placeholder,
    and in the slices that the towers take of it."""
    tf = nn.tf
    definition = graph.as_graph_def()
    nodes = {node.name: node for node in definition.node}
    for node in definition.node:
        node.attr.pop('_output_shapes', None)
        if node.op == 'Placeholder' and is_batch(node):
            node.attr['shape'].shape.dim[0].size = batch.wanted
    if batch.wanted != batch.built:
        for node in definition.node:
            if node.op == 'StridedSlice' and is_batch(nodes.get(node.input[0].partition(':')[0])):
                for name in node.input[1:3]:
                    scale_first(nodes[name], batch)
    scratch = tf.Graph()
    with scratch.as_default():
        tf.import_graph_def(definition, name='')
    return scratch


def is_batch(node: Any) -> bool:
    """Whether a node is a placeholder of a batch of samples, of any size or known by now."""
    return node is not None and node.op == 'Placeholder' and len(node.attr['shape'].shape.dim) == 4


def scale_first(node: Any, batch: Batch) -> None:
    """Where a tower's share begins or ends, for another batch."""
    tensor = node.attr['value'].tensor
    values = nn.tf.make_ndarray(tensor).copy()
    values[0] = values[0] * batch.wanted // batch.built
    tensor.CopyFrom(nn.tf.make_tensor_proto(values))


def list_needed(graph: Any, names: Iterable[str]) -> List[Any]:
    """The ops of these names and all that they need, in the order of creation."""
    found, pending = set(), [graph.get_operation_by_name(name) for name in names]
    while pending:
        op = pending.pop()
        if op in found:
            continue
        found.add(op)
        pending.extend(tensor.op for tensor in op.inputs)
        pending.extend(op.control_inputs)
    return [op for op in graph.get_operations() if op in found]


def merge_equal(ops: Sequence[Any]) -> Dict[Any, Any]:
    """{op: the first that computes the same from the same}, for all of `ops`."""
    first: Dict[Any, Any] = {}
    kept: Dict[Any, Any] = {}
    for op in ops:
        if op.type in kernels.NEVER_FOLDED or any(x.dtype._is_ref_dtype for x in op.outputs):
            kept[op] = op
            continue
        definition = op.node_def
        inputs = tuple((kept[x.op], x.value_index) for x in op.inputs)
        waits = frozenset(kept[x] for x in op.control_inputs)
        attributes = tuple(sorted((key, value.SerializeToString())
                                  for key, value in definition.attr.items()
                                  if key not in ('_class', '_output_shapes')))
        kept[op] = first.setdefault((op.type, op.device, inputs, waits, attributes), op)
    return kept


def find_known_before(ops: Sequence[Any], original: Any) -> set:
    """Ops whose values are constants once the session has prepared the graph."""
    known = set()
    for op in ops:
        if op.type == 'Const':
            known.add(op)
            continue
        if op.type in kernels.NEVER_FOLDED or not op.outputs or op.control_inputs:
            continue
        if op.type in kernels.SHAPE_READERS:
            source = original.get_operation_by_name(op.name)
            if all(x.shape.is_fully_defined() for x in source.inputs):
                known.add(op)
        elif op.inputs and all(x.op in known for x in op.inputs):
            if sum(measure(x) for x in op.outputs) <= kernels.FOLDED_BYTES:
                known.add(op)
    return known


def measure(tensor: Any) -> int:
    """Bytes; an unknown side counts as 1."""
    return count(tensor) * max(1, tensor.dtype.base_dtype.size)


def count(tensor: Any) -> int:
    if tensor.shape.ndims is None:
        return 1
    return kernels.count_elements([side or 1 for side in tensor.shape.as_list()])


class Devices(object):
    """Where ops run: their own device, else that of what they are colocated with."""

    def __init__(self, graph: Any, default: str) -> None:
        self.graph, self.default = graph, default

    def find(self, op: Any) -> str:
        for _ in range(8):
            if op.device:
                return shorten(op.device)
            groups = [x for x in op.colocation_groups() if x != b'loc:@' + op.name.encode()]
            if not groups:
                break
            op = self.graph.get_operation_by_name(groups[0][len(b'loc:@'):].decode())
        return self.default


def shorten(device: str) -> str:
    """'/device:GPU:0' and '/GPU:0' alike."""
    return '/' + device.rpartition('/')[2].replace('device:', '')


def number_ops(ops: Sequence[Any], kept: Dict[Any, Any], known: set, devices: Devices,
               processor: Processor) -> List[Op]:
    """Rows for the ops that stand for themselves."""
    numbers: Dict[Any, int] = {}
    rows: List[Op] = []
    for op in ops:
        if kept[op] is not op:
            continue
        if op.type in ('Const', 'Placeholder') or op in known:
            inputs: List[Tuple[int, int]] = []
            waits: List[int] = []
        else:
            inputs = [(numbers[kept[x.op]], x.value_index) for x in op.inputs]
            waits = sorted({numbers[kept[x]] for x in op.control_inputs})
        numbers[op] = len(rows)
        rows.append(make_row(op, inputs, waits, op in known, devices.find(op), processor))
    return rows


def make_row(op: Any, inputs: List[Tuple[int, int]], waits: List[int], is_known: bool,
             device: str, processor: Processor) -> Op:
    elements = [count(x) for x in op.outputs]
    in_elements = max([count(x) for x in op.inputs] or [0])
    weight = find_weight(op)
    workspace = 0
    if op.type in kernels.UNFOLDED and device.startswith('/CPU') and len(weight) == 4:
        gradient = op.inputs[2]
        # oneDNN leaves float16 to Eigen
        if not processor.is_onednn or gradient.dtype.base_dtype == nn.tf.float16:
            workspace = kernels.get_workspace(
                op.type, weight, [side or 1 for side in gradient.shape.as_list()],
                gradient.dtype.base_dtype.size, processor.cache_bytes)
    work = 0.0 if is_known else kernels.estimate_work(
        op.type, max(elements or [0]), in_elements, weight)
    is_alias = op.type in kernels.ALIASES or op.type == kernels.IDENTITY_N or (
        op.type in kernels.ALIASES_OF_EQUAL_SIZE and len(op.inputs) != 0
        and count(op.inputs[0]) == elements[0])
    return Op(op.name, op.type, device, inputs, waits, [measure(x) for x in op.outputs], elements,
              [x.dtype.base_dtype for x in op.outputs], workspace, work,
              is_known or op.type in kernels.KEPT, is_alias)


def find_weight(op: Any) -> List[int]:
    """Shape of a convolution's weight, [] for other ops."""
    if op.type not in kernels.CONVOLUTIONS:
        return []
    tensor = op.outputs[0] if op.type.endswith('BackpropFilter') else op.inputs[1]
    shape = tensor.shape
    return [] if shape.ndims is None else [side or 1 for side in shape.as_list()]


def sum_variables(graph: Any, state_names: Container[str],
                  default_device: str) -> Dict[str, Tuple[int, int]]:
    """{device: (bytes of the weights, bytes of the variables in `state_names`)}"""
    sums: Dict[str, List[int]] = {}
    for op in graph.get_operations():
        if op.type not in kernels.VARIABLES:
            continue
        device = shorten(op.device) if op.device else default_device
        entry = sums.setdefault(device, [0, 0])
        entry[op.name in state_names] += measure_variable(op)
    return {device: (weights, state) for device, (weights, state) in sums.items()}


def measure_variable(op: Any) -> int:
    shape = nn.tf.TensorShape(op.get_attr('shape'))
    return kernels.count_elements(shape.as_list()) * nn.tf.as_dtype(op.get_attr('dtype')).size

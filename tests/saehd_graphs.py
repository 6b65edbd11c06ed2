"""Complete graphs as rows, and the golden files that hold them (tests/golden/saehd/README.md)."""
import gzip
import hashlib
import json

import numpy as np
import saehd_support as support
from core.leras import nn
from core.leras.device import Device

GIB = 1 << 30

# attributes that say nothing about the computation, or that follow from other columns
IGNORED_ATTRIBUTES = ('shared_name', 'container', 'value', '_class', '_output_shapes',
                      '_has_manual_control_dependencies')


class IdleSession(object):
    """Answers every fetch with zeros: a graph is looked at, never run."""

    @property
    def graph(self):
        return nn.tf.get_default_graph()

    def close(self):
        pass

    def run(self, fetches, feed_dict=None):
        if isinstance(fetches, (list, tuple)):
            return [self.run(x, feed_dict) for x in fetches]
        if not hasattr(fetches, 'dtype'):
            return None
        samples = max([len(x) for x in (feed_dict or {}).values()] or [1])
        shape = [samples if x is None else x for x in fetches.shape.as_list()]
        return np.zeros(shape, fetches.dtype.base_dtype.as_numpy_dtype)


def invent_gpus(monkeypatch):
    """Body of a fixture. Call what it yields with a number of GPUs: nn with an idle session on
    these devices."""
    support.start_engine()
    session, device_name = nn.tf_sess, nn.tf_default_device_name

    def start(gpus: int):
        devices = [Device(i, 'GPU', 'x', 8 * GIB, 8 * GIB) for i in range(gpus)]
        config = nn.DeviceConfig(devices)
        nn.setCurrentDeviceConfig(config)
        monkeypatch.setattr(nn.DeviceConfig, 'CPU', staticmethod(lambda: config))
        nn.tf_default_device_name = '/GPU:0' if gpus else '/CPU:0'
        nn.tf_sess = IdleSession()
    yield start
    monkeypatch.undo()
    nn.tf_sess, nn.tf_default_device_name = session, device_name
    support.start_engine()


def read_golden(path) -> dict:
    """case -> list of rows [name, type, inputs, control inputs, device, colocation, attributes,
    constant]"""
    doc = json.loads(gzip.open(str(path), 'rb').read().decode())
    return {case: read_case(columns, doc['strings']) for case, columns in doc['cases'].items()}


def read_case(columns, strings) -> list:
    names, last = [], ''
    for entry in columns['name']:
        shared, _, rest = entry.partition(' ')
        last = last[:int(shared)] + rest
        names.append(last)

    def resolve(row: int, reference):
        if isinstance(reference, int):
            return names[row - reference]
        op, _, output = reference.partition(':')
        if op.lstrip('-').isdigit():
            return '%s:%s' % (names[row - int(op)], output)
        return reference

    def resolve_all(column: str, row: int) -> list:
        return [resolve(row, x) for x in columns[column][row]]
    return [[name, strings[columns['type'][row]], resolve_all('in', row),
             sorted(resolve_all('ctl', row)), strings[columns['dev'][row]],
             sorted(resolve_all('cls', row)), strings[columns['attr'][row]],
             strings[columns['const'][row]]] for row, name in enumerate(names)]


def describe_value(tf, value):
    """An attribute as something that JSON can hold."""
    kind = value.WhichOneof('value')
    if kind == 'type':
        return tf.as_dtype(value.type).name
    if kind == 's':
        return value.s.decode('utf-8', 'backslashreplace')
    if kind in ('i', 'b'):
        return getattr(value, kind)
    if kind == 'f':
        return repr(float(np.float32(value.f)))
    if kind == 'shape':
        return 'unknown' if value.shape.unknown_rank else [x.size for x in value.shape.dim]
    if kind == 'list':
        items = value.list
        return ([x.decode() for x in items.s] + list(items.i) + list(items.b)
                + [repr(float(x)) for x in items.f]
                + [tf.as_dtype(x).name for x in items.type])
    return str(value).strip()


def describe_constant(tf, op) -> str:
    value = np.asarray(tf.make_ndarray(op.node_def.attr['value'].tensor))
    data = repr(value.tolist()).encode() if value.dtype.kind in 'OSU' else value.tobytes()
    text = '%s%s %s' % (value.dtype.name, list(value.shape), hashlib.sha1(data).hexdigest()[:16])
    if value.size <= 8:
        text += ' ' + json.dumps(value.tolist(), default=repr)
    return text


def describe_ops(tf, ops) -> list:
    rows = []
    for op in ops:
        attributes = {key: describe_value(tf, value) for key, value in op.node_def.attr.items()
                      if key not in IGNORED_ATTRIBUTES}
        colocation = []
        if '_class' in op.node_def.attr:
            colocation = sorted(x.decode()[5:] for x in op.node_def.attr['_class'].list.s)
        inputs = [x.op.name if x.value_index == 0 else '%s:%d' % (x.op.name, x.value_index)
                  for x in op.inputs]
        rows.append([op.name, op.type, inputs, sorted(x.name for x in op.control_inputs),
                     op.device, colocation, json.dumps(attributes, sort_keys=True),
                     describe_constant(tf, op) if op.type == 'Const' else ''])
    return rows


def is_mended_counter(reference, ours, by_name) -> bool:
    """The cosine reads what the counter's increment returns: the one allowed difference."""
    if (reference[1] != 'Cast' or reference[:2] + reference[3:] != ours[:2] + ours[3:]
            or not reference[2][0].endswith('/iters/read')):
        return False
    source = by_name.get(ours[2][0])
    return (source is not None and source[1] == 'AssignAdd'
            and source[2][0] == reference[2][0][:-len('/read')])


def find_differences(reference, ours) -> list:
    """Text of every row that differs."""
    by_name = {row[0]: row for row in ours}
    differences = []
    for index in range(max(len(reference), len(ours))):
        expected = reference[index] if index < len(reference) else None
        got = ours[index] if index < len(ours) else None
        if expected == got or (expected and got and is_mended_counter(expected, got, by_name)):
            continue
        differences.append('op %d\n  reference %s\n  ours      %s' % (index, expected, got))
    return differences

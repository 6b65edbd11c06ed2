"""Graphs as lines of text, in the two formats of the leras reference traces."""
import re

import numpy as np

_ATTRIBUTES = ("data_format", "strides", "padding", "dilations", "ksize", "block_size",
               "align_corners", "half_pixel_centers", "keep_dims", "begin_mask", "end_mask",
               "ellipsis_mask", "new_axis_mask", "shrink_axis_mask", "transpose_a",
               "transpose_b", "seed", "seed2", "mode")
_WITHOUT_ATTRIBUTES = ("NoOp",)
_MAX_VALUES = 9


def trace_operations(tf, operations, with_device):
    """One full line an op: name = Type(inputs) value -> types {attributes} [@device]."""
    lines = []
    for op in operations:
        line = "%s = %s(%s)" % (op.name, op.type, ", ".join(
            re.sub(":0$", "", tensor.name) for tensor in op.inputs))
        if op.type == "Const":
            line += " value=" + _value_text(tf, op, _MAX_VALUES)
        if op.outputs:
            line += " -> " + ",".join("%s[%s]" % (t.dtype.name, _shape_text(t.shape))
                                      for t in op.outputs)
        attributes = _attribute_texts(op)
        if attributes:
            line += " {%s}" % " ".join(attributes)
        if with_device:
            line += " @" + (op.device or "(none)")
        lines.append(line)
    return lines


def trace_compact(tf, operations):
    """Short lines, without names; a variable's helper ops are one line."""
    lines = []
    variables = {op.name for op in operations if op.type == "VariableV2"}
    for op in operations:
        owner = next((name for name in (op.name.rsplit("/", 1)[0],
                                        op.name.split("/Initializer/")[0]) if name in variables
                      or name + "/Assign" == op.name), None)
        if op.type == "VariableV2":
            lines.append("Var %s %s" % (op.name, _type_text(op.outputs[0])))
        elif owner is not None and (op.type in ("Assign", "Identity")
                                    or "/Initializer/" in op.name):
            continue
        elif op.type == "Const":
            lines.append("Const %s %s" % (_type_text(op.outputs[0]), _value_text(tf, op, 15)))
        else:
            lines.append(op.type + "".join(" " + _type_text(t) for t in op.outputs[:1])
                         + _compact_attributes(op))
    return lines


def _attribute(op, name):
    value = op.get_attr(name)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return "[%s]" % ",".join(str(v) for v in value)
    return str(value)


def _attribute_texts(op):
    names = set(op.node_def.attr)
    return ["%s=%s" % (name, _attribute(op, name)) for name in _ATTRIBUTES if name in names]


def _compact_attributes(op):
    names, text = set(op.node_def.attr), ""
    if "strides" in names and any(s != 1 for s in op.get_attr("strides")):
        text += " s=" + _attribute(op, "strides")
    if "alpha" in names:
        text += " alpha=%g" % op.get_attr("alpha")
    if "keep_dims" in names and op.get_attr("keep_dims"):
        text += " keep=True"
    return text


def _value_text(tf, op, limit):
    value = np.asarray(tf.make_ndarray(op.node_def.attr["value"].tensor))
    return str(value.tolist()) if value.size <= limit else "<%d values>" % value.size


def _shape_text(shape):
    if shape.ndims is None:
        return "unk"
    return "x".join("?" if d is None else str(d) for d in shape.as_list())


def _type_text(tensor):
    name = tensor.dtype.name.replace("float", "f").replace("_ref", "&")
    return "%s[%s]" % (name, _shape_text(tensor.shape))

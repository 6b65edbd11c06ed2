"""Moving values between the session and NumPy (spec 10 section 5.1)."""
from typing import Any, List, Sequence, Tuple

import numpy as np

from core.leras import nn

tf = nn.tf

# Attribute of a tf.Graph that holds its {(variable name, ndim): (placeholder, assign op)}. It
# lives and dies with the graph; a table in this module would keep every dropped graph alive.
_SETTERS_ATTRIBUTE = "_leras_value_setters"


def tf_get_value(tensor: Any) -> Any:
    """The value of a tensor or variable, or of a list of them."""
    return nn.tf_sess.run(tensor)
nn.tf_get_value = tf_get_value  # noqa: E305


def batch_get_value(variables: Sequence[Any]) -> List[np.ndarray]:
    """The values of all variables, read in one session call.

    TensorFlow prunes the whole graph anew for every new fetch list, which takes seconds for a
    training graph; read everything that is needed at one time with one call.
    """
    return nn.tf_sess.run(list(variables)) if len(variables) != 0 else []
nn.batch_get_value = batch_get_value  # noqa: E305


def batch_set_value(tuples: Sequence[Tuple[Any, Any]]) -> None:
    """Assigns `(variable, value)` pairs in one session call; an empty list does nothing.

    A value is cast to the variable's dtype. A value that is a `tf.Operation` or `tf.Variable` is
    run as it is (an initializer). The placeholder and the assign op of a variable are made at
    its first use and used again, so that saving and loading do not grow the graph.
    """
    if len(tuples) == 0:
        return
    run_list, feed_dict = [], {}
    with nn.tf.device("/CPU:0"):
        for variable, value in tuples:
            if isinstance(value, (nn.tf.Operation, nn.tf.Variable)):
                run_list.append(value)
                continue
            value = np.asarray(value, dtype=variable.dtype.as_numpy_dtype)
            placeholder, assign = _value_setter(variable, value.ndim)
            feed_dict[placeholder] = value
            run_list.append(assign)
    nn.tf_sess.run(run_list, feed_dict=feed_dict)
nn.batch_set_value = batch_set_value  # noqa: E305


def _value_setter(variable: Any, ndim: int) -> Tuple[Any, Any]:
    graph = variable.graph
    setters = getattr(graph, _SETTERS_ATTRIBUTE, None)
    if setters is None:
        setters = {}
        setattr(graph, _SETTERS_ATTRIBUTE, setters)
    key = (variable.name, ndim)
    if key not in setters:
        placeholder = nn.tf.placeholder(variable.dtype.base_dtype, shape=[None] * ndim)
        # the op, not its output: fetching the output would copy every weight back
        setters[key] = placeholder, nn.tf.assign(variable, placeholder).op
    return setters[key]


def init_weights(weights: Sequence[Any]) -> None:
    """Gives variables their initial values: first all ordinary ones, then the CA ones.

    A convolution-aware variable is known by the input `_cai_` of its initializer op and gets
    its value from NumPy (spec 10 section 4.1).
    """
    ordinary, aware = [], []
    for weight in weights:
        is_aware = any("_cai_" in tensor.name for tensor in weight.initializer.inputs)
        (aware if is_aware else ordinary).append(weight)
    if len(ordinary) != 0:
        nn.tf_sess.run([weight.initializer for weight in ordinary])
    if len(aware) != 0:
        values = nn.initializers.ca.generate_batch(
            [(weight.shape.as_list(), weight.dtype.as_numpy_dtype) for weight in aware])
        nn.batch_set_value(list(zip(aware, values)))
nn.init_weights = init_weights  # noqa: E305

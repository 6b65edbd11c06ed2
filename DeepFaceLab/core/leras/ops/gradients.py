"""Gradients, towers and lists of tensors (spec 10 section 5.1)."""
from typing import Any, List, Optional, Sequence, Tuple

from core.leras import nn
from core.leras.scopes import device_scope

tf = nn.tf

GradVar = Tuple[Any, Any]


def tf_gradients(loss: Any, vars: Sequence[Any]) -> List[GradVar]:
    """[(gradient, variable), ...] in the order of `vars`.

    `loss` may be a vector, one entry a sample: the gradient is that of its sum. Each gradient op
    sits on its forward op's device. A variable that the loss does not depend on is an error.
    """
    gradients = nn.tf.gradients(loss, vars, colocate_gradients_with_ops=True)
    for gradient, variable in zip(gradients, vars):
        if gradient is None:
            raise Exception("The loss does not depend on the weight %s: it has no gradient."
                            % variable.name)
    return list(zip(gradients, vars))
nn.gradients = tf_gradients  # noqa: E305


def average_gv_list(grad_var_list: Sequence[Sequence[GradVar]],
                    tf_device_string: Optional[str] = None) -> Sequence[GradVar]:
    """Mean over towers of lists of (gradient, variable), with the first tower's variables.

    One tower: its list itself. The ops are made under `tf_device_string` if given.
    """
    if len(grad_var_list) == 1:
        return grad_var_list[0]
    with device_scope(tf_device_string):
        stacks: List[List[Any]] = [[] for _ in grad_var_list[0]]
        for tower in grad_var_list:
            for stack, (gradient, _) in zip(stacks, tower):
                stack.append(nn.tf.expand_dims(gradient, 0))
        return [(nn.tf.reduce_mean(nn.tf.concat(stack, 0), 0), variable)
                for stack, (_, variable) in zip(stacks, grad_var_list[0])]
nn.average_gv_list = average_gv_list  # noqa: E305


def average_tensor_list(tensors_list: Sequence[Any], tf_device_string: Optional[str] = None) -> Any:
    """Mean over equal-shaped tensors; one tensor: itself."""
    if len(tensors_list) == 1:
        return tensors_list[0]
    with device_scope(tf_device_string):
        stack = [nn.tf.expand_dims(tensor, 0) for tensor in tensors_list]
        return nn.tf.reduce_mean(nn.tf.concat(stack, 0), 0)
nn.average_tensor_list = average_tensor_list  # noqa: E305


def concat(tensors_list: Sequence[Any], axis: int) -> Any:
    """`tf.concat`; one tensor: itself, without an op."""
    return tensors_list[0] if len(tensors_list) == 1 else nn.tf.concat(tensors_list, axis)
nn.concat = concat  # noqa: E305

"""What the optimizers share (spec 10 section 12).

The order in which the methods make ops is the reference's: `get_update_op` of the subclasses
calls them where the graph has them.
"""
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from core.leras import nn
from core.leras.scopes import device_scope

tf = nn.tf

_PI = 3.1415926535   # ten decimals: the trained constant, not math.pi


class OptimizerBase(nn.Saveable):
    """Base of optimizers: an iteration counter, clipping, learning-rate schedule and dropout."""

    def __init__(self, name: Optional[str] = None) -> None:
        super().__init__(name=name)

    def tf_clip_norm(self, g: Any, c: float, n: Any) -> Any:
        """g scaled to c/n if the norm n is at least c; c <= 0 gives g. Also for IndexedSlices."""
        if c <= 0:
            return g
        tf = nn.tf
        is_sparse = isinstance(g, tf.IndexedSlices)
        shape = g.dense_shape if is_sparse else g.shape
        is_too_long = n >= c
        clipped = tf.scalar_mul(c / n, g)
        g = tf.cond(is_too_long, lambda: clipped, lambda: g)
        if is_sparse:
            return tf.IndexedSlices(g.values, g.indices, shape)
        g.set_shape(shape)
        return g

    def _setup(self, lr_dropout: float, lr_cos: int, clipnorm: float) -> None:
        """Common part of the constructors: keeps the settings, makes the counter `iters`."""
        if self.name is None:
            raise ValueError("An optimizer needs a name: it is part of its variables' names.")
        self.lr_dropout = lr_dropout
        self.lr_cos = lr_cos
        self.clipnorm = clipnorm
        self.lr_rnds_dict: Dict[str, Any] = {}
        with nn.tf.device("/CPU:0"):
            with nn.tf.variable_scope(self.name):
                self.iterations = nn.tf.Variable(0, dtype=nn.tf.int64, name="iters")

    def _make_slots(self, prefix: str, weights: Sequence[Any]) -> Dict[str, Any]:
        """One zero variable like each weight: {weight name: variable}, in order."""
        return {v.name: nn.tf.get_variable(
            prefix + "_" + v.name.replace(":", "_"), v.shape, dtype=v.dtype.base_dtype,
            initializer=nn.tf.initializers.constant(0.0), trainable=False) for v in weights}

    def _initialize_variables(self, weights: Sequence[Any], make_slots: Callable[[], None],
                              vars_on_cpu: bool, lr_dropout_on_cpu: bool) -> None:
        """Slots, then dropout masks, each on the CPU or on the caller's device."""
        with nn.tf.variable_scope(self.name):
            with device_scope("/CPU:0" if vars_on_cpu else None):
                make_slots()
            if self.lr_dropout != 1.0:
                with device_scope("/CPU:0" if lr_dropout_on_cpu else None):
                    self.lr_rnds_dict.update(
                        (v.name, nn.random_binomial(v.shape, p=self.lr_dropout,
                                                    dtype=v.dtype.base_dtype))
                        for v in weights)

    def _make_norm(self, grads_vars: Sequence[Tuple[Any, Any]]) -> Any:
        """Global norm of all gradients in float32; None without clipping."""
        if self.clipnorm <= 0.0:
            return None
        tf = nn.tf
        return tf.sqrt(sum([tf.reduce_sum(tf.square(tf.cast(g, tf.float32)))
                            for g, _ in grads_vars]))

    def _count_iteration(self) -> Any:
        """Op that adds 1 to the counter; its value is the new count."""
        self._iteration_count = nn.tf.assign_add(self.iterations, 1)
        return self._iteration_count

    def _clip(self, g: Any, norm: Any) -> Any:
        return g if norm is None else self.tf_clip_norm(g, self.clipnorm,
                                                        nn.tf.cast(norm, g.dtype))

    def _make_rate(self, lr: float, dtype: Any) -> Any:
        """The learning rate of this step.

        With `lr_cos` it follows a cosine of that period over the counter's new value. The cosine
        reads the tensor that the increment returns: a data edge, the one order that the graph
        optimizer cannot undo (spec 10 section 12.3). It is computed in float32, because a
        float16 counter ends at 65504.
        """
        tf = nn.tf
        rate = tf.constant(lr, dtype)
        if self.lr_cos == 0:
            return rate
        angle = tf.cast(self._iteration_count, tf.float32) * (2 * _PI / float(self.lr_cos))
        factor = (tf.cos(angle) + 1.0) / 2.0
        return rate * tf.cast(factor, dtype)

    def _make_new_value(self, v: Any, step: Any) -> Any:
        """The weight after the step, with learning-rate dropout."""
        if self.lr_dropout != 1.0:
            step = step * self.lr_rnds_dict[v.name]
        return v + step

    def _group(self, updates: List[Any]) -> Any:
        return nn.tf.group(*updates, name=self.name + "_updates")


def get_epsilon(dtype: Any) -> float:
    """Resolution of a TF float dtype: 1e-6 for float32, 1e-3 for float16."""
    return float(np.finfo(dtype.as_numpy_dtype).resolution)


nn.OptimizerBase = OptimizerBase

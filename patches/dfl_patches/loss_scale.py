"""Dynamic loss scaling for float16, as ops of the graph.

Small gradients are zero in float16, so the loss is multiplied by a power of two before the
backward pass and its gradients divided by it after: `nn.gradients` still gives the true ones, in
float32, and whatever comes after (towers' mean, clipping, a plug-in's own) needs to know nothing.
Each optimizer has its own scale, which follows what float16 can hold: a gradient that is not
finite halves it and skips that step of that optimizer whole, its counter and schedule included;
2,000 good steps in a row double it.
"""
import functools
import weakref
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from .replacing import Replacements
from . import scale_file

START = 2.0 ** 15
FLOOR = 1.0
CEILING = 2.0 ** 24
GROWTH_STEPS = 2000

GradVar = Tuple[Any, Any]

_GRAPH_KEY = "dfl_patches/loss_scales"


class LossScale:
    """Scale and good steps of one optimizer in the current graph.

    `state` is a variable (scale, good steps), float32; until something assigns it, START and 0
    hold, so no model has to initialise it.
    """

    def __init__(self, nn: Any, name: str) -> None:
        tf = nn.tf
        self.optimizer: Optional[Any] = None
        with tf.device("/CPU:0"), tf.control_dependencies(None):
            self.state = tf.Variable([START, 0.0], dtype=tf.float32, trainable=False,
                                     name=name + "_loss_scale",
                                     collections=[tf.GraphKeys.LOCAL_VARIABLES])
            current = tf.cond(tf.is_variable_initialized(self.state), self.state.read_value,
                              lambda: tf.constant([START, 0.0], tf.float32))
            self.scale, self.good_steps = current[0], current[1]
            self.inverse = 1.0 / self.scale

    def make_adjustment(self, nn: Any, is_finite: Any) -> Any:
        """Op that takes one step's outcome (scalar bool) into the state."""
        tf = nn.tf
        with tf.device("/CPU:0"):
            steps = self.good_steps + 1.0
            is_grown = steps >= float(GROWTH_STEPS)
            grown = tf.minimum(self.scale * 2.0, CEILING)
            after_good = tf.cond(is_grown, lambda: tf.stack([grown, 0.0]),
                                 lambda: tf.stack([self.scale, steps]))
            after_bad = tf.stack([tf.maximum(self.scale / 2.0, FLOOR), 0.0])
            return tf.assign(self.state, tf.where(is_finite, after_good, after_bad))


class LossScaling:
    """The replacements that scale losses and guard optimizers' steps."""

    def __init__(self, nn: Any) -> None:
        self.nn = nn
        self._replacements: Optional[Replacements] = None
        self._guarded: List[type] = []
        self._scale_of_optimizer: Any = weakref.WeakKeyDictionary()
        self._updating: List[Any] = []

    def install(self, replacements: Replacements) -> None:
        """Replace gradients, optimizers' methods, and what saves and loads them."""
        nn = self.nn
        self._replacements = replacements
        replacements.replace(nn, "gradients", self._make_gradients)
        replacements.replace(nn, "average_gv_list", self._make_average)
        for value in list(vars(nn).values()):
            if isinstance(value, type) and issubclass(value, nn.OptimizerBase):
                self._guard_class(value)
        replacements.replace(nn.OptimizerBase, "__init__", self._make_init)
        replacements.replace(nn.Saveable, "save_weights", self._make_save)
        replacements.replace(nn.Saveable, "load_weights", self._make_load)

    # -- the scale of an optimizer

    def get_scale(self, optimizer: Any) -> Optional[LossScale]:
        """The optimizer's scale; None before its variables are made."""
        return self._scale_of_optimizer.get(optimizer)

    def _get_graph_scales(self) -> Dict[str, LossScale]:
        """Names of variables, of sets of them and of gradients of the current graph -> the scale
        that serves them."""
        held = self.nn.tf.get_collection_ref(_GRAPH_KEY)
        if not held:
            held.append({})
        return held[0]

    def _find_for_variables(self, variables: Sequence[Any]) -> LossScale:
        """The scale of these variables' optimizer. Where gradients come first, a new one, for the
        optimizer that will be told of them."""
        scale = self._find_known(variables)
        if scale is None:
            scale = LossScale(self.nn, variables[0].op.name.split("/")[0])
            self._note(variables, scale)
        return scale

    def _find_known(self, variables: Sequence[Any]) -> Optional[LossScale]:
        """Of several optimizers that share a variable, the one with exactly these."""
        scales = self._get_graph_scales()
        return scales.get(_join_names(variables)) or scales.get(variables[0].name)

    def _note(self, variables: Sequence[Any], scale: LossScale) -> None:
        scales = self._get_graph_scales()
        scales.update((variable.name, scale) for variable in variables)
        scales[_join_names(variables)] = scale

    def _bind(self, optimizer: Any, variables: Sequence[Any]) -> None:
        if not variables:
            return
        scale = self._scale_of_optimizer.get(optimizer) or self._find_known(variables)
        if scale is None or scale.optimizer not in (None, optimizer):
            scale = LossScale(self.nn, optimizer.name)
        scale.optimizer = optimizer
        self._scale_of_optimizer[optimizer] = scale
        self._note(variables, scale)

    # -- gradients

    def _make_gradients(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def gradients(loss: Any, vars: Sequence[Any], *args: Any, **kwargs: Any) -> List[GradVar]:
            vars = list(vars)
            if not vars:
                return old(loss, vars, *args, **kwargs)
            scale = self._find_for_variables(vars)
            scaled = [self._scale_up(x, scale) for x in loss] \
                if isinstance(loss, (list, tuple)) else self._scale_up(loss, scale)
            result = [(self._scale_down(g, scale), v)
                      for g, v in old(scaled, vars, *args, **kwargs)]
            self._remember(result, scale)
            return result
        return gradients

    def _make_average(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def average_gv_list(grad_var_list: Sequence[Sequence[GradVar]], *args: Any,
                            **kwargs: Any) -> Sequence[GradVar]:
            result = old(grad_var_list, *args, **kwargs)
            scale = self._find_used(grad_var_list[0])
            if scale is not None:
                self._remember(result, scale)
            return result
        return average_gv_list

    def _remember(self, grads_vars: Sequence[GradVar], scale: LossScale) -> None:
        self._get_graph_scales().update(
            (g.name, scale) for g in _list_tensors(grads_vars))

    def _find_used(self, grads_vars: Sequence[GradVar]) -> Optional[LossScale]:
        """The scale that these gradients were made with; None for gradients of other origin."""
        tensors = _list_tensors(grads_vars)
        return self._get_graph_scales().get(tensors[0].name) if tensors else None

    def _find_for_step(self, optimizer: Any, grads_vars: Sequence[GradVar]
                       ) -> Optional[LossScale]:
        """The scale that an optimizer's step has to look at; None if no loss was scaled for it."""
        if not grads_vars:
            return None
        # made anew by the model (gated, clipped, summed up), a gradient goes by its variable
        return (self._find_used(grads_vars) or self.get_scale(optimizer)
                or self._get_graph_scales().get(grads_vars[0][1].name))

    def _scale_up(self, loss: Any, scale: LossScale) -> Any:
        return self.nn.tf.cast(loss, self.nn.tf.float32) * scale.scale

    def _scale_down(self, g: Any, scale: LossScale) -> Any:
        if g is None:       # some trees hand that on
            return None
        tf = self.nn.tf
        if isinstance(g, tf.IndexedSlices):
            return tf.IndexedSlices(self._scale_down(g.values, scale), g.indices, g.dense_shape)
        return tf.cast(tf.cast(g, tf.float32) * scale.inverse, g.dtype)

    # -- optimizers

    def _guard_class(self, optimizer_class: type) -> None:
        """Replace what an optimizer class itself defines."""
        if optimizer_class in self._guarded:
            return
        self._guarded.append(optimizer_class)
        for name, make_new in (("initialize_variables", self._make_initialize),
                               ("get_update_op", self._make_update)):
            if name in vars(optimizer_class):
                self._replacements.replace(optimizer_class, name, make_new)

    def _make_init(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def init(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            self._guard_class(type(optimizer))  # a plug-in's own optimizer
            old(optimizer, *args, **kwargs)
        return init

    def _make_initialize(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def initialize_variables(optimizer: Any, trainable_weights: Sequence[Any], *args: Any,
                                 **kwargs: Any) -> Any:
            result = old(optimizer, trainable_weights, *args, **kwargs)
            self._bind(optimizer, trainable_weights)
            return result
        return initialize_variables

    def _make_update(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def get_update_op(optimizer: Any, grads_vars: Iterable[GradVar], *args: Any,
                          **kwargs: Any) -> Any:
            grads_vars = list(grads_vars)
            scale = self._find_for_step(optimizer, grads_vars)
            if scale is None or optimizer in self._updating:
                return old(optimizer, grads_vars, *args, **kwargs)
            self._updating.append(optimizer)
            try:
                return self._guard_step(
                    functools.partial(old, optimizer, grads_vars, *args, **kwargs),
                    optimizer, grads_vars, scale)
            finally:
                self._updating.pop()
        return get_update_op

    def _guard_step(self, make_step: Callable[[], Any], optimizer: Any,
                    grads_vars: Sequence[GradVar], scale: LossScale) -> Any:
        """The optimizer's own ops behind one finite check; then the scale's adjustment."""
        tf = self.nn.tf
        is_finite = tf.reduce_all(tf.stack(
            [tf.reduce_all(tf.is_finite(g)) for g in _list_tensors(grads_vars)]))
        step = tf.cond(is_finite, lambda: tf.group(make_step()), tf.no_op)
        return tf.group(step, scale.make_adjustment(self.nn, is_finite),
                        name=optimizer.name + "_guarded_updates")

    # -- files

    def _make_save(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def save_weights(saveable: Any, filename: Any, *args: Any, **kwargs: Any) -> Any:
            result = old(saveable, filename, *args, **kwargs)
            scale = self._scale_of_optimizer.get(saveable)
            if scale is not None:
                values = self.nn.tf_sess.run([scale.scale, scale.good_steps])
                scale_file.write_scale(filename, *[float(x) for x in values])
                if values[0] <= FLOOR:
                    scale_file.warn("%s: the loss scale is at its floor: steps are skipped because "
                                    "values of the forward pass do not fit into float16. Use bf16, "
                                    "or no half precision." % saveable.name)
            return result
        return save_weights

    def _make_load(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def load_weights(saveable: Any, filename: Any, *args: Any, **kwargs: Any) -> Any:
            is_loaded = old(saveable, filename, *args, **kwargs)
            scale = self._scale_of_optimizer.get(saveable)
            if is_loaded and scale is not None:
                values = scale_file.read_scale(filename)
                if values is not None:
                    self.nn.batch_set_value([(scale.state, values)])
            return is_loaded
        return load_weights


def _join_names(variables: Sequence[Any]) -> str:
    return " ".join(sorted(variable.name for variable in variables))


def _list_tensors(grads_vars: Sequence[GradVar]) -> List[Any]:
    """The gradients' tensors, also of IndexedSlices; without what has no gradient."""
    return [getattr(g, "values", g) for g, _ in grads_vars if g is not None]

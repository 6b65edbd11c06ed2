"""AdaBelief (spec 10 section 12)."""
from typing import Any, List, Optional, Sequence, Tuple

from core.leras import nn

from .OptimizerBase import get_epsilon

tf = nn.tf


class AdaBelief(nn.OptimizerBase):
    """Steps by the belief in the observed gradient, without bias correction.

    lr              learning rate
    beta_1, beta_2  decay of the running mean m of g, and of (g - m)^2
    lr_dropout      share of each weight's elements that are stepped; 1.0 all
    lr_cos          period in steps of the learning rate's cosine; 0 none
    clipnorm        limit of the global gradient norm; 0 none
    name            scope of the variables, unique in the graph

    Variables: `iters`, all `ms_<weight>`, all `vs_<weight>`. Unknown keywords are ignored.
    Zhuang et al., "AdaBelief Optimizer", 2020.
    """

    def __init__(self, lr: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
                 lr_dropout: float = 1.0, lr_cos: int = 0, clipnorm: float = 0.0,
                 name: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(name=name)
        self.lr = lr
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.ms_dict = {}
        self.vs_dict = {}
        self._setup(lr_dropout, lr_cos, clipnorm)

    def get_weights(self) -> List[Any]:
        """iters, ms, vs."""
        return ([self.iterations] + list(self.ms_dict.values()) + list(self.vs_dict.values()))

    def initialize_variables(self, trainable_weights: Sequence[Any], vars_on_cpu: bool = True,
                             lr_dropout_on_cpu: bool = False) -> None:
        """Makes the state of weights; may be called again for more weights."""
        def make_slots() -> None:
            self.ms_dict.update(self._make_slots("ms", trainable_weights))
            self.vs_dict.update(self._make_slots("vs", trainable_weights))
        self._initialize_variables(trainable_weights, make_slots, vars_on_cpu, lr_dropout_on_cpu)

    def get_update_op(self, grads_vars: Sequence[Tuple[Any, Any]]) -> Any:
        """Op that does one step; only the given weights move. KeyError for an unknown weight."""
        tf = nn.tf
        norm = self._make_norm(grads_vars)
        updates = [self._count_iteration()]
        for g, v in grads_vars:
            g = self._clip(g, norm)
            m, s = self.ms_dict[v.name], self.vs_dict[v.name]
            new_m = self.beta_1 * m + (1.0 - self.beta_1) * g
            new_s = self.beta_2 * s + (1.0 - self.beta_2) * tf.square(g - new_m)
            lr = self._make_rate(self.lr, g.dtype)
            step = -lr * new_m / (tf.sqrt(new_s) + get_epsilon(g.dtype))
            new_v = self._make_new_value(v, step)
            updates.append(tf.assign(m, new_m))
            updates.append(tf.assign(s, new_s))
            updates.append(tf.assign(v, new_v))
        return self._group(updates)


nn.AdaBelief = AdaBelief

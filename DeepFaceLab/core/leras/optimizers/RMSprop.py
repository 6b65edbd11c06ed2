"""RMSprop (spec 10 section 12)."""
from typing import Any, List, Optional, Sequence, Tuple

from core.leras import nn

from .OptimizerBase import get_epsilon

tf = nn.tf


class RMSprop(nn.OptimizerBase):
    """Steps of lr * g / (sqrt(running mean of g^2) + epsilon).

    lr          learning rate
    rho         decay of the running mean
    lr_dropout  share of each weight's elements that are stepped; 1.0 all
    lr_cos      period in steps of the learning rate's cosine; 0 none
    clipnorm    limit of the global gradient norm; 0 none
    name        scope of the variables, unique in the graph

    Variables: `iters`, then `acc_<weight>` for each weight. Unknown keywords are ignored.
    """

    def __init__(self, lr: float = 0.001, rho: float = 0.9, lr_dropout: float = 1.0,
                 lr_cos: int = 0, clipnorm: float = 0.0, name: Optional[str] = None,
                 **kwargs: Any) -> None:
        super().__init__(name=name)
        self.lr = lr
        self.rho = rho
        self.accumulators_dict = {}
        self._setup(lr_dropout, lr_cos, clipnorm)

    def get_weights(self) -> List[Any]:
        """iters, accumulators."""
        return [self.iterations] + list(self.accumulators_dict.values())

    def initialize_variables(self, trainable_weights: Sequence[Any], vars_on_cpu: bool = True,
                             lr_dropout_on_cpu: bool = False) -> None:
        """Makes the state of weights; may be called again for more weights."""
        def make_slots() -> None:
            self.accumulators_dict.update(self._make_slots("acc", trainable_weights))
        self._initialize_variables(trainable_weights, make_slots, vars_on_cpu, lr_dropout_on_cpu)

    def get_update_op(self, grads_vars: Sequence[Tuple[Any, Any]]) -> Any:
        """Op that does one step; only the given weights move. KeyError for an unknown weight."""
        tf = nn.tf
        norm = self._make_norm(grads_vars)
        updates = [self._count_iteration()]
        for g, v in grads_vars:
            g = self._clip(g, norm)
            a = self.accumulators_dict[v.name]
            new_a = self.rho * a + (1. - self.rho) * tf.square(g)
            lr = self._make_rate(self.lr, g.dtype)
            step = -lr * g / (tf.sqrt(new_a) + get_epsilon(g.dtype))
            new_v = self._make_new_value(v, step)
            updates.append(tf.assign(a, new_a))
            updates.append(tf.assign(v, new_v))
        return self._group(updates)


nn.RMSprop = RMSprop

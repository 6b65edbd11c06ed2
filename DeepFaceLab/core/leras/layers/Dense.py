"""Fully connected layer (spec 10 section 7.4)."""
from typing import Any

from core.leras import nn

tf = nn.tf


class Dense(nn.KernelLayer):
    """x @ weight + bias.

    in_ch, out_ch       features
    use_bias            adds `bias` (out_ch,)
    use_wscale          weights of variance 1, scaled by 1/sqrt(in_ch) when used
    maxout_ch           above 1: the maximum of that many results for each output feature
    kernel_initializer  default Glorot-uniform; with use_wscale normal(0, 1)
    bias_initializer    default zeros
    dtype               default `nn.floatx`

    Weights: `weight` (in, out) or (in, out*maxout_ch), `bias` (out,).
    """

    def __init__(self, in_ch: int, out_ch: int, use_bias: bool = True, use_wscale: bool = False,
                 maxout_ch: int = 0, kernel_initializer: Any = None, bias_initializer: Any = None,
                 trainable: bool = True, dtype: Any = None, **kwargs: Any) -> None:
        self.in_ch = in_ch
        self.out_ch = out_ch
        self.maxout_ch = maxout_ch
        super().__init__(use_bias, use_wscale, kernel_initializer, bias_initializer, trainable,
                         dtype, **kwargs)

    def build_weights(self) -> None:
        """Makes `weight` and `bias`."""
        out_ch = self.out_ch * self.maxout_ch if self.maxout_ch > 1 else self.out_ch
        glorot = nn.tf.initializers.glorot_uniform(dtype=self.dtype)
        self.make_kernel_and_bias((self.in_ch, out_ch), self.out_ch, self.in_ch,
                                  default_kernel=glorot)

    def forward(self, x: Any) -> Any:
        """(batch, in) to (batch, out)."""
        x = nn.tf.matmul(x, self.get_kernel())
        if self.maxout_ch > 1:
            x = nn.tf.reshape(x, (-1, self.out_ch, self.maxout_ch))
            x = nn.tf.reduce_max(x, axis=-1)
        return self.add_bias(x, (1, self.out_ch))


nn.Dense = Dense

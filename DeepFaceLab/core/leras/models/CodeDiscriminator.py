"""Discriminator of latent codes, for true face (spec 10 section 10.3)."""
from typing import Any

from core.leras import nn

tf = nn.tf


class CodeDiscriminator(nn.ModelBase):
    """Strided convolutions over a code, to a map of logits.

    in_ch, code_res             channels and side of the code
    ch                          channels of the first convolution, doubled up to 8 times
    conv_kernel_initializer     of all convolutions, default Glorot-uniform
    """

    def on_build(self, in_ch: int, code_res: int, ch: int = 256,
                 conv_kernel_initializer: Any = None) -> None:
        """Makes convs, out_conv."""
        n_layers = 1 + code_res // 8
        self.convs = []
        prev_ch = in_ch
        for i in range(n_layers):
            cur_ch = ch * min(2 ** i, 8)
            self.convs.append(nn.Conv2D(prev_ch, cur_ch, kernel_size=4 if i == 0 else 3,
                                        strides=2, padding="SAME",
                                        kernel_initializer=conv_kernel_initializer))
            prev_ch = cur_ch
        self.out_conv = nn.Conv2D(prev_ch, 1, kernel_size=1, padding="VALID",
                                  kernel_initializer=conv_kernel_initializer)

    def forward(self, x: Any) -> Any:
        """Codes to logits, one channel."""
        for conv in self.convs:
            x = nn.tf.nn.leaky_relu(conv(x), 0.1)
        return self.out_conv(x)


nn.CodeDiscriminator = CodeDiscriminator

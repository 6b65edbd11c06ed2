"""Patch discriminator (spec 10 section 10.1)."""
from typing import Any, Optional

from core.leras import nn

from .UNetPatchDiscriminator import *  # noqa: F401,F403

tf = nn.tf

# patch size: (suggested base channels, [[kernel, stride], ...]); 27, 35 and 43 repeat the row of
# 29, 37 and 45, models are trained with that
patch_discriminator_kernels = {
    1: (512, [[1, 1]]),
    2: (512, [[2, 1]]),
    3: (512, [[2, 1], [2, 1]]),
    4: (512, [[2, 2], [2, 2]]),
    5: (512, [[3, 2], [2, 2]]),
    6: (512, [[4, 2], [2, 2]]),
    7: (512, [[3, 2], [3, 2]]),
    8: (512, [[4, 2], [3, 2]]),
    9: (512, [[3, 2], [4, 2]]),
    10: (512, [[4, 2], [4, 2]]),
    11: (512, [[3, 2], [3, 2], [2, 1]]),
    12: (512, [[4, 2], [3, 2], [2, 1]]),
    13: (512, [[3, 2], [4, 2], [2, 1]]),
    14: (512, [[4, 2], [4, 2], [2, 1]]),
    15: (512, [[3, 2], [3, 2], [3, 1]]),
    16: (512, [[4, 2], [3, 2], [3, 1]]),
    17: (512, [[3, 2], [4, 2], [3, 1]]),
    18: (512, [[4, 2], [4, 2], [3, 1]]),
    19: (512, [[3, 2], [3, 2], [4, 1]]),
    20: (512, [[4, 2], [3, 2], [4, 1]]),
    21: (512, [[3, 2], [4, 2], [4, 1]]),
    22: (512, [[4, 2], [4, 2], [4, 1]]),
    23: (256, [[3, 2], [3, 2], [3, 2], [2, 1]]),
    24: (256, [[4, 2], [3, 2], [3, 2], [2, 1]]),
    25: (256, [[3, 2], [4, 2], [3, 2], [2, 1]]),
    26: (256, [[4, 2], [4, 2], [3, 2], [2, 1]]),
    27: (256, [[3, 2], [4, 2], [4, 2], [2, 1]]),
    28: (256, [[4, 2], [3, 2], [4, 2], [2, 1]]),
    29: (256, [[3, 2], [4, 2], [4, 2], [2, 1]]),
    30: (256, [[4, 2], [4, 2], [4, 2], [2, 1]]),
    31: (256, [[3, 2], [3, 2], [3, 2], [3, 1]]),
    32: (256, [[4, 2], [3, 2], [3, 2], [3, 1]]),
    33: (256, [[3, 2], [4, 2], [3, 2], [3, 1]]),
    34: (256, [[4, 2], [4, 2], [3, 2], [3, 1]]),
    35: (256, [[3, 2], [4, 2], [4, 2], [3, 1]]),
    36: (256, [[4, 2], [3, 2], [4, 2], [3, 1]]),
    37: (256, [[3, 2], [4, 2], [4, 2], [3, 1]]),
    38: (256, [[4, 2], [4, 2], [4, 2], [3, 1]]),
    39: (256, [[3, 2], [3, 2], [3, 2], [4, 1]]),
    40: (256, [[4, 2], [3, 2], [3, 2], [4, 1]]),
    41: (256, [[3, 2], [4, 2], [3, 2], [4, 1]]),
    42: (256, [[4, 2], [4, 2], [3, 2], [4, 1]]),
    43: (256, [[3, 2], [4, 2], [4, 2], [4, 1]]),
    44: (256, [[4, 2], [3, 2], [4, 2], [4, 1]]),
    45: (256, [[3, 2], [4, 2], [4, 2], [4, 1]]),
    46: (256, [[4, 2], [4, 2], [4, 2], [4, 1]]),
}


class PatchDiscriminator(nn.ModelBase):
    """Convolutions over an image, to a map of logits, one for each patch.

    patch_size                  receptive field in pixels, 1 to 46 (KeyError otherwise)
    in_ch                       channels of the image
    base_ch                     channels of the first convolution, doubled up to 8 times;
                                default by the patch size
    conv_kernel_initializer     of all convolutions, default Glorot-uniform
    """

    def on_build(self, patch_size: int, in_ch: int, base_ch: Optional[int] = None,
                 conv_kernel_initializer: Any = None) -> None:
        """Makes convs, out_conv."""
        suggested_base_ch, kernels_strides = patch_discriminator_kernels[patch_size]
        if base_ch is None:
            base_ch = suggested_base_ch
        self.convs = []
        prev_ch = in_ch
        for i, (kernel_size, strides) in enumerate(kernels_strides):
            cur_ch = base_ch * min(2 ** i, 8)
            self.convs.append(nn.Conv2D(prev_ch, cur_ch, kernel_size=kernel_size,
                                        strides=strides, padding="SAME",
                                        kernel_initializer=conv_kernel_initializer))
            prev_ch = cur_ch
        self.out_conv = nn.Conv2D(prev_ch, 1, kernel_size=1, padding="VALID",
                                  kernel_initializer=conv_kernel_initializer)

    def forward(self, x: Any) -> Any:
        """Images to logits, one channel."""
        for conv in self.convs:
            x = nn.tf.nn.leaky_relu(conv(x), 0.1)
        return self.out_conv(x)


nn.PatchDiscriminator = PatchDiscriminator

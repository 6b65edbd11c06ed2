"""Anti-aliased down-sampling (spec 10 section 7.5)."""
from typing import Any

import numpy as np

from core.leras import nn

from .conv_geometry import expand_padding, expand_to_4d

tf = nn.tf

_BINOMIAL_TAPS = {
    1: [1.], 2: [1., 1.], 3: [1., 2., 1.], 4: [1., 3., 3., 1.], 5: [1., 4., 6., 4., 1.],
    6: [1., 5., 10., 10., 5., 1.], 7: [1., 6., 15., 20., 15., 6., 1.],
}


class BlurPool(nn.LayerBase):
    """Blurs with a binomial kernel, then takes every `stride`-th pixel. No weights.

    filt_size   1 to 7 (ValueError otherwise)
    stride      int

    The data format is that of the constructor. Zhang, "Making Convolutional Networks
    Shift-Invariant Again", 2019.
    """

    def __init__(self, filt_size: int = 3, stride: int = 2, **kwargs: Any) -> None:
        if filt_size not in _BINOMIAL_TAPS:
            raise ValueError("filt_size is %r, it must be 1 to 7" % (filt_size,))
        self.filt_size = filt_size
        self.strides = expand_to_4d(stride)
        self.padding = expand_padding((filt_size - 1) // 2, filt_size // 2)
        taps = np.array(_BINOMIAL_TAPS[filt_size])
        kernel = taps[:, None] * taps[None, :]
        self.a = (kernel / np.sum(kernel))[:, :, None, None]
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes the constant kernel (f, f, 1, 1)."""
        self.k = nn.tf.constant(self.a, dtype=nn.floatx)

    def forward(self, x: Any) -> Any:
        """Images to images of 1/stride the side."""
        k = nn.tf.tile(self.k, (1, 1, x.shape[nn.conv2d_ch_axis].value, 1))
        x = nn.tf.pad(x, self.padding)
        return nn.tf.nn.depthwise_conv2d(x, k, self.strides, "VALID",
                                         data_format=nn.data_format)


nn.BlurPool = BlurPool

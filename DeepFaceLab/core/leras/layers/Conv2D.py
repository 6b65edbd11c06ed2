"""2-D convolution (spec 10 section 7.1)."""
from typing import Any, Union

from core.leras import nn

from .conv_geometry import (check_int, expand_padding, expand_to_4d, get_same_padding,
                            get_wscale_gain)
from .LayerBase import get_channel_shape

tf = nn.tf


class Conv2D(nn.KernelLayer):
    """Convolution of image batches with symmetric zero padding.

    in_ch, out_ch       channels
    kernel_size         int
    strides, dilations  int
    padding             'SAME', 'VALID' or an int number of zeros on each side
    use_bias            adds `bias` (out_ch,)
    use_wscale          weights of variance 1, scaled when used (equalised learning rate)
    kernel_initializer  default Glorot-uniform; with use_wscale normal(0, 1)
    bias_initializer    default zeros
    dtype               default `nn.floatx`

    Weights: `weight` (k, k, in, out), `bias` (out,).
    """

    def __init__(self, in_ch: int, out_ch: int, kernel_size: int, strides: int = 1,
                 padding: Union[str, int] = "SAME", dilations: int = 1, use_bias: bool = True,
                 use_wscale: bool = False, kernel_initializer: Any = None,
                 bias_initializer: Any = None, trainable: bool = True, dtype: Any = None,
                 **kwargs: Any) -> None:
        kernel_size = int(kernel_size)
        check_int(strides, "strides")
        check_int(dilations, "dilations")
        if isinstance(padding, str):
            if padding == "SAME":
                padding = get_same_padding(kernel_size, dilations)
            elif padding == "VALID":
                padding = None
            else:
                raise ValueError("padding must be 'SAME', 'VALID' or an int, not %r" % padding)
        else:
            padding = int(padding)

        self.in_ch = in_ch
        self.out_ch = out_ch
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.dilations = dilations
        super().__init__(use_bias, use_wscale, kernel_initializer, bias_initializer, trainable,
                         dtype, **kwargs)

    def build_weights(self) -> None:
        """Makes `weight` and `bias`."""
        size = self.kernel_size
        self.make_kernel_and_bias((size, size, self.in_ch, self.out_ch), self.out_ch,
                                  size * size * self.in_ch, get_wscale_gain(size))

    def forward(self, x: Any) -> Any:
        """(batch, h, w, in) or (batch, in, h, w) to the same with `out` channels."""
        weight = self.get_kernel()
        if self.padding is not None:   # a pad of 0 too: the graph has an op for it
            x = nn.tf.pad(x, expand_padding(self.padding, self.padding), mode="CONSTANT")
        x = nn.tf.nn.conv2d(x, weight, expand_to_4d(self.strides), "VALID",
                            dilations=expand_to_4d(self.dilations), data_format=nn.data_format)
        return self.add_bias(x, get_channel_shape(self.out_ch))

    def __str__(self) -> str:
        return "%s : in_ch:%s out_ch:%s " % (self.__class__.__name__, self.in_ch, self.out_ch)


nn.Conv2D = Conv2D

"""2-D depthwise convolution (spec 10 section 7.3)."""
from typing import Any, List, Union

from core.leras import nn

from .conv_geometry import (check_int, expand_padding, expand_to_4d, get_same_padding,
                            get_wscale_gain)
from .LayerBase import get_channel_shape

tf = nn.tf


class DepthwiseConv2D(nn.KernelLayer):
    """Convolves every channel with its own `depth_multiplier` kernels.

    in_ch               channels
    kernel_size         int
    strides             int
    padding             'SAME', 'VALID', an int, or a ready 4x2 list for `tf.pad`
    depth_multiplier    results for each channel
    dilations           int; enlarges only the 'SAME' padding, the convolution is not dilated
    The other arguments are those of Conv2D. The data format is that of the constructor.

    Weights: `weight` (k, k, in, depth_multiplier), `bias` (in*depth_multiplier,).
    """

    def __init__(self, in_ch: int, kernel_size: int, strides: int = 1,
                 padding: Union[str, int, List[List[int]]] = "SAME", depth_multiplier: int = 1,
                 dilations: int = 1, use_bias: bool = True, use_wscale: bool = False,
                 kernel_initializer: Any = None, bias_initializer: Any = None,
                 trainable: bool = True, dtype: Any = None, **kwargs: Any) -> None:
        kernel_size = int(kernel_size)
        check_int(strides, "strides")
        check_int(dilations, "dilations")
        if isinstance(padding, str):
            if padding == "SAME":
                padding = get_same_padding(kernel_size, dilations)
            elif padding == "VALID":
                padding = 0
            else:
                raise ValueError("padding must be 'SAME', 'VALID', an int or a 4x2 list, not %r"
                                 % padding)
        if isinstance(padding, int):
            padding = expand_padding(padding, padding) if padding != 0 else None

        self.in_ch = in_ch
        self.depth_multiplier = depth_multiplier
        self.kernel_size = kernel_size
        self.strides = expand_to_4d(strides)
        self.padding = padding
        self.dilations = expand_to_4d(dilations)
        super().__init__(use_bias, use_wscale, kernel_initializer, bias_initializer, trainable,
                         dtype, **kwargs)

    def build_weights(self) -> None:
        """Makes `weight` and `bias`."""
        size = self.kernel_size
        self.make_kernel_and_bias((size, size, self.in_ch, self.depth_multiplier),
                                  self.in_ch * self.depth_multiplier,
                                  size * size * self.in_ch, get_wscale_gain(size))

    def forward(self, x: Any) -> Any:
        """Images with in_ch channels to images with in_ch*depth_multiplier."""
        weight = self.get_kernel()
        if self.padding is not None:
            x = nn.tf.pad(x, self.padding, mode="CONSTANT")
        x = nn.tf.nn.depthwise_conv2d(x, weight, self.strides, "VALID",
                                      data_format=nn.data_format)
        return self.add_bias(x, get_channel_shape(self.in_ch * self.depth_multiplier))

    def __str__(self) -> str:
        return "%s : in_ch:%s depth_multiplier:%s " % (self.__class__.__name__, self.in_ch,
                                                       self.depth_multiplier)


nn.DepthwiseConv2D = DepthwiseConv2D

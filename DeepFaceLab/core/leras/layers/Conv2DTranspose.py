"""2-D transposed convolution (spec 10 section 7.2)."""
from typing import Any

from core.leras import nn

from .conv_geometry import check_int, expand_to_4d, get_wscale_gain
from .LayerBase import get_channel_shape

tf = nn.tf


class Conv2DTranspose(nn.KernelLayer):
    """Transposed convolution; the image side must be known when the graph is built.

    in_ch, out_ch       channels
    kernel_size         int
    strides             int, default 2
    padding             'SAME' or 'VALID', TensorFlow's own
    The other arguments are those of Conv2D.

    Weights: `weight` (k, k, out, in), `bias` (out,).
    """

    def __init__(self, in_ch: int, out_ch: int, kernel_size: int, strides: int = 2,
                 padding: str = "SAME", use_bias: bool = True, use_wscale: bool = False,
                 kernel_initializer: Any = None, bias_initializer: Any = None,
                 trainable: bool = True, dtype: Any = None, **kwargs: Any) -> None:
        check_int(strides, "strides")
        self.in_ch = in_ch
        self.out_ch = out_ch
        self.kernel_size = int(kernel_size)
        self.strides = strides
        self.padding = padding
        super().__init__(use_bias, use_wscale, kernel_initializer, bias_initializer, trainable,
                         dtype, **kwargs)

    def build_weights(self) -> None:
        """Makes `weight` and `bias`."""
        size = self.kernel_size
        self.make_kernel_and_bias((size, size, self.out_ch, self.in_ch), self.out_ch,
                                  size * size * self.in_ch, get_wscale_gain(size))

    def forward(self, x: Any) -> Any:
        """(batch, h, w, in) or (batch, in, h, w) to the same, `strides` times as large."""
        shape = x.shape.as_list()
        h, w = (self.deconv_length(shape[axis], self.strides, self.kernel_size, self.padding)
                for axis in nn.conv2d_spatial_axes)
        batch = nn.tf.shape(x)[0]
        if nn.data_format == "NHWC":
            output_shape = nn.tf.stack((batch, h, w, self.out_ch))
        else:
            output_shape = nn.tf.stack((batch, self.out_ch, h, w))
        weight = self.get_kernel()
        x = nn.tf.nn.conv2d_transpose(x, weight, output_shape, expand_to_4d(self.strides),
                                      padding=self.padding, data_format=nn.data_format)
        return self.add_bias(x, get_channel_shape(self.out_ch))

    def deconv_length(self, dim_size: int, stride_size: int, kernel_size: int,
                      padding: str) -> int:
        """Side of the result for one spatial side."""
        assert padding in ("SAME", "VALID", "FULL"), "padding %r is unknown" % (padding,)
        if dim_size is None:
            return None
        if padding == "VALID":
            return dim_size * stride_size + max(kernel_size - stride_size, 0)
        if padding == "FULL":
            return dim_size * stride_size - (stride_size + kernel_size - 2)
        return dim_size * stride_size

    def __str__(self) -> str:
        return "%s : in_ch:%s out_ch:%s " % (self.__class__.__name__, self.in_ch, self.out_ch)


nn.Conv2DTranspose = Conv2DTranspose

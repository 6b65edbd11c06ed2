"""2-D transposed convolution (spec 10 section 7.2)."""
from typing import Any, List

from core.leras import nn

from .conv_geometry import check_int, expand_to_4d, make_wscale
from .LayerBase import get_channel_shape

tf = nn.tf


class Conv2DTranspose(nn.LayerBase):
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
        self.use_bias = use_bias
        self.use_wscale = use_wscale
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.trainable = trainable
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self) -> None:
        """Makes `weight` and `bias`."""
        kernel_initializer = self.kernel_initializer
        if self.use_wscale:
            self.wscale = make_wscale(self.kernel_size, self.in_ch, self.dtype)
            if kernel_initializer is None:
                kernel_initializer = nn.tf.initializers.random_normal(0, 1.0, dtype=self.dtype)
        self.weight = nn.tf.get_variable(
            "weight", (self.kernel_size, self.kernel_size, self.out_ch, self.in_ch),
            dtype=self.dtype, initializer=kernel_initializer, trainable=self.trainable)
        if self.use_bias:
            bias_initializer = self.bias_initializer
            if bias_initializer is None:
                bias_initializer = nn.tf.initializers.zeros(dtype=self.dtype)
            self.bias = nn.tf.get_variable("bias", (self.out_ch,), dtype=self.dtype,
                                           initializer=bias_initializer,
                                           trainable=self.trainable)

    def get_weights(self) -> List[Any]:
        """weight, bias."""
        return [self.weight, self.bias] if self.use_bias else [self.weight]

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
        weight = self.weight
        if self.use_wscale:
            weight = weight * self.wscale
        x = nn.tf.nn.conv2d_transpose(x, weight, output_shape, expand_to_4d(self.strides),
                                      padding=self.padding, data_format=nn.data_format)
        if self.use_bias:
            x = nn.tf.add(x, nn.tf.reshape(self.bias, get_channel_shape(self.out_ch)))
        return x

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

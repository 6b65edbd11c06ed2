"""Resizing, reshaping and pooling of images in both data formats (spec 10 section 5.3).

"static" in the docstrings: height, width and channels must be known when the graph is built.
"""
from typing import Any, Tuple

from core.leras import nn

tf = nn.tf

_TO_NHWC = (0, 2, 3, 1)
_TO_NCHW = (0, 3, 1, 2)


def _static_hwc(x: Any) -> Tuple[int, int, int]:
    """(height, width, channels) of a 4-D tensor in the current data format."""
    if nn.data_format == "NHWC":
        _, h, w, c = x.shape.as_list()
    else:
        _, c, h, w = x.shape.as_list()
    return h, w, c


def _in_nhwc(x: Any, function: Any) -> Any:
    """function(x) for a function that only knows NHWC."""
    if nn.data_format == "NHWC":
        return function(x)
    x = function(nn.tf.transpose(x, _TO_NHWC))
    return nn.tf.transpose(x, _TO_NCHW)


def upsample2d(x: Any, size: int = 2) -> Any:
    """Nearest-neighbour enlargement by an integer factor; static."""
    h, w, _ = _static_hwc(x)
    return _in_nhwc(x, lambda x: nn.tf.image.resize_nearest_neighbor(x, (h * size, w * size)))
nn.upsample2d = upsample2d  # noqa: E305


def resize2d_bilinear(x: Any, size: int = 2) -> Any:
    """Bilinear resize by `size`, or by 1/abs(size) if negative; result float32; static.

    TensorFlow's legacy sampling: no aligned corners, no half-pixel centres.
    """
    if size == 1 or size == -1:
        return x
    h, w, _ = _static_hwc(x)
    new_size = (h * size, w * size) if size > 0 else (h // abs(size), w // abs(size))
    return _in_nhwc(x, lambda x: nn.tf.image.resize(
        x, new_size, method=nn.tf.image.ResizeMethod.BILINEAR))
nn.resize2d_bilinear = resize2d_bilinear  # noqa: E305


def resize2d_nearest(x: Any, size: int = 2) -> Any:
    """Takes every abs(size)-th pixel from the first on; -1, 0 and 1 give x.

    Only reduction exists: a size above 1, the default included, raises.
    """
    if size in (-1, 0, 1):
        return x
    if size > 0:
        raise Exception("resize2d_nearest only reduces: size is %d, it must be negative. "
                        "Use nn.upsample2d to enlarge." % size)
    step = abs(size)
    return x[:, ::step, ::step, :] if nn.data_format == "NHWC" else x[:, :, ::step, ::step]
nn.resize2d_nearest = resize2d_nearest  # noqa: E305


def flatten(x: Any) -> Any:
    """(batch, channels*height*width), channel-major in both formats; static.

    So the weights of a following Dense are the same in NHWC and NCHW.
    """
    h, w, c = _static_hwc(x)
    if nn.data_format == "NHWC":
        x = nn.tf.transpose(x, _TO_NCHW)
    return nn.tf.reshape(x, (-1, c * h * w))
nn.flatten = flatten  # noqa: E305


def reshape_4D(x: Any, w: int, h: int, c: int) -> Any:
    """The inverse of `flatten`: (batch, c*h*w) to a batch of images."""
    x = nn.tf.reshape(x, (-1, c, h, w))
    return nn.tf.transpose(x, _TO_NHWC) if nn.data_format == "NHWC" else x
nn.reshape_4D = reshape_4D  # noqa: E305


def max_pool(x: Any, kernel_size: int = 2, strides: int = 2) -> Any:
    """Maximum over windows, TensorFlow's SAME padding."""
    if nn.data_format == "NHWC":
        window, steps = [1, kernel_size, kernel_size, 1], [1, strides, strides, 1]
    else:
        window, steps = [1, 1, kernel_size, kernel_size], [1, 1, strides, strides]
    return nn.tf.nn.max_pool(x, window, steps, "SAME", data_format=nn.data_format)
nn.max_pool = max_pool  # noqa: E305


def depth_to_space(x: Any, size: int) -> Any:
    """(h, w, c) to (h*size, w*size, c/size^2); static.

    Output pixel (i*size+a, j*size+b), channel k is input pixel (i, j), channel
    (a*size+b)*(c/size^2)+k, in all three forms. NCHW without a GPU uses transposes because the
    CPU kernel of the native op knows only NHWC.
    """
    h, w, c = _static_hwc(x)
    oh, ow, oc = h * size, w * size, c // (size * size)
    if nn.data_format == "NHWC":
        x = nn.tf.reshape(x, (-1, h, w, size, size, oc))
        x = nn.tf.transpose(x, (0, 1, 3, 2, 4, 5))
        return nn.tf.reshape(x, (-1, oh, ow, oc))
    if nn.getCurrentDeviceConfig().cpu_only:
        x = nn.tf.reshape(x, (-1, size, size, oc, h, w))
        x = nn.tf.transpose(x, (0, 3, 4, 1, 5, 2))
        return nn.tf.reshape(x, (-1, oc, oh, ow))
    return nn.tf.depth_to_space(x, size, data_format=nn.data_format)
nn.depth_to_space = depth_to_space  # noqa: E305


def space_to_depth(x: Any, size: int) -> Any:
    """(h, w, c) to (h/size, w/size, c*size^2); static. Not one function but two:

    NCHW gathers neighbouring pixels (the inverse of `depth_to_space`); NHWC gathers pixels of
    different quadrants: block (a, b) of output (i, j) is input (a*h/size+i, b*w/size+j). Plug-ins
    were trained with both, so both stay.
    """
    if nn.data_format == "NHWC":
        h, w, c = _static_hwc(x)
        oh, ow = h // size, w // size
        x = nn.tf.reshape(x, (-1, size, oh, size, ow, c))
        x = nn.tf.transpose(x, (0, 2, 4, 1, 3, 5))
        return nn.tf.reshape(x, (-1, oh, ow, size * size * c))
    return nn.tf.space_to_depth(x, size, data_format=nn.data_format)
nn.space_to_depth = space_to_depth  # noqa: E305

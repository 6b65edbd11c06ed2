"""Convolutions in half precision, variables and everything that sums in float32.

Weights are cast where a convolution uses them, and its result stays in half precision until a
float32 island or the end of the outermost model; so the activations that wait for the backward
pass take half the bytes, and no variable, optimizer state or file changes.

Float32 islands (spec 80 section 4.3): Dense layers, norms and layers that are not known here,
pixel norm, blurs, dssim and the other losses, depthwise convolutions (in bfloat16 oneDNN runs for
minutes on them), and what convolutions give to an image, mask or verdict (so sigmoid and cross
entropy).

A bias' gradient is a sum over all pixels of a batch, and not every kernel holds it: of 16,384
ones on the CPU a float16 Sum makes 8,192, a bfloat16 BiasAddGrad 512, and TensorFlow 2.6's float16
BiasAddGrad no more than 2,048. Sum in bfloat16 adds up in float32 there, and so does BiasAddGrad on
GPUs. In float16 on the CPU the bias is added in float32: that leaves a float32 gradient of every
convolution's size waiting for its sum, 0.75 of the un-patched peak in bfloat16's case.

Why not TensorFlow's own graph rewriter (auto_mixed_precision_onednn_bfloat16 here, with the
depthwise convolutions and MatMul taken off its list)? It brought a step from 752 to 522 MB at batch
4 (SAEHD df-ud 128 px 256/64/64/22, AdaBelief, CPU, oneDNN); casts in the graph bring it to 292, and
from 1745 to 763 at batch 16. More than half of that is not bfloat16's: the optimizer's products of
its state (436 MB of float32) no longer wait all step for their gradients, see weight_updates.
The rewriter also takes the losses' means in bfloat16 (a loss of 5.140 reads 5.1328), says nothing
where it does nothing, and its gain is not known before the step; casts work on all devices, islands
included, and the planner sees them.
"""
import contextlib
import functools
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from .replacing import Replacements
from .weight_updates import delay_updates

# Image (3), mask and verdict (1): what leaves a network with so few channels is read in float32.
_MOST_OUTPUT_CHANNELS = 3

# Functions of `nn` that compute in float32. True: they give back the dtype that they were given.
_FLOAT32_OPS = {
    "pixel_norm": False, "dssim": False, "style_loss": False, "gaussian_blur": False,
    "total_variation_mse": False, "rgb_to_lab": False, "gelu": True, "bilinear_sampler": True,
    "upsample2d": True, "resize2d_bilinear": True, "max_pool": True}

_CONVOLUTIONS = ("Conv2D", "Conv2DTranspose")


class HalfPrecision:
    """The replacements of one half-precision patch; `dtype` is a TF dtype."""

    def __init__(self, nn: Any, dtype: Any) -> None:
        self.nn = nn
        self.dtype = dtype
        self._forwards: List[Callable[..., Any]] = []
        # One entry for each model being called: may half precision pass between its layers?
        self._passes_half: List[bool] = []
        self._made = 0      # half-precision results handed out so far

    def install(self, replacements: Replacements) -> None:
        """Replace layers, model calls and ops of `nn`."""
        nn = self.nn
        for name in _CONVOLUTIONS:
            replacements.replace(getattr(nn, name), "forward", self._make_half_forward)
        replacements.replace(nn.LayerBase, "__call__", self._make_layer_call)
        replacements.replace(nn.DenseNorm, "__call__", self._make_layer_call)
        replacements.replace(nn.ModelBase, "__call__", self._make_model_call)
        for name, gives_back in _FLOAT32_OPS.items():
            replacements.replace(nn, name, functools.partial(self._make_float32_op, gives_back))
        replacements.replace(nn, "depth_to_space", self._make_output_op)

    # -- convolutions

    def _make_half_forward(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def forward(layer: Any, *args: Any, **kwargs: Any) -> Any:
            if layer.weight.dtype.base_dtype != self.nn.tf.float32:
                return old(layer, *args, **kwargs)  # the model's own choice of a dtype
            with self._borrow_weights(layer) as bias:
                y = old(layer, *self.to_half(args), **self.to_half(kwargs))
            return self._finish_convolution(layer, y, bias)
        self._forwards.append(forward)
        return forward

    @contextlib.contextmanager
    def _borrow_weights(self, layer: Any) -> Iterator[Any]:
        """The layer computes with half-precision copies of its weights and without its bias,
        which is what comes out (None without one)."""
        tf = self.nn.tf
        bias = layer.bias if layer.use_bias else None
        # by its dtype: a resource variable is no instance of TensorFlow 1's class
        borrowed = {name: value for name, value in vars(layer).items()
                    if getattr(getattr(value, "dtype", None), "base_dtype", None) == tf.float32
                    and value is not bias}
        has_bias = layer.use_bias
        try:
            layer.use_bias = False
            for name, value in borrowed.items():
                setattr(layer, name, tf.cast(value, self.dtype))
            yield bias
        finally:
            layer.use_bias = has_bias
            for name, value in borrowed.items():
                setattr(layer, name, value)

    def _finish_convolution(self, layer: Any, y: Any, bias: Any) -> Any:
        """Adds the bias: in half precision where the model passes that on, else in float32."""
        tf = self.nn.tf
        if self._may_pass_half() and layer.out_ch > _MOST_OUTPUT_CHANNELS:
            self._made += 1
            return y if bias is None else self._add_half_bias(y, bias)
        y = tf.cast(y, tf.float32)
        return y if bias is None else tf.add(y, self._shape_bias(bias))

    def _add_half_bias(self, y: Any, bias: Any) -> Any:
        """In half precision, and so that the bias' gradient is summed in float32."""
        tf = self.nn.tf
        if not self.nn.getCurrentDeviceConfig().cpu_only:
            return tf.nn.bias_add(y, tf.cast(bias, self.dtype), data_format=self.nn.data_format)
        if self.dtype == tf.bfloat16:
            return tf.add(y, self._shape_bias(tf.cast(bias, self.dtype)))
        return tf.cast(tf.add(tf.cast(y, tf.float32), self._shape_bias(bias)), self.dtype)

    def _shape_bias(self, bias: Any) -> Any:
        shape = [1, 1, 1, 1]
        shape[self.nn.conv2d_ch_axis] = -1
        return self.nn.tf.reshape(bias, shape)

    # -- islands

    def _make_layer_call(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            if getattr(type(layer), "forward", None) in self._forwards:
                return old(layer, *args, **kwargs)
            return self._call_float32(functools.partial(old, layer), args, kwargs,
                                      gives_back=not isinstance(layer, self.nn.Dense))
        return call

    def _make_float32_op(self, gives_back: bool, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def op(*args: Any, **kwargs: Any) -> Any:
            return self._call_float32(old, args, kwargs, gives_back)
        return op

    def _make_output_op(self, old: Callable[..., Any]) -> Callable[..., Any]:
        """An op that may be the last before a sigmoid: to so few channels only in float32."""
        @functools.wraps(old)
        def op(*args: Any, **kwargs: Any) -> Any:
            result = old(*args, **kwargs)
            channels = result.shape.as_list()[self.nn.conv2d_ch_axis]
            is_output = channels is not None and channels <= _MOST_OUTPUT_CHANNELS
            return self.to_float32(result) if is_output else result
        return op

    def _call_float32(self, function: Callable[..., Any], args: Tuple[Any, ...],
                      kwargs: Dict[str, Any], gives_back: bool) -> Any:
        """function of float32; in half precision again if it was given that and `gives_back`."""
        is_given_half = self._has_half(args) or self._has_half(kwargs)
        self._passes_half.append(False)
        try:
            result = function(*self.to_float32(args), **self.to_float32(kwargs))
        finally:
            self._passes_half.pop()
        if is_given_half and gives_back and self._may_pass_half():
            return self._hand_out(result)
        return result

    # -- models

    def _make_model_call(self, old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def call(model: Any, *args: Any, **kwargs: Any) -> Any:
            made_before = self._made
            result = self._try_model(functools.partial(old, model), args, kwargs)
            if self._made == made_before or self._may_pass_half():
                return result   # a model of half precision of its own keeps what it returns
            return self.to_float32(result)
        return call

    def _try_model(self, function: Callable[..., Any], args: Tuple[Any, ...],
                   kwargs: Dict[str, Any]) -> Any:
        """The call with half precision between the layers. Where the model's own arithmetic mixes
        that with float32 (TensorFlow refuses), once more with float32 between them: the
        convolutions still compute in half precision. What the first try has put into the graph
        leads nowhere."""
        made_before = self._made
        try:
            return self._call_model(function, args, kwargs, passes_half=True)
        except (TypeError, ValueError):
            if self._made == made_before and not self._has_half(args):
                raise       # not for half precision's sake
        return self._call_model(function, self.to_float32(args), self.to_float32(kwargs),
                                passes_half=False)

    def _call_model(self, function: Callable[..., Any], args: Tuple[Any, ...],
                    kwargs: Dict[str, Any], passes_half: bool) -> Any:
        self._passes_half.append(passes_half)
        try:
            return function(*args, **kwargs)
        finally:
            self._passes_half.pop()

    def _may_pass_half(self) -> bool:
        return bool(self._passes_half) and self._passes_half[-1]

    # -- dtypes of tensors in nested arguments

    def to_half(self, value: Any) -> Any:
        """Float32 tensors in lists, tuples and dicts cast to half precision; the rest as it is."""
        return self._cast(value, self.nn.tf.float32, self.dtype)

    def to_float32(self, value: Any) -> Any:
        """Half-precision tensors cast to float32, as `to_half`."""
        return self._cast(value, self.dtype, self.nn.tf.float32)

    def _hand_out(self, value: Any) -> Any:
        self._made += 1
        return self.to_half(value)

    def _cast(self, value: Any, old: Any, new: Any) -> Any:
        tf = self.nn.tf
        return _map_tensors(tf, value, lambda x: tf.cast(x, new) if x.dtype == old else x)

    def _has_half(self, value: Any) -> bool:
        found: List[Any] = []
        _map_tensors(self.nn.tf, value,
                     lambda x: found.append(x) if x.dtype == self.dtype else None)
        return bool(found)


def _map_tensors(tf: Any, value: Any, function: Callable[[Any], Any]) -> Any:
    """value with `function` of each tensor in it; lists, tuples and dicts keep their types."""
    if isinstance(value, tf.Tensor):
        return function(value)
    if isinstance(value, dict):
        return type(value)((key, _map_tensors(tf, x, function)) for key, x in value.items())
    if isinstance(value, (list, tuple)):
        items = [_map_tensors(tf, x, function) for x in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


class HalfPrecisionPatch:
    """apply and remove of a patch that computes in half precision.

    choose_dtype  function (nn) -> TF dtype of the device, or PatchError
    """

    def __init__(self, choose_dtype: Callable[[Any], Any]) -> None:
        self._choose_dtype = choose_dtype
        self._replacements = Replacements()
        self.dtype: Optional[Any] = None

    def apply(self, nn: Any) -> None:
        """Replace what computes, and for float16 what scales the loss."""
        if self._replacements:
            return
        from .loss_scale import LossScaling
        dtype = self._choose_dtype(nn)
        try:
            HalfPrecision(nn, dtype).install(self._replacements)
            if dtype == nn.tf.float16:
                LossScaling(nn).install(self._replacements)
            else:
                delay_updates(nn, self._replacements)   # fp16's finite check delays them anyway
        except BaseException:
            self._replacements.restore()
            raise
        self.dtype = dtype

    def remove(self, nn: Any) -> None:
        """Put back everything."""
        self._replacements.restore()
        self.dtype = None

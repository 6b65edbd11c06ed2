"""Multi-scale SSIM loss of the MVE fork (spec 10 section 18, spec 82 A)."""
from typing import Any

from core.leras import nn

tf = nn.tf


class MsSsim(nn.LayerBase):
    """1 - multi-scale SSIM of two image batches: (batch,). No weights.

    batch_size, in_ch, resolution   of the images; only for the L1 term and the scales
    kernel_size                     SSIM window; scales whose side is smaller are left out, one is
                                    needed (ValueError)
    use_l1                          0.84 of it + 0.16 of a Gaussian-weighted L1

    Where the contrast of two images is opposed at some scale, as at the start of a training, the
    loss of that channel is 1 and TensorFlow's gradient of it NaN (the power of a clipped 0). Such
    elements become 0 here: one sample of a batch would end the training of every weight.

    Zhao et al., "Loss Functions for Image Restoration with Neural Networks", 2017.
    """

    default_power_factors = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
    default_l1_alpha = 0.84

    def __init__(self, batch_size: int, in_ch: int, resolution: int, kernel_size: int = 11,
                 use_l1: bool = False, **kwargs: Any) -> None:
        factors = [factor for i, factor in enumerate(self.default_power_factors)
                   if resolution // (2 ** i) >= kernel_size]
        if not factors:
            raise ValueError("MsSsim: the images are %d pixels wide, less than the window of %d"
                             % (resolution, kernel_size))
        if sum(factors) < 1.0:
            factors = [factor / sum(factors) for factor in factors]
        self.power_factors = factors
        self.num_scale = len(factors)
        self.kernel_size = kernel_size
        self.use_l1 = use_l1
        if use_l1:
            self.gaussian_weights = nn.get_gaussian_weights(batch_size, in_ch, resolution,
                                                            num_scale=self.num_scale)
        super().__init__(**kwargs)

    def __call__(self, y_true: Any, y_pred: Any, max_val: float) -> Any:
        tf = nn.tf
        y_true, y_pred = tf.cast(y_true, tf.float32), tf.cast(y_pred, tf.float32)
        similar_true, similar_pred = _drop_nan_gradients(y_true), _drop_nan_gradients(y_pred)
        if nn.data_format == "NCHW":
            true_nhwc = tf.transpose(similar_true, (0, 2, 3, 1))
            pred_nhwc = tf.transpose(similar_pred, (0, 2, 3, 1))
        else:
            true_nhwc, pred_nhwc = similar_true, similar_pred
        ms_ssim_loss = 1.0 - tf.image.ssim_multiscale(
            true_nhwc, pred_nhwc, max_val, power_factors=self.power_factors,
            filter_size=self.kernel_size)
        if not self.use_l1:
            return ms_ssim_loss

        difference = tf.abs(y_true - y_pred)
        if nn.data_format == "NHWC":
            difference = tf.transpose(difference, (0, 3, 1, 2))
        copies = tf.tile(tf.expand_dims(difference, axis=0), (self.num_scale, 1, 1, 1, 1))
        weights = tf.constant(self.gaussian_weights[-1], dtype=tf.float32)
        l1_loss = tf.reduce_mean(tf.reduce_sum(weights * copies, axis=[0, 3, 4]), axis=1)
        return self.default_l1_alpha * ms_ssim_loss + (1 - self.default_l1_alpha) * l1_loss


def _drop_nan_gradients(x: Any) -> Any:
    """`x`; what flows back through it has 0 in place of elements that are not finite."""
    tf = nn.tf

    @tf.custom_gradient
    def pass_through(x: Any) -> Any:
        def filter_gradient(dy: Any) -> Any:
            return tf.where(tf.math.is_finite(dy), dy, tf.zeros_like(dy))
        return tf.identity(x), filter_gradient
    return pass_through(x)


nn.MsSsim = MsSsim

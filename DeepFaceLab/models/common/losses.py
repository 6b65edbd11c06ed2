"""Loss terms that the built-in face models share (spec 21 section 5, spec 22 section A3).

Every term returns one value per sample, shape (n,): the gradient of such a vector is the sum
over the samples, which gradient clipping sees. Inputs are images (n, R, R, c) or masks with one
channel, float32 in 0..1, in either data format. The order in which tensors are created, and the
side of each operand, is part of the contract (spec 21 section 5): it fixes op names and the
order in which gradients are summed.
"""
from core.leras import nn

STRUCTURE_WEIGHT = 10.0
PIXEL_WEIGHT = 10.0
EYES_MOUTH_WEIGHT = 300.0
MASK_WEIGHT = 10.0
TOTAL_VARIATION_WEIGHT = 0.000001
OUTSIDE_WEIGHT = 0.02
TWO_SCALE_RESOLUTION = 256
# SSIM windows as fractions of the resolution
WIDE_WINDOW, NARROW_WINDOW = 11.6, 23.2


def mean_per_sample(x):
    """(n, ...) -> (n,): mean over the three axes behind the batch."""
    return nn.tf.reduce_mean(x, axis=[1, 2, 3])


def get_wide_window(resolution: int) -> int:
    return int(resolution / WIDE_WINDOW)


def get_narrow_window(resolution: int) -> int:
    return int(resolution / NARROW_WINDOW)


def measure_structure(target, pred, window: int, weight: float):
    """weight * DSSIM, mean over the channels (spec 21 section 5.2)."""
    dssim = nn.dssim(target, pred, max_val=1.0, filter_size=window)
    return nn.tf.reduce_mean(weight * dssim, axis=[1])


def measure_structure_two_scales(target, pred, resolution: int):
    """Half of the weight on the wide window, half on the narrow one."""
    half = STRUCTURE_WEIGHT / 2
    loss = measure_structure(target, pred, get_wide_window(resolution), half)
    loss += measure_structure(target, pred, get_narrow_window(resolution), half)
    return loss


def measure_structure_by_resolution(target, pred, resolution: int):
    """One window below 256 pixels, two from there on."""
    if resolution < TWO_SCALE_RESOLUTION:
        return measure_structure(target, pred, get_wide_window(resolution), STRUCTURE_WEIGHT)
    return measure_structure_two_scales(target, pred, resolution)


def measure_pixels(target, pred):
    """Weighted mean squared difference."""
    return mean_per_sample(PIXEL_WEIGHT * nn.tf.square(target - pred))


def measure_eyes_mouth(target, pred, em_mask):
    """Weighted mean absolute difference inside the eyes-and-mouth mask (n, R, R, 1)."""
    return mean_per_sample(EYES_MOUTH_WEIGHT * nn.tf.abs(target * em_mask - pred * em_mask))


def measure_mask(target_mask, pred_mask):
    """Weighted mean squared difference of the whole, unblurred mask."""
    return mean_per_sample(MASK_WEIGHT * nn.tf.square(target_mask - pred_mask))


def measure_verdict(labels, logits):
    """Sigmoid cross entropy of a discriminator's logits, mean per sample (spec 21 section 5.4)."""
    entropy = nn.tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    return mean_per_sample(entropy)


def feather_mask(mask, radius: float):
    """Mask blurred by `radius` pixels, falling to 0 only outside the mask's border, in 0..1."""
    return clip_feather(nn.gaussian_blur(mask, radius))


def clip_feather(blurred_mask):
    """The second half of `feather_mask`: 1 inside of the border, where the blur is at half."""
    return nn.tf.clip_by_value(blurred_mask, 0, 0.5) * 2


def blur_outside(target, mask, anti_mask, resolution: int):
    """Replaces what lies outside the mask by its own normalised blur (option blur_out_mask).

    target (n, R, R, c), mask and anti_mask = 1 - mask (n, R, R, 1); spec 21 section 5.1 step 2."""
    tf = nn.tf
    sigma = resolution / 128
    blurred = nn.gaussian_blur(target * anti_mask, sigma)
    weight = 1 - nn.gaussian_blur(mask, sigma)
    weight = tf.where(tf.equal(weight, 0), tf.ones_like(weight), weight)
    return target * mask + (blurred / weight) * anti_mask


def measure_roughness(image):
    """Weighted sum of squared differences between neighbours.

    In NCHW they run over channels and rows (spec 21 section 5.5, KEEP)."""
    return TOTAL_VARIATION_WEIGHT * nn.total_variation_mse(image)


def add_gan_regularisers(loss, pred, outside_pred, outside_target):
    """Keeps the prediction smooth, and near the target outside the mask."""
    loss += measure_roughness(pred)
    loss += OUTSIDE_WEIGHT * mean_per_sample(nn.tf.square(outside_pred - outside_target))
    return loss

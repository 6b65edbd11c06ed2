import numpy as np

from core.leras import nn

tf = nn.tf


def tf_gradients(loss, vars):
    from tensorflow.python.ops.gradients import gradients
    grads = gradients(loss, vars, colocate_gradients_with_ops=True)
    assert all(g is not None for g in grads)
    return list(zip(grads, vars))


def average_gv_list(grad_var_list, tf_device_string=None):
    if len(grad_var_list) == 1:
        return grad_var_list[0]
    with tf.device(tf_device_string):
        return [(tf.reduce_mean(tf.stack([g for g, _ in column]), 0), column[0][1])
                for column in zip(*grad_var_list)]


def tf_get_value(tensor):
    return nn.tf_sess.run(tensor)


def batch_set_value(tuples):
    feed, ops = {}, []
    for v, value in tuples:
        value = np.asarray(value, v.dtype.as_numpy_dtype)
        holder = tf.placeholder(v.dtype.base_dtype, value.shape)
        ops.append(tf.assign(v, holder))
        feed[holder] = value
    nn.tf_sess.run(ops, feed)


def init_weights(weights):
    nn.tf_sess.run([w.initializer for w in weights])


def concat(tensors_list, axis):
    return tensors_list[0] if len(tensors_list) == 1 else tf.concat(tensors_list, axis)


def gelu(x):
    return x * (0.5 * (1.0 + tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3)))))


def pixel_norm(x, axes):
    return x * tf.rsqrt(tf.reduce_mean(tf.square(x), axis=axes, keepdims=True) + 1e-06)


def upsample2d(x, size=2):
    return tf.image.resize_nearest_neighbor(x, (int(x.shape[1]) * size, int(x.shape[2]) * size))


def flatten(x):
    h, w, c = (int(n) for n in x.shape[1:])
    return tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (-1, h * w * c))


def reshape_4D(x, w, h, c):
    return tf.transpose(tf.reshape(x, (-1, c, h, w)), (0, 2, 3, 1))


def max_pool(x, kernel_size=2, strides=2):
    return tf.nn.max_pool(x, [1, kernel_size, kernel_size, 1], [1, strides, strides, 1], "SAME",
                          data_format=nn.data_format)


def depth_to_space(x, size):
    return tf.depth_to_space(x, size)


def random_binomial(shape, p=0.0, dtype=None, seed=None):
    dtype = dtype or tf.float32
    seed = np.random.randint(10000000) if seed is None else seed
    return tf.where(tf.random_uniform(shape, dtype=tf.float16, seed=seed) < p,
                    tf.ones(shape, dtype=dtype), tf.zeros(shape, dtype=dtype))


def gaussian_blur(input, radius=2.0):
    size = max(3, int(4 * radius)) | 1
    x = np.arange(size) - size // 2
    taps = np.exp(-x ** 2 / (2 * radius ** 2))
    kernel = np.outer(taps, taps).astype(np.float32)
    kernel = (kernel / kernel.sum())[..., None, None]
    kernel = tf.tile(kernel, (1, 1, int(input.shape[nn.conv2d_ch_axis]), 1))
    pad = [size // 2] * 2
    x = tf.pad(input, [[0, 0], pad, pad, [0, 0]])
    return tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "VALID")


def style_loss(target, style, gaussian_blur_radius=0.0, loss_weight=1.0, step_size=1):
    if gaussian_blur_radius > 0.0:
        target = nn.gaussian_blur(target, gaussian_blur_radius)
        style = nn.gaussian_blur(style, gaussian_blur_radius)
    total = 0.0
    for a, b in zip(tf.nn.moments(target, [1, 2], keepdims=True),
                    tf.nn.moments(style, [1, 2], keepdims=True)):
        total += tf.reduce_sum(tf.square(a - b), axis=[1, 2, 3])
    return total * (loss_weight / int(target.shape[3]))


def dssim(img1, img2, max_val, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03):
    x = np.arange(filter_size) - (filter_size - 1) / 2.0
    taps = np.exp(-0.5 * (x / filter_sigma) ** 2)
    kernel = np.outer(taps, taps)
    kernel = (kernel / kernel.sum()).astype(np.float32)[..., None, None]
    kernel = tf.tile(kernel, (1, 1, int(img1.shape[nn.conv2d_ch_axis]), 1))

    def mean(x):
        return tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "VALID")
    m1, m2 = mean(img1), mean(img2)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    num, den = m1 * m2 * 2.0, m1 ** 2 + m2 ** 2
    cs = ((mean(img1 * img2) * 2.0 - num + c2)
          / (mean(tf.square(img1) + tf.square(img2)) - den + c2))
    return (1.0 - tf.reduce_mean((num + c1) / (den + c1) * cs, axis=[1, 2])) / 2.0


def average_tensor_list(tensors_list, tf_device_string=None):
    return tf.reduce_mean(tf.stack(tensors_list), 0)


def resize2d_bilinear(x, size=2):
    sides = [int(n) * size if size > 0 else int(n) // -size for n in x.shape[1:3]]
    return tf.image.resize_bilinear(x, sides)


def resize2d_nearest(x, size=2):
    return x[:, ::-size, ::-size, :]


def space_to_depth(x, size):
    return tf.space_to_depth(x, size)


def total_variation_mse(images):
    return (tf.reduce_sum(tf.square(images[:, 1:] - images[:, :-1]), axis=[1, 2, 3])
            + tf.reduce_sum(tf.square(images[:, :, 1:] - images[:, :, :-1]), axis=[1, 2, 3]))


def rgb_to_lab(srgb):
    raise NotImplementedError()     # no model of this tree needs it


def bilinear_sampler(img, x, y):
    raise NotImplementedError()


nn.gradients = tf_gradients
for function in (average_gv_list, tf_get_value, batch_set_value, init_weights, concat, gelu,
                 pixel_norm, upsample2d, flatten, reshape_4D, max_pool, depth_to_space,
                 random_binomial, gaussian_blur, style_loss, dssim, average_tensor_list,
                 resize2d_bilinear, resize2d_nearest, space_to_depth, total_variation_mse,
                 rgb_to_lab, bilinear_sampler):
    setattr(nn, function.__name__, function)

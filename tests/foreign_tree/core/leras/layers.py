import pickle

import numpy as np

from core.leras import nn

tf = nn.tf


class Saveable:
    def __init__(self, name=None):
        self.name = name

    def get_weights(self):
        return []

    def get_weights_np(self):
        return nn.tf_sess.run(self.get_weights())

    def set_weights(self, new_weights):
        nn.batch_set_value(zip(self.get_weights(), new_weights))

    def init_weights(self):
        nn.init_weights(self.get_weights())

    def save_weights(self, filename, force_dtype=None):
        with open(str(filename), "wb") as file:
            pickle.dump({w.name.split("/", 1)[1]: nn.tf_sess.run(w) for w in self.get_weights()},
                        file, 4)

    def load_weights(self, filename):
        with open(str(filename), "rb") as file:
            values = pickle.load(file)
        nn.batch_set_value([(w, values[w.name.split("/", 1)[1]]) for w in self.get_weights()])
        return True


class LayerBase(Saveable):
    def build_weights(self):
        pass

    def forward(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)


class Conv2D(LayerBase):
    def __init__(self, in_ch, out_ch, kernel_size, strides=1, padding="SAME", dilations=1,
                 use_bias=True, use_wscale=False, kernel_initializer=None, bias_initializer=None,
                 trainable=True, dtype=None, **kwargs):
        self.in_ch, self.out_ch, self.kernel_size = in_ch, out_ch, kernel_size
        self.strides, self.dilations, self.use_bias = strides, dilations, use_bias
        self.use_wscale = use_wscale
        self.padding = ((kernel_size - 1) * dilations + 1) // 2 if padding == "SAME" else None
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.trainable = trainable
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self):
        if self.use_wscale:
            gain = 1.0 if self.kernel_size == 1 else np.sqrt(2)
            self.wscale = tf.constant(gain / np.sqrt(self.kernel_size ** 2 * self.in_ch),
                                      self.dtype)
        self.weight = tf.get_variable("weight", (self.kernel_size,) * 2 + (
            self.in_ch, self.out_ch), dtype=self.dtype, trainable=self.trainable)
        if self.use_bias:
            self.bias = tf.get_variable("bias", (self.out_ch,), dtype=self.dtype,
                                        initializer=tf.initializers.zeros(),
                                        trainable=self.trainable)

    def get_weights(self):
        return [self.weight] + ([self.bias] if self.use_bias else [])

    def forward(self, x):
        weight = self.weight * self.wscale if self.use_wscale else self.weight
        if self.padding is not None:
            pad = [self.padding] * 2
            x = tf.pad(x, [[0, 0], pad, pad, [0, 0]])
        x = tf.nn.conv2d(x, weight, [1, self.strides, self.strides, 1], "VALID",
                         dilations=[1, self.dilations, self.dilations, 1],
                         data_format=nn.data_format)
        return tf.add(x, tf.reshape(self.bias, (1, 1, 1, -1))) if self.use_bias else x


class Conv2DTranspose(LayerBase):
    def __init__(self, in_ch, out_ch, kernel_size, strides=2, padding="SAME", use_bias=True,
                 dtype=None, **kwargs):
        self.in_ch, self.out_ch, self.kernel_size = in_ch, out_ch, kernel_size
        self.strides, self.padding, self.use_bias = strides, padding, use_bias
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self):
        self.weight = tf.get_variable("weight", (self.kernel_size,) * 2 + (
            self.out_ch, self.in_ch), dtype=self.dtype)
        if self.use_bias:
            self.bias = tf.get_variable("bias", (self.out_ch,), dtype=self.dtype,
                                        initializer=tf.initializers.zeros())

    def get_weights(self):
        return [self.weight] + ([self.bias] if self.use_bias else [])

    def forward(self, x):
        side = int(x.shape[1]) * self.strides
        x = tf.nn.conv2d_transpose(x, self.weight, tf.stack(
            (tf.shape(x)[0], side, side, self.out_ch)), [1, self.strides, self.strides, 1],
            self.padding)
        return tf.add(x, tf.reshape(self.bias, (1, 1, 1, -1))) if self.use_bias else x


class Dense(LayerBase):
    def __init__(self, in_ch, out_ch, use_bias=True, use_wscale=False, maxout_ch=0,
                 kernel_initializer=None, bias_initializer=None, trainable=True, dtype=None,
                 **kwargs):
        self.in_ch, self.out_ch, self.use_bias = in_ch, out_ch, use_bias
        self.dtype = nn.floatx if dtype is None else dtype
        super().__init__(**kwargs)

    def build_weights(self):
        self.weight = tf.get_variable("weight", (self.in_ch, self.out_ch), dtype=self.dtype)
        if self.use_bias:
            self.bias = tf.get_variable("bias", (self.out_ch,), dtype=self.dtype,
                                        initializer=tf.initializers.zeros())

    def get_weights(self):
        return [self.weight] + ([self.bias] if self.use_bias else [])

    def forward(self, x):
        x = tf.matmul(x, self.weight)
        return tf.add(x, tf.reshape(self.bias, (1, self.out_ch))) if self.use_bias else x


class DenseNorm(LayerBase):
    def __init__(self, dense=False, eps=1e-06, dtype=None, **kwargs):
        self.eps = eps
        super().__init__(**kwargs)

    def __call__(self, x):
        return x * tf.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + self.eps)


nn.Saveable, nn.LayerBase = Saveable, LayerBase
nn.Conv2D, nn.Conv2DTranspose = Conv2D, Conv2DTranspose
nn.Dense, nn.DenseNorm = Dense, DenseNorm

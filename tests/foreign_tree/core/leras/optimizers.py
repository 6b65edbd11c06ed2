import numpy as np
from tensorflow.python.ops import control_flow_ops, state_ops

from core.leras import nn

tf = nn.tf


class OptimizerBase(nn.Saveable):
    def tf_clip_norm(self, g, c, n):
        return g if c <= 0 else tf.cond(n >= c, lambda: tf.scalar_mul(c / n, g), lambda: g)


class RMSprop(OptimizerBase):
    def __init__(self, lr=0.001, rho=0.9, lr_dropout=1.0, lr_cos=0, clipnorm=0.0, name=None,
                 **kwargs):
        super().__init__(name=name)
        self.lr, self.rho, self.lr_dropout, self.clipnorm = lr, rho, lr_dropout, clipnorm
        with tf.device("/CPU:0"), tf.variable_scope(name):
            self.iterations = tf.Variable(0, dtype=tf.int64, name="iters")
        self.accumulators_dict, self.lr_rnds_dict = {}, {}

    def get_weights(self):
        return [self.iterations] + list(self.accumulators_dict.values())

    def initialize_variables(self, trainable_weights, vars_on_cpu=True, lr_dropout_on_cpu=False):
        with tf.variable_scope(self.name):
            for v in trainable_weights:
                self.accumulators_dict[v.name] = make_slot("acc", v)
                if self.lr_dropout != 1.0:
                    self.lr_rnds_dict[v.name] = nn.random_binomial(
                        v.shape, p=self.lr_dropout, dtype=v.dtype.base_dtype)

    def get_update_op(self, grads_vars):
        updates = [state_ops.assign_add(self.iterations, 1)]
        if self.clipnorm > 0.0:
            norm = tf.sqrt(sum([tf.reduce_sum(tf.square(g)) for g, _ in grads_vars]))
        for g, v in grads_vars:
            if self.clipnorm > 0.0:
                g = self.tf_clip_norm(g, self.clipnorm, norm)
            a = self.accumulators_dict[v.name]
            new_a = self.rho * a + (1.0 - self.rho) * tf.square(g)
            step = -self.lr * g / (tf.sqrt(new_a) + np.finfo(g.dtype.as_numpy_dtype).resolution)
            if self.lr_dropout != 1.0:
                step *= self.lr_rnds_dict[v.name]
            updates += [state_ops.assign(a, new_a), state_ops.assign(v, v + step)]
        return control_flow_ops.group(*updates, name=self.name + "_updates")


class AdaBelief(OptimizerBase):
    def __init__(self, lr=0.001, beta_1=0.9, beta_2=0.999, lr_dropout=1.0, lr_cos=0,
                 clipnorm=0.0, name=None, **kwargs):
        super().__init__(name=name)
        self.lr, self.beta_1, self.beta_2 = lr, beta_1, beta_2
        self.lr_dropout, self.lr_cos, self.clipnorm = lr_dropout, lr_cos, clipnorm
        with tf.device("/CPU:0"), tf.variable_scope(name):
            self.iterations = tf.Variable(0, dtype=tf.int64, name="iters")
        self.ms_dict, self.vs_dict, self.lr_rnds_dict = {}, {}, {}

    def get_weights(self):
        return [self.iterations] + list(self.ms_dict.values()) + list(self.vs_dict.values())

    def initialize_variables(self, trainable_weights, vars_on_cpu=True, lr_dropout_on_cpu=False):
        with tf.variable_scope(self.name):
            for v in trainable_weights:
                self.ms_dict[v.name] = make_slot("ms", v)
                self.vs_dict[v.name] = make_slot("vs", v)
                if self.lr_dropout != 1.0:
                    self.lr_rnds_dict[v.name] = nn.random_binomial(
                        v.shape, p=self.lr_dropout, dtype=v.dtype.base_dtype)

    def get_update_op(self, grads_vars):
        updates = []
        if self.clipnorm > 0.0:
            norm = tf.sqrt(sum([tf.reduce_sum(tf.square(tf.cast(g, tf.float32)))
                                for g, _ in grads_vars]))
        updates += [state_ops.assign_add(self.iterations, 1)]
        for g, v in grads_vars:
            if self.clipnorm > 0.0:
                g = self.tf_clip_norm(g, self.clipnorm, tf.cast(norm, g.dtype))
            m, s = self.ms_dict[v.name], self.vs_dict[v.name]
            new_m = self.beta_1 * m + (1.0 - self.beta_1) * g
            new_s = self.beta_2 * s + (1.0 - self.beta_2) * tf.square(g - new_m)
            lr = tf.constant(self.lr, g.dtype)
            if self.lr_cos != 0:
                lr *= (tf.cos(tf.cast(self.iterations, g.dtype) * (2 * 3.1415926535 / float(
                    self.lr_cos))) + 1.0) / 2.0
            step = -lr * new_m / (tf.sqrt(new_s) + np.finfo(g.dtype.as_numpy_dtype).resolution)
            if self.lr_dropout != 1.0:
                step *= self.lr_rnds_dict[v.name]
            updates += [state_ops.assign(m, new_m), state_ops.assign(s, new_s),
                        state_ops.assign(v, v + step)]
        return control_flow_ops.group(*updates, name=self.name + "_updates")


def make_slot(prefix, v):
    return tf.get_variable("%s_%s" % (prefix, v.name.replace(":", "_")), v.shape,
                           dtype=v.dtype.base_dtype, trainable=False,
                           initializer=tf.initializers.constant(0.0))


nn.OptimizerBase, nn.RMSprop, nn.AdaBelief = OptimizerBase, RMSprop, AdaBelief

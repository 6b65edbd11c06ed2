"""A small face-swap step for the tests of the patches of memory: one encoder for two faces, two
decoders, dropout and noise between the layers."""
import numpy as np

from core.leras import nn
from leras_cases import image_input, pat, start_graph

SIDE = 64


def make_parts():
    """(encoder, two decoders): small networks of blocks, not built yet."""
    tf = nn.tf

    class Up(nn.ModelBase):
        def on_build(self, in_ch, out_ch):
            self.conv1 = nn.Conv2D(in_ch, out_ch * 4, kernel_size=3)
            self.conv2 = nn.Conv2D(out_ch, out_ch, kernel_size=3)

        def forward(self, x):
            x = nn.depth_to_space(tf.nn.leaky_relu(self.conv1(x), 0.1), 2)
            return tf.nn.leaky_relu(x + self.conv2(x), 0.2)

    class Encoder(nn.ModelBase):
        def on_build(self):
            self.convs = [nn.Conv2D(a, b, kernel_size=5, strides=2)
                          for a, b in ((3, 8), (8, 16), (16, 32))]
            self.dense1 = nn.Dense(8 * 8 * 32, 24)
            self.dense2 = nn.Dense(24, 8 * 8 * 16)

        def forward(self, x):
            for conv in self.convs:
                x = tf.nn.leaky_relu(conv(x), 0.1)
            return nn.reshape_4D(self.dense2(self.dense1(nn.flatten(x))), 8, 8, 16)

    class Decoder(nn.ModelBase):
        def on_build(self):
            self.ups = [Up(a, b) for a, b in ((16, 32), (32, 16), (16, 16))]
            self.out, self.outm = nn.Conv2D(16, 3, kernel_size=1), nn.Conv2D(16, 1, kernel_size=1)

        def forward(self, x):
            for up in self.ups:
                x = up(x)
            return [tf.nn.sigmoid(self.out(x)), tf.nn.sigmoid(self.outm(x))]

    return Encoder(name="encoder"), [Decoder(name=x) for x in ("decoder_src", "decoder_dst")]


class SwapStep(object):
    """Losses, gradients and update of one graph, with weights that depend on their names only."""

    def __init__(self, gate, batch=2, optimizer=None, **arguments):
        start_graph()
        tf = nn.tf
        tf.set_random_seed(7)
        np.random.seed(5)
        encoder, decoders = make_parts()
        self.faces = [image_input(SIDE, 3)[0] for _ in decoders]
        self.weights = [w for net in [encoder] + decoders for w in net.get_weights()]
        self.optimizer = (optimizer or nn.AdaBelief)(lr=1e-3, name="opt", **arguments)
        self.optimizer.initialize_variables(self.weights)
        losses = []
        for number, (face, decoder) in enumerate(zip(self.faces, decoders)):
            code = tf.nn.dropout(encoder(face), 0.9, seed=number)
            noise = tf.random_uniform(tf.shape(face), seed=3 + number)
            image, mask = decoder(code)
            image = image * (1.0 + 0.01 * noise)
            losses.append(
                tf.reduce_mean(5 * nn.dssim(face, image, max_val=1.0, filter_size=5), axis=[1])
                + tf.reduce_mean(tf.square(image - face), axis=[1, 2, 3])
                + tf.reduce_mean(tf.square(mask - 0.5), axis=[1, 2, 3]))
        self.losses = losses
        pairs = nn.gradients(losses[0] + losses[1], self.weights)
        if gate:
            with tf.control_dependencies([g for g, _ in pairs]):
                pairs = [(tf.identity(g), v) for g, v in pairs]
        self.gradients = [g for g, _ in pairs]
        self.update = self.optimizer.get_update_op(pairs)
        nn.tf_sess.run(tf.global_variables_initializer())
        state = np.random.RandomState(7)
        nn.batch_set_value([
            (w, state.randn(*w.shape.as_list()) / np.sqrt(np.prod(w.shape.as_list()[:-1]) or 1))
            for w in self.weights])
        self.batch = batch

    def feed(self, number):
        return {face: pat((self.batch, SIDE, SIDE, 3), 1 + number + 50 * i)
                for i, face in enumerate(self.faces)}

    def run(self, steps=3, with_gradients=False):
        """[losses (and gradients) of each step], then the state."""
        fetches = [self.losses, self.gradients if with_gradients else [], self.update]
        values = [nn.tf_sess.run(fetches, self.feed(i))[:2] for i in range(steps)]
        return values, nn.tf_sess.run(self.weights + self.optimizer.get_weights())

    def count_ops(self, kind):
        return sum(op.type == kind for op in nn.tf.get_default_graph().get_operations())


def assert_equal(first, second):
    """The same numbers, to the bit, in nested lists."""
    if isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for a, b in zip(first, second):
            assert_equal(a, b)
    else:
        np.testing.assert_array_equal(first, second)

"""A small face-swap step for the tests of the patches of memory: one encoder for two faces, two
decoders, dropout and noise between the layers."""
import numpy as np

from core.leras import nn
from leras_cases import image_input, pat, start_graph

SIDE = 64


class SwapStep(object):
    """Losses, gradients and update of one graph, with weights that depend on their names only."""

    def __init__(self, gate, batch=2, optimizer=None, archi="df-ud", **arguments):
        start_graph()
        tf = nn.tf
        tf.set_random_seed(7)
        np.random.seed(5)
        kind = nn.DeepFakeArchi(SIDE, opts=archi.split("-")[1])
        encoder = kind.Encoder(in_ch=3, e_ch=16, name="encoder")
        inter = kind.Inter(in_ch=encoder.get_out_ch() * encoder.get_out_res(SIDE) ** 2, ae_ch=32,
                           ae_out_ch=32, name="inter")
        decoders = [kind.Decoder(in_ch=32, d_ch=16, d_mask_ch=8, name=name)
                    for name in ("decoder_src", "decoder_dst")]
        self.faces = [image_input(SIDE, 3)[0] for _ in decoders]
        self.weights = [w for net in [encoder, inter] + decoders for w in net.get_weights()]
        self.optimizer = (optimizer or nn.AdaBelief)(lr=1e-3, name="opt", **arguments)
        self.optimizer.initialize_variables(self.weights)
        losses = []
        for number, (face, decoder) in enumerate(zip(self.faces, decoders)):
            code = tf.nn.dropout(inter(encoder(face)), 0.9, seed=number)
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

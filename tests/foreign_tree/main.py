"""The foreign tree's program: `main.py train --steps N --out FOLDER [--gate] [--child]`.

Trains a small network whose layers are called in every way that models of the community call them,
and writes result.json (losses, what the process looks like) and the weights.
"""
import argparse
import json
import multiprocessing
import os
import sys

SIDE = 32


def describe_process():
    from core.leras import nn
    return {"file": sys.modules["__main__"].__file__, "argv": sys.argv,
            "children_of": getattr(sys.modules.get("__mp_main__"), "__file__", None),
            "initialize": nn.initialize.__name__, "has_layer": "dfl_patches" in sys.modules,
            "path": sys.path}


def run_child(queue):
    from core.leras import nn
    before = describe_process()
    nn.initialize()     # as a worker that detects faces does
    queue.put(dict(before, gradients=nn.gradients.__name__))


def build_networks():
    from core.leras import nn
    tf = nn.tf

    class Block(nn.ModelBase):
        def on_build(self, ch):
            self.conv1 = nn.Conv2D(ch, ch, kernel_size=3)
            self.conv2 = nn.Conv2D(ch, ch, kernel_size=3, use_bias=False, use_wscale=True)

        def forward(self, inp, scale=0.2):
            x = tf.nn.leaky_relu(self.conv1(inp), 0.2)
            return tf.nn.leaky_relu(inp + self.conv2(x=x) * scale, 0.2)

    class Encoder(nn.ModelBase):
        def __init__(self, in_ch, ch, **kwargs):
            self.in_ch, self.ch = in_ch, ch
            super().__init__(**kwargs)

        def on_build(self):
            self.downs = [nn.Conv2D(self.in_ch, self.ch, kernel_size=5, strides=2),
                          nn.Conv2D(self.ch, self.ch * 2, kernel_size=5, strides=2)]
            self.res = Block(self.ch * 2)

        def forward(self, x):
            for down in self.downs:
                x = tf.nn.leaky_relu(down(x), 0.1)
            return nn.pixel_norm(nn.flatten(self.res(x, scale=0.3)), axes=-1)

    class Inter(nn.ModelBase):
        def on_build(self, in_ch, ae_ch, out_ch):
            self.norm = nn.DenseNorm()
            self.dense1 = nn.Dense(in_ch, ae_ch)
            self.dense2 = nn.Dense(ae_ch, 8 * 8 * out_ch)
            self.out_ch = out_ch

        def forward(self, inp):
            return nn.reshape_4D(self.dense2(self.dense1(self.norm(inp))), 8, 8, self.out_ch)

    class Decoder(nn.ModelBase):
        def on_build(self, in_ch, ch):
            self.up = nn.Conv2D(in_ch, ch * 4, kernel_size=3, padding="SAME")
            self.up_mask = nn.Conv2DTranspose(in_ch, 4, kernel_size=3)
            self.res = Block(ch)
            self.out_conv = nn.Conv2D(ch, 3 * 4, kernel_size=1)
            self.out_mask = nn.Conv2D(4, 4, kernel_size=1)

        def forward(self, z):
            x = self.res(nn.depth_to_space(tf.nn.leaky_relu(self.up(z), 0.1), 2))
            mask = tf.nn.leaky_relu(self.up_mask(z), 0.1)
            return [tf.nn.sigmoid(nn.depth_to_space(self.out_conv(x), 2)),
                    tf.nn.sigmoid(nn.depth_to_space(self.out_mask(mask), 2))]

    return (Encoder(3, 4, name="encoder"), Inter(8 * 8 * 8, 16, 8, name="inter"),
            Decoder(8, 4, name="decoder"))


def build(gate):
    from core.leras import nn
    tf = nn.tf
    encoder, inter, decoder = build_networks()
    src, dst = (tf.placeholder(tf.float32, nn.get4Dshape(SIDE, SIDE, 3)) for _ in range(2))
    with tf.variable_scope("colour"):
        colour = nn.Conv2D(3, 3, 1)     # of no model, called by itself
        colour.build_weights()
    outputs = [decoder(z=inter(encoder(colour(x)))) for x in (src, dst)]    # all weights twice
    weights = (encoder.get_weights() + inter.get_weights() + decoder.get_weights()
               + colour.get_weights())
    losses = []
    for x, (image, mask) in zip((src, dst), outputs):
        blurred = tf.clip_by_value(nn.gaussian_blur(mask, 2.0), 0, 0.5) * 2
        losses.append(
            tf.reduce_mean(10 * nn.dssim(image, x, max_val=1.0, filter_size=5), axis=1)
            + tf.reduce_mean(10 * tf.square((image - x) * blurred), axis=[1, 2, 3])
            + tf.reduce_mean(10 * tf.square(mask - 0.5), axis=[1, 2, 3]))
    style = nn.style_loss(outputs[0][0], dst, gaussian_blur_radius=2.0, loss_weight=0.1)

    code = encoder(colour(src))
    judge = nn.Dense(int(code.shape[-1]), 1, name="judge")
    with tf.variable_scope(judge.name):
        judge.build_weights()
    judged = tf.square(judge(code) - 1.0)

    def get_gradients(loss, variables):
        gv = nn.gradients(loss, variables)
        if not gate:
            return gv
        with tf.control_dependencies([g for g, _ in gv]):
            return [(tf.identity(g), v) for g, v in gv]
    opt = nn.AdaBelief(lr=5e-4, lr_dropout=0.7, name="opt")
    opt.initialize_variables(weights, vars_on_cpu=True)
    judge_opt = nn.RMSprop(lr=1e-3, clipnorm=1.0, name="judge_opt")
    judge_opt.initialize_variables(judge.get_weights())
    towers = [get_gradients(losses[0] + style, weights), get_gradients(losses[1], weights)]
    update = opt.get_update_op(nn.average_gv_list(towers))
    judge_update = judge_opt.get_update_op(get_gradients(judged, judge.get_weights()))
    parts = dict(encoder=encoder, inter=inter, decoder=decoder, opt=opt, judge=judge,
                 judge_opt=judge_opt)
    return src, dst, losses, [update, judge_update], parts, colour


def train(arguments):
    import numpy as np
    from core.leras import nn
    np.random.seed(3)
    nn.initialize(nn.DeviceConfig.CPU())
    nn.tf.set_random_seed(1)
    np.random.seed(3)   # of the masks of the learning-rate dropout
    src, dst, losses, updates, parts, colour = build(arguments.gate)
    for part in list(parts.values()) + [colour]:
        part.init_weights()
    state = np.random.RandomState(5)
    for part in (parts["encoder"], parts["inter"], parts["decoder"], parts["judge"], colour):
        nn.batch_set_value([(w, state.normal(0, 0.15, w.shape.as_list()))
                            for w in part.get_weights()])
    history = []
    for _ in range(arguments.steps):
        feed = {x: state.uniform(0, 1, (2, SIDE, SIDE, 3)) for x in (src, dst)}
        values, _ = nn.tf_sess.run([losses, updates[0]], feed)
        nn.tf_sess.run(updates[1], feed)
        history.append([float(np.mean(x)) for x in values])
    for name, part in parts.items():
        part.save_weights(os.path.join(arguments.out, name + ".npy"))
    result = dict(describe_process(), losses=history)
    nn.close_session()
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["train"])
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--out", required=True)
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--child", action="store_true")
    arguments = parser.parse_args()
    result = train(arguments)
    if arguments.child:
        queue = multiprocessing.Queue()
        process = multiprocessing.Process(target=run_child, args=(queue,))
        process.start()
        result["child"] = queue.get(timeout=120)
        process.join()
    with open(os.path.join(arguments.out, "result.json"), "w") as file:
        json.dump(result, file)


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()

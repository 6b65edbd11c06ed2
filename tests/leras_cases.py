"""Builds the cases of the leras reference files by their labels, for traces and vectors."""
import re
from collections import namedtuple

import numpy as np

from core.leras import nn

# inputs: [(placeholder, value)]; outputs: tensors; weights: variables in get_weights order
Case = namedtuple("Case", "inputs outputs weights")

_IMAGE_SIDES = {"max_pool 3,2": (7, 3), "gaussian_blur": (12, 3), "depth_to_space": (3, 12),
                "rgb_to_lab": (3, 3), "total_variation_mse": (6, 3), "dssim": (16, 3),
                "style_loss": (16, 3)}

_OPS = {
    "upsample2d size=2": lambda x: nn.upsample2d(x, 2),
    "upsample2d size=3": lambda x: nn.upsample2d(x, 3),
    "resize2d_bilinear size=2": lambda x: nn.resize2d_bilinear(x, 2),
    "resize2d_bilinear size=-2": lambda x: nn.resize2d_bilinear(x, -2),
    "resize2d_nearest size=-2": lambda x: nn.resize2d_nearest(x, -2),
    "flatten": lambda x: nn.flatten(x),
    "max_pool": lambda x: nn.max_pool(x),
    "max_pool 3,2": lambda x: nn.max_pool(x, 3, 2),
    "gaussian_blur radius=2.0": lambda x: nn.gaussian_blur(x, 2.0),
    "gaussian_blur radius=1": lambda x: nn.gaussian_blur(x, 1),
    "space_to_depth": lambda x: nn.space_to_depth(x, 2),
    "depth_to_space": lambda x: nn.depth_to_space(x, 2),
    "rgb_to_lab": lambda x: nn.rgb_to_lab(x),
    "total_variation_mse": lambda x: nn.total_variation_mse(x),
}

_PAIR_OPS = {
    "dssim max_val=1.0 filter_size=11": lambda a, b: nn.dssim(a, b, max_val=1.0),
    "dssim max_val=1.0 filter_size=5": lambda a, b: nn.dssim(a, b, 1.0, filter_size=5),
    "dssim max_val=2.0 filter_size=4 sigma=2":
        lambda a, b: nn.dssim(a, b, 2.0, filter_size=4, filter_sigma=2),
    "dssim filter_size=0 (clamped to 1)": lambda a, b: nn.dssim(a, b, 1.0, filter_size=0),
    "style_loss no blur lw=10": lambda a, b: nn.style_loss(a, b, loss_weight=10),
    "style_loss blur=2 lw=10000":
        lambda a, b: nn.style_loss(a, b, gaussian_blur_radius=2, loss_weight=10000),
}


def pat(shape, k):
    """The reference files' input pattern: values in [0, 1)."""
    n = int(np.prod(shape, dtype=np.int64))
    i = np.arange(n, dtype=np.int64)
    return (((i * 7919 + k) % 1009) / 1009).astype(np.float32).reshape(shape)


def pattern_weight(variable, j):
    """Value of the j-th weight of a case."""
    shape = variable.shape.as_list()
    if "running_var" in variable.name:
        return pat(shape, 101 * (j + 1)) + 0.5
    scale = 2 / np.sqrt(max(1, int(np.prod(shape[:-1], dtype=np.int64))))
    return ((pat(shape, 101 * (j + 1)) - 0.5) * scale).astype(np.float32)


def start_graph(data_format="NHWC"):
    """An empty default graph with a new CPU session."""
    nn.initialize(nn.DeviceConfig.CPU(), data_format=data_format)
    nn.reset_session()
    if nn.tf.get_default_graph().seed is not None:   # TensorFlow's determinism demands one:
        nn.tf.set_random_seed(87654321)              # the one that unseeded graphs work with


def image_input(side, channels, k=1, batch=2):
    """(placeholder, value) of square images in the current data format."""
    value = pat((batch, side, side, channels), k)
    return (nn.tf.placeholder(nn.tf.float32, nn.get4Dshape(side, side, channels)),
            nn.to_data_format(value, nn.data_format, "NHWC"))


def vector_input(features, k=1, batch=2):
    """(placeholder, value) of feature vectors."""
    return nn.tf.placeholder(nn.tf.float32, (None, features)), pat((batch, features), k)


def build_case(label):
    """Builds a case on the (empty) default graph; the data format is set already."""
    kind, rest = label.split("/", 1)
    name = re.sub("/(NHWC|NCHW)$", "", rest)
    if kind == "op":
        return build_op(name)
    if kind == "layer":
        return build_layer(name)
    if kind == "archi":
        return build_archi_case(name)
    return build_model_case(name)


def build_op(name):
    tf = nn.tf
    if name in _OPS or name in _PAIR_OPS:
        side, channels = next((v for k, v in _IMAGE_SIDES.items() if name.startswith(k)), (8, 4))
        batch = 1 if name == "rgb_to_lab" else 2
        inputs = [image_input(side, channels, batch=batch)]
        if name in _PAIR_OPS:
            inputs.append(image_input(side, channels, k=400))
            return Case(inputs, [_PAIR_OPS[name](inputs[0][0], inputs[1][0])], [])
        return Case(inputs, [_OPS[name](inputs[0][0])], [])
    if name == "gelu":
        x, value = vector_input(5)
        return Case([(x, value * 6 - 3)], [nn.gelu(x)], [])
    if name.startswith("reshape_4D"):
        inputs = [vector_input(24)]
        return Case(inputs, [nn.reshape_4D(inputs[0][0], 3, 2, 4)], [])
    if name.startswith("pixel_norm"):
        inputs = [vector_input(9)]
        return Case(inputs, [nn.pixel_norm(inputs[0][0], axes=-1)], [])
    if name.startswith("bilinear_sampler"):
        img = image_input(6, 2)
        x = tf.placeholder(tf.float32, (None, 4, 4)), pat((2, 4, 4), 50) * 7 - 1
        y = tf.placeholder(tf.float32, (None, 4, 4)), pat((2, 4, 4), 90) * 7 - 1
        return Case([img, x, y], [nn.bilinear_sampler(img[0], x[0], y[0])], [])
    if name.startswith("random_binomial"):
        return Case([], [nn.random_binomial((2, 3, 5), p=0.3, seed=123)], [])
    if name.startswith("average_gv_list"):
        return build_average_case()
    x, value = vector_input(3, batch=4)
    w, b = tf.get_variable("w", (3, 2)), tf.get_variable("b", (2,))
    gv = nn.gradients(quadratic_loss(x, w, b), [w, b])
    return Case([(x, value)], [g for g, _ in gv], [w, b])


def quadratic_loss(x, w, b):
    y = nn.tf.add(nn.tf.matmul(x, w), nn.tf.reshape(b, (1, 2)))
    return nn.tf.reduce_sum(nn.tf.square(y), axis=1)


def build_average_case():
    x, y = vector_input(3, batch=1), vector_input(3, k=9, batch=1)
    v0, v1 = nn.tf.get_variable("v0", (2,)), nn.tf.get_variable("v1", (2,))
    towers = [[(t[0], v0), (t[0] * 2.0, v1)] for t in (x[0], y[0])]
    gv = nn.average_gv_list(towers, "/CPU:0")
    mean = nn.average_tensor_list([x[0], y[0]])
    return Case([x, y], [g for g, _ in gv] + [mean], [])


def build_layer(name):
    call = name.split(") ")[0] + ("" if name.split(") ")[0].endswith(")") else ")")
    class_name, arguments = re.match(r"(\w+)\((.*)\)$", call).groups()
    layer = eval("nn.%s(%s)" % (class_name, arguments))  # labels of our own reference file
    if class_name == "TanhPolar":
        inputs = [image_input(8, 3)]
        warped = layer.warp(inputs[0][0])
        return Case(inputs, [warped, layer.restore(inputs[0][0])], [])
    if class_name == "DenseNorm":
        inputs = [vector_input(6)]
        return Case(inputs, [layer(inputs[0][0])], [])
    with nn.tf.variable_scope("lay"):
        layer.build_weights()
    if class_name == "AdaIN":
        inputs = [image_input(8, 3), vector_input(5, k=77)]
        return Case(inputs, [layer([x for x, _ in inputs])], layer.get_weights())
    inputs = [vector_input(6) if class_name == "Dense" else image_input(8, 3)]
    x = inputs[0][0]
    y = layer((x, x * 2.0)) if class_name == "ScaleAdd" else layer(x)
    return Case(inputs, [y], layer.get_weights())


Nets = namedtuple("Nets", "encoder inters decoder")


def make_nets(family, opts, resolution, e_ch, ae_ch, d_ch, d_mask_ch, use_fp16=False, in_ch=3,
              liae_names=("inter_AB", "inter_B")):
    """Encoder, inters and one decoder of an archi, not built yet."""
    archi = nn.DeepFakeArchi(resolution, use_fp16=use_fp16, opts=opts)
    encoder = archi.Encoder(in_ch=in_ch, e_ch=e_ch, name="encoder")
    flat = encoder.get_out_ch() * encoder.get_out_res(resolution) ** 2
    if family == "df":
        inters = [archi.Inter(in_ch=flat, ae_ch=ae_ch, ae_out_ch=ae_ch, name="inter")]
    else:
        inters = [archi.Inter(in_ch=flat, ae_ch=ae_ch, ae_out_ch=ae_ch * 2, name=name)
                  for name in liae_names]
    decoder = archi.Decoder(in_ch=inters[0].get_out_ch() * len(inters), d_ch=d_ch,
                            d_mask_ch=d_mask_ch, name="decoder")
    return Nets(encoder, inters, decoder)


def connect_nets(nets, x):
    """[code, first inter's result, image, mask]."""
    code = nets.encoder(x)
    zs = [inter(code) for inter in nets.inters]
    z = zs[0] if len(zs) == 1 else nn.tf.concat(zs, nn.conv2d_ch_axis)
    return [code, zs[0]] + list(nets.decoder(z))


def get_net_weights(nets):
    """All weights: encoder, inters, decoder."""
    return [w for net in [nets.encoder] + nets.inters + [nets.decoder]
            for w in net.get_weights()]


def build_archi_case(name):
    family, opts = re.match(r"(df|liae) (\S+) ", name).groups()
    nets = make_nets(family, "" if opts == "(none)" else opts, 64, 8, 16, 8, 4,
                     use_fp16=name.endswith("fp16"), liae_names=("inter", "inter_B"))
    inputs = [image_input(64, 3)]
    return Case(inputs, connect_nets(nets, inputs[0][0]), get_net_weights(nets))


def build_model_case(name):
    pretrain = {"pretrain": True} if "pretrain=True" in name else {}
    call = name.split(" ")[0]
    class_name, arguments = re.match(r"(\w+)\((.*)\)$", call).groups()
    scope = {"XSeg": "XSeg", "PatchDiscriminator": "D", "UNetPatchDiscriminator": "D_src",
             "CodeDiscriminator": "dis"}[class_name]
    model = eval("nn.%s(%s, name=%r)" % (class_name, arguments, scope))
    side, channels, batch = {"XSeg": (256, 3, 1), "PatchDiscriminator": (32, 3, 2),
                             "UNetPatchDiscriminator": (32, 3, 2),
                             "CodeDiscriminator": (8, 8, 2)}[class_name]
    inputs = [image_input(side, channels, batch=batch)]
    result = model(inputs[0][0], **pretrain)
    return Case(inputs, list(result) if isinstance(result, tuple) else [result],
                model.get_weights())


def build_optimizer_case(label):
    """The two-weight network with an optimizer, everything on the CPU; (x, w, b, opt, update)."""
    call = re.match(r"optimizer/(\w+)\((.*)\) 3 steps$", label)
    tf = nn.tf
    with tf.device("/CPU:0"):
        with tf.variable_scope("net"):
            w, b = tf.get_variable("w", (3, 2)), tf.get_variable("b", (2,))
        opt = eval("nn.%s(%s, name='opt')" % call.groups())
        np.random.seed(1234)
        opt.initialize_variables([w, b], vars_on_cpu=True)
        x = tf.placeholder(tf.float32, (None, 3))
        loss = quadratic_loss(x, w, b)
        gv = nn.gradients(loss, [w, b])
    return x, w, b, opt, opt.get_update_op(gv)

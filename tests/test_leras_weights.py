"""Names, order, shapes, dtypes and initialisers of every weight (spec 10 sections 9 to 12)."""
import numpy as np
import pytest

from core.leras import nn
from leras_cases import get_net_weights, make_nets, start_graph
from leras_support import load_golden

ARCHIS = load_golden("archi_weights")["archi"]
MODELS = load_golden("model_weights")["models"]
OPTIMIZERS = load_golden("model_weights")["optimizer_state"]
PATCHES = load_golden("patch_discriminators")
GRAY = load_golden("gray_weights")


def describe_initializer(variable):
    """`glorot_uniform limit=x`, `const x` or `zeros`, as the reference tables write it."""
    value = variable.initializer.inputs[1].op
    if value.name.endswith("/random_uniform"):
        limit = variable.graph.get_operation_by_name(value.name + "/max")
        return "glorot_uniform limit=%.9g" % nn.tf.make_ndarray(limit.get_attr("value"))
    if value.type == "Fill":
        return value.name.rsplit("/", 1)[1]
    constant = np.unique(nn.tf.make_ndarray(value.get_attr("value")))
    assert constant.size == 1
    return "const %.9g" % constant[0]


def table_rows(weights, scope):
    rows = []
    for w in weights:
        first, key = w.name.split("/", 1)
        assert first == scope
        rows.append([key, w.shape.as_list(), w.dtype.base_dtype.name, describe_initializer(w)])
    return rows


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("label", sorted(ARCHIS))
def test_archi_tables(label, data_format):
    info, models = ARCHIS[label]["info"], ARCHIS[label]["models"]
    start_graph(data_format)
    family, opts = (label.split(" ")[0].split("-") + [""])[:2]
    archi = nn.DeepFakeArchi(64, use_fp16="fp16" in label, opts=opts)
    built = []
    for model in models:
        scope = model["scope"]
        if scope == "encoder":
            net = archi.Encoder(in_ch=3, e_ch=16, name=scope)
            assert net.get_out_ch() == info["encoder.get_out_ch"]
            assert net.get_out_res(64) == info["encoder.get_out_res"]
        elif scope.startswith("inter"):
            net = archi.Inter(in_ch=info["encoder_flat"], ae_ch=32,
                              ae_out_ch=32 if family == "df" else 64, name=scope)
            assert net.get_out_ch() == info["inter.get_out_ch"]
            assert net.get_out_res() == info["inter.get_out_res"]
        else:
            net = archi.Decoder(in_ch=info["decoder_in_ch"], d_ch=16, d_mask_ch=8, name=scope)
        assert table_rows(net.get_weights(), scope) == model["weights"]
        built += net.get_weights()
    assert sum(int(np.prod(w.shape.as_list())) for w in built) == info["params_total"]


def make_model(label):
    class_name, rest = label.split(" ", 1)
    kwargs = {k: int(v) for k, v in (item.split("=") for item in rest.split(" ")
                                     if "=" in item)}
    return getattr(nn, class_name)(name=MODELS[label]["scope"], **kwargs)


@pytest.mark.parametrize("label", sorted(MODELS))
def test_model_tables(label):
    table = MODELS[label]
    start_graph()
    model = make_model(label)
    result = model(nn.tf.placeholder(nn.tf.float32, table["in_shape"]))
    assert table_rows(model.get_weights(), table["scope"]) == table["weights"]
    results = result if isinstance(result, tuple) else (result,)
    assert [t.shape.as_list() for t in results] == table["out_shapes"]


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_optimizer_tables(name):
    start_graph()
    encoder = make_nets("df", "ud", 64, 16, 32, 16, 8).encoder
    scope = OPTIMIZERS[name]["scope"]
    opt = getattr(nn, name)(name=scope)
    opt.initialize_variables(encoder.get_weights())
    assert table_rows(opt.get_weights(), scope) == OPTIMIZERS[name]["weights"]


def test_patch_table():
    kernels = nn.PatchDiscriminator.on_build.__globals__["patch_discriminator_kernels"]
    assert {str(k): [v[0], v[1]] for k, v in kernels.items()} == {
        k: [v["base_ch"], v["layers_k_s"]] for k, v in PATCHES["patch_discriminator"].items()}


def test_unet_archi_search():
    net = nn.UNetPatchDiscriminator(patch_size=16, in_ch=3, name="unet")
    for first, last, strides, field in PATCHES["unet_find_archi"]["ranges"]:
        for target in (first, last if last is not None else first + 500):
            layers = net.find_archi(target)
            assert [k for k, _ in layers] == [3] * len(strides)
            assert "".join(str(s) for _, s in layers) == strides, target
            assert net.calc_receptive_field_size(layers) == field


@pytest.mark.parametrize("label", sorted(GRAY))
def test_gray_tables(label):
    """One-channel networks of the SAEHDBW tree (spec 60 section 2.2)."""
    family, opts = label.split("-")
    config = GRAY[label]["config"]
    tables = {m["scope"]: m["weights"] for m in GRAY[label]["models"]}
    start_graph()
    nets = make_nets(family, opts, 64, 16, 32, 16, 16, in_ch=config["input_ch"])
    flat = nets.encoder.get_out_ch() * nets.encoder.get_out_res(64) ** 2
    archi = nn.DeepFakeArchiBWTEST_NOPRINT(64, opts=opts)
    built = {}
    for scope in tables:
        if scope == "encoder":
            built[scope] = nets.encoder
        elif scope.startswith("inter"):
            built[scope] = archi.Inter(in_ch=flat, ae_ch=32,
                                       ae_out_ch=32 if family == "df" else 64, name=scope)
        elif scope.startswith("decoder"):
            built[scope] = archi.Decoder(in_ch=32 if family == "df" else 128, d_ch=16,
                                         d_mask_ch=16, name=scope)
        elif scope == "D_src":
            built[scope] = nn.UNetPatchDiscriminator(patch_size=8, in_ch=1, base_ch=16,
                                                     name=scope)
        elif scope == "dis":
            built[scope] = nn.CodeDiscriminator(32, code_res=built["inter"].get_out_res(),
                                                name=scope)
    trained = [w for scope in tables if scope.startswith(("encoder", "inter", "decoder"))
               for w in built[scope].get_weights()]
    built["src_dst_opt"] = nn.AdaBelief(name="src_dst_opt")
    built["src_dst_opt"].initialize_variables(trained)
    for scope, table in tables.items():
        assert [row[:3] for row in table_rows(built[scope].get_weights(), scope)] == table, scope


def test_nets_have_no_weights_in_common():
    start_graph()
    names = [w.name for w in get_net_weights(make_nets("liae", "udt", 64, 16, 32, 16, 8))]
    assert len(set(names)) == len(names)

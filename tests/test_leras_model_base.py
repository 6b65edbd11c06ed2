"""models/ModelBase.py: how networks find, name, build and run their parts (spec 10 section 8)."""
import numpy as np
import pytest

from core.interact import interact as io
from core.leras import nn
from leras_cases import start_graph


@pytest.fixture(autouse=True)
def graph():
    start_graph()


def conv(in_ch=1, out_ch=1, **kwargs):
    return nn.Conv2D(in_ch, out_ch, 1, use_bias=False, **kwargs)


def list_names(model):
    return [weight.name for weight in model.get_weights()]


def make_model(build, **kwargs):
    class Model(nn.ModelBase):
        def on_build(self, *args, **kwargs):
            return build(self, *args, **kwargs)
    return Model(name="m", **kwargs)


def test_attributes_of_a_new_model():
    model = nn.ModelBase(1, "two", name="m", three=3)
    assert (model.name, model.args, model.kwargs) == ("m", (1, "two"), {"three": 3})
    assert (model.layers, model.layers_by_name, model.built) == ([], {}, False)
    assert model.run_placeholders is None
    assert model.get_weights() == [] and model.built


def test_names_follow_attributes_in_their_order():
    def build(self):
        self.second = conv()
        self.many = [conv(), [conv(), conv()], {"key": conv()}]
        self.named = conv(name="own")
        self.table = {"a": conv(), 5: conv()}
        self.ignored = (conv(),)
        self.number = 3
        self.first = conv()
    model = make_model(build)
    assert list_names(model) == ["m/%s/weight:0" % name for name in (
        "second", "many_0", "many_1_0", "many_1_1", "many_2_key", "own", "table_a", "table_5",
        "first")]
    assert model.get_layer_by_name("own") is model.named
    assert model.get_layer_by_name("ignored") is None
    assert list(model.layers_by_name)[0] == "second" and len(model.layers) == 9


def test_models_in_models():
    class Block(nn.ModelBase):
        def on_build(self, ch):
            self.conv = conv(1, ch)

        def forward(self, x):
            return self.conv(x)

    def build(self):
        self.blocks = [Block(2), Block(ch=3)]
        self.last = conv(3, 1)
    model = make_model(build)
    assert list_names(model) == ["m/blocks_0/conv/weight:0", "m/blocks_1/conv/weight:0",
                                 "m/last/weight:0"]
    assert [layer.name for layer in model.get_layers()] == ["conv", "conv", "last"]
    assert model.blocks[1].get_weights()[0].shape.as_list() == [1, 1, 1, 3]


def test_arguments_reach_on_build_and_own_constructors_work():
    seen = []

    def build(self, *args, **kwargs):
        seen.append((args, kwargs))
    make_model(build, ch=4).get_weights()
    assert seen == [((), {"ch": 4})]

    class Own(nn.ModelBase):
        def __init__(self, ch, **kwargs):
            self.ch = ch
            super().__init__(**kwargs)

        def on_build(self):
            self.conv = conv(self.ch, 1)
    assert list_names(Own(2, name="own")) == ["own/conv/weight:0"]


def test_generator_sees_what_it_assigned_so_far_built():
    seen = []

    def build(self):
        self.a = conv()
        yield
        seen.append(self.a.weight.name)
        self.b = conv()
        yield
        self.c = [conv()]
        seen.append(len(self.layers))
    model = make_model(build)
    assert list_names(model) == ["m/a/weight:0", "m/b/weight:0", "m/c_0/weight:0"]
    assert seen == ["m/a/weight:0", 2]


def test_same_layer_twice_is_refused_by_tensorflow():
    def build(self):
        self.a = conv()
        self.b = self.a
    with pytest.raises(ValueError, match="already exists"):
        make_model(build).get_weights()


def test_keyword_arguments_are_parts_too():
    layer = conv()
    model = make_model(lambda self, extra: None, extra=layer)
    assert list_names(model) == ["m/kwargs_extra/weight:0"]


def test_ops_of_forward_are_outside_the_models_scope():
    class Model(nn.ModelBase):
        def on_build(self):
            self.conv = conv()

        def forward(self, x):
            return self.conv(x)
    y = Model(name="m")(nn.tf.placeholder(nn.tf.float32, (None, 4, 4, 1)))
    assert y.op.name == "Conv2D"


def test_variables_are_on_the_device_of_the_moment_of_building():
    def build(self):
        self.conv = conv()
    model = make_model(build)
    with nn.tf.device("/CPU:0"):
        weights = model.get_weights()
    with nn.tf.device("/GPU:0"):
        assert model.get_weights() == weights and "CPU" in weights[0].device


def test_run():
    class Model(nn.ModelBase):
        def forward(self, inputs):
            a, b = inputs
            return a + b, a * b
    model = Model(name="m")
    with pytest.raises(Exception, match="build_for_run"):
        model.run([1, 2])
    for shapes in ((nn.tf.float32, (None,)), [nn.tf.float32], "x"):
        with pytest.raises(ValueError):
            model.build_for_run(shapes)
    model.build_for_run([(nn.tf.float32, (None,)), (nn.tf.float32, (None,))])
    total, product = model.run([np.float32([1, 2]), np.float32([3, 4])])
    assert total.tolist() == [4, 6] and product.tolist() == [3, 8]
    with pytest.raises(ValueError, match="1 inputs for 2 placeholders"):
        model.run([np.float32([1])])


def test_xor_list():
    assert nn.ModelBase(name="m").xor_list([1, 2, 3], [3, 4, 1, 5]) == [2, 4, 5]


def test_summary_is_a_table(monkeypatch):
    """Also on NumPy 2, whose sum of a generator is an error."""
    lines = []
    monkeypatch.setattr(io, "log_info", lambda text, end="\n": lines.extend(text.split("\n")))

    def build(self):
        self.conv = nn.Conv2D(3, 8, 5)
        self.up = nn.Conv2DTranspose(8, 4, 3)
        self.depthwise = nn.DepthwiseConv2D(4, 3, depth_multiplier=2)
    make_model(build).summary()
    assert lines[0] == lines[2] == lines[-1] and set(lines[0]) == {"-"}
    assert lines[1].startswith("|") and lines[1].endswith("|")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[3:6]]
    assert cells == [["Conv2d : in_ch:3 out_ch:8", "608"],
                     ["Conv2dtranspose : in_ch:8 out_ch:4", "292"],
                     ["Depthwiseconv2d : in_ch:4 depth_multiplier:2", "80"]]
    assert {len(line) for line in lines[:6]} == {len(lines[0])}
    assert "980" in lines[-2]

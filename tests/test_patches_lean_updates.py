"""patches/dfl_patches/lean_updates.py: the order of the updates, and that no value changes."""
import numpy as np
import pytest

import allocation_records
from core.leras import nn
from dfl_patches import lean_updates
from dfl_patches.graph_walk import get_written_variable, sort_ancestors
from dfl_patches.loss_scale import LossScaling
from dfl_patches.replacing import Replacements
from leras_cases import start_graph
from memory_cases import SwapStep, assert_equal


@pytest.fixture
def lean():
    start_graph()
    lean_updates.apply(nn)
    yield
    lean_updates.remove(nn)


def find_races(step):
    """Weights that an op of the step reads although nothing puts it before the assignment."""
    needed = set(sort_ancestors([step.update] + [x.op for x in step.losses]))
    races = []
    for weight in step.weights:
        assigned, = [op for x in weight.op.outputs for op in x.consumers()
                     if op.type == "Assign" and op in needed]
        before = set(sort_ancestors([assigned]))
        uses = [op for x in weight.op.outputs for op in x.consumers() if op is not assigned]
        while uses:
            op = uses.pop()
            if op not in needed or op.type in ("Shape", "ShapeN"):
                continue
            if op.type in ("Identity", "Reshape"):
                uses += [user for x in op.outputs for user in x.consumers()]
            elif op not in before:
                races.append((weight.name, op.name))
    return races


@pytest.mark.parametrize("name", ["AdaBelief", "RMSprop"])
def test_values_are_those_of_a_gated_run(name):
    start_graph()
    arguments = dict(lr_dropout=0.3, lr_cos=10)
    gated = SwapStep(True, optimizer=getattr(nn, name), **arguments).run()
    lean_updates.apply(nn)
    try:
        first = SwapStep(False, optimizer=getattr(nn, name), **arguments).run()
        second = SwapStep(False, optimizer=getattr(nn, name), **arguments).run()
    finally:
        lean_updates.remove(nn)
    assert_equal(gated, first)
    assert_equal(first, second)


def test_no_race_is_left():
    assert find_races(SwapStep(False)) != []
    lean_updates.apply(nn)
    try:
        assert find_races(SwapStep(False)) == []
    finally:
        lean_updates.remove(nn)


def test_each_update_comes_before_the_next_gradient(lean):
    """The first weights of back-propagation are done before the encoder's gradients begin."""
    step = SwapStep(False)
    last = step.gradients[0].op
    assigned = {op.inputs[0].op.name for op in sort_ancestors([last]) if op.type == "Assign"}
    weights = {w.op.name for w in step.weights}
    decoders = {name for name in weights if name.startswith("decoder")}
    assert len(decoders & assigned) > len(decoders) * 0.8
    assert step.weights[0].op.name not in assigned


def test_with_clipping_it_says_what_it_cannot_order(capsys):
    start_graph()
    plain = SwapStep(False, clipnorm=1.0).run()
    lean_updates.apply(nn)
    try:
        ordered = SwapStep(False, clipnorm=1.0).run()
    finally:
        lean_updates.remove(nn)
    printed = capsys.readouterr().out
    assert "lean_updates" in printed and "opt" in printed and "all gradients" in printed
    assert_equal(plain, ordered)


@pytest.mark.parametrize("name", ["AdaBelief", "RMSprop"])
def test_behind_a_finite_check_the_updates_follow_each_other(name, capsys):
    """fp16's check needs all gradients, so the updates are ops of a branch."""
    def run(is_lean):
        start_graph()
        scaling = Replacements()
        LossScaling(nn).install(scaling)
        if is_lean:
            lean_updates.apply(nn)
        try:
            step = SwapStep(False, optimizer=getattr(nn, name), lr_dropout=0.3)
            return step, step.run(2)
        finally:
            lean_updates.remove(nn)
            scaling.restore()

    def list_lonely(step):
        """Assignments of weights that neither wait for another one nor are waited for."""
        writes = {op: get_written_variable(op) for op in sort_ancestors([step.update])}
        weights = {w.op for w in step.weights}
        writes = [op for op, variable in writes.items() if variable in weights]
        assert len(writes) == len(weights)
        before = {op: set(sort_ancestors([op])) - {op} for op in writes}
        return [op for op in writes
                if not before[op] & set(writes) and not any(op in before[x] for x in writes)]

    step, plain = run(False)
    assert len(list_lonely(step)) == len(step.weights)
    step, ordered = run(True)
    assert list_lonely(step) == []
    assert_equal(plain[1], ordered[1])
    assert "whether they are finite" in capsys.readouterr().out


def test_less_memory():
    """Every step needs less than the least of the steps without: what those need is left to
    chance. How much less a real model needs: tests/bench/bench_memory.py."""
    peaks = []
    for is_lean in (False, True):
        start_graph()
        if is_lean:
            lean_updates.apply(nn)
        try:
            step = SwapStep(False)
        finally:
            lean_updates.remove(nn)
        fetches = [step.losses, step.update]
        nn.tf_sess.run(fetches, step.feed(0))
        peaks.append([allocation_records.measure_memory(allocation_records.trace_run(
            nn, fetches, step.feed(i))[1]).peak for i in (1, 2, 3)])
    assert max(peaks[1]) < min(peaks[0]), peaks


def test_remove_restores():
    start_graph()
    names = ("OptimizerBase", "RMSprop", "AdaBelief")
    before = [nn.gradients] + [dict(vars(getattr(nn, name))) for name in names]
    lean_updates.apply(nn)
    lean_updates.apply(nn)
    assert nn.AdaBelief.get_update_op is not before[3]["get_update_op"]
    assert nn.gradients is not before[0]
    lean_updates.remove(nn)
    lean_updates.remove(nn)
    assert before == [nn.gradients] + [dict(vars(getattr(nn, name))) for name in names]


class PluginStep(object):
    """One encoder, two branches of known batch, with a scalar loss: its gradient does not read
    the loss, and that of one branch nothing of the other."""

    def __init__(self, gate=False, split=False, drop=False):
        start_graph()
        tf = nn.tf
        self.faces = [tf.placeholder(tf.float32, (2, 16, 16, 3)) for _ in range(2)]

        class Net(nn.ModelBase):
            def on_build(self, in_ch):
                self.convs = [nn.Conv2D(in_ch, 16, kernel_size=3), nn.Conv2D(16, 3, kernel_size=3)]

            def forward(self, x):
                for conv in self.convs:
                    x = tf.nn.tanh(conv(x))
                return x
        nets = [Net(3, name=name) for name in ("encoder", "decoder_src", "decoder_dst")]
        self.views = [nets[1 + i](nets[0](face)) for i, face in enumerate(self.faces)]
        self.losses = [tf.reduce_mean(tf.square(view - face))
                       for view, face in zip(self.views, self.faces)]
        parts = [net.get_weights() for net in nets]
        pairs = nn.gradients(self.losses[0] + self.losses[1], sum(parts, []))
        if gate:
            with tf.control_dependencies([g for g, _ in pairs]):
                pairs = [(tf.identity(g), v) for g, v in pairs]
        if drop:
            pairs = pairs[4:]
        halves = [pairs[:4], pairs[4:]] if split else [pairs]
        self.updates, self.optimizers = [], []
        for number, half in enumerate(halves):
            optimizer = nn.RMSprop(lr=1e-3, name="opt%d" % number)
            optimizer.initialize_variables([v for _, v in half])
            self.updates.append(optimizer.get_update_op(half))
            self.optimizers.append((optimizer, [v for _, v in half]))
        nn.tf_sess.run(tf.global_variables_initializer())
        state = np.random.RandomState(7)
        nn.batch_set_value([(w, state.normal(0, 0.1, w.shape.as_list())) for w in sum(parts, [])])
        self.weights = sum(parts, [])

    def run(self, steps=3):
        state = np.random.RandomState(3)
        losses = [nn.tf_sess.run([self.losses, self.updates], {
            face: state.rand(2, 16, 16, 3) for face in self.faces})[0] for _ in range(steps)]
        return losses, nn.tf_sess.run(self.weights)


def list_writes(op):
    written = [get_written_variable(x) for x in sort_ancestors([op])]
    return {variable.name for variable in written if variable is not None}


@pytest.mark.parametrize("arguments", [{}, dict(split=True), dict(drop=True)],
                         ids=["one", "split", "drop"])
def test_nothing_waits_for_an_update_that_is_not_its_own(arguments):
    """What a preview shows needs no update, and no other feed; a step updates its own weights,
    also where two optimizers share the gradients of one call."""
    gated = PluginStep(gate=True, **arguments).run()
    lean_updates.apply(nn)
    try:
        step = PluginStep(**arguments)
    finally:
        lean_updates.remove(nn)
    for number, view in enumerate(step.views):
        assert list_writes(view.op) == set()
        assert step.faces[1 - number].op not in sort_ancestors([view.op])
    for update, (optimizer, weights) in zip(step.updates, step.optimizers):
        own = {w.op.name for w in weights + optimizer.get_weights()}
        assert list_writes(update) == own
    assert_equal(gated, step.run())


def test_a_circle_leaves_the_backward_pass_as_it_is(lean, monkeypatch, capsys):
    """Whatever a model of another tree does that nobody has thought of."""
    order_phases = lean_updates._order_phases

    def order_in_a_circle(nn, updates, within, before_loss, extra):
        order_phases(nn, updates, within, before_loss, extra)
        extra[updates[0].gradient.op] = list(updates[0].write)
    monkeypatch.setattr(lean_updates, "_order_phases", order_in_a_circle)
    step = PluginStep()
    assert "only the temporaries" in capsys.readouterr().out
    assert np.isfinite(step.run(1)[0]).all()


def test_optimizers_of_plugins(lean):
    """A class that is defined later, with an update of its own or around its base's."""
    class Descent(nn.OptimizerBase):
        def __init__(self, lr=0.1, name=None):
            super().__init__(name=name)
            self.lr = lr
            with nn.tf.variable_scope(name):
                self.iterations = nn.tf.Variable(0, dtype=nn.tf.int64, name="iters")

        def initialize_variables(self, weights):
            pass

        def get_weights(self):
            return [self.iterations]

        def get_update_op(self, grads_vars):
            updates = [nn.tf.assign(v, v - self.lr * g) for g, v in grads_vars]
            return nn.tf.group(*updates, name=self.name + "_updates")

    class Around(nn.RMSprop):
        def get_update_op(self, grads_vars):
            return super().get_update_op([(2.0 * g, v) for g, v in grads_vars])

    class Momentum(Descent):
        """Writes its slot before the weight, by a control edge."""
        def initialize_variables(self, weights):
            tf = nn.tf
            with tf.variable_scope(self.name):
                self.slots = {v.name: tf.get_variable(
                    "mom_" + v.name.replace(":", "_"), v.shape, trainable=False,
                    initializer=tf.zeros_initializer()) for v in weights}

        def get_update_op(self, grads_vars):
            tf, updates = nn.tf, []
            for g, v in grads_vars:
                slot = self.slots[v.name]
                value = slot * 0.9 + g
                with tf.control_dependencies([tf.assign(slot, value)]):
                    updates.append(tf.assign(v, v - self.lr * value))
            return tf.group(*updates, name=self.name + "_updates")

    for optimizer in (Descent, Around, Momentum):
        step = SwapStep(False, optimizer=optimizer)
        assert find_races(step) == []
        step.run(1)
    lean_updates.remove(nn)
    assert find_races(SwapStep(False, optimizer=Descent)) != []

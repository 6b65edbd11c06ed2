"""patches/dfl_patches/recompute.py: activations made again, with the same values."""
import sys

import numpy as np
import pytest

import allocation_records
from core.leras import nn
from dfl_patches import lean_updates, recompute
from dfl_patches.errors import PatchError
from dfl_patches.graph_walk import sort_ancestors
from dfl_patches.recompute_segments import Segment
from leras_cases import start_graph
from memory_cases import SwapStep, assert_equal


@pytest.fixture(autouse=True)
def unpatched():
    """TensorFlow 2.6 reorders products with constants where only one op reads them, and a copy's
    original has one reader less: there, runs are compared without that optimizer."""
    nn.initialize(nn.DeviceConfig.CPU())
    rewriting = nn.tf_sess_config.graph_options.rewrite_options
    usual = rewriting.constant_folding
    if sys.version_info < (3, 7):
        rewriting.constant_folding = rewriting.OFF
    yield
    rewriting.constant_folding = usual
    recompute.set_chooser()
    lean_updates.remove(nn)
    recompute.remove(nn)


def build(names, **arguments):
    start_graph()
    for module in (recompute, lean_updates):
        if module.NAME in names:
            module.apply(nn)
    try:
        return SwapStep("lean_updates" not in names, **arguments)
    finally:
        lean_updates.remove(nn)
        recompute.remove(nn)


def list_copies():
    return [op for op in nn.tf.get_default_graph().get_operations()
            if op.name.startswith("recompute")]


def test_losses_gradients_and_weights_are_equal_to_the_bit():
    plain = build([]).run(with_gradients=True)
    again = build(["recompute"])
    assert sum(op.type in ("Conv2D", "LeakyRelu") for op in list_copies()) > 4
    assert_equal(plain, again.run(with_gradients=True))


def test_together_with_lean_updates():
    plain = build([], lr_dropout=0.3).run()
    assert_equal(plain, build(["recompute", "lean_updates"], lr_dropout=0.3).run())


def test_one_segment_for_everything():
    """Random numbers, variables and placeholders are not copied; all the rest is."""
    plain = build([])
    expected = plain.run(with_gradients=True)
    random_ops = plain.count_ops("RandomUniform")
    recompute.set_chooser(lambda forward: [Segment(0, len(forward.ops), "all")])
    again = build(["recompute"])
    assert again.count_ops("RandomUniform") == random_ops
    kinds = {op.type for op in list_copies()}
    assert {"Conv2D", "MatMul", "LeakyRelu", "DepthwiseConv2dNative"} <= kinds
    assert not kinds & {"Placeholder", "VariableV2", "Assign", "RandomUniform", "Const"}
    assert_equal(expected, again.run(with_gradients=True))


def test_a_planner_chooses():
    seen = []

    def choose(forward):
        seen.append(forward)
        return []
    recompute.set_chooser(choose)
    build(["recompute"])
    assert len(seen) == 1 and not list_copies()
    recompute.set_chooser(lambda forward: [Segment(0, 9, "a"), Segment(8, 12, "b")])
    with pytest.raises(PatchError, match="share"):
        build(["recompute"])


def test_copies_wait_for_the_incoming_gradient():
    build(["recompute"])
    for op in list_copies():
        if op.type != "NoOp":
            starts = [x for x in sort_ancestors([op]) if x.name.startswith("recompute")
                      and x.type == "NoOp"]
            assert starts and all(x.control_inputs for x in starts)


def test_a_copy_reads_the_weight_before_its_gradient_is_given():
    """A weight whose copy serves another weight's gradient only."""
    start_graph()
    tf = nn.tf
    recompute.set_chooser(lambda forward: [Segment(0, len(forward.ops), "all")])
    recompute.apply(nn)
    x = tf.placeholder(tf.float32, (None, 4))
    w, p = tf.get_variable("w", (4, 4)), tf.get_variable("p", (4,))
    held = tf.stop_gradient(tf.sin(tf.matmul(x, w) * 2.0))
    loss = tf.reduce_sum(tf.sin(held) * p, 1) + tf.reduce_sum(tf.matmul(x, w), 1)
    gradients = dict((v.op.name, g) for g, v in nn.gradients(loss, [w, p]))
    readers = [op for op in list_copies() if op.type == "MatMul"]
    assert readers
    assert set(readers) <= set(sort_ancestors([gradients["w"].op]))


def test_branches_are_left_alone():
    """tf.cond and tf.while_loop inside the network."""
    def make():
        tf = nn.tf
        x = tf.placeholder(tf.float32, (None, 8))
        w = tf.get_variable("w", (8, 8), initializer=tf.initializers.constant(0.1))
        y = tf.nn.leaky_relu(tf.matmul(x, w), 0.1)
        y = tf.cond(tf.reduce_mean(y) > 0, lambda: tf.square(y) + tf.matmul(y, w), lambda: y)
        y = tf.while_loop(lambda i, _: i < 3, lambda i, z: (i + 1, tf.sin(tf.matmul(z, w))),
                          [0, y])[1]
        loss = tf.reduce_sum(tf.square(tf.sin(y)), 1)
        pairs = nn.gradients(loss, [w])
        opt = nn.RMSprop(name="opt")
        opt.initialize_variables([w])
        with tf.control_dependencies([g for g, _ in pairs]):
            pairs = [(tf.identity(g), v) for g, v in pairs]
        update = opt.get_update_op(pairs)
        nn.tf_sess.run(tf.global_variables_initializer())
        value = np.linspace(-1, 1, 16).reshape(2, 8)
        return [nn.tf_sess.run([loss, update], {x: value})[0] for _ in range(3)]
    start_graph()
    expected = make()
    start_graph()
    recompute.set_chooser(lambda forward: [Segment(0, len(forward.ops), "all")])
    recompute.apply(nn)
    lean_updates.apply(nn)
    assert_equal(expected, make())


def test_less_memory():
    peaks = {}
    for names in ((), ("recompute",), ("recompute", "lean_updates")):
        step = build(names, batch=8)
        fetches = [step.losses, step.update]
        nn.tf_sess.run(fetches, step.feed(0))
        _, metadata = allocation_records.trace_run(nn, fetches, step.feed(1))
        peaks[names] = allocation_records.measure_memory(metadata).peak
    assert peaks[("recompute",)] < 0.8 * peaks[()], peaks
    assert peaks[("recompute", "lean_updates")] < 0.8 * peaks[()], peaks


def test_remove_restores():
    start_graph()
    before = nn.gradients
    recompute.apply(nn)
    recompute.apply(nn)
    assert nn.gradients is not before
    recompute.remove(nn)
    recompute.remove(nn)
    assert nn.gradients is before

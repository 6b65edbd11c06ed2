"""patches/dfl_patches/lean_updates.py: the order of the updates, and that no value changes."""
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

    for optimizer in (Descent, Around):
        step = SwapStep(False, optimizer=optimizer)
        assert find_races(step) == []
        step.run(1)
    lean_updates.remove(nn)
    assert find_races(SwapStep(False, optimizer=Descent)) != []

"""patches/dfl_patches/weight_updates.py: updates sorted by weight, and what they wait for."""
import pytest

from core.leras import nn
from dfl_patches.graph_walk import get_written_variable, sort_ancestors
from dfl_patches.replacing import Replacements
from dfl_patches.weight_updates import collect_updates, delay_updates
from leras_cases import start_graph
from memory_cases import SwapStep, assert_equal


def list_early(step):
    """Ops of the optimizer that read a slot's value and do not need the loss."""
    slots = {w.op for w in step.optimizer.get_weights()} - {step.optimizer.iterations.op}
    losses = {x.op for x in step.losses}
    return [op for op in sort_ancestors([step.update]) if op.type == "Mul"
            and any(x.op.type == "Identity" and x.op.inputs[0].op in slots for x in op.inputs)
            and losses.isdisjoint(sort_ancestors([op]))]


@pytest.mark.parametrize("name", ["AdaBelief", "RMSprop"])
def test_no_product_of_the_state_is_made_before_its_gradient(name):
    start_graph()
    arguments = dict(optimizer=getattr(nn, name), lr_cos=5)
    gated = SwapStep(True, **arguments)
    assert list_early(gated)
    expected = gated.run()
    start_graph()
    delayed = Replacements()
    delay_updates(nn, delayed)
    try:
        step = SwapStep(True, **arguments)
    finally:
        delayed.restore()
    assert list_early(step) == []
    assert_equal(step.run(), expected)


def test_each_update_has_its_weight_and_its_slots():
    start_graph()
    step = SwapStep(False)
    made = sort_ancestors([step.update])
    updates = collect_updates(list(zip(step.gradients, step.weights)), made)
    assert [update.variable for update in updates] == step.weights
    for update in updates:
        assert [get_written_variable(op) for op in update.write] == [update.variable.op]
        slots = [get_written_variable(op).name for op in update.others]
        assert len(slots) == 2      # AdaBelief's mean and variance
        assert not update.is_in_branch

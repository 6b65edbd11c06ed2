"""patches/dfl_patches/graph_walk.py: orders and readers of a small graph."""
from core.leras import nn
from dfl_patches import graph_walk
from leras_cases import start_graph


def test_ancestors_readers_and_cycles():
    start_graph()
    tf = nn.tf
    w = tf.get_variable("w", (2, 2))
    shaped = tf.reshape(w, (4,))
    used = tf.sin(shaped)
    assigned = tf.assign(w, tf.reshape(used, (2, 2)))
    order = graph_walk.sort_ancestors([assigned.op])
    assert order.index(shaped.op) < order.index(used.op) < order.index(assigned.op)
    readers = graph_walk.list_readers(w.op, set(order))
    assert used.op in readers and assigned.op not in readers
    assert graph_walk.get_written_variable(assigned.op) is w.op
    assert graph_walk.find_cycle([assigned.op], {}) is None
    assert graph_walk.find_cycle([assigned.op], {shaped.op: [used.op]}) is not None

"""patches/dfl_patches/recompute_segments.py: the chosen segments."""
from core.leras import nn
from dfl_patches.recompute_segments import Forward, choose_segments
from leras_cases import start_graph


def test_segments_cover_the_graph_in_order():
    start_graph()
    tf = nn.tf
    x = y = tf.placeholder(tf.float32, (None, 64))
    w = tf.get_variable("net/w", (64, 64))
    for _ in range(8):
        y = tf.nn.leaky_relu(tf.matmul(y, w), 0.1)
    loss = tf.reduce_sum(y, 1)
    forward = tf.get_default_graph().get_operations()
    tf.gradients(loss, [w])
    backward = set(tf.get_default_graph().get_operations()[len(forward):])
    segments = choose_segments(Forward(forward, [loss.op], backward))
    assert len(segments) > 1 and segments[0].start == 0
    assert segments[-1].stop == len(forward)
    assert all(a.stop == b.start for a, b in zip(segments, segments[1:]))
    assert x.op in forward and any(s.label.startswith("net") for s in segments)

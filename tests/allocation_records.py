"""Peak memory of one session run, from TensorFlow's own records of every allocation.

A run traced with FULL_TRACE reports for every op which bytes it got from the allocator and when,
and when each of them was given back. The sum of them over time, from zero at the start of the
run, has the run's peak: activations, gradients, temporaries of the optimizers. What was there
before (weights, optimizer state) is not in it: assignments copy into it.
"""
from collections import namedtuple

# peak: bytes; kept: bytes that are still allocated when the run ends
Memory = namedtuple("Memory", "peak kept")


def trace_run(nn, fetches, feed_dict):
    """(values, RunMetadata) of one traced run."""
    options = nn.tf.RunOptions(trace_level=nn.tf.RunOptions.FULL_TRACE)
    metadata = nn.tf.RunMetadata()
    values = nn.tf_sess.run(fetches, feed_dict=feed_dict, options=options, run_metadata=metadata)
    return values, metadata


def measure_memory(metadata):
    """Memory of the devices of a traced run, all added up."""
    events = []      # (microsecond, bytes)
    kept = 0
    for device in metadata.step_stats.dev_stats:
        for node in device.node_stats:
            for memory in node.memory:
                for record in memory.allocation_records:
                    events.append((record.alloc_micros, record.alloc_bytes))
                    kept += record.alloc_bytes
    # within a microsecond first what is given back: an op that works in place
    total = peak = 0
    for _, size in sorted(events):
        total += size
        peak = max(peak, total)
    return Memory(peak, kept)

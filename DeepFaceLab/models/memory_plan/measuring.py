"""The memory that one step of a session really took, from TensorFlow's own allocation records.

A traced run (`FULL_TRACE`) records every allocation and release of every op with its time. Their
running sum is what lived at once; its highest value is the peak. What lives across steps (weights,
optimizer state) and what is fed is not part of it: those are allocated before the step.
"""
import time
from collections import namedtuple

Peak = namedtuple('Peak', ('bytes', 'seconds'))

# (time in microseconds, order within the op, bytes: negative when released)
Record = namedtuple('Record', ('micros', 'order', 'bytes'))


def measure_peak(tf, session, fetches, feed_dict, runs=1):
    """Peak bytes a device of one traced step; of several runs the highest of each device.

    The first step of a session also prepares the graph; run one untraced step before where it
    counts. `tf` is the v1 API."""
    highest, seconds = {}, []
    for _ in range(runs):
        start = time.time()
        for device, value in find_peaks(trace_step(tf, session, fetches, feed_dict)).items():
            highest[device] = max(value, highest.get(device, 0))
        seconds.append(time.time() - start)
    return Peak(highest, min(seconds))


def trace_step(tf, session, fetches, feed_dict):
    """The `RunMetadata` of one step."""
    metadata = tf.RunMetadata()
    session.run(fetches, feed_dict=feed_dict, run_metadata=metadata,
                options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE))
    return metadata


def find_peaks(metadata):
    """{device as graph code names it: peak bytes} of a traced step."""
    return {device: find_peak(records)
            for device, records in collect_records(metadata).items() if records}


def collect_records(metadata):
    """{device: [Record]}. Streams of a GPU that repeat its ops are left out, they allocate
    nothing of their own."""
    found = {}
    for device in metadata.step_stats.dev_stats:
        name = shorten_device(device.device)
        if name is None:
            continue
        records = found.setdefault(name, [])
        for node in device.node_stats:
            for memory in node.memory:
                records.extend(Record(entry.alloc_micros, order, entry.alloc_bytes)
                               for order, entry in enumerate(memory.allocation_records))
    return found


def shorten_device(name):
    """'/job:localhost/replica:0/task:0/device:CPU:0' -> '/CPU:0'; None for a stream or the like."""
    head, found, tail = name.rpartition('/device:')
    if not found or len(tail.split(':')) != 2:
        return None
    return '/' + tail


def find_peak(records):
    """Highest running sum. Within a microsecond releases count first: what is told apart by the
    clock only shall not be summed twice."""
    alive = peak = 0
    for record in sorted(records, key=lambda x: (x.micros, x.bytes > 0, x.order)):
        alive += record.bytes
        peak = max(peak, alive)
    return peak

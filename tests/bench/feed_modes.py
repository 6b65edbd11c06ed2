"""The feed's modes against each other: what bench_feed.py measures in one run.

A mode draws batches in this process, as a worker does, into arrays that stay. The modes take turns
batch by batch, so that whatever else the machine does meets all of them; the figure of a mode is
its quickest batch (process CPU time), a ratio is that of two such figures.

`in_worker` runs a comparison in a fresh process, as a worker is one. It matters: where other code
has freed larger arrays, the C library keeps pages that plain, in a worker, faults in again for
every sample (17.5 ms against 12.3 at 128 px), and the same figure would depend on what was
measured before.
"""
import multiprocessing
import sys
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2] / 'DeepFaceLab'
sys.path.insert(0, str(TREE))

BATCH = 8
MODES = ['plain', 'exact', 'fast']
BUDGET = 4 << 30


class Indices:
    """Stands for an index host's client: 0, 1, 2, ... of `count`."""

    def __init__(self, count):
        self.count, self.position = count, 0

    def multi_get(self, count):
        first, self.position = self.position, self.position + count
        return [(first + i) % self.count for i in range(count)]


def make_task(samples, outputs, mode, ct_samples=None, budget=BUDGET):
    """What a worker of a generator draws its batches from."""
    from samplelib import SampleProcessor
    from samplelib.batch_worker import BatchTask, allocate_arrays
    from samplelib.face_feed import FaceFeed
    options = SampleProcessor.Options(scale_range=[-0.15, 0.15])
    feed = FaceFeed(samples, options, outputs, ct_samples, mode=mode, budget=budget)
    task = BatchTask(samples, Indices(len(samples)), BATCH, options, outputs, feed=feed,
                     ct_samples=ct_samples,
                     ct_index_host_client=ct_samples and Indices(len(ct_samples)))
    arrays = []

    def allocate(kinds):
        arrays[:] = arrays or allocate_arrays(kinds)
        return list(arrays)
    task.allocate = allocate
    return task


def in_worker(function, *arguments):
    """`function(*arguments)` in a fresh process with one OpenCV thread."""
    with multiprocessing.get_context('spawn').Pool(1, limit_threads) as pool:
        return pool.apply(function, arguments)


def limit_threads():
    import cv2
    cv2.setNumThreads(1)


def draw(task):
    """CPU milliseconds a sample of the next batch."""
    start = time.process_time()
    task.draw_batch()
    return (time.process_time() - start) / BATCH * 1000


def compare_steady(samples, outputs, rounds, ct_samples=None, modes=MODES):
    """{mode: CPU ms a sample} of draws whose crops are kept already."""
    import numpy as np
    tasks = {mode: make_task(samples, outputs, mode, ct_samples) for mode in modes}
    for task in tasks.values():
        for _ in range(-(-len(samples) // BATCH) + 1):
            task.draw_batch()
    times = {mode: [] for mode in modes}
    for i in range(rounds):
        for mode, task in tasks.items():
            np.random.seed(i)
            times[mode].append(draw(task))
    return {mode: min(values) for mode, values in times.items()}


def compare_cold(samples, outputs, modes=MODES):
    """{mode: CPU ms a sample} of the first draws of many faces, median of the batches."""
    tasks = {mode: make_task(samples, outputs, mode) for mode in modes}
    for task in tasks.values():
        task.draw_batch()
    times = {mode: [] for mode in modes}
    for _ in range(len(samples) // BATCH - 1):
        for mode, task in tasks.items():
            times[mode].append(draw(task))
    return {mode: sorted(values)[len(values) // 2] for mode, values in times.items()}


def compare_results(samples, outputs, count, ct_samples=None, modes=MODES):
    """{mode: largest difference to plain} of `count` samples, by output."""
    import numpy as np
    batches = {}
    for mode in modes:
        np.random.seed(1)
        task = make_task(samples, outputs, mode, ct_samples)
        batches[mode] = [[array.copy() for array in task.draw_batch()]
                         for _ in range(-(-count // BATCH))]
    return {mode: [float(max(np.abs(x[i] - y[i]).max() for x, y in
                             zip(batches[modes[0]], batches[mode])))
                   for i in range(len(outputs))] for mode in modes[1:]}


def copy_faces(folder, target, count):
    """`count` distinct files with the faces of a folder."""
    target.mkdir()
    contents = [path.read_bytes() for path in sorted(folder.glob('*.jpg'))]
    for i in range(count):
        (target / ('%06d_0.jpg' % i)).write_bytes(contents[i % len(contents)])


def write_gray_faces(folder, target):
    """The faces of a folder as gray files."""
    import cv2
    from DFLIMG import DFLIMG
    target.mkdir()
    for path in sorted(folder.glob('*.jpg')):
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(target / path.name), gray, [cv2.IMWRITE_JPEG_QUALITY, 90])
        face = DFLIMG.load(target / path.name)
        face.set_dict(DFLIMG.load(path).get_dict())
        face.save()

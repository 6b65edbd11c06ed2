"""The feed as the trainer sees it: host time of a step, waiting, memory, the end of a worker.

    python tests/bench/bench_feed_trainer.py           every part
    python tests/bench/bench_feed_trainer.py --quick   40 steps, 1,000 faces
    python tests/bench/bench_feed_trainer.py --parts host memory

    host    milliseconds of a step of the training loop outside of session.run, without waiting
            for samples: median of 200 steps, 128 px, batch 8, a small df-ud
    wait    share of the wall time in which the loop of a df-ud 256/64/64/22, 128 px, batch 8,
            waits for samples, for each --feed that there is
    memory  resident size of the trainer and of its workers, and what all of them take together
            (PSS, which counts shared pages once), at 1,000, 10,000 and 50,000 small faces;
            nothing is kept in the feed's memory, which has a budget
    killed  seconds until a killed worker is named, and until its successor has a batch

Faces are rendered. Every measurement is a process of its own; memory is read from /proc. The
last line is one JSON object.
"""
import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
for folder in ('tests/bench', 'DeepFaceLab'):
    sys.path.insert(0, str(HERE.parents[2] / folder))

import bench_train  # noqa: E402  needs the path
from measured_child import run_child  # noqa: E402

PARTS = ('host', 'wait', 'memory', 'killed')
BATCH = 8
FACES = 8               # rendered, a side
FACE_SIZE = 512
SMALL_FACE_SIZE = 96
COUNTS = (1000, 10000, 50000)
MEMORY_BATCHES = 300
MEMORY_CACHE_MB = 0     # pictures that are kept grow with the faces up to their budget, no further
WARM_UP = 10            # steps, and batches
SMALL = dict(bench_train.OPTIONS, resolution=128, ae_dims=32, e_dims=16, d_dims=16,
             d_mask_dims=16, batch_size=BATCH)
FULL = dict(bench_train.OPTIONS, **dict(bench_train.FULL, batch_size=BATCH))


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='40 steps, 1,000 faces')
    p.add_argument('--parts', nargs='+', choices=PARTS, default=PARTS)
    p.add_argument('--steps', type=int, default=0, metavar='N',
                   help='of host (default 200) and wait (default 30)')
    p.add_argument('--device-ms', type=float, default=0, metavar='MS',
                   help='after the warm-up session.run only sleeps so long, as if a card computed '
                        'meanwhile; for machines that are busy with something else')
    p.add_argument('--child', help=argparse.SUPPRESS)
    return p.parse_args()


# -- faces

def write_faces(folder, who, count, size, distinct=FACES):
    """`count` aligned faces of `distinct` pictures, each with a frame name of its own."""
    from demo.faceset import save_aligned_face
    from demo.motion import get_scene
    from demo.render import render_face
    folder.mkdir(parents=True)
    contents = []
    for index in range(distinct):
        path = folder / 'face.jpg'
        face = render_face(who, *get_scene(who, 31 * index), size=(720, 540))
        save_aligned_face(face, path, '00000.png', size=size)
        contents.append(path.read_bytes())
        path.unlink()
    for number in range(count):
        data = contents[number % distinct].replace(b'00000.png', b'%05d.png' % number)
        (folder / ('%05d_0.jpg' % number)).write_bytes(data)


# -- host, wait: the training loop in this process

class SessionClock(object):
    """Stands in place of the session and adds up the seconds of `run`.

    device_ms: from then on `run` sleeps so long and gives what it gave last; 0 runs the session."""

    def __init__(self, session):
        self._session = session
        self._last = None
        self.seconds = 0.0
        self.device_ms = 0.0

    def __getattr__(self, name):
        return getattr(self._session, name)

    def run(self, *args, **kwargs):
        start = time.perf_counter()
        if self.device_ms:
            time.sleep(self.device_ms / 1000)
        else:
            self._last = self._session.run(*args, **kwargs)
        self.seconds += time.perf_counter() - start
        return self._last


def start_loop(root, options):
    """The training loop of a new model, ready for its first iteration."""
    import pickle
    import queue
    import threading

    from core.interact import interact as io
    from core.leras import nn
    for name in ('input_int', 'input_number', 'input_bool', 'input_str'):
        setattr(io, name, lambda text, default_value=None, *a, **k: default_value)
    io.input_in_time = lambda *a, **k: False
    io.input_skip_pending = lambda *a, **k: None
    from mainscripts.training_loop import TrainingLoop
    nn.initialize_main_env()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / 'SAEHD_default_options.dat').write_bytes(pickle.dumps(options, 4))
        loop = TrainingLoop(dict(
            s2c=queue.Queue(), c2s=queue.Queue(), e=threading.Event(), debug=False,
            model_class_name='SAEHD', saved_models_path=folder,
            training_data_src_path=root / 'src', training_data_dst_path=root / 'dst',
            pretraining_data_path=None, pretrained_model_path=None, no_preview=True,
            force_model_name='bench', force_gpu_idxs=None, cpu_only=True, silent_start=False,
            execute_programs=[], kwargs={}), {})
        loop.model = loop.create_model()
        loop.begin()
        run_step(loop)      # it is saved, while its folder is there
    return loop


def run_step(loop):
    loop.run_programs()
    loop.train_unless_stopped()
    loop.save_by_time()
    loop.answer_messages()


def measure_loop(root, options, steps, device_ms):
    """Milliseconds of a step: whole, session.run, waiting, and the rest, the host's; medians. The
    share of waiting is that of the sums."""
    import numpy as np
    from core.leras import nn
    loop = start_loop(root, options)
    nn.tf_sess = clock = SessionClock(nn.tf_sess)
    pools = [generator.pool for generator in loop.model.get_training_data_generators()]
    rows = []
    for number in range(WARM_UP + steps):
        clock.device_ms = device_ms if number else 0.0
        start, ran = time.perf_counter(), clock.seconds
        waited = sum(pool.meter.total.waited for pool in pools)
        run_step(loop)
        wall = time.perf_counter() - start
        rows.append((wall, clock.seconds - ran,
                     sum(pool.meter.total.waited for pool in pools) - waited))
    # the first that wait find the workers still starting
    wall, ran, waited = np.array(rows[WARM_UP:]).T
    nn.tf_sess = clock._session
    result = {'steps': steps, 'step_ms': 1000 * float(np.median(wall)),
              'run_ms': 1000 * float(np.median(ran)),
              'waited_ms': 1000 * float(np.median(waited)),
              'host_ms': 1000 * float(np.median(wall - ran - waited)),
              'wait_share': float(waited.sum() / wall.sum()),
              'workers': [pool.count for pool in pools]}
    loop.model.finalize()
    return result


# -- memory, killed: two generators without TensorFlow

def start_generators(root, side, workers):
    from bench_feed import describe_outputs
    from samplelib import SampleGeneratorFace
    return [SampleGeneratorFace(root / name, batch_size=BATCH, generators_count=workers,
                                output_sample_types=describe_outputs(side, 'none', True))
            for name in ('src', 'dst')]


def measure_memory(root):
    """Bytes: RSS of the trainer and of every worker, PSS of all together."""
    from bench_faceset_start import measure_memory as read_memory
    generators = start_generators(root, 64, 1)
    for _ in range(MEMORY_BATCHES):
        for generator in generators:
            next(generator)
    pids = ['self'] + [worker.p.pid for generator in generators for worker in generator.generators]
    sizes = [read_memory(pid) for pid in pids]
    for generator in generators:
        generator.close()
    return {'trainer_rss': sizes[0][1], 'worker_rss': [rss for _, rss in sizes[1:]],
            'pss': sum(pss for pss, _ in sizes)}


def measure_kill(root):
    """Seconds from SIGKILL of a worker, whose successors are taken batches from meanwhile."""
    from core.interact import interact as io
    generator = start_generators(root, 128, 2)[0]
    for _ in range(WARM_UP):
        next(generator)
    told = {}
    io.log_err = lambda text: told.setdefault('died' if 'has died' in text else 'other',
                                              time.monotonic())
    victim = generator.generators[0].p.pid
    start = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    while 'died' not in told:
        time.sleep(0.01)    # a long step: nobody takes a batch
    while not generator.generators[0].worker.has_message():
        time.sleep(0.01)
    replaced = time.monotonic() - start
    generator.close()
    return {'named_s': told['died'] - start, 'replaced_s': replaced}


# -- parts

def list_feeds():
    """Values of --feed that this tree has."""
    from core import process_options
    option = getattr(process_options, 'FEED', None)
    return ['plain'] if option is None else [x for x in ('plain', 'fast') if x in option.choices]


def run_part(name, root, arguments):
    def run(job, feed=None, **more):
        environment = {} if feed is None else {'DFL_FEED': feed}
        environment.update(more)
        return run_child(HERE, ['--child', json.dumps(job)], environment)
    feeds = list_feeds()
    if name == 'host':
        job = dict(part='loop', root=str(root), model='small', device_ms=arguments.device_ms,
                   steps=arguments.steps or (40 if arguments.quick else 200))
        return {feed: run(job, feed) for feed in feeds}
    if name == 'wait':
        job = dict(part='loop', root=str(root), model='full', device_ms=arguments.device_ms,
                   steps=arguments.steps or (10 if arguments.quick else 30))
        return {feed: run(job, feed) for feed in feeds}
    if name == 'killed':
        return run(dict(part='killed', root=str(root)))
    result = {}
    for count in COUNTS[:1] if arguments.quick else COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            for who in ('src', 'dst'):
                write_faces(Path(folder) / who, who, count, SMALL_FACE_SIZE)
            result[count] = run(dict(part='memory', root=folder), feeds[-1],
                                DFL_FEED_MEMORY=str(MEMORY_CACHE_MB))
    return result


def run_job(job):
    root = Path(job['root'])
    if job['part'] == 'loop':
        return measure_loop(root, SMALL if job['model'] == 'small' else FULL, job['steps'],
                            job['device_ms'])
    return measure_memory(root) if job['part'] == 'memory' else measure_kill(root)


def print_part(name, result):
    if name in ('host', 'wait'):
        for feed, item in result.items():
            print('%s, feed %s: %d steps of %.1f ms, session.run %.1f, waiting %.2f (%.1f %% of '
                  'the time), host %.3f ms' % (name, feed, item['steps'], item['step_ms'],
                                           item['run_ms'], item['waited_ms'],
                                           100 * item['wait_share'], item['host_ms']))
    elif name == 'memory':
        before = None
        for count, item in result.items():
            growth = ''
            if before is not None:
                growth = ', %.2f KB a face more' % (
                    (item['pss'] - result[before]['pss']) / (2 * (count - before)) / 1024)
            print('%d faces a side: trainer %.0f MB, workers %s MB, together %.0f MB%s'
                  % (count, item['trainer_rss'] / 2 ** 20,
                     ' '.join('%.0f' % (rss / 2 ** 20) for rss in item['worker_rss']),
                     item['pss'] / 2 ** 20, growth))
            before = count
    else:
        print('a killed worker is named after %.2f s, replaced after %.2f s'
              % (result['named_s'], result['replaced_s']))


def main():
    arguments = parse_arguments()
    if arguments.child:
        import multiprocessing
        multiprocessing.set_start_method('spawn')
        print(json.dumps(run_job(json.loads(arguments.child))))
        return
    report = {'machine': '%s, %d cores' % (platform.machine(), os.cpu_count()),
              'python': platform.python_version()}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for who in ('src', 'dst'):
            write_faces(root / who, who, FACES, FACE_SIZE)
        for name in arguments.parts:
            report[name] = run_part(name, root, arguments)
            print_part(name, report[name])
    print(json.dumps(report))


if __name__ == '__main__':
    main()

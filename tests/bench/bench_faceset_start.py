"""Start with a large faceset: indexing, second start, memory, and the same faces in a pak.

    python tests/bench/bench_faceset_start.py               50,000 files a side: about ten minutes
    python tests/bench/bench_faceset_start.py --count 2000  a look at it in a minute

Some hundred faces are rendered (256 px, half of them with an applied mask), then written under
`--count` names with a frame name of their own, in a temporary folder that is removed at the end.
Source and destination are two folders of that many files (hard links where the disk has them).
Each start is a process of its own: two generators (src and dst), one worker each unless --workers
says otherwise, four outputs of 128 px, until both have given their first batch. TensorFlow is not
imported; --tensorflow initialises it in the starting process as the trainer does. Memory is PSS,
which counts shared pages once, and RSS; both from /proc. Shared lists of samples are counted there
as far as they have been touched; their whole size stands beside it. The last line is one JSON
object.
"""
import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2] / 'DeepFaceLab'
sys.path.insert(0, str(TREE))

DISTINCT = 200
FACE_SIZE = 256
RESOLUTION = 128
BATCH = 8
MASKED = 2  # every second face carries an applied mask


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--count', type=int, default=50000, metavar='N', help='faces a side')
    p.add_argument('--workers', type=int, default=1, metavar='N', help='of each generator')
    p.add_argument('--folder', type=Path, help='where the temporary folder is made')
    p.add_argument('--tensorflow', action='store_true', help='initialise TensorFlow as well')
    p.add_argument('--no-pak', action='store_true', help='leave the packed faceset out')
    p.add_argument('--step', choices=['start', 'index', 'pack', 'pak'], help=argparse.SUPPRESS)
    return p.parse_args()


# -- the faces

def render_files(folder, count):
    """`count` different face JPEGs as bytes, each naming the frame '00000.png'."""
    import numpy as np
    from DFLIMG import DFLIMG
    from demo.faceset import save_aligned_face
    from demo.motion import get_scene
    from demo.render import render_face
    path = folder / 'face.jpg'
    result = []
    for index in range(count):
        face = render_face('src', *get_scene('src', 7 * index), size=(480, 360))
        save_aligned_face(face, path, '00000.png', size=FACE_SIZE)
        if index % MASKED == 0:
            dflimg = DFLIMG.load(path)
            mask = np.zeros((256, 256, 1), np.float32)
            mask[40:220, 60:200] = np.random.RandomState(index).uniform(0.9, 1, (180, 140, 1))
            dflimg.set_xseg_mask(mask > 0.91)
            dflimg.save()
        result.append(path.read_bytes())
    path.unlink()
    return result


def write_files(folder, contents, count):
    folder.mkdir()
    for number in range(count):
        data = contents[number % len(contents)].replace(b'00000.png', b'%05d.png' % number)
        (folder / ('%05d_0.jpg' % number)).write_bytes(data)


def link_files(source, target):
    target.mkdir()
    for path in source.iterdir():
        try:
            os.link(str(path), str(target / path.name))
        except OSError:
            shutil.copy2(str(path), str(target))


# -- one start, in a process of its own

def measure_memory(pid):
    """(PSS, RSS) of a process in bytes; (0, 0) where the system does not tell."""
    found = {}
    try:
        with open('/proc/%s/smaps_rollup' % pid) as file:
            for line in file:
                name, _, rest = line.partition(':')
                if name in ('Pss', 'Rss'):
                    found[name] = int(rest.split()[0]) * 1024
    except OSError:
        return 0, 0
    return found.get('Pss', 0), found.get('Rss', 0)


def start_training(root, workers, with_tensorflow):
    """What a trainer does until both sides have a batch; prints one JSON object."""
    started = time.time()
    # the interpreter itself counts as well
    import multiprocessing
    multiprocessing.set_start_method('spawn')
    from samplelib import SampleGeneratorFace
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from bench_feed import describe_outputs
    generators = []
    for name in ('src', 'dst'):
        generators.append(SampleGeneratorFace(
            root / name, batch_size=BATCH, generators_count=workers,
            output_sample_types=describe_outputs(RESOLUTION, 'none', True)))
    # of this process and of the loader's, which have ended
    load_cpu = sum(os.times()[:4])
    for generator in generators:
        next(generator)
    report = {'first_batch_s': time.time() - started, 'load_cpu_s': load_cpu,
              'faces_per_s_core': sum(item.samples_len for item in generators) / load_cpu}
    if with_tensorflow:
        from core.leras import nn
        nn.initialize(nn.DeviceConfig.CPU())
        nn.tf_sess.run(nn.tf.constant(1.0))
    for _ in range(10):
        for generator in generators:
            next(generator)
    pids = [item.p.pid for generator in generators for item in generator.generators]
    report['faces'] = [generator.samples_len for generator in generators]
    report['trainer_pss_rss'] = measure_memory('self')
    report['workers_pss_rss'] = [measure_memory(pid) for pid in pids]
    report['total_pss'] = report['trainer_pss_rss'][0] + sum(
        pss for pss, _ in report['workers_pss_rss'])
    report['total_rss'] = report['trainer_pss_rss'][1] + sum(
        rss for _, rss in report['workers_pss_rss'])
    # Pages of the shared lists that nobody has touched yet belong to no process.
    report['shared_lists'] = sum(block.size for generator in generators
                                 for block in generator.samples.sh_bs)
    report['trainer_peak_rss'] = get_peak()
    for generator in generators:
        generator.close()
    print(json.dumps(report))


def index_alone(root):
    """Read every file of `src` in this process: files a second of CPU."""
    from samplelib.face_data import read_face_data
    paths = sorted(str(path) for path in (root / 'src').glob('*.jpg'))
    cpu, wall = time.process_time(), time.time()
    faces = sum(read_face_data(path)[0] is not None for path in paths)
    cpu, wall = time.process_time() - cpu, time.time() - wall
    print(json.dumps({'faces': faces, 'files_per_s_core': faces / cpu,
                      'files_per_s_wall': faces / wall}))


def pack_faces(root):
    """Pack a copy of `src`, without deleting the files."""
    from core.interact import interact as io
    from samplelib import PackedFaceset
    io.input_bool = lambda *args, **kwargs: False
    started, cpu = time.time(), time.process_time()
    PackedFaceset.pack(root / 'pak')
    print(json.dumps({'wall_s': time.time() - started, 'cpu_s': time.process_time() - cpu,
                      'peak_rss': get_peak(),
                      'bytes': (root / 'pak' / 'faceset.pak').stat().st_size}))


def load_pak(root):
    """Load the pak as a generator does."""
    from samplelib import SampleLoader, SampleType
    started, cpu = time.time(), time.process_time()
    samples = SampleLoader.load(SampleType.FACE, root / 'pak')
    report = {'faces': len(samples), 'wall_s': time.time() - started,
              'cpu_s': time.process_time() - cpu, 'peak_rss': get_peak()}
    report['pss_rss'] = measure_memory('self')
    print(json.dumps(report))


def get_peak():
    """Highest RSS of this process so far in bytes; 0 where the system does not tell."""
    try:
        with open('/proc/self/status') as file:
            return next(int(line.split()[1]) for line in file if line.startswith('VmHWM')) * 1024
    except OSError:
        return 0


# -- the whole

def run_step(step, root, arguments):
    """Run this file for one step in a fresh interpreter; its JSON with the process's wall time."""
    command = [sys.executable, str(Path(__file__).resolve()), '--step', step,
               '--folder', str(root), '--workers', str(arguments.workers)]
    if arguments.tensorflow:
        command.append('--tensorflow')
    started = time.time()
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    result = json.loads(output.strip().splitlines()[-1])
    result['process_s'] = time.time() - started
    print('%-28s %s' % (step, json.dumps(result)), flush=True)
    return result


def measure_all(root, arguments):
    started = time.time()
    contents = render_files(root, min(DISTINCT, arguments.count))
    write_files(root / 'src', contents, arguments.count)
    link_files(root / 'src', root / 'dst')
    size = sum(path.stat().st_size for path in (root / 'src').iterdir())
    print('%d files of %d px, %.0f MB, made in %.0f s'
          % (arguments.count, FACE_SIZE, size / 1e6, time.time() - started), flush=True)
    time.sleep(3)  # files that are younger than two seconds are not trusted by the index
    report = {'count': arguments.count, 'bytes': size, 'python': platform.python_version(),
              'cores': os.cpu_count(), 'read': run_step('index', root, arguments),
              'first_start': run_step('start', root, arguments),
              'second_start': run_step('start', root, arguments)}
    index = root / 'src' / 'faceset.index'
    report['index_bytes'] = index.stat().st_size if index.exists() else 0
    if not arguments.no_pak:
        link_files(root / 'src', root / 'pak')
        report['pack'] = run_step('pack', root, arguments)
        report['pak'] = run_step('pak', root, arguments)
    print(json.dumps(report))


def main():
    arguments = parse_arguments()
    if arguments.step == 'start':
        start_training(arguments.folder, arguments.workers, arguments.tensorflow)
    elif arguments.step is not None:
        {'index': index_alone, 'pack': pack_faces, 'pak': load_pak}[arguments.step](
            arguments.folder)
    else:
        where = None if arguments.folder is None else str(arguments.folder)
        with tempfile.TemporaryDirectory(dir=where) as name:
            measure_all(Path(name), arguments)


if __name__ == '__main__':
    main()

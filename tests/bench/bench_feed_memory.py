"""Resident memory of a trainer's side and of its worker, by number of faces.

    python tests/bench/bench_feed_memory.py                  1,000 and 10,000 faces
    python tests/bench/bench_feed_memory.py 1000 10000 50000

Small rendered faces, hard links of a few files. Each set is loaded in a process of its own, at its
second start (the first reads every face and leaves an index, and a larger heap), one
worker draws a whole epoch, with `feed_memory` = 16 MB. Counted are the private pages of both and
the shared list of faces; the budgeted cache is not. The last line is one JSON object.
"""
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / 'DeepFaceLab')]

BUDGET_MB = 16
SIDE = 64


def read_private(pid):
    """Bytes of anonymous pages."""
    with open('/proc/%d/status' % pid) as file:
        fields = dict(line.split(':', 1) for line in file)
    return int(fields['RssAnon'].split()[0]) * 1024


def make_set(folder, count):
    from data_support import write_face
    sources = [write_face(folder / ('%06d.jpg' % i), size=SIDE, seed=i) for i in range(8)]
    for i in range(8, count):
        os.link(str(sources[i % 8]), str(folder / ('%06d.jpg' % i)))


def measure(folder, count):
    """Prints bytes: trainer, worker, shared list."""
    from sample_support import image, mask
    from samplelib import SampleGeneratorFace
    generator = SampleGeneratorFace(Path(folder), batch_size=16, generators_count=1,
                                    output_sample_types=[image(), mask()])
    for _ in range(count // 16 + 4):
        next(generator)
    shared = sum(block.size for block in generator.samples.sh_bs)
    print(json.dumps([read_private(os.getpid()), read_private(generator.generators[0].p.pid),
                      shared]))
    generator.close()


def main():
    counts = [int(text) for text in sys.argv[1:]] or [1000, 10000]
    figures = {}
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            make_set(Path(name), count)
            for _ in range(2):   # the second start reads the faceset's index
                output = subprocess.check_output(
                    [sys.executable, __file__, '--measure', name, str(count)],
                    env=dict(os.environ, DFL_FEED_MEMORY=str(BUDGET_MB)),
                    stderr=subprocess.DEVNULL)
        figures[count] = json.loads(output.decode().strip().splitlines()[-1])
        print('%6d faces: trainer %.1f MB, worker %.1f MB, shared list %.1f MB'
              % ((count,) + tuple(number / 1e6 for number in figures[count])))
    first, last = min(counts), max(counts)
    growth = [(b - a) / max(1, last - first) for a, b in zip(figures[first], figures[last])]
    print('bytes a face: trainer %.0f, worker %.0f, shared list %.0f' % tuple(growth))
    print(json.dumps(dict(bytes={str(count): figures[count] for count in counts},
                          bytes_a_face=dict(zip(('trainer', 'worker', 'shared'), growth)))))


if __name__ == '__main__':
    multiprocessing.set_start_method('spawn')
    if sys.argv[1:2] == ['--measure']:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        main()

"""Memory and step time of gray models (SAEHDBW) against colour models (SAEHD) of the same
dimensions, for three sizes of the fork's notes.

    python tests/bench/bench_gray.py             about four minutes on two cores
    python tests/bench/bench_gray.py --quick     the smallest size only

Each size is a process: it makes both models on the CPU, runs a step of the one and a step of the
other in turn (the median of the ratios counts, whatever else the machine does), and takes the peak
of one traced step of each from TensorFlow's records of all allocations. The peak leaves out weights
and optimizer state, which the column `state` has. The last line is one JSON object of the ratios
gray / colour.
"""
import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))

import bench_memory  # noqa: E402  sets the path
import bench_train  # noqa: E402
from measured_child import run_child  # noqa: E402

# (resolution, archi, ae, e, d, d_mask, batch) of the notes
SIZES = {
    'liae-ud-96-64-64-64-22': (96, 'liae-ud', 64, 64, 64, 22, 8),
    'liae-udt-128-96-32-32-16': (128, 'liae-udt', 96, 32, 32, 16, 4),
    'liae-ud-192-96-32-32-16': (192, 'liae-ud', 96, 32, 32, 16, 4),
}
KEYS = ('resolution', 'archi', 'ae_dims', 'e_dims', 'd_dims', 'd_mask_dims', 'batch_size')
COPIES = 3      # of each weight: AdaBelief keeps two more


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='the smallest size only')
    p.add_argument('--steps', type=int, default=5, metavar='N', help='pairs of steps (default 5)')
    p.add_argument('--child', nargs=2, help=argparse.SUPPRESS)
    return p.parse_args()


def count_weights(model):
    """Numbers in the networks."""
    return sum(int(weight.shape.num_elements()) for name in model.layout.net_names
               for weight in getattr(model, name).get_weights())


def run_size(size, steps):
    """What one process measures: {'colour' | 'gray': ...} and the ratios of the pairs of steps."""
    import numpy as np
    options = dict(bench_train.OPTIONS, **dict(zip(KEYS, SIZES[size])))
    pair = [bench_memory.Step(options, [], name) for name in ('SAEHD', 'SAEHDBW')]
    for step in pair:
        step.run()
    times = np.array([[step.run() for step in pair] for _ in range(steps)])     # (N, 2, 2)
    ratios = np.median(times[:, 1] / times[:, 0], 0)
    result = {'seconds': float(ratios[0]), 'cpu_seconds': float(ratios[1])}
    for number, name in enumerate(('colour', 'gray')):
        step = pair[number]
        result[name] = {
            'parameters': count_weights(step.model), 'peak': step.measure_peak(),
            'fed': sum(value.nbytes for value in step.feed.values()),
            'seconds': float(np.median(times[:, number, 0])),
            'cpu_seconds': float(np.median(times[:, number, 1]))}
    return result


def tell(size, result):
    """Prints a line for each model; returns the ratios gray / colour."""
    for name in ('colour', 'gray'):
        one = result[name]
        print('%-26s %-7s %5.1f MB fed, peak %6.0f MB, state %5.0f MB, %9d parameters, '
              'step %5.2f s (%.2f s CPU)' % (
                  size, name, one['fed'] / 1e6, one['peak'] / 1e6,
                  4e-6 * COPIES * one['parameters'], one['parameters'], one['seconds'],
                  one['cpu_seconds']), flush=True)
    ratios = {key: round(result['gray'][key] / result['colour'][key], 4)
              for key in ('fed', 'peak', 'parameters')}
    return dict(ratios, step=round(result['seconds'], 4), step_cpu=round(result['cpu_seconds'], 4))


def main():
    arguments = parse_arguments()
    if arguments.child:
        size, steps = arguments.child
        print('\n' + json.dumps(run_size(size, int(steps))))
        return
    ratios = {}
    for size in list(SIZES)[:1 if arguments.quick else None]:
        result = run_child(HERE, ['--child', size, arguments.steps],
                           dict(TF_ENABLE_ONEDNN_OPTS='1', TF_NUM_INTRAOP_THREADS='2'))
        ratios[size] = tell(size, result)
        print('%-26s gray / colour: %s' % (size, json.dumps(ratios[size])), flush=True)
    print(json.dumps(ratios))


if __name__ == '__main__':
    main()

"""The feed's colour transfers against their plain forms: time, and how alike the pictures are.

    python tests/bench/bench_color_transfer.py            128 and 256 px, 200 pairs
    python tests/bench/bench_color_transfer.py --quick    128 px, 20 pairs: half a minute

Faces are rendered, 15 of either person. Times are process CPU milliseconds of one picture, one
OpenCV thread, medians; `by moments` is what a feed spends that keeps both pictures' moments (and
the source's Lab planes for rct). The last line is one JSON object.
"""
import argparse
import json
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent / 'DeepFaceLab'), str(TESTS)]

FACES = 15
MODES = ['rct', 'lct', 'mkl', 'idt', 'sot']
LIMITS = {'mean': 0.002, 'std': 0.002, 'picture': 1.2}      # and 5 % of `distance`


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='128 px, 20 pairs')
    p.add_argument('--pairs', type=int, default=0, metavar='N', help='at most 225')
    p.add_argument('--sides', type=int, nargs='*', default=[128, 256], metavar='PX')
    return p.parse_args()


def measure(action, repeats=15):
    """Median process CPU milliseconds."""
    action()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return sorted(times)[repeats // 2] * 1000


def measure_times(picture, target):
    """{mode: {plain, fast, by moments: ms}}"""
    from core.imagelib import color_transfer
    from core.imagelib import color_fast as fast
    from core.imagelib.color_linear import move_lab
    result = {}
    for mode in MODES:
        times = {'plain': measure(lambda: color_transfer(mode, picture, target), 7),
                 'fast': measure(lambda: fast.color_transfer_fast(mode, picture, target))}
        if mode in fast.MOMENT_MODES:
            source, reference = (fast.measure_colors(mode, x) for x in (picture, target))
            planes = fast.to_lab_planes(picture)
            times['by moments'] = measure(
                (lambda: move_lab(planes, source, reference)) if mode == 'rct' else
                (lambda: fast.transfer_by_moments(mode, picture, source, reference)))
        result[mode] = times
    return result


def compare_pictures(pairs):
    """{mode: largest difference of rct, lct, mkl; figures of `color_pairs.compare` of idt, sot}"""
    import numpy as np
    from color_pairs import compare
    from core.imagelib import color_transfer
    from core.imagelib.color_fast import MOMENT_MODES, color_transfer_fast
    result = {}
    for mode in MODES:
        def plain(picture, target, mode=mode):
            return color_transfer(mode, picture, target)

        def fast(picture, target, mode=mode):
            return color_transfer_fast(mode, picture, target)
        if mode in MOMENT_MODES:
            result[mode] = max(float(np.abs(plain(*pair) - fast(*pair)).max()) for pair in pairs)
        else:
            result[mode] = compare(plain, fast, pairs)
    return result


def main():
    arguments = parse_arguments()
    sides = [128] if arguments.quick else arguments.sides
    count = arguments.pairs or (20 if arguments.quick else 200)
    import cv2
    import numpy as np
    from color_pairs import render_faces
    cv2.setNumThreads(1)
    report = {'python': sys.version.split()[0], 'numpy': np.__version__, 'opencv': cv2.__version__}
    for side in sides:
        sources, targets = (render_faces(who, FACES, side) for who in ('src', 'dst'))
        pairs = [(a, b) for a in sources for b in targets]
        np.random.RandomState(1).shuffle(pairs)
        times = measure_times(*pairs[0])
        print('%d px, ms CPU a picture' % side)
        for mode in MODES:
            print('  %-4s' % mode + ''.join('%14s %7.2f' % item for item in times[mode].items()))
        alike = compare_pictures(pairs[:count])
        print('%d px, %d pairs' % (side, len(pairs[:count])))
        for mode in MODES:
            print('  %-4s %s' % (mode, json.dumps(alike[mode])))
            if isinstance(alike[mode], dict):
                for name, limit in LIMITS.items():
                    assert alike[mode][name] <= limit, (side, mode, name)
                assert abs(alike[mode]['distance'] - 1) <= 0.05, (side, mode)
        report[str(side)] = {'times': times, 'alike': alike}
    print(json.dumps(report))


if __name__ == '__main__':
    main()

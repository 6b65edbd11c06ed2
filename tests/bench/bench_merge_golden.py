"""Merging compared with the reference, case by case, on the OpenCV that is installed.

    python tests/bench/bench_merge_golden.py                 the reduced vectors of the tests
    python tests/bench/bench_merge_golden.py --folder DIR    complete ones
    python tests/bench/bench_merge_golden.py overlay_m4      cases whose name contains a text

A line a case: milliseconds, `bits` when image and mask are equal to the bit, largest difference of
the block means of the image and of the mask (not rounded), largest difference of single pixels
beyond the rounding to bytes, and what lies outside the case's tolerance. Exit code 1 if anything
does. The last line is one JSON object.
"""
import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
for part in ('tests', 'DeepFaceLab'):
    sys.path.insert(0, str(REPOSITORY / part))

import cv2  # noqa: E402  needs the path
import numpy as np  # noqa: E402

import merge_support  # noqa: E402

COLUMNS = '%-32s %6s %5s %9s %9s %9s %9s  %s'


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('names', nargs='*', help='parts of case names')
    p.add_argument('--folder', default=str(merge_support.GOLDEN), help='of cases.json')
    return p.parse_args()


def switch_black_rim(is_on):
    os.environ['DFL_MERGE_BLACK_RIM'] = '1' if is_on else '0'


def compare(vectors, case):
    """Print a case's line; returns what was measured."""
    start = time.perf_counter()
    image, mask, _ = merge_support.run_case(vectors, case, switch_black_rim)
    duration = time.perf_counter() - start
    measured = merge_support.measure_case(vectors, case, image, mask)
    failed = [key for key, limit in case['suggested_tolerance'].items() if measured[key] > limit]
    if measured['outside_equal'] != case.get('outside_roi_equals_frame'):
        failed.append('outside')
    print(COLUMNS % (case['name'], '%.0f' % (1000 * duration),
                     'bits' if measured['hash_equal'] else '',
                     *('%.1e' % measured[key] for key in (
                         'pool_max', 'mask_pool_max', 'out_max', 'mask_max')), ' '.join(failed)))
    measured['failed'] = failed
    return measured


def main():
    args = parse_arguments()
    cv2.setNumThreads(1)
    vectors = merge_support.Vectors(args.folder)
    cases = [case for name, case in sorted(vectors.cases.items())
             if not args.names or any(part in name for part in args.names)]
    print('OpenCV %s, NumPy %s, Python %s' % (cv2.__version__, np.__version__,
                                              platform.python_version()))
    print(COLUMNS % ('case', 'ms', '', 'blocks', 'mask', 'pixels', 'mask', 'beyond tolerance'))
    results = [compare(vectors, case) for case in cases]
    failed = sum(bool(result['failed']) for result in results)
    print(json.dumps({'opencv': cv2.__version__, 'cases': len(results), 'failed': failed,
                      'bit_equal': sum(result['hash_equal'] for result in results),
                      'within_1e-6': sum(max(result['pool_max'], result['mask_pool_max']) < 1e-6
                                         for result in results)}))
    return 1 if failed or not results else 0


if __name__ == '__main__':
    sys.exit(main())

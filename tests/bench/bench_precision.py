"""What the patches cost or bring in time, and whether half precision learns as float32 does.

    python tests/bench/bench_precision.py            step times, 128 px df-ud 256/64/64/22, batch 4
    python tests/bench/bench_precision.py --quick    the same of a small model: two minutes
    python tests/bench/bench_precision.py --parity [--steps 1000] [--picture previews.png]

oneDNN is on. bf16 against float32 counts only on a processor with AVX512-BF16 or AMX; elsewhere
it is skipped by name. Exit code 1: bf16 not 1.5 times faster, or a half precision whose losses
are not close. The last line is one JSON object.
"""
import argparse
import json
import sys
from pathlib import Path

import bench_train
import precision_parity

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'patches'))
import dfl_patches  # noqa: E402
from dfl_patches.half_support import read_cpu_flags  # noqa: E402

LEAST_SPEEDUP = 1.5
BF16_FLAGS = ('avx512_bf16', 'amx_bf16')
SETS = ('fast_blur', 'bf16', 'fp16', 'mixed', 'recompute', 'lean_updates', 'deterministic',
        'recompute,lean_updates', 'bf16,lean_updates', 'bf16,recompute,lean_updates',
        'fast_blur,bf16,recompute,lean_updates')
NONE = 'none'


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='a small model, for a smoke run')
    p.add_argument('--steps', type=int, default=0, metavar='N',
                   help='steady steps of each timing (default 6), or of each run with --parity '
                        '(default 1000)')
    p.add_argument('--sets', nargs='+', default=list(SETS), metavar='A,B',
                   help='patch sets to time (default: all that are there)')
    p.add_argument('--parity', action='store_true', help='train and compare losses instead')
    p.add_argument('--precisions', nargs='+', default=['bf16', 'fp16'], metavar='NAME',
                   help='with --parity: what to compare with float32')
    p.add_argument('--picture', help='with --parity: where to write the previews side by side')
    return p.parse_args()


def time_step(arguments, options, patches):
    """Median seconds of a step, in a process of its own."""
    settings = argparse.Namespace(tree=str(bench_train.DEFAULT_TREE), threads=0,
                                  steps=arguments.steps or 6)
    names = [] if patches == NONE else patches.split(',')
    return bench_train.run_setting(settings, options, '1', names)['step']


def time_against(arguments, options, patches):
    """{'base', 'step', 'ratio'}: the un-patched step before and after the patched one, so that
    both see the machine in the same mood; the smaller counts."""
    before = time_step(arguments, options, NONE)
    step = time_step(arguments, options, patches)
    base = min(before, time_step(arguments, options, NONE))
    return {'base': base, 'step': step, 'ratio': step / base}


def list_sets(wanted):
    """The sets whose patches are there; the others are named."""
    there = dfl_patches.list_names()
    kept = []
    for patches in wanted:
        missing = [name for name in patches.split(',') if name not in there]
        if missing:
            print('%-40s skipped: there is no %s' % (patches, ', '.join(missing)))
        elif 'bf16' in patches.split(',') and not has_bf16():
            print('%-40s skipped: no %s' % (patches, ' or '.join(BF16_FLAGS)))
        else:
            kept.append(patches)
    return kept


def has_bf16():
    """Whether the processor computes in bfloat16."""
    return any(flag in read_cpu_flags() for flag in BF16_FLAGS)


def run_times(arguments):
    """Step times of all sets, fast_blur with face style on. Returns (report, is it good)."""
    options = dict(bench_train.OPTIONS, **(bench_train.QUICK if arguments.quick
                                           else bench_train.FULL))
    report = {}
    for patches in list_sets(arguments.sets):
        measured = report[patches] = time_against(arguments, options, patches)
        print('%-40s%8.3f s, float32 un-patched %.3f s: %.2f' % (
            patches, measured['step'], measured['base'], measured['ratio']), flush=True)
    if 'fast_blur' in report:
        styled = dict(options, face_style_power=10.0)
        measured = report['fast_blur/face style'] = time_against(arguments, styled, 'fast_blur')
        print('%-40s%8.3f s, un-patched %.3f s: %.2f' % (
            'fast_blur with face style', measured['step'], measured['base'], measured['ratio']))
    if 'bf16' not in report:
        return report, True
    speedup = report['bf16_speedup'] = 1 / report['bf16']['ratio']
    print('bf16 is %.2f times as fast as float32 (at least %.1f asked)' % (
        speedup, LEAST_SPEEDUP))
    return report, speedup >= LEAST_SPEEDUP or arguments.quick


def main():
    arguments = parse_arguments()
    if arguments.parity:
        report = precision_parity.compare(arguments.steps or 1000, arguments.precisions,
                                          arguments.picture)
        is_good = report['is_close']
    else:
        report, is_good = run_times(arguments)
    print(json.dumps(report))
    sys.exit(0 if is_good else 1)


if __name__ == '__main__':
    main()

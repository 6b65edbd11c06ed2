"""The memory planner against measured peaks, and its table for large models.

    python tests/bench/bench_plan.py            eight small configurations, each measured, 2 minutes
    python tests/bench/bench_plan.py --large    plans only: 416 px un-patched against 704 px with
                                                all patches, and the largest resolution for which
                                                that still holds

Peaks are sums of TensorFlow's allocation records of one traced step (measured_peak.py), without the
weights and the state of the optimizers, which both sides know exactly. Each configuration runs in a
process of its own, oneDNN on as in use. The last line is one JSON object.
"""
import argparse
import json
import sys
from pathlib import Path

import measured_child

HERE = Path(__file__).resolve()
TREE = HERE.parents[2] / 'DeepFaceLab'
TOLERANCE = 0.05

SMALL = dict(ae_dims=64, e_dims=32, d_dims=32, d_mask_dims=16, face_type='wf', batch_size=4,
             resolution=96, archi='df-ud')
CASES = {
    'df-ud 96 px, batch 4': {},
    'df-ud 128 px, batch 8': dict(resolution=128, batch_size=8),
    'liae-ud 96 px, clipgrad': dict(archi='liae-ud', clipgrad=True),
    'liae-udt 96 px, RMSprop': dict(archi='liae-udt', adabelief=False),
    'df 64 px, batch 8, unmasked': dict(archi='df', resolution=64, batch_size=8,
                                        masked_training=False, eyes_mouth_prio=True),
    'df-ut 96 px, batch 2, lr_dropout': dict(archi='df-ut', batch_size=2, lr_dropout='y'),
    'liae-ud 64 px, gan': dict(archi='liae-ud', resolution=64, gan_power=0.1),
    'df-ud 96 px, recompute, lean_updates': dict(patches='recompute,lean_updates'),
}
LARGE = {
    'liae-udt 256/64/64/22': dict(archi='liae-udt', ae_dims=256, e_dims=64, d_dims=64,
                                  d_mask_dims=22),
    'df-udt 320/80/80/26': dict(archi='df-udt', ae_dims=320, e_dims=80, d_dims=80,
                                d_mask_dims=26),
}
LARGE_COMMON = dict(face_type='wf', batch_size=16, adabelief=True, clipgrad=False)
PATCHES = ('mixed', 'recompute', 'lean_updates')


def run_case(kind, options, tree=TREE):
    """The JSON of a process that plans, and measures or not, one configuration."""
    return measured_child.run_child(
        HERE, ['--child', kind, json.dumps(options)],
        dict(TF_ENABLE_ONEDNN_OPTS='1', TF_NUM_INTRAOP_THREADS='2', PYTHONPATH=tree))


def open_model(options, gpu_bytes=None):
    """A model of these options that stopped where a dry run does."""
    from core import options as sources
    from core.leras.device import export_devices
    from mainscripts import DoctorFit
    export_devices({0: ('GPU', 'g', gpu_bytes)} if gpu_bytes else {})
    sources.configure_sources(sources.OptionSources(
        flags={key: str(value) for key, value in options.items()}))
    found = []
    DoctorFit.inspect_model(found.append, None, None, cpu_only=gpu_bytes is None,
                            force_gpu_idxs=[0] if gpu_bytes else None)
    return found[0]


def compare(options):
    """{'planned', 'measured'}: bytes of the CPU beside weights and state."""
    from mainscripts import DoctorFit
    from models.memory_plan.step_plan import CPU, Planner
    model = open_model(options)
    planned = Planner(model).plan().devices[CPU]
    return dict(planned=planned.activations, measured=DoctorFit.measure_step(model)[CPU])


def plan_large(options):
    """Plans on a GPU that is not there: {'416', '704', 'largest', 'largest_bytes', levers}."""
    from models.memory_plan.step_plan import Planner, get_main_device, get_total
    planner = Planner(open_model(dict(options, resolution=416), gpu_bytes=80 << 30))
    device = get_main_device(planner.plan())

    def plan(resolution, patches):
        return get_total(planner.plan(patches=patches, resolution=resolution), device)
    result = {'416 none': plan(416, ()), '704 all': plan(704, PATCHES)}
    for name in PATCHES:
        result['416 ' + name] = plan(416, (name, ))
    result['416 all'] = plan(416, PATCHES)
    side = 704
    step = 32 if result['704 all'] <= result['416 none'] else -32
    while (plan(side + step, PATCHES) <= result['416 none']) == (step > 0) and side > 416:
        side += step
    result['largest'] = side if step > 0 else side + step
    return result


def show_small():
    report = {}
    print('%-40s%12s%12s%9s' % ('', 'planned MB', 'measured MB', 'ratio'))
    for name, changes in CASES.items():
        found = run_case('compare', dict(SMALL, **changes))
        ratio = report[name] = found['planned'] / float(found['measured'])
        print('%-40s%12.1f%12.1f%9.3f%s' % (
            name, found['planned'] / 1e6, found['measured'] / 1e6, ratio,
            '' if abs(ratio - 1) <= TOLERANCE else '  MORE THAN 5 %'), flush=True)
    print(json.dumps(report))
    return 0 if all(abs(ratio - 1) <= TOLERANCE for ratio in report.values()) else 1


def show_large():
    report = {}
    for name, options in LARGE.items():
        found = report[name] = run_case('large', dict(LARGE_COMMON, **options))
        print('\n%s, AdaBelief, batch 16, on one GPU: weights, optimizer, activations' % name)
        for key, value in found.items():
            print('  %-20s %s' % (key, '%d px' % value if key == 'largest'
                                  else '%.2f GB' % (value / 2.0 ** 30)), flush=True)
    print(json.dumps(report))
    return 0


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--large', action='store_true', help='plan the large models')
    p.add_argument('--child', nargs=2, help=argparse.SUPPRESS)
    arguments = p.parse_args()
    if arguments.child:
        kind, options = arguments.child[0], json.loads(arguments.child[1])
        print('\n' + json.dumps({'compare': compare, 'large': plan_large}[kind](options)))
        return 0
    return show_large() if arguments.large else show_small()


if __name__ == '__main__':
    sys.exit(main())

"""Where training puts what: one plan, by which the graph is built and which the dry run prints.

Device names are those of graph code: the chosen devices are numbered anew from 0 (spec 21 section
2).
"""
from typing import Any, List, NamedTuple, Sequence, Tuple

from . import towers

Placement = NamedTuple('Placement', [
    ('data_format', str),           # NHWC or NCHW
    ('inputs', str),                # placeholders and the slices of the batch
    ('models', str),                # weights; gradients are averaged and weights updated here
    ('slots', str),                 # moments of the optimizers
    ('counters', str),              # iteration counters of the optimizers
    ('dropout', str),               # masks of the learning-rate dropout, '' without it
    ('joined', str),                # predictions of all towers put together
    ('towers', Tuple[str, ...]),    # forward and backward pass, a share of the batch each
    ('samples', int),               # of one tower
    ('asked_batch_size', int),      # as typed; see get_batch_size
    ('networks', Tuple[str, ...]),
    ('optimizers', Tuple[str, ...]),
])


def plan_placement(devices: Sequence[Any], asked_batch_size: int, models_on_gpu: bool,
                   lr_dropout: str, debug: bool, networks: Sequence[str],
                   optimizers: Sequence[str]) -> Placement:
    """The plan for the chosen devices (`Device` objects, none: the CPU).

    models_on_gpu: the option, without effect where there is no device. lr_dropout: 'n', 'y' or
    'cpu'. networks, optimizers: names, for the description.
    """
    tower_count, samples = towers.split_batch(asked_batch_size, len(devices))
    on_gpu = models_on_gpu and len(devices) != 0
    models = towers.name_default_device(devices) if on_gpu else towers.CPU
    return Placement(
        data_format=towers.choose_data_format(devices, debug), inputs=towers.CPU, models=models,
        slots=models, counters=towers.CPU,
        dropout={'n': '', 'cpu': towers.CPU}.get(lr_dropout, models), joined=towers.CPU,
        towers=tuple(towers.name_tower_device(devices, i) for i in range(tower_count)),
        samples=samples, asked_batch_size=asked_batch_size, networks=tuple(networks),
        optimizers=tuple(optimizers))


def get_batch_size(plan: Placement) -> int:
    """Samples of a step: every tower gets the same number, at least one."""
    return len(plan.towers) * plan.samples


def describe_batch(plan: Placement) -> str:
    """How the batch is shared out, and what became of a size that does not divide."""
    used, asked = get_batch_size(plan), plan.asked_batch_size
    text = '%d samples a step' % used
    if len(plan.towers) > 1:
        text += ', %d on each of %d devices' % (plan.samples, len(plan.towers))
    if used < asked:
        text += ' (batch_size %d cannot be shared equally: %d left out)' % (asked, asked - used)
    elif used > asked:
        text += ' (batch_size %d: every device gets at least one)' % asked
    return text


def describe_placement(plan: Placement) -> List[Tuple[str, str]]:
    """(what, device) rows of a training run."""
    rows = [('placeholders, slices of the batch', plan.inputs),
            ('weights of ' + ', '.join(plan.networks), plan.models),
            ('moments of ' + ', '.join(plan.optimizers), plan.slots),
            ('counters of ' + ', '.join(plan.optimizers), plan.counters)]
    if plan.dropout:
        rows.append(('masks of the learning-rate dropout', plan.dropout))
    for index, device in enumerate(plan.towers):
        first = index * plan.samples
        rows.append(('tower %d, samples %d to %d: forward and backward pass' % (
            index, first, first + plan.samples - 1), device))
    if len(plan.towers) > 1:
        rows.append(('predictions of all towers joined', plan.joined))
        rows.append(('gradients of all towers averaged', plan.models))
    rows.append(('weights updated', plan.models))
    return rows

"""The largest batch and resolution that fit, and what each lever saves.

What lives during a step grows with the batch, and nearly with the number of pixels: two plans tell
the answer, which is then planned itself, and lowered where it does not hold.
"""
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from models import patch_layer

from .calibration import Scale
from .step_plan import Planner, StepPlan, get_main_device

LARGEST_BATCH = 4096

# plan: None where it cannot be had here, for the reason in `text`.
Lever = NamedTuple('Lever', [('text', str), ('plan', Optional[StepPlan]), ('is_for_new', bool)])


Grid = NamedTuple('Grid', [('lowest', int), ('highest', int), ('step', int)])


class Limits(object):
    """What the devices have: {device: (bytes, Scale)}. A device without an entry has enough."""

    def __init__(self, devices: Dict[str, Tuple[int, Scale]]) -> None:
        self.devices = devices

    def get_share(self, plan: StepPlan) -> float:
        """How full the fullest device is at the upper end of its estimate: 1.0, exactly full."""
        return max(scale.estimate(plan, device)[1] / float(size)
                   for device, (size, scale) in self.devices.items())

    def fits(self, plan: StepPlan) -> bool:
        return self.get_share(plan) <= 1.0


def find_largest(plan_at: Callable[[int], StepPlan], limits: Limits, start: Tuple[int, int],
                 grid: Grid, power: int) -> Optional[StepPlan]:
    """The plan of the largest x on the grid that fits, None if there is none.

    start: two x to begin with. What is taken grows nearly linearly with x ** power, so the line
    through the two plans nearest to the limit says where to look; the end is a plan, not a guess.
    """
    plans = {x: plan_at(x) for x in start}
    while True:
        x = guess_largest({x: limits.get_share(plan) for x, plan in plans.items()}, power)
        x = grid.highest if x is None else int(x) // grid.step * grid.step
        too_large = [x for x, plan in plans.items() if not limits.fits(plan)]
        fitting = [x for x, plan in plans.items() if limits.fits(plan)]
        x = min([x] + [y - grid.step for y in too_large])
        x = max([x] + fitting)
        x = max(grid.lowest, min(grid.highest, x))
        if x in plans:
            return plans[x] if limits.fits(plans[x]) else None
        plans[x] = plan_at(x)


def guess_largest(shares: Dict[int, float], power: int) -> Optional[float]:
    """The x at which a share becomes 1.0; None when it does not grow."""
    (x1, share1), (x2, share2) = sorted(shares.items(), key=lambda item: abs(item[1] - 1.0))[:2]
    slope = (share2 - share1) / float(x2 ** power - x1 ** power)
    if slope <= 0:
        return None
    return max(0.0, x1 ** power + (1.0 - share1) / slope) ** (1.0 / power) + 1e-6


def find_largest_batch(planner: Planner, limits: Limits) -> Optional[StepPlan]:
    """No graph is built for it, unless the model's holds the batch. None: one sample a device is
    too much."""
    batch_size, towers = planner.plan().batch_size, planner.get_towers()
    lowest, highest = [max(1, size // towers) * towers for size in get_batch_range(planner)]

    def plan_at(size: int) -> StepPlan:
        return planner.plan(size)
    return find_largest(plan_at, limits, (batch_size, 2 * batch_size),
                        Grid(lowest, highest, towers), power=1)


def get_batch_range(planner: Planner) -> Tuple[int, int]:
    """(lowest, highest) that the model can have."""
    return tuple(planner.model.batch_size_range or (1, LARGEST_BATCH))


def find_largest_resolution(planner: Planner, limits: Limits, grid: Grid) -> Optional[StepPlan]:
    """With the model's batch. None: the lowest is too much."""
    resolution = planner.plan().resolution
    other = (2 * resolution if 2 * resolution <= grid.highest
             else max(grid.lowest, resolution // 2 // grid.step * grid.step))

    def plan_at(side: int) -> StepPlan:
        return planner.plan() if side == resolution else planner.plan(resolution=side)
    return find_largest(plan_at, limits, (resolution, other), grid, power=2)


# ---------------------------------------------------------------- levers

def list_levers(planner: Planner, choices: Sequence[Any]) -> List[Lever]:
    """What each lever leaves of the model's plan, patches last. choices: (text, option changes,
    whether only a new model can have them) of the model's options."""
    base = planner.plan()
    levers = []
    lowest = max(planner.get_towers(), get_batch_range(planner)[0])
    if base.batch_size > lowest:
        half = planner.plan(max(base.batch_size // 2, lowest))
        levers.append(Lever('batch_size %d' % half.batch_size, half, False))
    for text, changes, is_for_new in choices:
        levers.append(Lever(text, planner.plan(**changes), is_for_new))
    for names in list_patch_sets(base.patches):
        levers.append(plan_patches(planner, names))
    return levers


def plan_patches(planner: Planner, names: Tuple[str, ...]) -> Lever:
    text = '--patch ' + ','.join(names)
    try:
        return Lever(text, planner.plan(patches=names), False)
    except Exception as error:
        refusal = patch_layer.explain(error)
        if refusal is None:
            raise
        return Lever('%s: %s' % (text, refusal.what), None, False)


# The patches that spare memory, each with those that do the same another way.
SPARING = (('mixed', 'bf16', 'fp16'), ('recompute', ), ('lean_updates', ))


def list_patch_sets(applied: Sequence[str]) -> List[Tuple[str, ...]]:
    """Each sparing patch that is there and not applied yet, beside those that are; then all."""
    sets: List[Tuple[str, ...]] = []
    everything = list(applied)
    for group in SPARING:
        found = [name for name in group if patch_layer.has_patch(name)]
        if not found or any(name in applied for name in group):
            continue
        sets.append(tuple(applied) + (found[0], ))
        everything.append(found[0])
    if len(sets) > 1:
        sets.append(tuple(everything))
    return [patch_layer.sort_names(names) for names in sets]


def get_saving(base: StepPlan, lever: Lever, scale: Scale) -> int:
    """Bytes that a lever spares on the device that matters, at the upper end; 0 without a plan."""
    if lever.plan is None:
        return 0
    device = get_main_device(base)
    return scale.estimate(base, device)[1] - scale.estimate(lever.plan, device)[1]

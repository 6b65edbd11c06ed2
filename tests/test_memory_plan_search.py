"""models/memory_plan/search.py: the largest that fits, with few plans, and the levers."""
from collections import OrderedDict
from types import SimpleNamespace

import pytest

from models import patch_layer
from models.memory_plan import search
from models.memory_plan.calibration import Scale
from models.memory_plan.step_plan import CPU, DevicePlan, StepPlan

MIB = 1 << 20
EXACT = Scale(1.0, 1.0, 0, False)


def make_plan(activations, batch_size=4, resolution=128, state=20 * MIB, device=CPU, patches=()):
    return StepPlan(batch_size, resolution, tuple(patches), OrderedDict(
        [(device, DevicePlan(10 * MIB, state, activations))]))


class FakePlanner(object):
    """Activations as those of a real model: a constant, and a part that grows."""

    def __init__(self, towers=1, batch_size_range=None):
        self.towers, self.asked = towers, []
        self.model = SimpleNamespace(batch_size_range=batch_size_range)

    def get_towers(self):
        return self.towers

    def plan(self, batch_size=4, patches=(), resolution=128, adabelief=True):
        self.asked.append((batch_size, resolution))
        pixels = resolution * resolution / float(128 * 128)
        activations = 30 * MIB + batch_size * pixels * 10 * MIB * (1 + 0.02 * (resolution % 96 > 0))
        return make_plan(int(activations * 0.5 ** len(patches)), batch_size, resolution,
                         state=(20 if adabelief else 10) * MIB, patches=patches)


def limit(size):
    return search.Limits({CPU: (size, EXACT)})


@pytest.mark.parametrize('megabytes', [100, 150, 333, 1000, 10000])
def test_the_largest_batch_fits_and_the_next_does_not(megabytes):
    planner = FakePlanner()
    found = search.find_largest_batch(planner, limit(megabytes * MIB))
    assert limit(megabytes * MIB).fits(found)
    assert not limit(megabytes * MIB).fits(planner.plan(found.batch_size + 1))
    assert len(set(planner.asked)) <= 6


def test_a_batch_is_one_that_the_devices_can_share():
    found = search.find_largest_batch(FakePlanner(towers=3), limit(200 * MIB))
    assert found.batch_size % 3 == 0 and found.batch_size > 0


@pytest.mark.parametrize('sizes, largest, lever', [((4, 4), 4, False), ((2, 16), 16, True)])
def test_a_batch_is_one_that_the_model_can_have(sizes, largest, lever, monkeypatch):
    """Quick96 has one size, XSeg a range."""
    monkeypatch.setattr(patch_layer, 'has_patch', lambda name: False)
    planner = FakePlanner(batch_size_range=sizes)
    assert search.find_largest_batch(planner, limit(1 << 50)).batch_size == largest
    assert bool(search.list_levers(planner, ())) == lever
    few = search.find_largest_batch(FakePlanner(batch_size_range=sizes), limit(90 * MIB))
    assert few is None if sizes[0] == 4 else few.batch_size < 4


def test_no_batch_fits():
    assert search.find_largest_batch(FakePlanner(), limit(50 * MIB)) is None


def test_enough_memory_for_everything_ends_at_the_bound():
    found = search.find_largest_batch(FakePlanner(), limit(1 << 50))
    assert found.batch_size == search.LARGEST_BATCH


@pytest.mark.parametrize('megabytes', [80, 100, 155, 400, 900])
def test_the_largest_resolution_fits_and_needs_few_graphs(megabytes):
    planner = FakePlanner()
    grid = search.Grid(64, 640, 32)
    found = search.find_largest_resolution(planner, limit(megabytes * MIB), grid)
    assert limit(megabytes * MIB).fits(found) and found.resolution % 32 == 0
    assert len({side for _, side in planner.asked}) <= 6
    if found.resolution < 640:
        assert not limit(megabytes * MIB).fits(planner.plan(resolution=found.resolution + 32))


def test_no_resolution_fits():
    assert search.find_largest_resolution(FakePlanner(), limit(10 * MIB),
                                          search.Grid(64, 640, 32)) is None


def test_a_range_counts_with_its_upper_end():
    plan = make_plan(70 * MIB)
    assert search.Limits({CPU: (100 * MIB, EXACT)}).fits(plan)
    assert not search.Limits({CPU: (100 * MIB, Scale(1.0, 1.25, 0, False))}).fits(plan)


def test_levers_name_the_change_and_patches_come_last(monkeypatch):
    monkeypatch.setattr(patch_layer, 'has_patch', lambda name: name != 'mixed')
    monkeypatch.setattr(patch_layer, 'sort_names', tuple)
    levers = search.list_levers(FakePlanner(), [('RMSprop', {'adabelief': False}, False)])
    texts = [lever.text for lever in levers]
    assert texts == ['batch_size 2', 'RMSprop', '--patch bf16', '--patch recompute',
                     '--patch lean_updates', '--patch bf16,recompute,lean_updates']
    savings = [search.get_saving(FakePlanner().plan(), lever, EXACT) for lever in levers]
    assert savings[1] == 10 * MIB and savings[-1] == max(savings)


def test_what_is_applied_is_no_lever_but_stays(monkeypatch):
    monkeypatch.setattr(patch_layer, 'has_patch', lambda name: True)
    monkeypatch.setattr(patch_layer, 'sort_names', tuple)
    assert search.list_patch_sets(('fp16', )) == [
        ('fp16', 'recompute'), ('fp16', 'lean_updates'), ('fp16', 'recompute', 'lean_updates')]


def test_a_patch_that_refuses_is_told_with_its_reason():
    layer = patch_layer.load_layer()

    class Refusing(FakePlanner):
        def plan(self, *args, **kwargs):
            raise layer.errors.PatchError('not on this processor', ['take another'])
    lever = search.plan_patches(Refusing(), ('bf16', ))
    assert lever.plan is None and 'not on this processor' in lever.text
    assert search.get_saving(make_plan(1), lever, EXACT) == 0

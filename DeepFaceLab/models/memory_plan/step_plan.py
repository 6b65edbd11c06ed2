"""What a training step of a model takes on each device, for its options or others, with and without
patches: weights, state of the optimizers, and what lives at once during the step.

The graph is built as training builds it, in a graph of its own. No session is opened, no weight is
initialised, no device is touched.
"""
import copy
import os
from collections import OrderedDict
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

from core import compat
from core.errors import UserError
from core.leras import nn
from models import patch_layer
from models.common.placement import get_batch_size

from . import graph_reading, liveness

CPU = '/CPU:0'
CACHE_BYTES = 32 << 20      # where the system does not tell the processor's last-level cache
CACHE_FILE = '/sys/devices/system/cpu/cpu0/cache/index3/size'

DevicePlan = NamedTuple('DevicePlan', [
    ('weights', int),           # bytes, as all of these
    ('state', int),             # of the optimizers, and what else outlives a step
    ('activations', int)])      # the most that lives at once during a step beside the two

StepPlan = NamedTuple('StepPlan', [
    ('batch_size', int), ('resolution', int), ('patches', Tuple[str, ...]),
    ('devices', Dict[str, DevicePlan])])


def get_total(plan: StepPlan, device: str) -> int:
    return sum(plan.devices[device]) if device in plan.devices else 0


def get_main_device(plan: StepPlan) -> str:
    """The device whose memory is the question: the fullest GPU, else the CPU."""
    others = [device for device in plan.devices if device != CPU]
    return max(others or [CPU], key=lambda device: get_total(plan, device))


class BuiltStep(object):
    """A built graph: everything that any batch size can be answered from."""

    def __init__(self, model: Any, graph: Any, runs: Dict[str, Sequence[Any]],
                 patches: Tuple[str, ...]) -> None:
        self.graph, self.patches = graph, patches
        self.resolution = int(model.resolution)
        self.batch_size = model.get_batch_size()
        self.towers = len(model.plan_placement().towers)
        self.runs = [[getattr(fetch, 'op', fetch).name for fetch in fetches]
                     for fetches in runs.values()]
        self.default_device = nn.tf_default_device_name or CPU
        self.optimizer_names = list_optimizer_variables(model)
        self.answers: Dict[int, StepPlan] = {}

    def plan(self, batch_size: int) -> StepPlan:
        """The plan for a batch; it is rounded to what the towers can share."""
        batch_size = max(1, batch_size // self.towers) * self.towers
        if batch_size not in self.answers:
            self.answers[batch_size] = self._plan(batch_size)
        return self.answers[batch_size]

    def _plan(self, batch_size: int) -> StepPlan:
        batch = graph_reading.Batch(self.batch_size, batch_size)
        with self.graph.as_default():
            scratch = graph_reading.copy_with_batch(self.graph, batch)
        processor = graph_reading.Processor(compat.is_onednn_on(nn.tf.__version__),
                                            read_cache_size())
        peaks: Dict[str, int] = {}
        for fetched in self.runs:
            ops = graph_reading.read_ops(self.graph, scratch, fetched, self.default_device,
                                         processor)
            for device, peak in liveness.find_peaks(ops, fetched, count_threads()).items():
                peaks[device] = max(peak, peaks.get(device, 0))
        kept = graph_reading.sum_variables(self.graph, self.optimizer_names, self.default_device)
        devices: 'OrderedDict[str, DevicePlan]' = OrderedDict()
        for device in sorted(set(peaks) | set(kept), key=lambda name: (name == CPU, name)):
            weights, state = kept.get(device, (0, 0))
            devices[device] = DevicePlan(weights, state, peaks.get(device, 0))
        return StepPlan(batch_size, self.resolution, self.patches, devices)


class Planner(object):
    """Plans of one model. Graphs that were built are kept; `builds` counts them."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.builds = 0
        self._built: Dict[Any, BuiltStep] = {}

    def plan(self, batch_size: Optional[int] = None, patches: Optional[Sequence[str]] = None,
             **changes: Any) -> StepPlan:
        """batch_size, patches: None leaves the model's. changes: other options, by key.

        UserError when the model does not tell, or cannot be built like this."""
        names = tuple(self.model.patches.names if patches is None else patches)
        built = self._find(names, None, changes)
        if self.model.is_batch_in_graph and batch_size not in (None, built.batch_size):
            built = self._find(names, batch_size, changes)
        return built.plan(batch_size or built.batch_size)

    def get_towers(self) -> int:
        """Devices that share a batch."""
        return len(self.model.plan_placement().towers)

    def _find(self, patches: Tuple[str, ...], batch_size: Optional[int],
              changes: Dict[str, Any]) -> BuiltStep:
        """batch_size: what to build the graph for, None: the model's."""
        key = (patches, batch_size, tuple(sorted(changes.items())))
        if key not in self._built:
            self._built[key] = self._build(patches, batch_size, changes)
        return self._built[key]

    def _build(self, patches: Tuple[str, ...], batch_size: Optional[int],
               changes: Dict[str, Any]) -> BuiltStep:
        self.builds += 1
        model = copy.copy(self.model)
        if batch_size is not None:
            model.batch_size = batch_size
        model.options = dict(self.model.options, **changes)
        model.options_show_override = dict(self.model.options_show_override)
        placement = model.plan_placement()
        if placement is None:
            raise UserError('The model %s does not tell how its graph is built.'
                            % model.get_model_name())
        model.batch_size = get_batch_size(placement)
        with OwnGraph(placement.data_format, patches) as graph:
            runs = model.build_training_step(placement)
            return BuiltStep(model, graph, runs, patches)


class OwnGraph(object):
    """A graph beside the one in use, with these patches; the engine's state comes back after."""

    def __init__(self, data_format: str, patches: Tuple[str, ...]) -> None:
        self.data_format, self.patches = data_format, patches

    def __enter__(self) -> Any:
        self.state = (nn.data_format, nn.floatx)
        self.was_applied = patch_layer.list_applied()
        self.graph = nn.tf.Graph()
        self.scope = self.graph.as_default()
        self.scope.__enter__()
        try:
            nn.tf.set_random_seed(1)
            nn.set_floatx(nn.tf.float32)
            nn.set_data_format(self.data_format)
            if self.patches != self.was_applied:
                patch_layer.switch_patches(self.patches)
        except BaseException:       # a patch refuses; then __exit__ is not called
            self.__exit__(None, None, None)
            raise
        return self.graph

    def __exit__(self, *exc_info: Any) -> None:
        if self.patches != self.was_applied:
            patch_layer.switch_patches(self.was_applied)
        self.scope.__exit__(*exc_info)
        data_format, floatx = self.state
        nn.set_floatx(floatx)
        if data_format is not None:
            nn.set_data_format(data_format)


def list_optimizer_variables(model: Any) -> frozenset:
    """Names of the ops that hold the state of the model's optimizers."""
    return frozenset(weight.op.name for part in vars(model).values()
                     if isinstance(part, nn.OptimizerBase) for weight in part.get_weights())


def count_threads() -> int:
    """Threads that start ops: TensorFlow's default is one for each processor."""
    given = os.environ.get('TF_NUM_INTEROP_THREADS', '')
    if given.isdigit() and int(given) > 0:
        return int(given)
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_cache_size() -> int:
    """Bytes of the processor's last-level cache."""
    try:
        with open(CACHE_FILE) as file:
            text = file.read().strip()
    except OSError:
        return CACHE_BYTES
    return int(text[:-1]) << 10 if text.endswith('K') else CACHE_BYTES

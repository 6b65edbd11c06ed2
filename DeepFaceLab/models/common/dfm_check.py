"""Checks of an ONNX file before it is written: packages, interface, numbers (spec 81 item 14)."""
import importlib
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from core.errors import UserError

# float32 against float32 differs by rounding alone; half precision keeps three digits
TOLERANCE, HALF_TOLERANCE = 1e-3, 2e-2
BATCH_SIZES = (1, 2)

PACKAGES = ('tf2onnx', 'onnx', 'onnxruntime')


def import_packages() -> Dict[str, Any]:
    """{name: module} of what export needs beside TensorFlow; UserError for one that is missing."""
    try:
        return {name: importlib.import_module(name) for name in PACKAGES}
    except ImportError as error:
        raise UserError('Export needs the packages {} ({}).'.format(', '.join(PACKAGES), error), [
            'Install them into the environment that runs this program: '
            'pip install tf2onnx onnx onnxruntime',
            'The versions that fit are in requirements-dev.txt, for Python 3.6 in '
            'requirements-legacy-dev.txt.']) from error


def get_tolerance(half_precision: bool) -> float:
    return HALF_TOLERANCE if half_precision else TOLERANCE


def draw_faces(count: int, resolution: int, channels: int = 3) -> np.ndarray:
    """Smooth coloured pictures (count, resolution, resolution, channels), float32 in 0..1, the
    same at every call."""
    rows, columns = np.mgrid[0:resolution, 0:resolution] / resolution
    images = np.empty((count, resolution, resolution, channels), np.float32)
    state = np.random.RandomState(0)
    for image in images:
        for channel in range(channels):
            down, right, phase = state.uniform(1, 6, 3)
            image[..., channel] = 0.5 + 0.5 * np.sin(down * rows + phase) * np.cos(right * columns)
    return images


def check_interface(model: Any, export: Any, shapes: Mapping[str, Sequence[Any]]) -> None:
    """UserError unless names, types and shapes are those of the graph: height, width and channels
    fixed, the size of the batch free."""
    onnx = import_packages()['onnx']
    for wanted, found in ((export.inputs, model.graph.input),
                          (export.outputs, model.graph.output)):
        if [value.name for value in found] != list(wanted):
            raise make_error('its tensors are {}, not {}'.format(
                ', '.join(value.name for value in found), ', '.join(wanted)))
        for value in found:
            tensor = value.type.tensor_type
            dims = [dim.dim_value or None for dim in tensor.shape.dim]
            if tensor.elem_type != onnx.TensorProto.FLOAT or dims != list(shapes[value.name]):
                raise make_error('{} has the shape {}, not {}, or is not float32'.format(
                    value.name, dims, shapes[value.name]))


def measure_differences(content: bytes, export: Any) -> List[Tuple[str, Any, float]]:
    """[(output, shape, largest absolute difference)] of all cases, from the file's bytes as
    onnxruntime runs them. UserError for a file that is no valid ONNX or cannot be run."""
    packages = import_packages()
    onnx, runtime = packages['onnx'], packages['onnxruntime']
    try:
        onnx.checker.check_model(onnx.load_from_string(content))
        session = runtime.InferenceSession(content, providers=['CPUExecutionProvider'])
        found = [session.run(list(export.outputs), case) for case in export.cases]
    except (onnx.checker.ValidationError,) + list_runtime_errors() as error:
        raise make_error(str(error)) from error
    differences = []
    for case, results in zip(export.cases, found):
        for name, got, wanted in zip(export.outputs, results, export.compute(case)):
            if got.shape != wanted.shape:
                raise make_error('{} comes as {}, not {}'.format(name, got.shape, wanted.shape))
            largest = np.abs(got - wanted.astype(np.float32)).max()
            differences.append((name, got.shape, float(largest)))
    return differences


def list_runtime_errors() -> Tuple[type, ...]:
    """What onnxruntime raises; the classes have no common base of their own."""
    state = importlib.import_module('onnxruntime.capi.onnxruntime_pybind11_state')
    return tuple(value for value in vars(state).values()
                 if isinstance(value, type) and issubclass(value, Exception))


def describe_differences(differences: Sequence[Tuple[str, Any, float]]) -> List[str]:
    return ['{:>24} {:<18} differs by at most {:.2g}'.format(
        name, 'x'.join(map(str, shape)), difference) for name, shape, difference in differences]


def check_difference(largest: float, tolerance: float, path: Path) -> None:
    """UserError where it is too much; not a number is too much."""
    if not largest <= tolerance:
        raise make_error('its results differ from the model\'s by {:.2g}, allowed are {:g}'.format(
            largest, tolerance), ['{} was not written.'.format(path)])


def make_error(what: str, remedies: Sequence[str] = ()) -> UserError:
    return UserError('The converted model failed its check: {}.'.format(what), list(remedies) + [
        'Install the versions of {} that the requirements files name.'.format(
            ', '.join(PACKAGES)), 'Export without half precision.'])

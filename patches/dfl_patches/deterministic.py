"""The same numbers in every run: gated gradients, and one seed for all that is random.

Without clipping the reference assigns a weight while gradients of other layers may still have to
read it, so two runs differ. Here every gradient of one `nn.gradients` call waits for all of them.

The seed, `DFL_RANDOM_SEED` (1 when it is not set), goes to NumPy, to Python's `random` and to
every graph that a session is opened for. Sample workers are processes of their own, which a patch
does not reach: our trees read that variable and make their feed from it; on other trees the order
and the warps of the samples differ from run to run.
"""
import os
import random
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np

from . import list_applied
from .errors import PatchError
from .replacing import Replacements

NAME = "deterministic"
SUMMARY = "two runs give the same numbers: gradients before updates, fixed seeds"
CONFLICTS = ()
ENVIRONMENT = {"TF_DETERMINISTIC_OPS": "1"}

SEED_NAME = "DFL_RANDOM_SEED"
DEFAULT_SEED = "1"
ORDERS_UPDATES = "lean_updates"     # has no race, and needs gradients that come one by one

_replacements = Replacements()
_seeded: List[Tuple[Any, Optional[int]]] = []       # the graph, and its seed before
_states: List[Tuple[Any, Any]] = []                 # of NumPy's generator and Python's, before
_added_names: List[str] = []                        # to the environment


def apply(nn: Any) -> None:
    """Gate `nn.gradients`; seed NumPy, `random` and this and every later graph of a session."""
    if not _replacements:
        if SEED_NAME not in os.environ:
            os.environ[SEED_NAME] = DEFAULT_SEED
            _added_names.append(SEED_NAME)
        seed = _get_seed()
        _states.append((np.random.get_state(), random.getstate()))
        np.random.seed(seed)
        random.seed(seed)
        _replacements.replace(nn, "gradients", lambda old: _make_gated(nn, old))
        for name in ("initialize", "reset_session"):
            _replacements.replace(nn, name, lambda old: _make_seeding(nn, old))
    _seed_graph(nn)


def remove(nn: Any) -> None:
    """Put the functions, the graph's seed and the generators' states back."""
    _replacements.restore()
    while _states:
        numpy_state, python_state = _states.pop()
        np.random.set_state(numpy_state)
        random.setstate(python_state)
    while _seeded:
        graph, seed = _seeded.pop()
        if graph is nn.tf.get_default_graph():
            nn.tf.set_random_seed(seed)
    while _added_names:
        os.environ.pop(_added_names.pop(), None)


def _get_seed() -> int:
    try:
        seed = int(os.environ[SEED_NAME])
    except ValueError:
        seed = -1
    if not 0 <= seed < 2 ** 31:
        raise PatchError("deterministic: %s is %r, not a whole number from 0 to 2147483647." % (
            SEED_NAME, os.environ[SEED_NAME]), ["give such a number, or leave it away: then 1"])
    return seed


def _seed_graph(nn: Any) -> None:
    graph = nn.tf.get_default_graph()
    if not _seeded or _seeded[-1][0] is not graph:
        _seeded[:] = [(graph, graph.seed)]
        nn.tf.set_random_seed(_get_seed())


def _make_seeding(nn: Any, old: Callable[..., Any]) -> Callable[..., Any]:
    def call_and_seed(*args: Any, **kwargs: Any) -> Any:
        result = old(*args, **kwargs)
        _seed_graph(nn)
        return result
    return call_and_seed


def _make_gated(nn: Any, old: Callable[..., Any]) -> Callable[..., Any]:
    def gradients(*args: Any, **kwargs: Any) -> Sequence[Tuple[Any, Any]]:
        grads_vars = old(*args, **kwargs)
        if ORDERS_UPDATES in list_applied():
            return grads_vars
        made = [_get_tensor(nn, g) for g, _ in grads_vars if g is not None]
        with nn.tf.control_dependencies(made):
            return [(g if g is None else _copy(nn, g), v) for g, v in grads_vars]
    return gradients


def _get_tensor(nn: Any, gradient: Any) -> Any:
    return gradient.values if isinstance(gradient, nn.tf.IndexedSlices) else gradient


def _copy(nn: Any, gradient: Any) -> Any:
    """The gradient's value, on its device, made after what the scope depends on."""
    tensor = _get_tensor(nn, gradient)
    with nn.tf.device(tensor.device):
        tensor = nn.tf.identity(tensor)
    if isinstance(gradient, nn.tf.IndexedSlices):
        return nn.tf.IndexedSlices(tensor, gradient.indices, gradient.dense_shape)
    return tensor

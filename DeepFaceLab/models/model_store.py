"""What a model keeps on disk besides its name: data.dat, default options, one save as one
generation.

(spec 20 sections 5, 6 and 11). Every file is read through `core.persist`, which executes nothing.
"""
import itertools
import time
from pathlib import Path
from typing import IO, Any, Callable, Dict, List, NamedTuple, Optional

import numpy as np

from core import persist
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn

from . import backups
from .common_options import KEEP_PREVIOUS, get_trainer_option

DATA_DEFAULTS = (('loss_history', list), ('sample_for_preview', lambda: None),
                 ('choosed_gpu_indexes', lambda: None))

PendingPart = NamedTuple('PendingPart', [('saveable', Any), ('path', Path), ('force_dtype', Any)])


def load_model_data(path: Path) -> Dict[str, Any]:
    """Read `<model>_data.dat`: iter, options, loss_history, sample_for_preview,
    choosed_gpu_indexes.

    Raises persist.UnsafePickleError, persist.CorruptFileError, or UserError for content that is
    not a model's. Unknown option keys are kept; NumPy scalars among the options become plain.
    """
    data = persist.load(path)
    remedies = ['restore an earlier save or a backup: `main.py doctor --model` lists them',
                'move the file away to begin the model anew: its weights are then initialised']
    if not isinstance(data, dict):
        raise UserError('%s does not hold the data of a model.' % path, remedies)
    iteration = data.get('iter', 0)
    if isinstance(iteration, bool) or not isinstance(iteration, (int, np.integer)):
        raise UserError('%s: the iteration is %r, not a number.' % (path, iteration), remedies)
    result: Dict[str, Any] = {'iter': int(iteration), 'options': data.get('options')}
    if result['iter'] != 0:
        if not isinstance(result['options'], dict):
            raise UserError('%s holds no options.' % path, remedies)
        result['options'] = to_plain(result['options'])
    for key, default in DATA_DEFAULTS:
        value = data.get(key)
        result[key] = default() if value is None else value
    if not _is_loss_history(result['loss_history']):
        raise UserError('%s: the loss history is no list of lists of numbers.' % path, remedies)
    return result


def _is_loss_history(history: Any) -> bool:
    """Checked by types: there is an entry for every iteration."""
    if not isinstance(history, list) or not set(map(type, history)) <= {list, tuple}:
        return False
    kinds = set(map(type, itertools.chain.from_iterable(history)))
    return all(issubclass(kind, (float, int, np.number)) for kind in kinds)


def load_default_options(path: Path) -> Dict[str, Any]:
    """Options of the latest first run of a model class, {} if there are none.

    A damaged file is reported and not used: it only holds suggestions. A file that would execute
    code raises persist.UnsafePickleError.
    """
    if not path.exists():
        return {}
    try:
        options = persist.load(path)
    except persist.CorruptFileError as error:
        io.log_err('The default options are not used: %s' % error)
        return {}
    if not isinstance(options, dict):
        io.log_err('The default options are not used: %s does not hold options.' % path)
        return {}
    return to_plain(options)


def to_plain(options: Dict[str, Any]) -> Dict[str, Any]:
    """The options with plain Python numbers in place of NumPy scalars, which every version
    reads."""
    return {
        key: value.item() if isinstance(value, np.generic) else value
        for key, value in options.items()
    }


def get_model_data(model: Any) -> Dict[str, Any]:
    """The content of data.dat, keys in the reference's order (spec 20 section 5)."""
    return {'iter': model.iter, 'options': to_plain(model.options),
            'loss_history': model.loss_history, 'sample_for_preview': model.sample_for_preview,
            'choosed_gpu_indexes': model.choosed_gpu_indexes}


def collect_parts(on_save: Callable[[], None]) -> List[PendingPart]:
    """Run a model's `onSave` with every `save_weights` put on record instead of done."""
    parts: List[PendingPart] = []
    saveable_class = nn.Saveable
    previous = saveable_class.save_sink
    saveable_class.save_sink = staticmethod(
        lambda saveable, path, force_dtype: parts.append(PendingPart(saveable, path, force_dtype)))
    try:
        on_save()
    finally:
        saveable_class.save_sink = previous
    return parts


def fetch_values(parts: List[PendingPart]) -> List[List[np.ndarray]]:
    """The weights of all parts, read in one session call: every further fetch list would make
    TensorFlow prune the whole graph again (10 s for the files of one SAEHD)."""
    counts = [len(part.saveable.get_weights()) for part in parts]
    values = nn.batch_get_value(
        [weight for part in parts for weight in part.saveable.get_weights()])
    result, first = [], 0
    for count in counts:
        result.append(list(values[first:first + count]))
        first += count
    return result


def find_non_finite(parts: List[PendingPart], values: List[List[np.ndarray]]) -> Optional[str]:
    """The first weight or optimizer slot with a NaN or infinite element, with the file that would
    hold it; None if all are finite."""
    for part, part_values in zip(parts, values):
        for weight, value in zip(part.saveable.get_weights(), part_values):
            if not is_finite(value):
                return '%s of %s' % (weight.name, part.path.name)
    return None


def is_finite(value: Any) -> bool:
    """True unless an array of floats, or such a scalar, has a NaN or infinite element."""
    array = np.asarray(value)
    # a sum is finite only if all elements are, and far cheaper to look at than all of them
    return (array.dtype.kind != 'f' or bool(np.isfinite(np.sum(array)))
            or bool(np.isfinite(array).all()))


def save_generation(model: Any) -> bool:
    """Write summary, weights and data.dat of a model so that they become visible together.

    The weights are in memory once, plus one tensor while it is written. Returns False, with a
    message, if a weight is not finite: the last good state stays. Raises OSError or UserError when
    the disk does not take the files; the last generation stays complete then too.
    """
    parts = collect_parts(model.onSave)
    values = fetch_values(parts)
    bad = find_non_finite(parts, values)
    if bad is not None:
        io.log_err('NOT saved: %s is not finite. The files keep the last good save: stop, and '
                   'start again with --restore-last-good.' % bad)
        return False

    folder = model.get_model_root_path()
    backups.check_room(folder, sum(value.nbytes for part in values for value in part),
                       'Saving the model')
    files: Dict[str, Any] = {}
    # data.dat last: a first save that is interrupted then leaves no model that looks complete
    files[Path(model.get_summary_path()).name] = model.get_summary_text().encode('utf-8')
    for part, part_values in zip(parts, values):
        if part.path.parent.resolve() == folder.resolve():
            files[part.path.name] = make_part_writer(part, part_values)
        else:
            persist.write_stream(part.path, make_part_writer(part, part_values))
    del values
    files[model.model_data_path.name] = lambda file: persist.dump(get_model_data(model), file)
    notices = persist.commit_generation(
        folder, model.get_model_name(), files, get_trainer_option(KEEP_PREVIOUS),
        info={'iteration': int(model.get_iter()), 'time': int(time.time())})
    for notice in notices:
        io.log_err(notice)
    return True


def make_part_writer(part: PendingPart, values: List[np.ndarray]) -> Callable[[IO[bytes]], None]:
    """A writer of one weights file that lets go of the values when it has written them."""
    def write(file: IO[bytes]) -> None:
        persist.dump(part.saveable.get_file_content(values, part.force_dtype), file)
        del values[:]
    return write

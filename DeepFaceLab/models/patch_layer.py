"""The patches that a model works with: which ones, where that is kept, their layer beside the tree.

The layer itself is `patches/dfl_patches`, which knows no tree. Nothing of it is imported while no
patch is selected.
"""
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, NamedTuple, Optional, Sequence, Tuple

from core import options, persist
from core.errors import CorruptFileError, UserError
from core.interact import interact as io
from core.json_input import parse_json
from core.leras import nn

from .common_options import LEAN_UPDATES, PATCHES

FOLDER = Path(__file__).resolve().parents[2] / 'patches'
PACKAGE = 'dfl_patches'
RECORD_SUFFIX = 'patches.json'
RECORD_KEY = 'patches'

PatchChoice = NamedTuple('PatchChoice', [('names', Tuple[str, ...]),    # in order of application
                                         ('source', str)])


def load_layer() -> Any:
    """The package dfl_patches: the one that is imported already, else that beside the tree.
    UserError if there is none."""
    if PACKAGE in sys.modules:
        return sys.modules[PACKAGE]
    path = FOLDER / PACKAGE / '__init__.py'
    if not path.is_file():
        raise UserError('There is no patch layer in %s.' % FOLDER, [
            'copy the folder `patches` of this version to that place',
            '`--patch none` goes without patches'])
    spec = importlib.util.spec_from_file_location(
        PACKAGE, str(path), submodule_search_locations=[str(path.parent)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[PACKAGE]
        raise
    return module


def explain(error: BaseException) -> Optional[UserError]:
    """A refusal of the layer as UserError; None for every other error."""
    errors = sys.modules.get(PACKAGE + '.errors')
    if errors is None or not isinstance(error, errors.PatchError):
        return None
    return UserError(error.what, error.remedies)


# ---------------------------------------------------------------- selection

def choose_patches(model: Any) -> PatchChoice:
    """The given patches, else those in the record of a saved model that is to be trained, else
    none. UserError; the layer's PatchError for a selection that makes no sense."""
    if model.is_exporting:
        return PatchChoice((), 'an export has none')
    if model.is_read_only:      # what is measured is the model, not a patch
        return PatchChoice((), 'a look at a model has none')
    given = options.find_given(PATCHES)
    if given is not None:
        return select_patches([given], options.current_sources().found[PATCHES.key])
    if not model.is_training or model.is_first_run():
        return PatchChoice((), 'built-in default')
    return select_patches(read_record(model).get(RECORD_KEY, []), 'saved with the model')


def offer_patches(model: Any) -> PatchChoice:
    """Ask for lean_updates where a new model begins, the layer has it and no patches are given;
    else the choice as it is."""
    if not model.is_first_run() or options.is_given(PATCHES) or not has_patch(LEAN_UPDATES.key):
        return model.patches
    if not options.ask(LEAN_UPDATES, io):
        return model.patches
    sources = options.current_sources()
    return select_patches([LEAN_UPDATES.key], sources.found.get(
        LEAN_UPDATES.key, 'typed' if LEAN_UPDATES.key in sources.typed else 'built-in default'))


def select_patches(texts: Iterable[str], source: str) -> PatchChoice:
    """A choice of these names, also several in one text with commas; the layer checks them."""
    wanted = [name.strip().lower() for text in texts for name in text.split(',') if name.strip()]
    if wanted in ([], ['none']):
        return PatchChoice((), source)      # the layer need not be there
    layer = load_layer()
    names = layer.select(layer.parse_names(wanted))
    layer.prepare_environment(names)
    return PatchChoice(names, source)


def has_patch(name: str) -> bool:
    """Whether the layer beside the tree has a patch, by its file alone."""
    return (FOLDER / PACKAGE / (name + '.py')).is_file()


def sort_names(names: Sequence[str]) -> Tuple[str, ...]:
    """Names in the order of application. PatchError when they make no sense together."""
    return tuple(load_layer().select(names))


# ---------------------------------------------------------------- application

def apply_patches(choice: PatchChoice) -> None:
    """Put the patches on `nn`, which is initialised. PatchError when one of them refuses."""
    if choice.names:
        load_layer().apply_selected(nn, choice.names)


def remove_patches(choice: PatchChoice) -> None:
    """Take off what `apply_patches` put on."""
    if choice.names:
        load_layer().remove_all(nn)


def list_applied() -> Tuple[str, ...]:
    """Names of the patches that are on `nn` now."""
    layer = sys.modules.get(PACKAGE)
    return () if layer is None else tuple(layer.list_applied())


def switch_patches(names: Sequence[str]) -> None:
    """Put exactly these patches on `nn`. PatchError when one of them refuses; then none is on."""
    load_layer().apply_selected(nn, names)


# ---------------------------------------------------------------- record

def get_record_path(model: Any) -> Path:
    return Path(model.get_strpath_storage_for_file(RECORD_SUFFIX))


def read_record(model: Any) -> Dict[str, Any]:
    """What `<model>_patches.json` holds; {} without the file. CorruptFileError."""
    path = get_record_path(model)
    if not path.exists():
        return {}
    remedies = ['delete the file: the model then goes on without patches',
                'or name them anew, e.g. `--patch none`']
    try:
        record = parse_json(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise CorruptFileError('%s cannot be read: %s.' % (path, error), remedies) from error
    names = record.get(RECORD_KEY, []) if isinstance(record, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CorruptFileError('%s does not hold the names of patches.' % path, remedies)
    return record


def write_record(model: Any) -> None:
    """Keep the names of the patches; a model that never had one gets no file. Other entries of
    the file stay. UserError or OSError when the disk does not take it."""
    names = list(model.patches.names)
    try:
        record = read_record(model)
    except CorruptFileError as error:
        io.log_err('It is written anew: %s' % error.what)
        record = {RECORD_KEY: None}
    if record.get(RECORD_KEY, []) != names:
        record[RECORD_KEY] = names
        persist.write_text(get_record_path(model), json.dumps(record, indent=1) + '\n')

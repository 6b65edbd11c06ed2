"""The generations of a model: the current files, the earlier saves that are kept, the backups.
Looking at them, and going back to one (spec 20 sections 4 and 11).

A restore is a save whose content comes from another generation: the same single journaled event,
which keeps what it replaces as an earlier save.
"""
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from core import persist
from core.errors import CorruptFileError, UserError
from core.interact import interact as io

from . import backups, model_files, model_store
from .common_options import KEEP_PREVIOUS, get_trainer_option

BACKUPS_SUFFIX = '_autobackups'
CURRENT = 'current'
PREVIOUS = 'previous'
WEIGHTS_SUFFIX = '.npy'
DATA_ENDING = '_' + model_files.DATA_SUFFIX
DEFAULTS_ENDING = '_default_options.dat'    # of a class; it begins as the files of XSeg do

VERIFIED, DAMAGED, UNRECORDED = 'verified', 'damaged', 'unrecorded'

Generation = NamedTuple('Generation', [
    ('which', str),         # current, previous, previous-2 ..., or the folder of a backup
    ('folder', Path),
    ('name', str),          # the model's name in its files: another one if it was renamed since
])

Report = NamedTuple('Report', [
    ('iteration', Optional[int]),   # None where data.dat does not tell
    ('saved_at', float),            # s since the epoch
    ('size', int),                  # bytes
    ('state', str),                 # VERIFIED: as recorded; DAMAGED; UNRECORDED: readable
    ('is_finite', Optional[bool]),  # all weights; None where they cannot be read
    ('problems', List[str]),        # one sentence each
])


def is_good(report: Report) -> bool:
    return report.state != DAMAGED and bool(report.is_finite)


def find_name_in_files(folder: Path, name: str) -> Optional[str]:
    """What the model is called in the files of a generation; None when they hold no model."""
    names = [path.name[:-len(DATA_ENDING)] for path in sorted(folder.glob('*' + DATA_ENDING))]
    names += [path.name[:-len(persist.MANIFEST_SUFFIX)]
              for path in sorted(folder.glob('*' + persist.MANIFEST_SUFFIX))]
    return name if name in names else names[0] if names else None


def list_generations(folder: Path, name: str) -> List[Generation]:
    """Everything there is of model `name` (with its class): current, earlier saves, backups."""
    result = []
    if any(path.exists() for path in (folder / (name + DATA_ENDING),
                                      persist.manifest_path(folder, name))):
        result.append(Generation(CURRENT, folder, name))
    kept = [(PREVIOUS if number == 1 else '%s-%d' % (PREVIOUS, number), path)
            for number, path in enumerate(persist.list_previous(folder, name), 1)]
    root = folder / (name + BACKUPS_SUFFIX)
    if root.is_dir():
        kept += [(path.name, path) for path in sorted(root.iterdir())
                 if path.is_dir() and path.name not in (backups.UNFINISHED, backups.PARKED)]
    for which, path in kept:
        name_in_files = find_name_in_files(path, name)
        if name_in_files is not None:
            result.append(Generation(which, path, name_in_files))
    return result


def list_files(generation: Generation, record: Dict[str, Any]) -> List[str]:
    """Names of the model's files in a generation: those of its record, else those that are there,
    data.dat last."""
    names = record.get('files') or [path.name for path in generation.folder.iterdir()
                                    if path.name.startswith(generation.name + '_')]
    return sorted((name for name in names if name.endswith((WEIGHTS_SUFFIX, '.dat', '.txt'))
                   and not name.endswith(DEFAULTS_ENDING)),
                  key=lambda name: (name.endswith(DATA_ENDING), name))


def rename_file(name: str, old_model: str, new_model: str) -> str:
    """The file's name in a model of another name."""
    prefix = old_model + '_'
    return new_model + name[len(old_model):] if name.startswith(prefix) else name


def inspect(generation: Generation) -> Report:
    """Read every file of a generation: against its record, as a model, for numbers not finite.

    One file is in memory at a time.
    """
    folder = generation.folder
    problems: List[str] = []
    try:
        record = persist.read_manifest(folder, generation.name)
    except CorruptFileError as error:
        record = {}
        problems.append(error.what)
    names = list_files(generation, record)
    unreadable, values_are_finite, iteration = [], True, None
    if generation.name + DATA_ENDING not in names:
        unreadable.append('%s is missing.' % (generation.name + DATA_ENDING))
    for name in names:
        try:
            if name == generation.name + DATA_ENDING:
                iteration = model_store.load_model_data(folder / name)['iter']
            elif name.endswith(WEIGHTS_SUFFIX):
                values_are_finite = is_weights_file_finite(folder / name) and values_are_finite
        except FileNotFoundError:
            unreadable.append('%s is missing.' % name)
        except UserError as error:
            unreadable.append(error.what)
    state, differing = compare_with_record(generation, record, names)
    if not values_are_finite:
        problems.append('There are weights that are not finite.')
    return Report(
        iteration=iteration, saved_at=get_time(generation, {} if state == UNRECORDED else record),
        size=sum((folder / name).stat().st_size for name in names if (folder / name).is_file()),
        state=DAMAGED if unreadable else state,
        is_finite=None if unreadable else values_are_finite,
        problems=unreadable or differing + problems)


def is_weights_file_finite(path: Path) -> bool:
    values = persist.load(path)
    if not isinstance(values, dict):
        raise CorruptFileError('%s does not hold weights.' % path)
    return all(model_store.is_finite(value) for value in values.values())


def compare_with_record(generation: Generation, record: Dict[str, Any], names: List[str]) -> Any:
    """(state, problems) of files that can be read."""
    if not record:
        return UNRECORDED, []
    differing = [name for name in names
                 if name.endswith((WEIGHTS_SUFFIX, '.dat'))
                 and not persist.matches(generation.folder / name, record['files'][name])]
    if not differing:
        return VERIFIED, []
    if generation.which == CURRENT and generation.name + DATA_ENDING in differing:
        # every save writes another data.dat, so this one was a save of its own
        return UNRECORDED, ['Saved since by a program that writes no record.']
    return DAMAGED, ['%s is not as it was saved.' % name for name in differing]


def get_time(generation: Generation, record: Dict[str, Any]) -> float:
    """When a generation was saved, in seconds since the epoch; 0.0 where nothing tells. `record`:
    {} if it does not hold for the files."""
    told = record.get('info', {}).get('time')
    if isinstance(told, (int, float)):
        return float(told)
    data = generation.folder / (generation.name + DATA_ENDING)
    return data.stat().st_mtime if data.exists() else 0.0


def describe(report: Report) -> str:
    """`iteration 1200, saved 2024-05-01 12:00`"""
    return 'iteration %s, saved %s' % (
        '?' if report.iteration is None else report.iteration,
        time.strftime('%Y-%m-%d %H:%M', time.localtime(report.saved_at)))


# ---------------------------------------------------------------- going back

def restore(folder: Path, name: str, generation: Generation) -> None:
    """Make the files of a generation the current ones of model `name`. UserError.

    What they replace is kept in <model>_previous, also where no earlier saves are kept otherwise.
    """
    record = persist.read_manifest_or_empty(generation.folder, generation.name)
    sources = {rename_file(source, generation.name, name): generation.folder / source
               for source in list_files(generation, record)}
    backups.check_room(folder, sum(path.stat().st_size for path in sources.values()),
                       'Restoring the model')
    current = list_files(Generation(CURRENT, folder, name),
                         persist.read_manifest_or_empty(folder, name))
    # A part that only the present files have is of another iteration.
    absent = [file for file in current if file not in sources and (folder / file).exists()]
    notices = persist.commit_generation(
        folder, name, {file: persist.copy_from(path) for file, path in sources.items()},
        max(1, get_trainer_option(KEEP_PREVIOUS)), record.get('info', {}), absent)
    for notice in notices:
        io.log_err(notice)


def restore_last_good(folder: Path, name: str) -> None:
    """Restore the newest generation that is complete and finite, unless the current one is; tells
    which. UserError when there are only others. A model without any files is left alone."""
    generations = list_generations(folder, name)
    if not generations:
        io.log_info('There is no save of %s to restore.' % name)
        return
    # the current one first, the others from the newest, until one is good: each is read as a whole
    generations.sort(key=lambda generation: (generation.which != CURRENT, -get_time(
        generation, persist.read_manifest_or_empty(generation.folder, generation.name))))
    for generation in generations:
        report = inspect(generation)
        if not is_good(report):
            io.log_err('The save `%s` is not good: %s' % (generation.which,
                                                          ' '.join(report.problems)))
        elif generation.which == CURRENT:
            io.log_info('The current save is the last good one (%s).' % describe(report))
            return
        else:
            restore(folder, name, generation)
            io.log_info('Restored %s: %s.' % (generation.which, describe(report)))
            return
    raise UserError('There is no good save of %s in %s.' % (name, folder), [
        'copy a backup of your own into the folder',
        '`main.py doctor --model %s --model-dir %s` shows what there is' % (name, folder)])


def prepare_load(folder: Path, name: str, goes_back: bool = False) -> None:
    """Before a model is opened: finish a save that was interrupted, and where the files are damaged
    go back to the last earlier save that is whole, with a message. `goes_back`: `restore_last_good`
    as well. CorruptFileError.
    """
    if not folder.is_dir():
        return
    try:
        recover_model(folder, name)
    except CorruptFileError:
        if not goes_back:
            raise
    if goes_back:
        restore_last_good(folder, name)


def recover_model(folder: Path, name: str) -> None:
    """Finish a save that was interrupted, or go back to an earlier one. CorruptFileError."""
    while True:
        record = persist.read_manifest(folder, name)    # a damaged one tells nothing: stop here
        try:
            for notice in persist.recover_generation(folder, name):
                io.log_info(notice)
            model_files.recover_temporaries(folder, name)
            check_current(folder, name)
            return
        except CorruptFileError as error:
            if persist.read_manifest(folder, name) == record:
                use_previous(folder, name, error)
                return
            # else another process has saved meanwhile: what was read belongs to several saves


def check_current(folder: Path, name: str) -> None:
    """CorruptFileError for a current file that cannot be read, or without data.dat.

    A file that can be read, but is not what the last save wrote, may be the work of an older
    install, or of a user who took it from another model: that is told. One that is missing may have
    been taken away to begin that part anew.
    """
    files = persist.read_manifest(folder, name).get('files', {})
    data = name + DATA_ENDING
    if data in files and not (folder / data).exists() and persist.list_previous(folder, name):
        raise CorruptFileError('%s is missing.' % (folder / data), [
            '`main.py doctor --model %s --model-dir %s` shows earlier saves' % (name, folder)])
    changed = [file for file, record in files.items()
               if file.endswith((WEIGHTS_SUFFIX, '.dat')) and (folder / file).is_file()
               and not persist.matches(folder / file, record)]
    for file in changed:
        persist.load(folder / file)
    if changed and data not in changed:
        io.log_err('Not as the last save wrote it: %s. If nobody has put another file in its place '
                   'it is damaged; `main.py doctor --model %s --model-dir %s` shows earlier saves.'
                   % (', '.join(changed), name, folder))


def use_previous(folder: Path, name: str, damage: CorruptFileError) -> None:
    """Restore the newest of the kept earlier saves that is whole; raise `damage` without one."""
    for generation in list_generations(folder, name):
        if not generation.which.startswith(PREVIOUS):
            continue
        report = inspect(generation)
        if report.state == VERIFIED and is_good(report):
            io.log_err(str(damage.what))
            restore(folder, name, generation)
            io.log_err('Went back to the save before it (%s). What was there is now in %s%s.'
                       % (describe(report), name, persist.PREVIOUS_SUFFIX))
            return
    raise damage

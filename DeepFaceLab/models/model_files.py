"""Names of models in a folder: listing, renaming, deleting, choosing (spec 20 sections 3 and 4).

Files of a model are `<name>_<class>_<rest>`; the model exists when `<name>_<class>_data.dat` does.
A name may hold underscores (older versions and users made such), so a file is split at the class,
never at the first underscore.
"""
import shutil
from pathlib import Path
from typing import List, Optional, Tuple

from core import persist
from core.errors import UserError
from core.file_names import is_plain_file_name
from core.interact import interact as io

DATA_SUFFIX = 'data.dat'
DEFAULT_NEW_NAME = 'new'
LONGEST_ENDING = 30     # characters behind a name: class, part, suffix


def list_saved_models(folder: Path, model_class_name: str, may_write: bool = True) -> List[str]:
    """Names of the models of one class, the latest saved first. Finishes interrupted saves, unless
    it may not write."""
    if not folder.is_dir():
        return []
    if may_write:
        finish_interrupted_saves(folder, model_class_name)
    suffix = '_%s_%s' % (model_class_name, DATA_SUFFIX)
    found = [path for path in folder.iterdir()
             if path.name.endswith(suffix) and len(path.name) > len(suffix) and path.is_file()]
    found.sort(key=lambda path: (-path.stat().st_mtime, path.name))
    return [path.name[:-len(suffix)] for path in found]


def finish_interrupted_saves(folder: Path, model_class_name: str) -> None:
    """A crash in the first save leaves data.dat unnamed; the save's record, or the temporary file
    of an older version, brings the model back."""
    unnamed_data = '_%s_%s%s' % (model_class_name, DATA_SUFFIX, persist.TEMP_SUFFIX)
    record = '_%s%s' % (model_class_name, persist.MANIFEST_SUFFIX)
    for path in sorted(folder.iterdir()):
        try:
            if path.name.endswith(record):
                name = path.name[:-len(persist.MANIFEST_SUFFIX)]
                for notice in persist.recover_generation(folder, name):
                    io.log_info(notice)
            elif path.name.endswith(unnamed_data):
                recover_temporaries(folder, path.name[:-len(unnamed_data)] + '_'
                                    + model_class_name)
        except UserError as error:  # it stops whoever opens this model, not the choice of another
            io.log_err(str(error))


def recover_temporaries(folder: Path, model_name: str) -> None:
    """Give `<file>.tmp` of a model its name where the file itself is missing.

    Older versions deleted a file before they renamed the new one; a crash in between left only
    the temporary, which was complete. A damaged one is reported and stays. Models with a save
    record need none of this. UnsafePickleError.
    """
    if persist.manifest_path(folder, model_name).exists():
        return
    for temp in sorted(folder.iterdir()):
        endings = tuple(ending + persist.TEMP_SUFFIX for ending in ('.dat', '.npy'))
        if not temp.name.startswith(model_name + '_') or not temp.name.endswith(endings):
            continue
        path = temp.with_name(temp.name[:-len(persist.TEMP_SUFFIX)])
        if path.exists():
            continue
        try:
            persist.load(temp)
        except persist.CorruptFileError as error:
            io.log_err('%s is missing, and what a save left of it cannot be used: %s'
                       % (path.name, error))
            continue
        temp.rename(path)
        io.log_info('%s: finished the save that was interrupted.' % path.name)


def list_model_entries(folder: Path, name: str, model_class_name: str) -> List[Path]:
    """Files and folders of one model, sorted by name; nothing of other classes with the same
    name."""
    prefix = '%s_%s_' % (name, model_class_name)
    return sorted(path for path in folder.iterdir() if path.name.startswith(prefix))


def rename_model(folder: Path, name: str, new_name: str, model_class_name: str) -> None:
    """Rename every file and folder of a model, or none. Raises UserError if the new name is taken
    or no file name, or where another program holds a file."""
    new_name = clean_model_name(new_name)
    if list_model_entries(folder, new_name, model_class_name):
        raise UserError('There already is a model %r of class %s.' % (new_name, model_class_name),
                        ['choose another name', 'delete or rename that model first'])
    prefix = '%s_%s_' % (name, model_class_name)
    manifest = persist.manifest_path(folder, prefix[:-1])
    # data.dat last: until then a crash leaves the model listed under its old name
    entries = sorted((path for path in list_model_entries(folder, name, model_class_name)
                      if path != manifest), key=lambda path: path.name == prefix + DATA_SUFFIX)
    renamed: List[Tuple[Path, Path]] = []
    try:
        for path in entries:
            new_path = path.with_name('%s_%s_%s' % (new_name, model_class_name,
                                                    path.name[len(prefix):]))
            path.rename(new_path)
            renamed.append((path, new_path))
    except OSError as error:
        for old_path, new_path in reversed(renamed):
            new_path.rename(old_path)
        raise UserError('%s cannot be renamed: %s. The model keeps its name.' % (
            path, error.strerror or error), ['close the program that has it open']) from error
    # it names the files as they were called
    persist.remove_file(manifest)


def delete_model(folder: Path, name: str, model_class_name: str) -> None:
    """Delete every file and folder of a model, histories and backups included. UserError for what
    another program holds: the model is still listed then, and can be deleted again."""
    model = '%s_%s' % (name, model_class_name)
    # The record first: with data.dat missing it would bring an earlier save back. data.dat last.
    order = {persist.manifest_path(folder, model).name: 0, '%s_%s' % (model, DATA_SUFFIX): 2}
    for path in sorted(list_model_entries(folder, name, model_class_name),
                       key=lambda path: order.get(path.name, 1)):
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(str(path))
            else:
                path.unlink()
        except OSError as error:
            raise UserError('%s cannot be deleted: %s.' % (path, error.strerror or error), [
                'close the program that has it open, and delete the model again']) from error


def clean_model_name(name: str) -> str:
    """A typed name as file name part: underscores become spaces. Raises UserError for an
    impossible one."""
    name = name.replace('_', ' ').strip()
    if not name or any(char in name for char in '/\\:*?"<>|') or name in ('.', '..'):
        raise make_name_error(name)
    check_name(name)
    return name


def check_name(name: str) -> None:
    """UserError for a name whose files could be written, but not be read again or not be found
    where they are looked for: folders in it, control characters, too long."""
    if not is_plain_file_name(name + LONGEST_ENDING * 'x'):
        raise make_name_error(name)


def make_name_error(name: str) -> UserError:
    remedies = ['use letters, digits, spaces and hyphens']
    if '/' in name or '\\' in name:
        remedies.insert(0, 'give the folder with --model-dir')
    return UserError('%r cannot be the name of a model: it becomes a part of file names.' % name,
                     remedies)


def ask_new_name() -> str:
    while True:
        try:
            return clean_model_name(
                io.input_str('This folder holds no saved model yet. Name of the new one',
                             DEFAULT_NEW_NAME) or DEFAULT_NEW_NAME)
        except UserError as error:
            io.log_err(str(error))


def choose_model_name(folder: Path, model_class_name: str, silent_start: bool = False,
                      may_write: bool = True) -> str:
    """Ask which saved model to open, or for the name of a new one (spec 20 section 3).

    A number selects from the list and is clamped to it; `r` and `d` rename and delete; other text
    names a model. With silent_start the latest is taken; without any saved model the name is asked
    all the same. may_write=False (a dry run): nothing is renamed, deleted or finished.
    """
    while True:
        names = list_saved_models(folder, model_class_name, may_write)
        if not names:
            return ask_new_name()
        if silent_start:
            io.log_info('Silent start: opening the latest model, "%s".' % names[0])
            return names[0]
        answer = ask_saved_model(names)
        chosen = pick_answer(answer, names)
        if chosen is not None:
            return chosen
        if answer in ('r', 'd'):
            if not may_write:
                io.log_err('A dry run renames and deletes nothing.')
                continue
            run_folder_command(answer, folder, names, model_class_name)
            continue
        try:
            return answer if answer in names else clean_model_name(answer)
        except UserError as error:
            io.log_err(str(error))


def ask_saved_model(names: List[str]) -> str:
    io.log_info(
        'Saved models, the latest first. Type a number to open one, or a name to begin a new one.')
    io.log_info('[r] : give a saved model another name')
    io.log_info('[d] : delete a saved model')
    io.log_info('')
    for number, name in enumerate(names):
        io.log_info('[%d] : %s%s' % (number, name, ' - latest' if number == 0 else ''))
    return io.input_str('', '0', show_default_value=False) or '0'


def pick_answer(answer: str, names: List[str]) -> Optional[str]:
    """The name that a number selects (clamped to the list, so no number is a new name), else
    None."""
    try:
        number = int(answer)
    except ValueError:
        return None
    return names[min(max(number, 0), len(names) - 1)]


def run_folder_command(command: str, folder: Path, names: List[str], model_class_name: str) -> None:
    """Ask for a saved model and rename (`r`) or delete (`d`) it; a name that is not listed does
    nothing."""
    verb = 'rename' if command == 'r' else 'delete'
    name = io.input_str('Which model to %s' % verb) or ''
    if name not in names:
        io.log_err('There is no saved model %r.' % name)
        return
    try:
        if command == 'd':
            delete_model(folder, name, model_class_name)
        else:
            new_name = io.input_str('Its new name') or ''
            rename_model(folder, name, new_name, model_class_name)
    except UserError as error:
        io.log_err(str(error))

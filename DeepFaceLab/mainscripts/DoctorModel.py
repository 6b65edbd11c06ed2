"""`doctor --model`: the saves of one model, whether they are whole, and going back to one."""
import os
import time
from pathlib import Path
from typing import List, Optional

from core import persist
from core.errors import CorruptFileError, UserError
from models import model_generations
from models.model_generations import (BACKUPS_SUFFIX, CURRENT, DATA_ENDING, Generation, Report,
                                      is_good)

MIB = 1024 ** 2


def list_models(folder: Path) -> List[str]:
    """Names with class, e.g. `me_SAEHD`, of the models that left anything in the folder."""
    endings = (DATA_ENDING, persist.MANIFEST_SUFFIX, persist.PREVIOUS_SUFFIX, BACKUPS_SUFFIX)
    return sorted({path.name[:-len(ending)] for path in folder.iterdir() for ending in endings
                   if path.name.endswith(ending)})


def choose_model(folder: Path, text: str) -> str:
    """The model that a user means by its name with class (`me_SAEHD`), its name (`me`) or, where
    there is one of it, its class (`SAEHD`). UserError."""
    if not folder.is_dir():
        raise UserError('There is no folder {}.'.format(folder), ['check --model-dir'])
    names = list_models(folder)
    for found in ([name for name in names if name == text],
                  [name for name in names if name.rpartition('_')[0] == text],
                  [name for name in names if name.rpartition('_')[2] == text]):
        if len(found) == 1:
            return found[0]
        if found:
            raise UserError('{!r} may be one of several models.'.format(text),
                            ['say which: --model {}'.format(name) for name in found])
    raise UserError('There is no model {!r} in {}.'.format(text, folder),
                    ['models there: {}'.format(', '.join(names) or 'none'), 'check --model-dir'])


def choose_generation(generations: List[Generation], which: str) -> Generation:
    """By the name that the table shows; 3 stands for 03. UserError."""
    if which == CURRENT:
        raise UserError('The current save is in place already.')
    for generation in generations:
        if which in (generation.which, generation.which.lstrip('0')):
            return generation
    others = [generation.which for generation in generations if generation.which != CURRENT]
    raise UserError('There is no save {!r} of this model.'.format(which),
                    ['saves: {}'.format(', '.join(others) or 'none beside the current one')])


def format_row(which: str, iteration: str, saved: str, size: str, state: str, finite: str) -> str:
    return '{:<16} {:>9}  {:<16}  {:>9}  {:<10}  {}'.format(
        which, iteration, saved, size, state, finite).rstrip()


def format_report(generation: Generation, report: Report) -> str:
    """One line of the table, and one for each problem."""
    saved = time.strftime('%Y-%m-%d %H:%M', time.localtime(report.saved_at))
    row = format_row(
        generation.which, '?' if report.iteration is None else str(report.iteration),
        saved if report.saved_at else '?', '{:.1f} MB'.format(report.size / MIB), report.state,
        {True: 'finite', False: 'NOT FINITE', None: '?'}[report.is_finite])
    here = str(generation.folder) + os.sep
    return '\n'.join([row] + ['    ' + problem.replace(here, '') for problem in report.problems])


def restore(folder: Path, name: str, generation: Generation) -> None:
    """Check and restore a generation. UserError when it is not good."""
    report = model_generations.inspect(generation)
    if not is_good(report):
        raise UserError(
            '{} was not restored: {}'.format(generation.which, ' '.join(report.problems)),
            ['choose another: `main.py doctor --model {} --model-dir {}`'.format(name, folder)])
    model_generations.restore(folder, name, generation)
    print('Restored {} of {}: {}.'.format(generation.which, name,
                                          model_generations.describe(report)))
    print('What it replaced is now the save `previous`.')


def main(model: str, folder: Path, which: Optional[str] = None) -> int:
    """Print the saves of a model, restore `which` first if given; 1 when the current one is not
    good. UserError for a model or save that there is not."""
    name = choose_model(folder, model)
    generations = model_generations.list_generations(folder, name)
    chosen = None if which is None else choose_generation(generations, which)
    try:
        for notice in persist.recover_generation(folder, name):
            print(notice)
    except CorruptFileError as error:
        print(error)
    if chosen is not None:
        restore(folder, name, chosen)
    print('{} in {}'.format(name, folder))
    print(format_row('save', 'iteration', 'saved', 'size', 'state', 'weights'))
    code = 1
    for generation in model_generations.list_generations(folder, name):
        report = model_generations.inspect(generation)
        print(format_report(generation, report))
        if generation.which == CURRENT and is_good(report):
            code = 0
    if code != 0:
        print('\nThe current save is not good. Go back with --restore and the name of one that is.')
    return code

"""Weights of a model: initialised on a first run, loaded afterwards (spec 21 section 7)."""
from pathlib import Path
from typing import Any, Callable, Optional

from core.errors import UserError
from core.interact import interact as io
from core.leras.weights_file import WeightsMismatchError


def never(part: Any) -> bool:
    return False


def load_or_init_weights(model: Any, must_init: Callable[[Any], bool],
                         may_reset: Callable[[Any], bool] = never,
                         may_be_new: Callable[[Any], bool] = never,
                         pretrained_folder: Optional[Path] = None) -> None:
    """Fills every part of `model.model_filename_list`, with a progress bar.

    Arguments:
        must_init(part): start it anew without looking for its file.
        may_reset(part): a file of another size starts the part anew, which the log says.
        may_be_new(part): a part that was not among the saved ones before is no surprise.
        pretrained_folder: a part that starts anew takes its values from the file of its bare
            name there, if there is one (spec 22 part B).

    A missing file starts a part anew when training (people delete the file of an inter to that
    end), which the log says, as an error unless the part may be new; when merging or exporting it
    is a UserError. A file that does not fit is an error that names the weight."""
    for part, filename in io.progress_bar_generator(
            model.model_filename_list, 'Initializing models'):
        if must_init(part):
            init_part(part, filename, pretrained_folder)
            continue
        path = Path(model.get_strpath_storage_for_file(filename))
        if load_part(part, path, may_reset(part)):
            continue
        if not path.exists():
            report_missing(model, path, may_be_new(part))
        init_part(part, filename, pretrained_folder)


def init_part(part: Any, filename: str, pretrained_folder: Optional[Path]) -> None:
    """Initial values, or those of a pretrained model; one that does not fit is an error."""
    if pretrained_folder is not None:
        path = Path(pretrained_folder) / filename
        if part.load_weights(path):
            io.log_info('{}: starts from {}.'.format(filename, path))
            return
        io.log_info('{}: not in {}, starts from initial values.'.format(filename, path.parent))
    part.init_weights()


def load_part(part: Any, path: Path, may_reset: bool) -> bool:
    """False if there is no file, or one of another size where that may reset the part."""
    try:
        return part.load_weights(path)
    except WeightsMismatchError:
        if not may_reset:
            raise
        io.log_info('{}: of another size, this part starts anew.'.format(path.name))
        return False


def report_missing(model: Any, path: Path, may_be_new: bool) -> None:
    if not model.is_training:
        raise UserError('The weights file {} is missing.'.format(path), [
            'All files of a model belong together: copy the whole set.',
            'Take the files of an autobackup of this model.'])
    text = '{}: no such file{}, this part starts from initial values.'
    if may_be_new or not model.model_data_path.exists():
        io.log_info(text.format(path.name, ' yet'))
    else:
        io.log_err(text.format(path, ' although the model was saved before'))

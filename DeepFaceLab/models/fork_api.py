"""What plug-ins of the MVE fork expect of their base class at construction (spec 82 section A)."""
from typing import Any, Mapping

from core.errors import UserError
from core.interact import interact as io

USE_ANSWERS = ('answer the questions, or put the options as one JSON object into a file and pass '
               'it with --answers FILE.json')


def take_fork_keywords(model: Any, keywords: Mapping[str, Any]) -> None:
    """Give `model` the attributes that MVE's models read, from the constructor's other keywords.

    src_pak_name, dst_pak_name: the packs to train on, or None; models overwrite them.
    read_from_conf, config_file_exists: whether options come from a yaml file; never here, so that
    the models ask. UserError when a yaml file is asked for: it must not be ignored.
    """
    model.src_pak_name = keywords.get('src_pak_name')
    model.dst_pak_name = keywords.get('dst_pak_name')
    model.read_from_conf = False
    model.config_file_exists = False
    for name in ('config_training_file', 'auto_gen_config'):
        if keywords.get(name):
            raise UserError('%s is given, but this program reads and writes no yaml files.' % name,
                            [USE_ANSWERS])
    if model.is_training and hasattr(model, 'get_config_schema_path'):
        io.log_info('In MVE this model can have its options in a yaml file. Here: %s.'
                    % USE_ANSWERS)

"""A trainer process for test_mainscripts_trainer.py: `trainer_child.py ROOT '{"keyword": value}'`.

Keyword `fail_at` makes the model raise at that iteration. Ends like main.py: UserError -> exit
code 1.
"""
import json
import multiprocessing
import sys
from pathlib import Path

import conftest  # noqa: F401  import paths and environment


def main():
    root, keywords = Path(sys.argv[1]), json.loads(sys.argv[2])
    from core.errors import UserError
    from core.leras import nn
    from mainscripts import Trainer
    from tiny_support import add_plugins, make_folders

    add_plugins()
    folders = make_folders(root)
    nn.setCurrentDeviceConfig(nn.DeviceConfig.CPU())
    fail_at = keywords.pop('fail_at', None)
    if fail_at is not None:
        import models
        tiny = models.import_model('Tiny')
        train = tiny.onTrainOneIter

        def fail(self):
            if self.get_iter() == fail_at:
                raise RuntimeError('the graph broke')
            return train(self)
        tiny.onTrainOneIter = fail
    arguments = dict(model_class_name='Tiny', saved_models_path=folders['model'],
                     training_data_src_path=folders['src'], training_data_dst_path=folders['dst'],
                     no_preview=True, force_model_name='t', cpu_only=True)
    arguments.update(keywords)
    try:
        Trainer.main(**arguments)
    except UserError as error:
        print('UserError:', error)
        sys.exit(1)
    print('Done.')


if __name__ == '__main__':
    multiprocessing.set_start_method('spawn')
    main()

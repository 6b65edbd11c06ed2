"""A trainer process for test_mainscripts_trainer.py: `trainer_child.py ROOT '{"keyword": value}'`.

Keywords of its own: `fail_at` makes the model raise at that iteration, `nan_from` gives losses that
are not finite from there on, `slow_method` makes one method of the model print SLOW and take two
seconds at its first call, `with_window` makes it compute previews. Ends like main.py: UserError ->
exit code 1.
"""
import json
import multiprocessing
import sys
import time
from pathlib import Path

import conftest  # noqa: F401  import paths and environment


def replace(model_class, name, make):
    setattr(model_class, name, make(getattr(model_class, name)))


def make_failing(fail_at):
    def make(train):
        def fail(self):
            if self.get_iter() == fail_at:
                raise RuntimeError('the graph broke')
            return train(self)
        return fail
    return make


def make_nan(nan_from):
    def make(train):
        def spoil(self):
            self.loss_scale = float('nan') if self.get_iter() >= nan_from else 1.0
            return train(self)
        return spoil
    return make


def make_slow(method):
    calls = []

    def slow(self):
        if not calls:
            calls.append(1)
            print('SLOW')
            time.sleep(2)
        return method(self)
    return slow


def main():
    root, keywords = Path(sys.argv[1]), json.loads(sys.argv[2])
    from core.errors import UserError
    from core.leras import nn
    from mainscripts import Trainer
    from tiny_support import add_plugins, make_folders

    add_plugins()
    folders = make_folders(root)
    nn.setCurrentDeviceConfig(nn.DeviceConfig.CPU())
    import models
    tiny = models.import_model('Tiny')
    if 'fail_at' in keywords:
        replace(tiny, 'onTrainOneIter', make_failing(keywords.pop('fail_at')))
    if 'nan_from' in keywords:
        replace(tiny, 'onTrainOneIter', make_nan(keywords.pop('nan_from')))
    if 'slow_method' in keywords:
        replace(tiny, keywords.pop('slow_method'), make_slow)
    if keywords.pop('with_window', False):
        from core.interact import interact as io
        io.is_support_windows = lambda: True    # headless windows take pictures and show nothing
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

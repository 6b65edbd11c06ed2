"""A model on the real ModelBase whose session holds plain arrays: saves without TensorFlow."""
import numpy as np

from core.interact import interact as io
from core.leras import nn

WEIGHTS = ('encoder', 'inter', 'decoder_src', 'decoder_dst', 'opt')
NAME = 'k_Fake'


class Shape(tuple):
    def as_list(self):
        return list(self)


class Variable:
    def __init__(self, name, size):
        self.name, self.shape, self.value = name, Shape((size,)), np.zeros(size, np.float32)


def replace_engine():
    """A session that holds plain arrays; the layers import without TensorFlow."""
    import core.leras.layers  # noqa: F401  registers nn.Saveable

    def set_values(pairs):
        for variable, value in pairs:
            variable.value = np.asarray(value)
    nn.initialize = lambda *args, **kwargs: None
    nn.batch_get_value = lambda variables: [variable.value for variable in variables]
    nn.batch_set_value = set_values
    nn.init_weights = lambda variables: None
    io.input_skip_pending = lambda: None
    for name in ('log_info', 'log_err', 'progress_bar', 'progress_bar_inc', 'progress_bar_close'):
        setattr(io, name, lambda *args, **kwargs: None)


def make_model(folder):
    """The model in `folder`, opened for training; every weight holds the iteration."""
    from models import ModelBase
    from samplelib import SampleGeneratorBase

    class Part(nn.Saveable):
        def __init__(self, name):
            super().__init__(name)
            self.weights = [Variable('%s/w%d:0' % (name, i), 50 + i) for i in range(2)]

        def get_weights(self):
            return self.weights

    class FakeModel(ModelBase):
        def on_initialize(self):
            self.parts = [[Part(name), name + '.npy'] for name in WEIGHTS]
            for part, filename in self.parts:
                if not self.is_first_run():
                    assert part.load_weights(self.get_strpath_storage_for_file(filename))
            self.set_training_data_generators([SampleGeneratorBase(batch_size=1)])

        def get_model_filename_list(self):
            return self.parts

        def onSave(self):
            for part, filename in self.parts:
                part.save_weights(self.get_strpath_storage_for_file(filename))

        def onTrainOneIter(self):
            for part, _ in self.parts:
                for weight in part.weights:
                    weight.value = np.full(weight.shape, self.iter + 1, np.float32)
            return [('loss', 1.0)]

        def generate_next_samples(self):
            self.last_sample = []
            return []

        def onGetPreview(self, samples, for_history=False):
            return [('p', np.zeros((8, 8, 3), np.float32))]

    return FakeModel(is_training=True, saved_models_path=folder, cpu_only=True,
                     force_model_class_name=NAME)

"""A plug-in model as the community writes them, one convolution large: real graph, weights and
optimizer."""
import numpy as np

from core.interact import interact as io
from core.leras import nn
from models import ModelBase
from samplelib import SampleGeneratorBase

RESOLUTION = 16


class FixedGenerator(SampleGeneratorBase):
    """Endless batches of [image, mask]; the images slowly change, so a step number can be seen in
    them."""

    def __init__(self, batch_size, channels=3):
        super().__init__(batch_size=batch_size)
        self.channels = channels
        self.drawn = 0
        self.initialized = True

    def is_initialized(self):
        return True

    def __iter__(self):
        return self

    def __next__(self):
        self.drawn += 1
        shape = (self.batch_size, RESOLUTION, RESOLUTION)
        image = np.random.RandomState(self.drawn).uniform(0, 1, shape +
                                                          (self.channels, )).astype(np.float32)
        return [image, np.ones(shape + (1,), np.float32)]


class TinyModel(ModelBase):
    channels = 3
    loss_scale = 1.0    # a test sets NaN

    def on_initialize_options(self):
        self.options['dims'] = self.load_or_def_option('dims', 4)
        if self.is_first_run() or self.ask_override():
            self.ask_autobackup_hour()
            self.ask_write_preview_history()
            self.ask_target_iter()
            self.ask_random_src_flip()
            self.ask_random_dst_flip()
            self.ask_batch_size(2)

    def on_initialize(self):
        nn.initialize(data_format='NHWC')
        tf = nn.tf
        channels, dims = self.channels, int(self.options['dims'])

        class Net(nn.ModelBase):
            def on_build(self):
                self.conv1 = nn.Conv2D(channels, dims, kernel_size=1, padding='SAME')
                self.conv2 = nn.Conv2D(dims, channels, kernel_size=1, padding='SAME')

            def forward(self, x):
                return self.conv2(tf.nn.relu(self.conv1(x)))

        self.resolution = RESOLUTION
        self.set_batch_size(max(1, self.get_batch_size()))
        image = tf.placeholder(tf.float32, (None, RESOLUTION, RESOLUTION, channels))
        self.net = Net(name='net')
        weights = self.net.get_weights()
        self.model_filename_list = [[self.net, 'net.npy']]
        output = self.net(image)
        self.AE_view = lambda x: nn.tf_sess.run(output, {image: x})
        if self.is_training:
            self.opt = nn.RMSprop(lr=1e-3, name='opt')
            self.opt.initialize_variables(weights, vars_on_cpu=True)
            self.model_filename_list.append([self.opt, 'opt.npy'])
            loss = tf.reduce_mean(tf.square(output - image), axis=[1, 2, 3])
            update = self.opt.get_update_op(nn.gradients(loss, weights))
            self.train = lambda x: nn.tf_sess.run([loss, update], {image: x})[0]
        for saveable, filename in self.model_filename_list:
            do_init = self.is_first_run()
            if not do_init:
                do_init = not saveable.load_weights(self.get_strpath_storage_for_file(filename))
            if do_init:
                saveable.init_weights()
        if self.is_training:
            self.set_training_data_generators([FixedGenerator(self.get_batch_size(), channels)])

    def get_model_filename_list(self):
        return self.model_filename_list

    def onSave(self):
        for saveable, filename in io.progress_bar_generator(self.get_model_filename_list(),
                                                            'Saving', leave=False):
            saveable.save_weights(self.get_strpath_storage_for_file(filename))

    def onTrainOneIter(self):
        (image, _), = self.generate_next_samples()
        losses = self.train(image)
        return (('loss', np.mean(losses) * self.loss_scale), ('half_loss', np.mean(losses) * 0.5))

    def onGetPreview(self, samples, for_history=False):
        image = samples[0][0]
        result = np.clip(self.AE_view(image), 0, 1)
        return [('Tiny', np.concatenate([image[0], result[0]], axis=1)), ('Tiny large', np.repeat(
            np.repeat(result[0], 2, axis=0), 2, axis=1))]

    def get_MergerConfig(self):
        import merger
        from facelib import FaceType
        return (lambda face:
                (face, face[..., 0], face[..., 0]), (RESOLUTION, RESOLUTION, self.channels),
                merger.MergerConfigMasked(face_type=FaceType.FULL, default_mode='overlay'))


Model = TinyModel

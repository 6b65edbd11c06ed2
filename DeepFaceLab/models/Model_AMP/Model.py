"""AMP: a model whose result can be morphed between both faces (spec 22 part A)."""
from functools import partial

import numpy as np

from core.leras import nn
from models.common import cpu_layout, face_model, memory_levers, placement
from models.common.face_feeds import create_face_feeds
from models.common.face_options import MAX_RESOLUTION, MIN_RESOLUTION, fix_gan_patch_size
from models.common.towers import CPU
from models.common.weights import load_or_init_weights
from samplelib import SampleGeneratorFace

from . import export, graph, networks, options, preview

FACE_TYPES = {name: face_model.FACE_TYPES[name] for name in options.FACE_TYPE.choices}


class AMPModel(face_model.FaceModel):
    """See options.py for what can be chosen."""

    declared_options = options.OPTIONS
    pretrain = False    # AMP has no such mode
    is_batch_in_graph = True    # every sample draws its share of channels

    # override
    def on_initialize_options(self):
        options.ask_options(self)

    # override
    def plan_placement(self):
        """Where training puts what (takes over the answered options for that).

        NCHW, as the reference also computes without a GPU; NHWC where the processor has no such
        convolution, with the same results."""
        self._take_options()
        nets, optimizers = networks.name_parts(self.settings)
        devices = nn.getCurrentDeviceConfig().devices
        plan = placement.plan_placement(
            devices, self.get_batch_size(),
            models_on_gpu=self.options['models_opt_on_gpu'] and self.is_training,
            lr_dropout=self.settings.lr_dropout_place, debug=False, networks=nets,
            optimizers=optimizers)
        if len(devices) != 0:
            return plan
        return plan._replace(data_format=cpu_layout.choose_cpu_format(
            'float16' if self.settings.use_fp16 else 'float32'))

    # override
    def list_memory_levers(self):
        return memory_levers.list_memory_levers(
            self.options, len(self.device_config.devices) != 0, self.is_first_run())

    # override
    def get_resolution_grid(self):
        return MIN_RESOLUTION, MAX_RESOLUTION, options.RESOLUTION_STEP

    # override
    def build_training_step(self, placement):
        if self.gan_power != 0:
            fix_gan_patch_size(self)
            self._take_options()
        self._build_graph(placement)
        return graph.list_training_fetches(self, self.settings)

    # override
    def on_initialize(self):
        self.placement = plan = self.plan_placement()
        self.model_data_format = plan.data_format
        nn.initialize(data_format=self.model_data_format)

        self._build_graph(plan)
        self.model_filename_list = networks.list_saved_parts(self, self.settings)
        load_or_init_weights(self, self._must_init, may_reset=self._may_reset,
                             may_be_new=self._may_be_new)
        if self.is_training:
            self.set_training_data_generators(create_face_feeds(self, self.get_generator_class()))

    def _take_options(self) -> None:
        self.resolution = int(self.options['resolution'])
        self.face_type = face_model.read_face_type(self, FACE_TYPES)
        self.settings = options.resolve_settings(self)
        self.gan_power = self.settings.gan_power

    def _build_graph(self, plan) -> None:
        tf, settings = nn.tf, self.settings
        self.models_device = plan.models
        self.create_placeholders()
        with tf.device(CPU):
            self.morph_value_t = tf.placeholder(nn.floatx, (1,), name='morph_value_t')
        with tf.device(plan.models):
            networks.create_networks(self, settings)
            if self.is_training:
                networks.create_optimizers(self, settings, plan)
        if self.is_training:
            self.set_batch_size(placement.get_batch_size(plan))
            graph.build_training_graph(self, settings, plan)
            graph.bind_training_functions(self, settings)
        else:
            graph.build_merging_graph(self, settings, nn.getCurrentDeviceConfig().devices)
            graph.bind_merging_function(self)

    def _must_init(self, part) -> bool:
        """Which parts start anew without looking for a file."""
        return self.is_first_run() or (
            self.gan_model_changed and part is getattr(self, 'GAN', None))

    def _may_reset(self, part) -> bool:
        """The GAN optimizer starts anew when it no longer fits a GAN of another size."""
        return self.gan_model_changed and part is getattr(self, 'GAN_opt', None)

    def _may_be_new(self, part) -> bool:
        """The discriminator and its optimizer come when gan_power is first set."""
        return any(part is getattr(self, name, None) for name in networks.OPTIONAL_PARTS)

    # override
    def get_generator_class(self):
        return SampleGeneratorFace

    # override
    def onTrainOneIter(self):
        """One step; (('src_loss', mean), ('dst_loss', mean))."""
        batch = self.join_next_samples()
        src_loss, dst_loss = self.train(*batch)
        if self.gan_power != 0:
            self.GAN_train(*batch)
        return (('src_loss', np.mean(src_loss)), ('dst_loss', np.mean(dst_loss)))

    # override
    def onGetPreview(self, samples, for_history=False):
        return preview.draw_previews(self, samples, for_history)

    def predictor_func(self, face, morph_value):
        """As SAEHD's; morph_value: 0 draws the destination's face, 1 the source's."""
        return face_model.take_first(self.predict_faces(face[None, ...], morph_value))

    # override
    def get_MergerConfig(self):
        """Asks how far to morph."""
        _, shape, config = super().get_MergerConfig()
        morph_value = options.ask_merge_morph_factor()
        predictor = partial(self.predictor_func, morph_value=morph_value)
        if getattr(self.predictor_func, '__func__', None) is AMPModel.predictor_func:
            # a predictor in its place would be left out: batches do not go through it
            predictor.predict_batch = lambda faces: self.predict_faces(faces, morph_value)
        return predictor, shape, config

    def export_dfm(self):
        """Writes <name>_model.dfm (spec 22 section A4)."""
        export.export_model(self)


Model = AMPModel

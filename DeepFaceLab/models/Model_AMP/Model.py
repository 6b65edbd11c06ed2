"""AMP: a model whose result can be morphed between both faces (spec 22 part A)."""
from functools import partial

import numpy as np

from core.leras import nn
from models.common import cpu_layout, face_model, placement
from models.common.face_options import MAX_RESOLUTION, MIN_RESOLUTION
from models.common.gan_model import GanModel
from models.common.towers import CPU
from samplelib import SampleGeneratorFace

from . import export, graph, networks, options, preview

FACE_TYPES = {name: face_model.FACE_TYPES[name] for name in options.FACE_TYPE.choices}


class AMPModel(GanModel):
    """See options.py for what can be chosen."""

    declared_options = options.OPTIONS
    optional_parts = networks.OPTIONAL_PARTS
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
    def get_resolution_grid(self):
        return MIN_RESOLUTION, MAX_RESOLUTION, options.RESOLUTION_STEP

    # override
    def _take_options(self) -> None:
        self.resolution = int(self.options['resolution'])
        self.face_type = face_model.read_face_type(self, FACE_TYPES)
        self.settings = options.resolve_settings(self)
        self.gan_power = self.settings.gan_power

    # override
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

    # override
    def _must_init(self, part) -> bool:
        """Which parts start anew without looking for a file."""
        return self.is_first_run() or (
            self.gan_model_changed and part is getattr(self, 'GAN', None))

    # override
    def _may_reset(self, part) -> bool:
        """The GAN optimizer starts anew when it no longer fits a GAN of another size."""
        return self.gan_model_changed and part is getattr(self, 'GAN_opt', None)

    # override
    def _list_saved_parts(self):
        return networks.list_saved_parts(self, self.settings)

    # override
    def _list_training_fetches(self):
        return graph.list_training_fetches(self, self.settings)

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

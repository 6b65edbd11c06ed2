"""SAEHD: the life of a model, from its options to previews, merging and export (spec 21)."""
import numpy as np

from core.interact import interact as io
from core.leras import nn
from models.common import layouts, memory_levers, placement, swap_preview
from models.common.face_feeds import create_face_feeds
from models.common.face_model import FaceModel, read_face_type
from models.common.face_options import fix_gan_patch_size
from models.common.predictions import bind_merging_function
from models.common.weights import load_or_init_weights
from samplelib import SampleGeneratorFace

from . import export, graph, memory, networks, options


class SAEHDModel(FaceModel):
    """High-definition style autoencoder; see options.py for what can be chosen.

    A subclass with `channels = 1` is the gray model: samples, networks, losses, previews and
    the merging side follow that attribute."""

    declared_options = options.OPTIONS

    # override
    def on_initialize_options(self):
        options.ask_options(self)

    # override
    def plan_placement(self):
        """Where training puts what (takes over the answered options for that)."""
        self._take_options()
        nets, optimizers = networks.name_parts(self.settings.archi_type, self.settings)
        return placement.plan_placement(
            nn.getCurrentDeviceConfig().devices, self.get_batch_size(),
            models_on_gpu=self.options['models_opt_on_gpu'] and self.is_training,
            lr_dropout=self.settings.lr_dropout_place, debug=self.is_debug(), networks=nets,
            optimizers=optimizers)

    # override
    def list_memory_levers(self):
        # not is_first_run: iteration 0 after pretraining is no new model
        return memory_levers.list_memory_levers(
            self.options, len(self.device_config.devices) != 0, not self.saved_options)

    # override
    def get_resolution_grid(self):
        return memory.get_resolution_grid(self.options)

    # override
    def build_training_step(self, placement):
        if self.gan_power != 0:
            fix_gan_patch_size(self)
            self._take_options()
        self._build_graph(placement)
        return graph.list_training_fetches(self, self.settings)

    # override
    def on_initialize(self):
        is_new = self.is_first_run()    # before the end of pretraining sets the iterations to 0
        self.placement = plan = self.plan_placement()
        self.model_data_format = plan.data_format
        nn.initialize(data_format=self.model_data_format)

        self._build_graph(plan)
        self.model_filename_list = networks.list_saved_parts(self, self.settings)
        load_or_init_weights(self, lambda part: is_new or self._must_init(part),
                             may_reset=self._may_reset, may_be_new=self._may_be_new)
        if self.is_training:
            self.set_training_data_generators(create_face_feeds(self, self.get_generator_class()))
            if self.pretrain_just_disabled:
                self.update_sample_for_preview(force_new=True)

    def _take_options(self) -> None:
        """Attributes and effective settings from the answered options (spec 21 section 1.5)."""
        self.resolution = int(self.options['resolution'])
        self.face_type = read_face_type(self)
        # removed long ago; old files still carry it
        self.options.pop('eyes_prio', None)
        self.pretrain = self.options['pretrain']
        if self.pretrain_just_disabled:
            self.set_iter(0)
        self.settings = options.resolve_settings(self)
        self.gan_power = self.settings.gan_power
        if self.pretrain:
            self.options_show_override.update(options.PRETRAIN_SHOWN)

    def _build_graph(self, plan) -> None:
        tf, settings = nn.tf, self.settings
        self.layout = layouts.LAYOUTS[settings.archi_type]
        self.models_device = plan.models

        self.create_placeholders()
        with tf.device(plan.models):
            networks.create_networks(self, settings)
            if self.is_training:
                networks.create_optimizers(self, settings, plan)
        if self.is_training:
            self.set_batch_size(placement.get_batch_size(plan))
            graph.build_training_graph(self, settings, plan)
            graph.bind_training_functions(self, settings)
        else:
            graph.build_merging_graph(self, nn.getCurrentDeviceConfig().devices)
            bind_merging_function(self)

    def _must_init(self, part) -> bool:
        """Which parts of a saved model start anew without looking for a file (spec 21 section
        7)."""
        if self.pretrain_just_disabled:
            return any(part is getattr(self, x) for x in self.layout.reset_after_pretrain)
        return self.gan_model_changed and part is getattr(self, 'D_src', None)

    def _may_reset(self, part) -> bool:
        """The GAN optimizer starts anew when it no longer fits a GAN of another size."""
        return self.gan_model_changed and part is getattr(self, 'D_src_dst_opt', None)

    def _may_be_new(self, part) -> bool:
        """Discriminators and their optimizers come when their power is first set."""
        return any(part is getattr(self, name, None) for name in networks.OPTIONAL_PARTS)

    # override
    def get_generator_class(self):
        return SampleGeneratorFace

    # override
    def onTrainOneIter(self):
        """One step (spec 21 section 9); (('src_loss', mean), ('dst_loss', mean))."""
        if self.get_iter() == 0 and not self.pretrain and not self.pretrain_just_disabled:
            io.log_info('A model that starts from a pretrained one learns far quicker: '
                        'consider beginning with pretrained files instead of training '
                        'from zero.')
        batch = self.join_next_samples()
        src_loss, dst_loss = self.src_dst_train(*batch)
        if self.settings.true_face_power != 0 and not self.pretrain:
            self.D_train(batch[0], batch[4])
        if self.gan_power != 0:
            self.D_src_dst_train(*batch)
        return (('src_loss', np.mean(src_loss)), ('dst_loss', np.mean(dst_loss)))

    # override
    def onGetPreview(self, samples, for_history=False):
        return swap_preview.draw_previews(self, samples)

    def export_dfm(self):
        """Writes <name>_model.dfm (spec 21 section 12)."""
        export.export_model(self)


Model = SAEHDModel

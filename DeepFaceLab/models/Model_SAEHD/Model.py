"""SAEHD: the life of a model, from its options to previews, merging and export (spec 21)."""
import multiprocessing
from functools import partial

import numpy as np

from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from facelib import FaceType
from models import ModelBase
from models.common import placement, towers
from models.common.face_options import fix_gan_patch_size
from models.common.weights import load_or_init_weights
from samplelib import SampleGeneratorFace, SampleProcessor

from . import export, graph, memory, networks, options, preview

FACE_TYPES = {
    'h': FaceType.HALF, 'mf': FaceType.MID_FULL, 'f': FaceType.FULL,
    'wf': FaceType.WHOLE_FACE, 'head': FaceType.HEAD}


class SAEHDModel(ModelBase):
    """High-definition style autoencoder; see options.py for what can be chosen.

    A subclass with `channels = 1` is the gray model: samples, networks, losses, previews and
    the merging side follow that attribute."""

    channels = 3
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
        return memory.list_memory_levers(
            self.options, len(self.device_config.devices) != 0, self.is_first_run())

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
        self.placement = plan = self.plan_placement()
        self.model_data_format = plan.data_format
        nn.initialize(data_format=self.model_data_format)

        self._build_graph(plan)
        self.model_filename_list = networks.list_saved_parts(self, self.settings)
        load_or_init_weights(self, self._must_init, may_reset=self._may_reset,
                             may_be_new=self._may_be_new)
        if self.is_training:
            self._create_generators()
            if self.pretrain_just_disabled:
                self.update_sample_for_preview(force_new=True)

    def _take_options(self) -> None:
        """Attributes and effective settings from the answered options (spec 21 section 1.5)."""
        self.resolution = int(self.options['resolution'])
        if self.options['face_type'] not in FACE_TYPES:
            raise UserError('The model holds the face type {!r}, which SAEHD does not have.'.format(
                self.options['face_type']), ['Its face types are: ' + ', '.join(FACE_TYPES)])
        self.face_type = FACE_TYPES[self.options['face_type']]
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
        self.layout = networks.LAYOUTS[settings.archi_type]
        self.models_device = plan.models

        self.bgr_shape = nn.get4Dshape(self.resolution, self.resolution, self.channels)
        self.placeholders = towers.create_placeholders(self.resolution, self.channels)
        for name, placeholder in self.placeholders._asdict().items():
            setattr(self, name, placeholder)
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
            graph.bind_merging_function(self)

    def _must_init(self, part) -> bool:
        """Which parts start anew without looking for a file (spec 21 section 7)."""
        if self.pretrain_just_disabled:
            return any(part is getattr(self, x) for x in self.layout.reset_after_pretrain)
        if self.is_first_run():
            return True
        return self.gan_model_changed and part is getattr(self, 'D_src', None)

    def _may_reset(self, part) -> bool:
        """The GAN optimizer starts anew when it no longer fits a GAN of another size."""
        return self.gan_model_changed and part is getattr(self, 'D_src_dst_opt', None)

    def _may_be_new(self, part) -> bool:
        """Discriminators and their optimizers come when their power is first set."""
        return any(part is getattr(self, name, None) for name in networks.OPTIONAL_PARTS)

    def _create_generators(self) -> None:
        """Source and destination feeds (spec 21 section 8)."""
        settings = self.settings
        src_path, dst_path, ct_path = (
            self.training_data_src_path, self.training_data_dst_path, None)
        src_pak, dst_pak = self._name_paks()
        if self.pretrain:
            src_path = dst_path = self.get_pretraining_data_path()
        elif settings.ct_mode is not None:
            ct_path = dst_path
        dst_workers = max(1, multiprocessing.cpu_count() // 2)
        src_workers = dst_workers
        if settings.ct_mode is not None:
            src_workers = int(dst_workers * 1.5)
        create = partial(
            SampleGeneratorFace, debug=self.is_debug(), batch_size=self.get_batch_size(),
            uniform_yaw_distribution=settings.uniform_yaw)
        self.set_training_data_generators([
            create(src_path, random_ct_samples_path=ct_path,
                   sample_process_options=SampleProcessor.Options(
                       scale_range=[-0.15, 0.15], random_flip=settings.random_src_flip),
                   output_sample_types=self._describe_samples(dict(
                       ct_mode=settings.ct_mode,
                       random_hsv_shift_amount=settings.random_hsv_power)),
                   generators_count=src_workers, **src_pak),
            create(dst_path,
                   sample_process_options=SampleProcessor.Options(
                       scale_range=[-0.15, 0.15], random_flip=settings.random_dst_flip),
                   output_sample_types=self._describe_samples({}),
                   generators_count=dst_workers, **dst_pak)])

    def _name_paks(self) -> tuple:
        """Keywords of both generators for the packs of --src-pak-name and --dst-pak-name.

        Empty where none is given: a generator that stands in for ours need not know them."""
        src, dst = {}, {}
        if self.src_pak_name is not None and not self.pretrain:
            src['pak_name'] = self.src_pak_name
        if self.dst_pak_name is not None and not self.pretrain:
            dst['pak_name'] = src['ct_pak_name'] = self.dst_pak_name
        return src, dst

    def _describe_samples(self, colour: dict) -> list:
        """Four outputs a sample: warped image, target, face mask, eyes-and-mouth mask.

        colour: `ct_mode` for both images, `random_hsv_shift_amount` for the warped one."""
        channel_types = SampleProcessor.ChannelType
        sample_types = SampleProcessor.SampleType
        mask_types = SampleProcessor.FaceMaskType
        image_channels = channel_types.G if self.channels == 1 else channel_types.BGR
        common = dict(face_type=self.face_type, data_format=nn.data_format,
                      resolution=self.resolution, transform=True)
        image = dict(common, sample_type=sample_types.FACE_IMAGE, channel_type=image_channels)
        mask = dict(common, sample_type=sample_types.FACE_MASK, warp=False,
                    channel_type=channel_types.G)
        target_colour = {key: colour[key] for key in colour if key == 'ct_mode'}
        return [dict(image, warp=self.settings.random_warp, **colour),
                dict(image, warp=False, **target_colour),
                dict(mask, face_mask_type=mask_types.FULL_FACE),
                dict(mask, face_mask_type=mask_types.EYES_MOUTH)]

    # override
    def get_model_filename_list(self):
        return self.model_filename_list

    # override
    def onSave(self):
        for part, filename in io.progress_bar_generator(
                self.get_model_filename_list(), 'Saving', leave=False):
            part.save_weights(self.get_strpath_storage_for_file(filename))

    # override
    def should_save_preview_history(self):
        period = 100 if io.is_colab() else 10 * max(1, self.resolution // 64)
        return self.iter % self.get_preview_period(period) == 0

    # override
    def onTrainOneIter(self):
        """One step (spec 21 section 9); (('src_loss', mean), ('dst_loss', mean))."""
        if self.get_iter() == 0 and not self.pretrain and not self.pretrain_just_disabled:
            io.log_info('A model that starts from a pretrained one learns far quicker: '
                        'consider beginning with pretrained files instead of training '
                        'from zero.')
        ((warped_src, target_src, target_srcm, target_srcm_em),
         (warped_dst, target_dst, target_dstm, target_dstm_em)) = self.generate_next_samples()
        batch = (warped_src, target_src, target_srcm, target_srcm_em,
                 warped_dst, target_dst, target_dstm, target_dstm_em)
        src_loss, dst_loss = self.src_dst_train(*batch)
        if self.settings.true_face_power != 0 and not self.pretrain:
            self.D_train(warped_src, warped_dst)
        if self.gan_power != 0:
            self.D_src_dst_train(*batch)
        return (('src_loss', np.mean(src_loss)), ('dst_loss', np.mean(dst_loss)))

    # override
    def onGetPreview(self, samples, for_history=False):
        return preview.draw_previews(self, samples)

    def predictor_func(self, face=None):
        """face: HWC float32 0..1 of the model's resolution and channels.

        Returns (swapped face HWC, its mask HW, the destination's mask HW), float32 0..1."""
        batch = nn.to_data_format(face[None, ...], self.model_data_format, 'NHWC')
        swapped, dst_mask, swapped_mask = [
            nn.to_data_format(x, 'NHWC', self.model_data_format).astype(np.float32)
            for x in self.AE_merge(batch)]
        return swapped[0], swapped_mask[0][..., 0], dst_mask[0][..., 0]

    # override
    def get_MergerConfig(self):
        import merger
        return (self.predictor_func, (self.resolution, self.resolution, self.channels),
                merger.MergerConfigMasked(face_type=self.face_type, default_mode='overlay'))

    def export_dfm(self):
        """Writes <name>_model.dfm (spec 21 section 12)."""
        export.export_model(self)


Model = SAEHDModel

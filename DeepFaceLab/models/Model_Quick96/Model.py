"""Quick96: a small autoencoder that asks for nothing (spec 22 part B)."""
import multiprocessing
from functools import partial

from core.leras import nn
from facelib import FaceType
from models.common import placement, swap_preview
from models.common.face_model import FaceModel
from models.common.predictions import bind_merging_function
from models.common.weights import load_or_init_weights
from samplelib import SampleGeneratorFace, SampleProcessor

from . import graph

MIN_GPU_GB = 4          # every device needs as much to hold the model
MAX_PROCESSORS = 8
# Every third iteration trains on the last batch again, unwarped.
REPEAT_PERIOD = 3


class QModel(FaceModel):
    """df-ud of 96 pixels, full face, batch of 4, RMSprop: for a first impression on weak cards."""

    declared_options = ()
    resolution = graph.RESOLUTION
    face_type = FaceType.FULL
    pretrain = pretrain_just_disabled = False
    last_samples = None     # the batch drawn last

    # override
    def plan_placement(self):
        devices = nn.getCurrentDeviceConfig().devices
        has_room = all(device.total_mem_gb >= MIN_GPU_GB for device in devices)
        plan = placement.plan_placement(
            devices, graph.BATCH_SIZE, models_on_gpu=has_room and self.is_training,
            lr_dropout='y', debug=self.is_debug(), networks=graph.LAYOUT.net_names,
            optimizers=[graph.OPTIMIZER])
        return plan._replace(joined=plan.models)

    # override
    def build_training_step(self, placement):
        self._build_graph(placement)
        return graph.list_training_fetches(self)

    # override
    def on_initialize(self):
        self.placement = plan = self.plan_placement()
        self.model_data_format = plan.data_format
        nn.initialize(data_format=self.model_data_format)

        self._build_graph(plan)
        self.model_filename_list = graph.list_saved_parts(self)
        load_or_init_weights(self, lambda part: self.is_first_run(),
                             pretrained_folder=self.pretrained_model_path)
        if self.is_training:
            self._create_generators()

    def _build_graph(self, plan) -> None:
        self.bgr_shape = nn.get4Dshape(self.resolution, self.resolution, self.channels)
        self.placeholders = graph.create_placeholders(self.channels)
        for name, placeholder in self.placeholders._asdict().items():
            setattr(self, name, placeholder)
        with nn.tf.device(plan.models):
            graph.create_networks(self)
            if self.is_training:
                graph.create_optimizer(self, plan)
        if self.is_training:
            self.set_batch_size(placement.get_batch_size(plan))
            graph.build_training_graph(self, plan)
            graph.bind_training_functions(self)
        else:
            graph.build_merging_graph(self, nn.getCurrentDeviceConfig().devices)
            bind_merging_function(self)

    def _create_generators(self) -> None:
        """Source and destination feeds, three outputs each: warped image, target, face mask."""
        types = SampleProcessor.SampleType
        channel_types = SampleProcessor.ChannelType
        common = dict(face_type=self.face_type, data_format=nn.data_format,
                      resolution=self.resolution, transform=True)
        image = dict(common, sample_type=types.FACE_IMAGE, channel_type=(
            channel_types.G if self.channels == 1 else channel_types.BGR))
        mask = dict(common, sample_type=types.FACE_MASK, channel_type=channel_types.G,
                    face_mask_type=SampleProcessor.FaceMaskType.FULL_FACE, warp=False)
        create = partial(
            self.get_generator_class(), debug=self.is_debug(), batch_size=self.get_batch_size(),
            sample_process_options=SampleProcessor.Options(random_flip=self.pretrain),
            output_sample_types=[dict(image, warp=True), dict(image, warp=False), mask],
            generators_count=max(1, min(multiprocessing.cpu_count(), MAX_PROCESSORS) // 2))
        src_pak, dst_pak = self._name_paks()
        self.set_training_data_generators([
            create(self.training_data_src_path, **src_pak),
            create(self.training_data_dst_path, **dst_pak)])

    # override
    def get_generator_class(self):
        return SampleGeneratorFace

    # override
    def onTrainOneIter(self):
        """One step; (('src_loss', mean), ('dst_loss', mean))."""
        is_repeat = self.get_iter() % REPEAT_PERIOD == 0 and self.last_samples is not None
        if not is_repeat:
            self.last_samples = self.generate_next_samples()
        ((warped_src, target_src, target_srcm),
         (warped_dst, target_dst, target_dstm)) = self.last_samples
        if is_repeat:
            warped_src, warped_dst = target_src, target_dst
        src_loss, dst_loss = self.src_dst_train(
            warped_src, target_src, target_srcm, warped_dst, target_dst, target_dstm)
        return (('src_loss', src_loss), ('dst_loss', dst_loss))

    # override
    def onGetPreview(self, samples, for_history=False):
        return swap_preview.draw_previews(self, samples)


Model = QModel

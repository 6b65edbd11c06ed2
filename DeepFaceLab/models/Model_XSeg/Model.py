"""XSeg: trains the segmentation network of face masks (spec 22 part C)."""
import multiprocessing
from functools import partial

import numpy as np

from core.leras import nn
from facelib import XSegNet
from models import ModelBase
from models.common import placement
from models.common.face_model import read_face_type
from samplelib import SampleGeneratorFace, SampleGeneratorFaceXSeg, SampleProcessor

from . import export, graph, options, preview

NAME = 'XSeg'       # of the model, its files and the scope of its variables
RESOLUTION = 256
LEARNING_RATE, LR_DROPOUT = 1e-4, 0.3
MAX_PROCESSORS = 8


class XSegModel(ModelBase):
    """One network a model folder; its weights files have no model name in front."""

    declared_options = options.OPTIONS
    batch_size_range = options.BATCH_SIZE_RANGE
    resolution = RESOLUTION
    pretrain_just_disabled = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **dict(kwargs, force_model_class_name=NAME))

    # override
    def on_initialize_options(self):
        options.ask_options(self)

    # override
    def plan_placement(self):
        self._take_options()
        plan = placement.plan_placement(
            nn.getCurrentDeviceConfig().devices, self.get_batch_size(), models_on_gpu=True,
            lr_dropout='y', debug=self.is_debug(), networks=[NAME], optimizers=['opt'])
        plan = plan._replace(joined=plan.models)
        return plan._replace(data_format='NCHW') if self.is_exporting else plan

    # override
    def build_training_step(self, placement):
        self._build_graph(placement, defer_weights=True)
        return graph.list_training_fetches(self)

    # override
    def on_initialize(self):
        self.placement = plan = self.plan_placement()
        self.model_data_format = plan.data_format
        self._build_graph(plan)
        # not before: the weights of pretraining are to be loaded
        if self.pretrain_just_disabled:
            self.set_iter(0)
        if self.is_training:
            self._create_generators()
            if self.pretrain_just_disabled:
                self.update_sample_for_preview(force_new=True)

    def _take_options(self) -> None:
        self.face_type = read_face_type(self)
        self.pretrain = self.options['pretrain']

    def _build_graph(self, plan, defer_weights: bool = False) -> None:
        nn.prepare()
        optimizer = None
        if self.is_training:
            nn.set_floatx(nn.tf.float32)
            self.opt = optimizer = nn.RMSprop(lr=LEARNING_RATE, lr_dropout=LR_DROPOUT, name='opt')
        self.model = XSegNet(
            name=NAME, resolution=self.resolution, load_weights=not self.is_first_run(),
            weights_file_root=self.get_model_root_path(), training=self.is_training,
            place_model_on_cpu=plan.models == placement.towers.CPU, optimizer=optimizer,
            data_format=plan.data_format, raise_on_no_model_files=not self.is_training,
            **(dict(defer_weights=True) if defer_weights else {}))
        if self.is_training:
            self.set_batch_size(placement.get_batch_size(plan))
            graph.build_training_graph(self, plan)
            graph.bind_training_functions(self)

    def _create_generators(self) -> None:
        """Feeds (spec 22 section C4): labelled faces of both facesets, then src and dst for the
        previews; in pretraining faces and their gray versions."""
        processors = min(multiprocessing.cpu_count(), MAX_PROCESSORS)
        if self.pretrain:
            self.set_training_data_generators([self._create_pretraining_generator(processors)])
            return
        common = dict(debug=self.is_debug(), batch_size=self.get_batch_size(),
                      generators_count=max(1, processors // 2))
        paths = [self.training_data_src_path, self.training_data_dst_path]
        paks = [self.src_pak_name, self.dst_pak_name]
        labelled = SampleGeneratorFaceXSeg(
            paths, resolution=self.resolution, face_type=self.face_type,
            data_format=nn.data_format, **dict(common, **(
                dict(pak_names=paks) if paks != [None, None] else {})))
        create = partial(
            SampleGeneratorFace, sample_process_options=SampleProcessor.Options(random_flip=False),
            output_sample_types=[dict(self._describe_image('BGR'), warp=False, transform=False,
                                      border_replicate=False)],
            raise_on_no_data=False, **common)
        self.set_training_data_generators([labelled] + [
            create(path, **(dict(pak_name=pak) if pak is not None else {}))
            for path, pak in zip(paths, paks)])

    def _create_pretraining_generator(self, processors: int):
        warped = [dict(self._describe_image(channels), warp=True, transform=True)
                  for channels in ('BGR', 'G')]
        return SampleGeneratorFace(
            self.get_pretraining_data_path(), debug=self.is_debug(),
            batch_size=self.get_batch_size(),
            sample_process_options=SampleProcessor.Options(random_flip=True),
            output_sample_types=warped, uniform_yaw_distribution=False,
            generators_count=processors)

    def _describe_image(self, channels: str) -> dict:
        return dict(sample_type=SampleProcessor.SampleType.FACE_IMAGE,
                    channel_type=SampleProcessor.ChannelType[channels], face_type=self.face_type,
                    data_format=nn.data_format, resolution=self.resolution)

    # override
    def get_model_filename_list(self):
        return self.model.model_filename_list

    # override
    def onSave(self):
        self.model.save_weights()

    # override
    def onTrainOneIter(self):
        """One step; (('loss', mean),)."""
        # the faces of src and dst are for previews only
        for generator in self.generator_list[1:]:
            generator.set_active(False)
        images, masks = self.generate_next_samples()[0]
        for generator in self.generator_list[1:]:
            generator.set_active(True)
        return (('loss', np.mean(self.train(images, masks))),)

    # override
    def get_previews(self):
        """Of the last training faces and new faces of src and dst."""
        if self.last_sample is not None:
            labelled = self.last_sample[:1]
            self.last_sample = labelled + [
                generator.generate_next() if generator.is_initialized() else []
                for generator in self.generator_list[1:]]
        return super().get_previews()

    # override
    def onGetPreview(self, samples, for_history=False):
        return preview.draw_previews(self, samples)

    def export_dfm(self):
        """Writes XSeg_model.onnx (spec 22 section C6)."""
        export.export_model(self)


Model = XSegModel

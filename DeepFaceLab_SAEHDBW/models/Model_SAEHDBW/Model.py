"""SAEHDBW: SAEHD of one channel, in and out (spec 60 section 2)."""
import os

from core.interact import interact as io
from models.loss_chart import STATUS_TEXT_VARIABLE
from models.Model_SAEHD.Model import SAEHDModel
from samplelib import SampleGeneratorFace

# iterations between pictures of the preview history, whatever the resolution
PREVIEW_PERIOD, PREVIEW_PERIOD_COLAB = 500, 200


def describe_parameters(options):
    """The text under the loss chart, as the fork writes it (spec 60 section 2.11)."""
    return ' B:{batch_size} {archi} {face_type} R:{resolution} ' \
        'AEDM[{ae_dims}|{e_dims}|{d_dims}|{d_mask_dims}] Pre:{pretraining}'.format(
            pretraining=int(options['pretrain']), **options)


class SAEHDModelBW(SAEHDModel):
    """Options, layers, losses and file names are SAEHD's; faces are gray, from gray files or
    colour files alike."""

    channels = 1

    # override
    def on_initialize(self):
        super().on_initialize()
        if self.is_training:
            os.environ[STATUS_TEXT_VARIABLE] = describe_parameters(self.options)

    # override
    def get_generator_class(self):
        return SampleGeneratorFace

    # override
    def should_save_preview_history(self):
        period = PREVIEW_PERIOD_COLAB if io.is_colab() else PREVIEW_PERIOD
        return self.iter % self.get_preview_period(period) == 0


Model = SAEHDModelBW

"""AMPBW: AMP of one channel, in and out."""
from models.Model_AMP.Model import AMPModel
from samplelib import SampleGeneratorFace


class AMPModelBW(AMPModel):
    """Options, layers, losses and file names are AMP's; faces are gray."""

    channels = 1

    # override
    def get_generator_class(self):
        return SampleGeneratorFace


Model = AMPModelBW

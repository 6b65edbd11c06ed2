"""Quick96BW: Quick96 of one channel, in and out."""
from models.Model_Quick96.Model import QModel
from samplelib import SampleGeneratorFace


class QModelBW(QModel):
    """Layers, losses and file names are Quick96's; faces are gray."""

    channels = 1

    # override
    def get_generator_class(self):
        return SampleGeneratorFace


Model = QModelBW

"""Faces on disk -> training batches (spec 30). Importing it never imports TensorFlow.

The order of the imports matters: SampleLoader and PackedFaceset reach each other through this
package when they are called.
"""
from .Sample import Sample, SampleType
from .SampleLoader import SampleLoader
from .SampleProcessor import SampleProcessor
from .SampleGeneratorBase import SampleGeneratorBase
from .SampleGeneratorFace import SampleGeneratorFace
from .SampleGeneratorFacePerson import SampleGeneratorFacePerson
from .SampleGeneratorFaceTemporal import SampleGeneratorFaceTemporal
from .SampleGeneratorImage import SampleGeneratorImage
from .SampleGeneratorImageTemporal import SampleGeneratorImageTemporal
from .SampleGeneratorFaceCelebAMaskHQ import SampleGeneratorFaceCelebAMaskHQ
from .SampleGeneratorFaceXSeg import SampleGeneratorFaceXSeg
from .PackedFaceset import PackedFaceset

__all__ = ["Sample", "SampleType", "SampleLoader", "SampleProcessor", "SampleGeneratorBase",
           "SampleGeneratorFace", "SampleGeneratorFacePerson", "SampleGeneratorFaceTemporal",
           "SampleGeneratorImage", "SampleGeneratorImageTemporal",
           "SampleGeneratorFaceCelebAMaskHQ", "SampleGeneratorFaceXSeg", "PackedFaceset"]

"""Faces: types, landmarks, alignment, masks (spec 40). Importing it never imports TensorFlow."""
# FaceType first: LandmarksProcessor imports it while this package is still initialising.
from .FaceType import FaceType
from . import LandmarksProcessor
from .S3FDExtractor import S3FDExtractor
from .FANExtractor import FANExtractor
from .FaceEnhancer import FaceEnhancer
from .XSegNet import XSegNet

__all__ = ["FaceType", "LandmarksProcessor", "S3FDExtractor", "FANExtractor", "FaceEnhancer",
           "XSegNet"]

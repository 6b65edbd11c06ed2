"""Faces: types, landmarks, alignment, masks (spec 40). Importing it never imports TensorFlow."""
# FaceType first: LandmarksProcessor imports it while this package is still initialising.
from .FaceType import FaceType
from . import LandmarksProcessor
from .unbuilt import S3FDExtractor, FANExtractor, FaceEnhancer, XSegNet

__all__ = ["FaceType", "LandmarksProcessor", "S3FDExtractor", "FANExtractor", "FaceEnhancer",
           "XSegNet"]

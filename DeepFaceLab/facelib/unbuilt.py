"""Names of the package whose networks this version does not contain.

Plug-in models and scripts import these names at module level and construct the classes later, so
the import has to succeed and the construction has to say what is missing.
"""
from core.errors import UserError


class UnbuiltComponent:
    """Base of the placeholders: constructing one raises `UserError`."""

    purpose = ""

    def __init__(self, *args, **kwargs):
        raise UserError("facelib.%s (%s) is not part of this version."
                        % (type(self).__name__, self.purpose),
                        ["Use facesets that are already extracted and masked.",
                         "Do this step with an existing DeepFaceLab install: its files are "
                         "read here unchanged."])


class S3FDExtractor(UnbuiltComponent):
    purpose = "face detector"


class FANExtractor(UnbuiltComponent):
    purpose = "landmark detector"


class FaceEnhancer(UnbuiltComponent):
    purpose = "face enhancer"


class XSegNet(UnbuiltComponent):
    purpose = "segmentation network"

"""Frame + prediction -> merged frame. The configuration classes come first: models hand one out.

As attributes of the package these names are classes and functions, in `sys.modules` they are
modules (spec 50 section 1.2), so `from merger.MergerConfig import mode_dict` works too.
"""
from .FrameInfo import FrameInfo
from .MergeAvatar import MergeFaceAvatar
from .MergeMasked import MergeMasked
from .MergerConfig import MergerConfig, MergerConfigFaceAvatar, MergerConfigMasked
from .InteractiveMergerSubprocessor import InteractiveMergerSubprocessor

__all__ = ['FrameInfo', 'InteractiveMergerSubprocessor', 'MergeFaceAvatar', 'MergeMasked',
           'MergerConfig', 'MergerConfigFaceAvatar', 'MergerConfigMasked']

"""Frame + prediction -> merged frame. The configuration classes come first: models hand one out.

As attributes of the package these names are classes, in `sys.modules` they are modules
(spec 50 section 1.2), so `from merger.MergerConfig import mode_dict` works too.
"""
from .MergerConfig import MergerConfig, MergerConfigFaceAvatar, MergerConfigMasked

__all__ = ['MergerConfig', 'MergerConfigFaceAvatar', 'MergerConfigMasked']

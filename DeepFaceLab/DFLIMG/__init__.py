"""The face image: an ordinary JPEG that carries the face's metadata (spec 30 section 2)."""
from .DFLIMG import DFLIMG
from .DFLJPG import DFLJPG

__all__ = ["DFLIMG", "DFLJPG"]

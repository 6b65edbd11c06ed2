"""`from core.interact import interact as io`: the one object that talks to the user."""
from .interact import interact

__all__ = ['interact']

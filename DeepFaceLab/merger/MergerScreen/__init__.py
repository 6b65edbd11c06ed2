"""Pictures in a window, and the keys pressed in it (spec 50 section 11)."""
from .MergerScreen import Screen, ScreenManager
from .sized_screen import HelpScreen, SizedScreen, limit_to_screen

__all__ = ['HelpScreen', 'Screen', 'ScreenManager', 'SizedScreen', 'limit_to_screen']

"""The `io` object: console, windows and progress behind one facade (spec 41 section 2).

There is one backend for each place the program runs; the choice is made once, without importing
OpenCV or opening a display:

    InteractColab      a notebook of Google Colab
    InteractDesktop    a screen; OpenCV windows (checked at the first window)
    InteractHeadless   no screen: windows are accepted and not shown

Environment `DFL_INTERACT` = colab, desktop or headless overrules the detection.
"""
import multiprocessing
from typing import Type

from core.errors import UserError
from core.process_options import INTERACT, get_setting

from .backends import InteractColab, InteractDesktop, InteractHeadless, has_colab, has_display
from .base import InteractBase, yn_str

__all__ = ['InteractBase', 'InteractColab', 'InteractDesktop', 'InteractHeadless',
           'choose_backend', 'interact', 'is_colab', 'yn_str']

BACKENDS = {'colab': InteractColab, 'desktop': InteractDesktop, 'headless': InteractHeadless}


def choose_backend() -> Type[InteractBase]:
    """Class of the backend that fits this process."""
    try:
        name = get_setting(INTERACT)
    except UserError as error:
        # This runs while modules are imported: nobody could show the error in its proper form.
        if multiprocessing.current_process().name == 'MainProcess':
            print(error)
        name = None
    if name is not None:
        return BACKENDS[name]
    if has_colab():
        return InteractColab
    return InteractDesktop if has_display() else InteractHeadless


interact = choose_backend()()
is_colab = interact.is_colab()

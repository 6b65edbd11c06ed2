"""Entry point for face images of any container."""
from pathlib import Path
from typing import Callable, Optional

from .DFLJPG import DFLJPG

_JPG_SUFFIXES = (".jpg", ".jpeg")


class DFLIMG:

    @staticmethod
    def load(filepath: Path,
             loader_func: Optional[Callable[[str], bytes]] = None) -> Optional[DFLJPG]:
        """Face image of the file, or None when it is not a face image or cannot be read.

        Arguments:
            filepath: its suffix decides the container, in any case: `.jpg` or `.jpeg`.
            loader_func: gives the file's bytes in place of reading `filepath`.

        Never raises: what is wrong is logged. (spec 30 section 2.2)
        """
        if filepath.suffix.lower() in _JPG_SUFFIXES:
            return DFLJPG.load(str(filepath), loader_func=loader_func)
        return None

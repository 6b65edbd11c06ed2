"""Qt helpers (spec 51 section 18). Importing this needs PyQt5; see `binding`."""
from .icon_button import QXIconButton, QXMainWindow
from .qsubprocessor import QSubprocessor
from .qtex import (QActionEx, QDarkPalette, QImage_from_np, QImage_to_np, QPixmap_from_np,
                   QPoint_from_np, QPoint_to_np, QSize_to_np)

"""Starts the editor (spec 51 sections 1, 2 and 5). Other programs take its classes from here."""
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from core.errors import UserError
from core.interact import interact as io
from core.qtex import QDarkPalette
from core.qtex.binding import make_application, run_application

from .canvas_operator import (QCanvas, QCanvasControlsLeftBar, QCanvasControlsRightBar,
                              QCanvasOperator)
from .canvas_state import (CanvasConfig, ColorScheme, DragType, OpMode, PTEditMode, ViewLock)
from .loader import LoaderQSubprocessor
from .main_window import MainWindow
from .preview_bar import ImagePreviewSequenceBar
from .QCursorDB import QCursorDB
from .QIconDB import QIconDB
from .QImageDB import QImageDB
from .QStringDB import QStringDB
from .ui_sizes import QUIConfig

__all__ = ["CanvasConfig", "ColorScheme", "DragType", "ImagePreviewSequenceBar",
           "LoaderQSubprocessor", "MainWindow", "OpMode", "PTEditMode", "QCanvas",
           "QCanvasControlsLeftBar", "QCanvasControlsRightBar", "QCanvasOperator", "QUIConfig",
           "ViewLock", "prepare", "start"]

PACK_NAME = "faceset.pak"


def prepare(language=None):
    """The application with everything that windows need. language: en, ru, zh; None: the
    system's."""
    app = make_application("XSegEditor")
    QUIConfig.initialize()
    QStringDB.initialize(language)
    QIconDB.initialize()
    QCursorDB.initialize()
    QImageDB.initialize()
    app.setWindowIcon(QIconDB.app_icon)
    app.setPalette(QDarkPalette())
    return app


def start(input_dirpath: Path, model_dirpath: Optional[Path] = None) -> int:
    """Edit the faces of a folder until the window is closed. 0; 1 for a packed faceset.

    model_dirpath: folder of a trained XSeg model that suggests masks; None: that of the workspace.
    """
    input_dirpath = Path(input_dirpath)
    io.log_info("Running the XSeg editor.")
    if not input_dirpath.is_dir():
        raise UserError("There is no folder {}.".format(input_dirpath),
                        ["Give the folder with the aligned faces: --input-dir"])
    if (input_dirpath / PACK_NAME).exists():
        io.log_info("%s is packed. Unpack it first: util --unpack-faceset --input-dir %s" % (
            input_dirpath / PACK_NAME, input_dirpath))
        return 1
    app = prepare()
    window = MainWindow(input_dirpath, model_dirpath=model_dirpath)
    window.show()
    window.raise_()
    with report_defects(window):
        run_application(app)
    return 0


@contextmanager
def report_defects(window: MainWindow):
    """An exception in a slot is shown and the editor goes on: Qt would end the process, and with it
    the polygon that is being drawn."""
    def report(kind, error, trace) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()      # Ctrl+C in the console: saves as any closing does
            return
        io.log_err("".join(traceback.format_exception(kind, error, trace)))
        window.status.show_message("%s: %s" % (kind.__name__, error))
    previous, sys.excepthook = sys.excepthook, report
    try:
        yield
    finally:
        sys.excepthook = previous

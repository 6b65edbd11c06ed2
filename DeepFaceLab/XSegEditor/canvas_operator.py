"""The canvas with its tools as one widget, as other programs use it (spec 51 sections 2 and 7)."""
from typing import Any, Callable, List, NamedTuple, Optional

import numpy as np

from core.imagelib import SegIEPoly, SegIEPolys, SegIEPolyType
from core.qtex.binding import QtWidgets

from .canvas_model import CanvasModel
from .canvas_state import CanvasConfig, OpMode, PTEditMode, ViewLock
from .canvas_widget import CanvasWidget
from .face_file import fit_mask
from .tool_bars import LEFT, RIGHT, ToolBar


class QCanvasControlsLeftBar(ToolBar):
    """Kind of polygon, undo, redo, delete, points."""

    def __init__(self, extra: Optional[List[Any]] = None) -> None:
        """extra: further buttons, a group of their own."""
        super().__init__(LEFT, extra)


class QCanvasControlsRightBar(ToolBar):
    """What is shown: overlay, colours, masks, view lock."""

    def __init__(self) -> None:
        super().__init__(RIGHT)


ControlBars = NamedTuple("ControlBars", [("left", QCanvasControlsLeftBar),
                                         ("right", QCanvasControlsRightBar)])


class QCanvasOperator(CanvasWidget):
    """The canvas, its model and what a program does to them; `changed` follows every event."""

    def __init__(self, cbar: ControlBars, model: Optional[CanvasModel] = None) -> None:
        """cbar: the tools that show the model's state and act on it. model: None makes one."""
        super().__init__(model or CanvasModel())
        self._bars = cbar
        for bar in cbar:
            bar.attach(self.model, self._after_tool)
        self.changed.connect(self.refresh_tools)
        self.refresh_tools()

    def refresh_tools(self) -> None:
        for bar in self._bars:
            bar.refresh()

    def _after_tool(self) -> None:
        self.refresh()
        self.changed.emit()

    @property
    def ie_polys(self) -> SegIEPolys:
        """The polygons as they are now."""
        return self.model.polys

    def initialize(self, img: np.ndarray, img_look_pt=None, view_scale: Optional[float] = None,
                   ie_polys: Optional[SegIEPolys] = None, xseg_mask: Optional[np.ndarray] = None,
                   canvas_config: Optional[CanvasConfig] = None) -> None:
        """Show a picture.

        img: (h, w, 3) uint8 BGR. img_look_pt: image point in the centre. view_scale: None fits.
        ie_polys: changed in place; None: a new set. xseg_mask: (h, w[, 1]) float 0..1, of any size.
        """
        self.model.config = canvas_config or CanvasConfig()
        mask = fit_mask(xseg_mask, img.shape)
        h, w = img.shape[:2]
        self.model.open_image((w, h), ie_polys, mask is not None, look_pt=img_look_pt,
                              view_scale=view_scale)
        self.show_pictures(img, mask)
        self._after_tool()

    def finalize(self) -> SegIEPolys:
        """End what is under way and empty the canvas; the polygons to store."""
        polys = self.model.close_image()
        self.show_face(None)
        self._after_tool()
        return polys

    def _act(self, function: Callable, *arguments: Any) -> None:
        function(*arguments)
        self._after_tool()

    def set_op_mode(self, mode: OpMode, op_poly: Optional[SegIEPoly] = None) -> None:
        self._act(self.model.set_op_mode, mode, op_poly)

    def set_color_scheme_id(self, scheme_id: int) -> None:
        self._act(self.model.set_color_scheme, scheme_id)

    def set_poly_include_type(self, poly_type: SegIEPolyType) -> None:
        self._act(self.model.set_poly_type, poly_type)

    def set_pt_edit_mode(self, mode: PTEditMode) -> None:
        self._act(self.model.set_pt_edit_mode, mode)

    def set_view_lock(self, lock: ViewLock) -> None:
        self._act(self.model.set_view_lock, lock)


class QCanvas(QtWidgets.QFrame):
    """Tools, canvas (`op`), tools."""

    def __init__(self, model: Optional[CanvasModel] = None,
                 extra: Optional[List[Any]] = None) -> None:
        """model: None makes one. extra: further buttons of the left bar."""
        super().__init__()
        self.bars = ControlBars(QCanvasControlsLeftBar(extra), QCanvasControlsRightBar())
        self.op = QCanvasOperator(self.bars, model)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self.bars.left, 0), (self.op, 1), (self.bars.right, 0)):
            layout.addWidget(widget, stretch)

"""The tools left and right of the canvas (spec 51 sections 6 and 10)."""
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from core.imagelib import SegIEPolyType
from core.qtex import QActionEx
from core.qtex.binding import QtCore, QtWidgets, Qt

from .canvas_model import CanvasModel
from .canvas_state import OpMode, PTEditMode, ViewLock
from .QIconDB import QIconDB
from .QStringDB import QStringDB
from .ui_sizes import QUIConfig

Tool = NamedTuple("Tool", [
    ("icon", str), ("tip", str), ("shortcut", Optional[str]), ("is_checkable", bool),
    ("is_auto_repeat", bool), ("act", Callable[[CanvasModel], Any])])


def make_tool(icon: str, tip: str, shortcut: Optional[str], act: Callable[[CanvasModel], Any],
              is_checkable: bool = False, is_auto_repeat: bool = False) -> Tool:
    return Tool(icon, tip, shortcut, is_checkable, is_auto_repeat, act)


def toggle_pt_edit_mode(model: CanvasModel) -> None:
    model.set_pt_edit_mode(PTEditMode(1 - model.pt_edit_mode))


def toggle_view_lock(model: CanvasModel) -> None:
    model.set_view_lock(ViewLock(1 - model.view_lock))


LEFT = [
    [make_tool("poly_type_include", "btn_poly_type_include_tip", "Q",
               lambda model: model.set_poly_type(SegIEPolyType.INCLUDE), True),
     make_tool("poly_type_exclude", "btn_poly_type_exclude_tip", "W",
               lambda model: model.set_poly_type(SegIEPolyType.EXCLUDE), True)],
    [make_tool("undo_pt", "btn_undo_pt_tip", "Ctrl+Z", CanvasModel.undo, is_auto_repeat=True),
     make_tool("redo_pt", "btn_redo_pt_tip", "Ctrl+Shift+Z", CanvasModel.redo,
               is_auto_repeat=True),
     make_tool("delete_poly", "btn_delete_poly_tip", "Delete", CanvasModel.delete_poly)],
    [make_tool("pt_edit_mode", "btn_pt_edit_mode_tip", None, toggle_pt_edit_mode, True)],
]
RIGHT = [
    [make_tool("view_xseg_overlay", "btn_view_xseg_overlay_mask_tip", "`",
               lambda model: model.set_overlay(not model.is_overlay_on), True)],
    [make_tool("poly_color_red", "btn_poly_color_red_tip", "1",
               lambda model: model.set_color_scheme(0), True),
     make_tool("poly_color_green", "btn_poly_color_green_tip", "2",
               lambda model: model.set_color_scheme(1), True),
     make_tool("poly_color_blue", "btn_poly_color_blue_tip", "3",
               lambda model: model.set_color_scheme(2), True),
     make_tool("view_baked", "btn_view_baked_mask_tip", "4",
               lambda model: model.set_op_mode(OpMode.VIEW_BAKED), True),
     make_tool("view_xseg", "btn_view_xseg_mask_tip", "5",
               lambda model: model.set_op_mode(OpMode.VIEW_XSEG_MASK), True)],
    [make_tool("view_lock_center", "btn_view_lock_center_tip", None, toggle_view_lock, True)],
]


def make_group(buttons: List[Any]) -> QtWidgets.QFrame:
    """Buttons above each other in a frame."""
    frame = QtWidgets.QFrame()
    frame.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
    layout = QtWidgets.QVBoxLayout(frame)
    layout.setContentsMargins(2, 2, 2, 2)
    layout.setSpacing(2)
    for button in buttons:
        layout.addWidget(button)
    return frame


class ToolBar(QtWidgets.QWidget):
    """Groups of tools that show a model's state and act on it, see `attach`."""

    def __init__(self, groups: List[List[Tool]], extra: Optional[List[Any]] = None) -> None:
        """extra: further buttons, a group of their own."""
        super().__init__()
        self._model: Optional[CanvasModel] = None
        self._after: Callable[[], None] = lambda: None
        self.actions_by_name: Dict[str, QActionEx] = {}
        icon_size = QUIConfig.icon_q_size.width()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for group in groups:
            layout.addWidget(make_group([self._make_button(tool, icon_size) for tool in group]))
        if extra:
            layout.addWidget(make_group(extra))
        layout.addStretch(1)

    def attach(self, model: CanvasModel, after: Callable[[], None]) -> None:
        """Act on a model from now on; `after` is called after each act."""
        self._model, self._after = model, after

    def _make_button(self, tool: Tool, icon_size: int) -> QtWidgets.QToolButton:
        action = QActionEx(getattr(QIconDB, tool.icon), getattr(QStringDB, tool.tip),
                           tool.shortcut, lambda: self._act(tool), shortcut_in_tooltip=True,
                           is_checkable=tool.is_checkable, is_auto_repeat=tool.is_auto_repeat)
        self.addAction(action)
        self.actions_by_name[tool.icon] = action
        return make_tool_button(action, icon_size)

    def _act(self, tool: Tool) -> None:
        tool.act(self._model)
        self._after()

    def refresh(self) -> None:
        enabled, checked = self._model.enabled, self._model.checked
        for name, action in self.actions_by_name.items():
            action.setEnabled(name in enabled)
            action.setChecked(name in checked)


def make_tool_button(action, icon_size: int) -> QtWidgets.QToolButton:
    button = QtWidgets.QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QtCore.QSize(icon_size, icon_size))
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setAutoRaise(True)
    return button

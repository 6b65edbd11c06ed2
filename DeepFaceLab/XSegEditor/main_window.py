"""The editor's window: shows the session and passes keys and buttons on (spec 51 sections 5, 6, 10
and 13)."""
import traceback
from pathlib import Path
from typing import Any, Callable, Optional

from core.errors import UserError
from core.interact import interact as io
from core.qtex import QActionEx, QXIconButton, QXMainWindow
from core.qtex.binding import QtCore, QtWidgets, read_modifiers

from .canvas_operator import QCanvas
from .face_list import FaceScan, Filter
from .mask_network import IDLE, MaskNetwork, find_model_folder
from .mask_suggestion import ADDED, FAILED, GONE, MaskSuggester
from .preview_bar import ImagePreviewSequenceBar
from .QIconDB import QIconDB
from .QImageDB import QImageDB
from .QStringDB import QStringDB
from .session import EditorSession
from .settings import Settings
from .status_row import StatusRow
from .tool_bars import make_tool_button
from .ui_sizes import QUIConfig

POLL_MS = 50
DEFAULT_SIZE = (1100, 900)
FRAME_HEIGHT = 40       # of the window's title, which a screen has to hold too


class MainWindow(QXMainWindow):
    """A folder of faces in a window. The first face is shown at once; what is in the others is
    read meanwhile."""

    def __init__(self, input_dirpath: Path, cfg_root_path: Optional[Path] = None,
                 model_dirpath: Optional[Path] = None) -> None:
        """cfg_root_path: folder of the settings; None: the user's. model_dirpath: of the XSeg model
        that suggests masks; None: that of the workspace the faces are in, if there is one."""
        super().__init__()
        self.settings = Settings(cfg_root_path)
        self.session = EditorSession(Path(input_dirpath))
        self.model = self.session.model
        self.suggester = MaskSuggester(self.session, MaskNetwork(
            model_dirpath or find_model_folder(Path(input_dirpath))))
        self.setWindowTitle("XSegEditor - %s" % (input_dirpath,))
        self._build()
        self._restore_geometry()
        self.session.open_first()
        self.scan = FaceScan(self.session.faces.paths)
        self._show_face()
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._poll)
        self._timer.start(POLL_MS)

    # -- parts

    def _build(self) -> None:
        self.add_keyPressEvent_listener(self._read_keys)
        self.add_keyReleaseEvent_listener(self._read_keys)
        extra = [self._make_action("copy_polys", QStringDB.btn_copy_polys_tip, "C", self.copy_polys,
                                   "Shift+C"),
                 self._make_action("mask_polys", QStringDB.btn_mask_polys_tip, "M",
                                   self.suggest_from_mask, "Shift+M")]
        self.face_buttons = list(extra)     # of no use without a face
        self.canvas_frame = QCanvas(self.model, extra)
        self.canvas = self.canvas_frame.op
        self.left_bar, self.right_bar = self.canvas_frame.bars
        self.intro = QtWidgets.QLabel(self.canvas)
        self.intro.setPixmap(QImageDB.intro)
        self.status = StatusRow(self.settings, self.choose_filter)
        for keys, act in (("Ctrl+S", self.save), ("F5", self.reload), ("F", self.cycle_filter)):
            action = QActionEx(QIconDB.app_icon, keys, keys, act)
            action.setParent(self)      # else it would not live on
            self.addAction(action)

        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.canvas_frame, 1)
        layout.addWidget(self.status)
        layout.addLayout(self._build_preview_row())
        self.canvas.changed.connect(self.refresh)

    def _make_action(self, icon: str, tip: str, key: str, act: Callable[[], None],
                     second_key: Optional[str] = None) -> QtWidgets.QToolButton:
        action = QActionEx(getattr(QIconDB, icon), tip, key, act, shortcut_in_tooltip=True)
        if second_key is not None:
            action.setShortcuts([key, second_key])
        action.setParent(self)
        self.addAction(action)
        return make_tool_button(action, QUIConfig.icon_q_size.width())

    def _build_preview_row(self) -> QtWidgets.QHBoxLayout:
        size = QUIConfig.preview_bar_icon_q_size
        self.preview_bar = ImagePreviewSequenceBar(icon_size=size.width())
        self.previous_button = QXIconButton(QIconDB.left, QStringDB.btn_prev_image_tip, "A",
                                            self.go_previous)
        self.next_button = QXIconButton(QIconDB.right, QStringDB.btn_next_image_tip, "D",
                                        self.go_next)
        self.trash_button = QXIconButton(QIconDB.trashcan, QStringDB.btn_delete_image_tip, "X",
                                         self.trash)
        row = QtWidgets.QHBoxLayout()
        row.addSpacing(size.width())
        row.addStretch(1)
        for widget in (self.previous_button, self.preview_bar, self.next_button):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.trash_button)
        for button in (self.previous_button, self.next_button, self.trash_button):
            button.setIconSize(size)
        self.face_buttons.append(self.trash_button)
        return row

    def _restore_geometry(self) -> None:
        screen = QtWidgets.QApplication.primaryScreen().availableGeometry()
        self.resize(min(DEFAULT_SIZE[0], screen.width()),
                    min(DEFAULT_SIZE[1], screen.height() - FRAME_HEIGHT))
        if self.settings.geometry is None or not self.restoreGeometry(
                QtCore.QByteArray(self.settings.geometry)):
            self.move(0, 0)

    # -- showing

    def _show_face(self) -> None:
        self.canvas.show_face(self.session.opened)
        if self.session.failed:
            self.status.show_message(QStringDB.state_failed % (self.session.failed,))
        self.preview_bar.refresh(self.session.faces)
        self._after_tool()

    def refresh(self) -> None:
        """Texts, from the state of the session."""
        for button in self.face_buttons:
            button.setEnabled(self.session.opened is not None)
        self.intro.setVisible(self.session.opened is None)
        self.intro.move((self.canvas.width() - self.intro.width()) // 2,
                        (self.canvas.height() - self.intro.height()) // 2)
        self.status.refresh(self.session, self.scan.done if hasattr(self, "scan") else 0,
                            hasattr(self, "scan") and self.scan.is_finished)

    def _after_tool(self) -> None:
        """The model was changed by other things than the canvas."""
        self.canvas.refresh()
        self.canvas.refresh_tools()
        self.refresh()

    def _poll(self) -> None:
        """What the reading threads have found."""
        if self.scan.take(self.session.faces):
            self.refresh()
            if self.scan.is_finished and self.scan.left_out:
                io.log_info("%d pictures in %s have no face data and are left out." % (
                    self.scan.left_out, self.session.faces.folder))
            if self.session.faces.filter != Filter.ALL:
                self.preview_bar.refresh(self.session.faces)
        if self.preview_bar.reader.has_news():
            self.preview_bar.refresh(self.session.faces)
        self._show_suggestion()

    def _read_keys(self, ev) -> None:
        self.model.set_modifiers(*read_modifiers(ev))
        self._after_tool()

    # -- commands

    def show_error(self, error: UserError) -> None:
        self.status.show_message(error.what)
        QtWidgets.QMessageBox.warning(self, "XSegEditor", str(error))

    def _run(self, act: Callable[[], Any]) -> Any:
        """A command of the session; what stops it is shown, and the face stays."""
        self.status.show_message("")
        result = None
        try:
            result = act()
        except UserError as error:
            self._show_face()
            self.show_error(error)
        else:
            self._show_face()
        return result

    def _choose_step(self) -> tuple:
        """(faces to pass, only those with polygons), from the keys held now."""
        is_ctrl, is_shift = read_modifiers()
        return (self.settings.step if is_shift else 1), is_ctrl

    def go_next(self) -> None:
        self._run(lambda: self.session.go_next(*self._choose_step()))

    def go_previous(self) -> None:
        self._run(lambda: self.session.go_previous(*self._choose_step()))

    def trash(self) -> None:
        self._run(self.session.trash)

    def save(self) -> None:
        def act() -> bool:
            self.session.save(is_forced=True)
            return True
        if self._run(act):
            self.status.show_message(QStringDB.state_saved)

    def reload(self) -> None:
        self._run(self.session.reload)

    def copy_polys(self) -> None:
        count = self._choose_step()[0]
        copied = self._run(lambda: self.session.copy_to_next(count))
        if copied is not None:
            self.status.show_message(QStringDB.state_copied % (copied, count))

    def suggest_from_mask(self) -> None:
        """Of the stored mask; without one, or with Shift held, of one that is computed now."""
        opened, is_shift = self.session.opened, read_modifiers()[1]
        if opened is not None and opened.xseg_mask is not None and not is_shift:
            if self._run(self.session.suggest_from_mask) == 0:
                self.status.show_message(QStringDB.mask_empty)
            return
        self.status.show_message("")
        try:
            self.suggester.ask()
        except UserError as error:
            self.status.show_error(error)
        self._after_tool()
        self._show_suggestion()

    def _show_suggestion(self) -> None:
        """What the network is at, and what has come of it."""
        network = self.suggester.network
        state, path = network.state, network.path
        self.status.show_work("" if state == IDLE or path is None else getattr(
            QStringDB, "mask_" + state) % (path.name, network.seconds))
        outcome = self.suggester.take()
        if outcome is None:
            return
        if outcome.kind == FAILED:
            self.status.show_error(outcome.error)
            io.log_err(str(outcome.error))
            return
        arguments = {ADDED: (outcome.count,), GONE: (outcome.path.name,)}.get(outcome.kind, ())
        self.status.show_message(getattr(QStringDB, "mask_" + outcome.kind) % arguments)
        self._after_tool()

    def choose_filter(self, chosen: Filter) -> None:
        self._run(lambda: self.session.set_filter(chosen))

    def cycle_filter(self) -> None:
        self.choose_filter(Filter((self.session.faces.filter + 1) % len(Filter)))

    # -- the end

    def resizeEvent(self, ev) -> None:
        super().resizeEvent(ev)
        self.refresh()

    def confirm_loss(self) -> bool:
        buttons = QtWidgets.QMessageBox.StandardButton
        answer = QtWidgets.QMessageBox.question(
            self, QStringDB.close_title, QStringDB.close_question, buttons.Yes | buttons.No,
            buttons.No)     # Enter, pressed by habit, loses nothing
        return answer == buttons.Yes

    def closeEvent(self, ev) -> None:
        """Saves the open face; where that fails the user decides."""
        try:
            self.session.save()
        except Exception as error:  # noqa: BLE001 whatever it is, the polygons are not stored
            if not isinstance(error, UserError):
                io.log_err(traceback.format_exc())
            self.show_error(error if isinstance(error, UserError) else UserError(
                "The polygons are not stored ({}: {})".format(type(error).__name__, error)))
            if not self.confirm_loss():
                ev.ignore()
                return
        self.settings.geometry = bytes(self.saveGeometry())
        self.settings.save()
        self._timer.stop()
        self.suggester.network.close()
        self.scan.stop()
        self.preview_bar.reader.stop()
        QXMainWindow.inst = None
        ev.accept()

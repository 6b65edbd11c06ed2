"""The lines below the canvas: step, filter, file, what is in it, counts; the last message (spec 51
sections 6 and 20)."""
from typing import Callable

from core.errors import UserError
from core.qtex.binding import Qt, QtGui, QtWidgets

from .face_list import Filter
from .QStringDB import QStringDB
from .session import EditorSession
from .settings import MAX_STEP, MIN_STEP, Settings

NAME_WIDTH, WORK_WIDTH = 320, 640   # pixels of texts that would widen the window, with long names


class StepBox(QtWidgets.QSpinBox):
    """Gives the keyboard back to the editor after Enter, with a further click, and at its ends."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setRange(MIN_STEP, MAX_STEP)
        self.setValue(settings.step)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setToolTip(QStringDB.spinner_label_tip)
        self._settings = settings
        self._had_focus = False     # at the last click
        self.valueChanged.connect(self._keep)
        self.lineEdit().returnPressed.connect(self.clearFocus)

    def _keep(self, value: int) -> None:
        self._settings.step = value
        if value in (MIN_STEP, MAX_STEP):
            self.clearFocus()

    def mousePressEvent(self, ev) -> None:
        super().mousePressEvent(ev)
        if self._had_focus and ev.button() == Qt.MouseButton.LeftButton:
            self.clearFocus()
        self._had_focus = self.hasFocus()

    def focusOutEvent(self, ev) -> None:
        super().focusOutEvent(ev)
        self._had_focus = False


class StatusRow(QtWidgets.QWidget):
    """`choose_filter` is called with the Filter that the user picked."""

    def __init__(self, settings: Settings, choose_filter: Callable[[Filter], None]) -> None:
        super().__init__()
        self.step_box = StepBox(settings)
        self.filter_box = QtWidgets.QComboBox()
        self.filter_box.addItems([QStringDB.filter_all, QStringDB.filter_with,
                                  QStringDB.filter_without])
        self.filter_box.setToolTip(QStringDB.filter_tip + " (F)")
        self.filter_box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.filter_box.activated.connect(lambda number: choose_filter(Filter(number)))
        self.file_label, self.state_label = QtWidgets.QLabel(), QtWidgets.QLabel()
        self.message_label, self.count_label = QtWidgets.QLabel(), QtWidgets.QLabel()
        self.file_label.setFont(QtGui.QFont("Courier New"))
        self.message_label.setStyleSheet("color: #ffc060")
        # Two lines at all times, so that the canvas keeps its size; the tip shows a longer text.
        self.message_label.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored,
                                         QtWidgets.QSizePolicy.Policy.Fixed)
        self.message_label.setWordWrap(True)
        self.message_label.setFixedHeight(2 * self.message_label.fontMetrics().lineSpacing())
        self.message_label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(14)
        for widget in (QtWidgets.QLabel(QStringDB.spinner_label), self.step_box, self.filter_box):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.file_label)
        row.addWidget(self.state_label)
        row.addStretch(1)
        row.addWidget(self.count_label)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(2)
        self.work_label, self.work_bar = QtWidgets.QLabel(), QtWidgets.QProgressBar()
        self.work_bar.setRange(0, 0)    # busy, for nobody knows how long
        self.work_bar.setFixedSize(80, 12)
        self.work_bar.setTextVisible(False)
        messages = QtWidgets.QHBoxLayout()
        messages.setSpacing(8)
        messages.addWidget(self.message_label, 1)
        messages.addWidget(self.work_label)
        messages.addWidget(self.work_bar)
        layout.addLayout(row)
        layout.addLayout(messages)
        self.show_work("")

    def show_message(self, text: str) -> None:
        self.message_label.setText(text)
        self.message_label.setToolTip(text)

    def show_error(self, error: UserError) -> None:
        """What happened and what to do, in one line."""
        self.show_message(" - ".join([error.what.strip().splitlines()[-1]] + error.remedies[:2]))
        self.message_label.setToolTip(str(error))

    def show_work(self, text: str) -> None:
        """What goes on beside the editor; "": nothing."""
        self.work_label.setText(shorten(self.work_label, text, WORK_WIDTH))
        self.work_bar.setVisible(bool(text))

    def refresh(self, session: EditorSession, scanned: int, is_scanned: bool) -> None:
        faces = session.faces
        self.filter_box.setCurrentIndex(int(faces.filter))
        name = "" if session.opened is None else session.opened.path.name
        self.file_label.setText(shorten(self.file_label, name, NAME_WIDTH))
        self.file_label.setToolTip(name)
        self.state_label.setText(describe_face(session))
        total = len(faces.paths)
        parts = ["%d / %d" % (min(faces.index + 1, total), total),
                 "%d %s" % (faces.count_labelled(), QStringDB.labeled_tip)]
        if not is_scanned:
            # files that are no faces are read too, and leave the list
            part = min(100, 100 * scanned // max(1, total))
            parts.append("%s %d%%" % (QStringDB.loading_tip, part))
        self.count_label.setText("   ".join(parts))


def shorten(label, text: str, width: int) -> str:
    """With dots in its middle, if a label would take more pixels for it."""
    return label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, width)


def describe_face(session: EditorSession) -> str:
    """What the shown face has: polygons of both kinds, a trained mask."""
    if session.opened is None:
        return QStringDB.state_end if session.faces.paths else QStringDB.state_empty
    types = [int(poly.get_type()) for poly in session.model.polys]
    polys = (QStringDB.state_polys % (types.count(1), types.count(0)) if types
             else QStringDB.state_no_polys)
    mask = (QStringDB.state_no_mask if session.opened.xseg_mask is None
            else QStringDB.state_mask)
    return "%s, %s" % (polys, mask)

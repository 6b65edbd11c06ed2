"""Parts of the editor's window: places, sizes, tips, colours, the field of the step (spec 51
sections 6, 10, 17, 18 and 20)."""
import pytest

import qt_support as qt
from core import qtex
from core.qtex import QXMainWindow
from core.qtex.binding import QtWidgets
from xseg_support import write_labelled_faces
from XSegEditor import XSegEditor as editor
from XSegEditor.tool_bars import LEFT, RIGHT

GROUPS = {"left": [["poly_type_include", "poly_type_exclude"],
                   ["undo_pt", "redo_pt", "delete_poly"], ["pt_edit_mode"]],
          "right": [["view_xseg_overlay"],
                    ["poly_color_red", "poly_color_green", "poly_color_blue", "view_baked",
                     "view_xseg"], ["view_lock_center"]]}
KEYS = {"poly_type_include": "Q", "poly_type_exclude": "W", "undo_pt": "Ctrl+Z",
        "redo_pt": "Ctrl+Shift+Z", "delete_poly": "Delete", "pt_edit_mode": None,
        "view_xseg_overlay": "`", "poly_color_red": "1", "poly_color_green": "2",
        "poly_color_blue": "3", "view_baked": "4", "view_xseg": "5", "view_lock_center": None}
PALETTE = {(53, 53, 53): ["Window", "AlternateBase", "Button"], (25, 25, 25): ["Base"],
           (200, 200, 200): ["WindowText", "ToolTipBase", "ToolTipText", "Text"],
           (255, 255, 255): ["ButtonText"], (255, 0, 0): ["BrightText"],
           (42, 130, 218): ["Link", "Highlight"], (0, 0, 0): ["HighlightedText"]}


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    place = tmp_path_factory.mktemp("layout")
    folder = write_labelled_faces(place / "aligned", "src", 0, 3)
    qt.start_application()
    editor.prepare("en")
    window = editor.MainWindow(folder, place)
    window.show()
    assert qt.wait_until(lambda: window.scan.is_finished and window.canvas.width() > 300)
    yield window
    window.close()
    QXMainWindow.inst = None


def find_place(window, widget):
    """(x, y) of the middle of a widget in the window."""
    middle = widget.mapTo(window, widget.rect().center())
    return middle.x(), middle.y()


def test_groups_of_tools():
    for groups, names in ((LEFT, GROUPS["left"]), (RIGHT, GROUPS["right"])):
        assert [[tool.icon for tool in group] for group in groups] == names
        for tool in sum(groups, []):
            assert tool.shortcut == KEYS[tool.icon]
            assert tool.is_auto_repeat == (tool.icon in ("undo_pt", "redo_pt"))


def test_window_fits_its_screen_and_long_names_do_not_widen_it(window):
    screen = QtWidgets.QApplication.primaryScreen().availableGeometry()
    least = window.minimumSizeHint()
    assert window.width() <= max(least.width(), screen.width())
    assert window.height() <= max(least.height(), screen.height() - 40)
    opened = window.session.opened
    window.session.opened = opened._replace(path=opened.path.with_name("x" * 300 + ".jpg"))
    window.status.show_work("a mask of %s" % ("y" * 300))
    window.refresh()
    assert window.minimumSizeHint().width() < least.width() + 400
    assert window.status.file_label.toolTip() == "x" * 300 + ".jpg"
    window.session.opened = opened
    window.status.show_work("")
    window.refresh()


def test_rows_and_columns(window):
    left, canvas, right, status, previews = (find_place(window, widget) for widget in (
        window.left_bar, window.canvas, window.right_bar, window.status, window.preview_bar))
    assert left[0] < canvas[0] < right[0]
    assert canvas[1] < status[1] < previews[1]
    buttons = [find_place(window, button)[0] for button in (
        window.previous_button, window.preview_bar, window.next_button, window.trash_button)]
    assert buttons == sorted(buttons)
    assert window.canvas.width() > 0.8 * window.width()


def test_thumbnails(window):
    labels = window.preview_bar.labels
    assert [label.width() for label in labels] == [64] * 4 + [80] + [64] * 4
    assert [label.graphicsEffect() is None for label in labels].index(True) == 4
    assert labels[0].graphicsEffect().opacity() == 0.5
    assert qt.wait_until(lambda: all(labels[number].pixmap() is not None
                                     and not labels[number].pixmap().isNull()
                                     for number in (4, 5, 6)))
    assert labels[3].pixmap() is None or labels[3].pixmap().isNull()    # nothing before the first
    assert [label.toolTip() for label in labels[4:7]] == [
        "00000_0.jpg", "00001_0.jpg", "00002_0.jpg"]


def test_sizes_of_icons(window):
    for bar in (window.left_bar, window.right_bar):
        for button in bar.findChildren(QtWidgets.QToolButton):
            assert button.iconSize().width() == 48
    for button in (window.previous_button, window.next_button, window.trash_button):
        assert button.iconSize().width() == 64


def test_tips_name_the_keys(window):
    for bar in (window.left_bar, window.right_bar):
        for name, action in bar.actions_by_name.items():
            if KEYS[name] is not None:
                assert action.toolTip().endswith(": %s)" % KEYS[name]), name
    for button, key in ((window.previous_button, "A"), (window.next_button, "D"),
                        (window.trash_button, "X")):
        assert button.toolTip().endswith(": %s)" % key)


def test_status_tells_file_and_counts(window):
    assert window.status.file_label.text() == "00000_0.jpg"
    assert window.status.file_label.font().family() == "Courier New"
    assert "1 / 3" in window.status.count_label.text()
    assert "3 with polygons" in window.status.count_label.text()


def test_field_of_the_step(window):
    box = window.status.step_box
    assert (box.minimum(), box.maximum(), box.singleStep()) == (5, 500, 1)
    assert box.focusPolicy() == qt.Qt.FocusPolicy.ClickFocus
    window.activateWindow()
    for leave in (lambda: box.setValue(500), lambda: box.setValue(5),
                  lambda: qt.QtTest.QTest.keyClick(box.lineEdit(), qt.Qt.Key.Key_Return)):
        box.setValue(20)
        box.setFocus()
        assert qt.wait_until(box.hasFocus)
        leave()
        assert not box.hasFocus()
        assert window.settings.step == box.value()
    box.setValue(5)


def test_palette():
    palette = qtex.QDarkPalette()
    for rgb, roles in PALETTE.items():
        for role in roles:
            color = palette.color(getattr(qt.QtGui.QPalette.ColorRole, role))
            assert color.getRgb()[:3] == rgb, role


def test_application_has_its_name_and_style():
    app = editor.prepare("en")
    assert app.style().objectName().lower() == "fusion"
    assert not app.windowIcon().isNull()

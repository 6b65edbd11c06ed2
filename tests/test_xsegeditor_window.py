"""The editor's windows with real Qt events (spec 51 sections 5 to 15)."""
import shutil
import sys
import traceback

import numpy as np
import pytest

import qt_support as qt
import xseg_network_support as servers
from core.errors import UserError
from core.imagelib import SegIEPolys, SegIEPolyType
from core.qtex import QXMainWindow
from core.qtex.binding import QtCore
from DFLIMG import DFLJPG
from xseg_support import write_labelled_faces
from XSegEditor import XSegEditor as editor
from XSegEditor import main_window
from XSegEditor.canvas_state import OpMode, PTEditMode, ViewLock
from XSegEditor.face_list import Filter
from XSegEditor.mask_network import MaskNetwork

INCLUDE = [(60, 40), (200, 44), (190, 210), (70, 200)]      # pixels of the face
EXCLUDE = [(100, 100), (150, 104), (120, 150)]
AWAY = (5, 5)


@pytest.fixture(scope="module")
def bare_faces(tmp_path_factory):
    """Five faces, the last one with a polygon."""
    folder = write_labelled_faces(tmp_path_factory.mktemp("bare") / "aligned", "src", 0, 5)
    for path in sorted(folder.glob("*.jpg"))[:-1]:
        face = DFLJPG.load(str(path))
        face.set_seg_ie_polys(None)
        face.save()
    return folder


@pytest.fixture
def folder(bare_faces, tmp_path):
    shutil.copytree(str(bare_faces), str(tmp_path / "aligned"))
    return tmp_path / "aligned"


@pytest.fixture
def defects(monkeypatch):
    """Exceptions in slots, which Qt would end the process for."""
    found = []
    monkeypatch.setattr(sys, "excepthook",
                        lambda *info: found.append("".join(traceback.format_exception(*info))))
    yield found
    assert found == []


def open_window(folder, settings):
    """The editor with its first face on the screen and all files read; `errors` collects what it
    would show in boxes."""
    qt.start_application()
    editor.prepare("en")
    window = editor.MainWindow(folder, settings)
    window.errors = []
    window.show_error = lambda error: window.errors.append(str(error))
    window.confirm_loss = lambda: True
    window.show()
    assert qt.wait_until(lambda: window.scan.is_finished and window.canvas.width() > 300)
    return window


@pytest.fixture
def window(folder, tmp_path, defects):
    window = open_window(folder, tmp_path / "settings")
    yield window
    window.close()
    QXMainWindow.inst = None


def to_canvas(window, pt):
    return window.model.view.to_client(pt)


def draw(window, corners):
    """Clicks the corners, then the first one again, then beside the polygon."""
    for pt in corners + corners[:1]:
        qt.click(window.canvas, to_canvas(window, pt))
    qt.click(window.canvas, AWAY)


def read_polys(folder, number):
    return DFLJPG.load(str(folder / ("%05d_0.jpg" % number))).get_seg_ie_polys()


def test_two_polygons_are_drawn_saved_and_found_again(window, folder):
    before = DFLJPG.load(str(folder / "00000_0.jpg")).get_dict()
    qt.press_key(window, "W")
    draw(window, EXCLUDE)
    qt.press_key(window, "Q")
    draw(window, INCLUDE)
    assert window.model.op_mode == OpMode.NONE
    qt.press_key(window, "D")
    assert window.session.opened.path.name == "00001_0.jpg"
    face = DFLJPG.load(str(folder / "00000_0.jpg"))
    polys = face.get_seg_ie_polys()
    assert [poly.get_type() for poly in polys] == [SegIEPolyType.INCLUDE, SegIEPolyType.EXCLUDE]
    for poly, drawn in zip(polys, (INCLUDE, EXCLUDE)):
        np.testing.assert_allclose(poly.get_pts(), drawn, atol=0.5)     # a pixel of the screen
    face.get_dict().pop("seg_ie_polys")
    assert sorted(face.get_dict()) == sorted(before)
    mask = np.zeros((256, 256, 1), np.float32)
    polys.overlay_mask(mask)
    assert mask[60, 100, 0] == 1 and mask[120, 120, 0] == 0 and mask[20, 20, 0] == 0

    qt.press_key(window, "A")       # back: what is shown is what was saved
    assert window.session.opened.path.name == "00000_0.jpg"
    qt.press_key(window, "4")
    assert window.model.op_mode == OpMode.VIEW_BAKED
    shown = grab_canvas(window)
    for x in range(10, 250, 10):
        for y in range(10, 250, 10):
            around = mask[y - 2:y + 3, x - 2:x + 3, 0]
            if around.min() == around.max():
                cx, cy = (int(v) for v in to_canvas(window, (x + 0.5, y + 0.5)))
                assert shown[cy, cx, 0] == 255 * mask[y, x, 0], (x, y)
    assert window.errors == []


def grab_canvas(window):
    """(h, w, 3) pixels of the canvas as they are on the screen."""
    from core.qtex import QImage_to_np
    return QImage_to_np(window.canvas.grab().toImage())


def test_thirty_faces_each_with_two_polygons(bare_faces, tmp_path, defects):
    folder = tmp_path / "aligned"
    folder.mkdir()
    for number in range(30):
        shutil.copy(str(bare_faces / ("%05d_0.jpg" % (number % 4,))),
                    str(folder / ("%05d_0.jpg" % number)))
    window = open_window(folder, tmp_path)
    for number in range(30):
        assert window.session.opened.path.name == "%05d_0.jpg" % number
        draw(window, INCLUDE)
        qt.press_key(window, "W")
        draw(window, EXCLUDE)
        qt.press_key(window, "D")
    assert window.session.opened is None and window.session.faces.count_labelled() == 30
    window.close()
    wanted = np.zeros((256, 256, 1), np.float32)
    read_polys(folder, 0).overlay_mask(wanted)
    assert 0.2 < wanted.mean() < 0.5 and wanted[120, 120, 0] == 0
    for number in range(1, 30):
        mask = np.zeros((256, 256, 1), np.float32)
        read_polys(folder, number).overlay_mask(mask)
        np.testing.assert_array_equal(mask, wanted)
    for path in folder.iterdir():
        source = bare_faces / ("%05d_0.jpg" % (int(path.stem[:5]) % 4,))
        saved, before = (DFLJPG.load(str(name)).get_dict() for name in (path, source))
        assert len(saved.pop("seg_ie_polys")["polys"]) == 2
        assert list(saved) == list(before)
        for key in before:
            np.testing.assert_array_equal(saved[key], before[key])


def test_window_that_cannot_save_closes_only_when_told_to(window, folder):
    draw(window, INCLUDE)
    (folder / "00000_0.jpg").unlink()
    window.confirm_loss = lambda: False
    window.close()
    assert "is gone" in window.errors.pop() and window.isVisible()
    window.confirm_loss = lambda: True
    window.close()
    assert not window.isVisible()
    window.errors.clear()


def close_box():
    box = qt.QtWidgets.QApplication.activeModalWidget()
    if box is not None:
        box.close()


def test_message_comes_once_however_long_the_key_is_held(window, folder):
    """Its release goes to the message."""
    del window.show_error
    draw(window, INCLUDE)
    (folder / "00000_0.jpg").unlink()
    for delay in (600, 700, 800):
        QtCore.QTimer.singleShot(delay, close_box)
    qt.QtTest.QTest.keyPress(window, qt.Qt.Key.Key_D)
    assert qt.QtWidgets.QApplication.activeModalWidget() is None
    assert not window.next_button.isDown()
    assert window.session.opened.path.name == "00000_0.jpg"
    window.activateWindow()
    assert qt.wait_until(window.isActiveWindow)
    qt.press_key(window, "F5")      # as the message says
    assert window.session.opened.path.name == "00001_0.jpg"


def test_question_before_polygons_are_dropped_is_answered_with_no_by_habit(window, monkeypatch):
    del window.confirm_loss
    asked = []
    monkeypatch.setattr(qt.QtWidgets.QMessageBox, "question",
                        lambda *arguments: asked.append(arguments) or arguments[-1])
    assert window.confirm_loss() is False
    assert asked[0][-1] == qt.QtWidgets.QMessageBox.StandardButton.No


def test_defect_while_saving_does_not_close_the_window(window, monkeypatch, capsys):
    def fail():
        raise ValueError("odd")
    draw(window, INCLUDE)
    window.confirm_loss = lambda: False
    with monkeypatch.context() as patch:
        patch.setattr(window.session, "save", fail)
        window.close()
    assert window.isVisible() and "ValueError: odd" in window.errors.pop()
    assert "odd" in "".join(capsys.readouterr())


def test_interrupt_in_the_console_saves_and_closes(window, folder):
    draw(window, INCLUDE)
    with editor.report_defects(window):
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert not window.isVisible() and len(read_polys(folder, 0).get_polys()) == 1


def test_defect_is_shown_and_the_editor_goes_on(window, capsys):
    with editor.report_defects(window):
        sys.excepthook(ValueError, ValueError("odd"), None)
    assert window.status.message_label.text() == "ValueError: odd"
    assert "odd" in "".join(capsys.readouterr()) and window.isVisible()


def test_closing_saves(window, folder):
    draw(window, INCLUDE)
    window.close()
    assert len(read_polys(folder, 0).get_polys()) == 1
    assert main_window.Settings(window.settings.path.parent).geometry


def test_unfinished_polygon_is_closed_by_going_on(window, folder):
    for pt in INCLUDE[:3]:
        qt.click(window.canvas, to_canvas(window, pt))
    qt.click(window.next_button, (10, 10))
    assert read_polys(folder, 0).get_poly(0).get_pts_count() == 3


def test_keys_and_tools(window):
    model = window.model
    for key, scheme in (("1", 0), ("3", 2), ("2", 1)):
        qt.press_key(window, key)
        assert model.color_scheme_id == scheme
    qt.press_key(window, "QuoteLeft")
    assert model.is_overlay_on
    qt.press_key(window, "5")
    assert model.op_mode == OpMode.VIEW_XSEG_MASK
    assert window.right_bar.actions_by_name["view_xseg"].isChecked()
    qt.press_key(window, "2")
    qt.click(window.canvas, to_canvas(window, INCLUDE[0]))
    qt.click(window.canvas, to_canvas(window, INCLUDE[1]))
    control = qt.Qt.KeyboardModifier.ControlModifier
    assert window.left_bar.actions_by_name["undo_pt"].isEnabled()
    qt.press_key(window, "Z", control)
    assert model.op_poly.get_pts_count() == 1
    qt.press_key(window, "Z", control | qt.Qt.KeyboardModifier.ShiftModifier)
    assert model.op_poly.get_pts_count() == 2
    qt.press_key(window, "Z", control)
    qt.press_key(window, "Z", control)
    assert model.op_mode == OpMode.NONE and not model.polys.has_polys()


def test_points_are_moved_added_and_deleted(window):
    model, canvas = window.model, window.canvas
    draw(window, INCLUDE)
    qt.click(canvas, to_canvas(window, (130, 42)))      # the line
    assert model.op_mode == OpMode.EDIT_PTS
    qt.drag(canvas, to_canvas(window, INCLUDE[0]), to_canvas(window, (80, 60)))
    np.testing.assert_allclose(model.op_poly.get_pts()[0], (80, 60), atol=0.8)
    control = qt.Qt.KeyboardModifier.ControlModifier
    qt.QtTest.QTest.keyPress(window, qt.Qt.Key.Key_Control)
    assert model.pt_edit_mode == PTEditMode.ADD_DEL
    qt.click(canvas, to_canvas(window, (140, 52)), control)
    assert model.op_poly.get_pts_count() == 5
    qt.click(canvas, to_canvas(window, INCLUDE[2]), control)
    assert model.op_poly.get_pts_count() == 4
    # released while another window has the keyboard: the next move of the mouse tells
    qt.send_move(canvas, AWAY)
    assert model.pt_edit_mode == PTEditMode.MOVE
    qt.press_key(window, "Delete")
    assert not model.polys.has_polys()


def test_wheel_middle_button_and_view_lock(window):
    model, canvas = window.model, window.canvas
    scale = model.view.scale
    qt.turn_wheel(canvas, (200, 200), 1)
    assert abs(model.view.scale - (scale + 0.2 + scale / 10)) < 1e-6
    look = model.view.look.copy()
    qt.drag(canvas, (300, 300), (340, 320), qt.MIDDLE)
    np.testing.assert_allclose(model.view.look, look - np.float64((40, 20)) / model.view.scale)
    qt.click(canvas, (300, 300))
    qt.QtTest.QTest.keyPress(window, qt.Qt.Key.Key_Shift)
    assert model.view_lock == ViewLock.CENTER
    np.testing.assert_allclose(to_canvas(window, model.op_poly.get_pts()[0]), model.view.center,
                               atol=1)
    qt.QtTest.QTest.keyRelease(window, qt.Qt.Key.Key_Shift)
    assert model.view_lock == ViewLock.NONE


def find_pointer(window):
    return qt.QtGui.QCursor.pos() - window.canvas.mapToGlobal(QtCore.QPoint(0, 0))


def test_pointer_follows_the_picture(window):
    """Zooming out and the view lock move the mouse itself."""
    model, canvas = window.model, window.canvas
    qt.turn_wheel(canvas, (200, 260), -1)
    scale = window.model.view.scale
    pointer = find_pointer(window)
    wanted = model.view.center + ((200, 260) - model.view.center) * (
        scale / ((scale + 0.2) / 0.9))
    np.testing.assert_allclose((pointer.x(), pointer.y()), wanted, atol=1)
    qt.click(canvas, (500, 300))
    qt.QtTest.QTest.keyPress(window, qt.Qt.Key.Key_Shift)
    qt.send_move(canvas, (700, 350), qt.Qt.KeyboardModifier.ShiftModifier)
    pointer = find_pointer(window)
    np.testing.assert_allclose((pointer.x(), pointer.y()), model.view.center, atol=1)


def test_pointer_has_the_shape_of_the_mode(window):
    canvas, shapes = window.canvas, qt.Qt.CursorShape
    qt.send_move(canvas, AWAY)
    assert canvas.cursor().shape() == shapes.BitmapCursor
    draw(window, INCLUDE)
    qt.send_move(canvas, to_canvas(window, INCLUDE[0]))
    assert canvas.cursor().shape() == shapes.PointingHandCursor
    qt.QtTest.QTest.mousePress(canvas, qt.MIDDLE, qt.NO_KEYS, qt.make_pixel(AWAY))
    assert canvas.cursor().shape() == shapes.ClosedHandCursor
    qt.QtTest.QTest.mouseRelease(canvas, qt.MIDDLE, qt.NO_KEYS, qt.make_pixel(AWAY))
    qt.press_key(window, "4")
    assert canvas.cursor().shape() == shapes.ArrowCursor


def test_trash_takes_the_shown_face(window, folder):
    shift = qt.Qt.KeyboardModifier.ShiftModifier
    qt.press_key(window, "D")
    qt.press_key(window, "X", shift)        # the original moved another face with Shift held
    trash = folder.parent / "aligned_trash"
    assert [path.name for path in trash.iterdir()] == ["00001_0.jpg"]
    assert window.session.opened.path.name == "00002_0.jpg"
    for _ in range(2):
        qt.press_key(window, "D")
    assert window.session.opened.path.name == "00004_0.jpg"
    assert window.session.faces.count_labelled() == 1
    qt.press_key(window, "X")
    assert window.session.opened.path.name == "00003_0.jpg"     # the last went: the one before
    assert window.session.faces.count_labelled() == 0
    for _ in range(4):
        qt.press_key(window, "X")
    assert window.session.opened is None and list(folder.glob("*.jpg")) == []


def test_end_of_the_list_is_empty_and_leads_back(window):
    for _ in range(7):
        qt.press_key(window, "D")
    assert window.session.opened is None and "No further face" in window.status.state_label.text()
    assert not any(action.isEnabled() for action in window.left_bar.actions_by_name.values())
    assert not any(button.isEnabled() for button in window.face_buttons)
    qt.press_key(window, "X")
    qt.press_key(window, "A")
    assert window.session.opened.path.name == "00004_0.jpg"
    assert all(button.isEnabled() for button in window.face_buttons)


def test_shift_and_control_choose_the_step(window):
    qt.press_key(window, "D", qt.Qt.KeyboardModifier.ControlModifier)
    assert window.session.opened.path.name == "00004_0.jpg"     # the only one with polygons
    qt.press_key(window, "A", qt.Qt.KeyboardModifier.ShiftModifier)
    assert window.session.opened.path.name == "00000_0.jpg"
    qt.press_key(window, "D", qt.Qt.KeyboardModifier.ShiftModifier)
    assert window.session.opened is None


def test_field_of_the_step_gives_the_keyboard_back(window):
    qt.QtTest.QTest.mouseClick(window.status.step_box, qt.LEFT)
    window.status.step_box.setFocus()
    qt.click(window.canvas, AWAY)
    window.status.step_box.setValue(7)
    assert window.settings.step == 7 and not window.status.step_box.hasFocus()
    box = window.status.step_box
    window.activateWindow()
    assert qt.wait_until(window.isActiveWindow)
    arrow = qt.make_pixel((box.width() - 4, 4))
    qt.QtTest.QTest.mouseClick(box, qt.LEFT, qt.NO_KEYS, arrow)
    assert box.hasFocus() and window.settings.step == 8
    qt.QtTest.QTest.mouseClick(box, qt.LEFT, qt.NO_KEYS, arrow)
    assert not box.hasFocus() and window.settings.step == 9


def test_undo_after_saving(window, folder):
    draw(window, INCLUDE)
    qt.press_key(window, "D")
    qt.press_key(window, "A")
    qt.press_key(window, "Z", qt.Qt.KeyboardModifier.ControlModifier)
    qt.press_key(window, "D")
    assert not read_polys(folder, 0).has_polys()


def test_polygons_are_copied_to_the_next_face(window, folder):
    draw(window, INCLUDE)
    qt.press_key(window, "C")
    assert window.session.opened.path.name == "00001_0.jpg"
    assert window.status.message_label.text() == "copied to 1 of 1 faces"
    window.settings.step = 5
    assert window.session.copy_to_next(5) == 2      # the last face has polygons of its own
    window.close()
    assert [len(read_polys(folder, number).get_polys()) for number in range(5)] == [1] * 5
    moved = read_polys(folder, 1).get_poly(0).get_pts()
    assert 0 < np.abs(moved - INCLUDE).max() < 40


def test_trained_mask_becomes_polygons(window, folder):
    face = DFLJPG.load(str(folder / "00001_0.jpg"))
    mask = np.zeros((128, 128, 1), np.float32)
    mask[30:90, 40:100] = 1
    face.set_xseg_mask(mask)
    face.save()
    qt.press_key(window, "M")
    message = window.status.message_label.text()
    assert "no XSeg network" in message and "--model-dir" in message and window.errors == []
    qt.press_key(window, "D")
    assert "trained mask" in window.status.state_label.text()
    qt.press_key(window, "M")
    poly, = window.model.polys
    np.testing.assert_allclose(sorted(poly.get_pts().tolist()),
                               [[80, 60], [80, 179], [199, 60], [199, 179]], atol=2.5)
    face = DFLJPG.load(str(folder / "00002_0.jpg"))
    face.set_xseg_mask(np.zeros((64, 64, 1), np.float32))
    face.save()
    qt.press_key(window, "D")
    qt.press_key(window, "M")
    assert "nothing to include" in window.status.message_label.text()


@pytest.fixture
def network(window, tmp_path):
    """A network in a process of its own that answers when `network.release()` was called."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "XSeg_256.npy").write_bytes(b"")
    window.suggester.network = MaskNetwork(tmp_path / "model", servers.serve_slowly)
    window.suggester.network.release = lambda: (tmp_path / "model" / "go").write_bytes(b"")
    return window.suggester.network


def wait_for_mask(window):
    """The text about the network is gone."""
    assert qt.wait_until(lambda: window.status.work_label.text() == "", 120)
    return window.status.message_label.text()


SHIFT = qt.Qt.KeyboardModifier.ShiftModifier


def test_computed_mask_becomes_polygons_to_correct(window, folder, network):
    """Without a stored mask M computes one, saying so; it is undone as one change, and stored."""
    draw(window, INCLUDE)
    qt.press_key(window, "M")
    text = window.status.work_label.text()
    assert "00000_0.jpg" in text and "loaded" in text
    assert window.status.work_bar.isVisible()
    assert qt.wait_until(lambda: "computed" in window.status.work_label.text(), 120)
    network.release()
    assert wait_for_mask(window) == "2 polygons added from the computed mask"
    assert not window.status.work_bar.isVisible()
    shape = [(int(poly.get_type()), poly.get_pts_count()) for poly in window.model.polys]
    assert shape == [(1, 4), (1, 4), (0, 4)]
    outline = window.model.polys.get_poly(1).get_pts()
    assert sorted(outline.tolist()) == [[60, 50], [60, 199], [209, 50], [209, 199]]
    control = qt.Qt.KeyboardModifier.ControlModifier
    qt.press_key(window, "Z", control)
    assert len(window.model.polys.get_polys()) == 1
    qt.press_key(window, "Z", control | SHIFT)
    qt.press_key(window, "D")
    assert len(read_polys(folder, 0).get_polys()) == 3
    assert not DFLJPG.load(str(folder / "00000_0.jpg")).has_xseg_mask()


def test_mask_of_a_face_that_was_left_is_dropped(window, folder, network):
    qt.press_key(window, "M")
    qt.press_key(window, "D")
    network.release()
    assert wait_for_mask(window).startswith("00000_0.jpg was left")
    assert not window.model.polys.has_polys()
    qt.press_key(window, "A")
    assert not window.model.polys.has_polys() and not read_polys(folder, 0).has_polys()
    qt.press_key(window, "M")       # once more, and the process is there
    wait_for_mask(window)
    assert len(window.model.polys.get_polys()) == 2


def test_mask_waits_for_a_face_that_was_left_and_shown_again(window, network):
    qt.press_key(window, "M")
    qt.press_key(window, "D")
    qt.press_key(window, "A")
    network.release()
    wait_for_mask(window)
    assert len(window.model.polys.get_polys()) == 2


def test_mask_does_not_disturb_a_drawing(window, network):
    qt.press_key(window, "M")
    for pt in INCLUDE[:3]:
        qt.click(window.canvas, to_canvas(window, pt))
    network.release()
    assert "changed before the mask came" in wait_for_mask(window)
    assert window.model.op_mode == OpMode.DRAW_PTS
    assert [poly.get_pts_count() for poly in window.model.polys] == [3]


def test_shift_computes_in_spite_of_a_stored_mask(window, folder, network):
    face = DFLJPG.load(str(folder / "00001_0.jpg"))
    face.set_xseg_mask(np.ones((128, 128, 1), np.float32))
    face.save()
    qt.press_key(window, "D")
    network.release()
    qt.press_key(window, "M", SHIFT)
    wait_for_mask(window)
    assert [int(poly.get_type()) for poly in window.model.polys] == [1, 0]


def test_empty_mask_and_refused_face_are_told(window, network, capsys):
    network.release()
    qt.press_key(window, "D")
    qt.press_key(window, "D")
    qt.press_key(window, "M")
    message = wait_for_mask(window)
    assert "00002_0.jpg is damaged" in message and "extract it again" in message
    assert "damaged" in "".join(capsys.readouterr())
    qt.press_key(window, "D")
    qt.press_key(window, "M")
    assert "finds nothing" in wait_for_mask(window)
    assert not window.model.polys.has_polys()


def test_window_closes_while_a_mask_is_computed(window, network):
    qt.press_key(window, "M")
    assert qt.wait_until(lambda: network.pid is not None, 60)
    window.close()
    assert not window.isVisible() and network.poll() is None


def test_filter_shows_faces_with_polygons_only(window):
    qt.press_key(window, "F")
    assert window.session.faces.filter == Filter.WITH_POLYS
    assert window.session.opened.path.name == "00004_0.jpg"
    qt.press_key(window, "F")
    assert window.session.opened.path.name == "00003_0.jpg"
    qt.press_key(window, "D")
    assert window.session.opened.path.name == "00003_0.jpg"     # none behind it


def test_face_that_cannot_be_saved_stays_open(window, folder):
    other = SegIEPolys()
    other.add_poly(SegIEPolyType.INCLUDE).set_points(np.float32(EXCLUDE))
    face = DFLJPG.load(str(folder / "00000_0.jpg"))
    face.set_seg_ie_polys(other)
    face.save()
    draw(window, INCLUDE)
    qt.press_key(window, "D")
    assert "changed by another program" in window.errors.pop()
    assert window.session.opened.path.name == "00000_0.jpg"
    assert len(window.model.polys.get_polys()) == 1
    qt.press_key(window, "S", qt.Qt.KeyboardModifier.ControlModifier)
    assert window.errors == []
    np.testing.assert_allclose(read_polys(folder, 0).get_poly(0).get_pts(), INCLUDE, atol=0.5)
    other.get_poly(0).mult_points(1.1)
    face = DFLJPG.load(str(folder / "00000_0.jpg"))
    face.set_seg_ie_polys(other)
    face.save()
    qt.press_key(window, "F5")
    np.testing.assert_allclose(window.model.polys.get_poly(0).get_pts(),
                               other.get_poly(0).get_pts())


def test_damaged_first_face_is_passed_and_named(folder, tmp_path, defects, capsys):
    (folder / "00000_0.jpg").write_bytes(b"\xff\xd8 torn")
    qt.start_application()
    editor.prepare("ru")
    window = editor.MainWindow(folder, tmp_path / "settings")
    assert window.session.opened.path.name == "00001_0.jpg"
    assert "1" in window.status.message_label.text()
    assert "00000_0.jpg" in "".join(capsys.readouterr())
    window.close()


def test_start_runs_until_the_window_closes(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    qt.start_application()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    QtCore.QTimer.singleShot(300, lambda: QXMainWindow.inst.close())
    assert editor.start(folder) == 0


def test_packed_folder_and_missing_folder(tmp_path, capsys):
    (tmp_path / "faceset.pak").write_bytes(b"")
    assert editor.start(tmp_path) == 1
    assert "--unpack-faceset" in capsys.readouterr().out
    with pytest.raises(UserError, match="no folder"):
        editor.start(tmp_path / "missing")

"""The names that other programs take from the editor, and the canvas as one widget (spec 51
sections 2, 7 and 18)."""
import importlib

import numpy as np
import pytest

import qt_support as qt
from core import qtex
from core.imagelib import SegIEPolys, SegIEPolyType
from XSegEditor import XSegEditor as editor

CLASSES = ["OpMode", "PTEditMode", "DragType", "ViewLock", "QUIConfig", "ImagePreviewSequenceBar",
           "ColorScheme", "CanvasConfig", "QCanvasControlsLeftBar", "QCanvasControlsRightBar",
           "QCanvasOperator", "QCanvas", "LoaderQSubprocessor", "MainWindow", "start"]
ENUMS = {"OpMode": ["NONE", "DRAW_PTS", "EDIT_PTS", "VIEW_BAKED", "VIEW_XSEG_MASK"],
         "PTEditMode": ["MOVE", "ADD_DEL"], "DragType": ["NONE", "IMAGE_LOOK", "POLY_PT"],
         "ViewLock": ["NONE", "CENTER"]}
QTEX = ["QActionEx", "QImage_from_np", "QImage_to_np", "QPixmap_from_np", "QPoint_from_np",
        "QPoint_to_np", "QSize_to_np", "QDarkPalette", "QXMainWindow", "QXIconButton",
        "QSubprocessor"]


@pytest.fixture(autouse=True)
def application():
    qt.start_application()
    return editor.prepare("en")


def test_public_names():
    for name in CLASSES:
        assert hasattr(editor, name), name
    for name, members in ENUMS.items():
        enum = getattr(editor, name)
        assert [member.name for member in enum] == members
        assert [int(member) for member in enum] == list(range(len(members)))
    for name in QTEX:
        assert hasattr(qtex, name), name
    for name in ("QCursorDB", "QIconDB", "QImageDB", "QStringDB"):
        module = importlib.import_module("XSegEditor." + name)
        assert callable(getattr(module, name).initialize)
    imagelib = importlib.import_module("core.imagelib")
    assert {"SegIEPolyType", "SegIEPoly", "SegIEPolys"} <= set(dir(imagelib))
    assert callable(importlib.import_module("core.imagelib.sd").dist_to_edges)


def test_sizes_and_config_take_the_documented_arguments():
    try:
        editor.QUIConfig.initialize(icon_size=40, icon_spacer_size=10, preview_bar_icon_size=50)
        sizes = [size.width() for size in (
            editor.QUIConfig.icon_q_size, editor.QUIConfig.icon_spacer_q_size,
            editor.QUIConfig.preview_bar_icon_q_size)]
        assert sizes == [40, 10, 50]
    finally:
        editor.QUIConfig.initialize()
    assert editor.QUIConfig.icon_q_size.width() == 48
    bar = editor.ImagePreviewSequenceBar(preview_images_count=6, icon_size=32)
    bar.reader.stop()
    assert len(bar.labels) == 5
    config = editor.CanvasConfig(pt_radius=3, pt_select_radius=9, unknown=1)
    assert (config.pt_radius, config.pt_select_radius, len(config.color_schemes)) == (3, 9, 3)


def make_canvas(**kwargs):
    canvas = editor.QCanvas()
    canvas.resize(700, 600)
    canvas.show()
    assert qt.wait_until(lambda: canvas.op.width() > 300)
    image = np.full((100, 100, 3), 90, np.uint8)
    canvas.op.initialize(image, **kwargs)
    return canvas


def test_canvas_works_outside_of_the_editor():
    """Drawn with the mouse, tools follow, the colours given are those on the screen."""
    pink = editor.ColorScheme(unselected_color=(255, 0, 255, 0), selected_color=(255, 0, 255, 72),
                              outline_color=(255, 0, 255, 255), outline_width=4,
                              pt_outline_color=(255, 255, 255, 255), cross_cursor="cross_red")
    canvas = make_canvas(canvas_config=editor.CanvasConfig(color_schemes=[pink] * 3))
    op = canvas.op
    changes = []
    op.changed.connect(lambda: changes.append(1))
    op.set_poly_include_type(SegIEPolyType.EXCLUDE)
    corners = [(20, 20), (80, 20), (80, 80)]
    for pt in corners + corners[:1]:
        qt.click(op, op.model.view.to_client(pt))
    assert op.model.op_mode == editor.OpMode.EDIT_PTS and changes
    assert canvas.bars.left.actions_by_name["delete_poly"].isEnabled()
    op.set_pt_edit_mode(editor.PTEditMode.ADD_DEL)
    assert canvas.bars.left.actions_by_name["pt_edit_mode"].isChecked()
    op.set_op_mode(editor.OpMode.NONE)
    x, y = (int(v) for v in op.model.view.to_client((80, 50)))
    shown = qtex.QImage_to_np(op.grab().toImage())
    assert shown[y, x].tolist() == [255, 0, 255]
    canvas.bars.right.actions_by_name["view_baked"].trigger()
    assert op.model.op_mode == editor.OpMode.VIEW_BAKED
    op.set_color_scheme_id(2)
    assert op.model.op_mode == editor.OpMode.NONE
    polys = op.finalize()
    assert [poly.get_type() for poly in polys] == [SegIEPolyType.EXCLUDE]
    np.testing.assert_allclose(polys.get_poly(0).get_pts(), corners, atol=0.3)
    assert not op.model.is_open and not canvas.bars.right.actions_by_name["view_baked"].isEnabled()
    canvas.close()


def test_canvas_shows_what_it_is_given():
    polys = SegIEPolys()
    polys.add_poly(SegIEPolyType.INCLUDE).set_points(np.float32([[1, 1], [50, 1], [50, 50]]))
    mask = np.zeros((50, 50, 1), np.float32)
    mask[:, 25:] = 1
    canvas = make_canvas(ie_polys=polys, xseg_mask=mask, img_look_pt=(50, 50), view_scale=3)
    op = canvas.op
    assert op.ie_polys is polys and op.model.view.scale == 3
    op.set_op_mode(editor.OpMode.VIEW_XSEG_MASK)
    shown = qtex.QImage_to_np(op.grab().toImage())
    left, right = (op.model.view.to_client(pt).astype(int) for pt in ((20, 50), (80, 50)))
    assert shown[left[1], left[0]].tolist() == [0, 0, 0]
    assert shown[right[1], right[0]].tolist() == [255, 255, 255]
    op.initialize(np.zeros((10, 10, 3), np.uint8))
    assert op.model.op_mode == editor.OpMode.NONE and not op.ie_polys.has_polys()
    canvas.close()

"""Languages, icons and settings of the editor (spec 51 sections 2 and 17); no Qt."""
import re
import xml.etree.ElementTree as ElementTree

import pytest

from XSegEditor.icon_shapes import CROSS, CROSS_COLORS, INTRO, SHAPES, make_svg
from XSegEditor.QStringDB import LANGUAGES, TEXTS, QStringDB
from XSegEditor.settings import MAX_STEP, MIN_STEP, Settings

ICONS = ["delete_poly", "undo_pt", "redo_pt", "poly_color_red", "poly_color_green",
         "poly_color_blue", "poly_type_include", "poly_type_exclude", "left", "right",
         "pt_edit_mode", "view_lock_center", "view_baked", "view_xseg", "view_xseg_overlay", "up",
         "down", "trashcan", "app_icon"]
KEYS = ["btn_poly_color_red_tip", "btn_poly_color_green_tip", "btn_poly_color_blue_tip",
        "btn_view_baked_mask_tip", "btn_view_xseg_mask_tip", "btn_view_xseg_overlay_mask_tip",
        "btn_poly_type_include_tip", "btn_poly_type_exclude_tip", "btn_undo_pt_tip",
        "btn_redo_pt_tip", "btn_delete_poly_tip", "btn_pt_edit_mode_tip",
        "btn_view_lock_center_tip", "btn_prev_image_tip", "btn_next_image_tip",
        "btn_delete_image_tip", "loading_tip", "labeled_tip"]


def test_every_text_in_every_language():
    assert set(KEYS) <= set(TEXTS)
    for key, texts in TEXTS.items():
        assert len(texts) == len(LANGUAGES) and all(texts), key
        assert len(set(texts)) == len(texts), key
        assert len({tuple(re.findall("%.", text)) for text in texts}) == 1, key


def test_tips_name_the_keys_to_hold():
    for key, held in (("btn_pt_edit_mode_tip", "Ctrl"), ("btn_view_lock_center_tip", "Shift"),
                      ("btn_prev_image_tip", "Ctrl"), ("btn_next_image_tip", "Shift"),
                      ("btn_delete_image_tip", "_trash")):
        assert all(held in text for text in TEXTS[key])


@pytest.mark.parametrize("number, language", list(enumerate(LANGUAGES)))
def test_language_is_chosen(number, language):
    QStringDB.initialize(language)
    assert QStringDB.get_texts() == {key: texts[number] for key, texts in TEXTS.items()}


def test_icons_are_well_formed():
    assert set(ICONS) <= set(SHAPES)
    for text in [make_svg(name) for name in SHAPES] + [INTRO] + [
            CROSS % (color,) for color in CROSS_COLORS.values()]:
        ElementTree.fromstring(text)


def test_settings_come_back(tmp_path):
    settings = Settings(tmp_path / "new" / "folder")
    assert (settings.geometry, settings.step) == (None, MIN_STEP)
    settings.geometry, settings.step = b"\x00\x01\xff", 40
    settings.save()
    again = Settings(tmp_path / "new" / "folder")
    assert (again.geometry, again.step) == (b"\x00\x01\xff", 40)


@pytest.mark.parametrize("content", [b"", b"\0" * 200, b"[1]", b'{"geometry": 5}', b"\xff\xfe",
                                     b'{"step": "many"}', b'{"step": Infinity}'])
def test_damaged_settings_are_named_and_passed(tmp_path, content, capsys):
    (tmp_path / "xseg_editor.json").write_bytes(content)
    settings = Settings(tmp_path)
    assert (settings.geometry, settings.step) == (None, MIN_STEP)
    assert "xseg_editor.json" in "".join(capsys.readouterr())


def test_step_is_kept_within_its_range(tmp_path):
    (tmp_path / "xseg_editor.json").write_text('{"step": 99999}')
    assert Settings(tmp_path).step == MAX_STEP


def test_settings_that_cannot_be_written_are_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    Settings(tmp_path / "file" / "below").save()
    assert "cannot be made" in "".join(capsys.readouterr())

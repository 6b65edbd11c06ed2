"""Texts of the editor in its languages (spec 51 section 17)."""
from typing import Dict, Optional

from localization import system_language

LANGUAGES = ("en", "ru", "zh")

# key: (en, ru, zh)
TEXTS = {
    "btn_poly_color_red_tip": ("Red lines", "Красные линии", "红色线条"),
    "btn_poly_color_green_tip": ("Green lines", "Зелёные линии", "绿色线条"),
    "btn_poly_color_blue_tip": ("Blue lines", "Синие линии", "蓝色线条"),
    "btn_view_baked_mask_tip": (
        "Show the mask that the polygons make", "Показать маску из многоугольников",
        "显示由多边形生成的遮罩"),
    "btn_view_xseg_mask_tip": (
        "Show the mask of the trained XSeg model", "Показать маску обученной модели XSeg",
        "显示已训练 XSeg 模型的遮罩"),
    "btn_view_xseg_overlay_mask_tip": (
        "Darken what the trained XSeg mask leaves out",
        "Затемнить всё, что вне маски обученной модели XSeg", "将已训练 XSeg 遮罩之外的区域变暗"),
    "btn_poly_type_include_tip": (
        "Draw polygons that belong to the face", "Рисовать области, входящие в лицо",
        "绘制属于脸部的多边形"),
    "btn_poly_type_exclude_tip": (
        "Draw polygons that cover the face", "Рисовать области, закрывающие лицо",
        "绘制遮挡脸部的多边形"),
    "btn_undo_pt_tip": ("Take back the last point or change", "Отменить точку или изменение",
                        "撤销上一个点或更改"),
    "btn_redo_pt_tip": ("Bring it back", "Вернуть отменённое", "恢复"),
    "btn_delete_poly_tip": ("Delete the selected polygon", "Удалить выбранный многоугольник",
                            "删除选中的多边形"),
    "btn_pt_edit_mode_tip": (
        "Add points on lines and delete points (hold Ctrl)",
        "Добавлять точки на линиях и удалять точки (удерживайте Ctrl)",
        "在线上添加点或删除点（按住 Ctrl）"),
    "btn_view_lock_center_tip": (
        "Keep the mouse in the centre and move the picture (hold Shift)",
        "Держать курсор в центре и двигать картинку (удерживайте Shift)",
        "光标固定在中央，移动图片（按住 Shift）"),
    "btn_prev_image_tip": (
        "Save and go to the previous face. Shift: several at once. Ctrl: only those with polygons.",
        "Сохранить и перейти к предыдущему лицу. Shift: сразу несколько. Ctrl: только размеченные.",
        "保存并转到上一张脸。Shift：一次多张。Ctrl：仅已标注的。"),
    "btn_next_image_tip": (
        "Save and go to the next face. Shift: several at once. Ctrl: only those with polygons.",
        "Сохранить и перейти к следующему лицу. Shift: сразу несколько. Ctrl: только размеченные.",
        "保存并转到下一张脸。Shift：一次多张。Ctrl：仅已标注的。"),
    "btn_delete_image_tip": ("Move this face to the _trash folder and go on",
                             "Переместить лицо в папку _trash и продолжить",
                             "将此脸移到 _trash 文件夹并继续"),
    "btn_copy_polys_tip": (
        "Copy the polygons to the next face by its landmarks. Shift: to several.",
        "Скопировать многоугольники на следующее лицо по лицевым точкам. Shift: на несколько.",
        "按面部特征点将多边形复制到下一张脸。Shift：复制到多张。"),
    "btn_mask_polys_tip": (
        "Add the outlines of the trained mask as polygons to correct; a face without one has it "
        "computed. Shift: computed anew.",
        "Добавить контуры обученной маски как многоугольники для правки; если маски нет, она "
        "вычисляется. Shift: вычислить заново.",
        "将已训练遮罩的轮廓添加为可修改的多边形；没有遮罩时会计算。Shift：重新计算。"),
    "loading_tip": ("Reading", "Чтение", "读取中"),
    "labeled_tip": ("with polygons", "размечено", "已标注"),
    "spinner_label": ("Step with Shift:", "Шаг с Shift:", "Shift 步长："),
    "spinner_label_tip": ("How many faces Shift passes at once", "Сколько лиц пролистывает Shift",
                          "按住 Shift 时一次跳过的张数"),
    "filter_tip": ("Which faces are shown", "Какие лица показывать", "显示哪些脸"),
    "filter_all": ("all faces", "все лица", "全部"),
    "filter_with": ("with polygons", "размеченные", "已标注"),
    "filter_without": ("without polygons", "неразмеченные", "未标注"),
    "state_polys": ("include %d, exclude %d", "включено %d, исключено %d", "包含 %d，排除 %d"),
    "state_no_polys": ("no polygons", "не размечено", "未标注"),
    "state_mask": ("trained mask", "есть обученная маска", "有已训练遮罩"),
    "state_no_mask": ("no trained mask", "нет обученной маски", "无已训练遮罩"),
    "state_end": ("No further face", "Больше лиц нет", "没有更多的脸"),
    "state_empty": ("There are no aligned faces in this folder",
                    "В этой папке нет выровненных лиц", "此文件夹中没有对齐的脸"),
    "state_saved": ("saved", "сохранено", "已保存"),
    "state_copied": ("copied to %d of %d faces", "скопировано на %d из %d лиц",
                     "已复制到 %d / %d 张脸"),
    "mask_loading": ("XSeg network is being loaded for %s, %d s",
                     "Загрузка сети XSeg для %s, %d с", "正在为 %s 加载 XSeg 网络，%d 秒"),
    "mask_computing": ("mask of %s is being computed, %d s", "Вычисление маски %s, %d с",
                       "正在计算 %s 的遮罩，%d 秒"),
    "mask_added": ("%d polygons added from the computed mask",
                   "Добавлено многоугольников из вычисленной маски: %d",
                   "已从计算出的遮罩添加 %d 个多边形"),
    "mask_empty": ("The network finds nothing to include in this face",
                   "Сеть не нашла на этом лице областей маски", "网络在此脸上没有找到遮罩区域"),
    "mask_gone": ("%s was left before its mask came, which is dropped",
                  "Лицо %s покинуто до готовности его маски, она отброшена",
                  "遮罩完成前已离开 %s，遮罩已丢弃"),
    "mask_changed": (
        "The polygons were changed before the mask came, which is dropped: Shift+M asks again",
        "Многоугольники изменены до готовности маски, она отброшена: Shift+M запросит снова",
        "遮罩完成前多边形已更改，遮罩已丢弃：按 Shift+M 重新计算"),
    "state_failed": ("%d files could not be opened, see the console",
                     "Не удалось открыть файлов: %d, см. консоль",
                     "%d 个文件无法打开，请查看控制台"),
    "close_title": ("Not saved", "Не сохранено", "未保存"),
    "close_question": ("Close without saving this face?", "Закрыть без сохранения этого лица?",
                       "不保存此脸并关闭？"),
    "intro_title": ("XSeg editor", "Редактор XSeg", "XSeg 编辑器"),
    "intro_hint": ("Hold the mouse over a tool to learn what it does",
                   "Наведите мышь на кнопку, чтобы узнать её действие",
                   "将鼠标停在按钮上可查看其功能"),
    "intro_wheel": ("The wheel zooms, pressed it moves the picture",
                    "Колесо: масштаб, нажатое: перемещение картинки",
                    "滚轮缩放，按住滚轮移动图片"),
}


class QStringDB:
    """The texts of the chosen language, one attribute a key."""

    @staticmethod
    def initialize(language: Optional[str] = None) -> None:
        """language: of LANGUAGES; None: that of the system."""
        number = LANGUAGES.index(language or system_language)
        for key, texts in TEXTS.items():
            setattr(QStringDB, key, texts[number])

    @staticmethod
    def get_texts() -> Dict[str, str]:
        return {key: getattr(QStringDB, key) for key in TEXTS}

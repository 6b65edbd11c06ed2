"""The row of small pictures of the faces around the shown one (spec 51 sections 6 and 16)."""
import threading
from collections import OrderedDict
from pathlib import Path
from typing import List, Optional

import cv2
import numpy as np

from core.cv2ex import cv2_imread, to_bgr
from core.qtex import QPixmap_from_np
from core.qtex.binding import Qt, QtGui, QtWidgets

from .face_file import to_eight_bits
from .face_list import FaceList

COUNT = 9           # odd: the middle one is the shown face
CENTER_GROWTH = 16  # pixels that it is larger
MAX_CACHED = 400    # small pictures, 20 KB each


def make_thumbnail(path: Path, size: int) -> Optional[np.ndarray]:
    """(h, w, 3) uint8, the longer side `size`; None for a file that is no picture."""
    image = cv2_imread(path, verbose=False)
    if image is None:
        return None
    image = to_bgr(to_eight_bits(image))
    scale = size / max(image.shape[:2])
    w, h = (max(1, int(round(side * scale))) for side in image.shape[1::-1])
    return cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)


class ThumbnailReader:
    """Decodes small pictures in a thread; what was asked for last comes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._cache: "OrderedDict[Path, Optional[np.ndarray]]" = OrderedDict()
        self._wanted: List[Path] = []
        self._change = threading.Condition()
        self._is_stopped = False
        self._has_news = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def get(self, paths: List[Path]) -> List[Optional[np.ndarray]]:
        """The pictures that are ready; the others are read, and no longer what is not listed."""
        with self._change:
            found = [self._cache.get(path) for path in paths]
            self._wanted = [path for path in paths if path not in self._cache]
            self._has_news = False
            self._change.notify()
        return found

    def has_news(self) -> bool:
        return self._has_news

    def forget(self, path: Path) -> None:
        with self._change:
            self._cache.pop(path, None)

    def stop(self) -> None:
        with self._change:
            self._is_stopped = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._wanted and not self._is_stopped:
                    self._change.wait()
                if self._is_stopped:
                    return
                path = self._wanted.pop(0)
            picture = make_thumbnail(path, self._size)
            with self._change:
                self._cache[path] = picture
                while len(self._cache) > MAX_CACHED:
                    self._cache.popitem(last=False)
                self._has_news = True


class ImagePreviewSequenceBar(QtWidgets.QFrame):
    """The faces before the shown one, it, and those after it."""

    def __init__(self, preview_images_count: int = COUNT, icon_size: int = 64) -> None:
        super().__init__()
        count = max(1, preview_images_count + preview_images_count % 2 - 1)
        self.side = count // 2
        self.reader = ThumbnailReader(icon_size + CENTER_GROWTH)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.labels = []
        for number in range(count):
            label = QtWidgets.QLabel()
            size = icon_size + (CENTER_GROWTH if number == self.side else 0)
            label.setFixedSize(size, size)
            label.setScaledContents(True)
            label.setStyleSheet("background: black")
            if number != self.side:
                effect = QtWidgets.QGraphicsOpacityEffect(label)
                effect.setOpacity(0.5)
                label.setGraphicsEffect(effect)
            layout.addWidget(label, alignment=Qt.AlignmentFlag.AlignCenter)
            self.labels.append(label)

    def refresh(self, faces: FaceList) -> None:
        before, after = faces.list_neighbours(self.side)
        slots: List[Optional[Path]] = [None] * len(self.labels)
        slots[self.side] = faces.current
        for distance, path in enumerate(before, 1):
            slots[self.side - distance] = path
        for distance, path in enumerate(after, 1):
            slots[self.side + distance] = path
        paths = [path for path in slots if path is not None]
        paths.sort(key=lambda path: abs(slots.index(path) - self.side))
        pictures = dict(zip(paths, self.reader.get(paths)))
        for label, path in zip(self.labels, slots):
            picture = pictures.get(path)
            label.setPixmap(QtGui.QPixmap() if picture is None else QPixmap_from_np(picture))
            label.setToolTip("" if path is None else path.name)

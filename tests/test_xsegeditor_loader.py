"""XSegEditor/loader.py and core/qtex/qsubprocessor.py: worker processes driven by Qt's timer."""
import shutil
from pathlib import Path

import pytest

import qt_support as qt
from core.joblib import Subprocessor
from core.qtex import QSubprocessor
from core.qtex.binding import QtWidgets
from DFLIMG import DFLJPG
from xseg_support import write_labelled_faces
from XSegEditor import XSegEditor as editor


@pytest.fixture(autouse=True)
def application():
    qt.start_application()
    return editor.prepare("en")


class Squares(QSubprocessor):
    """Squares numbers; 3 always fails."""

    class Cli(QSubprocessor.Cli):
        def process_data(self, data):
            if data == 3:
                raise ValueError("three")
            return data * data

    def __init__(self):
        self.waiting = list(range(6))
        self.results = {}
        self.calls = []
        super().__init__("Squares", Squares.Cli)

    def process_info_generator(self):
        for name, host_dict, client_dict in list(super().process_info_generator())[:2]:
            assert name.startswith("CPU")
            yield name, host_dict, client_dict

    def on_clients_initialized(self):
        self.calls.append("initialized")

    def on_clients_finalized(self):
        self.calls.append("finalized")

    def get_data(self, host_dict):
        return self.waiting.pop(0) if self.waiting else None

    def on_data_return(self, host_dict, data):
        self.waiting.insert(0, data)

    def on_result(self, host_dict, data, result):
        self.results[data] = result


def test_timer_drives_the_workers_and_a_failing_item_is_skipped(capsys):
    squares = Squares()
    assert squares.calls == ["initialized"] and not squares.results
    assert isinstance(squares, Subprocessor)
    assert qt.wait_until(lambda: squares.is_finished, 120)
    assert squares.calls == ["initialized", "finalized"]
    assert squares.results == {0: 0, 1: 1, 2: 4, 4: 16, 5: 25} and squares.failed_data == [3]
    assert "three" in "".join(capsys.readouterr())
    with pytest.raises(NotImplementedError):
        squares.run()


def test_loader_tells_faces_and_polygons(tmp_path):
    folder = write_labelled_faces(tmp_path / "aligned", "src", 0, 2)
    face = DFLJPG.load(str(folder / "00001_0.jpg"))
    face.set_seg_ie_polys(None)
    face.save()
    shutil.copy(str(folder / "00000_0.jpg"), str(folder / "00002_0.png"))
    (folder / "00003_0.jpg").write_bytes(b"\xff\xd8 torn")
    paths = sorted(Path(str(folder)).iterdir())
    label, bar, finished = QtWidgets.QLabel(), QtWidgets.QProgressBar(), []
    loader = editor.LoaderQSubprocessor(paths, label, bar, lambda *found: finished.append(found))
    assert qt.wait_until(lambda: finished, 120)
    assert finished == [(paths[:2], {paths[0]: True, paths[1]: False})]
    assert bar.value() == bar.maximum() == 4 and "Reading 0000" in label.text()
    assert loader.is_finished

"""What is in the files of a folder, read by worker processes (spec 51 section 5), for programs that
use this class. The editor's own window reads with a thread (`face_list.FaceScan`): starting
processes takes longer than reading a folder."""
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from core.qtex import QSubprocessor

from .face_file import SUFFIX, read_facts
from .QStringDB import QStringDB


class LoaderQSubprocessor(QSubprocessor):
    """Calls `on_finish_func(paths, has_polys)` at the end: the faces in their order, and whether
    each has polygons. Files that are no faces, or damaged, are left out."""

    class Cli(QSubprocessor.Cli):
        def process_data(self, data: Any) -> Optional[bool]:
            """Whether a face has polygons; None for a file that is no face."""
            path = Path(data[1])
            facts = read_facts(path) if path.suffix == SUFFIX else None
            return None if facts is None else facts["polys"] > 0

        def get_data_name(self, data: Any) -> str:
            return data[1]

    def __init__(self, image_paths: Sequence[Path], q_label, q_progressbar,
                 on_finish_func: Callable[[List[Path], Dict[Path, bool]], None]) -> None:
        """q_label, q_progressbar: show how far it is; None: nothing does."""
        self._paths = list(image_paths)
        self._waiting = list(enumerate(str(path) for path in self._paths))[::-1]
        self._found: Dict[int, bool] = {}
        self._label, self._bar, self._on_finish = q_label, q_progressbar, on_finish_func
        self._done = 0
        if self._bar is not None:
            self._bar.setRange(0, len(self._paths))
            self._bar.setValue(0)
        super().__init__("LoaderQSubprocessor", LoaderQSubprocessor.Cli, 60)

    def get_data(self, host_dict: dict) -> Any:
        return self._waiting.pop() if self._waiting else None

    def on_data_return(self, host_dict: dict, data: Any) -> None:
        self._waiting.append(data)

    def on_result(self, host_dict: dict, data: Any, result: Optional[bool]) -> None:
        if result is not None:
            self._found[data[0]] = result
        self._count(data)

    def on_data_failed(self, host_dict: dict, data: Any) -> None:
        self._count(data)

    def _count(self, data: Any) -> None:
        self._done += 1
        if self._label is not None:
            self._label.setText("%s %s" % (QStringDB.loading_tip, Path(data[1]).name))
        if self._bar is not None:
            self._bar.setValue(self._done)

    def on_clients_finalized(self) -> None:
        faces = [self._paths[number] for number in sorted(self._found)]
        self._on_finish(faces, {self._paths[number]: has for number, has in self._found.items()})

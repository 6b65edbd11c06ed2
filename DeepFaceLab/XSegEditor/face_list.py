"""The faces of a folder: which there are, which have polygons, the next and the previous (spec 51
sections 5, 13 and 15)."""
import itertools
import queue
import threading
from enum import IntEnum
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from core import pathex
from core.errors import UserError
from core.interact import interact as io

from .face_file import SUFFIX, read_facts

TRASH_SUFFIX = "_trash"


class Filter(IntEnum):
    """Which faces are shown."""
    ALL = 0
    WITH_POLYS = 1
    WITHOUT_POLYS = 2


Facts = NamedTuple("Facts", [("polys", int), ("has_xseg_mask", bool)])


class FaceList:
    """Faces in the order of their names; `index` is the shown one, `len(paths)` behind the last.

    What is in each file becomes known while `FaceScan` reads the folder; a file asked for before
    that is read at once. Files that turn out not to be faces leave the list.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trash_folder = folder.parent / (folder.name + TRASH_SUFFIX)
        self.paths: List[Path] = [path for path in
                                  pathex.get_image_paths(folder, return_Path_class=True)
                                  if path.suffix == SUFFIX]
        self._members = set(self.paths)
        self.facts: Dict[Path, Facts] = {}
        self._labelled = 0
        self.filter = Filter.ALL
        self.index = 0

    @property
    def current(self) -> Optional[Path]:
        return self.paths[self.index] if self.index < len(self.paths) else None

    def count_labelled(self) -> int:
        """Faces known to have polygons."""
        return self._labelled

    def set_facts(self, path: Path, polys: int, has_xseg_mask: bool) -> None:
        self._forget(path)
        self.facts[path] = Facts(polys, has_xseg_mask)
        self._labelled += polys > 0

    def _forget(self, path: Path) -> None:
        known = self.facts.pop(path, None)
        self._labelled -= known is not None and known.polys > 0

    def has(self, path: Path) -> bool:
        return path in self._members

    def drop(self, path: Path) -> None:
        """Take a file out of the list; the one after it moves up."""
        if self.has(path):
            self._members.discard(path)
            position = self.paths.index(path)
            del self.paths[position]
            self._forget(path)
            if position < self.index:
                self.index -= 1

    def is_labelled(self, path: Path) -> bool:
        if path not in self.facts:
            try:
                facts = read_facts(path)
            except UserError as error:
                # Opening it names what is wrong; here it only has no polygons.
                io.log_err("%s: %s" % (path, error))
                facts = None
            self.set_facts(path, *((facts["polys"], facts["xseg_mask"]) if facts else (0, False)))
        return self.facts[path].polys > 0

    def passes(self, path: Path) -> bool:
        """Whether the filter shows a face."""
        if self.filter == Filter.ALL:
            return True
        return self.is_labelled(path) == (self.filter == Filter.WITH_POLYS)

    def find_next(self, step: int, only_labelled: bool = False) -> int:
        """Position `step` shown faces further, `len(paths)` when there are not so many."""
        return self._walk(range(self.index + 1, len(self.paths)), step, only_labelled,
                          lambda last: len(self.paths))

    def find_previous(self, step: int, only_labelled: bool = False) -> int:
        """Position `step` shown faces back; where there are not so many, that of the first one.

        At the beginning even a face without polygons stops the search for one with them.
        """
        positions = range(min(self.index, len(self.paths)) - 1, -1, -1)

        def stop(last: Optional[int]) -> int:
            if last is not None:
                return last
            return 0 if self.filter == Filter.ALL else self.index
        return self._walk(positions, step, only_labelled, stop)

    def _walk(self, positions, step: int, only_labelled: bool,
              stop: Callable[[Optional[int]], int]) -> int:
        last, count = None, 0
        for position in positions:
            path = self.paths[position]
            if self.passes(path) and (not only_labelled or self.is_labelled(path)):
                last, count = position, count + 1
                if count == step:
                    return position
        return stop(last)

    def find_at(self, position: int, is_backward: bool = False) -> int:
        """The first shown face at a position or behind it; backward: before it, or else from there
        on. `len(paths)` when there is none."""
        before = range(position - 1, -1, -1) if is_backward else range(0)
        for found in itertools.chain(before, range(position, len(self.paths))):
            if self.passes(self.paths[found]):
                return found
        return len(self.paths)

    def list_neighbours(self, count: int) -> Tuple[List[Path], List[Path]]:
        """Up to `count` shown faces before (nearest first) and after the present position."""
        before = self._collect(range(min(self.index, len(self.paths)) - 1, -1, -1), count)
        return before, self._collect(range(self.index + 1, len(self.paths)), count)

    def _collect(self, positions, count: int) -> List[Path]:
        found: List[Path] = []
        for position in positions:
            if len(found) == count:
                break
            path = self.paths[position]
            # A thumbnail is not worth reading a file that the scan has not come to.
            if self.filter == Filter.ALL or path in self.facts and self.passes(path):
                found.append(path)
        return found


class FaceScan:
    """Reads what is in each file of a list, in a thread; `take` gives what was found so far."""

    def __init__(self, paths: List[Path]) -> None:
        self.count = len(paths)
        self.done = 0
        self.left_out = 0       # pictures without face data
        self._found: "queue.Queue" = queue.Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(list(paths),), daemon=True)
        self._thread.start()

    def _run(self, paths: List[Path]) -> None:
        for path in paths:
            if self._stop.is_set():
                return
            try:
                self._found.put((path, read_facts(path), None))
            except UserError as error:
                # Gone: moved to the trash meanwhile.
                self._found.put((path, None, str(error) if path.exists() else None))

    def take(self, faces: FaceList) -> bool:
        """Enter into the list what was found since the last call; whether there was something.

        What the editor knows better, because it has saved the face meanwhile, stays. A file that
        is no face is taken out of the list, a damaged one named.
        """
        before = self.done
        while True:
            try:
                path, facts, error = self._found.get_nowait()
            except queue.Empty:
                return self.done != before
            self.done += 1
            if error is not None:
                io.log_err("%s" % (error,))
            if facts is None:
                self.left_out += error is None and faces.has(path)
                if path != faces.current:
                    faces.drop(path)
            elif path not in faces.facts and faces.has(path):
                faces.set_facts(path, facts["polys"], facts["xseg_mask"])

    @property
    def is_finished(self) -> bool:
        return not self._thread.is_alive() and self._found.empty()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

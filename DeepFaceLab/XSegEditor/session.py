"""The editor at work on a folder, without windows: which face is open, saving, trash, copies (spec
51 sections 13 to 15)."""
from pathlib import Path
from typing import Dict, Optional

import numpy as np

from core.errors import UserError
from core.imagelib import SegIEPolys
from core.interact import interact as io

from .canvas_history import History, freeze_polys
from .canvas_model import CanvasModel
from .copy_polys import carry_polys, have_landmarks
from .face_file import (FaceConflictError, OpenFace, fit_mask, open_face, save_polys,
                        trash_face)
from .face_list import FaceList, Filter
from .mask_polys import trace_mask


class EditorSession:
    """One folder. Every method that leaves a face saves it first, and raises UserError with that
    face still open when it cannot be saved."""

    def __init__(self, folder: Path, model: Optional[CanvasModel] = None) -> None:
        self.faces = FaceList(folder)
        self.model = model or CanvasModel()
        self.opened: Optional[OpenFace] = None
        self.failed = 0     # files that could not be opened; each is named in the log
        self._histories: Dict[Path, History] = {}
        self._has_conflict = False  # the user was told of another program's change of the open face

    # -- opening

    def open_first(self) -> None:
        self._open(0)

    def _open(self, position: int, is_backward: bool = False) -> None:
        """Open the face at a position; files that cannot be opened are named, leave the list, and
        the next shown one in the direction is tried."""
        self.opened = None
        self._has_conflict = False
        self.faces.index = position
        while self.faces.current is not None:
            path = self.faces.current
            try:
                self.opened = open_face(path)
            except UserError as error:
                self.failed += 1
                io.log_err(str(error))
                self.faces.drop(path)
                self.faces.index = self.faces.find_at(self.faces.index, is_backward)
                continue
            self._show()
            return

    def _show(self) -> None:
        opened = self.opened
        h, w = opened.image.shape[:2]
        self.model.open_image((w, h), SegIEPolys.load(opened.polys.dump()),
                              opened.xseg_mask is not None, self._histories.get(opened.path))
        self._note_facts()

    def _note_facts(self) -> None:
        self.faces.set_facts(self.opened.path, len(self.opened.stored),
                             self.opened.xseg_mask is not None)

    # -- saving

    def save(self, is_forced: bool = False) -> None:
        """Store the polygons of the open face, if they changed; it stays open. UserError.

        is_forced: also over what another program stored meanwhile, once an error has told of that.
        """
        if self.opened is None:
            return
        polys = self.model.finish_drawing()
        self._histories[self.opened.path] = self.model.history
        is_forced = is_forced and self._has_conflict
        if not is_forced and not self.is_changed():
            return      # not even polygons of two points that another program has stored
        try:
            stored = save_polys(self.opened, polys, is_forced)
        except FaceConflictError:
            self._has_conflict = True
            raise
        self._has_conflict = False
        if stored is not None:
            self.opened = self.opened._replace(stored=stored, polys=polys)
            self._note_facts()

    def is_changed(self) -> bool:
        """Whether the open face has polygons that are not stored; a drawing under way counts."""
        return (self.opened is not None
                and freeze_polys(self.model.polys) != self.opened.stored)

    def leave(self) -> None:
        """Save the open face and close it."""
        self.save()
        self.model.close_image()
        self.opened = None

    def reload(self) -> None:
        """Read the open face again, dropping what is not stored."""
        if self.opened is not None:
            self._histories.pop(self.opened.path, None)
            self.model.close_image()
            self._open(self.faces.index)

    # -- moving

    def go_next(self, step: int = 1, only_labelled: bool = False) -> None:
        """Behind the last face nothing is open."""
        self.save()
        position = self.faces.find_next(step, only_labelled)
        if self.faces.filter != Filter.ALL and position == len(self.faces.paths):
            return      # the last one that the filter shows stays on the screen
        self.model.close_image()
        self._open(position)

    def go_previous(self, step: int = 1, only_labelled: bool = False) -> None:
        if not self.faces.paths:
            return
        self.save()
        position = self.faces.find_previous(step, only_labelled)
        self.model.close_image()
        self._open(position, is_backward=True)

    def set_filter(self, chosen: Filter) -> None:
        """Show other faces; when the open one is not among them, the nearest that is."""
        self.save()
        self.faces.filter = chosen
        if self.faces.current is None or self.faces.passes(self.faces.current):
            return
        position = self._find_nearest()
        if position is not None and position != self.faces.index:
            self.model.close_image()
            self._open(position)

    def _find_nearest(self) -> Optional[int]:
        following = self.faces.find_next(1)
        if following < len(self.faces.paths):
            return following
        before = self.faces.find_previous(1)
        return before if self.faces.passes(self.faces.paths[before]) else None

    def trash(self) -> Optional[Path]:
        """Move exactly the shown face to the trash and show the one after it, at the end the one
        before. Returns its new path; None when nothing is shown."""
        if self.opened is None:
            return None
        path = self.opened.path
        self.save()
        moved = trash_face(path, self.faces.trash_folder)
        self._histories.pop(path, None)
        self.model.close_image()
        following = self.faces.find_next(1)
        target = (self.faces.paths[following] if following < len(self.faces.paths)
                  else self.faces.paths[self.faces.find_previous(1)])
        self.faces.drop(path)
        if self.faces.paths:
            self._open(self.faces.paths.index(target) if target != path
                       else min(self.faces.index, len(self.faces.paths) - 1))
        else:
            self.opened = None
        return moved

    # -- polygons from elsewhere

    def copy_to_next(self, count: int = 1) -> int:
        """Carry the polygons of the open face by the landmarks to so many following faces, showing
        the last of them; each can be taken back there. Faces with polygons keep their own: the
        copying ends before them. Returns how many got polygons. UserError."""
        if self.opened is None:
            return 0
        source, polys = self.opened, self.model.finish_drawing()
        if not polys.has_polys():
            raise UserError("This face has no polygons to copy.", ["Draw some first."])
        polys = SegIEPolys.load(polys.dump())
        for done in range(count):
            self.go_next()
            if self.opened is None or self.opened.path == source.path:
                return done
            if self.model.polys.has_polys():
                return done
            if not have_landmarks(source, self.opened):
                raise UserError("{} has no landmarks to copy by.".format(self.opened.path.name),
                                ["Extract that face again."])
            self.model.add_polys(carry_polys(polys, source.landmarks, self.opened.landmarks))
        return count

    def suggest_from_mask(self) -> int:
        """Add the outlines of the face's stored mask as polygons: how many. UserError."""
        if self.opened is None:
            return 0
        if self.opened.xseg_mask is None:
            raise UserError("This face has no trained mask.", [
                "Apply a trained XSeg model to the folder first: xseg apply"])
        return self.add_outlines(self.opened.xseg_mask)

    def add_outlines(self, mask: np.ndarray) -> int:
        """Add the outlines of an (h, w) mask 0..1 of the open face, of its size or not, as
        polygons to correct, one change that can be taken back: how many."""
        polys = trace_mask(fit_mask(mask, self.opened.image.shape))
        self.model.add_polys(polys)
        return len(polys.get_polys())

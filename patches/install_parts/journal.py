"""What is being done, on disk before it is done (spec 70 section 11.6).

A transaction is a list of renames. The first line of the journal holds all of them, every further
line a step: `do` before a rename, `did` after it, `undo` and `undone` likewise, `commit` at the
end. A rename is atomic, so the disk tells of the one step that was cut short whether it happened.
"""
import json
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import names
from .guard import Guard, flush_folder
from .names import InstallError


def write_line(path: str, record: Dict[str, Any]) -> None:
    with open(path, "ab") as file:
        file.write(json.dumps(record, sort_keys=True).encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def write_durably(path: str, content: bytes) -> None:
    """Temporary file, flush, replace: the old content or the new, never a part."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    flush_folder(os.path.dirname(path))


class Journal:
    """The journal of one install. `header`: {'action', 'id', 'moves': [[from, to], ...],
    'after_commit': [paths to delete], 'after_undo': [paths to delete]}."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.path = guard.resolve(names.JOURNAL)

    def read(self) -> Optional[Tuple[Dict[str, Any], List[Dict[str, Any]]]]:
        """(header, steps), None without a journal. The last line may be torn off. InstallError
        for one that a full or failing disk has damaged."""
        try:
            with open(self.path, "rb") as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return None
        try:
            records = [dict(json.loads(line.decode("ascii"))) for line in lines[:-1]]
        except (ValueError, TypeError):
            records = []
        if not records or "moves" not in records[0]:
            raise InstallError(names.INCOMPLETE, "The journal {} cannot be read.".format(self.path),
                               ["its lines tell which paths were renamed: look at them, put back "
                                "what is yours, then delete it"])
        return records[0], records[1:]

    def begin(self, header: Dict[str, Any]) -> None:
        line = json.dumps(header, sort_keys=True).encode("ascii") + b"\n"
        write_durably(self.path, line)

    def finish(self) -> None:
        os.remove(self.path)
        flush_folder(os.path.dirname(self.path))

    def cut_torn_line(self) -> None:
        """Before appending to the journal of a process that was killed while it wrote."""
        with open(self.path, "rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)

    def count_done(self) -> int:
        """How many of the moves stand."""
        found = self.read()
        if found is None:
            return 0
        header, steps = found
        done = 0
        for step in steps:
            if "did" in step:
                done = step["did"] + 1
            elif "undone" in step:
                done = step["undone"]
        last = steps[-1] if steps else {}
        number = last.get("do", last.get("undo"))
        if number is None:
            return done
        source, target = [os.path.lexists(self.guard.resolve(path))
                          for path in header["moves"][number]]
        if source == target:
            raise InstallError(names.INCOMPLETE, "Step {} of the journal is neither done nor "
                               "undone: {} and {}.".format(number, *header["moves"][number]),
                               ["look at both paths, keep what is yours",
                                "the journal is " + self.path])
        return number + 1 if target else number

    def is_committed(self) -> bool:
        found = self.read()
        return found is not None and any("commit" in step for step in found[1])

    def run(self, observe: Callable[[str], None] = lambda name: None) -> None:
        """All moves that are not done yet, then `commit`. Called again it goes on."""
        found = self.read()
        if found is None:
            raise InstallError(names.INCOMPLETE, "There is no journal.")
        header = found[0]
        for number in range(self.count_done(), len(header["moves"])):
            source, target = header["moves"][number]
            write_line(self.path, {"do": number})
            observe("do {}".format(number))
            self.guard.move(source, target)
            observe("moved {}".format(number))
            write_line(self.path, {"did": number})
        write_line(self.path, {"commit": True})
        observe("commit")

    def undo(self, observe: Callable[[str], None] = lambda name: None) -> None:
        """The moves that stand, backwards. Called again it goes on."""
        found = self.read()
        if found is None:
            return
        header = found[0]
        for number in reversed(range(self.count_done())):
            source, target = header["moves"][number]
            write_line(self.path, {"undo": number})
            observe("undo {}".format(number))
            self.guard.move(target, source)
            write_line(self.path, {"undone": number})

    def clean(self, key: str) -> None:
        """Delete what the header lists under 'after_commit' or 'after_undo', then the journal."""
        found = self.read()
        if found is None:
            return
        for path in found[0][key]:
            self.guard.remove(path)
        self.finish()
        prune_state(self.guard)


def prune_state(guard: Guard) -> None:
    """Remove the empty folders of the state folder, and it when nothing is left."""
    state = os.path.join(guard.root, *names.STATE.split("/"))
    for place, _, _ in os.walk(state, topdown=False):
        if not os.listdir(place):
            os.rmdir(place)
